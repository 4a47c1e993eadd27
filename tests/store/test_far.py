"""Zones so far away that floats, which are 10^-7 apart there and more, say little about them."""

from fractions import Fraction

import pytest
from store.stores import random_net, same_as_list

from exactzones import Network, condition, feature, find_zones
from exactzones.store import store_zones

pytest.importorskip("pyarrow")

FAR = Network.mlp(
    [([[1, 0], [0, 1], [1, 1]], [-(10**12), 5 - 10**12, "1/3"]), ([[1, -1, 0], [-1, 1, "1/7"]], [1, 2]), ([[1, -1]], [1])]
)


@pytest.mark.parametrize("engine", ["forward", "inequalities"])
@pytest.mark.parametrize(
    ("net", "prop", "domain"),
    [
        (random_net(2, 4, 4, 1), 0, (-(10**12), 10**12)),
        (random_net(2, 4, 3, 1), feature(0) & condition([1, 1, 1], layer=1), (-(10**20), 10**20)),
        (FAR, 0, (10**12 - 3, 10**12 + 3)),
        (FAR, feature(0, "1/10000000"), None),
    ],
)
def test_what_floats_cannot_say_is_exact(tmp_path, engine, net, prop, domain):
    store, zones = (
        store_zones(net, prop, domain, directory=tmp_path / "s", engine=engine),
        find_zones(net, prop, domain, engine=engine),
    )
    same_as_list(store, zones)
    if engine == "forward" and domain is not None:
        rows = [row for chunk in store.manifest.chunks for row in store.table(chunk).to_pylist()]
        assert any(row["exact"] for row in rows) or net is FAR
        assert all(
            zone.fires([Fraction(entry) for entry in (row["exact"] or "").split() or row["witness"]])
            for row, zone in zip(rows, zones, strict=True)
        )
