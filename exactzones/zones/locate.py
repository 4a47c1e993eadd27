"""Which zones contain which points, for a whole data set at once.

A closed cell contains a point of the domain iff no hidden neuron has opposite signs at the point and in the cell's pattern.  Then
the affine maps of the regime give the network's values at the point, layer by layer, because a neuron that is zero passes on zero
in both regimes.  So the zones need not be tried one by one: the network is evaluated at the points, and their signs are looked
up among the patterns.

Signs are taken from floats where a value exceeds its error bound, as in proofs/filter.md.  Points at which a sign is not certain
are evaluated in integers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from exactzones.errors import DimensionError, InexactError
from exactzones.network import Layer
from exactzones.polyhedra import Polyhedron
from exactzones.rational import IntegerMatrix, Matrix, Vector, exact, over_common_denominator
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF, filter_float, float_matrix, float_vector
from exactzones.zone import Zone
from exactzones.zones.islands import pattern_hashes

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Signs: TypeAlias = NDArray[np.int8]
Packed: TypeAlias = NDArray[np.uint8]
Batch: TypeAlias = tuple[NDArray[np.int64], Packed]
"""Numbers of zones, (P,), and their packed patterns, (P, width)."""

_MOST_ZEROS = 10  # neurons that are zero at a point: all patterns around it are looked up
_BATCH = 1 << 21  # numbers in one array


class PatternsAround(NamedTuple):
    """The packed patterns of the zones around points.

    Attributes:
        points: pattern -> the points in the closed cell of that pattern, if it has one.
        masks: (point, signs) of points with many neurons that are zero.
    """

    points: dict[bytes, list[int]]
    masks: list[tuple[int, Signs]]

    @classmethod
    def of(cls, signs: Signs) -> PatternsAround:
        """Return the patterns around points, given their signs (points, 1 + neurons) as ``Locator.signs`` returns them."""
        wanted = cls({}, [])
        packed = np.packbits(signs[:, 1:] > 0, axis=1)
        zeros = (signs[:, 1:] == 0).sum(axis=1)
        for point in np.flatnonzero(signs[:, 0] > 0).tolist():
            if zeros[point] > _MOST_ZEROS:
                wanted.masks.append((point, signs[point, 1:]))
            elif zeros[point]:
                wanted._add_around(point, signs[point, 1:])
            else:
                wanted.points.setdefault(packed[point].tobytes(), []).append(point)
        return wanted

    def _add_around(self, point: int, own: Signs) -> None:
        zeros = np.flatnonzero(own == 0)
        for choice in itertools.product((False, True), repeat=len(zeros)):
            on = own > 0
            on[zeros] = choice
            self.points.setdefault(np.packbits(on).tobytes(), []).append(point)

    def listed(self, index: Mapping[bytes, int]) -> Iterator[tuple[int, int]]:
        """Yield (point, zone) for each pattern that is in an index, but for those of ``masks``."""
        for pattern, points in self.points.items():
            if (zone := index.get(pattern)) is not None:
                yield from ((point, zone) for point in points)

    def masked(self, patterns: Packed) -> Iterator[tuple[int, int]]:
        """Yield (point, k) for each packed pattern with number k, (P, width), that is around a point of ``masks``."""
        for point, own in self.masks:
            bits = np.unpackbits(patterns, axis=1, count=len(own))
            yield from ((point, k) for k in np.flatnonzero(((bits == (own > 0)) | (own == 0)).all(axis=1)).tolist())

    def keys(self, width: int) -> Packed:
        """Return the patterns of ``points``, (K, width)."""
        return np.frombuffer(b"".join(self.points), np.uint8).reshape(len(self.points), width)

    def matches(self, batches: Iterable[Batch], width: int) -> Iterator[tuple[int, int]]:
        """Yield (point, zone) for each pattern that is around a point."""
        random = np.random.default_rng(0).integers(0, 1 << 64, 8 * width, np.uint64)
        size = 1 << (64 * len(self.points)).bit_length()
        is_wanted = np.zeros(size, bool)  # by the last bits of a hash
        is_wanted[pattern_hashes(self.keys(width), random) % size] = True
        for zones, patterns in batches:
            for k in np.flatnonzero(is_wanted[pattern_hashes(patterns, random) % size]).tolist():
                yield from ((point, int(zones[k])) for point in self.points.get(patterns[k].tobytes(), ()))
            yield from ((point, int(zones[k])) for point, k in self.masked(patterns))


def _by_point(count: int, found: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Return for each of so many points its zones, ascending, given pairs of a point and a zone."""
    zones: list[list[int]] = [[] for _ in range(count)]
    for point, zone in found:
        zones[point].append(zone)
    return [tuple(sorted(numbers)) for numbers in zones]


class Locator:
    """Looks up the zones that contain points.

    Args:
        layers: the network's layers up to the property's horizon, to which the zones' patterns refer.
        inputs: the number of the network's inputs.
        domain: the domain of the zones; None is all of the input space.
        zones: zones of one network and property.
    """

    def __init__(self, layers: Sequence[Layer], inputs: int, domain: Polyhedron | None, zones: Sequence[Zone]) -> None:
        walls = () if domain is None else domain.hrep.closed_rows
        self._inputs = inputs
        self._walls = _FilteredLayer.of([row[1:] for row in walls], [row[0] for row in walls], [False] * len(walls), inputs)
        self._layers = [_FilteredLayer.of(layer.weight, layer.bias, layer.relu, layer.inputs) for layer in layers]
        self._units = sum(len(layer.relu_units) for layer in layers)
        self._patterns = np.zeros((len(zones), -(-self._units // 8)), np.uint8)
        for k, zone in enumerate(zones):
            self._patterns[k] = np.packbits(np.array([sign == "+" for sign in zone.signs], bool))
        self._index = {row.tobytes(): k for k, row in enumerate(self._patterns)}

    def locate(self, points: Any) -> list[tuple[int, ...]]:
        """Return for each point the indices of the zones whose closed cell contains it, ascending.

        Args:
            points: shape (points, inputs), exact numbers or floats.

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not a finite rational number.
        """
        signs = self.signs(points)
        wanted = PatternsAround.of(signs)
        return _by_point(len(signs), itertools.chain(wanted.listed(self._index), wanted.masked(self._patterns)))

    def locate_among(self, points: Any, batches: Callable[[PatternsAround], Iterable[Batch]]) -> list[tuple[int, ...]]:
        """Return the same for zones that are not in memory together.

        Args:
            points: as for ``locate``.
            batches: returns the zones that may have one of the patterns around the points, in batches.
        """
        signs = self.signs(points)
        wanted = PatternsAround.of(signs)
        return _by_point(len(signs), wanted.matches(batches(wanted), self._patterns.shape[1]))

    def signs(self, points: Any) -> Signs:
        """Return the exact signs of points, (points, 1 + neurons): first 1 in the domain and -1 outside, then each neuron's.

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not a finite rational number.
        """
        data = _ExactPoints.of(points, self._inputs)
        widest = max([self._inputs, *(layer.outputs for layer in (self._walls, *self._layers))])
        parts = [self._signs_at(part) for part in data.parts(max(1, _BATCH // widest))]
        return np.concatenate([np.zeros((0, 1 + self._units), np.int8), *parts])

    def _signs_at(self, points: _ExactPoints) -> Signs:
        """Return exact signs at points, (points, 1 + neurons): first 1 inside the domain or -1 outside, then each neuron's."""
        signs, certain = self._signs_in_floats(points)
        uncertain = np.flatnonzero(~certain)
        if len(uncertain):
            signs[uncertain] = self._signs_in_integers(points.integer_columns(uncertain))
        return signs

    def _signs_in_floats(self, points: _ExactPoints) -> tuple[Signs, NDArray[np.bool_]]:
        """Return the signs, and for each point whether all of them are certain."""
        walls, known, _, _ = self._walls.bounded(points.floats, points.error)
        columns = [np.where((walls > 0).all(axis=1), 1, -1).astype(np.int8)[:, None]]
        certain = np.asarray(known.all(axis=1) | ((walls < 0) & known).any(axis=1))
        values, error = points.floats, points.error
        for layer in self._layers:
            signs, known, values, error = layer.bounded(values, error)
            columns.append(signs[:, layer.relu])
            certain &= known[:, layer.relu].all(axis=1)
        return np.concatenate(columns, axis=1), certain

    def _signs_in_integers(self, columns: IntegerMatrix) -> Signs:
        walls = np.array([[_sign(v) for v in row] for row in self._walls.applied(columns)[1:]], np.int8)
        count = len(columns.row(0))
        signs = [np.where((walls.reshape(-1, count) >= 0).all(axis=0), 1, -1).astype(np.int8)[None]]
        for layer in self._layers:
            rows = layer.applied(columns)
            relu = [False, *layer.relu]
            on_relu = [[_sign(v) for v in row] for row, has_relu in zip(rows, relu, strict=True) if has_relu]
            signs.append(np.array(on_relu, np.int8).reshape(-1, count))
            columns = IntegerMatrix.of([[max(v, 0) for v in row] if cut else row for row, cut in zip(rows, relu, strict=True)])
        return np.ascontiguousarray(np.concatenate(signs).T)


@dataclass(frozen=True, eq=False)
class _FilteredLayer:
    """An affine map followed by a ReLU on some of its outputs, in floats and in integers.

    Attributes:
        weight: shape (outputs, inputs), in floats as ``filter_float`` converts them.
        bias: shape (outputs,), likewise.
        relu: shape (outputs,), which outputs have a ReLU.
        exact: the exact matrix and offset.
    """

    weight: Floats
    bias: Floats
    relu: NDArray[np.bool_]
    exact: tuple[Matrix, Vector]

    @classmethod
    def of(cls, weight: Any, bias: Sequence[Fraction | int], relu: Sequence[bool], inputs: int) -> _FilteredLayer:
        matrix = Matrix.of(weight, columns=inputs)
        offset = tuple(map(Fraction, bias))
        floats = float_matrix(matrix, filter_float)
        return cls(floats, float_vector(offset, filter_float), np.array(relu, bool), (matrix, offset))

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.bias)

    @np.errstate(all="ignore")  # infinities and NaN decide nothing
    def bounded(self, values: Floats, error: Floats) -> tuple[Signs, NDArray[np.bool_], Floats, Floats]:
        """Return the signs of the map's values, which of them are certain, the values after the ReLU, and bounds on their errors.

        If |a - a'| <= e for the exact a', with a relative error of u in the weights and rounding in m products and their sum:
        |z - z'| <= (m + 3) u (|W| |a| + |b|) + (1 + 2 u) |W| e.
        """
        sizes = np.abs(self.weight).T
        outputs = values @ self.weight.T + self.bias
        size = np.abs(values) @ sizes + np.abs(self.bias)
        bound = ((values.shape[1] + 3) * UNIT_ROUNDOFF * size + error @ sizes) * SLACK + TINY
        known = (np.abs(outputs) > bound) & np.isfinite(outputs)
        off = self.relu & ~(outputs > 0)
        return (
            np.sign(np.nan_to_num(outputs)).astype(np.int8),
            known,
            np.where(off, 0.0, outputs),
            np.where(off & known, 0.0, bound),
        )

    @cached_property
    def _integers(self) -> IntegerMatrix:
        """The map on homogeneous columns, times a positive integer; its first row keeps the homogenising coordinate."""
        matrix, offset = self.exact
        return matrix.lifted(offset)

    def applied(self, columns: IntegerMatrix) -> list[tuple[int, ...]]:
        """Return the map's values at homogeneous columns: a row of homogenising coordinates, then a row for each output."""
        return (self._integers @ columns).rows() if self.outputs else [columns.row(0)]


@dataclass(frozen=True, eq=False)
class _ExactPoints:
    """Exact points and their floats.

    Attributes:
        source: the exact points; if they came as floats, the same array as ``floats``.
        floats: shape (points, inputs), as ``filter_float`` converts them.
        error: shape (points, inputs), bounds on the errors of the floats.
    """

    source: Sequence[Sequence[Any]] | Floats
    floats: Floats
    error: Floats

    @classmethod
    def of(cls, points: Any, inputs: int) -> _ExactPoints:
        entries = np.asarray(points) if hasattr(points, "__array__") else list(points)
        if isinstance(entries, np.ndarray) and entries.dtype.kind == "f" and entries.dtype.itemsize <= 8:
            if entries.shape[1] != inputs:
                raise DimensionError("point", expected=inputs, got=entries.shape[1])
            bad = np.argwhere(~np.isfinite(entries))
            if len(bad):
                k, j = bad[0]
                raise InexactError(f"coordinate {j} of point {k} is {entries[k, j]}; every number must be finite")
            floats = entries.astype(np.float64)
            return cls(floats, floats, np.zeros_like(floats))
        source = [_exactly(point, k, inputs) for k, point in enumerate(entries)]
        floats = np.array([[filter_float(entry) for entry in point] for point in source], float).reshape(-1, inputs)
        return cls(source, floats, np.abs(floats) * (2 * UNIT_ROUNDOFF))

    def parts(self, size: int) -> Iterator[_ExactPoints]:
        """Yield the points, at most ``size`` at a time."""
        for start in range(0, len(self.floats), size):
            chosen = slice(start, start + size)
            yield _ExactPoints(self.source[chosen], self.floats[chosen], self.error[chosen])

    def integer_columns(self, chosen: NDArray[np.intp]) -> IntegerMatrix:
        """Return the points with these indices as homogeneous integer columns."""
        columns = []
        for k in chosen.tolist():
            numerators, scale = over_common_denominator([exact(entry) for entry in self.source[k]])
            columns.append((scale, *numerators))
        return IntegerMatrix.of(list(zip(*columns, strict=True)))


def _exactly(point: Iterable[Any], index: int, inputs: int) -> Vector:
    entries = list(point)
    if len(entries) != inputs:
        raise DimensionError(f"point {index}", expected=inputs, got=len(entries))
    return tuple(exact(entry, f"coordinate {j} of point {index}") for j, entry in enumerate(entries))


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
