"""Stores of domains with strict rows: what is on the boundary is remembered."""

import pytest

from exactzones import InputError, Network, Polyhedron, find_zones
from exactzones.store import ZoneStore, store_zones

pytest.importorskip("pyarrow")

NET = Network.mlp([([[1, 0], [0, 1], [1, 1]], [0, 0, -1]), ([[1, 1, -1]], [1])])
SIDES = [(3, 1, 0), (3, -1, 0), (3, 0, 1), (3, 0, -1)]  # of the square -3 <= x, y <= 3


@pytest.mark.parametrize(("open_sides", "attained"), [(0, True), (2, True), (4, False)])
def test_a_reopened_store_says_whether_the_largest_value_is_attained(tmp_path, open_sides, attained):
    """It is 4, where x = 3 and y <= -2, and where y = 3 and x <= -2."""
    domain = Polyhedron.of(2, SIDES[open_sides:], strict=SIDES[:open_sides])
    zones = find_zones(NET, 0, domain)
    store_zones(NET, 0, domain, directory=tmp_path / "s")
    store = ZoneStore.open(tmp_path / "s")
    assert store.maximum == zones.maximum
    assert (store.maximum.value, store.maximum.attained, domain.contains(store.maximum.point)) == (4, attained, attained)
    assert store.listed() == zones
    assert store.domain == domain


def test_a_largest_value_on_an_open_side(tmp_path):
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, -1]], [0])])  # x
    domain = Polyhedron.of(1, [(3, 1)], strict=[(3, -1)])  # -3 <= x < 3
    store_zones(net, 0, domain, directory=tmp_path / "s")
    largest = ZoneStore.open(tmp_path / "s").maximum
    assert (largest.value, largest.attained) == (3, False)
    assert largest == find_zones(net, 0, domain).maximum
    for other in (Polyhedron.of(1, [(3, 1), (3, -1)]), Polyhedron.of(1, [], strict=[(3, 1), (3, -1)])):
        with pytest.raises(InputError, match="the store is for another domain"):
            store_zones(net, 0, other, directory=tmp_path / "s", resume=True)
