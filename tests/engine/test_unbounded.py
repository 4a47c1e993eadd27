"""The inequalities engine on unbounded domains: the zones of the other engines, found in floats for ordinary weights."""

import pytest
from engine.support import box, random_network
from engine.test_inequalities import WITHOUT_KERNEL, search_of
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.engine.search_kernel import SearchKernel
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, feature
from exactzones.zones import find_zones

PROPERTIES = [ALWAYS, feature(0)]


def unit_rows(dim, coordinates, constant=0):
    return [(constant, *(int(k == j) for j in range(dim))) for k in coordinates]


def unbounded(dim):
    """All of the space, an orthant, a slab in half of the coordinates, and a half-space."""
    slab = box(dim).hrep.rows[: dim // 2 * 2]
    return st.sampled_from(
        [
            None,
            Polyhedron.of(dim, unit_rows(dim, range(dim), 1)),
            Polyhedron.of(dim, slab),
            Polyhedron.of(dim, unit_rows(dim, range(dim // 2))),
            Polyhedron.of(dim, [(3, *[1] * dim)]),
        ]
    )


@settings(max_examples=25)
@given(st.data(), st.sampled_from(PROPERTIES), st.integers(0, 10**6))
def test_the_engines_agree_on_unbounded_domains(data, prop, seed):
    widths = data.draw(st.sampled_from([(2, 4, 3, 1), (3, 4, 1), (3, 3, 3, 1), (4, 3, 3, 1), (2, 3, 2, 2, 1)]))
    net, domain = random_network(*widths, seed=seed), data.draw(unbounded(widths[0]))
    expected = {zone.pattern for zone in find_zones(net, prop, domain, engine="forward")}
    found = find_zones(net, prop, domain, engine="inequalities")
    assert {zone.pattern for zone in found} == expected
    for zone in found:
        assert zone.contains(zone.sample)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*WITHOUT_KERNEL)
        assert [zone.pattern for zone in find_zones(net, prop, domain, engine="inequalities")] == [zone.pattern for zone in found]


@pytest.mark.parametrize("prop", PROPERTIES, ids=["every cell", "feature"])
@pytest.mark.parametrize("widths", [(10, 5, 5, 1), (6, 6, 5, 1), (12, 6, 3, 3, 1)], ids=str)
def test_ordinary_weights_need_hardly_an_exact_program(widths, prop):
    net, dim = random_network(*widths, seed=7), widths[0]
    for domain in (None, Polyhedron.of(dim, unit_rows(dim, range(dim), 1)), Polyhedron.of(dim, [(3, *[1] * dim)])):
        search = search_of(net, prop, domain)
        assert sum(1 for _ in search.run(search.start(), lambda _: None)) > 20
        if search.kernel.is_compiled:
            assert 50 * search.counts["asked"] <= search.counts["nodes"]


@pytest.mark.parametrize("gap", ["0", "1/1000000000000000000000000000000"])
def test_a_ray_that_floats_cannot_tell_from_another(gap):
    """The second layer is positive on the first one's cone by a gap in a slope, however small, or not at all."""
    first = ([["1/3", "1/7"], ["2/7", "-1/3"], ["-1/3", "1/9"]], [0, 0, 0])
    net = Network.mlp([first, ([[gap, -1, -1]], [-1]), ([[1]], [0])])
    zones = find_zones(net, ALWAYS, None, engine="inequalities")
    assert {zone.pattern for zone in zones} == {zone.pattern for zone in find_zones(net, ALWAYS, None, engine="backward")}
    assert any(zone.pattern[1] == "+" for zone in zones) == (gap != "0")


def test_bounds_of_the_maximum_hold_on_unbounded_cells():
    net = random_network(4, 5, 4, 1, seed=3)
    zones = find_zones(net, feature(0), Polyhedron.of(4, unit_rows(4, range(4))), engine="inequalities")
    leaves = [zone.source for zone in zones]
    kernel = leaves[0].kernel
    if not isinstance(kernel, SearchKernel) or not kernel.is_compiled:
        return
    bounds = kernel.maxima([leaf.states for leaf in leaves], [leaf.inner for leaf in leaves])
    for zone, (low, high) in zip(zones, bounds.tolist(), strict=True):
        exact = zone.supremum
        assert exact is None or low <= exact <= high
