import json
import pickle
import random
import struct

import numpy as np
import pytest
from models.support import refused

from exactzones.errors import FormatError, InputError
from exactzones.models import from_flax, load_network, state_dict
from exactzones.models.state_dict import network_of_weights
from exactzones.network import Network
from exactzones.rational import vector

RNG = np.random.default_rng(5)
W0, B0, W1, B1 = RNG.normal(size=(3, 2)), RNG.normal(size=3), RNG.normal(size=(1, 3)), RNG.normal(size=1)
NET = Network.mlp([(W0, B0), (W1, B1)])
WEIGHTS = {"0.weight": W0, "0.bias": B0, "2.weight": W1, "2.bias": B1}


@pytest.mark.parametrize("names", ["{0}.{1}", "net.{0}.{1}", "fc{0}.{1}", "a.b1.layer_{0}.{1}"])
def test_names(names):
    given = {names.format(*name.split(".")): array for name, array in WEIGHTS.items()}
    assert network_of_weights(dict(reversed(given.items()))) == NET


def test_the_order_is_that_of_numbers_not_of_text():
    weights = {f"{k}.weight": np.array([[float(k)]]) for k in range(12)}
    net = network_of_weights(weights)
    assert [layer.weight[0, 0] for layer in net.layers] == list(range(12))
    assert [any(layer.relu) for layer in net.layers] == [True] * 11 + [False]


@pytest.mark.parametrize(
    ("weights", "part"),
    [
        ({}, "there are no weights; a state dict is read as linear layers with ReLU between"),
        (WEIGHTS | {"1.running_mean": B0}, "'1.running_mean' does not say which layer it belongs to; a state dict is read as"),
        (WEIGHTS | {"1.weight": B0}, r"numbers 0, 1, 2 leave room|1\.weight has shape \(3,\)"),
        (WEIGHTS | {"head.weight": W1}, "'head.weight' does not say which layer it belongs to"),
        (WEIGHTS | {"b.4.weight": W1}, "'b.4.weight' does not say which layer it belongs to"),
        (WEIGHTS | {"00.weight": W1}, r"there are two weight arrays number 0+, the second '0+\.weight'"),
        (WEIGHTS | {"4.bias": B1}, r"4\.weight is missing; .* use from_torch"),
        (WEIGHTS | {"4.weight": W0}, r"4\.weight has shape \(3, 2\); \(outputs, 1\) is expected after the layer before it"),
        (WEIGHTS | {"3.weight": np.ones((1, 1))}, "numbers 0, 2, 3 leave room for a ReLU between some layers only"),
        (WEIGHTS | {"0.weight": np.ones((3, 2, 1, 1))}, r"0\.weight has shape \(3, 2, 1, 1\)"),
        (WEIGHTS | {"0.bias": np.ones(2)}, r"0\.bias has shape \(2,\) and 0\.weight \(3, 2\)"),
        (WEIGHTS | {"0.weight": W0 * np.nan}, r"0\.weight\[0\]\[0\] is nan"),
    ],
)
def test_what_does_not_tell_the_architecture(weights, part):
    with pytest.raises(InputError, match=part):
        network_of_weights(weights)


def test_flax():
    tree = {"Dense_1": {"kernel": W1.T, "bias": B1}, "Dense_0": {"kernel": W0.T, "bias": B0}}
    assert from_flax(tree) == from_flax({"params": tree}) == NET
    for bad in ({"params": W0}, {"Dense_0": {"kernel": W0.T, "scale": B0}}, {"LayerNorm_0": {"bias": B0}}, 3):
        with pytest.raises(InputError):
            from_flax(bad)


class TestSafetensors:
    @pytest.fixture(autouse=True)
    def _library(self):
        self.numpy = pytest.importorskip("safetensors.numpy")

    def save(self, path, weights):
        path.write_bytes(self.numpy.save(weights))
        return path

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_weights_are_exact(self, dtype, tmp_path):
        arrays = {name: array.astype(dtype) for name, array in WEIGHTS.items()}
        net = load_network(self.save(tmp_path / "net.safetensors", arrays))
        assert net.layers[0].weight.rows == tuple(vector(*row) for row in arrays["0.weight"])
        assert net == network_of_weights(arrays)

    def test_bfloat16(self, tmp_path):
        upper = (np.float32([0.3, -7.7]).view(np.uint32) >> 16).astype("<u2")
        header = json.dumps({"0.weight": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]}}).encode()
        (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + upper.tobytes())
        (layer,) = load_network(tmp_path / "net.safetensors").layers
        assert layer.weight.rows == (vector(*(upper.astype(np.uint32) << 16).view(np.float32)),)
        assert layer.weight[0, 0] != vector(np.float32(0.3))[0]

    def test_bad_files(self, tmp_path):
        path = self.save(tmp_path / "net.safetensors", WEIGHTS | {"0.weight": np.ones((3, 2), np.int64)})
        refused(load_network, path, "0.weight has type I64")
        path = self.save(path, {"conv.weight": W0})
        refused(load_network, path, "'conv.weight' does not say which layer it belongs to; a state dict is read as linear layers")
        for data in (b"", b"junk", b"\xff" * 100, b"\x00" * 8):
            path.write_bytes(data)
            refused(load_network, path, "the file is not a safetensors file" if data else "the file is empty")

    def test_damaged_files(self, tmp_path):
        path = self.save(tmp_path / "net.safetensors", WEIGHTS)
        data, generator, refusals = path.read_bytes(), random.Random(1), 0  # noqa: S311  damage need not be secret
        for _ in range(500):
            damaged = bytearray(data)
            for _ in range(generator.randint(1, 3)):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            path.write_bytes(damaged[: generator.randint(len(damaged) - 3, len(damaged))])
            try:
                load_network(path)
            except FormatError:
                refusals += 1
                refused(load_network, path)
        assert refusals > 100

    def test_without_the_package(self, tmp_path, monkeypatch):
        path = self.save(tmp_path / "net.safetensors", WEIGHTS)

        def missing(_name):
            raise ImportError

        monkeypatch.setattr(state_dict, "import_module", missing)
        with pytest.raises(InputError, match=r"pip install exactzones\[safetensors\]"):
            load_network(path)
        with pytest.raises(InputError, match="need the package torch"):
            load_network(tmp_path / "net.pt")


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


class TestTorchFiles:
    @pytest.fixture(autouse=True)
    def _library(self, tmp_path, monkeypatch):
        self.torch = pytest.importorskip("torch")
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize("suffix", [".pt", ".pth"])
    @pytest.mark.parametrize("wrap", [lambda found: found, lambda found: {"state_dict": found, "epoch": 3}])
    def test_state_dicts(self, suffix, wrap, tmp_path):
        nn = self.torch.nn
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)).bfloat16()
        self.torch.save(wrap(model.state_dict()), tmp_path / f"net{suffix}")
        net = load_network(tmp_path / f"net{suffix}")
        assert net.layers[0].weight.rows == tuple(vector(*row) for row in model[0].weight.tolist())
        assert net.widths == (3, 1)

    def test_code_is_never_run(self, tmp_path):
        path = tmp_path / "net.pt"
        for write in (lambda: self.torch.save(Bomb(), path), lambda: path.write_bytes(pickle.dumps(Bomb()))):
            write()
            refused(load_network, path, "pickled code, which is never run")
            assert not (tmp_path / "exploded").exists()

    def test_whole_modules_and_others(self, tmp_path):
        path = tmp_path / "net.pt"
        self.torch.save(self.torch.nn.Linear(2, 1), path)
        refused(load_network, path, "save module.state_dict()")
        self.torch.save([1, 2], path)
        refused(load_network, path, "the file does not hold a dict of tensors")
        self.torch.save({"0.weight": self.torch.ones(2, 2, dtype=self.torch.int8)}, path)
        refused(load_network, path, "0.weight has type torch.int8")
        for data in (b"", b"junk"):
            path.write_bytes(data)
            refused(load_network, path, "the file is not a state dict that torch.save wrote" if data else "the file is empty")
