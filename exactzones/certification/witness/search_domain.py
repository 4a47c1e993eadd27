"""A domain prepared for the search for witnesses: full-dimensional coordinates, float bounds, exact points near float ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from exactzones.affine import AffineMap
from exactzones.certification.limits import BOUNDING_INPUTS, FEASIBILITY_INPUTS
from exactzones.polyhedra import Box, HRep, Infeasible, Optimal, Polyhedron, lp
from exactzones.rational import Matrix, Row, Vector, nullspace, row_echelon
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector
from exactzones.rational.storage import SparseEntries


class _End(NamedTuple):
    """A lower or upper bound of a coordinate."""

    value: Fraction
    strict: bool


class _SparseRow(NamedTuple):
    """The row ``constant + sum of coefficient * coordinate >= 0``, or ``> 0`` if strict; terms: (coordinate, coefficient)."""

    constant: int
    terms: tuple[tuple[int, int], ...]
    strict: bool

    @classmethod
    def of(cls, row: Row, strict: bool = False) -> _SparseRow:
        return cls(row[0], tuple((k, entry) for k, entry in enumerate(row[1:]) if entry), strict)

    def value(self, point: Sequence[Fraction]) -> Fraction:
        return sum((entry * point[k] for k, entry in self.terms), start=Fraction(self.constant))

    def holds(self, point: Sequence[Fraction]) -> bool:
        value = self.value(point)
        return value > 0 or (value == 0 and not self.strict)


@dataclass(frozen=True, eq=False)
class SearchDomain:
    """A domain in coordinates of its affine hull, so that it is full-dimensional.

    Attributes:
        region: the domain in these coordinates, without equations.
        embedding: the map from these coordinates to the input space; None if it is the identity.
        low, high: bounds of the coordinates in floats, infinite where there is none.
    """

    region: Polyhedron
    embedding: AffineMap | None
    low: Floats
    high: Floats
    _centre: Vector
    _bounds: tuple[tuple[_End | None, _End | None], ...]
    _rows: tuple[_SparseRow, ...]  # all rows except bounds of single coordinates
    _slopes: Floats  # the same rows in floats, with normals of length 1
    _offsets: Floats

    @classmethod
    def of(cls, domain: Polyhedron) -> SearchDomain | None:
        """Return a domain prepared for the search; None if it is empty or an interior point was not found quickly."""
        if isinstance(domain, Box):
            return cls._of_box(domain)
        system: HRep | None = domain.hrep
        embedding: AffineMap | None = None
        while system is not None:
            if equations := [*system.equations, *_opposite(system)]:
                step = _solution(equations, system.ambient_dim)
                if step is None:
                    return None
                embedding = step if embedding is None else embedding.after(step)
                system = _reduced(system, step)
                continue
            prepared = cls._full_dimensional(system, embedding)
            if prepared is not None:
                return prepared
            system = _flattened(system)
        return None

    @classmethod
    def _full_dimensional(cls, system: HRep, embedding: AffineMap | None) -> SearchDomain | None:
        """Return a domain with an interior point; None if none was found."""
        sparse = [*map(_SparseRow.of, system.rows), *(_SparseRow.of(row, strict=True) for row in system.strict)]
        bounds = _bounds(sparse, system.ambient_dim)
        rows = tuple(row for row in sparse if len(row.terms) != 1)
        low = np.array([-np.inf if lower is None else clipped_float(lower.value) for lower, _ in bounds])
        high = np.array([np.inf if upper is None else clipped_float(upper.value) for _, upper in bounds])
        slopes, offsets = _normalised(rows, system.ambient_dim)
        centre = _middle(bounds)
        if any(row.value(centre) <= 0 for row in rows):
            if system.ambient_dim <= FEASIBILITY_INPUTS:
                start = lp.feasibility(HRep.of(system.ambient_dim, strict=system.closed_rows))
                if isinstance(start, Infeasible):
                    return None
                centre = start
            else:
                centre = tuple(map(Fraction, _relaxed(centre, low, high, slopes, offsets)))
        if any(row.value(centre) <= 0 for row in sparse):
            return None
        if rows and system.ambient_dim <= BOUNDING_INPUTS:
            _imply_bounds(system, low, high)
        region = Polyhedron(system)
        return cls(region, embedding, low, high, _centre=centre, _bounds=bounds, _rows=rows, _slopes=slopes, _offsets=offsets)

    @classmethod
    def _of_box(cls, box: Box) -> SearchDomain | None:
        """Return a box as a domain whose coordinates are those that the box does not fix."""
        if box.is_empty:
            return None
        free = [k for k, (below, above) in enumerate(zip(box.low, box.high, strict=True)) if below < above]
        low, high = (tuple(side[k] for k in free) for side in (box.low, box.high))
        bounds = tuple((_End(below, False), _End(above, False)) for below, above in zip(low, high, strict=True))
        embedding = None if len(free) == box.ambient_dim else _fixing(box, free)
        slopes, offsets = _normalised((), len(free))
        ends = float_vector(low, clipped_float), float_vector(high, clipped_float)
        centre = _middle(bounds)
        return cls(Box(low, high), embedding, *ends, _centre=centre, _bounds=bounds, _rows=(), _slopes=slopes, _offsets=offsets)

    @property
    def system(self) -> HRep:
        """The domain's rows in these coordinates."""
        return self.region.hrep

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.region.ambient_dim

    def embed(self, point: Vector) -> Vector:
        """Return a point, given by its coordinates, in the input space."""
        if self.embedding is None:
            return point
        return self.embedding(point) if self.dim else self.embedding.offset

    def corners(self, rng: np.random.Generator, most: int) -> Floats:
        """Return the centre and corners of the bounds, at most ``most`` points, moved into the domain."""
        if 2**self.dim < most:
            ups = np.arange(2**self.dim)[:, None] >> np.arange(self.dim) & 1
        else:
            ups = rng.integers(0, 2, (most - 1, self.dim))
        centre = float_vector(self._centre, clipped_float)
        corners = np.where(ups, self.high, self.low)
        return self.fit(np.vstack([centre, np.where(np.isfinite(corners), corners, centre)]))

    def sample(self, rng: np.random.Generator, scales: Floats) -> Floats:
        """Draw points, half of them close to corners.

        Args:
            rng: the source of randomness.
            scales: shape (points, 1); the standard deviation where there is no bound.
        """
        count = len(scales)
        shape = (count, self.dim)
        centre = float_vector(self._centre, clipped_float)
        bounded = np.isfinite(self.low) & np.isfinite(self.high)
        low, high = np.where(bounded, self.low, 0.0), np.where(bounded, self.high, 0.0)
        points = np.where(bounded, low + (high - low) * rng.random(shape), centre + scales * rng.normal(size=shape))
        corners = np.where(rng.random(shape) < 1 / 2, self.low, self.high)
        near_corner = (rng.random((count, 1)) < 1 / 2) & (rng.random(shape) < 1 / 2) & np.isfinite(corners)
        points = self.fit(np.where(near_corner, corners, points))
        if self._rows:  # points that were moved lie on the boundary; spread some over the interior
            share = np.where(rng.random((count, 1)) < 1 / 2, 1.0, rng.random((count, 1)) ** (1 / max(1, self.dim)))
            points = centre + share * (points - centre)
        return points

    def spans(self, points: Floats, scales: Floats) -> Floats:
        """Return the length of a large step from each point in each coordinate: the width of the domain where it is bounded."""
        return np.where(np.isfinite(self.high - self.low), self.high - self.low, np.maximum(scales, np.abs(points)))

    def fit(self, points: Floats) -> Floats:
        """Move points into the domain, up to rounding: by a few projections, then towards the centre."""
        points = np.clip(points, self.low, self.high)
        if not self._rows:
            return points
        for _ in range(3):
            for slope, offset in zip(self._slopes, self._offsets, strict=True):
                points = points - np.minimum(0.0, points @ slope + offset)[:, None] * slope
            points = np.clip(points, self.low, self.high)
        centre = float_vector(self._centre, clipped_float)
        inside = np.maximum(self._slopes @ centre + self._offsets, 0.0)
        outside = np.maximum(-(points @ self._slopes.T + self._offsets), 0.0)
        shares: Floats = np.where(outside > 0, inside / np.maximum(inside + outside, 1e-300), 1.0)
        pulled: Floats = centre + shares.min(axis=1, keepdims=True) * (points - centre)
        return pulled

    def exact(self, point: Sequence[Fraction]) -> Vector:
        """Return an exact point of the domain close to a point: clipped to the bounds, then moved towards the centre."""
        clipped = list(point)
        for k, (lower, upper) in enumerate(self._bounds):
            for bound, sign in ((lower, 1), (upper, -1)):
                if bound is None:
                    continue
                if bound.strict and (clipped[k] - bound.value) * sign <= 0:
                    clipped[k] = bound.value + (self._centre[k] - bound.value) / 2**20
                elif not bound.strict and (clipped[k] < bound.value if sign > 0 else clipped[k] > bound.value):
                    clipped[k] = bound.value
        share = Fraction(1)
        for row in self._rows:
            if not row.holds(clipped):
                outside, inside = row.value(clipped), row.value(self._centre)
                share = min(share, inside / (inside - outside) * (1 - Fraction(row.strict, 2**20)))
        if share == 1:
            return tuple(clipped)
        share = Fraction(int(share * 2**40), 2**40)  # rounded down to a shorter number, so that the point stays inside
        return tuple(c + share * (x - c) for c, x in zip(self._centre, clipped, strict=True))


def _fixing(box: Box, free: Sequence[int]) -> AffineMap:
    """Return the map from the free coordinates of a box to all, with the values that the box fixes."""
    rows, count = np.array(free, np.int64), len(free)
    matrix = Matrix.sparse(SparseEntries((box.ambient_dim, count), rows, np.arange(count), np.ones(count)))
    return AffineMap(matrix, tuple(b if b == a else Fraction(0) for b, a in zip(box.low, box.high, strict=True)))


def contains(domain: Polyhedron, point: Vector) -> bool:
    """Tell whether a point lies in a domain, as ``Polyhedron.contains`` does; fast for rows that are mostly zeros."""
    if isinstance(domain, Box):
        return domain.contains(point)
    system = domain.hrep
    return (
        all(_SparseRow.of(row).holds(point) for row in system.rows)
        and all(_SparseRow.of(row, strict=True).holds(point) for row in system.strict)
        and all(_SparseRow.of(row).value(point) == 0 for row in system.equations)
    )


def _opposite(system: HRep) -> list[Row]:
    """Return the equations that pairs of opposite rows imply."""
    rows = set(system.rows)
    return [row for row in system.rows if row < (negative := tuple(-entry for entry in row)) and negative in rows]


def _solution(equations: Iterable[Row], dim: int) -> AffineMap | None:
    """Return a parametrisation of the solutions of equations; None if there is no solution."""
    echelon, pivots = row_echelon([(*equation[1:], equation[0]) for equation in equations])
    if dim in pivots:
        return None
    base = [Fraction(0)] * dim
    for row, pivot in zip(echelon, pivots, strict=True):
        base[pivot] = Fraction(-row[-1], row[pivot])
    directions = nullspace([row[:-1] for row in echelon], dim)
    columns = [[direction[k] for direction in directions] for k in range(dim)]
    return AffineMap(Matrix.of(columns, columns=len(directions)), tuple(base))


def _reduced(system: HRep, step: AffineMap) -> HRep | None:
    """Return a system in the coordinates of the solutions of its equations; None if it is a single point that violates a row."""
    others = HRep(system.ambient_dim, system.rows, system.strict)
    if step.inputs:
        return others.preimage(step)
    return HRep(0) if contains(Polyhedron(others), step.offset) else None


def _flattened(system: HRep) -> HRep | None:
    """Return a system without interior together with the equations that it implies; None if it is empty or too large to tell."""
    if system.ambient_dim > FEASIBILITY_INPUTS or isinstance(lp.feasibility(system), Infeasible):
        return None
    return HRep.of(system.ambient_dim, system.rows, strict=system.strict, equations=Polyhedron(system).irredundant.equations)


def _bounds(rows: Iterable[_SparseRow], dim: int) -> tuple[tuple[_End | None, _End | None], ...]:
    """Return the tightest lower and upper bound of each coordinate."""
    lower: dict[int, _End] = {}
    upper: dict[int, _End] = {}
    for constant, terms, strict in rows:
        if len(terms) == 1:
            ((k, entry),) = terms
            bound = _End(Fraction(-constant, entry), strict)
            if entry > 0:
                lower[k] = max(bound, lower.get(k, bound))
            else:
                upper[k] = min(bound, upper.get(k, bound), key=lambda end: (end.value, not end.strict))
    return tuple((lower.get(k), upper.get(k)) for k in range(dim))


def _middle(bounds: Iterable[tuple[_End | None, _End | None]]) -> Vector:
    """Return the centre of a box; in unbounded coordinates a point at distance 1 from the bound, or 0."""
    middle = []
    for lower, upper in bounds:
        if lower is not None and upper is not None:
            middle.append((lower.value + upper.value) / 2)
        elif lower is not None:
            middle.append(lower.value + 1)
        else:
            middle.append(Fraction(0) if upper is None else upper.value - 1)
    return tuple(middle)


def _normalised(rows: Sequence[_SparseRow], dim: int) -> tuple[Floats, Floats]:
    """Return rows in floats with normals of length 1: slopes, shape (rows, dim), and offsets."""
    slopes, offsets = np.zeros((len(rows), dim)), np.zeros(len(rows))
    for k, row in enumerate(rows):
        size = max((abs(entry) for _, entry in row.terms), default=1)
        for index, entry in row.terms:
            slopes[k, index] = entry / size
        norm = np.linalg.norm(slopes[k]) or 1.0
        slopes[k] /= norm
        offsets[k] = clipped_float(Fraction(row.constant, size)) / norm
    return slopes, offsets


def _relaxed(start: Vector, low: Floats, high: Floats, slopes: Floats, offsets: Floats) -> Floats:
    """Return a guess at an interior point: reflect at the most violated row until no row is violated.

    Source: Motzkin and Schoenberg 1954, The relaxation method for linear inequalities.
    """
    point = float_vector(start, clipped_float)
    margin = np.where(np.isfinite(high - low), (high - low) / 64, 0.0)
    for _ in range(1000):
        values = slopes @ point + offsets
        worst = values.argmin()
        if values[worst] > 1e-9:
            break
        point = np.clip(point - 2 * min(values[worst], -1e-6) * slopes[worst], low + margin, high - margin)
    return point


def _imply_bounds(system: HRep, low: Floats, high: Floats) -> None:
    """Replace infinite bounds by those that the rows imply together, in place."""
    for k in range(system.ambient_dim):
        for sign, ends in ((-1, low), (1, high)):
            if not np.isfinite(ends[k]):
                best = lp.maximize(system, tuple(Fraction(sign * (j == k)) for j in range(system.ambient_dim)))
                if isinstance(best, Optimal):
                    ends[k] = sign * clipped_float(best.value)
