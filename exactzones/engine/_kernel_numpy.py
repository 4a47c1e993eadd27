"""The forward engine's inner loop in NumPy, for reading, as an oracle for ``_kernel.c``, and where there is no C compiler.

The algorithm, the error bounds and the order of the output are those of ``_kernel.c``; see there and proofs/filter.md.  Only
pruning is left out (``behind`` is not looked at): cells on which the target cannot fire come out too, as "not decided".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exactzones.engine.frontier import OFF, ON, OPEN, Floats, Ids, Integers, States

_UNIT = 2.0**-53
_TINY = 1e-290  # stands for everything that may underflow
_SLACK = 1 + 1e-9  # covers the rounding of the bounds themselves
_SMALL_INT = 1 << 40  # integer rows up to this are worth the exact integer path
_LARGE_INT = 1 << 62
_ZERO, _POSITIVE, _NEGATIVE, _UNDECIDED = 0, 1, 2, 4
_NO_VERDICT = 2

Signs = Callable[[int, bytes], bytes]
_Tight = tuple[int, ...]
_Whole = tuple[int, ...]


@dataclass
class _Parent:
    """One cell of the frontier while a layer cuts it: its rows, and the pool of all generators met so far.

    Attributes:
        index: which cell of the frontier.
        base: id of the layer's first neuron.
        rows: (d + 1, n) rows of the layer; neuron j's entries are off by at most ``row_error[j]``.
        scale: ``rows * scale`` are integers, exactly, unless it is 0.
        earlier: id -> (row, error) of the hyperplanes that do not belong to this layer.
        same: (n,) neurons whose rows are multiples of each other have the same number here.
        signs: the caller's exact signs of all neurons at a generator.
    """

    index: int
    base: int
    rows: Floats
    row_error: Floats
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
        self.sums = np.abs(self.rows).sum(axis=0) * _SLACK

    def add(self, tight: _Tight, point: Floats, error: float, integers: _Whole | None) -> int:
        """Put a generator into the pool."""
        self.points.append(point)
        self.errors.append(error)
        self.integers.append(integers)
        self.tight.append(tight)
        self.known[tight] = len(self.points) - 1
        bound = self.bounds(len(self.points) - 1)
        values = self.values(point)
        flags = np.full(len(values), _UNDECIDED, np.uint8)  # a value or bound that is NaN or infinite decides nothing
        finite = np.isfinite(values)  # a sum that overflows on the way may have any sign
        flags[finite & (values > bound)] = _POSITIVE
        flags[finite & (values < -bound)] = _NEGATIVE
        self.flags.append(flags)
        return len(self.points) - 1

    def values(self, point: Floats) -> Floats:
        total: Floats = self.rows[0] * point[0]
        for row, coordinate in zip(self.rows[1:], point[1:], strict=True):
            total = total + row * coordinate
        return total

    def bounds(self, v: int) -> Floats:
        """Return how far each neuron's value at a generator may be off."""
        sizes, error = np.abs(self.points[v]), self.errors[v]
        dim = len(sizes) - 1
        reach = ((dim + 4) * _UNIT * sizes.max() + error) * _SLACK
        bound: Floats = self.sums * reach + self.row_error * _SLACK * ((sizes.sum() + dim * error) * _SLACK) + _TINY
        return bound

    def plane(self, identity: int) -> tuple[Floats, float]:
        """Return a hyperplane's row and the error of its entries."""
        j = identity - self.base
        if 0 <= j < self.rows.shape[1]:
            return self.rows[:, j], float(self.row_error[j]) * _SLACK
        return self.earlier[identity]

    def integer_value(self, v: int, j: int) -> int | None:
        """Return a positive multiple of neuron j's exact value at a generator, where integers are at hand and small."""
        integers = self.integers[v]
        if integers is None or not self.scale:
            return None
        scaled = self.rows[:, j] * self.scale
        if not np.abs(scaled).max() <= _SMALL_INT:
            return None
        return sum(int(entry) * z for entry, z in zip(scaled.tolist(), integers, strict=True))

    def resolve(self, v: int, j: int) -> None:
        """Decide a sign exactly."""
        self.counts["undecided"] += 1
        tight = (identity - self.base for identity in self.tight[v])
        if any(0 <= k < len(self.same) and self.same[k] == self.same[j] for k in tight):  # a multiple of a tight row
            self.flags[v][j] = _ZERO
            return
        value = self.integer_value(v, j)
        if value is None:
            self.counts["exact"] += 1
            signs = self.signs(self.index, np.array(self.tight[v], np.int32).tobytes())
            flags = self.flags[v]
            flags[:] = np.where(flags == _UNDECIDED, np.frombuffer(signs, np.uint8), flags)
            return
        self.flags[v][j] = _POSITIVE if value > 0 else _NEGATIVE if value < 0 else _ZERO

    def classify(self, cell: list[int], state: States) -> int | None:
        """Settle the neurons that no longer cross a cell; return the first that does."""
        seen = np.bitwise_or.reduce([self.flags[v] for v in cell])
        still_open = state == OPEN
        for j in np.flatnonzero(still_open & ((seen & _UNDECIDED) > 0)).tolist():
            for v in cell:
                if self.flags[v][j] == _UNDECIDED:
                    self.resolve(v, j)
            seen[j] = np.bitwise_or.reduce([self.flags[v][j] for v in cell])
        crossing = seen == (_POSITIVE | _NEGATIVE)
        settled = still_open & ~crossing
        state[settled] = np.where(seen[settled] == _POSITIVE, ON, OFF)
        first = np.flatnonzero(still_open & crossing)
        return int(first[0]) if len(first) else None

    def split(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """Cut a cell in two; where the neuron is zero it counts as positive."""
        return self._split_plane(cell, j) if len(self.tight[cell[0]]) == 2 else self._split_general(cell, j)

    def _split_plane(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """In the plane generators are kept in cyclic order, and a cut meets two edges between neighbours."""
        above: list[int] = []
        below: list[int] = []
        for v, following in zip(cell, [*cell[1:], cell[0]], strict=True):
            is_below, next_below = self.flags[v][j] == _NEGATIVE, self.flags[following][j] == _NEGATIVE
            (below if is_below else above).append(v)
            if is_below != next_below:
                p, q = (following, v) if is_below else (v, following)
                (drop,) = (k for k, identity in enumerate(self.tight[p]) if identity not in self.tight[q])
                fresh = self.crossing(p, drop, q, j)
                above.append(fresh)
                below.append(fresh)
        return above, below

    def _split_general(self, cell: list[int], j: int) -> tuple[list[int], list[int]]:
        """In general, edges are found by each generator's tight set without one of its hyperplanes."""
        above = [v for v in cell if self.flags[v][j] != _NEGATIVE]
        below = [v for v in cell if self.flags[v][j] == _NEGATIVE]
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
        if self.flags[p][j] == _ZERO:  # the edge is left where it begins: the same generator, with another tight set
            v = self.add(tight, self.points[p], self.errors[p], self.integers[p])
            self.flags[v] = self.flags[p].copy()
            return v
        integers = self._integer_crossing(p, q, j)
        if integers is not None:
            point, error = _from_integers(integers)
        else:
            point, error = self._float_crossing(p, q, j, tight)
        return self.add(tight, point, error, integers)

    def _integer_crossing(self, p: int, q: int, j: int) -> _Whole | None:
        up, down = self.integer_value(p, j), self.integer_value(q, j)
        P, Q = self.integers[p], self.integers[q]  # noqa: N806 - as in _kernel.c
        if up is None or down is None or P is None or Q is None:
            return None
        common = math.gcd(up, down)
        up, down = up // common, -down // common
        if max(up, down) >= _LARGE_INT:
            return None
        sums = [down * a + up * b for a, b in zip(P, Q, strict=True)]
        divisor = math.gcd(*sums)
        found = tuple(entry // divisor for entry in sums)
        return found if max(map(abs, found)) < _LARGE_INT else None

    def _float_crossing(self, p: int, q: int, j: int, tight: _Tight) -> tuple[Floats, float]:
        P, Q = self.points[p], self.points[q]  # noqa: N806 - as in _kernel.c
        up = self.values(P)[j] if self.flags[p][j] == _POSITIVE else 0.0
        down = -self.values(Q)[j]
        up = up if up >= 0 else 0.0
        down = down if down > 0 else float(np.finfo(float).tiny)
        point: Floats = down * P + up * Q
        if tight[0]:
            point = point / point[0]
            point[0] = 1
            return self.solve(tight, point)
        # -X would solve the same equations: the sign of the largest entry must be certain.
        largest = np.abs(point[1:]).max()
        doubt = _TINY
        for value, of_value, other in ((down, q, p), (up, p, q)):
            error, length = self.errors[other], np.abs(self.points[other]).max()
            doubt += 2 * ((self.bounds(of_value)[j] + 4 * _UNIT * value) * (length + error) + value * error)
        point[0] = 0
        point[1:] /= largest
        point, error = self.solve(tight, point)
        return point, error if largest > doubt else math.inf

    def solve(self, tight: _Tight, point: Floats) -> tuple[Floats, float]:
        """Improve a generator to the point where its d hyperplanes meet, and bound how far off it is by the residual."""
        self.counts["solved"] += 1
        dim = len(tight)
        fixed = [0] if tight[0] else [0, 1 + int(np.argmax(np.abs(point[1:])))]
        unknown = [k for k in range(dim + 1) if k not in fixed]
        if not unknown:
            return point, 0.0  # the ray of a line is 1 or -1
        planes = [self.plane(identity) for identity in tight if identity]
        rows, errors = np.array([row for row, _ in planes]), np.array([error for _, error in planes])
        matrix = rows[:, unknown]
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return point, math.inf
        point = point.copy()
        point[unknown] -= inverse @ (rows @ point)
        sizes = np.abs(point)
        residual = (np.abs(rows @ point) + (dim + 4) * _UNIT * (np.abs(rows) @ sizes) + errors * sizes.sum()) * _SLACK + _TINY
        identity = np.eye(len(unknown))
        size = identity + np.abs(inverse) @ np.abs(matrix)
        defect = np.abs(inverse @ matrix - identity) + (len(unknown) + 3) * _UNIT * size
        contraction = (defect.sum(axis=1) + len(unknown) * (np.abs(inverse) @ errors)).max()
        error = (np.abs(inverse) @ residual).max()
        if not contraction < 0.5:
            return point, math.inf
        return point, float(error * _SLACK / (1 - contraction * _SLACK) + _TINY)


def _edges(tight: _Tight) -> Iterator[_Tight]:
    return (tight[:k] + tight[k + 1 :] for k in range(len(tight)))


def _from_integers(integers: _Whole) -> tuple[Floats, float]:
    whole = np.array(integers, np.float64)
    point = whole / (whole[0] or np.abs(whole).max())
    return point, float(4 * _UNIT * np.abs(point).max() + _TINY)


@dataclass
class _Output:
    """Cells that come out of a call, one after the other; of leaves what names their generators, no numbers."""

    leaves: bool
    parent: list[int] = field(default_factory=list)
    state: list[States] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    integers: list[_Whole] = field(default_factory=list)
    has_integers: list[bool] = field(default_factory=list)
    tight: list[_Tight] = field(default_factory=list)
    hcount: list[int] = field(default_factory=list)
    hid: list[int] = field(default_factory=list)
    hrow: list[Floats] = field(default_factory=list)
    herr: list[float] = field(default_factory=list)

    def emit(self, pool: _Parent, cell: list[int], state: States) -> None:
        self.parent.append(pool.index)
        self.state.append(state.copy())
        self.count.append(len(cell))
        self.tight += [pool.tight[v] for v in cell]
        if self.leaves:
            self.hcount.append(0)
            return
        for v in cell:
            integers = pool.integers[v]
            self.points.append(pool.points[v])
            self.errors.append(pool.errors[v])
            self.integers.append(integers or (0,) * len(pool.points[v]))
            self.has_integers.append(integers is not None)
        planes = dict.fromkeys(identity for v in cell for identity in pool.tight[v] if identity)
        self.hcount.append(len(planes))
        for identity in planes:
            row, error = pool.plane(identity)
            self.hid.append(identity)
            self.hrow.append(row)
            self.herr.append(error)

    def as_bytes(self) -> dict[str, bytes]:
        written: dict[str, np.ndarray[Any, Any]] = {
            "parent": np.array(self.parent, np.int64),
            "state": np.array(self.state, np.uint8),
            "fires": np.full(len(self.parent), _NO_VERDICT, np.uint8),
            "count": np.array(self.count, np.int64),
            "X": np.array(self.points, np.float64),
            "E": np.array(self.errors, np.float64),
            "Z": np.array(self.integers, np.int64),
            "zok": np.array(self.has_integers, np.uint8),
            "T": np.array(self.tight, np.int32),
            "hcount": np.array(self.hcount, np.int64),
            "hid": np.array(self.hid, np.int32),
            "hrow": np.array(self.hrow, np.float64),
            "herr": np.array(self.herr, np.float64),
        }
        return {name: array.tobytes() for name, array in written.items()}


@np.errstate(all="ignore")  # what is infinite or not a number decides nothing
def cut(
    dim: int,
    units: int,
    base: int,
    ids: int,
    parents: int,
    limit: int,
    keep_above: bool,
    scale: float,
    ptr: Integers,
    points: Floats,
    error: Floats,
    integers: Integers,
    has_integers: States,
    tight: Ids,
    hptr: Integers,
    hid: Ids,
    hrow: Floats,
    herr: Floats,
    rows: Floats,
    factor: Floats,
    row_sums: Floats,
    same: Ids,
    states: States,
    signs: Signs,
    behind: object = None,
    leaves: bool = False,
) -> dict[str, Any]:
    """Cut cells by the neurons of one layer, depth first: see ``arrangement.Arrangement._cut``."""
    del dim, units, ids, behind
    finished, rest = _Output(leaves), _Output(leaves=False)
    counts = {"cuts": 0, "bounds": 0, "dropped": 0, "undecided": 0, "exact": 0, "solved": 0}
    taken = 0
    while taken < parents and len(finished.parent) < limit:
        planes = range(hptr[taken], hptr[taken + 1])
        earlier = {int(hid[k]): (hrow[k], float(herr[k])) for k in planes}
        exact = scale if factor[taken] == 0 else 0.0
        pool = _Parent(taken, base, rows[taken], row_sums * factor[taken], exact, earlier, same, signs, counts)
        for v in range(ptr[taken], ptr[taken + 1]):
            whole = tuple(integers[v].tolist()) if has_integers[v] else None
            pool.add(tuple(tight[v].tolist()), points[v], float(error[v]), whole)
        stack = [(list(range(len(pool.points))), states[taken].copy())]
        while stack and len(finished.parent) < limit:
            cell, state = stack.pop()
            j = pool.classify(cell, state)
            if keep_above and (state == OFF).any():
                continue
            if j is None:
                finished.emit(pool, cell, state)
                continue
            counts["cuts"] += 1
            above, below = pool.split(cell, j)
            on, off = state.copy(), state.copy()
            on[j], off[j] = ON, OFF
            stack += [(above, on)] if keep_above else [(below, off), (above, on)]
        for cell, state in reversed(stack):  # the rest of this parent comes out unfinished, in the order of visits
            rest.emit(pool, cell, state)
        taken += 1
    return {**counts, "parents": taken, "finished": finished.as_bytes(), "rest": rest.as_bytes()}


def expand(_count: int, _width: int, _units: int, rows: Floats, parents: Integers, state: States, out: Floats) -> None:
    """Set up the rows of a layer's activations, the constant one last."""
    out[:, :, :-1] = np.where(state[:, None, :] == ON, rows[parents], 0)
    out[:, :, -1] = 0
    out[:, 0, -1] = 1
