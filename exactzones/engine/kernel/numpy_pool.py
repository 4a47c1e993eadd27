"""The pool of a parent's generators in NumPy: their signs, and those that arise where a neuron crosses an edge.

The same as ``pool.c`` and ``solve.c``; see ``numpy_kernel``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from exactzones.engine.frontier import OFF, ON, OPEN, Floats, Ids, States
from exactzones.engine.kernel.numpy_sums import in_order, sizes
from exactzones.engine.kernel.schema import CutRequest, Signs
from exactzones.rational.floats import SLACK, TINY, UNIT_ROUNDOFF

SMALL_INTEGER = 1 << 40
"""Integer rows up to this are evaluated in integers."""

LARGE_INTEGER = 1 << 62
"""Generators below this are kept in integers."""

ZERO, POSITIVE, NEGATIVE, UNDECIDED = 0, 1, 2, 4
"""Signs of a neuron at a generator, which are united by bitwise or."""

_Tight = tuple[int, ...]
_Whole = tuple[int, ...]


@dataclass
class Parent:
    """One cell of the frontier while a layer cuts it: its rows, and the pool of all generators of its parts.

    Attributes:
        index: its number among the parents.
        base: id of the layer's first neuron.
        rows: (d + 1, n) rows of the layer, a column each.
        row_error: (n,) bounds on the error of each entry of a neuron's row.
        is_exact: whether the rows have no error.
        scale: ``rows * scale`` are integers, exactly, unless it is 0.
        earlier: id -> (row, error) of the hyperplanes of earlier layers and of the domain.
        same: (n,) neurons whose rows are multiples of each other have the same number.
        signs: the caller's exact signs of all neurons at a generator.
        counts: what is counted, by name.
        sums: (n,) sums of the absolute values of the rows, rounded up.
        points, errors, integers, tight, flags: of each generator in the pool; integers are None where they are not known.
        known: numbers in the pool by tight set.
    """

    index: int
    base: int
    rows: Floats
    row_error: Floats
    is_exact: bool
    scale: float
    earlier: dict[int, tuple[Floats, float]]
    same: Ids
    signs: Signs
    counts: dict[str, int]
    sums: Floats = field(init=False)
    points: list[Floats] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    integers: list[_Whole | None] = field(default_factory=list)
    tight: list[_Tight] = field(default_factory=list)
    flags: list[States] = field(default_factory=list)
    known: dict[_Tight, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sums = in_order(np.abs(self.rows)) * SLACK

    @classmethod
    def of_request(cls, request: CutRequest, index: int, counts: dict[str, int]) -> Parent:
        """Return a parent with its own generators in the pool."""
        cells = request.cells
        planes = range(cells.plane_ptr[index], cells.plane_ptr[index + 1])
        error = float(request.row_error[index])
        parent = cls(
            index=index,
            base=request.first_id,
            rows=request.rows[index],
            row_error=request.row_sums * error * SLACK,
            is_exact=error == 0,
            scale=request.scale if error == 0 else 0.0,
            earlier={int(cells.plane_ids[k]): (cells.plane_rows[k], float(cells.plane_error[k])) for k in planes},
            same=request.same,
            signs=request.signs,
            counts=counts,
        )
        for v in range(cells.ptr[index], cells.ptr[index + 1]):
            integers = tuple(cells.integers[v].tolist()) if cells.has_integers[v] else None
            parent.add(tuple(cells.tight[v].tolist()), cells.points[v], float(cells.error[v]), integers)
        return parent

    def add(self, tight: _Tight, point: Floats, error: float, integers: _Whole | None) -> int:
        """Put a generator into the pool, with the signs that floats can decide; return its number."""
        v = len(self.points)
        self.points.append(point)
        self.errors.append(error)
        self.integers.append(integers)
        self.tight.append(tight)
        self.known[tight] = v
        bound = self.bounds(v)
        values = self.values(point)
        flags = np.full(len(values), UNDECIDED, np.uint8)  # a value or bound that is NaN or infinite decides nothing
        finite = np.isfinite(values)  # a partial sum that overflowed may have any sign
        flags[finite & (values > bound)] = POSITIVE
        flags[finite & (values < -bound)] = NEGATIVE
        self.flags.append(flags)
        return v

    def values(self, point: Floats) -> Floats:
        """Return the neurons' values at a point."""
        return in_order(self.rows * point[:, None])

    def bounds(self, v: int) -> Floats:
        """Return how far each neuron's value at a generator may be off."""
        largest, total = sizes(self.points[v])
        error, dim = self.errors[v], len(self.points[v]) - 1
        alpha = ((dim + 4) * UNIT_ROUNDOFF * largest + error) * SLACK
        beta = (total + dim * error) * SLACK
        bound: Floats = self.sums * alpha + self.row_error * beta + TINY
        return bound

    def plane(self, identity: int) -> tuple[Floats, float]:
        """Return a hyperplane's row and the error of its entries."""
        j = identity - self.base
        if 0 <= j < self.rows.shape[1]:
            return self.rows[:, j], float(self.row_error[j])
        return self.earlier[identity]

    def integer_value(self, v: int, j: int) -> int | None:
        """Return a positive multiple of neuron j's exact value at a generator, where integers are known and small."""
        integers = self.integers[v]
        if integers is None or not self.scale:
            return None
        scaled = self.rows[:, j] * self.scale
        if not np.abs(scaled).max() <= SMALL_INTEGER:
            return None
        return sum(int(entry) * z for entry, z in zip(scaled.tolist(), integers, strict=True))

    def resolve(self, v: int, j: int) -> None:
        """Decide a sign exactly."""
        self.counts["undecided"] += 1
        tight = (identity - self.base for identity in self.tight[v])
        if any(0 <= k < len(self.same) and self.same[k] == self.same[j] for k in tight):  # a multiple of a tight row
            self.flags[v][j] = ZERO
            return
        value = self.integer_value(v, j)
        if value is None:
            self.counts["exact"] += 1
            signs = self.signs(self.index, np.array(self.tight[v], np.int32).tobytes())
            flags = self.flags[v]
            flags[:] = np.where(flags == UNDECIDED, np.frombuffer(signs, np.uint8), flags)
            return
        self.flags[v][j] = POSITIVE if value > 0 else NEGATIVE if value < 0 else ZERO

    def classify(self, cell: list[int], state: States) -> int | None:
        """Settle the neurons that do not cross a cell; return the first that does."""
        seen = np.bitwise_or.reduce([self.flags[v] for v in cell])
        is_open = state == OPEN
        for j in np.flatnonzero(is_open & ((seen & UNDECIDED) > 0)).tolist():
            for v in cell:
                if self.flags[v][j] == UNDECIDED:
                    self.resolve(v, j)
            seen[j] = np.bitwise_or.reduce([self.flags[v][j] for v in cell])
        crosses = seen == (POSITIVE | NEGATIVE)
        settled = is_open & ~crosses
        state[settled] = np.where(seen[settled] == POSITIVE, ON, OFF)
        first = np.flatnonzero(is_open & crosses)
        return int(first[0]) if len(first) else None

    def split(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """Cut a cell in two; where the neuron is zero it counts as positive."""
        return self._split_plane(cell, j) if len(self.tight[cell[0]]) == 2 else self._split_general(cell, j)

    def _split_plane(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """In the plane the generators are in cyclic order, and a cut crosses two edges between neighbours."""
        above: list[int] = []
        below: list[int] = []
        for v, following in zip(cell, [*cell[1:], cell[0]], strict=True):
            is_below, next_below = self.flags[v][j] == NEGATIVE, self.flags[following][j] == NEGATIVE
            (below if is_below else above).append(v)
            if is_below != next_below:
                p, q = (following, v) if is_below else (v, following)
                (drop,) = (k for k, identity in enumerate(self.tight[p]) if identity not in self.tight[q])
                fresh = self.crossing(p, drop, q, j)
                above.append(fresh)
                below.append(fresh)
        return above, below

    def _split_general(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """In higher dimensions, two generators share an edge if their tight sets differ in one hyperplane each."""
        above = [v for v in cell if self.flags[v][j] != NEGATIVE]
        below = [v for v in cell if self.flags[v][j] == NEGATIVE]
        edges = {edge: v for v in below for edge in _edges(self.tight[v])}
        crossings = []
        for p in above:
            for drop, edge in enumerate(_edges(self.tight[p])):
                if edge in edges:
                    crossings.append(self.crossing(p, drop, edges[edge], j))
        return above + crossings, below + crossings

    def crossing(self, p: int, drop: int, q: int, j: int) -> int:
        """Return the generator where the edge from p (not negative) to q (negative) crosses neuron j.

        ``drop`` is the place in the tight set of p of the hyperplane that the edge leaves.
        """
        kept = self.tight[p][:drop] + self.tight[p][drop + 1 :]
        tight = tuple(sorted((*kept, self.base + j)))
        if tight in self.known:
            return self.known[tight]
        if self.flags[p][j] == ZERO:  # the neuron is zero at p: the crossing is p itself with another tight set
            v = self.add(tight, self.points[p], self.errors[p], self.integers[p])
            self.flags[v] = self.flags[p].copy()
            return v
        integers = self._integer_crossing(p, q, j)
        point, error = self._float_crossing(p, q, j, tight) if integers is None else _from_integers(integers)
        return self.add(tight, point, error, integers)

    def _integer_crossing(self, p: int, q: int, j: int) -> _Whole | None:
        up, down = self.integer_value(p, j), self.integer_value(q, j)
        P, Q = self.integers[p], self.integers[q]  # noqa: N806 - as in the C kernel
        if up is None or down is None or P is None or Q is None:
            return None
        common = math.gcd(up, down)
        up, down = up // common, -down // common
        if max(up, down) >= LARGE_INTEGER:
            return None
        sums = [down * a + up * b for a, b in zip(P, Q, strict=True)]
        divisor = math.gcd(*sums)
        entries = tuple(entry // divisor for entry in sums)
        return entries if max(map(abs, entries)) < LARGE_INTEGER else None

    def _float_crossing(self, p: int, q: int, j: int, tight: _Tight) -> tuple[Floats, float]:
        P, Q = self.points[p], self.points[q]  # noqa: N806 - as in the C kernel
        up = self.values(P)[j] if self.flags[p][j] == POSITIVE else 0.0
        down = -self.values(Q)[j]
        up = up if up >= 0 else 0.0
        down = down if down > 0 else sys.float_info.min
        point: Floats = down * P + up * Q
        if tight[0]:  # a vertex
            point = point / point[0]
            point[0] = 1
            return self.solve(tight, point)
        # -X would solve the same equations: the sign of the largest entry must be certain.
        largest = np.abs(point[1:]).max()
        doubt = 0.0
        for value, of, other in ((down, q, p), (up, p, q)):
            error, (length, _) = self.errors[other], sizes(self.points[other])
            doubt = doubt + (self._value_error(of, j) + 4 * UNIT_ROUNDOFF * value) * (length + error) + value * error
        doubt = 2 * doubt + TINY
        point[0] = 0
        point[1:] /= largest
        point, error = self.solve(tight, point)
        return point, error if largest > doubt else math.inf

    def _value_error(self, v: int, j: int) -> float:
        """Return how far neuron j's value at a generator may be off."""
        largest, total = sizes(self.points[v])
        error, dim = self.errors[v], len(self.points[v]) - 1
        reach = (dim + 4) * UNIT_ROUNDOFF * largest + error
        return float((self.sums[j] * reach + self.row_error[j] * (total + dim * error)) * SLACK * SLACK + TINY)

    def solve(self, tight: _Tight, point: Floats) -> tuple[Floats, float]:
        """Move a generator towards the point where its d hyperplanes meet; return it and how far off it may be."""
        self.counts["solved"] += 1
        dim = len(tight)
        fixed = [0] if tight[0] else [0, 1 + int(np.argmax(np.abs(point[1:])))]
        unknown = [k for k in range(dim + 1) if k not in fixed]
        if not unknown:
            return point, 0.0  # the ray of a line is 1 or -1
        planes = [self.plane(identity) for identity in tight if identity]
        rows, errors = np.array([row for row, _ in planes]), np.array([error for _, error in planes])
        matrix = rows[:, unknown]
        inverse = _inverse(matrix)
        if inverse is None:
            return point, math.inf
        point = point.copy()
        point[unknown] -= in_order(inverse * in_order(rows * point, axis=1), axis=1)
        residual = np.abs(in_order(rows * point, axis=1))
        rounding = (dim + 4) * UNIT_ROUNDOFF * in_order(np.abs(rows * point), axis=1)
        residual = (residual + rounding + errors * in_order(np.abs(point))) * SLACK + TINY
        contraction = _contraction(matrix, inverse, errors)
        error = in_order(np.abs(inverse) * residual, axis=1).max()
        if not contraction < 0.5:
            return point, math.inf
        return point, float(error * SLACK / (1 - contraction * SLACK) + TINY)


def _edges(tight: _Tight) -> Iterator[_Tight]:
    return (tight[:k] + tight[k + 1 :] for k in range(len(tight)))


def _from_integers(integers: _Whole) -> tuple[Floats, float]:
    whole = np.array(integers, np.float64)
    point = whole / (whole[0] or np.abs(whole).max())
    return point, float(4 * UNIT_ROUNDOFF * np.abs(point).max() + TINY)


def _inverse(matrix: Floats) -> Floats | None:
    """Invert a matrix approximately; None if it is seen to be singular."""
    if len(matrix) > 2:
        return _eliminated(matrix.tolist())
    if len(matrix) == 1:
        return None if matrix[0, 0] == 0 else 1 / matrix
    (a, b), (c, d) = matrix
    determinant = a * d - b * c
    return None if determinant == 0 else np.array([[d, -b], [-c, a]]) * (1 / determinant)


def _eliminated(rows: list[list[float]]) -> Floats | None:
    """Invert a matrix by Gauss-Jordan elimination with partial pivoting; None if a pivot is 0."""
    size = len(rows)
    both = [[*row, *(float(i == k) for k in range(size))] for i, row in enumerate(rows)]
    for k in range(size):
        pivot = k
        for i in range(k + 1, size):
            pivot = i if abs(both[i][k]) > abs(both[pivot][k]) else pivot
        if both[pivot][k] == 0:
            return None
        both[k], both[pivot] = both[pivot], both[k]
        factor = 1 / both[k][k]
        top = both[k] = [entry * factor for entry in both[k]]
        for i, row in enumerate(both):
            if i != k and row[k] != 0:
                factor = row[k]
                both[i] = [entry - factor * other for entry, other in zip(row, top, strict=True)]
    return np.array([row[size:] for row in both])


def _contraction(matrix: Floats, inverse: Floats, errors: Floats) -> float:
    """Return a bound on |I - B M| in the maximum norm, for the exact matrix M and the approximate inverse B."""
    size = len(matrix)
    terms = inverse[:, :, None] * matrix  # [row of B, index that is summed, column of M]
    start = np.eye(size)[:, None]
    defect = np.abs(in_order(np.concatenate([-start, terms], axis=1), axis=1))
    rounding = (size + 3) * UNIT_ROUNDOFF * in_order(np.concatenate([start, np.abs(terms)], axis=1), axis=1)
    # for each column: the errors of the rows, one by one, then the defect with its rounding error
    of_rows = np.broadcast_to((np.abs(inverse) * errors)[:, None], (size, size, size))
    summands = np.concatenate([of_rows, (defect + rounding)[:, :, None]], axis=2)
    return float(in_order(summands.reshape(size, -1), axis=1).max())
