"""Files with random damage give a network or one clear error, never anything else."""

import random

import numpy as np
import pytest
from formats.support import refused

from exactzones.errors import FormatError
from exactzones.formats import load_network, save_network
from exactzones.network import Network


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_damaged_files(suffix, tmp_path):
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    generator = random.Random(suffix)  # noqa: S311  damage is no secret
    values = np.random.default_rng(3)
    net = Network.mlp([(values.normal(size=(3, 2)), [1, 2, 3]), (values.normal(size=(2, 3)), [0, 0])])
    path = tmp_path / f"net{suffix}"
    save_network(net, path)
    data = path.read_bytes()
    refusals = 0
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(generator.randint(1, 3)):
            place = generator.randrange(len(damaged))
            kind = generator.randrange(4)
            if kind == 0:
                damaged[place] ^= 1 << generator.randrange(8)
            elif kind == 1:
                damaged[place] = generator.randrange(256)
            elif kind == 2:
                del damaged[place : place + generator.randint(1, 8)]
            else:
                damaged[place:place] = damaged[generator.randrange(len(damaged)) :][: generator.randint(1, 8)]
        path.write_bytes(damaged)
        try:
            load_network(path)
        except FormatError:
            refusals += 1
            refused(load_network, path)
    assert refusals > 300
