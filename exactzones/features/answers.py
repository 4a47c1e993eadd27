"""What a report says about each feature: the answers to all questions, each with its evidence or with what is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from exactzones.arguments import DomainLike, Progress, as_domain, as_numbers, as_texts
from exactzones.certification import CanFire, CannotFire, CoFiring, Decision, NearestInput, ProvedMaximum, certify
from exactzones.certification.prepared import Prepared
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, DimensionError, InputError
from exactzones.features.islands import FeatureIsland, islands_of, listed_zones
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Vector, entries
from exactzones.rational.floats import clipped_float
from exactzones.zones import Zones
from exactzones.zones.union_parts import UnionParts

if TYPE_CHECKING:
    from exactzones.features.features import Features

MOST_FEATURES = 256
"""Features of which a report has cards."""


@dataclass(frozen=True, eq=False)
class FeatureAnswers:
    """The answers about one feature.

    Attributes:
        unit: its number.
        decision: whether it fires anywhere on the domain, with a witness or a certificate.
        strongest: its largest pre-activation, or the largest found, see ``is_strongest_known``; None if none is known.
        by_zones: whether ``strongest`` follows from the complete list of zones.
        data: the numbers of the data points at which it fires.
        top: of these, the one where it is largest.
        missed: a data point at which it does not fire, and the nearest input at which it does.
        zones: its zones; None if they could not be listed.
        islands: its islands.
        unseen: those without data; empty if no data points were passed.
    """

    unit: int
    decision: Decision
    strongest: ProvedMaximum | None = None
    by_zones: bool = False
    data: tuple[int, ...] = ()
    top: int | None = None
    missed: tuple[int, NearestInput] | None = None
    zones: Zones | UnionParts | None = None
    islands: tuple[FeatureIsland, ...] = ()
    unseen: tuple[FeatureIsland, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether it is proved to fire."""
        return isinstance(self.decision, CanFire)

    @property
    def is_strongest_known(self) -> bool:
        """Whether it is certain that its pre-activation is nowhere larger than that of ``strongest``."""
        return self.by_zones or (self.strongest is not None and self.strongest.certificate is not None)


@dataclass(frozen=True, eq=False)
class Questions:
    """The questions about features on a domain.

    Attributes:
        features: of which network.
        domain: the domain; None is all of the input space.
        points: the data points in the domain.
        seconds: time limit for each question.
    """

    features: Features
    domain: Polyhedron | None
    points: tuple[Vector, ...]
    seconds: float | None

    def values(self) -> Any:
        """Return pre-activations at the data points in floats, (points, features): they choose points, and decide nothing."""
        network = self.features.preactivations
        floats = np.array([[*map(clipped_float, point)] for point in self.points]).reshape(-1, network.inputs)
        return Prepared.of(network).floats.trace(floats, len(network.layers) - 1)[-1]

    def about(self, unit: int, fires: Any, values: Any) -> FeatureAnswers:
        """Return the answers about a feature.

        Args:
            unit: its number.
            fires: at which data points it fires.
            values: its pre-activation at each of them, roughly.
        """
        data = tuple(np.flatnonzero(fires).tolist())
        decision = certify(self.features.network, self.features.prop(unit), self.domain, seconds=self.seconds)
        if not isinstance(decision, CanFire):
            return FeatureAnswers(unit, decision, data=data)
        zones = self._zones(unit)
        islands = () if zones is None else islands_of(zones, self.points)
        strongest = self._strongest(unit)
        is_settled = strongest is not None and (strongest.certificate is not None or strongest.ray is not None)
        listed = None if is_settled else self._listed_strongest(unit, zones)
        return FeatureAnswers(
            unit,
            decision,
            strongest=listed or strongest,
            by_zones=listed is not None,
            data=data,
            top=max(data, key=lambda k: values[k], default=None),
            missed=self._missed(unit, fires, values),
            zones=zones,
            islands=islands,
            unseen=tuple(island for island in islands if island.is_unseen) if self.points else (),
        )

    def _strongest(self, unit: int) -> ProvedMaximum | None:
        try:
            return self.features.strongest(unit, self.domain, seconds=self.seconds)
        except BudgetExceeded as stopped:
            best = stopped.found
            return best if isinstance(best, ProvedMaximum) else None
        except InputError:  # too many inputs for an exact maximum
            return None

    def _listed_strongest(self, unit: int, zones: Zones | UnionParts | None) -> ProvedMaximum | None:
        """Return the largest pre-activation in a list of zones; those of a TopK leave out where the feature is not kept."""
        best = zones.maximum if isinstance(zones, Zones) and zones.complete and self.features.k is None else None
        if best is None:
            return None
        floor = max(self.features.thresholds[unit], Fraction(0)) if self.features.thresholds else Fraction(0)
        return ProvedMaximum(None if best.value is None else best.value + floor, best.point, best.ray, None, best.attained)

    def _missed(self, unit: int, fires: Any, values: Any) -> tuple[int, NearestInput] | None:
        silent = np.flatnonzero(~fires)
        if not len(silent):
            return None
        closest = int(silent[np.argmax(values[silent])])
        answer = self.features.nearest(unit, self.points[closest], self.domain, norm="inf", seconds=self.seconds)
        return None if answer is None else (closest, answer)

    def _zones(self, unit: int) -> Zones | UnionParts | None:
        try:
            return listed_zones(self.features.network, self.features.prop(unit), self.domain, self.seconds)
        except (BudgetExceeded, InputError):
            return None


@dataclass(frozen=True, eq=False)
class Contents:
    """What a report is made of.

    Attributes:
        features: of which network.
        domain: the domain; None is all of the input space.
        points: the data points in the domain.
        numbers: of these points in the data, from 0.
        answers: of each feature of the report; its data points are those of ``points``.
        together: which of them fire together; None if that was not asked.
        shared: pairs of features, by number, that fire together at a data point.
        names: of the inputs.
        labels: what some features are called, by number.
        complete: whether all questions were asked, which is not so if the time for the whole report was up before.
    """

    features: Features
    domain: Polyhedron | None
    points: tuple[Vector, ...]
    numbers: tuple[int, ...]
    answers: tuple[FeatureAnswers, ...]
    together: CoFiring | None
    shared: frozenset[tuple[int, int]]
    names: Sequence[str]
    labels: Mapping[int, str]
    complete: bool = True

    def is_silent(self, answers: FeatureAnswers) -> bool:
        """Tell whether a feature fires, but at none of the data points, so that all of its islands are without data."""
        return answers.fires and bool(self.points) and not answers.data

    def has_unseen(self, answers: FeatureAnswers) -> bool | None:
        """Tell whether a feature has islands that no data point is in; None if that is not known."""
        if self.is_silent(answers) or answers.unseen:
            return True
        is_known = not self.points or answers.zones is not None or isinstance(answers.decision, CannotFire)
        return False if is_known else None


class Asked(NamedTuple):
    """What a report is asked for.

    Attributes:
        units, names, labels, seconds: as for ``Features.report``.
        until: when the whole report is to end, its ``total_seconds``; features and pairs without answers by then are left out.
    """

    units: Any
    names: Sequence[str] | None
    labels: Mapping[int, str]
    seconds: float | None
    until: Deadline = Deadline()

    def limit(self) -> float | None:
        """Return the time limit of the next question."""
        left = self.until.left()
        return self.seconds if left == math.inf else min(left, math.inf if self.seconds is None else self.seconds)


def survey(features: Features, domain: DomainLike, data: Any, asked: Asked, progress: Progress | None) -> Contents:
    """Return the answers about features on a domain.

    Raises:
        DimensionError: not one name per input.
        InputError: more features than a report has cards for.
    """
    network = features.network
    every = range(len(features))
    units = [*(every if asked.units is None else dict.fromkeys(as_numbers(asked.units, "features", len(features))))]
    if len(units) > MOST_FEATURES:
        raise InputError(
            f"{len(units)} features are asked about; a report has at most {MOST_FEATURES} cards: pass units=[0, 1, ..]"
        )
    names = [f"x{k}" for k in range(network.inputs)] if asked.names is None else as_texts(asked.names, "names")
    if len(names) != network.inputs:
        raise DimensionError("list of names", expected=network.inputs, got=len(names))
    region = as_domain(domain, network.inputs)
    listed = [network.point(point) for point in entries(data, "data", "points, shape (points, inputs)")]
    numbers = tuple(k for k, point in enumerate(listed) if region is None or region.contains(point))
    points = tuple(listed[k] for k in numbers)
    asking = Questions(features, region, points, asked.limit())
    fires = features.fires(points)
    answers, pairs, complete = _answered(asking, units, fires, asked, progress)
    units = units[: len(answers)]
    chosen = fires[:, units].astype(int)
    both = frozenset((units[i], units[j]) for i, j in np.argwhere(chosen.T @ chosen).tolist())
    return Contents(
        features,
        region,
        points=points,
        numbers=numbers,
        answers=tuple(answers),
        together=pairs,
        shared=both,
        names=names,
        labels=asked.labels,
        complete=complete,
    )


def _answered(
    asking: Questions, units: Sequence[int], fires: Any, asked: Asked, progress: Progress | None
) -> tuple[list[FeatureAnswers], CoFiring | None, bool]:
    """Return the answers about features, and about their pairs, and whether there was time for all questions."""
    features, values, answers = asking.features, asking.values(), list[FeatureAnswers]()
    try:
        for count, unit in enumerate(asked.until.watch(units)):
            if progress is not None:
                progress(count, len(units))
            answers.append(replace(asking, seconds=asked.limit()).about(unit, fires[:, unit], values[:, unit]))
        if features.k is not None:
            return answers, None, True
        asked.until.check()
        seconds = asked.seconds if asked.until.left() == math.inf else asked.until
        return answers, features.together(asking.domain, units, seconds=seconds), True
    except (BudgetExceeded, KeyboardInterrupt):
        if not asked.until.passed:
            raise
        return answers, None, False
