"""Search for a point at which a property holds.  Floats guess, exact evaluation decides.

In order of cost: the centre, corners and random points of the domain; ascent of the worst condition from many points at once,
along the signs of its gradient; and, with few inputs, an exact linear program in the cell of the network around a promising
point, which finds what only holds in a set too thin for floats.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from exactzones.affine import AffineMap
from exactzones.certification.witness.float_network import FloatNetwork, Floats, Slacks, float_vector
from exactzones.certification.witness.region import Region, contains
from exactzones.errors import DimensionError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import HRep, Infeasible, Polyhedron, lp
from exactzones.property import Property
from exactzones.rational import Row, Vector, integer_dot, integer_row

_STEPS = 40
_STRIDES = (0.02, 0.5)  # of the width of the domain, in the first step: each point has its own
_FINE_STRIDES = (1e-5, 0.1)
_LEAKS = (0.0, 0.0, 0.0, 0.1, 0.3, 1.0)
_DECAY = 0.93
_FURTHER = 8  # steps after a point was found: more slack allows shorter numbers
_MOST_LP_INPUTS = 12
_MOST_LP_UNITS = 1000
_DIGITS = (0, 1, 2, 3, 4, 6, 9, 12)


def find_witness(network: Network, prop: Property, domain: Polyhedron, *, seconds: float, seed: int = 0) -> Vector | None:
    """Search a domain for a point at which a property holds exactly.

    Args:
        network: the network.
        prop: the property; strict conditions count strictly.
        domain: any polyhedron: unbounded, flat, with strict rows.
        seconds: how long to search; one step more may follow.
        seed: another one tries other points.

    Returns:
        A point of the domain with ``network.satisfies(point, prop)``, or None: that decides nothing, there may be one.

    Raises:
        DimensionError: the domain does not lie in the network's input space.
        FeatureError: a layer or unit that the network does not have.

    >>> from exactzones.property import feature
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> find_witness(net, feature(0), Polyhedron.box(-3, 0, dim=1), seconds=1)
    (Fraction(-3, 1),)
    """
    deadline = time.monotonic() + seconds
    if domain.ambient_dim != network.inputs:
        raise DimensionError("space of the domain", expected=network.inputs, got=domain.ambient_dim, size="dimension")
    resolved = prop.resolve(network.widths)
    region = Region.of(domain)
    if region is None:
        return None
    if region.dim == 0:
        candidates = iter([region.embed(())])
    else:
        seen = network if region.embedding is None else network.compose(region.embedding)
        candidates = (region.embed(point) for point in _Search(seen, resolved, region, deadline, seed).candidates())
    for point in candidates:
        if network.satisfies(point, resolved) and contains(domain.hrep, point):
            return point
    return None


class _Search:
    """Proposes points in the coordinates of a region, of dimension at least one."""

    def __init__(self, network: Network, prop: Property, region: Region, deadline: float, seed: int) -> None:
        self._network = network
        self._prop = prop
        self._region = region
        self._deadline = deadline
        self._rng = np.random.default_rng(seed)
        self._slacks = Slacks(FloatNetwork.of(network), prop)
        # So that the worst of several conditions does not depend on how each is scaled.
        sizes = [max((abs(entry) for _, entry in condition.terms), default=Fraction(1)) for condition in prop.conditions]
        self._sizes = float_vector(sizes)
        self._tried: set[Pattern] = set()
        self._lp_seconds = 0.0
        self._hopeless = False

    def candidates(self) -> Iterator[Vector]:
        """Yield points of the region until time is up, or until it is known that there is none."""
        start = time.monotonic() - 0.1  # the first cells may always be tried
        rng, region = self._rng, self._region
        weights = sum(layer.inputs * layer.outputs for layer in self._network.layers)
        count = min(300, max(32, 4_000_000 // weights))
        bounded = bool(np.isfinite(region.high - region.low).all())
        points = np.vstack([region.corners(rng, count), region.sample(rng, self._scales(3 * count, bounded, 0))])
        worst = self._worst(self._slacks.values(self._slacks.trace(points)))
        yield from self._promising(points, worst)
        best = points[np.argsort(-worst)[: count // 4]]
        rounds = 0
        while not self._hopeless:
            yield from self._cells(best[: 3 if self._lp_seconds < (time.monotonic() - start) / 4 else 0])
            if self._hopeless or time.monotonic() > self._deadline:
                return
            scales = self._scales(count, bounded, rounds)
            if rounds % 2:
                points, worst = self._ascend(best[rng.integers(0, len(best), count)], scales, _FINE_STRIDES)
            else:
                points = region.sample(rng, scales)
                if rounds == 0:
                    points[: len(best)] = best
                points, worst = self._ascend(points, scales, _STRIDES)
            yield from self._promising(points, worst)
            best = points[np.argsort(-worst)[: count // 4]]
            rounds += 1

    def _scales(self, count: int, bounded: bool, rounds: int) -> Floats:
        """How far to go where there is no bound: mostly not far, now and then very far."""
        if bounded:
            return np.ones((count, 1))
        reach = 2 + 2 * (rounds % 5)
        scales: Floats = 10 ** self._rng.uniform(-1, reach, (count, 1))
        return scales

    def _worst(self, values: Floats) -> Floats:
        worst: Floats = (values / self._sizes).min(axis=1, initial=np.inf)
        return worst

    def _ascend(self, points: Floats, scales: Floats, strides: tuple[float, float]) -> tuple[Floats, Floats]:
        """Raise the worst condition of each point, and return the best points met with that condition's slack.

        Args:
            points: shape (points, dim).
            scales: how far to go where there is no bound.
            strides: the smallest and the largest first step; with fine ones each step starts at the best point so far.
        """
        rng, region, slacks = self._rng, self._region, self._slacks
        stride = np.exp(rng.uniform(np.log(strides[0]), np.log(strides[1]), (len(points), 1)))
        # Some points move in few coordinates at a time: the worst condition changes from step to step.
        share = rng.choice([0.3, 0.6, 1.0], (len(points), 1))
        # Where units are off no gradient shows the way to a point at which they are on; some points pretend that they are.
        leak = rng.choice(_LEAKS, (len(points), 1)) if strides is _STRIDES else np.zeros((len(points), 1))
        best, highest = points, np.full(len(points), -np.inf)
        left = _STEPS
        while True:
            trace = slacks.trace(points)
            values = slacks.values(trace)
            worst = self._worst(values)
            best = np.where((worst > highest)[:, None], points, best)
            highest = np.maximum(worst, highest)
            if highest.max() > 0:
                left = min(left, _FURTHER)
            if left == 0 or time.monotonic() > self._deadline:
                return best, highest
            weights = np.zeros_like(values)
            if len(self._sizes):
                weights[np.arange(len(points)), (values / self._sizes).argmin(axis=1)] = 1.0
            signs = np.sign(slacks.gradients(trace, weights, leak))
            lost = ~signs.any(axis=1)
            signs[lost] = rng.integers(-1, 2, (int(lost.sum()), region.dim))
            steps = stride * signs * (rng.random(points.shape) < share) * rng.random((len(points), 1))
            start = best if strides is _FINE_STRIDES else points
            points = region.fit(start + steps * region.spans(start, scales))
            stride, leak = stride * _DECAY, leak * _DECAY
            left -= 1

    def _promising(self, points: Floats, worst: Floats) -> Iterator[Vector]:
        """Yield exact points next to those at which floats say that the property holds, or nearly."""
        for k in np.argsort(-worst, kind="stable")[:3]:
            if worst[k] > -1e-9:
                yield from self._rounded(tuple(map(Fraction, points[k].tolist())))

    def _rounded(self, point: Vector) -> Iterator[Vector]:
        """Yield points of the region close to a point: with few digits first, at last the point itself."""
        large = max(abs(entry) for entry in point)
        digits = [-k for k in (6, 4, 2, 1) if 10**k < large] + list(_DIGITS)
        short = [self._region.exact([round(entry, k) for entry in point]) for k in digits]
        values = self._worst(self._slacks.values(self._slacks.trace(np.array([list(map(float, p)) for p in short]))))
        yield from [candidate for candidate, value in zip(short, values, strict=True) if value > 0][:3]
        yield self._region.exact(point)

    def _cells(self, points: Floats) -> Iterator[Vector]:
        """Solve the property exactly in the cells of the network around points."""
        units = sum(len(layer.relu_units) for layer in self._network.layers[: self._prop.horizon])
        if self._region.dim > _MOST_LP_INPUTS or units > _MOST_LP_UNITS:
            return
        for point in points:
            if time.monotonic() > self._deadline:
                return
            start = time.monotonic()
            inside = self._region.exact(tuple(map(Fraction, point.tolist())))
            pattern = self._network.pattern(inside, self._prop.horizon)
            if pattern in self._tried:
                continue
            self._tried.add(pattern)
            found = self._solve(*self._cell(pattern))
            self._lp_seconds += time.monotonic() - start
            if found is not None:
                yield from self._rounded(found)
                yield found
            elif not pattern:
                self._hopeless = True  # the whole region is one cell

    def _solve(self, cell: list[Row], wanted: HRep) -> Vector | None:
        """Return a point of a system at which the rows of a cell are not negative, or None if there is none.

        Few of the rows matter, so they are added where they are violated.
        """
        chosen: list[Row] = []
        while True:
            found = lp.feasibility(wanted.intersect(HRep.of(wanted.ambient_dim, chosen)))
            if isinstance(found, Infeasible):
                return None
            lifted = integer_row((Fraction(1), *found))
            values = [
                (Fraction(integer_dot(row, lifted), max(map(abs, row))), row) for row in cell if integer_dot(row, lifted) < 0
            ]
            if not values:
                return found
            chosen += [row for _, row in sorted(values)[:4]]

    def _cell(self, pattern: Pattern) -> tuple[list[Row], HRep]:
        """Return the rows of the cell with a pattern, and where in the region the property holds as it reads there."""
        prop, network = self._prop, self._network
        maps = network.regime_maps(pattern, prop.horizon)
        signs = iter(pattern)
        layers = network.layers[: prop.horizon]
        kept = [layer.kept(next(signs) if layer.relu_units else "") for layer in layers]
        lifted = [mapping.augmented().rows for mapping in maps]
        wanted: dict[bool, list[Row]] = {False: [], True: []}
        for condition in prop.conditions:
            total = [condition.constant, *(Fraction(0),) * self._region.dim]
            for unit, coefficient in condition.terms:
                if not condition.after_relu or kept[condition.layer][unit]:
                    total = [t + coefficient * entry for t, entry in zip(total, lifted[condition.layer][unit], strict=True)]
            wanted[condition.strict].append(integer_row(total))
        return cell_rows(network, pattern, maps[: prop.horizon]), HRep.of(
            self._region.dim, wanted[False], strict=wanted[True]
        ).intersect(self._region.system)


def cell_rows(network: Network, pattern: Pattern, maps: Sequence[AffineMap]) -> list[Row]:
    """Return the rows that a pattern asks for, one for each ReLU unit of the layers that the maps lead to."""
    signed = zip(network.neuron_rows(maps), "".join(pattern), strict=True)
    return [row if sign == "+" else tuple(-entry for entry in row) for (_, _, row), sign in signed]
