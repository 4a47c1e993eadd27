"""The second reader of ONNX files: it agrees with the loader, notices a loader that errs, and survives hostile files."""

import math
import os
import random
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cli.support import refused, run
from damage import damaged
from hypothesis import example, given, settings
from models.support import DOUBLE, networks

from exactzones.checker.second_reading.onnx_weights import plain_layers, same_function
from exactzones.errors import FormatError, InputError
from exactzones.models import load_network, onnx_operators, save_network
from exactzones.network import Layer, Network

onnx = pytest.importorskip("onnx")

from models.onnx_models import FLOAT, build, initializer, save, tensor  # noqa: E402  it needs onnx

assert refused
assert run

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")
FILES = sorted(Path(FOLDER).rglob("*.onnx")) if FOLDER else []
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "networks").glob("*.onnx"))
VALUES = np.random.default_rng(3)
W, B = VALUES.normal(size=(3, 3)), VALUES.normal(size=3)
ACAS = build(
    [
        ("Sub", "x mean", "s", {}),
        ("Transpose", "s", "t", {"perm": [0, 2, 1, 3]}),
        ("Flatten", "t", "f", {"axis": 1}),
        ("MatMul", "f W0", "m0", {}),
        ("Add", "m0 b0", "a0", {}),
        ("Relu", "a0", "r0", {}),
        ("Reshape", "r0 shape", "q", {}),
        ("Gemm", "q W1 b1", "y", {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ],
    (1, 1, 1, 3),
    {"mean": VALUES.normal(size=(1, 1, 1, 3)), "W0": W, "b0": B, "shape": np.array([1, -1]), "W1": W.astype(np.float16), "b1": B},
)


def layers_of(network):
    """The layers as the second reader gives them."""
    return tuple((layer.weight.rows, layer.bias, layer.relu[0]) for layer in network.layers)


def both(path):
    """Both readings, which must be the same, layer by layer."""
    network, layers = load_network(path), plain_layers(path)
    assert layers == layers_of(network)
    assert same_function(layers, network)
    assert Network.of(*layers).sha256 == network.sha256
    return layers


def changed(network, k, *, weight=None, bias=None, relu=None):
    """The network with one layer replaced."""
    old = network.layers[k]
    fresh = Layer.of(weight or old.weight.rows, bias or old.bias, relu=old.relu if relu is None else relu)
    return Network((*network.layers[:k], fresh, *network.layers[k + 1 :]))


@pytest.mark.no_cover
@pytest.mark.skipif(not FOLDER, reason="EXACTZONES_VNNCOMP names no folder")
def test_all_plain_public_networks_agree():
    assert FILES
    unknown = set()
    for path in FILES:
        layers = plain_layers(path)
        if layers is None:
            unknown.add(path.name)
        else:
            assert same_function(layers, load_network(path)), path
    assert unknown == {"NN_rul_small_window_20.onnx"}  # it has convolutions


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_networks_agree(path):
    both(path)


@given(networks(DOUBLE, partial=False))
def test_saved_networks_agree(tmp_path_factory, network):
    path = tmp_path_factory.getbasetemp() / "saved.onnx"
    save_network(network, path)
    assert plain_layers(path) == layers_of(network)


def test_a_chain_in_the_manner_of_acas_xu(tmp_path):
    assert len(both(save(ACAS, tmp_path / "net.onnx"))) == 2


@pytest.mark.parametrize(
    ("nodes", "shape", "constants"),
    [
        ([("MatMul", "W x", "y", {})], (3,), {"W": W}),
        ([("MatMul", "W x", "a", {}), ("Add", "c a", "y", {})], (1, 3, 1), {"W": W, "c": [[2.0]]}),
        ([("MatMul", "x W", "a", {}), ("Sub", "a b", "b2", {}), ("MatMul", "b2 W", "y", {})], (1, 3), {"W": W, "b": B}),
        ([("Gemm", "x W b", "y", {"transA": 1})], (3, 1), {"W": W, "b": [B.tolist()]}),
        ([("Transpose", "W", "V", {}), ("MatMul", "x V", "y", {})], (1, 3), {"W": W}),
        (
            [("Identity", "W", "V", {}), ("MatMul", "x V", "a", {}), ("Relu", "a", "b", {}), ("Relu", "b", "y", {})],
            (3,),
            {"W": W},
        ),
        ([("Relu", "x", "y", {})], (1, 2), {}),
        ([("Add", "x b", "y", {})], (3,), {"b": B}),
        ([("Relu", "x", "a", {}), ("Add", "a b", "y", {})], (3,), {"b": B}),
        ([("Constant", "", "c", {"value": initializer("c", B)}), ("Add", "c x", "a", {}), ("Relu", "a", "y", {})], (1, 3), {}),
        ([("Flatten", "x", "y", {"axis": -1})], (1, 2, 2), {}),
        ([("Reshape", "x s", "a", {}), ("MatMul", "W a", "y", {})], (1, 3), {"W": W, "s": np.array([-1, 1])}),
        ([("MatMul", "x W", "dead", {}), ("Relu", "x", "y", {})], (1, 3), {"W": W}),
    ],
)
def test_plain_operators(nodes, shape, constants, tmp_path):
    both(save(build(nodes, shape, constants), tmp_path / "net.onnx"))


def test_an_open_batch_counts_as_one(tmp_path):
    assert both(save(build([("MatMul", "x W", "y", {})], ("batch", 3), {"W": W}), tmp_path / "net.onnx"))


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"])
@pytest.mark.parametrize("raw", [True, False])
def test_every_type_of_number(kind, raw, tmp_path):
    number = onnx.TensorProto.DataType.Value(kind)
    size = onnx.helper.tensor_dtype_to_np_dtype(number).itemsize
    exponent = {"FLOAT": 8, "DOUBLE": 11, "FLOAT16": 5, "BFLOAT16": 8}[kind]
    fraction = 8 * size - 1 - exponent
    rng, words = random.Random(kind), [0, 1, 1 << 8 * size - 1, (1 << fraction) - 1, ((1 << exponent) - 1 << fraction) - 1]  # noqa: S311
    words += [rng.getrandbits(8 * size) for _ in range(200)]
    words = [word for word in words if (word >> fraction) % (1 << exponent) != (1 << exponent) - 1]
    data = b"".join(word.to_bytes(size, "little") for word in words)
    made = tensor("c", number, [len(words)], raw_data=data)
    values = onnx.numpy_helper.to_array(made).astype(np.float64).tolist()
    if not raw and kind in {"FLOAT", "DOUBLE"}:
        made = tensor("c", number, [len(words)], **{f"{kind.lower()}_data": values})
    elif not raw:
        made = tensor("c", number, [len(words)], int32_data=words)
    path = save(build([("Add", "x c", "y", {})], (len(words),), {"c": made}), tmp_path / "net.onnx")
    layers = plain_layers(path)
    if not raw and size == 2:
        assert layers is None
    else:
        assert layers[0][1] == tuple(map(Fraction, values))
        assert both(path)


def test_what_a_wrong_loader_might_give_is_noticed(tmp_path):
    path = save(ACAS, tmp_path / "net.onnx")
    layers, network = plain_layers(path), load_network(path)
    rows, bias = network.layers[0].weight.rows, network.layers[0].bias
    tiny = Fraction(1, 1 << 60)
    assert same_function(layers, network)
    assert not same_function(layers, changed(network, 0, weight=[[rows[0][0] + tiny, *rows[0][1:]], *rows[1:]]))
    assert not same_function(layers, changed(network, 0, weight=list(zip(*rows, strict=True))))
    assert not same_function(layers, changed(network, 0, weight=rows[::-1]))
    assert not same_function(layers, changed(network, 0, bias=[0] * 3))
    assert not same_function(layers, changed(network, 0, bias=[*bias[:-1], bias[-1] - tiny]))
    assert not same_function(layers, changed(network, 0, relu=False))
    assert not same_function(layers, changed(network, 0, relu=[True, True, False]))
    assert not same_function(layers, changed(network, 1, relu=True))
    assert not same_function(layers, Network(network.layers[:1]))
    assert not same_function(layers, Network((*network.layers, network.layers[1])))


def test_linear_layers_in_a_row_may_be_composed_or_not(tmp_path):
    nodes = [("MatMul", "x W", "a", {}), ("Add", "a b", "c", {}), ("MatMul", "c W", "y", {})]
    path = save(build(nodes, (1, 3), {"W": W, "b": B}), tmp_path / "net.onnx")
    one, two = load_network(path).layers
    affine = two.affine.after(one.affine)
    composed = Network((Layer(affine.matrix, affine.offset, two.relu),))
    assert same_function(plain_layers(path), composed)
    assert not same_function(plain_layers(path), changed(composed, 0, bias=[0] * 3))


@pytest.mark.parametrize(
    ("nodes", "shape", "constants"),
    [
        ([("LeakyRelu", "x", "y", {})], (3,), {}),
        ([("Conv", "x k", "y", {})], (1, 1, 3), {"k": np.ones((1, 1, 2))}),
        ([("Relu", "x", "a", {}), ("Add", "a x", "y", {})], (3,), {}),
        ([("Sub", "b x", "y", {})], (3,), {"b": B}),
        ([("Transpose", "x", "y", {})], (2, 2), {}),
        ([("MatMul", "x W", "y", {})], (2, 3), {"W": W}),
        ([("Add", "x b", "y", {})], (1, 1), {"b": B}),
        ([("Gemm", "x W", "y", {"alpha": 0.0})], (1, 3), {"W": W}),
        ([("Gemm", "x W", "y", {"transB": 2})], (1, 3), {"W": W}),
        ([("Flatten", "x", "y", {"axes": 1})], (1, 3), {}),
        ([("Relu", "z", "y", {})], (1, 3), {}),
        ([("Relu", "x x", "y", {})], (1, 3), {}),
        ([("Relu", "x", "y z", {})], (1, 3), {}),
        ([("Relu", "x", "x", {}), ("Relu", "x", "y", {})], (1, 3), {}),
        ([("Identity", "b", "y", {})], (1, 3), {"b": B}),
        ([("Add", "x b", "y", {})], (3,), {"b": [1.0, math.inf, 0.0]}),
        ([("Add", "x b", "y", {})], (3,), {"b": np.array([1, 2, 3])}),
        ([("Add", "x b", "y", {})], (3,), {"b": tensor("b", FLOAT, [3], raw_data=bytes(12), data_location=1)}),
        ([("Add", "x b", "y", {})], (3,), {"b": tensor("b", FLOAT, [3], raw_data=bytes(12), float_data=[1, 2, 3])}),
        ([("Add", "x b", "y", {})], (3,), {"b": tensor("b", FLOAT, [-3], raw_data=bytes(12))}),
        ([("Reshape", "x s", "y", {})], (1, 3), {"s": np.array([2, 2])}),
        ([("Reshape", "x s", "y", {"allowzero": 1})], (1, 3), {"s": np.array([0, 3])}),
        ([("Relu", "x", "y", {})], (1, "open"), {}),
    ],
)
def test_what_it_does_not_know(nodes, shape, constants, tmp_path):
    assert plain_layers(save(build(nodes, shape, constants), tmp_path / "net.onnx")) is None


def test_graphs_that_it_does_not_know(tmp_path):
    plain = [("Relu", "x", "y", {})]
    for spoil in (
        lambda model: model.graph.input.add(name="z"),
        lambda model: model.graph.output.add(name="x"),
        lambda model: model.graph.sparse_initializer.add(),
        lambda model: model.functions.add(name="Relu"),
        lambda model: model.graph.initializer.add(name="y"),
        lambda model: setattr(model.graph.node[0], "domain", "mine"),
        lambda model: setattr(model.graph.input[0].type.tensor_type, "elem_type", 7),
        lambda model: model.opset_import.pop(),
        lambda model: setattr(model.opset_import[0], "version", 6),
        lambda model: model.ClearField("graph"),
    ):
        model = build(plain, (1, 3))
        spoil(model)
        assert plain_layers(save(model, tmp_path / "net.onnx")) is None
    path = tmp_path / "net.onnx"
    path.write_bytes(build(plain, (1, 3)).SerializeToString() + build(plain, (1, 2)).SerializeToString())
    assert plain_layers(path) is None  # protobuf would merge the two


@pytest.mark.parametrize(
    ("nodes", "shape", "constants"),
    [
        ([("Relu", "x", "y", {})], (1, 1 << 62), {}),
        ([("Relu", "x", "y", {})], (1 << 20,), {}),
        ([("Add", "x b", "y", {})], (3,), {"b": tensor("b", FLOAT, [1 << 62] * 30, raw_data=b"1234")}),
        ([("MatMul", f"t{k} W", f"t{k + 1}", {}) for k in range(4000)], (1, 100), {"W": np.ones((100, 100))}),
        ([("Relu" if k % 2 else "Add", f"t{k}" + " b" * (1 - k % 2), f"t{k + 1}", {}) for k in range(40000)], (1,), {"b": [1.0]}),
        ([("Reshape", "x s", "y", {})], (1,), {"s": np.ones(100_000, np.int64)}),
    ],
)
def test_bombs_are_left_alone_in_little_time(nodes, shape, constants, tmp_path):
    nodes = [(kind, inputs.replace("t0", "x") if inputs.split()[0] == "t0" else inputs, *rest) for kind, inputs, *rest in nodes]
    path = save(build(nodes, shape, constants, end=nodes[-1][2]), tmp_path / "net.onnx")
    start = time.process_time()
    assert plain_layers(path) is None
    assert time.process_time() - start < 30


def test_files_that_are_no_models(tmp_path):
    path = tmp_path / "net.onnx"
    for data in (b"\xff" * 20, b"\x3a\x7f", b"\x38\x01" * 3, b"hello"):
        path.write_bytes(data)
        try:
            assert plain_layers(path) is None
        except FormatError as error:
            assert str(error) == f"{path}: the file is not an ONNX model, or is cut short"  # noqa: PT017
    made = tensor("b", FLOAT, [3], raw_data=bytes(11))
    with pytest.raises(FormatError, match="has 11 bytes"):
        plain_layers(save(build([("Add", "x b", "y", {})], (3,), {"b": made}), path))
    with pytest.raises(InputError, match="No such file"):
        plain_layers(tmp_path / "none.onnx")


def test_damaged_files(tmp_path):
    """Layers, None or one clear error; and where the loader reads the file too, both say the same."""
    constant = ("Constant", "", "k", {"value": initializer("k", B)})
    nodes = [("MatMul", "W x", "a", {}), constant, ("Add", "k a", "c", {}), ("Relu", "c", "y", {})]
    other = build(nodes, (2,), {"W": tensor("W", FLOAT, [3, 2], float_data=[1, 2, 3, 4, 5, 6])})
    seeds, path = [ACAS.SerializeToString(), other.SerializeToString()], tmp_path / "net.onnx"
    rng, seen = random.Random(0), Counter()  # noqa: S311  damage need not be secret
    for _ in range(3000):
        path.write_bytes(damaged(rng.choice(seeds), rng))
        try:
            layers = plain_layers(path)
        except FormatError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
            seen["damaged"] += 1
            continue
        if layers is None:
            seen["unknown"] += 1
            continue
        try:
            network = load_network(path)
        except FormatError:
            continue
        assert same_function(layers, network)
        seen["same"] += 1
    assert min(seen[what] for what in ("damaged", "unknown", "same")) > 100, seen


@pytest.fixture
def certified(run, tmp_path):
    """An ONNX file, and the certificate of a feature that cannot fire."""
    path = save(build([("Sub", "x b", "s", {}), ("Relu", "s", "y", {})], (1, 1), {"b": [2.0]}), tmp_path / "net.onnx")
    claim = ("--feature", 0, "--domain=0:1", "--layer", 0)
    assert run("certify", path, *claim, "--out", tmp_path / "proof.json").out.endswith("cannot fire\n")
    return path, tmp_path / "proof.json", *claim


@pytest.mark.parametrize(
    ("nodes", "defaults"),
    [
        ([("Gemm", "x W b", "y")], {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}),
        ([("Flatten", "x", "f"), ("Gemm", "f W b", "y")], {"axis": 1}),
        ([("Transpose", "W", "w"), ("MatMul", "x w", "y")], {"perm": [1, 0]}),
    ],
)
def test_a_written_default_gives_the_same_layers(nodes, defaults, tmp_path):
    constants = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": [1.0, 2.0]}

    def layers(attributes):
        made = [(*nodes[0], attributes), *((*node, {}) for node in nodes[1:])]
        return plain_layers(save(build(made, (1, 2), constants), tmp_path / "net.onnx"))

    omitted = layers({})
    assert omitted is not None
    for name, default in defaults.items():
        assert layers({name: default}) == omitted, name
    assert layers(defaults) == omitted


def test_check_says_that_it_read_twice(run, certified):
    outcome = run("check", *certified)
    assert outcome.code == 0
    assert outcome.out.startswith("network read by two independent readers: they agree\n")
    assert outcome.out.endswith("valid\n")


def test_check_says_that_one_reader_knows_the_operators(run, tmp_path):
    path = save(build([("Neg", "x", "y", {})], (1, 1)), tmp_path / "net.onnx")
    assert run("certify", path, "--feature", 0, "--domain=1:2", "--out", tmp_path / "proof.json").code == 0
    outcome = run("check", path, tmp_path / "proof.json", "--feature", 0, "--domain=1:2")
    assert outcome.code == 0
    assert "reads chains of Add, Constant, Flatten, Gemm, Identity, MatMul, Relu, Reshape, Sub, Transpose only" in outcome.out
    assert "only\n  so the proof is about" in outcome.out


def test_check_says_nothing_of_other_formats(run, tmp_path):
    save_network(Network.mlp([([[-1]], [0])]), tmp_path / "net.json")
    assert run("certify", tmp_path / "net.json", "--feature", 0, "--domain=1:2", "--out", tmp_path / "proof.json").code == 0
    outcome = run("check", tmp_path / "net.json", tmp_path / "proof.json", "--feature", 0, "--domain=1:2")
    assert "read" not in outcome.out


@pytest.mark.parametrize(
    ("operator", "wrong"),
    [("Sub", onnx_operators.OPERATORS["Add"].compute), ("Relu", lambda node: node.tensor())],
)
def test_a_bug_of_the_loader_cannot_hide(refused, certified, monkeypatch, operator, wrong):
    table = onnx_operators.OPERATORS
    monkeypatch.setitem(table, operator, table[operator]._replace(compute=wrong))
    refused("check", *certified, says=["two independent readers of this file disagree"])


onnxruntime = pytest.importorskip("onnxruntime")

from models.test_onnx_random import chains  # noqa: E402  it needs onnxruntime

CANCELLED = [("Relu", "x", "t1", {}), ("Add", "t1 c0", "t2", {}), ("Sub", "t2 c1", "t3", {})]


@settings(max_examples=300)
@given(chains())
@example((CANCELLED, (1, 3), {"c0": np.float32(0.5), "c1": np.float32(0.5)}))
@example(([*CANCELLED, ("Relu", "t3", "t4", {})], (1, 3), {"c0": np.float32(0.5), "c1": np.float32(0.5)}))
def test_random_chains_agree(tmp_path_factory, chain):
    nodes, shape, constants = chain
    path = save(build(nodes, shape, constants, end=f"t{len(nodes)}"), tmp_path_factory.getbasetemp() / "random_twice.onnx")
    layers = plain_layers(path)
    if layers is not None:
        assert same_function(layers, load_network(path))
