"""Integrals of powers of affine functions over cells, one simplex after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.volume import simplices
from exactzones.rational import dot, quotient


def moment(cell: Cell, function: Sequence[Fraction], power: int) -> Fraction:
    """Return the integral of a power of an affine function over a bounded cell.

    Args:
        cell: the cell.
        function: ``row . (1, x)`` as its row, shape (d + 1,).
        power: at least 0.

    Source: Lasserre and Avrachenkov 2001, The multi-dimensional version of int x^p dx.
    """
    values = [dot(function, ray) / ray[0] for ray in cell.rays]
    total = Fraction(0)
    for simplex, above, below in simplices(cell.dim, cell.rays, [on for _, on in cell.facets]):
        total += quotient(above, below) * _complete([values[k] for k in simplex], power)
    return total / (math.factorial(cell.dim) * math.comb(cell.dim + power, power))


def _complete(values: Sequence[Fraction], degree: int) -> Fraction:
    """Return the sum of all products of so many values, with repetition."""
    sums = [Fraction(1), *[Fraction(0)] * degree]
    for value in values:
        for k in range(1, degree + 1):
            sums[k] += value * sums[k - 1]
    return sums[degree]
