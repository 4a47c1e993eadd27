import numpy as np
import pytest
from hypothesis import given, settings
from models.support import SINGLE, agrees_with_onnxruntime, networks

from exactzones.errors import InputError
from exactzones.models import load_network, onnx_model, save_network
from exactzones.rational import vector

onnx = pytest.importorskip("onnx")

from models.onnx_models import build, save  # noqa: E402  it needs onnx
from onnx import helper  # noqa: E402

RNG = np.random.default_rng(7)


def number(*shape):
    return RNG.normal(0, 1, shape)


W45, W43, W35, W52 = number(4, 5), number(4, 3), number(3, 5), number(5, 2)
B3, B5, B2 = number(3), number(5), number(2)


def const(value):
    return {"value": onnx.numpy_helper.from_array(np.asarray(value, np.float32))}


# name: (nodes, input shape, constants, widths, which layers carry a ReLU)
CHAINS = {
    "gemm transB": ([("Gemm", "x W b", "y", {"transB": 1})], [1, 5], {"W": W35, "b": B3}, (3,), "l"),
    "gemm": ([("Gemm", "x W b", "y", {})], ["N", 4], {"W": W43, "b": B3}, (3,), "l"),
    "gemm without bias": ([("Gemm", "x W", "y", {})], [1, 4], {"W": W43}, (3,), "l"),
    "gemm alpha beta": ([("Gemm", "x W b", "y", {"alpha": 0.3, "beta": -2.5})], [1, 4], {"W": W43, "b": B3}, (3,), "l"),
    "gemm alpha zero": ([("Gemm", "x W b", "y", {"alpha": 0.0})], [1, 4], {"W": W43, "b": B3}, (3,), "l"),
    "gemm scalar bias": ([("Gemm", "x W b", "y", {})], [1, 4], {"W": W43, "b": number()}, (3,), "l"),
    "gemm bias (1,)": ([("Gemm", "x W b", "y", {})], [1, 4], {"W": W43, "b": number(1)}, (3,), "l"),
    "gemm bias (1, 3)": ([("Gemm", "x W b", "y", {})], [1, 4], {"W": W43, "b": number(1, 3)}, (3,), "l"),
    "gemm bias (1, 1)": ([("Gemm", "x W b", "y", {})], [1, 4], {"W": W43, "b": number(1, 1)}, (3,), "l"),
    "matmul on the right": ([("MatMul", "x W", "y", {})], ["N", 4], {"W": W43}, (3,), "l"),
    "matmul on the left": ([("MatMul", "W x", "y", {})], [5, 1], {"W": W35}, (3,), "l"),
    "matmul on the left of a vector": ([("MatMul", "W x", "y", {})], [5], {"W": W35}, (3,), "l"),
    "matmul on the right of a vector": ([("MatMul", "x W", "y", {})], [4], {"W": W43}, (3,), "l"),
    "matmul with a vector": ([("MatMul", "x w", "y", {})], [1, 5], {"w": B5}, (1,), "l"),
    "matmul of a vector with a column": ([("MatMul", "w x", "y", {})], [1, 5, 1], {"w": B5}, (1,), "l"),
    "matmul of two vectors": ([("MatMul", "x w", "y", {})], [5], {"w": B5}, (1,), "l"),
    "matmul (1, 1, 1, 5)": ([("MatMul", "x W", "y", {})], [1, 1, 1, 5], {"W": W52}, (2,), "l"),
    "matmul (1, 5, 1)": ([("MatMul", "W x", "y", {})], [1, 5, 1], {"W": W35}, (3,), "l"),
    "matmul by (1, 4, 3)": ([("MatMul", "x W", "y", {})], [1, 4], {"W": W43[None]}, (3,), "l"),
    "one input": ([("MatMul", "W x", "z", {}), ("Relu", "z", "y", {})], [1], {"W": number(3, 1)}, (3,), "r"),
    "acas xu": (
        [
            ("Sub", "x m", "a", {}),
            ("Flatten", "a", "f", {}),
            ("MatMul", "f W", "h", {}),
            ("Add", "h b", "z", {}),
            ("Relu", "z", "r", {}),
            ("MatMul", "r V", "o", {}),
            ("Add", "o c", "y", {}),
        ],
        [1, 1, 1, 4],
        {"m": number(1, 1, 1, 4), "W": W43, "b": B3, "V": W35, "c": B5},
        (3, 5),
        "rl",
    ),
    "down-projection stays": (
        [
            ("Gemm", "x W", "a", {}),
            ("Relu", "a", "b", {}),
            ("Gemm", "b V", "c", {}),
            ("MatMul", "c U", "d", {}),
            ("Relu", "d", "y", {}),
        ],
        [1, 4],
        {"W": W45, "V": W52, "U": number(2, 4)},
        (5, 2, 4),
        "rlr",
    ),
    "bias in two steps": (
        [("MatMul", "x W", "a", {}), ("Add", "a b", "c", {}), ("Sub", "c d", "e", {}), ("Add", "s e", "y", {})],
        [1, 4],
        {"W": W43, "b": B3, "d": number(1, 3), "s": number()},
        (3,),
        "l",
    ),
    "constant minus data": (
        [
            ("Sub", "m x", "a", {}),
            ("MatMul", "a W", "b", {}),
            ("Sub", "c b", "d", {}),
            ("Relu", "d", "e", {}),
            ("Sub", "f e", "y", {}),
        ],
        [1, 4],
        {"m": number(4), "W": W43, "c": B3, "f": B3[::-1].copy()},
        (3, 3),
        "rl",
    ),
    "shift between relu and gemm": (
        [("Gemm", "x W", "a", {}), ("Relu", "a", "b", {}), ("Add", "b s", "c", {}), ("Gemm", "c V", "y", {})],
        [1, 4],
        {"W": W43, "s": B3, "V": W35},
        (3, 5),
        "rl",
    ),
    "relu on the input": ([("Relu", "x", "a", {}), ("MatMul", "a W", "y", {})], [1, 4], {"W": W43}, (4, 3), "rl"),
    "relu after add": (
        [("Add", "x s", "a", {}), ("Relu", "a", "b", {}), ("MatMul", "b W", "y", {})],
        [1, 4],
        {"s": number(4), "W": W43},
        (4, 3),
        "rl",
    ),
    "two relus": ([("Gemm", "x W", "a", {}), ("Relu", "a", "b", {}), ("Relu", "b", "y", {})], [1, 4], {"W": W43}, (3,), "r"),
    "relu, add, relu": (
        [("Gemm", "x W", "a", {}), ("Relu", "a", "b", {}), ("Add", "b s", "c", {}), ("Relu", "c", "y", {})],
        [1, 4],
        {"W": W43, "s": B3},
        (3, 3),
        "rr",
    ),
    "nothing but an add": ([("Add", "x s", "y", {})], [1, 4], {"s": number(4)}, (4,), "l"),
    "nothing at all": ([("Identity", "x", "y", {})], [1, 4], {}, (4,), "l"),
    "add gives more axes": (
        [("Add", "x s", "a", {}), ("MatMul", "a W", "y", {})],
        [4],
        {"s": number(1, 1, 4), "W": W43},
        (3,),
        "l",
    ),
    "add to a column": ([("MatMul", "W x", "a", {}), ("Add", "a b", "y", {})], [5, 1], {"W": W35, "b": number(3, 1)}, (3,), "l"),
    "reshape": (
        [("Reshape", "x s", "a", {}), ("MatMul", "W a", "b", {}), ("Reshape", "b t", "c", {}), ("MatMul", "c V", "y", {})],
        [1, 5],
        {"s": np.array([5, -1]), "W": W35, "t": np.array([0]), "V": number(3, 2)},
        (3, 2),
        "ll",
    ),
    "reshape copies": (
        [("Reshape", "x s", "a", {}), ("Gemm", "a W", "y", {})],
        [1, 2, 2],
        {"s": np.array([0, -1]), "W": W43},
        (3,),
        "l",
    ),
    "flatten from axis 0": ([("Flatten", "x", "a", {"axis": 0}), ("Gemm", "a W", "y", {})], [4], {"W": W43}, (3,), "l"),
    "flatten from the last axis": (
        [("Flatten", "x", "a", {"axis": -1}), ("Gemm", "a W", "y", {})],
        [1, 1, 4],
        {"W": W43},
        (3,),
        "l",
    ),
    "flatten an image": ([("Flatten", "x", "a", {}), ("Gemm", "a W", "y", {})], ["N", 1, 2, 2], {"W": W43}, (3,), "l"),
    "dropout": (
        [("Dropout", "x", "a", {}), ("Dropout", "a r", "b mask", {}), ("Gemm", "b W", "y", {})],
        [1, 4],
        {"r": np.float32(0.3), "W": W43},
        (3,),
        "l",
    ),
    "constant nodes": (
        [
            ("Constant", "", "V", const(W43)),
            ("Identity", "V", "W", {}),
            ("Constant", "", "b", {"value_floats": [0.1, 0.2, -0.3]}),
            ("Constant", "", "c", {"value_float": 0.7}),
            ("Gemm", "x W b", "a", {}),
            ("Add", "a c", "y", {}),
        ],
        [1, 4],
        {},
        (3,),
        "l",
    ),
    "constants through shapes": (
        [
            *[("Reshape", "V s", "W", {}), ("Flatten", "c", "b", {"axis": 0}), ("Constant", "", "s", {"value_ints": [4, 3]})][
                ::-1
            ],
            ("Gemm", "x W b", "y", {}),
        ],
        [1, 4],
        {"V": number(12), "c": number(3, 1)},
        (3,),
        "l",
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_agree_with_onnxruntime(name, tmp_path):
    nodes, shape, constants, widths, marks = CHAINS[name]
    path = save(build(nodes, shape, constants), tmp_path / "net.onnx")
    net = load_network(path)
    assert net.widths == widths
    assert "".join("r" if all(layer.relu) else "l" for layer in net.layers) == marks
    assert all(len(set(layer.relu)) == 1 for layer in net.layers)
    agrees_with_onnxruntime(path, net)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_float_types(dtype, tmp_path):
    weight, bias = W43.astype(dtype), B3.astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    constants = {"W": onnx.numpy_helper.from_array(weight, "W"), "b": onnx.numpy_helper.from_array(bias, "b")}
    model = build([("MatMul", "x W", "a", {}), ("Add", "a b", "c", {}), ("Relu", "c", "y", {})], [1, 4], constants, kind=kind)
    net = load_network(save(model, tmp_path / "net.onnx"))
    assert net.layers[0].weight.rows == tuple(vector(*row) for row in weight.T)
    assert net.layers[0].bias == vector(*bias)
    agrees_with_onnxruntime(tmp_path / "net.onnx", net, dtype=dtype)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    "kind", ["FLOAT", "DOUBLE", "FLOAT16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]
)
def test_initializers_of_every_type_and_storage(kind, raw, tmp_path):
    number_type = getattr(onnx.TensorProto, kind)
    values = np.array([[1, 2], [3, 100]], helper.tensor_dtype_to_np_dtype(number_type))
    weight = helper.make_tensor("W", number_type, [2, 2], values.tobytes() if raw else values.ravel(), raw=raw)
    model = build([("MatMul", "x W", "y", {})], [1, 2], {"W": weight})
    assert load_network(save(model, tmp_path / "net.onnx")).layers[0].weight.rows == (vector(1, 3), vector(2, 100))


def test_sums_of_constants_are_exact(tmp_path):
    """W (x - m) + b folds into the bias without rounding, where floats would lose b."""
    constants = {"m": [2.0**60, 1.0], "W": [[1.0], [0.1]], "b": [2.0**-30]}
    model = build([("Sub", "x m", "a", {}), ("MatMul", "a W", "c", {}), ("Add", "c b", "y", {})], [1, 2], constants)
    net = load_network(save(model, tmp_path / "net.onnx"))
    tenth = vector(np.float32(0.1))[0]
    assert net.layers[0].bias == (-(2**60) - tenth + vector(2.0**-30)[0],)


def test_inputs_that_are_initializers_are_no_inputs(tmp_path):
    model = build([("MatMul", "x W", "y", {})], [1, 4], {"W": W43})
    model.graph.input.append(helper.make_tensor_value_info("W", onnx.TensorProto.FLOAT, [4, 3]))
    assert load_network(save(model, tmp_path / "net.onnx")).inputs == 4


@pytest.mark.parametrize("shape", [[0, 4], ["batch", 4], [None, 4], [1, 4], [4], [0, 1, 1, 4]])
def test_what_counts_as_one_sample(shape, tmp_path):
    net = load_network(save(build([("MatMul", "x W", "y", {})], shape, {"W": W43}), tmp_path / "net.onnx"))
    assert (net.inputs, net.widths) == (4, (3,))


def test_the_tensor_names_do_not_matter(tmp_path):
    nodes = [("Gemm", "x W b", "y", {})]
    model = build(nodes, [1, 4], {"W": W43, "b": B3})
    model.graph.node[0].ClearField("name")
    model.graph.node[0].domain = "ai.onnx"
    model.opset_import[0].domain = "ai.onnx"
    assert load_network(save(model, tmp_path / "net.onnx")).widths == (3,)


@settings(deadline=None, max_examples=20)
@given(net=networks(SINGLE, partial=False))
def test_saved_networks_agree_with_onnxruntime(net, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "saved.onnx"
    save_network(net, path)
    agrees_with_onnxruntime(path, net, points=20)


def test_without_the_package_onnx(tmp_path, monkeypatch):
    def missing(_name):
        raise ImportError

    monkeypatch.setattr(onnx_model, "import_module", missing)
    for action in (load_network, lambda path: save_network(load_network(tmp_path / "net.npz"), path)):
        np.savez(tmp_path / "net.npz", W0=[[1.0]])
        with pytest.raises(InputError, match=r"need the package onnx: pip install exactzones\[onnx\]"):
            action(tmp_path / "net.onnx")
