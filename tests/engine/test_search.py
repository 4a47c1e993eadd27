"""Budgets, interruptions, progress, domains that do not fit: nothing lost, one clear line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zones.support import any_property, small_networks

from exactzones.affine import AffineMap
from exactzones.engine import search as search_module
from exactzones.errors import BudgetExceeded, DimensionError, DomainError, FeatureError, InputError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.testing import domains
from exactzones.zones import ENGINES, Budget, find_zones, stream_zones

engines = pytest.mark.parametrize("engine", ENGINES)

# Lines in general position: 1 + 12 + 66 cells.
TANGENTS = Network.of(([[2 * k, -1] for k in range(12)], [-k * k for k in range(12)], True), ([[1] * 12], [1], False))
CELLS = 79


@pytest.fixture
def impatient(monkeypatch):
    """A clock that says that a second passes at every look."""
    now = iter(range(10**9))
    monkeypatch.setattr(search_module.time, "monotonic", lambda: float(next(now)))


@engines
def test_a_budget_of_zones(engine):
    complete = find_zones(TANGENTS, feature(0), engine=engine)
    assert (len(complete), complete.complete) == (CELLS, True)
    for most in (0, 1, 7, CELLS - 1):
        with pytest.raises(BudgetExceeded) as stopped:
            find_zones(TANGENTS, feature(0), engine=engine, budget=Budget(zones=most))
        found = stopped.value.found
        assert not found.complete
        assert list(found) == list(complete)[:most]
        assert str(most) in stopped.value.reason
        assert "incomplete" in repr(found)
    enough = find_zones(TANGENTS, feature(0), engine=engine, budget=Budget(zones=CELLS))
    assert (len(enough), enough.complete) == (CELLS, True)


@engines
def test_a_budget_of_seconds(engine, impatient):
    assert impatient is None
    with pytest.raises(BudgetExceeded, match=r"the budget of 0.5 s ran out after \d+ cells and \d+ zones") as stopped:
        find_zones(TANGENTS, feature(0), engine=engine, budget=Budget(seconds=0.5))
    assert not stopped.value.found.complete
    assert len(stopped.value.found) < CELLS


def test_a_budget_of_seconds_ends_the_search_for_the_corners_of_a_domain():
    """A box of 16 inputs has 65,536 corners, which the backward engine looks for; no ReLU cuts the domain."""
    net, box = Network.of(([[1] * 16], [0], True)), Polyhedron.box(0, 1, dim=16)
    with pytest.raises(BudgetExceeded, match=r"the budget of 0.1.* ran out after 0 cells and 0 zones"):
        find_zones(net, feature(0), box, engine="backward", seconds=0.1)


def test_no_corners_are_looked_for_where_inequalities_suffice():
    """A box of 40 inputs has 2^40 corners."""
    assert len(find_zones(Network.of(([[1] * 40], [0], True)), feature(0), Polyhedron.box(0, 1, dim=40))) == 1


@engines
def test_what_was_found_can_be_worked_with(engine):
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(TANGENTS, feature(0), engine=engine, budget=Budget(zones=20))
    found = stopped.value.found
    assert found.graph.number_of_nodes() == 20
    assert sum(len(island) for island in found.islands) == 20
    assert sum(len(one.pieces) for one in found.merged) == 20
    assert all(TANGENTS.satisfies(zone.sample, feature(0)) for zone in found)


@engines
def test_an_interruption_from_the_progress_callback(engine, impatient):
    assert impatient is None
    seen = []

    def progress(cells, zones):
        seen.append((cells, zones))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(BudgetExceeded, match="interrupted") as stopped:
        find_zones(TANGENTS, feature(0), engine=engine, progress=progress)
    assert not stopped.value.found.complete
    assert len(stopped.value.found) <= CELLS
    assert stopped.value.__cause__ is None


@pytest.mark.parametrize("at", [1, 5, 40])
def test_an_interruption_from_a_tick(at, monkeypatch):
    """Ctrl-C may come anywhere; what was listed until then is right and in order."""
    complete = list(find_zones(TANGENTS, feature(0), engine="backward"))
    ticks = 0
    count = search_module.Meter.visit

    def tick(self, *cells):
        nonlocal ticks
        ticks += 1
        if ticks == at:
            raise KeyboardInterrupt
        count(self, *cells)

    monkeypatch.setattr(search_module.Meter, "visit", tick)
    with pytest.raises(BudgetExceeded, match="interrupted") as stopped:
        find_zones(TANGENTS, feature(0), engine="backward")
    found = list(stopped.value.found)
    assert found == complete[: len(found)]
    assert len(found) < at


@engines
def test_progress_is_reported_and_ends_with_the_count(engine):
    seen = []
    find_zones(TANGENTS, feature(0), engine=engine, progress=lambda cells, zones: seen.append((cells, zones)))
    assert seen[-1][1] == CELLS
    assert seen[-1][0] >= CELLS
    assert seen == sorted(seen)


@given(st.data(), small_networks(max_hidden=1), st.sampled_from(ENGINES))
def test_a_stream_is_the_list(data, net, engine):
    prop, domain = data.draw(any_property(net)), data.draw(domains(net.inputs))
    assert list(stream_zones(net, prop, domain, engine=engine)) == list(find_zones(net, prop, domain, engine=engine))


@engines
def test_a_stream_can_be_left_early(engine):
    stream = stream_zones(TANGENTS, feature(0), engine=engine)
    first = next(stream)
    stream.close()
    assert TANGENTS.satisfies(first.sample, feature(0))


REFUSED = [
    (Polyhedron.of(2, [(-1, 1, 0), (0, -1, 0)]), DomainError, "the domain is empty"),
    (Polyhedron.of(2, [(-1, 1, 0)], strict=[(1, -1, 0)]), DomainError, "the domain is empty"),
    (Polyhedron.of(2, equations=[(0, 1, 1)]), DomainError, r"the domain is flat: it lies in x0 \+ x1 = 0"),
    (Polyhedron.of(2, [(0, 0, 1), (0, 0, -1)]), DomainError, "the domain is flat: it lies in x1 = 0"),
    (Polyhedron.box([0, 1], [1, 1]), DomainError, "the domain is flat: it lies in x1 = 1"),
    (Polyhedron.box(0, 0, dim=2), DomainError, "the domain is flat"),
    (Polyhedron.box(0, 1, dim=1), DimensionError, "expected 2"),
    (Polyhedron.box(0, 1, dim=3), DimensionError, "expected 2"),
    (Polyhedron.space(3), DimensionError, "expected 2"),
]


@engines
@pytest.mark.parametrize(("domain", "error", "message"), REFUSED)
def test_domains_that_do_not_fit(engine, domain, error, message):
    with pytest.raises(error, match=message) as refused:
        find_zones(TANGENTS, feature(0), domain, engine=engine)
    assert "\n" not in str(refused.value)


def test_the_way_out_of_a_flat_domain_works():
    """The message says: compose with the affine hull, and pull the domain back."""
    segment = Polyhedron.of(2, [(1, 1, 0), (1, -1, 0)], equations=[(0, 1, -1)])
    hull = segment.affine_hull()
    net = Network.mlp([([[1, 0], [0, -1]], [0, 0]), ([[1, 1]], [-1])])
    zones = find_zones(net.compose(hull), feature(0, threshold="-1/2"), segment.preimage(hull))
    assert len(zones) == 2
    for zone in zones:
        at = hull(zone.sample)
        assert segment.contains(at)
        assert net.satisfies(at, feature(0, threshold="-1/2"))


@engines
@pytest.mark.parametrize(
    ("prop", "message"),
    [
        (feature(1), "feature 1 does not exist: layer 1 has features 0 to 0"),
        (feature(-1), "feature -1 does not exist"),
        (feature(0, layer=2), "layer 2 does not exist: the network's layers are 0 to 1"),
        (feature(0, layer=-3), "layer -3 does not exist"),
        (condition({12: 1}, layer=0), "feature 12 does not exist: layer 0 has features 0 to 11"),
    ],
)
def test_properties_that_do_not_fit(engine, prop, message):
    with pytest.raises(FeatureError, match=message):
        find_zones(TANGENTS, prop, engine=engine)


def test_an_engine_that_does_not_exist():
    with pytest.raises(InputError, match="engine is 'sideways'; expected 'auto' or 'forward' or 'inequalities' or 'backward'"):
        find_zones(TANGENTS, feature(0), engine="sideways")


DIGITS = Network.of(
    ([[(k * j * 7919) % 5 - 2 for j in range(784)] for k in range(1, 5)], [1, 0, -1, 2], True), ([[1, -1, 1, -1]], [0], False)
)


@pytest.mark.parametrize("engine", ["forward", "backward"])
def test_a_box_in_784_dimensions_is_refused_in_one_line(engine):
    with pytest.raises(DomainError, match=r"too many corners.* look at a slice") as refused:
        find_zones(DIGITS, feature(0), Polyhedron.box(0, 1, dim=784), engine=engine)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


@engines
def test_a_slice_of_784_dimensions_works(engine):
    corners = [[int(k % 3 == j) for k in range(784)] for j in range(3)]
    plane = AffineMap.through(*corners)
    sliced = DIGITS.compose(plane)
    zones = find_zones(sliced, ALWAYS, Polyhedron.box(-2, 2, dim=2), engine=engine)
    assert zones.share == 1
    fires = find_zones(sliced, feature(0), Polyhedron.box(-2, 2, dim=2), engine=engine)
    assert all(DIGITS.satisfies(plane(zone.sample), feature(0)) for zone in fires)


@engines
def test_all_of_a_space_of_many_dimensions(engine):
    """Four neurons have sixteen regimes at most, whatever the number of inputs: the rest is lines."""
    embedding = AffineMap.through(*[[int(k % 100 == j) for k in range(784)] for j in range(101)])
    net = DIGITS.compose(embedding)
    zones = find_zones(net, feature(0), engine=engine)
    assert 0 < len(zones) <= 16
    assert all(net.satisfies(zone.sample, feature(0)) for zone in zones)
    assert all(len(zone.vrep.lines) >= 96 for zone in zones)


def test_latent_spaces_that_cannot_be_asked_for():
    net = Network.of(([[1], [2]], [0, 0], True), ([[1, 1]], [0], False), ([[1]], [0], True))
    zones = find_zones(net, feature(0, layer=0))
    with pytest.raises(FeatureError, match="no latent space 'beta'; this network has input, latent1"):
        zones.zones_in("beta")
    with pytest.raises(FeatureError, match="reads a layer before"):
        zones.zones_in("latent1")
    assert list(zones.zones_in("input")) == list(zones)
