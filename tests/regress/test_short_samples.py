"""Samples of unbounded zones had coordinates like 182610959633535001585119486263307: rays were added as integer rows."""

import numpy as np

from exactzones.network import Network
from exactzones.property import feature
from exactzones.zones import find_zones


def test_samples_of_unbounded_zones_of_a_float_network():
    rng = np.random.default_rng(0)
    net = Network.mlp([(rng.normal(size=(5, 2)), rng.normal(size=5)), (rng.normal(size=(1, 5)), rng.normal(size=1))])
    zones = find_zones(net, feature(0))
    assert any(not zone.cell.is_bounded for zone in zones)
    for zone in zones:
        assert net.satisfies(zone.sample, feature(0))
        assert all(abs(entry) < 1000 and entry.denominator <= 2**32 for entry in zone.sample), zone.sample
