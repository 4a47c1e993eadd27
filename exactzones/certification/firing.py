"""Which features of a layer ever fire, and which fire together: many questions about one network at once.

Points of the domain that are evaluated exactly answer for many features each.  On a box, the first layer's features are decided
in closed form.  What is left is certified one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.arguments import (
    DomainLike,
    NetworkLike,
    Progress,
    as_deadline,
    as_domain,
    as_network,
    as_numbers,
    as_progress,
    as_workers,
)
from exactzones.certification.decide import case_of, certify
from exactzones.certification.direct import Direct, certificate_of
from exactzones.certification.prepared import Prepared
from exactzones.certification.results import CanFire, CannotFire, Decision, Undecided
from exactzones.certification.witness.search_domain import SearchDomain, contains
from exactzones.checker.arithmetic import Array
from exactzones.checker.records import require_rational
from exactzones.deadline import Deadline
from exactzones.errors import FeatureError, InputError
from exactzones.network import Network
from exactzones.notation import counted
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, feature
from exactzones.rational import Vector, index
from exactzones.rational.float_formats import REAL
from exactzones.rational.floats import clipped_float, float_matrix, float_vector

_POINTS = 256  # of the domain that are tried
_EXACT_POINTS = 64  # of these that are evaluated exactly
_REPORTED = 64  # progress is reported once for so many
_NEVER, _UNDECIDED = -1, -2
MOST_FEATURES = 4096
"""Features whose co-firing is asked for at once: their pairs are a matrix."""


@dataclass(frozen=True)
class _Layer:
    """A layer of a network on a domain, about whose features many questions are asked."""

    network: Network
    number: int
    domain: Polyhedron | None
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, network: NetworkLike, domain: DomainLike, layer: int, options: dict[str, Any]) -> _Layer:
        loaded = as_network(network)
        if not -len(loaded.widths) <= index(layer, "layer") < len(loaded.widths):
            raise FeatureError(f"layer {layer} does not exist: the network's layers are 0 to {len(loaded.widths) - 1}")
        region = as_domain(domain, loaded.inputs)
        as_deadline(options["seconds"])
        as_workers(options["jobs"], options["executor"])
        require_rational(loaded, case_of(loaded, feature(0, layer=layer), region, arithmetic=options["arithmetic"]))
        return cls(loaded, layer % len(loaded.widths), region, options)

    @property
    def width(self) -> int:
        return self.network.widths[self.number]

    @property
    def is_real(self) -> bool:
        """Whether the questions are about real arithmetic, in which exact evaluation decides."""
        return bool(self.options["arithmetic"] == REAL)

    def direct(self) -> Direct | None:
        """Return what decides the layer's features in closed form, if they can be."""
        return None if self.number or not self.is_real else Direct.of(self.network, self.domain)

    def decide(self, prop: Property, direct: Direct | None) -> Decision:
        """Decide a property, directly if that is possible."""
        answer = None if direct is None else direct.decide(prop)
        return answer or certify(self.network, prop, self.domain, **self.options)

    def points(self) -> list[Vector]:
        """Return points of the domain: its centre, corners and others; none if none was found quickly."""
        domain = Polyhedron.space(self.network.inputs) if self.domain is None else self.domain
        prepared = SearchDomain.of(domain)
        if prepared is None:
            return []
        rng = np.random.default_rng(0)
        floats = np.vstack([prepared.corners(rng, _POINTS // 2), prepared.sample(rng, np.ones((_POINTS // 2, 1)))])
        points = dict.fromkeys(prepared.embed(prepared.exact([*map(Fraction, row)])) for row in floats.tolist())
        return [point for point in points if contains(domain, point)]

    def values(self, points: Sequence[Vector], units: Sequence[int]) -> Array:
        """Return the pre-activations of units at points in floats, shape (points, units)."""
        floats = np.array([[*map(clipped_float, point)] for point in points])
        if not self.number:  # the rows of these units are enough
            layer = self.network.layers[0]
            weight = float_matrix(layer.weight.take(units), clipped_float)
            return floats @ weight.T + float_vector([layer.bias[unit] for unit in units], clipped_float)
        return Prepared.of(self.network).floats.trace(floats, self.number)[-1][:, units]

    def exact_values(self, point: Vector, units: Sequence[int]) -> dict[int, Fraction]:
        """Return the pre-activations of units at a point."""
        layers = self.network.layers
        if self.number:
            before = layers[self.number - 1]
            point = before.activate(Network(layers[: self.number]).trace(point)[-1])
        return layers[self.number].values_of(units, point)

    def firing(self, units: Sequence[int]) -> dict[int, Vector]:
        """Return units that fire at some point of the domain, each with such a point, by exact evaluation."""
        points, found, left = self.points(), dict[int, Vector](), np.array(units, int)
        positive = self.values(points, units) > 0 if points else np.zeros((0, len(units)), bool)
        for _ in range(min(_EXACT_POINTS, len(points))):
            counts = positive.sum(1)
            best = int(counts.argmax())
            if not counts[best]:
                break
            asked = left[positive[best]].tolist()
            fired = [unit for unit, value in self.exact_values(points[best], asked).items() if value > 0 and unit in set(asked)]
            found |= dict.fromkeys(fired, points[best])
            kept = ~np.isin(left, fired)
            left, positive = left[kept], positive[:, kept]
            positive[best] = False
        return found

    def decisions(self, units: Sequence[int]) -> Iterator[tuple[int, Decision | None]]:
        """Yield units with what is decided about them; None for one that fires somewhere."""
        direct = self.direct()
        alive: set[int] = set()
        if direct is not None:
            alive = set(np.flatnonzero(direct.units.can_be_positive()).tolist())
        elif len(units) > 1 and self.is_real and self.options["seconds"] != 0:
            alive = set(self.firing(units))
        for unit in units:
            yield unit, None if unit in alive else self.decide(feature(unit, layer=self.number), direct)


def dead_features(
    network: NetworkLike,
    domain: DomainLike = None,
    *,
    layer: int = -1,
    arithmetic: str = REAL,
    seconds: float | Deadline | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> dict[int, CannotFire | Undecided]:
    """Return the features of a layer that fire nowhere on a domain, each with its certificate.

    Args:
        network: the network, or the path of its file.
        domain: a polyhedron or a box; None is all of the input space.
        layer: which layer; 0 is the first, -1 the last.
        arithmetic: in which the network is evaluated, as for ``certify``.
        seconds: time limit for each feature, or a deadline for all; one that is not decided in this time is Undecided.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (features decided, features).

    Raises:
        FeatureError: there is no such layer.
        InputError: another argument that does not fit.

    >>> net = Network.mlp([([[1], [-1]], [0, -3]), ([[1, 1]], [-1])])
    >>> list(dead_features(net, (-1, 1), layer=0))
    [1]
    """
    options: dict[str, Any] = {"arithmetic": arithmetic, "seconds": seconds, "jobs": jobs, "executor": executor}
    scan = _Layer.of(network, domain, layer, options)
    report, dead = as_progress(progress), dict[int, CannotFire | Undecided]()
    for count, (unit, decision) in enumerate(scan.decisions(range(scan.width)), start=1):
        if decision is not None and not isinstance(decision, CanFire):
            dead[unit] = decision
        if report is not None and not count % _REPORTED:
            report(count, scan.width)
    return dead


@dataclass(frozen=True, eq=False)
class CoFiring:
    """Which features of a layer fire together, at one point of a domain.

    Attributes:
        features: their numbers.
        layer: the number of the layer, from 0.
        dead: those that fire nowhere.
        points: points of the domain.
        together: shape (features, features); the number of a point at which both features fire, -1 if there is no such point
            anywhere in the domain, -2 where it is undecided.
    """

    features: tuple[int, ...]
    layer: int
    dead: frozenset[int]
    points: tuple[Vector, ...]
    together: Array
    _scan: _Layer
    _decided: dict[tuple[int, int], Decision] = field(default_factory=dict)

    def __repr__(self) -> str:
        upper = self.together[np.triu_indices(len(self.features), 1)]
        counts = f"{(upper >= 0).sum()} together, {(upper == -1).sum()} never, {(upper == -2).sum()} undecided"
        return f"CoFiring({counted(len(self.features), 'feature')}, {counted(len(upper), 'pair')}: {counts})"

    def decision(self, one: int, other: int) -> Decision:
        """Return the decision about two features, by their numbers, with its certificate, as ``never_together`` returns it.

        Raises:
            InputError: a feature that was not asked about.
        """
        for each in (one, other):
            if each not in self.features:
                raise InputError(f"feature {each} is not among the features of this answer; pass one of its features")
        pair = (one, other)
        if pair not in self._decided:
            at = self.together[self.features.index(one), self.features.index(other)]
            if at >= 0 and self._scan.is_real:
                witness = self.points[at]
                return CanFire(witness, 0, certificate_of(self._scan.network, "can fire", witness=witness))
            self._decided[pair] = self._scan.decide(_both(*pair, self.layer), self._scan.direct())
        return self._decided[pair]


def together(
    network: NetworkLike,
    features: Any = None,
    domain: DomainLike = None,
    *,
    layer: int = -1,
    arithmetic: str = REAL,
    seconds: float | Deadline | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CoFiring:
    """Decide for all pairs of features of a layer whether they fire together, at one point of a domain.

    Args:
        network: the network, or the path of its file.
        features: their numbers; None is all features of the layer.
        domain: a polyhedron or a box; None is all of the input space.
        layer: which layer; 0 is the first, -1 the last.
        arithmetic: in which the network is evaluated, as for ``certify``.
        seconds: time limit for each pair that needs a search, or a deadline for all.
        jobs: number of processes on this machine.
        executor: its workers take part.
        progress: called now and then with (pairs decided, pairs), of those that samples leave open.

    Raises:
        FeatureError: there is no such layer.
        InputError: more features than a matrix of pairs is made for, or another argument that does not fit.

    >>> net = Network.mlp([([[1], [-1], [2]], [0, 0, -1]), ([[1, 1, 1]], [-1])])
    >>> (together(net, [0, 1, 2], (-1, 1), layer=0).together >= 0).tolist()
    [[True, False, True], [False, True, False], [True, False, True]]
    """
    options: dict[str, Any] = {"arithmetic": arithmetic, "seconds": seconds, "jobs": jobs, "executor": executor}
    scan = _Layer.of(network, domain, layer, options)
    chosen = tuple(range(scan.width) if features is None else dict.fromkeys(as_numbers(features, "features", scan.width)))
    if len(chosen) > MOST_FEATURES:
        raise InputError(f"{len(chosen)} features are asked about; the pairs of at most {MOST_FEATURES} are decided at once")
    return _co_firing(scan, chosen, as_progress(progress))


def _co_firing(scan: _Layer, features: tuple[int, ...], report: Progress | None) -> CoFiring:
    points, direct = scan.points() if scan.is_real else [], scan.direct()
    at = np.full((len(features), len(features)), _UNDECIDED)
    for number, fires in enumerate(_fired_together(scan, points, features)):
        _mark(at, fires, number)
    silent = [unit for k, unit in enumerate(features) if at[k, k] < 0]
    decided = dict[tuple[int, int], Decision]()
    dead = frozenset(unit for unit, decision in scan.decisions(silent) if isinstance(decision, CannotFire))
    gone = np.isin(features, [*dead])
    at[gone], at[:, gone] = _NEVER, _NEVER
    pairs = np.argwhere(np.triu(at == _UNDECIDED)).tolist()
    for count, (i, j) in enumerate(pairs):
        if report is not None and not count % _REPORTED:
            report(count, len(pairs))
        if at[i, j] != _UNDECIDED:  # another pair's witness fires both
            continue
        pair = features[i], features[j]
        decision = scan.decide(_both(*pair, scan.number), direct)
        if isinstance(decision, CanFire):
            at[i, j] = at[j, i] = len(points)
            if scan.is_real:
                _mark(at, _also_fire(scan, decision.witness, features, at), len(points))
            else:  # the witness is one of every order; its certificate says so
                decided[pair] = decision
            points.append(decision.witness)
        else:
            decided[pair] = decision
            at[i, j] = at[j, i] = _NEVER if isinstance(decision, CannotFire) else _UNDECIDED
    return CoFiring(features, scan.number, dead, tuple(points), at, scan, decided)


def _also_fire(scan: _Layer, point: Vector, features: Sequence[int], at: Array) -> Array:
    """Return the places of features that fire at a point, of those for which that decides a pair."""
    places = np.flatnonzero(scan.values([point], features)[0] > 0)
    places = places[(at[np.ix_(places, places)] == _UNDECIDED).any(1)]
    values = scan.exact_values(point, [features[k] for k in places.tolist()])
    return np.array([k for k in places.tolist() if values[features[k]] > 0], int)


def _mark(at: Array, fires: Array, number: int) -> None:
    """Record that features, by their places, fire together at point ``number``, where no earlier point is known, in place."""
    block = np.ix_(fires, fires)
    at[block] = np.where(at[block] < 0, number, at[block])


def _fired_together(scan: _Layer, points: Sequence[Vector], features: Sequence[int]) -> Iterator[Array]:
    """Yield for each point the places of the features that fire there, by exact evaluation where floats promise a new pair."""
    if not points:
        return
    positive, seen = scan.values(points, features) > 0, np.zeros((len(features), len(features)), bool)
    for point, fires in zip(points, positive, strict=True):
        places = np.flatnonzero(fires)
        if seen[np.ix_(places, places)].all():
            yield places[:0]
            continue
        values = scan.exact_values(point, [features[k] for k in places.tolist()])
        fired = np.array([k for k in places.tolist() if values[features[k]] > 0], int)
        seen[np.ix_(fired, fired)] = True
        yield fired


def _both(one: int, other: int, layer: int) -> Property:
    return feature(one, layer=layer) if one == other else feature(one, layer=layer) & feature(other, layer=layer)
