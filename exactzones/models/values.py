"""The nodes of the graph that a model's reader builds, see ``lowering``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from exactzones.models.sparse import Sparse


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A vector that a network computes: its input, ``sum(matrix source) + constant``, or the ReLU of its only source.

    Attributes:
        number: place in the order of definition.
        size: number of entries.
        level: number of ReLUs on the longest path from the input to it.
        terms: pairs (source, matrix), with matrices of shape (size, source's size); none for the input.
        constant: shape (size, 1), or None for zero.
        rectified: whether it is known that a ReLU would not change it.
        linear: whether a dense linear map (Linear, Gemm, MatMul) made it.
        dense: whether it is the result of a dense linear map, possibly scaled, shifted and permuted.
        relu: whether it is the ReLU of its source.
    """

    number: int
    size: int
    level: int = 0
    terms: tuple[Term, ...] = ()
    constant: Sparse | None = None
    rectified: bool = False
    linear: bool = False
    dense: bool = False
    relu: bool = False


Term: TypeAlias = tuple[Value, Sparse]


def ancestors(output: Value) -> set[Value]:
    """Return a value and all values from which it is computed."""
    reached, stack = {output}, [output]
    while stack:
        fresh = {source for source, _ in stack.pop().terms} - reached
        reached |= fresh
        stack += fresh
    return reached
