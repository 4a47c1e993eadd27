"""What tests of stores share: networks, what is in a folder, and the comparison of a store with a list."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from exactzones import Network
from exactzones.engine.leaf import Leaf


def random_net(*widths, seed=0):
    rng = np.random.default_rng(seed)
    layers = itertools.pairwise(widths)
    return Network.mlp([(rng.normal(size=(b, a)).round(3).tolist(), rng.normal(size=b).round(3).tolist()) for a, b in layers])


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def same_as_list(store, zones):
    assert [zone.pattern for zone in store] == [zone.pattern for zone in zones]
    assert len(store) == len(zones)
    for stored, zone in zip(store, zones, strict=True):
        assert stored == zone
        assert stored.conditions == zone.conditions
        assert same_source(stored.source, zone.source)
    assert tuple(tuple(island.tolist()) for island in store.islands) == zones.islands
    graph = zones.graph
    for k in range(len(zones)):
        neighbours = store.neighbours(k)
        assert {n.zone for n in neighbours} == set(graph[k])
        for n in neighbours:
            assert n.fires == graph[k][n.zone]["fires"]
            assert n.neuron in graph[k][n.zone]["flips"]
    edges = np.concatenate([np.zeros((2, 0), int), *store.edges()], axis=1)
    assert {tuple(edge) for edge in edges.T.tolist()} == {tuple(sorted(edge)) for edge in graph.edges}
    rows = [row for chunk in store.manifest.chunks for row in store.table(chunk).to_pylist()]
    for row, zone in zip(rows, zones, strict=True):
        exact = None if row["exact"] is None else [Fraction(entry) for entry in row["exact"].split()]
        assert exact is None or zone.fires(exact)
        if row["maximum"] is not None:
            assert row["maximum"] == pytest.approx(float(zone.supremum), rel=1e-6, abs=1e-9)
            assert np.allclose(row["condition"], [float(e) for e in zone.conditions[0].row])
            if exact is None and zone.supremum - store.prop.conditions[0].constant > Fraction(1, 1000):
                assert zone.fires([Fraction(entry) for entry in row["witness"]]) or not zone.cell.is_bounded or small(zone)


def same_source(stored, listed):
    """Whether two leaves have the same tight sets, or are cut by the same units."""
    return np.array_equal(stored.tight, listed.tight) if isinstance(listed, Leaf) else stored.states == listed.states


def small(zone):
    """Whether a rounded point may miss the zone."""
    return max(np.ptp([[float(e) for e in vertex] for vertex in zone.vrep.vertices], axis=0)) < 1e-6
