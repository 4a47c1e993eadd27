"""Search for a point at which a property holds: floats guess, exact evaluation decides.

In order of cost: the centre, corners and random points of the domain; ascent of the worst condition from many points at once,
along the signs of its gradient; and, for few inputs, an exact linear program in the cell of the network around a promising point,
which finds points of sets that are too thin for floats.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from exactzones.affine import AffineMap
from exactzones.certification.limits import WITNESS_CELL_INPUTS, WITNESS_CELL_UNITS
from exactzones.certification.witness.float_network import FloatNetwork, Slacks
from exactzones.certification.witness.search_domain import SearchDomain, contains
from exactzones.errors import DimensionError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import HRep, Infeasible, Polyhedron, lp
from exactzones.property import Property
from exactzones.rational import Row, Vector, integer_dot, integer_row
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector
from exactzones.zone import condition_on

_STEPS = 40
_STRIDES = (0.02, 0.5)  # the range of first steps relative to the width of the domain; each point has its own
_FINE_STRIDES = (1e-5, 0.1)
_LEAKS = (0.0, 0.0, 0.0, 0.1, 0.3, 1.0)
_DECAY = 0.93
_FURTHER = 8  # steps after a point is found: more slack allows shorter numbers
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
    return WitnessFinder(network, domain).find(prop, seconds=seconds, seed=seed)


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
        return domain, network, FloatNetwork.of(network)

    def find(self, prop: Property, *, seconds: float, seed: int = 0) -> Vector | None:
        """Search for a witness; see ``find_witness``."""
        deadline = time.monotonic() + seconds
        resolved = prop.resolve(self._network.widths)
        if self._prepared is None:
            return None
        domain, network, floats = self._prepared
        if domain.dim == 0:
            candidates = iter([domain.embed(())])
        else:
            search = _PropertySearch(network, floats, resolved, domain, (deadline, seed))
            candidates = (domain.embed(point) for point in search.candidates())
        for point in candidates:
            if self._network.satisfies(point, resolved) and contains(self._domain, point):
                return point
        return None


class _PropertySearch:
    """Proposes points at which a property may hold, in the coordinates of a domain of dimension at least one.

    Args:
        network: the network as a function of these coordinates.
        floats: the same in floats.
        prop: the property, its layers counted from 0.
        domain: the domain.
        budget: when to stop (of ``time.monotonic``), and the seed of the random points.
    """

    def __init__(
        self, network: Network, floats: FloatNetwork, prop: Property, domain: SearchDomain, budget: tuple[float, int]
    ) -> None:
        self._network = network
        self._prop = prop
        self._domain = domain
        self._deadline, seed = budget
        self._rng = np.random.default_rng(seed)
        self._slacks = Slacks(floats, prop)
        # Slacks are divided by these sizes, so that which condition is worst does not depend on their scales.
        sizes = [max((abs(entry) for _, entry in condition.terms), default=Fraction(1)) for condition in prop.conditions]
        self._sizes = float_vector(sizes, clipped_float)
        self._tried: set[Pattern] = set()
        self._lp_seconds = 0.0
        self._hopeless = False

    def candidates(self) -> Iterator[Vector]:
        """Yield points of the domain until time is up, or until no witness can exist."""
        start = time.monotonic() - 0.1  # the first cells may always be tried
        rng, domain = self._rng, self._domain
        weights = sum(layer.inputs * layer.outputs for layer in self._network.layers)
        count = min(300, max(32, 4_000_000 // weights))
        bounded = bool(np.isfinite(domain.high - domain.low).all())
        points = np.vstack([domain.corners(rng, count), domain.sample(rng, self._scales(3 * count, bounded, 0))])
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
                points = domain.sample(rng, scales)
                if rounds == 0:
                    points[: len(best)] = best
                points, worst = self._ascend(points, scales, _STRIDES)
            yield from self._promising(points, worst)
            best = points[np.argsort(-worst)[: count // 4]]
            rounds += 1

    def _scales(self, count: int, bounded: bool, rounds: int) -> Floats:
        """Return how far to go in unbounded coordinates: usually not far, occasionally very far."""
        if bounded:
            return np.ones((count, 1))
        reach = 2 + 2 * (rounds % 5)
        scales: Floats = 10 ** self._rng.uniform(-1, reach, (count, 1))
        return scales

    def _worst(self, values: Floats) -> Floats:
        worst: Floats = (values / self._sizes).min(axis=1, initial=np.inf)
        return worst

    def _ascend(self, points: Floats, scales: Floats, strides: tuple[float, float]) -> tuple[Floats, Floats]:
        """Raise the worst condition at each point; returns the best points met, and their least slack.

        Args:
            points: shape (points, dim).
            scales: how far to go in unbounded coordinates, shape (points, 1).
            strides: the range of first steps; if fine, each step starts at the best point so far.
        """
        rng, domain, slacks = self._rng, self._domain, self._slacks
        stride = np.exp(rng.uniform(np.log(strides[0]), np.log(strides[1]), (len(points), 1)))
        # Some points move in a few coordinates at a time, because the worst condition changes from step to step.
        share = rng.choice([0.3, 0.6, 1.0], (len(points), 1))
        # A unit that is off has no gradient towards points at which it is on, so some points assume a slope for it.
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
            flat = ~signs.any(axis=1)
            signs[flat] = rng.integers(-1, 2, (int(flat.sum()), domain.dim))
            steps = stride * signs * (rng.random(points.shape) < share) * rng.random((len(points), 1))
            start = best if strides is _FINE_STRIDES else points
            points = domain.fit(start + steps * domain.spans(start, scales))
            stride, leak = stride * _DECAY, leak * _DECAY
            left -= 1

    def _promising(self, points: Floats, worst: Floats) -> Iterator[Vector]:
        """Yield exact points close to those at which the property holds in floats, or nearly does."""
        for k in np.argsort(-worst, kind="stable")[:3]:
            if worst[k] > -1e-9:
                yield from self._rounded(tuple(map(Fraction, points[k].tolist())))

    def _rounded(self, point: Vector) -> Iterator[Vector]:
        """Yield points of the domain close to a point: first with few digits, finally the point itself."""
        large = max(abs(entry) for entry in point)
        digits = [-k for k in (6, 4, 2, 1) if 10**k < large] + list(_DIGITS)
        short = [self._domain.exact([round(entry, k) for entry in point]) for k in digits]
        values = self._worst(self._slacks.values(self._slacks.trace(np.array([list(map(float, p)) for p in short]))))
        yield from [candidate for candidate, value in zip(short, values, strict=True) if value > 0][:3]
        yield self._domain.exact(point)

    def _cells(self, points: Floats) -> Iterator[Vector]:
        """Solve the property exactly in the cells of the network around points."""
        units = sum(len(layer.relu_units) for layer in self._network.layers[: self._prop.horizon])
        if self._domain.dim > WITNESS_CELL_INPUTS or units > WITNESS_CELL_UNITS:
            return
        for point in points:
            if time.monotonic() > self._deadline:
                return
            start = time.monotonic()
            inside = self._domain.exact(tuple(map(Fraction, point.tolist())))
            pattern = self._network.pattern(inside, self._prop.horizon)
            if pattern in self._tried:
                continue
            self._tried.add(pattern)
            solution = self._solve(*self._cell(pattern))
            self._lp_seconds += time.monotonic() - start
            if solution is not None:
                yield from self._rounded(solution)
                yield solution
            elif not pattern:
                self._hopeless = True  # the network is affine on the whole domain

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

    def _cell(self, pattern: Pattern) -> tuple[list[Row], HRep]:
        """Return the rows of a pattern's cell, and the domain with the conditions as rows, which are affine in that cell."""
        prop, network = self._prop, self._network
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
