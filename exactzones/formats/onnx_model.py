"""ONNX models that are chains of Gemm, MatMul, Conv, Add, Sub and Relu, and of operators that only change shapes.

The model is read for one sample: a batch axis of open length counts as 1.  Operators keep their ONNX meaning,
broadcasting included; a chain whose meaning is not one vector in, one vector out is refused.  Needs the package
``onnx``, which is imported when a file is read or written.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.formats.files import MAX_WEIGHTS, naming, read_bytes, write_atomically
from exactzones.formats.floats import float_arrays
from exactzones.formats.lowering import Lowering, exact_entries, scaled
from exactzones.formats.onnx_tensors import Array, Shape, constant_value, flattened, input_shape, product, reshaped, tensor_array
from exactzones.formats.windows import Geometry, convolution
from exactzones.network import Network
from exactzones.rational import Matrix, exact

_OLDEST_OPSET = 7  # before it, Add and Gemm broadcast by other rules
_ARITY = {
    "Add": (2, 2),
    "Constant": (0, 0),
    "Conv": (2, 3),
    "Dropout": (1, 2),  # a third input would switch training mode on
    "Flatten": (1, 1),
    "Gemm": (2, 3),
    "Identity": (1, 1),
    "MatMul": (2, 2),
    "Relu": (1, 1),
    "Reshape": (2, 2),
    "Sub": (2, 2),
}
"""The supported operators and how many inputs each takes."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "Conv": {"auto_pad": b"NOTSET", "dilations": [], "group": 1, "kernel_shape": [], "pads": [], "strides": []},
    "Dropout": {"ratio": 0.5, "seed": 0},
    "Flatten": {"axis": 1},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
    "Reshape": {"allowzero": 0},
}


def load_onnx(path: str | Path) -> Network:
    """Read a network; weights are taken exactly, and sums and products of constants are exact too.

    Two Gemm or MatMul without a Relu between stay two layers.

    Raises:
        FormatError: not an ONNX model, an operator that is not supported, a graph that is no chain, or constants that
            are missing or do not fit; the message names the file and the operator and node.
        InputError: the package onnx is not installed.
    """
    onnx = _library()
    with naming(path):
        data = read_bytes(path)
        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # noqa: BLE001  protobuf's error class, from a package without types
            raise FormatError(f"not an ONNX model, or cut short: {type(error).__name__}") from None
        try:
            return _Reader(onnx, model).network()
        except UnicodeDecodeError:
            raise FormatError("not an ONNX model: a name in it is no text") from None


def save_onnx(network: Network, path: str | Path) -> None:
    """Write a network as Gemm and Relu, float32 if that is exact, else float64; ``rationalizations`` are not kept.

    Raises:
        InputError: a weight that is no 64-bit float, a layer with ReLU on some of its units only, or the package onnx
            is not installed.
    """
    onnx = _library()
    for k, layer in enumerate(network.layers):
        if len(set(layer.relu)) > 1:
            raise InputError(
                f"layer {k} has a ReLU on some of its units only, which ONNX has no operator for; save it as .npz or .json"
            )
    nodes, initializers, here = [], [], "input"
    arrays = float_arrays(network)
    for k, (layer, (weight, bias)) in enumerate(zip(network.layers, arrays, strict=True)):
        initializers += [onnx.numpy_helper.from_array(weight, f"W{k}"), onnx.numpy_helper.from_array(bias, f"b{k}")]
        for kind, inputs in [("Gemm", [here, f"W{k}", f"b{k}"])] + [("Relu", [f"gemm{k}"])] * layer.relu[0]:
            here = f"{kind.lower()}{k}"
            nodes.append(onnx.helper.make_node(kind, inputs, [here], name=here, **({"transB": 1} if kind == "Gemm" else {})))
    kind = onnx.helper.np_dtype_to_tensor_dtype(arrays[0][0].dtype)
    ends = [
        onnx.helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, size in (("input", network.inputs), (here, network.widths[-1]))
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


class _Reader:
    """Walks the chain: ``here`` names the tensor reached, ``shape`` is its shape, ``chain`` is what gives it."""

    def __init__(self, onnx: Any, model: Any) -> None:
        graph = model.graph
        versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
        if not graph.node or not versions:
            raise FormatError("not an ONNX model: it has no graph or no opset")
        if min(versions) < _OLDEST_OPSET:
            raise FormatError(f"opset {min(versions)} is not supported; convert the model to opset {_OLDEST_OPSET} or newer")
        if graph.sparse_initializer:
            raise FormatError("sparse initializers are not supported")
        self.onnx, self.graph = onnx, graph
        self.constants = {tensor.name: tensor_array(onnx, tensor, f"initializer {tensor.name!r}") for tensor in graph.initializer}
        if len(self.constants) < len(graph.initializer):
            raise FormatError("two initializers have the same name")
        inputs = [value for value in graph.input if value.name not in self.constants]  # older files list the weights too
        if len(inputs) != 1 or len(graph.output) != 1:
            raise FormatError(f"the graph has {len(inputs)} inputs and {len(graph.output)} outputs; one of each is expected")
        self.here = inputs[0].name
        self.shape = input_shape(inputs[0])
        self.passed: set[str] = set()
        self.chain = Lowering(math.prod(self.shape))

    def network(self) -> Network:
        for node in self.graph.node:
            label = f"operator {node.op_type} (node {(node.name or ', '.join(node.output))!r})"
            if node.op_type not in _ARITY or node.domain not in ("", "ai.onnx"):
                raise FormatError(f"{label} is not supported; supported are {', '.join(_ARITY)}")
            try:
                self.step(node)
            except InputError as error:
                raise FormatError(f"{label}: {error}") from None
        output = self.graph.output[0].name
        if output != self.here:
            raise FormatError(f"the graph's output {output!r} is not where its chain of operators ends, which is {self.here!r}")
        return self.chain.network()

    def step(self, node: Any) -> None:
        """Read one node: it continues the chain, or computes a constant."""
        names = list(node.input)
        while names and not names[-1]:  # optional inputs that are left out
            names.pop()
        least, most = _ARITY[node.op_type]
        if not least <= len(names) <= most or not node.output:
            raise FormatError(f"{len(names)} inputs and {len(node.output)} outputs do not fit this operator")
        for name in names:
            if name in self.passed or (name == self.here and names.count(name) > 1):
                raise FormatError(f"tensor {name!r} is used more than once; the graph must be a chain without branches")
            if name not in self.constants and name != self.here:
                raise FormatError(f"it reads {name!r}, which nothing before it gives; is an initializer missing?")
        output = node.output[0]
        if not output or output == self.here or output in self.constants or output in self.passed:
            raise FormatError(f"its output has the name {output!r}, which is empty or taken")
        operands = [self.constants.get(name) for name in names]  # None stands for the chain
        if self.here not in names:
            self.constants[output] = self.folded(node, operands)
            return
        self.extend(node, operands)
        self.passed.add(self.here)
        self.here = output

    def attributes(self, node: Any) -> dict[str, Any]:
        found = dict(_DEFAULTS.get(node.op_type, {}))
        for attribute in node.attribute:
            if attribute.name not in found:
                raise FormatError(f"attribute {attribute.name!r} is not supported")
            try:
                value = self.onnx.helper.get_attribute_value(attribute)
            except ValueError:
                value = None
            if type(value) is not type(found[attribute.name]):
                raise FormatError(f"attribute {attribute.name!r} has the wrong type")
            found[attribute.name] = value
        return found

    def folded(self, node: Any, operands: list[Array | None]) -> Array:
        """Return the value of a node that works on constants only."""
        if node.op_type == "Constant":
            return constant_value(self.onnx, node)
        data = operands[0]
        if data is None or node.op_type not in ("Dropout", "Flatten", "Identity", "Reshape"):
            raise FormatError("all its inputs are constants; let the exporter fold constants")
        return data.reshape(self.shape_after(node, data.shape, operands[1:]))

    def extend(self, node: Any, operands: list[Array | None]) -> None:
        """Continue the chain by one operator."""
        kind, (first, *others) = node.op_type, operands
        attributes = self.attributes(node)
        if first is not None and kind not in ("Add", "Sub", "MatMul"):
            raise FormatError("its first input must be the data, the others constants")
        constant = first if first is not None else next(iter(others), None)
        if kind == "Relu":
            self.chain.relu()
        elif kind == "Gemm" and constant is not None:
            self.gemm(constant, others[1] if len(others) > 1 else None, **attributes)
        elif kind == "Conv" and constant is not None:
            self.conv(constant, others[1] if len(others) > 1 else None, **attributes)
        elif kind == "MatMul" and constant is not None:
            matrix, self.shape = product(self.shape, constant, constant_first=first is not None)
            self.chain.affine(Matrix.of(matrix, "its constant"))
        elif kind in ("Add", "Sub") and constant is not None:
            self.add(constant, minus=kind == "Sub", constant_first=first is not None)
        else:
            self.shape = self.shape_after(node, self.shape, others)

    def gemm(self, weight: Array, bias: Array | None, *, alpha: float, beta: float, transA: int, transB: int) -> None:  # noqa: N803  ONNX's names
        """Append ``alpha x weight + beta bias``."""
        if transA or transB not in (0, 1):
            raise FormatError(f"transA={transA}, transB={transB} is not supported; transA must be 0 and transB 0 or 1")
        if weight.ndim != 2 or len(self.shape) != 2:
            raise FormatError(f"shapes {self.shape} and {weight.shape} are not two matrices")
        matrix, self.shape = product(self.shape, weight.T if transB else weight, constant_first=False)
        offset = None
        if bias is not None:
            entries = exact_entries(_spread(bias, self.shape), "its bias")
            offset = tuple(exact(beta, "beta") * entry for entry in entries)
        self.chain.affine(scaled(Matrix.of(matrix, "its weight"), exact(alpha, "alpha")), offset)

    def conv(self, weight: Array, bias: Array | None, *, group: int, kernel_shape: list[int], **moves: Any) -> None:
        """Append a convolution."""
        if weight.ndim < 3 or len(self.shape) != weight.ndim or self.shape[0] != 1:
            raise FormatError(f"shapes {self.shape} and {weight.shape} are not one sample and a kernel")
        if moves["auto_pad"] != b"NOTSET":
            raise FormatError(f"auto_pad {moves['auto_pad']!r} is not supported; give pads")
        axes = weight.ndim - 2
        pads, ones = tuple(moves["pads"] or [0] * 2 * axes), [1] * axes
        geometry = Geometry(
            tuple(kernel_shape or weight.shape[2:]),
            tuple(moves["strides"] or ones),
            tuple(moves["dilations"] or ones),
            pads[:axes],
            pads[axes:],
        )
        rows, columns, values, shape = convolution(self.shape[1:], weight, geometry, group)
        if math.prod(shape) * self.chain.width > MAX_WEIGHTS:
            raise FormatError(
                f"the convolution has {math.prod(shape) * self.chain.width} entries; at most {MAX_WEIGHTS} are held"
            )
        dense = np.zeros((math.prod(shape), self.chain.width), weight.dtype)
        dense[rows, columns] = values
        offset = None
        if bias is not None:
            if bias.shape != shape[:1]:
                raise FormatError(f"a bias of shape {bias.shape} does not fit {shape[0]} outputs")
            each = exact_entries(bias, "its bias")
            offset = tuple(entry for entry in each for _ in range(math.prod(shape[1:])))
        self.chain.affine(Matrix.of(dense, "its weight"), offset)
        self.shape = (1, *shape)

    def add(self, constant: Array, *, minus: bool, constant_first: bool) -> None:
        """Append ``x + constant``, ``x - constant`` or ``constant - x``."""
        try:
            self.shape = np.broadcast_shapes(self.shape, constant.shape)
        except ValueError:
            raise FormatError(f"shapes {self.shape} and {constant.shape} cannot be added") from None
        if math.prod(self.shape) != self.chain.width:
            raise FormatError(f"adding shape {constant.shape} copies the data to shape {self.shape}, which is not supported")
        entries = exact_entries(_spread(constant, self.shape), "its constant")
        if minus and constant_first:
            self.chain.negate()
        self.chain.shift(tuple(-entry for entry in entries) if minus and not constant_first else entries)

    def shape_after(self, node: Any, shape: Shape, others: list[Array | None]) -> Shape:
        """Return the shape after an operator that changes nothing else."""
        attributes = self.attributes(node)
        if node.op_type == "Flatten":
            return flattened(shape, attributes["axis"])
        if node.op_type == "Reshape" and others[0] is not None:
            return reshaped(shape, others[0], allow_zero=bool(attributes["allowzero"]))
        return shape


def _spread(constant: Array, shape: Shape) -> Array:
    try:
        return np.broadcast_to(constant, shape)
    except ValueError:
        raise FormatError(f"shape {constant.shape} cannot be spread to {shape}") from None
