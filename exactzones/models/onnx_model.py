"""ONNX models of piecewise linear operators, see ``onnx_operators``.

The model is read for one sample: a batch axis without a fixed length counts as 1.  Operators keep their ONNX meaning,
broadcasting included.  The package ``onnx`` is imported when a file is read or written.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from exactzones.errors import FormatError, InputError
from exactzones.files import naming, read_unpacked, write_atomically
from exactzones.models.floats import float_arrays
from exactzones.models.onnx_data import TensorReader
from exactzones.models.onnx_graph import GraphReader
from exactzones.models.selection import EVERYTHING, Selection
from exactzones.network import Network


def load_onnx(path: str | Path, selection: Selection = EVERYTHING) -> Network:
    """Read a network; weights are taken exactly, and constants are computed exactly.

    Only what the outputs depend on is read.  Several inputs follow each other in the network's input, and so do several outputs
    in its features.  Where a model ends with Softmax, LogSoftmax, Sigmoid or ArgMax, the features are the values before it, see
    ``Port.before``.  Of two Gemm or MatMul in a row, through which everything passes, the first stays a layer without ReLU; all
    other linear operators are composed with what comes after them.  An irrational factor of a BatchNormalization is replaced by
    the nearest 64-bit float, see ``Network.rationalizations``.

    Args:
        path: of the file; gzipped if it ends in ``.gz``.  Tensors in other files are read from the same folder only.
        selection: of inputs, outputs and shapes.

    Raises:
        FormatError: the file is not an ONNX model, has an operator that is not supported, or has constants that are missing or
            do not fit; the message names the file, the operator and the node.
        InputError: the file cannot be read, or the package onnx is not installed.
    """
    onnx = _library()
    with naming(path):
        data = read_unpacked(path)
        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # noqa: BLE001  protobuf's error class, from a package without types
            raise FormatError(f"the file is not an ONNX model, or is cut short: {type(error).__name__}") from None
        try:
            return GraphReader(TensorReader(onnx, Path(path).parent), _inlined(model)).network(selection)
        except UnicodeDecodeError:
            raise FormatError("the file is not an ONNX model: a node or tensor name is not valid UTF-8") from None


def _inlined(model: Any) -> Any:
    """Return a model without functions of its own: each use of one is replaced by the function's nodes."""
    if not model.functions:
        return model
    try:
        return import_module("onnx.inliner").inline_local_functions(model)
    except Exception as error:  # noqa: BLE001  the C++ library's errors, from a package without types
        reason = (str(error).splitlines() or [""])[0]
        raise FormatError(f"the model's local functions cannot be inlined ({type(error).__name__}: {reason})") from None


def save_onnx(network: Network, path: str | Path) -> None:
    """Write a network as Gemm and Relu, float32 if that is exact, else float64; ``rationalizations`` are not kept.

    Raises:
        InputError: a weight is not a 64-bit float, a layer has a ReLU on some of its units only, or the package onnx is not
            installed.
    """
    onnx = _library()
    for k, layer in enumerate(network.layers):
        if len(set(layer.relu)) > 1:
            raise InputError(
                f"layer {k} has a ReLU on some of its units only, which no ONNX operator has; save the network as .npz or .json"
            )
    nodes, initializers, last = [], [], "input"
    arrays = float_arrays(network)
    for k, (layer, (weight, bias)) in enumerate(zip(network.layers, arrays, strict=True)):
        initializers += [onnx.numpy_helper.from_array(weight, f"W{k}"), onnx.numpy_helper.from_array(bias, f"b{k}")]
        for kind, inputs in [("Gemm", [last, f"W{k}", f"b{k}"])] + [("Relu", [f"gemm{k}"])] * layer.relu[0]:
            last = f"{kind.lower()}{k}"
            nodes.append(onnx.helper.make_node(kind, inputs, [last], name=last, **({"transB": 1} if kind == "Gemm" else {})))
    kind = onnx.helper.np_dtype_to_tensor_dtype(arrays[0][0].dtype)
    ends = [
        onnx.helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, size in (("input", network.inputs), (last, network.widths[-1]))
    ]
    graph = onnx.helper.make_graph(nodes, "exactzones", ends[:1], ends[1:], initializers)
    model = onnx.helper.make_model(
        graph, producer_name="exactzones", opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8
    )
    write_atomically(path, model.SerializeToString())


def _library() -> Any:
    try:
        import_module("onnx.numpy_helper")
        return import_module("onnx")
    except ImportError:
        raise InputError("ONNX files need the package onnx: pip install exactzones[onnx]") from None
