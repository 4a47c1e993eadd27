"""The example of disputed questions: what it prints is so."""

import os
from fractions import Fraction
from pathlib import Path

import disputed as example
import numpy as np
import pytest

from exactzones import Polyhedron, feature, find_zones
from exactzones.certification import CanFire, CannotFire, certify, check, maximum
from exactzones.models import load_network, save_network

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")


def test_floats_have_the_wrong_sign_everywhere():
    """Between 1 and 2, x is lost in 10^17 + x, whose neighbours are 16 apart."""
    network = example.fooling()
    assert np.spacing(1e17) == 16
    for point in np.linspace(1, 2, 101).tolist():
        exact = network([point])
        assert exact == (Fraction(point) - Fraction(1, 2), Fraction(1, 2) - Fraction(point))
        assert exact[0] > 0 > exact[1]
        assert example.in_floats(network, [point]) == [-0.5, 0.5]


def test_certificates_say_what_floats_get_wrong():
    network, domain = example.fooling(), Polyhedron.box(1, 2, dim=1)
    fires, never = (certify(network, feature(index), domain) for index in (0, 1))
    assert isinstance(fires, CanFire)
    assert network(fires.witness)[0] > 0
    assert isinstance(never, CannotFire)
    assert str(check(network, feature(1), domain, never.certificate)) == "valid"
    assert check(network, feature(0), domain, never.certificate).verdict == "invalid"


def test_its_weights_survive_a_file(tmp_path):
    pytest.importorskip("onnx")
    network = example.fooling()
    save_network(network, tmp_path / "net.onnx")
    assert load_network(tmp_path / "net.onnx").sha256 == network.sha256


def test_the_maximum_of_the_ternary_network_is_19():
    network, domain = example.ternary(), Polyhedron.box(-6, 6, dim=2)
    assert {entry for layer in network.layers for row in layer.weight.rows for entry in row} == {-1, 0, 1}
    top = maximum(network, 0, domain)
    assert top.value == network(top.point)[0] == 19
    assert domain.contains(top.point)
    assert str(check(network, feature(0, 19), domain, top.certificate)) == "valid"
    assert isinstance(certify(network, feature(0, 19), domain), CannotFire)
    assert isinstance(certify(network, feature(0, "18.999999999"), domain), CanFire)


def test_the_list_of_zones_has_the_same_maximum():
    network, domain = example.ternary(), Polyhedron.box(-6, 6, dim=2)
    assert not find_zones(network, feature(0, 19), domain)
    assert find_zones(network, feature(0, "18.999999999"), domain).maximum.value == 19


def test_the_story_is_told(capsys, monkeypatch):
    monkeypatch.delenv("EXACTZONES_VNNCOMP", raising=False)
    example.main([])
    printed = capsys.readouterr().out
    assert "feature 0: can fire" in printed
    assert "feature 1: cannot fire" in printed
    assert "the maximum is exactly 19" in printed
    assert printed.count("says: valid") == 3
    assert "Set EXACTZONES_VNNCOMP" in printed


@pytest.mark.skipif(not FOLDER, reason="EXACTZONES_VNNCOMP names no folder")
def test_a_disputed_instance_is_settled(capsys):
    assert example.settle_disputed_instance(Path(FOLDER) / "safenlp") == "sat"
    printed = capsys.readouterr().out
    assert "5 tools answered sat and 1 answered unsat" in printed
    assert "check says: valid" in printed
