"""Files with random damage give a network or one clear error, never anything else."""

import random

import numpy as np
import pytest
from damage import damaged
from models.support import refused

from exactzones.errors import FormatError
from exactzones.models import load_network, save_network
from exactzones.network import Network


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_damaged_files(suffix, tmp_path):
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    generator = random.Random(suffix)  # noqa: S311  damage need not be secret
    values = np.random.default_rng(3)
    net = Network.mlp([(values.normal(size=(3, 2)), [1, 2, 3]), (values.normal(size=(2, 3)), [0, 0])])
    path = tmp_path / f"net{suffix}"
    save_network(net, path)
    data = path.read_bytes()
    refusals = 0
    for _ in range(1500):
        path.write_bytes(damaged(data, generator))
        try:
            load_network(path)
        except FormatError:
            refusals += 1
            refused(load_network, path)
    assert refusals > 300
