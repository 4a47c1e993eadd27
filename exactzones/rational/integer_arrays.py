"""NumPy arrays of integers of any size, on which NumPy's operators are exact: the entries are python-flint's integers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import flint
import numpy as np

from exactzones.rational.integers import IntegerMatrix
from exactzones.rational.rows import reduced_fraction

BigIntegers: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]


def stacked(matrices: Sequence[IntegerMatrix]) -> BigIntegers:
    """Return n matrices of one row each as the rows of an array, (n, width)."""
    return np.array([matrix.entries() for matrix in matrices], object)


def common_zeros(planes: BigIntegers) -> BigIntegers:
    """Return the points in which d hyperplanes of R^d meet as homogeneous vectors (x_0, x), (n, d + 1).

    Args:
        planes: (n, d, d + 1) rows ``b + a . x``, whose slopes a are independent; x_0 > 0 is the absolute value of the determinant
            of these.
    """
    width = planes.shape[2]
    minors: dict[tuple[int, ...], Any] = {(): 1}
    for rank in range(1, width):
        row = planes[:, rank - 1]
        minors = {
            columns: sum(
                (row[:, c] * (-minors[rest] if k % 2 else minors[rest]))
                for k, c in enumerate(columns)
                for rest in [columns[:k] + columns[k + 1 :]]
            )
            for columns in itertools.combinations(range(width), rank)
        }
    everything = tuple(range(width))
    signed = [(-1) ** c * minors[everything[:c] + everything[c + 1 :]] for c in everything]
    vectors = np.stack(signed, axis=1)
    vectors[vectors[:, 0] < 0] *= -1
    return vectors


def quotients(numerators: Iterable[Any], denominators: Iterable[Any]) -> list[Fraction]:
    """Return the quotients of integers and positive integers."""
    numbers = (flint.fmpq(above, below) for above, below in zip(numerators, denominators, strict=True))
    return [reduced_fraction(number.p, number.q) for number in numbers]
