"""How far a network's computed values are from the exact ones on a zone: by forward error analysis along its activation pattern.

The errors of a layer's units are linear functions of the rounding errors so far, as the network is affine on the zone.  A unit
that is zero somewhere on the zone, or close to it, may be switched otherwise in floats: its activation's error then lies between
zero and the error before the ReLU, which takes a rounding error of its own (affine arithmetic: Stolfi and de Figueiredo 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from fractions import Fraction
from typing import TypeAlias

from exactzones.affine import AffineMap
from exactzones.errors import DomainError, InputError
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.notation import number as written
from exactzones.polyhedra import Optimal, Polyhedron
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.property import Condition
from exactzones.rational import Matrix, Row, Vector, over_common_denominator
from exactzones.rational.float_formats import FloatArithmetic
from exactzones.roundings import known_roundings

Extents: TypeAlias = Callable[[AffineMap], list[tuple[Fraction, Fraction]]]
"""The least and the greatest value of each entry of an affine map."""

UNBOUNDED = "the zone is unbounded, so rounding errors on it are, too; intersect the domain with a box"

_BITS = 120  # fractional bits to which radii are rounded up
_ZERO, _HALF = Fraction(0), Fraction(1, 2)


@dataclass(frozen=True)
class Band:
    """Where the boundary of a zone may be in floats.

    Attributes:
        arithmetic: in which the network is evaluated, in any order of summation.
        errors: for each condition of the property, how far its computed value is from the exact one, at most, at any number of
            the format in the zone.
        constants: for each condition its value at the origin, continued from the zone.
        slopes: for each condition its gradient on the zone.
        surely: the part of the zone's cell in which the property holds in every order.
        possibly: the part in which it may hold in some order: elsewhere in the cell it holds in none.
    """

    arithmetic: str
    errors: tuple[Fraction, ...]
    constants: Vector
    slopes: tuple[Vector, ...]
    surely: Polyhedron
    possibly: Polyhedron

    def __repr__(self) -> str:
        return f"Band({self.arithmetic}, off by at most {', '.join(map(written, self.errors))})"

    @classmethod
    def of(
        cls, arithmetic: str, errors: Sequence[Fraction], conditions: Sequence[tuple[Vector, bool]], cell: Sequence[Row]
    ) -> Band:
        """Return the band of conditions (row, whether it is strict) on a cell, whose rows are ``b + a . x >= 0``."""
        parts = []
        for sign in (-1, 1):
            moved = [((row[0] + sign * error, *row[1:]), strict) for (row, strict), error in zip(conditions, errors, strict=True)]
            rows = [row for row, strict in moved if not strict]
            parts.append(Polyhedron.of(len(cell[0]) - 1, [*cell, *rows], strict=[row for row, strict in moved if strict]))
        constants, slopes = tuple(row[0] for row, _ in conditions), tuple(row[1:] for row, _ in conditions)
        return cls(arithmetic, tuple(errors), constants, slopes, *parts)

    @property
    def half_width(self) -> float:
        """The distance from the exact boundary within which the order of summation may decide, rounded up; inf if all is."""
        return max(map(_distance, self.errors, self.constants, self.slopes), default=0.0)


def _distance(error: Fraction, constant: Fraction, slope: Vector) -> float:
    """Return ``error / |slope|``, rounded up; of a constant condition inf, or 0 if no error changes its sign."""
    square = sum((entry * entry for entry in slope), start=_ZERO)
    if not square:
        return math.inf if error and abs(constant) <= error else 0.0
    if not error:
        return 0.0
    return math.nextafter(math.sqrt(error * error / square) * (1 + 2**-50), math.inf)


def width_text(width: float) -> str:
    """Return the width of a band with two digits, rounded up."""
    return f"{float(Context(prec=2, rounding=ROUND_CEILING).create_decimal_from_float(width)):g}"


class _Errors:
    """Errors of values as sums of rounding errors, each at most its radius.

    Attributes:
        rows: shape (values, radii); None if the values are exact.
        radii: bounds on the rounding errors.
    """

    def __init__(self, rows: Matrix | None, radii: Sequence[Fraction]) -> None:
        self.rows, self.radii = rows, list(radii)

    def bounds(self, count: int) -> list[Fraction]:
        """Return how large the errors of the values are, at most."""
        if self.rows is None:
            return [_ZERO] * count
        return [self.of(row) for row in self.rows.rows]

    def of(self, row: Sequence[Fraction]) -> Fraction:
        """Return how large a combination of the rounding errors is, at most."""
        return sum((abs(entry) * radius for entry, radius in zip(row, self.radii, strict=True) if entry), start=_ZERO)

    def after(self, weight: Matrix, own: Sequence[Fraction]) -> _Errors:
        """Return the errors of an affine map of the values, of which each result has a rounding error of its own."""
        identity = Matrix.identity(len(own))
        rows = identity if self.rows is None else _beside(weight @ self.rows, identity)
        return _Errors(rows, [*self.radii, *own])

    def rectified(self, passed: Sequence[Fraction], radii: Sequence[Fraction]) -> _Errors:
        """Return the errors after ReLUs: of each the share that is passed, and a further error of this radius."""
        rows: list[list[Fraction]] = []
        extra = [k for k, radius in enumerate(radii) if radius]
        for k, row in enumerate([] if self.rows is None else self.rows.rows):
            rows.append([passed[k] * entry for entry in row] + [Fraction(k == other) for other in extra])
        return _Errors(Matrix.of(rows) if rows else None, [*self.radii, *(radii[k] for k in extra)])


def extents_of(cell: InequalityCell | Sequence[Vector]) -> Extents:
    """Return a function that bounds affine maps on a cell, or on the hull of its vertices, exactly.

    Raises:
        DomainError: by the function, if a map is unbounded on the cell.
    """
    if isinstance(cell, InequalityCell):
        return lambda affine: [_extent(cell, row) for row in affine.augmented().rows]

    def on_vertices(affine: AffineMap) -> list[tuple[Fraction, Fraction]]:
        values = [affine(vertex) for vertex in cell]
        return [(min(column), max(column)) for column in zip(*values, strict=True)]

    return on_vertices


def _extent(cell: InequalityCell, row: Vector) -> tuple[Fraction, Fraction]:
    integers, scale = over_common_denominator(row)
    ends = []
    for sign in (-1, 1):
        found = cell.maximize(tuple(sign * entry for entry in integers))
        if not isinstance(found, Optimal):
            raise DomainError(UNBOUNDED)
        ends.append(sign * found.value / scale)
    return ends[0], ends[1]


def band_of(
    network: Network, conditions: Sequence[Condition], maps: Sequence[AffineMap], extents: Extents, arithmetic: str
) -> tuple[Fraction, ...]:
    """Return for each condition how far its computed value is from the exact one, at most, at any number of the format.

    Args:
        network: the network.
        conditions: on its layers' values.
        maps: the affine maps to the network's input, and to the pre-activations of its layers, valid on a cell.
        extents: bounds maps on the cell (see ``extents_of``).
        arithmetic: in which the network is evaluated.

    Raises:
        InputError: real arithmetic, a layer that the model of execution does not cover, or numbers that may overflow.
    """
    floats = FloatArithmetic.of(arithmetic)
    if floats is None:
        raise InputError("arithmetic is 'real', in which values are exact; expected a format such as float32")
    entry, *maps = maps
    sizes = [max(-low, high) for low, high in extents(entry)]
    errors, found = _Errors(None, []), [_ZERO] * len(conditions)
    for k, (layer, affine) in enumerate(zip(network.layers, maps, strict=False)):
        own = _rounding_errors(layer, sizes, floats, f"layer {k}")
        errors = errors.after(layer.weight, own)
        before, bounds = errors, errors.bounds(layer.outputs)
        passed, radii, sizes = [], [], []
        for relu, (a, b), error in zip(layer.relu, extents(affine), bounds, strict=True):
            on, off = not relu or a >= error, relu and b + error <= 0
            passed.append(Fraction(1) if on else _ZERO if off else _HALF)
            radii.append(_ZERO if on or off else error / 2)
            sizes.append(max(b + error, _ZERO) if relu else max(abs(a), abs(b)) + error)
        errors = errors.rectified(passed, radii)
        for number, condition in enumerate(conditions):
            if condition.layer == k:
                chosen = errors if condition.after_relu else before
                found[number] = _of_condition(chosen, condition, layer.outputs)
    return tuple(found)


def _of_condition(errors: _Errors, condition: Condition, width: int) -> Fraction:
    if errors.rows is None:
        return _ZERO
    factors = [_ZERO] * width
    for unit, coefficient in condition.terms:
        factors[unit] += coefficient
    (row,) = (Matrix.of([factors]) @ errors.rows).rows
    return errors.of(row)


def _rounding_errors(layer: Layer, sizes: Sequence[Fraction], floats: FloatArithmetic, what: str) -> list[Fraction]:
    """Return bounds on the rounding errors of a layer's units, whose inputs are computed numbers of these sizes."""
    known, bounds = known_roundings(layer.as_computed, floats, what)
    totals = [total + own for total, own in zip(known.weight @ tuple(sizes), known.bias, strict=True)]
    errors = []
    for total, relative, factor in zip(totals, bounds, known.underflows, strict=True):
        error = relative * total + factor * floats.products.smallest_normal
        if (total + error) * known.peak >= floats.products.largest:
            raise InputError(f"{what} may exceed the largest number of {floats.products.name} on the zone")
        errors.append(Fraction(math.ceil(error * (1 << _BITS)), 1 << _BITS))
    return errors


def _beside(left: Matrix, right: Matrix) -> Matrix:
    return Matrix.of([[*a, *b] for a, b in zip(left.rows, right.rows, strict=True)])
