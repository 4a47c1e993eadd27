import numpy as np
import pytest
from models.support import refused

from exactzones.models import layering, load_network

onnx = pytest.importorskip("onnx")

from models.onnx_models import FLOAT, build, save, tensor  # noqa: E402  it needs onnx
from onnx import TensorProto, helper  # noqa: E402

W = np.ones((4, 3))
GEMM = [("Gemm", "x W", "y", {})]


@pytest.mark.parametrize(
    ("nodes", "shape", "constants", "parts"),
    [
        (
            [("Tanh", "x", "y", {})],
            [1, 4],
            {},
            ["operator Tanh (node 'Tanh_0') is not piecewise linear", "choose an earlier node as the end: --end-at NODE"],
        ),
        ([("Cast", "x", "y", {"to": 7})], [1, 4], {}, ["operator Cast (node 'Cast_0'): it is not piecewise linear"]),
        (
            [("Scan", "x", "y", {})],
            [2, 2],
            {},
            ["operator Scan (node 'Scan_0') is not supported; supported are Gemm,"],
        ),
        (
            [("Gemm", "x W", "a", {}), ("Softmax", "a", "b", {}), ("Neg", "b", "y", {})],
            [1, 4],
            {"W": W},
            ["operator Softmax (node 'Softmax_1')"],
        ),
        # what depends on the input twice
        ([("MatMul", "x x", "y", {})], [1, 1], {}, ["product of two tensors that both depend on the input"]),
        ([("Mul", "x x", "y", {})], [1, 4], {}, ["product of two tensors that both depend on the input"]),
        ([("Div", "c x", "y", {})], [1, 4], {"c": W}, ["quotient by a tensor that depends on the input"]),
        ([("Relu", "x", "z", {})], [1, 4], {}, ["the graph's output 'y', which no node computes"]),
        # names
        (
            [("Gemm", "x W", "y", {})],
            [1, 4],
            {},
            ["operator Gemm (node 'Gemm_0'): it reads 'W', which no node computes"],
        ),
        (
            [("Add", "b x", "a", {}), ("Relu", "a", "b", {}), ("Relu", "b", "y", {})],
            [1, 4],
            {},
            ["operator Add (node 'Add_0') is computed from its own result"],
        ),
        ([("Relu", "x", "x", {})], [1, 4], {}, ["the name 'x', which is taken"]),
        ([("Relu", "x", "W", {})], [1, 4], {"W": W}, ["the name 'W', which is taken"]),
        ([("Relu", "x", "", {})], [1, 4], {}, ["operator Relu (node 'Relu_0'): its outputs are left out or have no names"]),
        ([("Identity", "W", "W", {})], [1, 4], {"W": W}, ["the name 'W', which is taken"]),
        # number and order of inputs
        ([("Gemm", "x", "y", {})], [1, 4], {}, ["it has 1 input and 1 output; "]),
        (
            [("Relu", "x W", "y", {})],
            [1, 4],
            {"W": W},
            ["it has 2 inputs and 1 output; 1 input, and at least 1 output, are expected"],
        ),
        ([("Add", "x", "y", {})], [1, 4], {}, ["it has 1 input and 1 output; "]),
        (
            [("Dropout", "x r t", "y", {})],
            [1, 4],
            {"r": np.float32(0.5), "t": np.int8(1)},
            ["it is in training mode"],
        ),
        (
            [("Reshape", "s x", "y", {})],
            [1],
            {"s": np.array([1])},
            ["its input 1 depends on the network's input; a constant is expected"],
        ),
        # attributes
        ([("Gemm", "x W", "y", {"transA": 2})], [4, 1], {"W": W}, ["transA=2, transB=0 is not supported"]),
        ([("Gemm", "x W", "y", {"transB": 2})], [1, 4], {"W": W}, ["transA=0, transB=2 is not supported"]),
        ([("Gemm", "x W", "y", {"gamma": 2})], [1, 4], {"W": W}, ["attribute 'gamma' is not supported"]),
        ([("Gemm", "x W", "y", {"alpha": "x"})], [1, 4], {"W": W}, ["attribute 'alpha' has the wrong type; a float is expected"]),
        ([("Gemm", "x W", "y", {"alpha": float("nan")})], [1, 4], {"W": W}, ["alpha is nan"]),
        ([("Gemm", "x W b", "y", {"beta": float("inf")})], [1, 4], {"W": W, "b": np.ones(3)}, ["beta is inf"]),
        ([("Flatten", "x", "y", {"axis": 3})], [1, 4], {}, ["axis 3 does not exist in shape (1, 4)"]),
        ([("Flatten", "x", "y", {"axis": -3})], [1, 4], {}, ["axis -3 does not exist"]),
        (
            [("Constant", "", "c", {"value_string": "a"}), ("Add", "x c", "y", {})],
            [1],
            {},
            ["its value is given by 'value_string'; one attribute of numbers"],
        ),
        ([("Constant", "", "c", {}), ("Add", "x c", "y", {})], [1], {}, ["its value is given by no attribute"]),
        ([("Constant", "", "c", {"value_float": float("nan")}), ("Add", "x c", "y", {})], [1], {}, ["its constant is nan"]),
        # shapes
        (GEMM, [1, 5], {"W": W}, ["shapes (1, 5) and (4, 3) cannot be multiplied"]),
        (GEMM, [4], {"W": W}, ["its inputs have shapes (4,) and (4, 3); two matrices are expected"]),
        (GEMM, [1, 4], {"W": np.ones(4)}, ["its inputs have shapes (1, 4) and (4,); two matrices are expected"]),
        (
            [("MatMul", "x W", "y", {})],
            [2, 2, 4],
            {"W": np.ones((3, 4, 3))},
            ["shapes (2,) and (3,) cannot be broadcast together"],
        ),
        ([("MatMul", "x W", "y", {})], [1, 4], {"W": np.float32(2)}, ["shapes (1, 4) and () cannot be multiplied"]),
        (
            [("Gemm", "x W b", "y", {})],
            [1, 4],
            {"W": W, "b": np.ones(2)},
            ["shapes (1, 3) and (2,) cannot be broadcast together"],
        ),
        (
            [("Gemm", "x W b", "y", {})],
            [1, 4],
            {"W": W, "b": np.ones((3, 1))},
            ["a bias of shape (3, 1) cannot be broadcast to (1, 3)"],
        ),
        ([("Add", "x b", "y", {})], [1, 4], {"b": np.ones(3)}, ["shapes (1, 4) and (3,) cannot be broadcast together"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array([3, -1])}, ["shape (1, 4) cannot be reshaped to (3, -1)"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array([-1, -1])}, ["cannot be reshaped to (-1, -1)"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array([5])}, ["cannot be reshaped to (5,)"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array([-2, -2])}, ["cannot be reshaped to (-2, -2)"]),
        ([("Reshape", "x s", "y", {"allowzero": 1})], [1, 4], {"s": np.array([0, -1])}, ["cannot be reshaped to (0, -1)"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array([1] * 40 + [4])}, ["cannot be reshaped to (1, 1,"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.ones(2)}, ["a list of integers is expected"]),
        ([("Reshape", "x s", "y", {})], [1, 4], {"s": np.array(4)}, ["a list of integers is expected"]),
        # the input
        (GEMM, ["N", "M"], {"W": W}, ["input 'x' has an axis without a fixed length"]),
        (GEMM, [1, "M"], {"W": W}, ["input 'x' has an axis without a fixed length"]),
        (GEMM, [1, 0], {"W": W}, ["input 'x' has an axis without a fixed length"]),
        (GEMM, [1, -4], {"W": W}, ["input 'x' has an axis without a fixed length"]),
        (GEMM, ["N"], {"W": W}, ["input 'x' has an axis without a fixed length"]),
        (GEMM, None, {"W": W}, ["input 'x' has no shape"]),
        ([("Relu", "x", "y", {})], [1, 10**9], {}, ["the network has 1000000000 inputs"]),
        # numbers
        (GEMM, [1, 4], {"W": W * np.nan}, ["operator Gemm (node 'Gemm_0'): its weight[0][0] is nan"]),
        (GEMM, [1, 4], {"W": W * np.inf}, ["its weight[0][0] is inf"]),
        ([("Gemm", "x W b", "y", {})], [1, 4], {"W": W, "b": np.ones(3) * np.nan}, ["its bias[0] is nan"]),
        ([("MatMul", "x W", "y", {})], [1, 4], {"W": W * np.nan}, ["its constant[0][0] is nan"]),
    ],
)
def test_bad_graphs(nodes, shape, constants, parts, tmp_path):
    refused(load_network, save(build(nodes, shape, constants), tmp_path / "bad.onnx"), *parts)


@pytest.mark.parametrize(
    ("weight", "part"),
    [
        (tensor("W", FLOAT, [4, 3], raw_data=bytes(47)), "initializer 'W' has 47 bytes of data; its shape (4, 3) needs 48"),
        (tensor("W", FLOAT, [4, 3], raw_data=bytes(52)), "has 52 bytes of data; its shape (4, 3) needs 48"),
        (tensor("W", FLOAT, [4, 3], float_data=[1] * 11), "has 11 entries of data; its shape (4, 3) needs 12"),
        (tensor("W", FLOAT, [4, 3], double_data=[1] * 12), "has 0 entries of data; its shape (4, 3) needs 12"),
        (tensor("W", FLOAT, [4, 3]), "has 0 entries of data; its shape (4, 3) needs 12"),
        (
            tensor("W", FLOAT, [10**6, 10**6], raw_data=bytes(4)),
            "has 4 bytes of data; its shape (1000000, 1000000) needs 4000000000000",
        ),
        (tensor("W", FLOAT, [-4, -3], float_data=[1] * 12), "initializer 'W' has shape (-4, -3); lengths from 0"),
        (tensor("W", FLOAT, [0, 3]), "shapes (1, 4) and (0, 3) cannot be multiplied"),
        (tensor("W", FLOAT, [1] * 70, float_data=[1]), "of at most 32 axes are expected"),
        (tensor("W", TensorProto.STRING, [1], string_data=[b"a"]), "initializer 'W' has type STRING; supported types are FLOAT,"),
        (tensor("W", TensorProto.COMPLEX64, [1], float_data=[1, 1]), "has type COMPLEX64"),
        (tensor("W", TensorProto.BOOL, [2], int32_data=[1]), "initializer 'W' has 1 entries of data; its shape (2,) needs 2"),
        (tensor("W", 0, [1], float_data=[1]), "has type UNDEFINED"),
        (tensor("W", 77, [1], float_data=[1]), "has type 77"),
    ],
)
def test_bad_initializers(weight, part, tmp_path):
    refused(load_network, save(build(GEMM, [1, 4], {"W": weight}), tmp_path / "bad.onnx"), part)
    nodes = [("Constant", "", "W", {"value": weight}), *GEMM]
    operator = "Gemm (node 'Gemm_1')" if "multiplied" in part else "Constant (node 'Constant_0')"
    refused(
        load_network,
        save(build(nodes, [1, 4]), tmp_path / "bad.onnx"),
        f"operator {operator}",
        part.removeprefix("initializer 'W' "),
    )


def with_model(change):
    model = build(GEMM, [1, 4], {"W": W})
    change(model)
    return model


def info(name, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, [1, 4])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda m: m.graph.input.append(info("x")), "two of the inputs 'x' have the same name"),
        (lambda m: m.graph.ClearField("input"), "the graph has 0 inputs and 1 output"),
        (lambda m: m.graph.output.append(info("u")), "the graph's output 'u', which no node computes"),
        (lambda m: m.graph.ClearField("output"), "the graph has 1 input and 0 outputs"),
        (lambda m: m.graph.ClearField("node"), "it has no nodes or no opset"),
        (lambda m: m.ClearField("graph"), "it has no nodes or no opset"),
        (lambda m: m.ClearField("opset_import"), "it has no nodes or no opset"),
        (lambda m: setattr(m.opset_import[0], "version", 6), "opset 6 is not supported; convert the model to opset 7 or newer"),
        (
            lambda m: setattr(m.opset_import[0], "version", 999),
            "opset 999 is not known: the newest that the installed onnx knows is ",
        ),
        (lambda m: setattr(m.opset_import[0], "domain", "ai.onnx.ml"), "it has no nodes or no opset"),
        (lambda m: setattr(m.graph.node[0], "domain", "com.microsoft"), "(node 'Gemm_0') of domain 'com.microsoft' is not"),
        (lambda m: m.graph.node[0].ClearField("output"), "operator Gemm (node 'Gemm_0'): its outputs are left out"),
        (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "two initializers have the same name"),
        (lambda m: m.graph.sparse_initializer.add(), "sparse initializers are not supported"),
        (
            lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", TensorProto.INT64),
            "input 'x' has ONNX element type 7; a float tensor is expected",
        ),
        (lambda m: m.graph.input[0].type.sequence_type.elem_type.tensor_type.SetInParent(), "input 'x' is not a tensor"),
        (lambda m: m.graph.input[0].ClearField("type"), "input 'x' is not a tensor"),
        (lambda m: setattr(m.graph.node[0], "name", "two\nlines"), ""),
    ],
)
def test_bad_models(change, part, tmp_path):
    path = save(with_model(change), tmp_path / "bad.onnx")
    if part:
        refused(load_network, path, part)
    else:
        assert load_network(path).widths == (3,)


@pytest.mark.parametrize("data", [b"", b"junk", b"\x00" * 100, b"\xff" * 100, b"PK\x03\x04", b"\x0a\x05a", b'{"ir_version": 8}'])
def test_what_is_no_model(data, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(data)
    refused(load_network, tmp_path / "bad.onnx", "not an ONNX model" if data else "the file is empty")


def test_every_truncation(tmp_path):
    data = build(GEMM, [1, 4], {"W": W}).SerializeToString()
    for length in range(len(data)):
        (tmp_path / "bad.onnx").write_bytes(data[:length])
        refused(load_network, tmp_path / "bad.onnx")


def test_a_small_file_cannot_ask_for_many_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(layering, "MAX_PLACES", 100)
    nodes = [("MatMul", f"a{k} W", f"a{k + 1}", {}) for k in range(30)]
    model = build([("Relu", "x", "a0", {}), *nodes], [1, 2], {"W": np.eye(2)}, end="a30")
    refused(
        load_network, save(model, tmp_path / "bad.onnx"), "the network has at least 104 weights with its zeros; at most 100 are"
    )
    model = build([("Relu", "x", "a0", {}), *nodes], [1, 2], {"W": np.ones((2, 2))}, end="a30")
    monkeypatch.setattr(layering, "MAX_PLACES", 1000)
    monkeypatch.setattr(layering, "MAX_WEIGHTS", 100)
    refused(
        load_network, save(model, tmp_path / "bad.onnx"), "the network has at least 102 weights that are not zero; at most 100"
    )
    model = build([("Relu", "x", "y", {})], [1, 40])
    refused(load_network, save(model, tmp_path / "bad.onnx"), "the network has at least 1600 weights with its zeros")
