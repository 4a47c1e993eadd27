"""Which nodes of an ONNX graph are computed, and in which order: those that the outputs depend on, each after its operands."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from exactzones.errors import FormatError

DOMAINS = ("", "ai.onnx")
"""The names of ONNX's own operators; "" is short for the second."""


def label(node: Any) -> str:
    """Return how messages name a node."""
    return f"operator {node.op_type} (node {(node.name or ', '.join(map(str, node.output)))!r})"


def producers(nodes: Sequence[Any], taken: Iterable[str]) -> dict[str, int]:
    """Return which node computes each tensor.

    Args:
        nodes: NodeProtos.
        taken: names of initializers and inputs.

    Raises:
        FormatError: a node without outputs, or two tensors of one name.
    """
    known, result = set(taken), {}
    for k, node in enumerate(nodes):
        if not any(node.output):
            raise FormatError(f"{label(node)}: its outputs are left out or have no names; a name is expected")
        for name in filter(None, node.output):
            if name in known:
                raise FormatError(f"{label(node)}: its output has the name {name!r}, which is taken; a new name is expected")
            known.add(name)
            result[name] = k
    return result


def reads(node: Any) -> list[str]:
    """Return the names of the tensors that a node needs, those of its subgraphs included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        if attribute.HasField("g"):
            names += free_names(attribute.g)
    return names


def free_names(graph: Any) -> list[str]:
    """Return the names that a subgraph takes from the graph around it."""
    inside = {tensor.name for tensor in graph.initializer} | {value.name for value in graph.input}
    inside |= {name for node in graph.node for name in node.output}
    wanted = [name for node in graph.node for name in reads(node)] + [value.name for value in graph.output]
    return [name for name in wanted if name not in inside]


def in_order(nodes: Sequence[Any], made_by: dict[str, int], targets: Iterable[str]) -> list[Any]:
    """Return the nodes that some tensors depend on, each after those that compute its operands, else in the file's order.

    Args:
        nodes: NodeProtos.
        made_by: see ``producers``.
        targets: names of tensors.

    Raises:
        FormatError: a tensor that is computed from itself.
    """
    wanted: dict[int, set[int]] = {}
    stack = [made_by[name] for name in targets if name in made_by]
    while stack:
        k = stack.pop()
        if k not in wanted:
            wanted[k] = {made_by[name] for name in reads(nodes[k]) if name in made_by}
            stack += wanted[k]
    consumers: dict[int, list[int]] = defaultdict(list)
    for k, sources in wanted.items():
        for source in sources:
            consumers[source].append(k)
    missing = {k: len(sources) for k, sources in wanted.items()}
    ready, ordered = sorted(k for k, count in missing.items() if not count), []
    while ready:
        k = heapq.heappop(ready)
        ordered.append(nodes[k])
        for consumer in consumers[k]:
            missing[consumer] -= 1
            if not missing[consumer]:
                heapq.heappush(ready, consumer)
    if len(ordered) < len(wanted):
        looped = next(nodes[k] for k in sorted(wanted) if missing[k])
        raise FormatError(f"{label(looped)} is computed from its own result; a graph without cycles is expected")
    return ordered
