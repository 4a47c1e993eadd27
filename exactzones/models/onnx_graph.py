"""The graph of an ONNX model, computed node by node: tensors that depend on the input, and constants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.models import tensors
from exactzones.models.arrays import fractions
from exactzones.models.folding import folded
from exactzones.models.lowering import Lowering, column
from exactzones.models.onnx_data import TensorReader
from exactzones.models.onnx_node import OnnxNode, Operand, Steppable
from exactzones.models.onnx_operators import MANY, OPERATORS, QUANTIZED, SMOOTH, STEPS
from exactzones.models.onnx_order import DOMAINS, in_order, label, producers, reads
from exactzones.models.onnx_ports import OutputEnd, ends_of, inputs_of
from exactzones.models.onnx_tensors import constant_value, input_shape
from exactzones.models.selection import Selection
from exactzones.models.sparse import Sparse
from exactzones.models.steps import output_of
from exactzones.models.tensors import Tensor
from exactzones.network import Network, Port

_FLAGS = ("allowzero", "ceil_mode", "count_include_pad", "keepdims", "noop_with_empty_axes", "training_mode")
_TYPES = {bytes: "a string", float: "a float", int: "an integer", list: "a list of integers", np.ndarray: "a tensor"}
_OLDEST_OPSET = 7  # before it, Add and Gemm broadcast by other rules


class GraphReader:
    """Computes what the selected outputs of a graph depend on.

    Attributes:
        tensors: reads TensorProtos.
        graph: a GraphProto.
        initializers: by name, those that are not read yet.
        known: by name, the tensors that are computed and, as arrays, the constants.
        origins: by name, the types in the model of constants that are computed exactly.
        lowering: the network under construction.
    """

    def __init__(self, reader: TensorReader, model: Any) -> None:
        graph = model.graph
        versions = [entry.version for entry in model.opset_import if entry.domain in DOMAINS]
        if not graph.node or not versions:
            raise FormatError("the file is not an ONNX model: it has no nodes or no opset")
        if min(versions) < _OLDEST_OPSET:
            raise FormatError(f"opset {min(versions)} is not supported; convert the model to opset {_OLDEST_OPSET} or newer")
        if max(versions) > (newest := reader.onnx.defs.onnx_opset_version()):
            what = f"the newest that the installed onnx knows is {newest}; install a newer onnx, or convert the model"
            raise FormatError(f"opset {max(versions)} is not known: {what}")
        if graph.sparse_initializer:
            raise FormatError("sparse initializers are not supported; save the weights as dense tensors")
        self.tensors, self.graph = reader, graph
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}
        if len(self.initializers) < len(graph.initializer):
            raise FormatError("two initializers have the same name; different names are expected")
        self.known: dict[str, Steppable] = {}
        self.origins: dict[str, np.dtype[Any]] = {}

    def network(self, selection: Selection) -> Network:
        """Return the network that the selected outputs and inputs of the graph make.

        Raises:
            FormatError: see ``onnx_model.load_onnx``.
        """
        names = [value.name for value in self.graph.input]
        made_by = producers(self.graph.node, {*names, *self.initializers})
        ends = ends_of(self.graph, made_by, selection)
        inputs = [name for name in names if name not in self.initializers]
        if not inputs or not ends:
            raise FormatError(
                f"the graph has {_counted(len(inputs), 'input')} and {_counted(len(ends), 'output')}; at least one of each "
                "is expected"
            )
        nodes = in_order(self.graph.node, made_by, [end.tensor for end in ends])
        needed = {end.tensor for end in ends} | {name for node in nodes for name in reads(node)}
        values = inputs_of(self.graph, needed, set(self.initializers), selection)
        shapes = [(value.name, input_shape(value, selection.shape_of(value.name))) for value in values]
        input_ports = self._start(shapes, selection)
        try:
            self._compute(nodes)
        except FormatError as error:
            hint = f"; the outputs are {', '.join(end.output for end in ends)}: select one with --output, or output=.."
            raise FormatError(f"{error}{hint if len(ends) > 1 else ''}") from None
        return self._joined(ends, input_ports)

    def _start(self, inputs: Sequence[tuple[str, tuple[int, ...]]], selection: Selection) -> tuple[Port, ...]:
        """Make the inputs known; return their places among the network's inputs."""
        ports, first = [], 0
        for name, shape in inputs:
            ports.append(Port(name, shape, first))
            first += math.prod(shape)
        box = None if selection.box is None or len(selection.box) != first else np.array(selection.box, object)
        self.lowering = Lowering(first, None if box is None else (column(box[:, 0]), column(box[:, 1])))
        for port in ports:
            value = self.lowering.input
            if len(ports) > 1:
                own = np.arange(port.first, port.first + port.size)
                value = self.lowering.affine([(value, Sparse.pick(own, first))])
            self.known[port.name] = Tensor(self.lowering, value, port.shape)
        return tuple(ports)

    def _joined(self, ends: Sequence[OutputEnd], input_ports: tuple[Port, ...]) -> Network:
        """Return the network whose features are the entries of tensors, one tensor after the other."""
        parts, ports, first = [], [], 0
        for end in ends:
            steppable = self.operand(end.tensor)
            if steppable is None:
                raise FormatError(f"the graph's output {self._missing(end.tensor)}")
            part, before = self._settled_output(steppable, end)
            ports.append(Port(end.output, tuple(part.shape), first, before))
            first += math.prod(part.shape)
            parts.append(part)
        if not first:
            raise FormatError(f"the graph's output {ends[0].tensor!r} has no entries; at least one is expected")
        joined = parts[0]
        if not any(isinstance(part, Tensor) for part in parts):
            entries = np.concatenate([fractions(part, "its constant").ravel() for part in parts if not isinstance(part, Tensor)])
            nothing = Sparse.pick(np.full(first, -1), self.lowering.input.size)
            joined = Tensor(self.lowering, self.lowering.affine([(self.lowering.input, nothing)], column(entries)), (first,))
        elif len(parts) > 1:
            joined = tensors.concatenated([_flat(part) for part in parts], 0)
        if not isinstance(joined, Tensor):  # for mypy: it is one of the tensors
            raise TypeError
        network = joined.graph.network(joined.value)
        return Network(network.layers, network.rationalizations, input_ports, tuple(ports))

    def _settled_output(self, value: Steppable, end: OutputEnd) -> tuple[Operand, str]:
        """Return what is read of an output, and what the model applies to it."""
        try:
            return output_of(value, end.before)
        except FormatError as error:
            raise FormatError(f"the graph's output {end.tensor!r}: {error}".replace("its input", "it")) from None

    def _compute(self, nodes: Sequence[Any]) -> None:
        """Compute nodes, each after its operands."""
        for node in nodes:
            _check_supported(node)
            try:
                self._step(node)
            except InputError as error:
                raise FormatError(f"{label(node)}: {error}") from None

    def operand(self, name: str) -> Steppable | None:
        """Return a tensor or a constant by name; None if there is none."""
        if name not in self.known and name in self.initializers:
            self.known[name] = self.tensors.array(self.initializers[name], f"initializer {name!r}")
        return self.known.get(name)

    def _missing(self, name: str) -> str:
        """Say why a tensor is not known."""
        for node in self.graph.node:
            if name in node.output:
                place = list(node.output).index(name)
                return f"{name!r}, which is output {place} of {label(node)}: only its values are read; select other outputs"
        return f"{name!r}, which no node computes; is an initializer missing, or the model cut short?"

    def _step(self, node: Any) -> None:
        """Compute one node's outputs."""
        names = list(node.input)
        while names and not names[-1]:  # optional inputs that are left out
            names.pop()
        operands = []
        for name in names:
            operands.append(self.operand(name) if name else None)
            if name and operands[-1] is None:
                raise FormatError(f"it reads {self._missing(name)}")
        if node.op_type == "Constant":
            _check_count(node, names, 0, 0)
            results: list[Steppable] = [constant_value(self.tensors.onnx, node, self.tensors.array)]
        elif node.op_type == "If":
            results = self._branch(node, operands)
        else:
            results = self._result(node, names, operands)
        self.known |= dict(zip(node.output, results, strict=False))  # the mask of Dropout stays unknown

    def _result(self, node: Any, names: list[str], operands: list[Steppable | None]) -> list[Steppable]:
        """Return what an operator of the table computes."""
        operator = OPERATORS[node.op_type]
        _check_count(node, names, operator.least, operator.most)
        origin = self._origin(names[operator.typed_by]) if operator.typed_by < len(names) else None
        attributes = self._attributes(node, operator.attributes)
        made = OnnxNode(tuple(operands), attributes, node.name or node.output[0], tuple(node.output), origin)
        result = operator.compute(made)
        results = [self._constant(each, origin) for each in (result if isinstance(result, list) else [result])]
        if origin is not None:
            self.origins |= dict.fromkeys(node.output, origin)
        return results

    def _constant(self, result: Steppable, origin: np.dtype[Any] | None) -> Steppable:
        """Return a result; one that does not depend on the input becomes an array, of integers if the operator's operand was."""
        if not isinstance(result, Tensor) or result.graph is self.lowering:
            return result
        self.lowering.rationalizations += result.graph.rationalizations
        array = folded(result)
        if origin is None or origin.kind not in "iub":
            return array
        if any(entry.denominator != 1 or abs(entry) >= 2**63 for entry in array.ravel()):
            raise FormatError("it gives numbers that are not 64-bit integers, of integers; make its constants floats")
        return array.astype(np.int64)

    def _branch(self, node: Any, operands: list[Steppable | None]) -> list[Steppable]:
        """Return the outputs of the branch of an If whose condition is a constant."""
        branches = {attribute.name: attribute.g for attribute in node.attribute}
        condition = operands[0] if len(operands) == 1 else None
        if not isinstance(condition, np.ndarray) or condition.size != 1 or set(branches) != {"then_branch", "else_branch"}:
            raise FormatError("its condition is not one constant; a model that branches by its input is not supported")
        graph = branches["then_branch" if condition.item() else "else_branch"]
        outer = self.known, self.initializers, self.origins
        fresh = {tensor.name: tensor for tensor in graph.initializer}
        self.known = {name: operand for name, operand in self.known.items() if name not in fresh}
        self.initializers, self.origins = self.initializers | fresh, dict(self.origins)
        try:
            names = [value.name for value in graph.output]
            self._compute(in_order(graph.node, producers(graph.node, fresh), names))
            results = [self.operand(name) for name in names]
        finally:
            self.known, self.initializers, self.origins = outer
        if len(results) < len(node.output) or None in [None if each is None else 0 for each in results]:
            raise FormatError(f"its branch has outputs {names}, which are too few or not computed")
        return [each for each in results if each is not None]

    def _origin(self, name: str) -> np.dtype[Any] | None:
        """Return the type of a constant in the model; None for a tensor that depends on the input."""
        operand = self.known.get(name)
        if not isinstance(operand, np.ndarray):
            return None
        return self.origins.get(name) if operand.dtype == object else operand.dtype

    def _attributes(self, node: Any, defaults: dict[str, Any]) -> dict[str, Any]:
        """Return a node's attributes by name, with the defaults of those that it leaves out."""
        attributes = dict(defaults)
        for attribute in node.attribute:
            name = attribute.name
            if name not in attributes:
                raise FormatError(f"attribute {name!r} is not supported; supported are {', '.join(defaults) or 'none'}")
            default = attributes[name]
            if isinstance(default, np.ndarray) and attribute.HasField("t"):
                attributes[name] = self.tensors.array(attribute.t, f"attribute {name!r}")
                continue
            try:
                value = self.tensors.onnx.helper.get_attribute_value(attribute)
            except ValueError:
                value = None
            integers = not isinstance(value, list) or all(isinstance(entry, int) for entry in value)
            if type(value) is not type(default) or not integers:
                raise FormatError(f"attribute {name!r} has the wrong type; {_TYPES[type(default)]} is expected")
            if name in _FLAGS and value not in (0, 1):
                raise FormatError(f"attribute {name!r} is {value}; 0 or 1 is expected")
            attributes[name] = value
        return attributes


def _flat(part: Operand) -> Operand:
    return part.reshaped((part.value.size,)) if isinstance(part, Tensor) else part.reshape(-1)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _check_count(node: Any, names: Sequence[str], least: int, most: int) -> None:
    """Raise a FormatError if a node has too few or too many inputs."""
    if not least <= len(names) <= most:
        more = f"{least} to {most} inputs" if most < MANY else f"{_counted(least, 'input')} or more"
        expected = _counted(least, "input") if least == most else more
        actual = f"{_counted(len(names), 'input')} and {_counted(len(node.output), 'output')}"
        raise FormatError(f"it has {actual}; {expected}, and at least 1 output, are expected")


def _check_supported(node: Any) -> None:
    """Raise a FormatError if an operator is not read, and say why."""
    if node.domain in DOMAINS or node.op_type.startswith("TreeEnsemble"):
        if node.op_type in SMOOTH:
            raise FormatError(
                f"{label(node)} is not piecewise linear, so it has no exact zones; if all outputs depend on it, choose an "
                "earlier node as the end: --end-at NODE, or end_at=.."
            )
        if node.op_type in STEPS:
            example = "2 in top(3)" if node.op_type == "TopK" else "y[0] > y[1]"
            raise FormatError(
                f"{label(node)} makes steps, and a network of ReLUs is continuous; end at a node before it (--end-at NODE, or "
                f"end_at=..), and ask with conditions on its values, such as {example}"
            )
        if node.op_type in QUANTIZED:
            raise FormatError(
                f"{label(node)} quantizes values that depend on the input, which makes steps of them; export the model with "
                "floats (quantized weights are read where DequantizeLinear makes floats of them)"
            )
        if node.op_type in OPERATORS or node.op_type in ("Constant", "If"):
            return
    domain = "" if node.domain in DOMAINS else f" of domain {node.domain!r}"
    raise FormatError(
        f"{label(node)}{domain} is not supported; supported are Gemm, MatMul, Conv, Relu, LeakyRelu, Clip, Max, Min, MaxPool, "
        "AveragePool, BatchNormalization, Add, Sub and others that exactzones/models/README.md lists"
    )
