"""ONNX models of piecewise linear operators, see ``onnx_operators``.

The model is read for one sample: a batch axis without a fixed length counts as 1.  Operators keep their ONNX meaning,
broadcasting included.  The package ``onnx`` is imported when a file is read or written.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.files import naming, read_bytes, write_atomically
from exactzones.models.floats import float_arrays
from exactzones.models.onnx_node import OnnxNode, Operand
from exactzones.models.onnx_operators import MANY, OPERATORS, SMOOTH
from exactzones.models.onnx_tensors import constant_value, input_shape, tensor_array
from exactzones.models.tensors import Tensor
from exactzones.network import Network

_FLAGS = ("allowzero", "ceil_mode", "count_include_pad", "keepdims", "noop_with_empty_axes", "training_mode")
_TYPES = {bytes: "a string", float: "a float", int: "an integer", list: "a list of integers", np.ndarray: "a tensor"}
_OLDEST_OPSET = 7  # in older opsets, Add and Gemm broadcast by other rules


def load_onnx(path: str | Path) -> Network:
    """Read a network; weights are read exactly, and sums and products of constants are computed exactly.

    Of two Gemm or MatMul in a row, through which everything passes, the first remains a layer without ReLU; all other linear
    operators are composed with those after them.  An irrational factor of a BatchNormalization is replaced by the nearest
    64-bit float, see ``Network.rationalizations``.

    Raises:
        FormatError: the file is not an ONNX model, has an operator that is not supported, or has constants that are missing or
            do not fit; the message names the file, the operator and the node.
        InputError: the file cannot be read, or the package onnx is not installed.
    """
    onnx = _library()
    with naming(path):
        data = read_bytes(path)
        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # noqa: BLE001  protobuf's error class, from a package without types
            raise FormatError(f"the file is not an ONNX model, or is cut short: {type(error).__name__}") from None
        try:
            return _GraphReader(onnx, model).network()
        except UnicodeDecodeError:
            raise FormatError("the file is not an ONNX model: a node or tensor name is not valid UTF-8") from None


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


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class _GraphReader:
    """Computes the nodes of a graph one after the other.

    Attributes:
        onnx: the package.
        graph: a GraphProto.
        known: name -> a tensor that has been computed or, as an array, a constant.
        origins: name -> the type in the model of a constant that is computed exactly.
    """

    def __init__(self, onnx: Any, model: Any) -> None:
        graph = model.graph
        versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
        if not graph.node or not versions:
            raise FormatError("the file is not an ONNX model: it has no nodes or no opset")
        if min(versions) < _OLDEST_OPSET:
            raise FormatError(f"opset {min(versions)} is not supported; convert the model to opset {_OLDEST_OPSET} or newer")
        if graph.sparse_initializer:
            raise FormatError("sparse initializers are not supported; save the weights as dense tensors")
        self.onnx, self.graph = onnx, graph
        self.known: dict[str, Operand] = {
            tensor.name: tensor_array(onnx, tensor, f"initializer {tensor.name!r}") for tensor in graph.initializer
        }
        if len(self.known) < len(graph.initializer):
            raise FormatError("two initializers have the same name; different names are expected")
        self.origins: dict[str, np.dtype[Any]] = {}
        inputs = [value for value in graph.input if value.name not in self.known]  # older files list the weights, too
        if len(inputs) != 1 or len(graph.output) != 1:
            raise FormatError(
                f"the graph has {_counted(len(inputs), 'input')} and {_counted(len(graph.output), 'output')}; "
                "one of each is expected"
            )
        self.known[inputs[0].name] = Tensor.start(input_shape(inputs[0]))

    def network(self) -> Network:
        """Return the network that the graph computes."""
        for node in self.graph.node:
            label = f"operator {node.op_type} (node {(node.name or ', '.join(map(str, node.output)))!r})"
            if node.op_type in SMOOTH and node.domain in ("", "ai.onnx"):
                raise FormatError(
                    f"{label} is not piecewise linear, so it has no exact zones; if it is the last, export the model without it"
                )
            if node.op_type not in ("Constant", *OPERATORS) or node.domain not in ("", "ai.onnx"):
                raise FormatError(
                    f"{label} is not supported; supported are Gemm, MatMul, Conv, Relu, LeakyRelu, Clip, Max, Min, MaxPool, "
                    "AveragePool, BatchNormalization, Add, Sub and others that exactzones/models/README.md lists"
                )
            try:
                self.step(node)
            except InputError as error:
                raise FormatError(f"{label}: {error}") from None
        name = self.graph.output[0].name
        output = self.known.get(name)
        if not isinstance(output, Tensor):
            raise FormatError(f"the graph's output {name!r} does not depend on its input; a tensor computed from it is expected")
        return output.graph.network(output.value)

    def step(self, node: Any) -> None:
        """Compute one node's outputs."""
        names = list(node.input)
        while names and not names[-1]:  # optional inputs that are left out
            names.pop()
        operator = OPERATORS.get(node.op_type)  # None for Constant
        least, most = (0, 0) if operator is None else (operator.least, operator.most)
        if not least <= len(names) <= most or not node.output:
            more = f"{least} to {most} inputs" if most < MANY else f"{_counted(least, 'input')} or more"
            expected = _counted(least, "input") if least == most else more
            actual = f"{_counted(len(names), 'input')} and {_counted(len(node.output), 'output')}"
            raise FormatError(f"it has {actual}; {expected}, and at least 1 output, are expected")
        for name in names:
            if name and name not in self.known:
                raise FormatError(f"it reads {name!r}, which no earlier node computes; is an initializer missing?")
        for k, name in enumerate(node.output):
            if (not name and k == 0) or name in self.known or (name and name in node.output[:k]):
                raise FormatError(f"its output has the name {name!r}, which is empty or taken; a new name is expected")
        result: Operand | list[Operand]
        if operator is None:
            result = constant_value(self.onnx, node)
        else:
            operands = tuple(self.known[name] if name else None for name in names)
            attributes, origin = self.attributes(node, operator.attributes), self.origin(names[0])
            made = OnnxNode(operands, attributes, node.name or node.output[0], tuple(node.output), origin)
            result = operator.compute(made)
            if origin is not None:
                self.origins |= dict.fromkeys(node.output, origin)
        outputs = result if isinstance(result, list) else [result]
        self.known |= dict(zip(node.output, outputs, strict=False))  # the mask of Dropout remains unknown

    def origin(self, name: str) -> np.dtype[Any] | None:
        """Return the type of a constant in the model; None for a tensor that depends on the input."""
        operand = self.known.get(name)
        if not isinstance(operand, np.ndarray):
            return None
        return self.origins.get(name) if operand.dtype == object else operand.dtype

    def attributes(self, node: Any, defaults: dict[str, Any]) -> dict[str, Any]:
        """Return a node's attributes by name, with the defaults of those that it leaves out."""
        attributes = dict(defaults)
        for attribute in node.attribute:
            name = attribute.name
            if name not in attributes:
                raise FormatError(f"attribute {name!r} is not supported; supported are {', '.join(defaults) or 'none'}")
            default = attributes[name]
            if isinstance(default, np.ndarray) and attribute.HasField("t"):
                attributes[name] = tensor_array(self.onnx, attribute.t, f"attribute {name!r}")
                continue
            try:
                value = self.onnx.helper.get_attribute_value(attribute)
            except ValueError:
                value = None
            integers = not isinstance(value, list) or all(isinstance(entry, int) for entry in value)
            if type(value) is not type(default) or not integers:
                raise FormatError(f"attribute {name!r} has the wrong type; {_TYPES[type(default)]} is expected")
            if name in _FLAGS and value not in (0, 1):
                raise FormatError(f"attribute {name!r} is {value}; 0 or 1 is expected")
            attributes[name] = value
        return attributes
