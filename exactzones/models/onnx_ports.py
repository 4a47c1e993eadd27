"""The inputs and outputs of an ONNX graph that become those of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from exactzones.errors import FormatError, did_you_mean
from exactzones.models.onnx_order import DOMAINS
from exactzones.models.selection import Selection

ENDS = frozenset({"ArgMax", "Hardmax", "LogSoftmax", "Sigmoid", "Softmax"})
"""Operators at the end of a model that keep the order of the values that they take."""

_PASSING = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
"""Operators that may come after such an end: they keep all entries in their order."""


class OutputEnd(NamedTuple):
    """Where an output is read.

    Attributes:
        output: the name of the output.
        tensor: the name of the tensor whose entries are the features.
        before: the operators that the model applies to it and the network leaves out, such as "Softmax"; "" if there are none.
    """

    output: str
    tensor: str
    before: str


def ends_of(graph: Any, made_by: dict[str, int], selection: Selection) -> list[OutputEnd]:
    """Return where the selected outputs are read.

    Args:
        graph: a GraphProto.
        made_by: which node computes each tensor, see ``onnx_order.producers``.
        selection: of the outputs.

    Raises:
        FormatError: there is no such output or node, or the graph has no outputs.
    """
    names = [value.name for value in graph.output]
    if selection.end_at is not None:
        return [_end_at(graph, made_by, selection.end_at)]
    chosen = names
    if isinstance(selection.output, str):
        chosen = [name for name in names if name == selection.output]
    elif selection.output is not None:
        chosen = names[selection.output : selection.output + 1] if selection.output >= 0 else []
    if not chosen and names:
        raise FormatError(f"output {selection.output!r} does not exist; the graph has outputs {', '.join(map(repr, names))}")
    return [_before_ends(graph, made_by, name) for name in chosen]


def _end_at(graph: Any, made_by: dict[str, int], name: str) -> OutputEnd:
    for node in graph.node:
        if node.name == name:
            return OutputEnd(name, node.output[0], "")
    if name not in made_by:
        near = did_you_mean(name, [*made_by, *(node.name for node in graph.node)])
        raise FormatError(f"no node and no tensor has the name {name!r}; the name of a node to end at is expected{near}")
    return OutputEnd(name, name, "")


def _before_ends(graph: Any, made_by: dict[str, int], output: str) -> OutputEnd:
    """Return where an output is read: before a Softmax or the like that ends the graph."""
    left_out: list[str] = []
    tensor, name = output, output
    while name in made_by:
        node = graph.node[made_by[name]]
        if node.domain not in DOMAINS or node.op_type not in ENDS | _PASSING or node.output[0] != name or not node.input:
            break
        name = node.input[0]
        if node.op_type in ENDS:
            tensor = name
            left_out.insert(0, node.op_type)
    return OutputEnd(output, tensor, ", ".join(left_out))


def inputs_of(graph: Any, needed: set[str], constants: set[str], selection: Selection) -> list[Any]:
    """Return the inputs that the network takes, in their order.

    Args:
        graph: a GraphProto.
        needed: names of the tensors that the outputs depend on.
        constants: names of the initializers; older files list them among the inputs.
        selection: of the inputs.

    Raises:
        FormatError: the graph has no inputs, no such input, or the outputs depend on an input that is not selected.
    """
    values = {value.name: value for value in graph.input if value.name not in constants}
    listed = ", ".join(map(repr, values))
    if len(values) < len([value for value in graph.input if value.name not in constants]):
        raise FormatError(f"two of the inputs {listed} have the same name; different names are expected")
    required = [name for name in values if name in needed]
    if selection.inputs is None:
        names: Sequence[str] = required or list(values)[:1]
    else:
        names = selection.inputs
        for name in names:
            if name not in values:
                raise FormatError(f"input {name!r} does not exist; the graph has inputs {listed}")
        for name in required:
            if name not in names:
                raise FormatError(f"the outputs depend on input {name!r}, too; list it among the inputs, which are {listed}")
    for name, _ in selection.shapes:
        if name and name not in values:
            raise FormatError(f"a shape is given for input {name!r}, which does not exist; the graph has inputs {listed}")
    if len(names) > 1 and any(not name for name, _ in selection.shapes):
        raise FormatError(f"the network takes inputs {', '.join(map(repr, names))}; give each shape with its name, NAME=1,3")
    return [values[name] for name in names]
