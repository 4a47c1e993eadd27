import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.support import DOUBLE, RATIONAL, SINGLE, networks

from exactzones.errors import FormatError, InputError
from exactzones.models import load_network, save_network
from exactzones.network import Layer, Network
from exactzones.rational import Rationalization, vector


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("round_trip")


def there_and_back(net, path):
    save_network(net, path)
    return load_network(path)


@settings(deadline=None)
@given(net=networks(RATIONAL | DOUBLE))
def test_json_keeps_every_network(net, folder):
    back = there_and_back(net, folder / "net.json")
    assert back == net
    assert back.sha256 == net.sha256


@settings(deadline=None)
@given(net=networks(SINGLE) | networks(DOUBLE))
def test_npz_keeps_every_float_network(net, folder):
    assert there_and_back(net, folder / "net.npz") == net


@settings(deadline=None, max_examples=50)
@given(net=networks(SINGLE, partial=False) | networks(DOUBLE, partial=False))
def test_onnx_keeps_every_float_network(net, folder):
    pytest.importorskip("onnx")
    back = there_and_back(net, folder / "net.onnx")
    # A layer of only zeros and ones after a ReLU is still a layer of its own.
    assert back == net


@settings(deadline=None, max_examples=25)
@given(net=networks(DOUBLE, partial=False))
def test_the_hash_does_not_depend_on_the_file(net, folder):
    pytest.importorskip("onnx")
    hashes = {there_and_back(net, folder / f"net{suffix}").sha256 for suffix in (".npz", ".json", ".onnx")}
    assert hashes == {net.sha256}


@settings(deadline=None)
@given(kind=st.sampled_from(["f2", "f4", "f8", ">f8", "i1", "i8", "u8", ">u2"]), seed=st.integers(0, 10**6))
def test_npz_reads_every_number_type_exactly(kind, seed, folder):
    weight = (np.random.default_rng(seed).normal(0, 50, (2, 3))).astype(np.int8).astype(kind)
    if np.dtype(kind).kind == "f":
        weight = (weight / np.dtype(kind).type(3)).astype(kind)
    np.savez(folder / "typed.npz", W0=weight)
    net = load_network(folder / "typed.npz")
    assert net.layers[0].weight.rows == tuple(vector(*row) for row in weight)


def test_the_largest_and_smallest_numbers(tmp_path):
    info = np.finfo(np.float64)
    np.savez(tmp_path / "a.npz", W0=np.array([[2**64 - 1]], np.uint64), W1=[[info.max]], W2=[[info.smallest_subnormal]])
    net = load_network(tmp_path / "a.npz")
    assert [layer.weight[0, 0] for layer in net.layers] == [2**64 - 1, Fraction(info.max), Fraction(1, 2**1074)]
    assert there_and_back(net, tmp_path / "a.json") == net
    with pytest.raises(InputError, match=r"layer 0 weight\[0\]\[0\] is 18446744073709551615, which is not a 64-bit float"):
        save_network(net, tmp_path / "b.npz")


@pytest.mark.parametrize("suffix", [".npz", ".onnx"])
@pytest.mark.parametrize("value", ["1/3", "0.1", 10**400, 2**60 + 1, Fraction(1, 2**1080)])
def test_what_no_float_holds_is_refused(suffix, value, tmp_path):
    path = tmp_path / f"net{suffix}"
    with pytest.raises(InputError, match=r"layer 0 bias\[0\]\[1\] is .* is not a 64-bit float; save the network as \.json"):
        save_network(Network.of(([[1], [1]], [0, value], True)), path)
    assert list(tmp_path.iterdir()) == []


def test_rationalizations_survive_json(tmp_path):
    taken = Rationalization("sqrt(2)", Fraction(7, 5), Fraction(1, 50))
    net = Network((Layer.of([["7/5"]]),), (taken,))
    assert there_and_back(net, tmp_path / "net.json").rationalizations == (taken,)


def test_long_numbers_survive_json(tmp_path):
    net = Network.of(([[Fraction(10**5000 + 1, 3**9000)]], None, True))
    assert there_and_back(net, tmp_path / "net.json") == net


def test_onnx_refuses_a_partial_relu(tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(InputError, match=r"layer 0 has a ReLU on some of its units only"):
        save_network(Network.of(([[1], [1]], None, [True, False])), tmp_path / "net.onnx")


def test_onnx_takes_single_floats_where_they_are_exact(tmp_path):
    onnx = pytest.importorskip("onnx")
    for value, kind in ((0.5, onnx.TensorProto.FLOAT), (0.1, onnx.TensorProto.DOUBLE)):
        save_network(Network.of(([[value]], None, True)), tmp_path / "net.onnx")
        model = onnx.load(tmp_path / "net.onnx")
        onnx.checker.check_model(model, full_check=True)
        assert {tensor.data_type for tensor in model.graph.initializer} == {kind}


@pytest.mark.parametrize("name", ["net.pkl", "net", "net.zip", ".npz"])
def test_other_suffixes_are_refused(name, tmp_path):
    message = r"suffix '.*' is not known; network files end in \.npz, \.json, \.onnx"
    with pytest.raises(FormatError, match=message + r", \.nnet, \.safetensors, \.pt, \.pth$"):
        load_network(tmp_path / name)
    with pytest.raises(FormatError, match=message + "$"):
        save_network(Network.of(([[1]], None, True)), tmp_path / name)


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_suffixes_may_be_in_capitals_and_paths_strings(suffix, tmp_path):
    net = Network.of(([[1]], None, True))
    assert there_and_back(net, str(tmp_path / f"NET{suffix.upper()}")) == net


def test_saving_json_is_plain(tmp_path):
    save_network(Network.of(([["1/2", 3]], None, False)), tmp_path / "net.json")
    assert json.loads((tmp_path / "net.json").read_text()) == {
        "format": "exactzones/network",
        "version": 1,
        "layers": [{"weight": [["1/2", "3"]], "bias": ["0"], "relu": False}],
    }
