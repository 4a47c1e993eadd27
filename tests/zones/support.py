"""What the tests of zones share: cases small enough for brute force, and plain definitions to compare with."""

import itertools
from dataclasses import dataclass

from hypothesis import strategies as st

from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition
from exactzones.rational import Matrix
from exactzones.testing import domains, features, networks, properties
from exactzones.zones import ENGINES, Zones, find_zones

EVERY_CELL = condition({}, 1, after_relu=True)
"""1 > 0 at the network's output: it holds everywhere, so its zones are all cells."""

engines = st.sampled_from(sorted(ENGINES))


@dataclass(frozen=True)
class Case:
    net: Network
    prop: Property
    domain: Polyhedron | None
    engine: str = "backward"

    @property
    def zones(self) -> Zones:
        return find_zones(self.net, self.prop, self.domain, engine=self.engine)


def neurons(net):
    return sum(len(layer.relu_units) for layer in net.layers)


def small_networks(kind=None, *, most=8, **options):
    """Networks that brute force over 2^n can do."""
    return networks(kind, **options).filter(lambda net: neurons(net) <= most)


def any_property(net):
    return st.one_of(features(net), properties(net), properties(net, max_conditions=3))


@st.composite
def cases(draw, nets=None, props=any_property, *, bounded=None):
    net = draw(small_networks() if nets is None else nets)
    return Case(net, draw(props(net)), draw(domains(net.inputs, bounded=bounded)), draw(engines))


@st.composite
def complexes(draw, nets=None, within=domains):
    """All cells of a network: never an empty list."""
    net = draw(small_networks(inputs=(1, 3)) if nets is None else nets)
    zones = find_zones(net, Property(()), draw(within(net.inputs)), engine=draw(engines))
    assert len(zones)
    return zones


def by_pattern(zones):
    """Pattern -> closed cell as a set; no pattern comes twice."""
    found = {zone.pattern: Polyhedron(zone.hrep) for zone in zones}
    assert len(found) == len(zones)
    return found


def same_sets(ours, theirs):
    """Demand the same patterns with the same sets of points."""
    assert set(ours) == set(theirs)
    for pattern, cell in ours.items():
        assert cell.vrep == theirs[pattern].vrep, pattern


def firing(zone):
    """The part of a zone that fires, from its inequalities and conditions only."""
    conditions = zone.conditions
    return Polyhedron.of(
        zone.network.inputs,
        [*zone.hrep.rows, *(c.row for c in conditions if not c.strict)],
        strict=[c.row for c in conditions if c.strict],
    )


def components(count, joined):
    """The connected components of 0 .. count - 1 under pairs, as sorted tuples: union-find."""
    parent = list(range(count))

    def root(k):
        while parent[k] != k:
            k = parent[k]
        return k

    for a, b in joined:
        parent[root(a)] = root(b)
    groups = {}
    for k in range(count):
        groups.setdefault(root(k), []).append(k)
    return tuple(sorted(map(tuple, groups.values())))


def pairs(zones):
    return itertools.combinations(range(len(zones)), 2)


def layer(matrix, offset, relu):
    """A layer from rows of exact numbers, whatever they are kept in."""
    return Layer(matrix if isinstance(matrix, Matrix) else Matrix.of(matrix), tuple(offset), tuple(relu))
