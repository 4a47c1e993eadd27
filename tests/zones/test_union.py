"""The zones of a disjunction: at every point they name the cases that hold there, and none twice."""

import gzip
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones import (
    ALWAYS,
    BudgetExceeded,
    Disjunction,
    InputError,
    Network,
    Polyhedron,
    condition,
    feature,
    find_union,
    find_zones,
)
from exactzones.formats.union_json import union_to_json
from exactzones.testing.strategies import networks, properties

NET = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [1, -1]], [-1, 0])])
"""|x| - 1 and x."""


@st.composite
def questions(draw):
    network = draw(networks("integer") | networks("plain") | networks("dead"))
    cases = draw(st.lists(properties(network), min_size=1, max_size=3))
    domain = draw(st.sampled_from([None, Polyhedron.box(-2, 2, dim=network.inputs)]))
    numbers = st.fractions(-2, 2, max_denominator=3)
    points = draw(st.lists(st.tuples(*[numbers] * network.inputs), min_size=1, max_size=8))
    return network, Disjunction(tuple(cases)), domain, points


@given(questions())
def test_zones_name_the_cases_that_hold(question):
    network, prop, domain, points = question
    union = find_union(network, prop, domain)
    assert len({zone.pattern for zone in union}) == len(union)
    for zone in union:
        assert zone.cases
        for case, part in zone.parts:
            assert part.hrep == zone.hrep
            assert network.satisfies(part.sample, prop.cases[case])
    for point in points:
        holding = {k for k, case in enumerate(prop.cases) if network.satisfies(point, case)}
        named = {k for zone in union.containing(point) for k, part in zone.parts if part.fires(point)}
        assert named == holding
        assert (union.at(point) is None) != bool(holding)


@given(questions())
def test_one_case_has_the_zones_of_its_own_list(question):
    network, prop, domain, _ = question
    only = prop.cases[0]
    assert [zone.pattern for zone in find_union(network, only, domain)] == [
        zone.pattern for zone in find_zones(network, only, domain)
    ]


def test_cases_on_different_layers_share_cells():
    """The unit of layer 0 fires where x > 1/2; its cell is cut by both units of layer 0, as those of the other case are."""
    union = find_union(NET, feature(0, "1/2", layer=0) | feature(0) | condition([0, -1]), (-3, 3))
    assert [(zone.pattern, zone.cases) for zone in union] == [(("+-",), (0, 1)), (("-+",), (1, 2))]
    assert union.prop.cases[0] == feature(0, "1/2", layer=0).resolve(NET.widths)
    assert find_union(NET, ALWAYS | feature(0))[0].cases == (0, 1)


def test_json(tmp_path):
    union = find_union(NET, feature(0) | feature(1), (-3, 3))
    document = union_to_json(union)
    assert document["format"] == "exactzones/union"
    assert document["cases"] == [{"layer": 1, "index": k, "threshold": "0"} for k in (0, 1)]
    assert [zone["pattern"] for zone in document["zones"]] == [["+-"], ["-+"]]
    assert [[each["case"] for each in zone["cases"]] for zone in document["zones"]] == [[0, 1], [0]]
    assert document["zones"][0]["vertices"] == [["0"], ["3"]]
    (first, second) = document["zones"][0]["cases"]
    assert (first["conditions"], second["conditions"]) == (
        [{"row": ["-1", "1"], "strict": True}],
        [{"row": ["0", "1"], "strict": True}],
    )
    assert Fraction(first["sample"][0]) > 1
    for name in ("union.json", "union.json.gz"):
        union.save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        assert json.loads(gzip.decompress(data) if name.endswith(".gz") else data) == document


def test_limits_and_refusals():
    for most in (0, 1, 2):
        with pytest.raises(BudgetExceeded) as stopped:
            find_union(NET, feature(0) | feature(1), max_zones=most)
        assert sum(map(len, stopped.value.found.lists)) == most
        assert not stopped.value.found.complete
    assert "incomplete" in repr(stopped.value.found)
    assert find_union(NET, feature(0) | feature(1), max_zones=3).complete
    with pytest.raises(InputError, match="write find_union"):
        find_zones(NET, feature(0) | feature(1))
    assert len(find_union(NET, Disjunction(()))) == 0
    with pytest.raises(InputError, match="exports end in"):
        find_union(NET, 0).save("zones.xls")
