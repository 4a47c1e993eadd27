"""Which part of an ONNX model is read: inputs, outputs, ends, shapes, data in other files; and what is left out."""

import gzip
from fractions import Fraction

import numpy as np
import pytest
from models.support import agrees_with_onnxruntime, refused

from exactzones.errors import FormatError, InputError
from exactzones.models import load_network
from exactzones.network import Port

onnx = pytest.importorskip("onnx")

from models.onnx_models import FLOAT, build, initializer, save, tensor  # noqa: E402  it needs onnx
from onnx import TensorProto, helper  # noqa: E402

W = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])  # from three inputs to two


def info(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def graph_of(path, nodes, inputs, outputs, constants):
    """Save a model with several inputs and outputs; inputs are (name, shape)."""
    model = build(nodes, [1, 1], constants)
    del model.graph.input[:]
    del model.graph.output[:]
    model.graph.input.extend(info(*each) for each in inputs)
    model.graph.output.extend(info(name, None) for name in outputs)
    return save(model, path)


BRANCHES = [("Relu", "x", "r", {}), ("Gemm", "r W", "a", {}), ("Relu", "a", "b", {}), ("Neg", "r", "c", {})]


def branches(path):
    return graph_of(path, BRANCHES, [("x", [1, 3])], ["b", "c"], {"W": W})


def test_outputs_follow_each_other(tmp_path):
    path = branches(tmp_path / "net.onnx")
    net = load_network(path)
    assert net([1, -1, 2]) == (0, 3, -1, 0, -2)
    assert net.input_ports == (Port("x", (1, 3), 0),)
    assert net.output_ports == (Port("b", (1, 2), 0), Port("c", (1, 3), 2))


@pytest.mark.parametrize(("output", "values"), [("b", (0, 3)), (0, (0, 3)), ("c", (-1, 0, -2)), (1, (-1, 0, -2))])
def test_one_output_is_selected(output, values, tmp_path):
    net = load_network(branches(tmp_path / "net.onnx"), output=output)
    assert net([1, -1, 2]) == values
    assert len(net.output_ports) == 1


@pytest.mark.parametrize("output", ["d", 2, -1])
def test_an_output_that_does_not_exist_is_refused(output, tmp_path):
    path = branches(tmp_path / "net.onnx")
    refused(lambda name: load_network(name, output=output), path, "the graph has outputs 'b', 'c'")


SUM = [("Gemm", "x W", "a", {}), ("Add", "a u", "y", {})]


def sums(path):
    return graph_of(path, SUM, [("u", [1, 2]), ("x", [1, 3]), ("unused", [7])], ["y"], {"W": W})


def test_inputs_follow_each_other_in_the_order_of_the_graph(tmp_path):
    net = load_network(sums(tmp_path / "net.onnx"))
    assert net([10, 20, 1, 0, 0]) == (11, 22)
    assert net.input_ports == (Port("u", (1, 2), 0), Port("x", (1, 3), 2))


def test_inputs_in_an_order_of_ones_own(tmp_path):
    net = load_network(sums(tmp_path / "net.onnx"), inputs=["x", "unused", "u"])
    assert net([1, 0, 0, *[5] * 7, 10, 20]) == (11, 22)
    assert [(port.name, port.first) for port in net.input_ports] == [("x", 0), ("unused", 3), ("u", 10)]


@pytest.mark.parametrize(
    ("inputs", "part"), [(["x"], "the outputs depend on input 'u', too"), (["x", "u", "v"], "input 'v' does not exist")]
)
def test_inputs_that_do_not_fit_are_refused(inputs, part, tmp_path):
    refused(lambda name: load_network(name, inputs=inputs), sums(tmp_path / "net.onnx"), part)


ENDS = {"Softmax": {}, "LogSoftmax": {}, "Sigmoid": {}, "ArgMax": {"axis": 1}}


@pytest.mark.parametrize("end", ENDS)
def test_the_features_are_the_values_before_an_end(end, tmp_path):
    nodes = [("Gemm", "x W", "z", {}), (end, "z", "p", ENDS[end]), ("Identity", "p", "y", {})]
    net = load_network(save(build(nodes, [1, 3], {"W": W}), tmp_path / "net.onnx"))
    assert net([1, 0, 0]) == (1, 2)
    assert net.output_ports == (Port("y", (1, 2), 0, end),)


def test_an_end_at_a_node_or_a_tensor(tmp_path):
    nodes = [("Gemm", "x W", "z", {}), ("Relu", "z", "r", {}), ("Tanh", "r", "y", {})]
    path = save(build(nodes, [1, 3], {"W": W}), tmp_path / "net.onnx")
    refused(load_network, path, "operator Tanh (node 'Tanh_2') is not piecewise linear")
    for name in ("Relu_1", "r"):
        assert load_network(path, end_at=name)([-1, 0, 0]) == (0, 0)
    assert load_network(path, end_at="z")([-1, 0, 0]) == (-1, -2)
    refused(lambda name: load_network(name, end_at="q"), path, "no node and no tensor has the name 'q'")
    with pytest.raises(InputError, match="pass one of them"):
        load_network(path, end_at="z", output=0)


def test_what_the_output_does_not_depend_on_is_not_read(tmp_path):
    nodes = [("Softmax", "z", "p", {}), ("Frobnicate", "p", "q", {}), ("Relu", "z", "y", {}), ("Gemm", "x W", "z", {})]
    words = tensor("s", TensorProto.STRING, [1], string_data=[b"a"])
    path = save(build(nodes, [1, 3], {"W": W, "s": words, "t": np.array([True])}), tmp_path / "net.onnx")
    assert load_network(path)([1, 0, 0]) == (1, 2)


@pytest.mark.parametrize("shape", [[-1, 3], ["N", 3], [0, 3], [1, 3]])
def test_an_open_axis_in_front_is_the_batch(shape, tmp_path):
    path = save(build([("Relu", "x", "y", {})], shape), tmp_path / "net.onnx")
    assert load_network(path).inputs == 3


@pytest.mark.parametrize("shape", [["N", "M"], [-1, -1], ["N", 3], None])
def test_open_axes_are_given(shape, tmp_path):
    path = save(build([("Relu", "x", "y", {})], shape), tmp_path / "net.onnx")
    for given in ((2, 3), "2,3", {"x": [2, 3]}):
        net = load_network(path, shape=given)
        assert (net.inputs, net.input_ports) == (6, (Port("x", (2, 3), 0),))


@pytest.mark.parametrize(
    ("shape", "part"),
    [((1, 4), "input 'x' has shape (?, 3); the shape (1, 4) does not fit it"), ({"u": 3}, "a shape is given for input 'u'")],
)
def test_shapes_that_do_not_fit_are_refused(shape, part, tmp_path):
    path = save(build([("Relu", "x", "y", {})], ["N", 3]), tmp_path / "net.onnx")
    refused(lambda name: load_network(name, shape=shape), path, part)


def test_a_part_of_another_format_is_refused(tmp_path):
    with pytest.raises(InputError, match="select a part of an ONNX model"):
        load_network(tmp_path / "net.npz", output=0)


@pytest.mark.parametrize("bad", [{"output": 1.5}, {"inputs": []}, {"inputs": ["x", "x"]}, {"shape": "a"}, {"shape": (0,)}])
def test_a_selection_of_another_kind_is_refused(bad, tmp_path):
    with pytest.raises(InputError, match="expected"):
        load_network(branches(tmp_path / "net.onnx"), **bad)


# data in other files


def external(location, **fields):
    weight = tensor("W", FLOAT, [3, 2], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **fields}.items():
        weight.external_data.add(key=key, value=str(value))
    return weight


def with_external(path, weight):
    return save(build([("Gemm", "x W", "y", {})], [1, 3], {"W": weight}), path)


@pytest.mark.parametrize(("offset", "fields"), [(0, {}), (8, {"offset": 8}), (8, {"offset": 8, "length": 24})])
def test_data_of_another_file(offset, fields, tmp_path):
    (tmp_path / "net.onnx.data").write_bytes(bytes(offset) + W.astype("<f4").tobytes())
    path = with_external(tmp_path / "net.onnx", external("net.onnx.data", **fields))
    net = load_network(path)
    assert net.layers[0].weight.rows == tuple(tuple(map(Fraction, row)) for row in W.T)
    agrees_with_onnxruntime(path, net, points=10)


@pytest.mark.parametrize(
    ("location", "fields", "part"),
    [
        ("../secret", {}, "keeps its data in '../secret', which is not in the model's folder, so it is not read"),
        ("/etc/passwd", {}, "which is not in the model's folder, so it is not read"),
        ("link", {}, "which is not in the model's folder, so it is not read"),
        ("a\0b", {}, "which is not in the model's folder"),
        ("missing", {}, "put the file there"),
        (".", {}, "put the file there"),
        ("", {}, "location is expected"),
        ("data", {"offset": "x"}, "has offset 'x' and length None"),
        ("data", {"offset": -1}, "numbers from 0"),
        ("data", {"length": 2**40}, "numbers from 0"),
        ("data", {"offset": 8, "length": 24}, "needs bytes 8 to 32 of 'data', which has fewer"),
        ("data", {"length": 20}, "has 20 bytes of data; its shape (3, 2) needs 24"),
        ("data", {"other": 1}, "location is expected"),
    ],
)
def test_data_in_places_that_are_not_read(location, fields, part, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(24))
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "data").write_bytes(bytes(24))
    (folder / "link").symlink_to(tmp_path / "secret")
    refused(load_network, with_external(folder / "bad.onnx", external(location, **fields)), "initializer 'W'", part)


def test_gzipped_models(tmp_path):
    path = branches(tmp_path / "net.onnx")
    packed = tmp_path / "net.onnx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert load_network(packed) == load_network(path)
    packed.write_bytes(packed.read_bytes()[:-9])
    refused(load_network, packed, "the gzipped file is damaged or cut short")
    packed.write_bytes(b"junk")
    refused(load_network, packed, "is not an ONNX model")


# functions and branches


def test_local_functions_are_inlined(tmp_path):
    body = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Add", ["b", "b"], ["c"])]
    function = helper.make_function("own", "Twice", ["a"], ["c"], body, [helper.make_opsetid("", 13)])
    model = build([("Gemm", "x W", "z", {})], [1, 3], {"W": W}, end="y")
    model.graph.node.append(helper.make_node("Twice", ["z"], ["y"], domain="own"))
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert load_network(save(model, tmp_path / "net.onnx"))([1, -1, 0]) == (0, 0)
    assert load_network(save(model, tmp_path / "net.onnx"))([1, 0, 0]) == (2, 4)


@pytest.mark.parametrize("condition", [True, False])
def test_a_branch_by_a_constant(condition, tmp_path):
    def branch(nodes, name, constants=()):
        made = [helper.make_node(kind, inputs.split(), outputs.split()) for kind, inputs, outputs in nodes]
        return helper.make_graph(made, name, [], [info("v", None)], [initializer(*pair) for pair in constants])

    then = branch([("Add", "z k", "v")], "then", [("k", np.array([1.0, 2.0]))])
    other = branch([("Softmax", "z", "u"), ("Erf", "u", "v")] if condition else [("Neg", "z", "v")], "else")
    nodes = [("Gemm", "x W", "z", {}), ("If", "c", "y", {"then_branch": then, "else_branch": other})]
    net = load_network(save(build(nodes, [1, 3], {"W": W, "c": np.array(condition)}), tmp_path / "net.onnx"))
    assert net([1, 0, 0]) == ((2, 4) if condition else (-1, -2))


# constants


CONSTANTS = {
    "product": ([("MatMul", "A B", "d", {}), ("Add", "W d", "w", {})], W + np.array([[1.0], [2], [3]]) @ np.array([[2.0, -1]])),
    "product of vectors": ([("MatMul", "v v", "d", {}), ("Mul", "W d", "w", {})], W * 5),
    "gemm": ([("Gemm", "A B W", "w", {"alpha": 2.0})], W + 2 * np.array([[1.0], [2], [3]]) @ np.array([[2.0, -1]])),
    "relu": ([("Relu", "W", "w", {})], np.maximum(W, 0)),
    "neg": ([("Neg", "W", "w", {})], -W),
    "max": ([("Max", "W v B k", "w", {})], np.maximum(np.maximum(W, [1, 2]), [[2, -1]])),
    "sum": ([("Sum", "W v", "w", {})], W + np.array([1, 2])),
    "mean": ([("ReduceMean", "W", "m", {"axes": [0]}), ("Sub", "W m", "w", {})], None),
    "leaky": ([("LeakyRelu", "W", "w", {"alpha": 0.5})], np.where(W > 0, W, W / 2)),
    "pad": ([("Pad", "B p", "w", {})], np.array([[0, 0], [2.0, -1], [0, 0]])),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_are_computed(name, tmp_path):
    nodes, expected = CONSTANTS[name]
    constants = {
        "W": W,
        "A": np.array([[1.0], [2], [3]]),
        "B": np.array([[2.0, -1]]),
        "v": np.array([1.0, 2]),
        "k": np.array([-9.0]),
        "p": np.array([1, 0, 1, 0]),
    }
    net = load_network(save(build([*nodes, ("Gemm", "x w", "y", {})], [1, 3], constants), tmp_path / "net.onnx"))
    if expected is None:
        expected = [[Fraction(entry) - Fraction(column.sum()) / 3 for entry, column in zip(row, W.T, strict=True)] for row in W]
    assert net.layers[0].weight.rows == tuple(tuple(map(Fraction, column)) for column in zip(*expected, strict=True))


def test_integers_stay_integers(tmp_path):
    nodes = [("Neg", "n", "a", {}), ("ReduceSum", "a", "s", {}), ("Reshape", "x s", "y", {})]
    net = load_network(save(build(nodes, [2, 3], {"n": np.array([-2, -4])}), tmp_path / "net.onnx"))
    assert net.output_ports[0].shape == (6,)


def test_a_product_of_data_is_still_refused(tmp_path):
    path = save(build([("Mul", "x x", "y", {})], [1, 3]), tmp_path / "net.onnx")
    with pytest.raises(FormatError, match="both depend on the input"):
        load_network(path)
