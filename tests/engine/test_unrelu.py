"""``unrelu``: the pieces' union is the preimage of the target under one layer, strict boundaries included."""

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from exactzones.errors import DimensionError
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS
from exactzones.testing import networks, points, points_near, polyhedra
from exactzones.zones import find_zones, unrelu


@given(st.data(), networks(inputs=(1, 3), max_hidden=1, max_width=3))
def test_the_union_of_the_pieces_is_the_preimage(data, net):
    layer = net.layers[0]
    target = data.draw(polyhedra(layer.outputs, full_dimensional=False, strict=True))
    pieces = unrelu(target, layer)
    event(f"pieces: {min(len(pieces), 4)}")
    for _ in range(6):
        point = data.draw(points(net.inputs) | points_near(net))
        image = layer.activate(layer.affine(point))
        assert any(piece.contains(point) for _, piece in pieces) == target.contains(image)


@given(st.data(), networks(inputs=(1, 3), max_hidden=1, max_width=3))
def test_pieces_are_named_by_their_regime_and_lie_in_it(data, net):
    layer = net.layers[0]
    target = data.draw(polyhedra(layer.outputs, strict=True))
    pieces = unrelu(target, layer)
    regimes = {zone.pattern: Polyhedron(zone.hrep) for zone in find_zones(Network((layer,)), ALWAYS)}
    names = [signs for signs, _ in pieces]
    assert len(names) == len(set(names))
    for signs, piece in pieces:
        assert not piece.is_empty
        assert piece.is_subset(regimes[(signs,) if layer.relu_units else ()])
        assert target.contains(layer.activate(layer.affine(piece.interior_point())))
        assert piece.hrep == piece.irredundant


@given(networks(inputs=(1, 3), max_hidden=1, max_width=4))
def test_everything_is_pulled_back_to_all_regimes(net):
    """Neither the all-off nor the all-on regime is left out."""
    layer = net.layers[0]
    pieces = dict(unrelu(Polyhedron.space(layer.outputs), layer))
    zones = find_zones(Network((layer,)), ALWAYS)
    assert {signs: piece.vrep for signs, piece in pieces.items()} == {"".join(zone.pattern): zone.vrep for zone in zones}


def test_faces_of_the_orthant():
    """The diagonal of R^2 through x -> (ReLU(x), ReLU(-x)) meets the orthant's boundary only."""
    layer = Layer.of([[1], [-1]])
    origin = Polyhedron.of(2, equations=[(0, 1, 0), (0, 0, 1)])
    assert {signs: piece.dim for signs, piece in unrelu(origin, layer)} == {"+-": 0, "-+": 0}
    assert unrelu(Polyhedron.of(2, strict=[(0, 1, 0), (0, 0, 1)]), layer) == []
    assert unrelu(Polyhedron.of(2, [(-1, -1, 0)]), layer) == []


def test_linear_lanes_have_no_sign():
    layer = Layer.of([[1, 0], [0, 1]], [0, 0], relu=[False, True])
    pieces = unrelu(Polyhedron.of(2, [(0, -1, 0)]), layer)
    assert sorted(signs for signs, _ in pieces) == ["+", "-"]
    (whole,) = unrelu(Polyhedron.box(0, 1, dim=2), Layer.of([[1, 0], [0, 1]], relu=False))
    assert whole == ("", Polyhedron.box(0, 1, dim=2))


def test_a_target_in_another_space():
    with pytest.raises(DimensionError, match="space of the target has dimension 3; expected 2"):
        unrelu(Polyhedron.space(3), Layer.of([[1], [-1]]))
