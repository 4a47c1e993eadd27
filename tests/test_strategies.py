"""The strategies keep their promises, and reach the nasty cases."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.testing import KINDS, boxes, domains, features, networks, points_near, polyhedra, properties

DIMS = st.integers(1, 3)
# Enough draws to meet what is rare, the same ones every time, not shrunk.
REACH = settings(
    max_examples=3000, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_networks_keep_their_bounds(kind, data):
    net = data.draw(networks(kind, inputs=(2, 3), outputs=2, max_hidden=2, max_width=3, min_hidden=0))
    assert 2 <= net.inputs <= 3
    assert net.widths[-1] == 2
    assert max(net.widths) <= 3
    assert len(net.layers) <= (5 if kind == "bottleneck" else 3)
    assert all(all(layer.relu) for layer in net.layers[:-1]) or kind in ("lanes", "bottleneck")
    if kind == "integer":
        assert {entry for layer in net.layers for row in layer.weight.rows for entry in row} <= {-1, 0, 1}
    if kind == "zero_bias":
        assert not any(entry for layer in net.layers for entry in layer.bias)


@pytest.mark.parametrize(
    ("kind", "is_met"),
    [
        ("integer", lambda net: len(set(net.layers[0].weight.rows)) < net.widths[0]),
        ("float", lambda net: any(0 < abs(entry) < 2**-60 for row in net.layers[0].weight.rows for entry in row)),
        ("duplicate", lambda net: any(map(any, net.layers[0].weight.rows)) and _has_twins(net)),
        (
            "parallel",
            lambda net: len(set(map(tuple, net.layers[0].weight.integer_rows()))) < net.widths[0] > 2 and not _has_twins(net),
        ),
        ("dead", lambda net: not all(map(any, net.layers[0].weight.rows)) and any(map(any, net.layers[0].weight.rows))),
        ("dead", lambda net: len(net.layers) > 2 and any(b < 0 and max(row) < 0 for row, b in _units(net.layers[1]))),
        ("lanes", lambda net: len(set(net.layers[0].relu)) == 2),
        ("bottleneck", lambda net: len(net.latents) == 3),
        (None, lambda net: not all(net.layers[0].relu)),
    ],
)
def test_each_kind_meets_what_it_is_for(kind, is_met):
    assert isinstance(find(networks(kind), is_met, settings=REACH), Network)


def _units(layer):
    return list(zip(layer.weight.rows, layer.bias, strict=True))


def _has_twins(net):
    return len(set(_units(net.layers[0]))) < net.widths[0]


def test_an_unknown_kind():
    with pytest.raises(InputError, match="kind is 'round'; expected one of integer, "):
        find(networks("round"), lambda _: True)


@pytest.mark.parametrize("layer", [0, 1])
def test_points_near_meets_zeros_and_vertices(layer):
    net = Network.mlp([([[2, 3], [1, -1]], [-1, 2]), ([[1, 2], [3, -1]], [-1, 1]), ([[1, 1]], [0])])
    # In the first layer 2 x + 3 y = 1 meets x - y = -2 at (-1, 1).
    point = find(
        points_near(net), lambda p: net.trace(p)[layer] == (0, 0) if layer == 0 else 0 in net.trace(p)[1], settings=REACH
    )
    assert layer or point == (-1, 1)


@given(st.data(), DIMS)
def test_polyhedra_are_what_was_asked_for(data, dim):
    for bounded in (True, False):
        body = data.draw(polyhedra(dim, bounded=bounded, strict=data.draw(st.booleans())))
        assert body.dim == dim
        assert body.is_bounded == bounded
    assert data.draw(boxes(dim)).volume() > 0
    assert data.draw(domains(dim, bounded=True)).is_bounded
    for bounded in (None, False):
        domain = data.draw(domains(dim, bounded=bounded))
        assert domain is None or domain.cell().dim == dim


@given(st.data(), networks())
def test_features_and_properties_fit_their_network(data, net):
    last = data.draw(features(net, hidden=False))
    assert last.conditions[0].layer == -1
    for prop in (last, data.draw(features(net)), data.draw(properties(net, max_conditions=3))):
        assert 1 <= len(prop.resolve(net.widths).conditions) <= 3
        assert 0 <= prop.resolve(net.widths).horizon <= len(net.layers)


def test_without_hypothesis_the_message_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import exactzones.testing"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert "InputError: exactzones.testing needs hypothesis" in ran.stderr
    assert "pip install exactzones[testing]" in ran.stderr
