"""The public networks of the VNN competition, from the folder that EXACTZONES_VNNCOMP names."""

import os
from pathlib import Path

import pytest
from models.support import agrees_exactly_with_onnxruntime, agrees_with_onnxruntime

from exactzones.models import load_network, save_network

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
    weights = sum(layer.inputs * layer.outputs for layer in net.layers)
    if weights > 1_000_000:
        agrees_exactly_with_onnxruntime(path, net)
    else:
        agrees_with_onnxruntime(path, net, exact_points=3 if weights > 100_000 else 20)


def test_convolutions_are_layers_of_their_own_size():
    (path,) = (path for path in FILES if path.parts[-3] == "collins_rul_cnn")
    assert load_network(path).widths == (1600, 2400, 800, 600, 100, 1)


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "test"], ids=name)
def test_the_hash_is_the_same_in_every_format(path, tmp_path):
    pytest.importorskip("onnx")
    net = load_network(path)
    for suffix in (".npz", ".json", ".onnx"):
        save_network(net, tmp_path / f"net{suffix}")
        assert load_network(tmp_path / f"net{suffix}").sha256 == net.sha256
