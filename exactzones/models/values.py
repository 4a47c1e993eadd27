"""The nodes of the graph that a model's reader builds, see ``lowering``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from exactzones.models.arrays import Array
from exactzones.models.sparse import Sparse
from exactzones.roundings import ConstantRange


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """How floats compute an affine value that they do not compute as the sum of its products.

    Attributes:
        products: roundings of each row to the format of products; 0: what the value is made of is not computed, or is exact.
        underflows: added to the factors of the smallest normal number that a sum of products has; a number, or one for each row.
        offset: magnitudes of the constant, if they are not its absolute values.
        constants: that the model has; None if they are the entries of the value.
        peak: intermediate results may exceed the sum of the magnitudes by this factor.
        always: whether rows that copy are rounded, too.
    """

    products: int = 0
    underflows: Array | float = 0.0
    offset: Sparse | None = None
    constants: ConstantRange | None = None
    peak: float = 1.0
    always: bool = False


EXACT = Computation()
"""A difference before a ReLU, or a sum after it, whose exact result is a number that the model has."""
CHOSEN = Computation(constants=ConstantRange())
"""A part of a value that is one of several numbers that the model has."""


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
        computation: how floats compute it; None for the sum of its products.
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
    computation: Computation | None = None


Term: TypeAlias = tuple[Value, Sparse]


def ancestors(output: Value) -> set[Value]:
    """Return a value and all values from which it is computed."""
    reached, stack = {output}, [output]
    while stack:
        fresh = {source for source, _ in stack.pop().terms} - reached
        reached |= fresh
        stack += fresh
    return reached
