"""How the integral of an affine function's power over cells is spread along one coordinate: exact piecewise polynomials.

The projection of the uniform distribution on a simplex to a coordinate has a B-spline as its density, with the corners'
coordinates as knots (Curry and Schoenberg 1966, On Polya frequency functions IV); if it is weighted by a corner's barycentric
coordinate, that corner's knot counts twice.  A B-spline is a divided difference of truncated powers,

    M(t; x_0, .., x_n) = n [x_0, .., x_n] (x - t)_+^(n - 1),

so that splines add up as coefficients of (x - t)_+^e; those of neighbouring cells cancel at corners inside their union.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.volume import simplices
from exactzones.rational import algebraic, dot, quotient

_Terms = defaultdict[tuple[Fraction, int], Fraction]


@dataclass(frozen=True)
class PiecewisePolynomial:
    """A function of one number that is a polynomial between breakpoints, and 0 outside of them.

    Attributes:
        breakpoints: in ascending order, shape (pieces + 1,); empty if the function is 0.
        pieces: the coefficients of each polynomial, that of 1 first.

    >>> hat = PiecewisePolynomial((Fraction(0), Fraction(1), Fraction(2)), ((0, 1), (2, -1)))
    >>> hat("1/2"), hat(3), hat.integral
    (Fraction(1, 2), Fraction(0, 1), Fraction(1, 1))
    """

    breakpoints: tuple[Fraction, ...]
    pieces: tuple[tuple[Fraction, ...], ...]

    def __call__(self, number: Any) -> Fraction:
        """Return the value at an exact number; at a breakpoint, that of the piece after it, and of the last piece at the end."""
        at = algebraic(number, "number")
        if not self.pieces or not self.breakpoints[0] <= at <= self.breakpoints[-1]:
            return Fraction(0)
        piece = min(bisect.bisect_right(self.breakpoints, at) - 1, len(self.pieces) - 1)
        return sum((c * at**k for k, c in enumerate(self.pieces[piece])), start=Fraction(0))

    @property
    def integral(self) -> Fraction:
        """The integral over all numbers."""
        return sum((self._primitive(k, b) - self._primitive(k, a) for k, (a, b) in enumerate(self.intervals)), start=Fraction(0))

    @property
    def intervals(self) -> Iterator[tuple[Fraction, Fraction]]:
        """The ends of the pieces."""
        return itertools.pairwise(self.breakpoints)

    def _primitive(self, piece: int, at: Fraction) -> Fraction:
        return sum((c * at ** (k + 1) / (k + 1) for k, c in enumerate(self.pieces[piece])), start=Fraction(0))


def marginal(
    parts: Iterable[tuple[Cell, Sequence[Fraction]]], coordinate: int, power: int, whole: Fraction
) -> PiecewisePolynomial:
    """Return the function of t that is the integral of functions to a power over the sections x[coordinate] = t of cells.

    Args:
        parts: bounded cells, each with the row of an affine function ``row . (1, x)`` on it.
        coordinate: the first is 0.
        power: 0 or 1.
        whole: a number by which the integral is divided.
    """
    terms: _Terms = defaultdict(Fraction)
    for cell, row in parts:
        knots = [quotient(ray[coordinate + 1], ray[0]) for ray in cell.rays]
        values = [dot(row, ray) / ray[0] for ray in cell.rays]
        for simplex, above, below in simplices(cell.dim, cell.rays, [on for _, on in cell.facets]):
            size = quotient(above, below) / (math.factorial(cell.dim) * whole)
            own = [knots[k] for k in simplex]
            if power == 0:
                _add_spline(terms, own, size)
            else:
                for k in simplex:
                    _add_spline(terms, [*own, knots[k]], size * values[k] / len(simplex))
    return _assembled(terms)


def _add_spline(terms: _Terms, knots: Sequence[Fraction], factor: Fraction) -> None:
    """Add a multiple of the B-spline of integral 1 to the coefficients of (x - t)_+^e, by (x, e)."""
    if not factor:
        return
    degree, counts = len(knots) - 1, Counter(knots)
    for knot, count in counts.items():
        series = [Fraction(1), *[Fraction(0)] * (count - 1)]  # of the product of 1 / (z - other), in powers of z - knot
        for other in counts.elements():
            if other != knot:
                for k in range(count):
                    series[k] = (series[k] - (series[k - 1] if k else 0)) / (knot - other)
        for k, coefficient in enumerate(reversed(series)):
            terms[knot, degree - 1 - k] += factor * degree * math.comb(degree - 1, k) * coefficient


def _assembled(terms: _Terms) -> PiecewisePolynomial:
    """Return the sum of coefficients times (x - t)_+^e."""
    by_knot: dict[Fraction, list[tuple[int, Fraction]]] = defaultdict(list)
    for (knot, exponent), coefficient in terms.items():
        if coefficient:
            by_knot[knot].append((exponent, coefficient))
    knots = sorted(by_knot)
    size = max((exponent for powers in by_knot.values() for exponent, _ in powers), default=0) + 1
    total, pieces = [Fraction(0)] * size, []
    for knot in reversed(knots[1:]):
        for exponent, coefficient in by_knot[knot]:
            for k in range(exponent + 1):
                total[k] += coefficient * math.comb(exponent, k) * knot ** (exponent - k) * (-1) ** k
        pieces.append(tuple(total))
    return PiecewisePolynomial(tuple(knots), tuple(reversed(pieces)))
