"""Which zones contain which points, for a whole data set at once.

A closed cell contains a point of the domain iff no hidden neuron has one sign there and the other in the cell's pattern: layer by
layer, the regime's affine maps then give what the network gives, for a neuron that is zero passes on zero in either regime.  So
nobody goes through zones: points are evaluated, and their signs are looked up.

Signs come from floats where a value exceeds its error bound, as in proofs/filter.md; points with a sign left open are evaluated
together in integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from exactzones.errors import DimensionError, InexactError, InputError
from exactzones.network import Layer
from exactzones.polyhedra import Polyhedron
from exactzones.rational import IntegerMatrix, Matrix, Vector, exact, over_common_denominator
from exactzones.rational.floats import filter_float, float_matrix, float_vector
from exactzones.zone import Zone

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float64]
Signs: TypeAlias = NDArray[np.int8]

_UNIT = 2.0**-53
_SLACK = 1 + 1e-9  # covers the rounding of the bounds themselves
_TINY = 1e-290  # stands for everything that may underflow
_BATCH = 1 << 21  # numbers in one array


def read_points(points: Any) -> tuple[Any, bool]:
    """Return a data set's points, shape (points, inputs), or a single point, shape (inputs,), and whether it is a data set.

    What can be gone through only once, such as a generator, comes back as a list.

    Raises:
        InputError: neither of them, or an array that says of some entries that they are missing.
    """
    if np.ma.is_masked(points):
        raise InputError("points have masked entries; fill them or leave these points out")
    if not _is_list(points):
        raise InputError(f"{points!r} is no point; a point (inputs,) or points (points, inputs) are expected")
    given = np.asarray(points) if hasattr(points, "__array__") else [list(p) if _is_list(p) else p for p in points]
    if isinstance(given, np.ndarray):
        axes = given.ndim
    else:
        lists = {isinstance(entry, list) for entry in given}
        if len(lists) > 1:
            raise InputError("points and single numbers are mixed; a point (inputs,) or points (points, inputs) are expected")
        axes = 1 + (True in lists)
    if axes not in {1, 2}:
        raise InputError(f"points of shape {np.shape(given)}; a point (inputs,) or points (points, inputs) are expected")
    return given, axes == 2


def _is_list(entry: Any) -> bool:
    if isinstance(entry, np.ndarray):
        return entry.ndim > 0
    return isinstance(entry, Iterable) and not isinstance(entry, (str, bytes))


class Locator:
    """Zones, ready to be looked up.

    Args:
        layers: of the network, those whose patterns the zones have.
        inputs: of the network.
        domain: of the zones.
        zones: all of one property.
    """

    def __init__(self, layers: Sequence[Layer], inputs: int, domain: Polyhedron | None, zones: Sequence[Zone]) -> None:
        walls = () if domain is None else domain.hrep.closed_rows
        self._inputs = inputs
        self._walls = _Stage.of([row[1:] for row in walls], [row[0] for row in walls], [False] * len(walls), inputs)
        self._stages = [_Stage.of(layer.weight, layer.bias, layer.relu, layer.inputs) for layer in layers]
        self._signs = np.ones((len(zones), 1 + sum(len(layer.relu_units) for layer in layers)), np.int8)  # first: in the domain
        for k, zone in enumerate(zones):
            self._signs[k, 1:] = [1 if sign == "+" else -1 for sign in zone.signs]
        self._index = {row.tobytes(): k for k, row in enumerate(self._signs)}

    def locate(self, points: Any) -> list[tuple[int, ...]]:
        """Return for each point the indices of the zones whose closed cell contains it, ascending.

        Raises:
            DimensionError: points of another space.
            InexactError: a coordinate that is not a finite rational number.
        """
        data = _Points.of(points, self._inputs)
        widest = max([self._inputs, *(stage.outputs for stage in (self._walls, *self._stages))])
        found: list[tuple[int, ...]] = []
        for part in data.parts(max(1, _BATCH // widest)):
            distinct, which = np.unique(self._signs_at(part), axis=0, return_inverse=True)
            of_signs = [self._matching(signs) for signs in distinct]
            found += [of_signs[k] for k in which.ravel().tolist()]
        return found

    def _matching(self, signs: Signs) -> tuple[int, ...]:
        if signs[0] < 0:
            return ()
        if signs.all():
            known = self._index.get(signs.tobytes())
            return () if known is None else (known,)
        return tuple(np.flatnonzero(((self._signs == signs) | (signs == 0)).all(axis=1)).tolist())

    def _signs_at(self, points: _Points) -> Signs:
        """Return (points, 1 + neurons): whether a point is in the domain (1 or -1), and the exact sign of each neuron."""
        signs, certain = self._signs_in_floats(points)
        left = np.flatnonzero(~certain)
        if len(left):
            signs[left] = self._signs_in_integers(points.integer_columns(left))
        return signs

    def _signs_in_floats(self, points: _Points) -> tuple[Signs, NDArray[np.bool_]]:
        """Return the signs, and of which points all of them are certain."""
        outside, known, _, _ = self._walls.bounded(points.floats, points.error)
        found = [np.where((outside > 0).all(axis=1), 1, -1).astype(np.int8)[:, None]]
        certain = np.asarray(known.all(axis=1) | ((outside < 0) & known).any(axis=1))
        values, error = points.floats, points.error
        for stage in self._stages:
            signs, known, values, error = stage.bounded(values, error)
            found.append(signs[:, stage.relu])
            certain &= known[:, stage.relu].all(axis=1)
        return np.concatenate(found, axis=1), certain

    def _signs_in_integers(self, columns: IntegerMatrix) -> Signs:
        heights = np.array([[_sign(v) for v in row] for row in self._walls.applied(columns)[1:]], np.int8)
        count = len(columns.row(0))
        found = [np.where((heights.reshape(-1, count) >= 0).all(axis=0), 1, -1).astype(np.int8)[None]]
        for stage in self._stages:
            rows = stage.applied(columns)
            relu = [False, *stage.relu]
            on_relu = [[_sign(v) for v in row] for row, has_relu in zip(rows, relu, strict=True) if has_relu]
            found.append(np.array(on_relu, np.int8).reshape(-1, count))
            columns = IntegerMatrix.of([[max(v, 0) for v in row] if c else row for row, c in zip(rows, relu, strict=True)])
        return np.ascontiguousarray(np.concatenate(found).T)


@dataclass(frozen=True, eq=False)
class _Stage:
    """An affine map followed by a ReLU on some of its outputs, in floats and in integers.

    Attributes:
        weight: shape (outputs, inputs), the nearest floats; NaN, which decides nothing, where that is not near in proportion.
        bias: shape (outputs,), the same.
        relu: shape (outputs,).
        exactly: matrix and offset.
    """

    weight: Floats
    bias: Floats
    relu: NDArray[np.bool_]
    exactly: tuple[Matrix, Vector]

    @classmethod
    def of(cls, weight: Any, bias: Sequence[Fraction | int], relu: Sequence[bool], inputs: int) -> _Stage:
        matrix = Matrix.of(weight, columns=inputs)
        offset = tuple(map(Fraction, bias))
        floats = float_matrix(matrix, filter_float)
        return cls(floats, float_vector(offset, filter_float), np.array(relu, bool), (matrix, offset))

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.bias)

    @np.errstate(all="ignore")  # what is infinite or not a number decides nothing
    def bounded(self, values: Floats, error: Floats) -> tuple[Signs, NDArray[np.bool_], Floats, Floats]:
        """Return signs of the map's values, where they are certain, and the values after the ReLU with their error bounds.

        With |a - a'| <= e for the exact a', weights off by u in proportion, and m products and a sum rounded:
        |z - z'| <= (m + 3) u (|W| |a| + |b|) + (1 + 2 u) |W| e.
        """
        sizes = np.abs(self.weight).T
        found = values @ self.weight.T + self.bias
        size = np.abs(values) @ sizes + np.abs(self.bias)
        bound = ((values.shape[1] + 3) * _UNIT * size + error @ sizes) * _SLACK + _TINY
        known = (np.abs(found) > bound) & np.isfinite(found)
        off = self.relu & ~(found > 0)
        return (
            np.sign(np.nan_to_num(found)).astype(np.int8),
            known,
            np.where(off, 0.0, found),
            np.where(off & known, 0.0, bound),
        )

    @cached_property
    def _integers(self) -> IntegerMatrix:
        """The map on homogeneous columns, times a positive number; the first row keeps the homogenising coordinate."""
        matrix, offset = self.exactly
        return matrix.lifted(offset)

    def applied(self, columns: IntegerMatrix) -> list[tuple[int, ...]]:
        """Return the map's values at homogeneous columns: a row of the homogenising entries, then a row for each output."""
        return (self._integers @ columns).rows() if self.outputs else [columns.row(0)]


@dataclass(frozen=True, eq=False)
class _Points:
    """Exact points and what floats know of them.

    Attributes:
        source: the points' own entries; of floats the same array.
        floats: shape (points, inputs), the nearest floats.
        error: shape (points, inputs), how far off they are at most.
    """

    source: Sequence[Sequence[Any]] | Floats
    floats: Floats
    error: Floats

    @classmethod
    def of(cls, points: Any, inputs: int) -> _Points:
        given = np.asarray(points) if hasattr(points, "__array__") else list(points)
        if isinstance(given, np.ndarray) and given.dtype.kind == "f" and given.dtype.itemsize <= 8:
            if given.shape[1] != inputs:
                raise DimensionError("point", expected=inputs, got=given.shape[1])
            bad = np.argwhere(~np.isfinite(given))
            if len(bad):
                k, j = bad[0]
                raise InexactError(f"coordinate {j} of point {k} is {given[k, j]}; every number must be finite")
            floats = given.astype(np.float64)
            return cls(floats, floats, np.zeros_like(floats))
        source = [_exactly(point, k, inputs) for k, point in enumerate(given)]
        floats = np.array([[filter_float(entry) for entry in point] for point in source], float).reshape(-1, inputs)
        return cls(source, floats, np.abs(floats) * (2 * _UNIT))

    def parts(self, size: int) -> Iterator[_Points]:
        """Yield the points, at most ``size`` at a time."""
        for start in range(0, len(self.floats), size):
            chosen = slice(start, start + size)
            yield _Points(self.source[chosen], self.floats[chosen], self.error[chosen])

    def integer_columns(self, chosen: NDArray[np.intp]) -> IntegerMatrix:
        """Return some of the points as homogeneous integer columns."""
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
