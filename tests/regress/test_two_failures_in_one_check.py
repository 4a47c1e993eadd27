"""``check_zones`` ended in an ExceptionGroup when a check failed in two ways; and no check looked at an edge's ``fires``."""

from dataclasses import replace

import pytest

from exactzones.network import Network
from exactzones.polyhedra import Cell
from exactzones.property import feature
from exactzones.testing import CheckFailed, adjacency_is_right, check_zones
from exactzones.zones import Zones, find_zones

BENT = Network.mlp([([[1], [-1], [1]], [0, 0, -1]), ([[1, 1, -3]], ["-1/2"])])


def test_one_report_with_one_counterexample():
    """A cell that is too large fires where it should not at some points, and computes other values at others."""
    zones = find_zones(BENT, feature(0))
    whole = replace(zones[0], source=Cell.space(1))
    reports = check_zones(Zones(BENT, zones.prop, None, (whole, *zones[1:])), examples=500)
    assert reports[0].failure is not None


def test_an_edge_that_does_not_fire():
    absolute = find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [0])]), feature(0))
    adjacency_is_right(absolute, 0)
    absolute.graph.edges[0, 1]["fires"] = True
    with pytest.raises(CheckFailed, match="fires nowhere on the facet"):
        adjacency_is_right(absolute, 0)
