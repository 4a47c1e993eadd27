"""Search for a point at which a property holds: floats guess, exact evaluation decides.

In order of cost: the centre, corners and random points of the domain; ascent of the worst condition from many points at once,
along the signs of its gradient; and, for few inputs, an exact linear program in the cell of the network around a promising point,
which finds points of sets that are too thin for floats.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from exactzones.affine import AffineMap
from exactzones.certification.limits import WITNESS_CELL_INPUTS, WITNESS_CELL_UNITS
from exactzones.certification.witness.float_map import Places
from exactzones.certification.witness.float_network import FloatNetwork, Slacks
from exactzones.certification.witness.search_domain import SearchDomain, contains
from exactzones.deadline import Deadline
from exactzones.errors import DimensionError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import HRep, Infeasible, Polyhedron, lp
from exactzones.property import Property
from exactzones.rational import Row, Vector, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector
from exactzones.zone_parts import condition_on

_POINTS = 100  # of a swarm
_FEWEST = 32
_QUICK = 0.02  # seconds in which a swarm of the usual size is evaluated
_STEPS = 40
_STRIDES = (0.02, 0.5)  # the range of first steps relative to the width of the domain; each point has its own
_FINE_STRIDES = (1e-5, 0.1)
_LEAKS = (0.0, 0.0, 0.0, 0.1, 0.3, 1.0)
_DECAY = 0.93
_FURTHER = 8  # steps after a point is found: more slack allows shorter numbers
_TRIED = 3  # points of a round that are evaluated exactly
_CELLS = 3  # and whose cells are solved
_CELL_SECONDS = 0.1  # so that the first cells may always be tried
_DIGITS = (0, 1, 2, 3, 4, 6, 9, 12)  # decimal places to which points are rounded, in the order in which they are tried


def find_witness(network: Network, prop: Property, domain: Polyhedron, *, seconds: float, seed: int = 0) -> Vector | None:
    """Search a domain for a point at which a property holds exactly.

    Args:
        network: the network.
        prop: the property; strict conditions count strictly.
        domain: any polyhedron; it may be unbounded, flat, or have strict rows.
        seconds: how long to search; one further step may follow.
        seed: another seed tries other points.

    Returns:
        A point of the domain with ``network.satisfies(point, prop)``; None if none was found, which does not show that none
        exists.

    Raises:
        DimensionError: the domain does not lie in the network's input space.
        FeatureError: the property names a layer or unit that the network does not have.

    >>> from exactzones.property import feature
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> find_witness(net, feature(0), Polyhedron.box(-3, 0, dim=1), seconds=1)
    (Fraction(-3, 1),)
    """
    found = WitnessFinder(network, domain).find([prop], Effort(Deadline(seconds), seed=seed))
    return None if found is None else found[1]


class WitnessFinder:
    """Searches a domain for points at which properties of a network hold; prepares both once for many properties.

    Args:
        network: the network.
        domain: any polyhedron.
        floats: the network in floats, if it is at hand.

    Raises:
        DimensionError: the domain does not lie in the network's input space.
    """

    def __init__(self, network: Network, domain: Polyhedron, floats: FloatNetwork | None = None) -> None:
        if domain.ambient_dim != network.inputs:
            raise DimensionError("space of the domain", expected=network.inputs, got=domain.ambient_dim, size="dimension")
        self._network, self._domain, self._floats = network, domain, floats

    @cached_property
    def _prepared(self) -> tuple[SearchDomain, Network, FloatNetwork] | None:
        """The domain in coordinates of its affine hull, and the network as a function of these coordinates."""
        domain = SearchDomain.of(self._domain)
        if domain is None:
            return None
        if domain.embedding is None or domain.dim == 0:
            return domain, self._network, self._floats or FloatNetwork.of(self._network)
        network = self._network.compose(domain.embedding)
        return domain, network, FloatNetwork.of(network, np.float64 if self._floats is None else self._floats.dtype)

    def find(self, props: Sequence[Property], effort: Effort) -> tuple[int, Vector] | None:
        """Search for a point at which one of several properties holds; returns which one, and the point; see ``find_witness``."""
        resolved = [prop.resolve(self._network.widths) for prop in props]
        if self._prepared is None:
            return None
        domain, network, floats = self._prepared
        if domain.dim == 0:
            candidates = ((k, domain.embed(())) for k in range(len(props)))
        else:
            search = _Ascent(network, floats, resolved, domain, effort)
            candidates = ((k, domain.embed(point)) for k, point in search.candidates())
        for k, point in candidates:
            if self._network.satisfies(point, resolved[k]) and contains(self._domain, point):
                return k, point
        return None


class _Swarm(NamedTuple):
    """Points of a search.

    Attributes:
        points: shape (points, dim).
        aims: the number of the property that each point aims at, shape (points,).
        slacks: the least slack of that property there, shape (points,).
    """

    points: Floats
    aims: Places
    slacks: Floats

    def take(self, chosen: Places) -> _Swarm:
        """Return these points."""
        return _Swarm(self.points[chosen], self.aims[chosen], self.slacks[chosen])


class Effort(NamedTuple):
    """How long to search.

    Attributes:
        deadline: when to end; one further step may follow.
        rounds: of ascent that are made even if ``seconds`` have passed.
        seconds: after which no further round begins.
        seed: another seed tries other points.
    """

    deadline: Deadline
    rounds: int = 0
    seconds: float = math.inf
    seed: int = 0


class _Ascent:
    """Proposes points at which one of several properties may hold, in the coordinates of a domain of dimension at least one.

    Each point aims at one property; points share the evaluation of all.

    Args:
        network: the network as a function of these coordinates.
        floats: the same in floats.
        props: the properties, their layers counted from 0.
        domain: the domain.
        effort: how long to search.
    """

    def __init__(
        self, network: Network, floats: FloatNetwork, props: Sequence[Property], domain: SearchDomain, effort: Effort
    ) -> None:
        self._network, self._props, self._domain, self._effort = network, props, domain, effort
        self._rng = np.random.default_rng(effort.seed)
        conditions = [condition for prop in props for condition in prop.conditions]
        self._slacks = Slacks(floats, Property(tuple(conditions)))
        ends = np.cumsum([0, *(len(prop.conditions) for prop in props)]).tolist()
        self._parts = [slice(*pair) for pair in pairwise(ends)]  # the conditions of each property
        # Slacks are divided by these sizes, so that which condition is worst does not depend on their scales.
        sizes = [max((abs(entry) for _, entry in condition.terms), default=Fraction(1)) for condition in conditions]
        self._sizes = float_vector(sizes, clipped_float)
        self._tried: set[tuple[int, Pattern]] = set()
        self._lp_seconds = 0.0
        self._hopeless: set[int] = set()

    def candidates(self) -> Iterator[tuple[int, Vector]]:
        """Yield properties and points of the domain until time is up, or until no witness can exist."""
        start = time.monotonic()
        rng, domain, effort = self._rng, self._domain, self._effort
        weights = sum(layer.inputs * layer.outputs for layer in self._network.layers)
        count = min(_POINTS, max(_FEWEST, 4_000_000 // weights))
        if effort.seconds < _QUICK and not effort.rounds:  # one of many domains
            count = max(1, int(count * effort.seconds / _QUICK))
        bounded = bool(np.isfinite(domain.high - domain.low).all())
        drawn = np.vstack([domain.corners(rng, 3 * count), domain.sample(rng, self._scales(9 * count, bounded, 0))])
        swarm = self._best(drawn, self._least(self._values(self._slacks.trace(drawn))))
        rounds = 0
        while True:
            yield from self._promising(swarm)
            best = swarm.take(np.argsort(-swarm.slacks)[: max(1, count // 4)])
            late = time.monotonic() > start + effort.seconds and rounds >= effort.rounds
            if late or effort.deadline.passed:
                return
            if rounds:  # cells cost more than a first ascent
                lp_share = (time.monotonic() - start + _CELL_SECONDS) / 4
                yield from self._cells(best, _CELLS if self._lp_seconds < lp_share else 0)
            if len(self._hopeless) == len(self._props):
                return
            scales = self._scales(count, bounded, rounds)
            if rounds % 2:
                swarm = self._ascend(best.take(rng.integers(0, len(best.points), count)), scales, _FINE_STRIDES)
            else:
                points, aims = domain.sample(rng, scales), np.arange(count) % len(self._props)
                if rounds == 0:
                    points[: len(best.points)], aims[: len(best.points)] = best.points, best.aims
                swarm = self._ascend(_Swarm(points, aims, np.full(count, -np.inf)), scales, _STRIDES)
            rounds += 1

    def _scales(self, count: int, bounded: bool, rounds: int) -> Floats:
        """Return how far to go in unbounded coordinates: usually not far, occasionally very far."""
        if bounded:
            return np.ones((count, 1))
        reach = 2 + 2 * (rounds % 5)
        scales: Floats = 10 ** self._rng.uniform(-1, reach, (count, 1))
        return scales

    def _values(self, trace: Sequence[Floats]) -> Floats:
        """Return the slacks of all conditions in proportion to their sizes, shape (points, conditions)."""
        return self._slacks.values(trace) / self._sizes

    def _least(self, values: Floats) -> Floats:
        """Return the least slack of each property at each point, shape (points, properties)."""
        return np.stack([values[:, part].min(axis=1, initial=np.inf) for part in self._parts], axis=1)

    @staticmethod
    def _best(points: Floats, least: Floats) -> _Swarm:
        """Return points that aim at the property of the largest least slack."""
        return _Swarm(points, least.argmax(axis=1), least.max(axis=1))

    def _ascend(self, swarm: _Swarm, scales: Floats, strides: tuple[float, float]) -> _Swarm:
        """Raise the worst condition of the aim at each point; returns the best points met.

        Args:
            swarm: where to start.
            scales: how far to go in unbounded coordinates, shape (points, 1).
            strides: the range of first steps; if fine, each step starts at the best point so far.
        """
        rng, domain, slacks = self._rng, self._domain, self._slacks
        points, aims = swarm.points, swarm.aims
        stride = np.exp(rng.uniform(np.log(strides[0]), np.log(strides[1]), (len(points), 1)))
        # Some points move in a few coordinates at a time, because the worst condition changes from step to step.
        share = rng.choice([0.3, 0.6, 1.0], (len(points), 1))
        # A unit that is off has no gradient towards points at which it is on, so some points assume a slope for it.
        leak = rng.choice(_LEAKS, (len(points), 1)) if strides is _STRIDES else np.zeros((len(points), 1))
        best, highest = points, np.full(len(points), -np.inf)
        left = _STEPS
        while True:
            trace = slacks.trace(points)
            values = self._values(trace)
            least = self._least(values)
            holds = least.max(axis=1) > 0
            aims = np.where(holds, least.argmax(axis=1), aims)
            worst = least[np.arange(len(points)), aims]
            best = np.where((worst > highest)[:, None], points, best)
            highest = np.maximum(worst, highest)
            if highest.max() > 0:
                left = min(left, _FURTHER)
            if left == 0 or self._effort.deadline.passed:
                return _Swarm(best, aims, highest)
            signs = np.sign(slacks.gradients(trace, self._worst(values, aims), leak))
            flat = ~signs.any(axis=1)
            signs[flat] = rng.integers(-1, 2, (int(flat.sum()), domain.dim))
            steps = stride * signs * (rng.random(points.shape) < share) * rng.random((len(points), 1))
            start = best if strides is _FINE_STRIDES else points
            points = domain.fit(start + steps * domain.spans(start, scales))
            stride, leak = stride * _DECAY, leak * _DECAY
            left -= 1

    def _worst(self, values: Floats, aims: Places) -> Floats:
        """Return 1 for the worst condition of the aim at each point, and 0 for all others, shape (points, conditions)."""
        chosen = np.zeros_like(values)
        for k in set(aims.tolist()):
            part, own = self._parts[k], np.flatnonzero(aims == k)
            if part.start < part.stop:
                chosen[own, part.start + values[own, part].argmin(axis=1)] = 1.0
        return chosen

    def _promising(self, swarm: _Swarm) -> Iterator[tuple[int, Vector]]:
        """Yield exact points close to those at which a property holds in floats, or nearly does."""
        for k in np.argsort(-swarm.slacks, kind="stable")[:_TRIED]:
            if swarm.slacks[k] > -1e-9:
                aim = int(swarm.aims[k])
                yield from ((aim, point) for point in self._rounded(tuple(map(Fraction, swarm.points[k].tolist())), aim))

    def _rounded(self, point: Vector, aim: int) -> Iterator[Vector]:
        """Yield points of the domain close to a point: first with few digits, finally the point itself."""
        large = max(abs(entry) for entry in point)
        digits = [-k for k in (6, 4, 2, 1) if 10**k < large] + list(_DIGITS)
        short = [self._domain.exact([round(entry, k) for entry in point]) for k in digits]
        values = self._least(self._values(self._slacks.trace(np.array([list(map(float, p)) for p in short]))))[:, aim]
        yield from [candidate for candidate, value in zip(short, values, strict=True) if value > 0][:3]
        yield self._domain.exact(point)

    def _cells(self, swarm: _Swarm, most: int) -> Iterator[tuple[int, Vector]]:
        """Solve the properties that points aim at exactly in the cells of the network around at most so many points."""
        for point, aim in zip(swarm.points[:most], swarm.aims[:most].tolist(), strict=True):
            prop = self._props[aim]
            units = sum(len(layer.relu_units) for layer in self._network.layers[: prop.horizon])
            if self._domain.dim > WITNESS_CELL_INPUTS or units > WITNESS_CELL_UNITS:
                continue
            if self._effort.deadline.passed:
                return
            start = time.monotonic()
            inside = self._domain.exact(tuple(map(Fraction, point.tolist())))
            pattern = self._network.pattern(inside, prop.horizon)
            if (aim, pattern) in self._tried:
                continue
            self._tried.add((aim, pattern))
            solution = self._solve(*self._cell(prop, pattern))
            self._lp_seconds += time.monotonic() - start
            if solution is not None:
                yield from ((aim, near) for near in (*self._rounded(solution, aim), solution))
            elif not pattern:
                self._hopeless.add(aim)  # the network is affine on the whole domain

    def _solve(self, cell: list[Row], wanted: HRep) -> Vector | None:
        """Return a point of a system at which the rows of a cell are >= 0, or None if there is none.

        Most rows are redundant, so violated rows are added step by step.
        """
        chosen: list[Row] = []
        while True:
            point = lp.feasibility(wanted.intersect(HRep.of(wanted.ambient_dim, chosen)))
            if isinstance(point, Infeasible):
                return None
            lifted = integer_row((Fraction(1), *point))
            values = [
                (Fraction(integer_dot(row, lifted), max(map(abs, row))), row) for row in cell if integer_dot(row, lifted) < 0
            ]
            if not values:
                return point
            chosen += [row for _, row in sorted(values)[:4]]

    def _cell(self, prop: Property, pattern: Pattern) -> tuple[list[Row], HRep]:
        """Return the rows of a pattern's cell, and the domain with the conditions as rows, which are affine in that cell."""
        network = self._network
        maps = network.regime_maps(pattern, prop.horizon)
        signs = iter(pattern)
        kept = [layer.kept(next(signs) if layer.relu_units else "") for layer in network.layers[: prop.horizon]]
        rows: dict[bool, list[Row]] = {False: [], True: []}
        for condition in prop.conditions:
            on = kept[condition.layer] if condition.after_relu else (True,) * network.widths[condition.layer]
            rows[condition.strict].append(condition_on(condition, maps[condition.layer], on).integer_row)
        system = HRep.of(self._domain.dim, rows[False], strict=rows[True]).intersect(self._domain.system)
        return cell_rows(network, pattern, maps[: prop.horizon]), system


def cell_rows(network: Network, pattern: Pattern, maps: Sequence[AffineMap]) -> list[Row]:
    """Return the rows of a pattern's cell, one for each unit with a ReLU of the layers whose affine maps are passed."""
    signed = zip(network.neuron_rows(maps), "".join(pattern), strict=True)
    return [row if sign == "+" else tuple(-entry for entry in row) for (_, _, row), sign in signed]
