"""The nearest input that fires: against brute force over faces and corners, against certificates, and by what it promises."""

import math
import sys
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from polyhedra import brute

from exactzones import (
    ALWAYS,
    BudgetExceeded,
    DimensionError,
    DomainError,
    InputError,
    Network,
    Polyhedron,
    condition,
    feature,
    find_zones,
    nearest,
)
from exactzones.certification import CanFire, CannotFire, certify
from exactzones.models import load_network
from exactzones.polyhedra import HRep
from exactzones.polyhedra.projection import distance_to_row, project
from exactzones.rational import algebraic, dot, integer_row, vector
from exactzones.testing import boxes, networks, points, points_near, polyhedra
from exactzones.zones import Budget

NETWORKS = Path(__file__).parents[2] / "examples/networks"
NORMS = (1, 2, "inf")
HAT = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1


def distance(one, other, norm):
    """The distance, of the norm 2 the square: from the definition."""
    steps = [abs(a - b) for a, b in zip(one, other, strict=True)]
    return sum(steps) if norm == 1 else max(steps) if norm == "inf" else sum(step**2 for step in steps)


def onto_flat(rows, point):
    """Project a point onto the flat where all rows are zero, or return None if the rows are not independent."""
    slopes = [row[1:] for row in rows]
    gram = [[-brute.at(row, point), *(-sum(a * b for a, b in zip(row[1:], s, strict=True)) for s in slopes)] for row in rows]
    weights = brute.solve([[-entry for entry in line] for line in gram]) if rows else ()
    if weights is None:
        return None
    return tuple(x + sum(w * s[k] for w, s in zip(weights, slopes, strict=True)) for k, x in enumerate(point))


def nearest_by_faces(system, point):
    """The squared Euclidean distance to a closed system: the nearest of the projections onto its faces' flats that lie in it."""
    closed = HRep.of(system.ambient_dim, system.closed_rows, equations=system.equations)
    rows = [row for row in (*system.closed_rows, *system.equations) if any(row[1:])]
    feet = (onto_flat(chosen, point) for size in range(system.ambient_dim + 1) for chosen in combinations(rows, size))
    return min(distance(foot, point, 2) for foot in feet if foot is not None and closed.contains(foot))


def nearest_by_corners(system, point, norm):
    """The distance in the norm 1 or infinity: the lowest corner of the polyhedron above the closed system's points."""
    bounds = system.ambient_dim if norm == 1 else 1
    rows = [(*row, *(0,) * bounds) for row in system.closed_rows]
    for k, entry in enumerate(point):
        unit = [int(j == k) for j in range(system.ambient_dim)]
        bound = [int(j == k or bounds == 1) for j in range(bounds)]
        rows += [(-entry, *unit, *bound), (entry, *(-e for e in unit), *bound)]
    equations = [(*row, *(0,) * bounds) for row in system.equations]
    return min(sum(corner[system.ambient_dim :]) for corner in brute.vertices(system.ambient_dim + bounds, rows, equations))


def by_brute_force(system, point, norm):
    return nearest_by_faces(system, point) if norm == 2 else nearest_by_corners(system, point, norm)


@st.composite
def questions(draw, max_dim=3, max_rows=5):
    dim = draw(st.integers(1, max_dim))
    system = draw(polyhedra(dim, full_dimensional=draw(st.booleans()), strict=True, max_rows=max_rows)).hrep
    return system, draw(points(dim, bound=5))


def assert_projection(system, point, norm):
    """Check all that a projection promises, but that nothing is nearer."""
    found = project(system, point, norm)
    assert found.distance == distance(found.point, point, norm)
    assert Polyhedron(system).closure().contains(found.point)
    assert system.contains(found.point) or not found.attained
    return found


@given(questions())
@example((HRep.of(2, [(0, 1, 0), (0, -1, 0), (-1, 0, 1)]), vector(3, 0)))  # a pair of rows that is an equation
@example((HRep.of(2, [(-1, 1, 0), (-2, 2, 1), (-2, 2, -1)]), vector(0, 0)))  # three rows through the nearest point
@example((HRep.of(1, equations=[(-1, 1)]), vector(0)))
@example((HRep.of(2), vector(1, 1)))
def test_the_norm_2_against_the_faces(question):
    system, point = question
    if brute.is_empty(system):
        with pytest.raises(DomainError, match="no nearest point"):
            project(system, point)
        event("empty")
        return
    found = assert_projection(system, point, 2)
    assert found.distance == nearest_by_faces(system, point)
    assert found.attained == system.contains(found.point)  # it is the only one
    event("the point itself" if not found.distance else "attained" if found.attained else "approached")


@pytest.mark.parametrize("norm", [1, "inf"])
@given(question=questions(max_dim=2, max_rows=3))
def test_the_norms_1_and_infinity_against_the_corners(norm, question):
    system, point = question
    if brute.is_empty(system):
        with pytest.raises(DomainError, match="no nearest point"):
            project(system, point, norm)
        return
    found = assert_projection(system, point, norm)
    assert found.distance == nearest_by_corners(system, point, norm)
    event("the point itself" if not found.distance else "attained" if found.attained else "approached")


@st.composite
def narrow_questions(draw):
    """Draw many slanting rows, positive at a point, and a point to project: rows join that have to leave again."""
    dim = draw(st.integers(2, 4))
    inside = draw(points(dim, max_denominator=1))
    slopes = draw(st.lists(st.tuples(*[st.integers(-4, 4)] * dim).filter(any), min_size=dim, max_size=9))
    slacks = draw(st.lists(st.integers(0, 2), min_size=len(slopes), max_size=len(slopes)))
    rows = [(slack - dot(slope, inside), *slope) for slope, slack in zip(slopes, slacks, strict=True)]
    return HRep.of(dim, rows), draw(points(dim, max_denominator=1, bound=20))


@given(narrow_questions())
@example((HRep.of(3, [(0, -2, 3, 0), (0, 2, -1, -2), (1, -1, 2, -1)]), vector(2, -6, 4)))  # a row leaves for a third
@example((HRep.of(3, [(0, -2, -3, -3), (0, -2, 3, 0), (1, -3, 1, -3), (1, 0, 3, 3)]), vector(9, 0, 4)))  # .. and that one later
def test_no_way_from_the_projection_leads_nearer(question):
    """A point x is the projection of p iff no direction within the polyhedron makes an obtuse angle with x - p."""
    system, point = question
    found = assert_projection(system, point, 2).point
    away = [a - b for a, b in zip(found, point, strict=True)]
    vrep = Polyhedron(system).vrep
    assert all(dot(away, [v - x for v, x in zip(vertex, found, strict=True)]) >= 0 for vertex in vrep.vertices)
    assert all(dot(away, ray) >= 0 for ray in vrep.rays)
    assert all(dot(away, line) == 0 for line in vrep.lines)


@given(questions(max_dim=2), st.sampled_from(NORMS))
def test_attained_means_that_some_nearest_point_lies_inside(question, norm):
    """In the norms 1 and infinity there may be many: cut with the ball of that radius, the polyhedron is empty or not."""
    system, point = question
    if brute.is_empty(system):
        return
    found = project(system, point, norm)
    if norm == "inf":
        ball = Polyhedron.box(*([p + sign * found.distance for p in point] for sign in (-1, 1)))
        assert found.attained == (not brute.is_empty(system.intersect(ball.hrep)))
    if found.attained:
        assert system.contains(found.point)


@given(st.data())
def test_the_distance_to_a_half_space(data):
    dim = data.draw(st.integers(1, 3))
    row = data.draw(st.tuples(*[st.integers(-3, 3)] * (dim + 1)).filter(lambda row: any(row[1:])))
    point = data.draw(points(dim))
    for norm in NORMS:
        assert (
            distance_to_row(row, integer_row((Fraction(1), *point)), norm) == project(HRep.of(dim, [row]), point, norm).distance
        )


def measured(answer, norm):
    """What a projection measures: the distance, squared in the norm 2; the two of an answer must agree."""
    assert math.isclose(float(answer.distance) ** 2, float(answer.distance_squared), rel_tol=1e-14)
    assert norm == 2 or answer.distance**2 == answer.distance_squared
    return answer.distance_squared if norm == 2 else answer.distance


@given(st.data(), st.sampled_from(NORMS))
def test_against_every_zone_by_brute_force(data, norm):
    """What is left out for its lower bound is not nearer; points on walls and outside the domain are among the points."""
    net = data.draw(networks(inputs=(1, 2), max_hidden=1, max_width=3))
    domain = data.draw(st.none() | boxes(net.inputs))
    point = data.draw(points_near(net))
    zones = find_zones(net, feature(0), domain)
    found = nearest(zones, point, norm)
    if not zones:
        assert found is None
        event("never fires")
        return
    assert measured(found, norm) == min(by_brute_force(zone.firing.hrep, point, norm) for zone in zones)
    assert measured(found, norm) == distance(found.point, point, norm)
    assert found.zone.firing.closure().contains(found.point)
    assert net.satisfies(found.point, feature(0)) or not found.attained
    inside = found.inside("1/1000")
    assert net.satisfies(inside, feature(0))
    assert distance(inside, point, norm) >= measured(found, norm)
    assert domain is None or domain.contains(inside)
    event(f"{'attained' if found.attained else 'approached'}, {'at' if not found.distance else 'off'} the point")


@pytest.mark.parametrize("norm", NORMS)
def test_every_zone_counts(norm):
    """Zones are left out only if they are farther away."""
    net = load_network(NETWORKS / "iris_2d.npz")
    zones = find_zones(net, feature(2), Polyhedron.box(0, 8, dim=2))
    assert len(zones.islands) == 2
    for point in product(range(0, 9, 2), repeat=2):
        at = net.point(point)
        least = min(project(zone.firing.hrep, at, norm).distance for zone in zones)
        assert measured(nearest(zones, point, norm), norm) == least


@pytest.mark.parametrize("side", [1, -1])
def test_of_zones_as_near_one_where_it_fires(side):
    """On x >= 0, x + ReLU(y) fires at (0, 1), as near to (-1, 0) as can be; in the zone y <= 0 all that is as near does not."""
    net = Network.mlp([([[0, side], [1, 0]], [0, 0]), ([[1, 1]], [0])])
    zones = find_zones(net, feature(0), Polyhedron.box([0, -1], [1, 1]))
    assert sorted(project(zone.firing.hrep, vector(-1, 0), "inf").attained for zone in zones) == [False, True]
    for listed in (zones, zones[::-1]):
        found = nearest(listed, [-1, 0], "inf")
        assert (found.distance, found.attained) == (1, True)
        assert net.satisfies(found.point, feature(0))


@given(st.data())
def test_certificates_agree_with_the_largest_change(data):
    """Within the distance nothing fires, which a certificate proves; in a box that is larger by anything, something does."""
    net = data.draw(networks(inputs=(1, 2), max_hidden=1, max_width=3))
    point = data.draw(points(net.inputs))
    found = nearest(find_zones(net, feature(0)), point, "inf")
    if found is None:
        return
    within, beyond = (
        Polyhedron.box([p - radius for p in point], [p + radius for p in point])
        for radius in (found.distance, found.distance + Fraction(1, 1000))
    )
    assert isinstance(certify(net, feature(0), within), CanFire if found.attained else CannotFire)
    assert isinstance(certify(net, feature(0), beyond), CanFire)


@given(st.data(), st.sampled_from(NORMS))
def test_both_engines_give_the_same_distance(data, norm):
    net = data.draw(networks(inputs=(1, 3)))
    point = data.draw(points(net.inputs))
    prop = data.draw(st.sampled_from([feature(0), condition({0: 1}, strict=False), feature(0) & condition({0: -1}, 1)]))
    one, other = (nearest(find_zones(net, prop, engine=engine), point, norm) for engine in ("forward", "backward"))
    assert (one is None) == (other is None)
    if one is not None:
        assert (one.distance, one.attained) == (other.distance, other.attained)


def test_a_point_that_fires_is_its_own_nearest():
    for norm in NORMS:
        found = nearest(find_zones(HAT, feature(0)), ["3/2"], norm)
        assert (found.distance, found.point, found.attained) == (0, (Fraction(3, 2),), True)


def test_strict_and_not():
    strictly, closed = (nearest(find_zones(HAT, condition({0: 1}, strict=s)), ["1/2"]) for s in (True, False))
    assert strictly.point == closed.point == (1,)
    assert strictly.distance == closed.distance == Fraction(1, 2)
    assert strictly.distance_squared == closed.distance_squared == Fraction(1, 4)
    assert (strictly.attained, closed.attained) == (False, True)
    assert strictly.inside(1) == strictly.zone.sample
    for share in (0, -1, "3/2"):
        with pytest.raises(InputError, match="share of the way"):
            strictly.inside(share)


def test_one_of_many_nearest_points_may_fire():
    """From (0, -1) all of [-1, 1] x {0} is as near in the norm infinity, but x > 1/2 asks for a part of it."""
    found = project(HRep.of(2, [(0, 0, 1), (1, 1, 0), (1, -1, 0)], strict=[(-1, 2, 0)]), vector(0, -1), "inf")
    assert (found.distance, found.attained) == (1, True)
    assert found.point[0] > Fraction(1, 2)


def test_outside_the_domain_the_nearest_point_is_on_its_boundary():
    found = nearest(find_zones(HAT, feature(0), Polyhedron.box(-3, 3, dim=1)), [5], 1)
    assert (found.distance, found.point, found.attained) == (2, (3,), True)


def test_flat_zones_have_a_nearest_point():
    """x0 = 0, written as two conditions that are not strict: no zone of it has an interior."""
    net = Network.mlp([([[1, 0], [0, 1]], [0, 0])])
    flat = condition({0: 1}, strict=False) & condition({0: -1}, strict=False)
    found = nearest(find_zones(net, flat), [3, 1])
    assert (found.distance, found.point, found.attained) == (3, (0, 1), True)


@pytest.mark.parametrize("scale", [1, 3**400, Fraction(1, 3**400), Fraction(1, 10**300), 10**150])
def test_an_irrational_distance_is_the_nearest_float(scale):
    """From the origin to x + y >= s it is s / sqrt(2); numbers that are not floats are clipped."""
    net = Network.of(([[1, 1]], [-Fraction(scale)], False))
    found = nearest(find_zones(net, condition({0: 1}, strict=False)), [0, 0])
    assert found.distance_squared == Fraction(scale) ** 2 / 2
    assert type(found.distance) is float
    exact = float(Decimal(Fraction(scale).numerator) / Decimal(Fraction(scale).denominator) / Decimal(2).sqrt())
    assert found.distance == pytest.approx(min(exact, sys.float_info.max), rel=4e-16)


def test_all_of_the_space():
    assert nearest(find_zones(HAT, ALWAYS), [7]).distance == 0


def test_long_rationals():
    tiny = Fraction(1, 3**300)
    found = project(HRep.of(2, [(-tiny, 1, 3**300), (0, 1, 0)]), vector(0, 0))
    assert found.distance == nearest_by_faces(HRep.of(2, [(-tiny, 1, 3**300), (0, 1, 0)]), vector(0, 0))
    assert 0 < found.distance < tiny**2


@pytest.mark.parametrize(
    ("norm", "distance_", "at"),
    [(1, "2/3*sqrt(3)", [0, "2/3*sqrt(3)"]), (2, 1, ["1/2", "1/2*sqrt(3)"]), ("inf", "-1+sqrt(3)", ["-1+sqrt(3)", "-1+sqrt(3)"])],
)
def test_in_a_quadratic_field(norm, distance_, at):
    """From the origin to x + sqrt(3) y > 2: along y; along the normal, which has length 2; along the diagonal."""
    net = Network.of(([[1, "sqrt(3)"]], [-2], False))
    found = nearest(find_zones(net, feature(0)), [0, 0], norm)
    assert (found.distance, found.point, found.attained) == (algebraic(distance_), vector(*at), False)
    assert net.satisfies(found.inside("1/1000"), feature(0))


def test_what_cannot_be_asked():
    zones = find_zones(HAT, feature(0))
    with pytest.raises(InputError, match=r'norm 3 is not supported; expected 1, 2 or "inf"'):
        nearest(zones, [0], 3)
    with pytest.raises(InputError, match=r"norm \[2\] is not supported"):
        nearest(zones, [0], [2])
    with pytest.raises(DimensionError, match="point has 2 entries; expected 1"):
        nearest(zones, [0, 0])
    with pytest.raises(DimensionError, match="point has 2 entries; expected 1"):
        project(HRep.of(1), vector(0, 0))
    assert nearest(zones, [0], math.inf).distance == 1
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(HAT, feature(0), budget=Budget(zones=1))
    with pytest.raises(InputError, match="incomplete"):
        nearest(stopped.value.found, [0])
    assert nearest(stopped.value.found.zones, [0]).distance == 1


def test_no_time_and_no_list():
    with pytest.raises(BudgetExceeded, match="the budget of 0 s ran out"):
        nearest(find_zones(HAT, 0), [0], seconds=0)
    with pytest.raises(InputError, match=r"zones are Network.*nearest_input\(net, feature\(0\), point\) needs no list"):
        nearest(HAT, [0])
