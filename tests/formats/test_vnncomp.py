"""The public networks of the VNN competition, from the folder that EXACTZONES_VNNCOMP names."""

import os
from pathlib import Path

import pytest
from formats.support import agrees_with_onnxruntime

from exactzones.formats import load_network, save_network

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")
pytestmark = pytest.mark.skipif(not FOLDER, reason="EXACTZONES_VNNCOMP names no folder")
FILES = sorted(Path(FOLDER).rglob("*.onnx")) if FOLDER else []


def name(path):
    return str(path.relative_to(FOLDER))


def test_there_are_some():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=name)
def test_public_networks(path):
    pytest.importorskip("onnx")
    net = load_network(path)
    large = sum(layer.inputs * layer.outputs for layer in net.layers) > 100_000
    agrees_with_onnxruntime(path, net, exact_points=3 if large else 20)


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "test"], ids=name)
def test_the_hash_is_the_same_in_every_format(path, tmp_path):
    pytest.importorskip("onnx")
    net = load_network(path)
    for suffix in (".npz", ".json", ".onnx"):
        save_network(net, tmp_path / f"net{suffix}")
        assert load_network(tmp_path / f"net{suffix}").sha256 == net.sha256
