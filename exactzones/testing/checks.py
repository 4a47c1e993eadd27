"""Ready-made checks of a list of zones against exact forward evaluation of the network.

Each check takes the zones and one example (a point, or the index of a zone) and raises ``CheckFailed``, whose message contains
the example as fractions.  Use them with hypothesis, as the package's own tests do, or let ``check_zones`` draw the examples.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from exactzones.arguments import as_deadline, as_function
from exactzones.deadline import Deadline, TimeUp
from exactzones.errors import BudgetExceeded, ExactZonesError, InputError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import Polyhedron
from exactzones.rational import Row, Vector, dot, quotient, text
from exactzones.rational import index as as_index
from exactzones.testing.strategies import points, points_near
from exactzones.zones import Zone, Zones, ZoneUnion, as_zones

_MAX_LP_INPUTS = 8


class CheckFailed(ExactZonesError, AssertionError):
    """A list of zones contradicts the network; the message names the point."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of a check.

    Attributes:
        name: name of the check.
        tried: number of examples.
        failure: the message of the shrunk counterexample, or None if there is none.
    """

    name: str
    tried: int
    failure: str | None


def written(point: Vector) -> str:
    """Write a point as fractions."""
    return f"({', '.join(map(text, point))})"


def _in_domain(zones: Zones, point: Vector) -> bool:
    return zones.domain is None or zones.domain.contains(point)


def zones_are_sound(zones: Zones, point: Vector) -> None:
    """Check that the property holds where a zone fires, and that the zone's affine maps agree with the network.

    Args:
        zones: a complete list of zones.
        point: the point to check, shape (inputs,).

    Raises:
        CheckFailed: the check fails at this point.
    """
    point = as_zones(zones).network.point(point)
    for zone in zones.containing(point):
        if zone.fires(point) and not zones.network.satisfies(point, zones.prop):
            raise CheckFailed(f"{zone} fires at {written(point)}, but the network does not satisfy the property there")
        maps = zone.maps
        for k, (values, mapping) in enumerate(zip(zones.network.trace(point), maps, strict=False)):
            if mapping(point) != values:
                raise CheckFailed(f"the map of {zone} to layer {k} differs from the network at {written(point)}")


def zones_are_complete(zones: Zones, point: Vector) -> None:
    """Check that some zone fires wherever the property holds in the domain.

    Args:
        zones: a complete list of zones.
        point: the point to check, shape (inputs,).

    Raises:
        CheckFailed: the check fails at this point.
    """
    point = as_zones(zones).network.point(point)
    if _in_domain(zones, point) and zones.network.satisfies(point, zones.prop) and zones.at(point) is None:
        raise CheckFailed(f"the property holds at {written(point)}, but none of the zones fires there")


def zones_do_not_overlap(zones: Zones, point: Vector) -> None:
    """Check that the point is not in the interior of two zones.

    Args:
        zones: a complete list of zones.
        point: the point to check, shape (inputs,).

    Raises:
        CheckFailed: the check fails at this point.
    """
    lifted = (Fraction(1), *as_zones(zones).network.point(point))
    inside = [zone for zone in zones if all(dot(row, lifted) > 0 for row in zone.hrep.rows)]
    if len(inside) > 1:
        raise CheckFailed(f"{written(point)} is in the interior of both {inside[0]} and {inside[1]}")


def adjacency_is_right(zones: Zones, index: int) -> None:
    """Check that the neighbours of a zone are exactly the listed zones on the other sides of its facets.

    From the middle of each facet the check takes an infinitesimal step out of the zone and evaluates the network's activation
    pattern there.  A linear program (for up to 8 inputs) decides whether the property fires on the facet, and forward evaluation
    confirms its point.

    Args:
        zones: a complete list of zones.
        index: index of the zone whose neighbours are checked.

    Raises:
        CheckFailed: a neighbour is missing or wrong.
    """
    count = len(as_zones(zones))
    if not -count <= as_index(index, "index of a zone") < count:
        raise InputError(f"index of a zone is {index}; expected one below {count}, the number of zones")
    zone = zones[index]
    by_pattern = {other.pattern: k for k, other in enumerate(zones)}
    expected: dict[int, Row] = {}
    for row, on in zone.cell.facets:
        middle = _middle([ray for k, ray in enumerate(zone.cell.rays) if on >> k & 1], zone.cell.dim)
        outward = tuple(-entry + Fraction(0) for entry in row[1:])
        beyond = pattern_towards(zones.network, middle, outward, zones.prop.horizon)
        leaves_domain = zones.domain is not None and any(
            dot(wall, (1, *middle)) == 0 and dot(wall[1:], outward) < 0 for wall in zones.domain.hrep.closed_rows
        )
        if not leaves_domain and beyond in by_pattern:
            expected[by_pattern[beyond]] = row
    for other in set(expected) ^ set(zones.graph[index]):
        raise CheckFailed(f"{zone} and {zones[other]} {'do not share' if other in zones.graph[index] else 'share'} a facet")
    for other, row in expected.items():
        edge = zones.graph.edges[index, other]
        if edge["facet"] not in (row, tuple(-entry for entry in row)):
            raise CheckFailed(f"the facet between {zone} and {zones[other]} does not lie in {edge['facet']}")
        if edge["flips"] != _difference(zone, zones[other]):
            raise CheckFailed(f"the neurons whose signs differ between {zone} and {zones[other]} are not {edge['flips']}")
        if zone.cell.dim <= _MAX_LP_INPUTS:
            _check_fires(zones, zone, zones[other], row, expected=edge["fires"])


def _check_fires(zones: Zones, zone: Zone, other: Zone, facet: Row, *, expected: bool) -> None:
    shared = zone.firing.intersect(Polyhedron.of(zone.cell.dim, equations=[facet]))
    witness = None if shared.is_empty else shared.interior_point()
    if witness is None and expected:
        raise CheckFailed(f"the property fires nowhere on the facet between {zone} and {other}")
    if witness is not None and not expected:
        raise CheckFailed(f"the property fires on the facet between {zone} and {other}, at {written(witness)}")
    if witness is not None and not zones.network.satisfies(witness, zones.prop):
        raise CheckFailed(f"{zone} fires at {written(witness)}, but the network does not satisfy the property there")


def _middle(rays: list[Row], dim: int) -> Vector:
    vertices = [ray for ray in rays if ray[0]]
    directions = [ray for ray in rays if not ray[0]]
    return tuple(
        sum((quotient(v[k], v[0]) for v in vertices), start=Fraction(0)) / len(vertices) + sum(ray[k] for ray in directions)
        for k in range(1, dim + 1)
    )


def _difference(first: Zone, second: Zone) -> tuple[tuple[int, int], ...]:
    signs = zip(first.neuron_rows, first.signs, second.signs, strict=True)
    return tuple((layer, unit) for (layer, unit, _), a, b in signs if a != b)


def pattern_towards(network: Network, point: Vector, direction: Vector, horizon: int) -> Pattern:
    """Return the activation pattern at ``point + t direction`` for all sufficiently small t > 0.

    Values have the form a + b t and are compared with 0 as pairs (a, b), lexicographically.

    Args:
        network: the network.
        point: shape (inputs,).
        direction: shape (inputs,).
        horizon: the pattern is that of the first ``horizon`` layers.
    """
    values, slopes = network.point(point), direction
    pattern = []
    for layer in network.layers[:horizon]:
        values, slopes = layer.affine(values), layer.weight @ slopes
        signs = "".join("+" if (values[unit], slopes[unit]) > (0, 0) else "-" for unit in layer.relu_units)
        kept = layer.kept(signs)
        values, slopes = (
            tuple(v if keep else v * 0 for v, keep in zip(vector, kept, strict=True)) for vector in (values, slopes)
        )
        if layer.relu_units:
            pattern.append(signs)
    return tuple(pattern)


def domain_points(zones: Zones) -> st.SearchStrategy[Vector]:
    """Draw points all over the domain, on the zero sets of neurons, at the corners of zones, and inside zones."""
    dim = as_zones(zones).network.inputs
    corners = [tuple(quotient(e, ray[0]) for e in ray[1:]) for zone in zones[:200] for ray in zone.cell.rays if ray[0]]
    strategies = [points(dim, bound=8), points_near(zones.network)]
    if zones.domain is not None and zones.domain.is_bounded:
        vertices = zones.domain.cell().vrep.vertices
        sides = [(min(coordinates), max(coordinates)) for coordinates in zip(*vertices, strict=True)]
        strategies.append(st.tuples(*(_along(low, high) for low, high in sides)))
    if corners:
        at_corner = st.sampled_from(corners)
        middle = st.tuples(at_corner, at_corner).map(lambda ends: tuple((a + b) / 2 for a, b in zip(*ends, strict=True)))
        strategies += [at_corner, middle]
    if len(zones):
        strategies.append(st.sampled_from([zone.sample for zone in zones[:200]]))
    return st.one_of(strategies)


def _along(low: Fraction, high: Fraction) -> st.SearchStrategy[Fraction]:
    return st.integers(0, 64).map(lambda step: low + (high - low) * Fraction(step, 64))


class _Planned(NamedTuple):
    """A check that is to be run: its name, its function, what it checks, and the examples to draw."""

    name: str
    check: Callable[[Any, Any], None]
    subject: Zones | ZoneUnion
    drawn: st.SearchStrategy[Any]


def check_zones(
    zones: Zones,
    *,
    examples: int = 200,
    seconds: float | Deadline | None = None,
    progress: Callable[[str], Any] = lambda _name: None,
) -> list[CheckReport]:
    """Run all checks on a list of zones, with examples that hypothesis draws and, after a failure, shrinks.

    Args:
        zones: a complete list of zones.
        examples: number of examples per check.
        seconds: time limit, or a deadline that has begun already.
        progress: called with the name of each check before it runs.

    Raises:
        BudgetExceeded: the time was up, or Ctrl-C; ``found`` has the reports of the checks that were finished.
    """
    count, until = as_index(examples, "examples", least=1), as_deadline(seconds)
    as_function(progress, "progress", "a function of a name, such as print")
    return _run_all(_plan(zones), count, until, progress)


def check_union(
    union: ZoneUnion, *, examples: int, seconds: Deadline, progress: Callable[[str], Any] = lambda _name: None
) -> list[CheckReport]:
    """Run all checks on the zones of each case of a disjunction, and check that points are in zones of the cases that hold there.

    Args:
        union: a complete list.
        examples: see ``check_zones``.
        seconds: see ``check_zones``.
        progress: see ``check_zones``.

    Raises:
        BudgetExceeded: see ``check_zones``.
    """
    points_of_all = st.one_of([domain_points(zones) for zones in union.lists])
    plan = [_Planned(union_is_right.__name__, union_is_right, union, points_of_all)]
    for case, zones in enumerate(union.lists):
        plan += [planned._replace(name=f"{planned.name}, case {case}") for planned in _plan(zones)]
    return _run_all(plan, examples, seconds, progress)


def _plan(zones: Zones) -> list[_Planned]:
    """Return the checks of a list of zones."""
    at_points = domain_points(zones)
    plan = [
        _Planned(check.__name__, check, zones, at_points) for check in (zones_are_sound, zones_are_complete, zones_do_not_overlap)
    ]
    if len(zones):
        plan.append(_Planned(adjacency_is_right.__name__, adjacency_is_right, zones, st.integers(0, len(zones) - 1)))
    return plan


def _run_all(plan: Sequence[_Planned], examples: int, until: Deadline, progress: Callable[[str], Any]) -> list[CheckReport]:
    """Run checks one after the other, as long as there is time."""
    reports: list[CheckReport] = []
    try:
        for planned in plan:
            progress(planned.name)
            reports.append(_run(planned, examples, until))
    except KeyboardInterrupt as stopped:
        raise BudgetExceeded(str(stopped) or "interrupted", reports) from None
    return reports


def union_is_right(union: ZoneUnion, point: Vector) -> None:
    """Check that the zones of a disjunction that contain a point name exactly the cases that hold there.

    Raises:
        CheckFailed: the check fails at this point.
    """
    point = union.network.point(point)
    inside = union.domain is None or union.domain.contains(point)
    holding = {k for k, case in enumerate(union.prop.cases) if inside and union.network.satisfies(point, case)}
    named = {k for zone in union.containing(point) for k, part in zone.parts if part.fires(point)}
    if named != holding or (union.at(point) is not None) != bool(holding):
        raise CheckFailed(f"at {written(point)} cases {sorted(holding)} hold, but the zones say {sorted(named)}")


def _run(planned: _Planned, examples: int, until: Deadline) -> CheckReport:
    """Run a check.

    Raises:
        TimeUp: there was no time for all examples.  (From any other exception hypothesis would look for a simpler example.)
    """
    tried = 0

    @seed(secrets.randbits(128))  # with a seed of its own hypothesis would print it when time is up
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,  # one counterexample instead of an exception group
    )
    @given(planned.drawn)
    def run(value: Any) -> None:
        nonlocal tried
        if until.passed:
            raise TimeUp(until.reason)
        tried += 1
        planned.check(planned.subject, value)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run()
    except CheckFailed as failure:
        return CheckReport(planned.name, tried, str(failure))
    return CheckReport(planned.name, tried, None)
