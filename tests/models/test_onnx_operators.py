"""Every operator, and what comes of several: against onnxruntime, and exactly against a naive reading of the graph."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models.support import agrees_with_onnxruntime, refused

from exactzones.errors import FormatError
from exactzones.models import load_network
from exactzones.models.onnx_operators import OPERATORS

onnx = pytest.importorskip("onnx")

from models.onnx_cases import CASES, CONV, RNG, batch_norm, ints, number, statistics  # noqa: E402
from models.onnx_models import build, save  # noqa: E402  it needs onnx
from models.onnx_oracle import evaluate  # noqa: E402
from models.onnx_rare_cases import RARE_CASES  # noqa: E402
from models.onnx_step_cases import STEP_CASES  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

ALL_CASES = CASES | RARE_CASES | STEP_CASES


@pytest.mark.parametrize("name", ALL_CASES)
def test_operators(name, tmp_path):
    nodes, shape, constants, widths, units = ALL_CASES[name]
    kinds = {node[0] for node in nodes}
    opset = 9 if "Upsample" in kinds else 13 if "ReduceMean" in kinds else 16 if "reduction" in str(nodes) else 14
    model = build(nodes, shape, constants, opset=opset)
    path = save(model, tmp_path / "net.onnx")
    net = load_network(path)
    if widths is not None:
        assert net.widths == widths
    if units is not None:
        assert tuple(len(layer.relu_units) for layer in net.layers) == units
    agrees_with_onnxruntime(path, net, points=200, exact_points=3, exactly="quantized" in name)
    agrees_exactly(model, net)


def test_every_operator_has_a_case():
    assert OPERATORS.keys() <= {node[0] for nodes, *_ in ALL_CASES.values() for node in nodes}


def test_damaged_models(tmp_path):
    """A damaged model gives a network or one clear error, never anything else."""
    generator, refusals = random.Random(2), 0  # noqa: S311  damage need not be secret
    for _ in range(400):
        nodes, shape, constants, _, _ = CASES[generator.choice(list(CASES))]
        damaged = bytearray(build(nodes, shape, constants).SerializeToString())
        for _ in range(generator.randint(1, 3)):
            damaged[generator.randrange(len(damaged))] = generator.choice([0, 1, 2, 8, 127, 128, generator.randrange(256)])
        (tmp_path / "net.onnx").write_bytes(damaged)
        try:
            load_network(tmp_path / "net.onnx")
        except FormatError:
            refusals += 1
            refused(load_network, tmp_path / "net.onnx")
    assert refusals > 50


def agrees_exactly(model, net, points=4):
    factors = [taken.value for taken in net.rationalizations]
    for k in range(points):
        # Small integers too, so that there are ties.
        point = [
            Fraction(int(a), int(b) if k % 2 else 1)
            for a, b in zip(RNG.integers(-3, 4, net.inputs), RNG.integers(1, 9, net.inputs), strict=True)
        ]
        assert net(point) == tuple(evaluate(model, point, factors).ravel())


def test_the_factors_of_a_batch_norm_are_recorded(tmp_path):
    constants = statistics(2) | {"v": np.array([0.25, 2.0]), "s": np.array([3.0, 0.5])}
    net = load_network(save(build([batch_norm("x", "y", epsilon=0.0)], [1, 2], constants), tmp_path / "net.onnx"))
    (taken,) = net.rationalizations
    assert "scale[1] / sqrt(variance[1] + epsilon)" in taken.expression
    assert abs(taken.value**2 - Fraction(1, 8)) < Fraction(1, 10**15)
    low, high = taken.value - taken.error, taken.value + taken.error
    assert low**2 <= Fraction(1, 8) <= high**2
    assert 0 < taken.error < Fraction(1, 10**15)
    assert net.layers[0].weight.rows == ((6, 0), (0, taken.value))


def test_bfloat16_is_exact(tmp_path):
    values = [1.0, -0.3, 1e-30, 7.7]
    weight = helper.make_tensor("W", TensorProto.BFLOAT16, [2, 2], values)
    net = load_network(save(build([("MatMul", "x W", "y", {})], [1, 2], {"W": weight}), tmp_path / "net.onnx"))
    stored = numpy_helper.to_array(weight).astype(np.float64)
    assert net.layers[0].weight.rows == tuple(tuple(map(Fraction, row)) for row in stored.T)
    assert stored[0, 1] != -0.3


def test_older_models_give_attributes(tmp_path):
    nodes = [
        ("Clip", "x", "a", {"min": -1.0}),
        ("Unsqueeze", "a", "b", {"axes": [0]}),
        ("Slice", "b", "c", {"starts": [0], "ends": [2], "axes": [2]}),
        ("Squeeze", "c", "d", {"axes": [0]}),
        ("Pad", "d", "y", {"pads": [0, 1, 0, 0]}),
    ]
    model = build(nodes, [1, 3], {}, opset=9)
    net = load_network(save(model, tmp_path / "net.onnx"))
    assert net.widths == (3, 3)
    agrees_with_onnxruntime(tmp_path / "net.onnx", net, points=50)


def test_a_deep_residual_stream_is_carried_in_its_own_lanes(tmp_path):
    nodes, constants, here = [], {}, "x"
    for k in range(4):
        constants |= {f"U{k}": number(3, 8), f"D{k}": number(8, 3)}
        nodes += [
            ("Gemm", f"{here} U{k}", f"u{k}", {}),
            ("Relu", f"u{k}", f"r{k}", {}),
            ("Gemm", f"r{k} D{k}", f"d{k}", {}),
            ("Add", f"d{k} {here}", f"s{k}", {}),
        ]
        here = f"s{k}"
    model = build(nodes, [1, 3], constants, end=here)
    net = load_network(save(model, tmp_path / "net.onnx"))
    assert net.widths == (11, 11, 11, 11, 3)
    agrees_exactly(model, net)


@pytest.mark.parametrize(
    ("nodes", "shape", "constants", "part"),
    [
        ([("Conv", "x W", "y", {})], [1, 2, 4, 4], CONV, "does not fit 2 channels; (outputs, channels / groups, ..) is expected"),
        ([("Conv", "x W", "y", {})], [1, 1, 2, 4], CONV, "does not fit into the spatial axes (2, 4)"),
        ([("Conv", "x W", "y", {})], [1, 1, 4], CONV, "do not fit shape (1, 1, 4)"),
        ([("Conv", "x W", "y", {"kernel_shape": [2, 2]})], [1, 1, 4, 4], CONV, "kernel_shape is (2, 2); (3, 3) is expected"),
        ([("Conv", "x W", "y", {"strides": [0, 1]})], [1, 1, 4, 4], CONV, "do not fit the spatial axes (4, 4)"),
        ([("Conv", "x W", "y", {"pads": [-1, 0, 0, 0]})], [1, 1, 4, 4], CONV, "is negative"),
        ([("Conv", "x W", "y", {"pads": [1]})], [1, 1, 4, 4], CONV, "pads are [1]; two numbers for each of 2 axes are expected"),
        ([("Conv", "x W", "y", {"pads": [2**30] * 4})], [1, 1, 4, 4], CONV, "too many"),
        ([("Conv", "x W B", "y", {})], [1, 1, 4, 4], CONV | {"B": number(3)}, "the bias has shape (3,); (2,) is expected"),
        ([("Conv", "W x", "y", {})], [2, 1, 3, 3], CONV, "its input 1 depends on the network's input; a constant is expected"),
        ([("Conv", "x W", "y", {})], [1, 1, 4, 4], {"W": CONV["W"] * np.nan}, "its weight[0][0][0][0] is nan"),
        ([("MaxPool", "x", "y", {})], [1, 1, 4], {}, "kernel_shape is left out"),
        ([("MaxPool", "x", "y", {"kernel_shape": [1], "pads": [1, 1]})], [1, 1, 4], {}, "in the padding only"),
        ([("AveragePool", "x", "y", {"kernel_shape": [1], "pads": [1, 1]})], [1, 1, 4], {}, "in the padding only"),
        ([batch_norm("x", "y", training_mode=1)], [1, 3], statistics(3), "it is in training mode; export"),
        ([batch_norm("x", "y mean")], [1, 3], statistics(3), "it is in training mode, as its 2 outputs say"),
        ([batch_norm("x", "y  var")], [1, 3], statistics(3), "it is in training mode, as its 2 outputs say"),
        ([batch_norm("x", "y m1 v1 m2 v2")], [1, 3], statistics(3), "it is in training mode, as its 5 outputs say"),
        ([batch_norm("x", "y")], [1, 4], statistics(3), "its mean has shape (3,); one number for each channel of shape (1, 4)"),
        ([batch_norm("x", "y")], [1, 3], statistics(3) | {"v": -np.ones(3)}, "its variance[0] is -1.0 and its epsilon"),
        ([("Clip", "x l", "y", {})], [1, 3], {"l": number(3)}, "a bound has shape (3,); a single number is expected"),
        ([("Div", "x d", "y", {})], [1, 3], {"d": np.array([1.0, 0.0, 1.0])}, "its divisor has an entry 0"),
        ([("Slice", "x s e", "y", {})], [1, 3], {"s": ints(1), "e": ints(1)}, "the graph's output 'y' has no entries"),
        ([("Transpose", "x", "y", {"perm": [0, 0]})], [1, 3], {}, "does not fit shape"),
        ([("Gather", "x i", "y", {})], [1, 3], {"i": ints(5)}, "does not fit shape"),
        ([("Concat", "x k", "y", {"axis": 0})], [1, 3], {"k": number(1, 2)}, "cannot be concatenated along axis 0"),
        ([("Split", "x", "a b", {"axis": 1}), ("Add", "a b", "y", {})], [1, 1], {}, "cannot be split"),
        ([("Pad", "x p", "y", {})], [1, 3], {"p": ints(0, -1, 0)}, "pads are [0, -1, 0]; two numbers for each of 2 axes"),
        (
            [("Pad", "x p", "y", {"mode": "edge"})],
            [1, 3],
            {"p": ints(0, -1, 0, 0)},
            "negative ones in mode constant only",
        ),
        ([("Concat", "x x", "y", {})], [1, 3], {}, "it has no axis; the attribute 'axis' is expected"),
        ([("Sign", "x", "y", {})], [1, 3], {}, "the graph's output 'y': it jumps where the sign 'Sign_0' changes"),
        (
            [("Greater", "x t", "c", {}), ("Where", "c x z", "s", {}), ("LeakyRelu", "s", "y", {})],
            [1, 3],
            {"t": np.float32(0.5), "z": np.float32(0)},
            "operator LeakyRelu (node 'LeakyRelu_2'): its input jumps where the comparison 'Greater_0' changes",
        ),
        ([("Shrink", "x", "y", {})], [1, 3], {}, "it jumps where Shrink 'Shrink_0' changes"),
        (
            [("ThresholdedRelu", "x", "t", {}), ("Neg", "t", "y", {})],
            [1, 3],
            {},
            "it jumps where ThresholdedRelu 'ThresholdedRelu_0' changes",
        ),
        ([("Exp", "x", "y", {})], [1, 3], {}, "it is not piecewise linear where it depends on the network's input"),
        ([("Exp", "k", "e", {}), ("Mul", "x e", "y", {})], [1, 3], {"k": np.float32(701)}, "is not in the range of floats"),
        ([("TopK", "x k", "y i", {})], [1, 3], {"k": ints(2)}, "with conditions on its values, such as 2 in top(3)"),
        (
            [("Split", "x", "a b", {}), ("Less", "a z", "c", {}), ("Less", "b z", "d", {}), ("And", "c d", "y", {})],
            [2, 1],
            {"z": np.float32(0)},
            "operator And (node 'And_3'): it joins two steps whose conditions are about different values",
        ),
        ([("Sqrt", "x", "y", {})], [1, 3], {}, "it is not piecewise linear where it depends on the network's input"),
        ([("GRU", "x", "y", {})], [1, 3], {}, "operator GRU (node 'GRU_0') is not piecewise linear"),
        ([("QLinearConv", "x", "y", {})], [1, 3], {}, "quantizes values that depend on the input"),
        (
            [("QuantizeLinear", "x s z", "q", {}), ("DequantizeLinear", "q s z", "y", {})],
            [1, 3],
            {"s": np.float32(0.5), "z": np.uint8(3)},
            "it quantizes a value that depends on the network's input",
        ),
        ([("TopK", "x k", "y i", {})], [1, 3], {"k": ints(2)}, "operator TopK (node 'TopK_0') makes steps"),
        (
            [("MaxPool", "x", "z y", {"kernel_shape": [2]})],
            [1, 1, 4],
            {},
            "the graph's output 'y', which is output 1 of operator MaxPool (node 'MaxPool_0'): only its values are read",
        ),
        (
            [("MaxPool", "x", "z i", {"kernel_shape": [2]}), ("Relu", "i", "y", {})],
            [1, 1, 4],
            {},
            "operator Relu (node 'Relu_1'): it reads 'i', which is output 1 of operator MaxPool",
        ),
        ([("Acos", "x", "y", {})], [1, 3], {}, "operator Acos (node 'Acos_0') is not piecewise linear"),
        ([("LSTM", "x", " y", {})], [1, 3], {}, "operator LSTM (node 'LSTM_0') is not piecewise linear"),
        ([("Einsum", "x x", "y", {"equation": "ij,ij->i"})], [1, 3], {}, "both depend on the input"),
        ([("Einsum", "x W", "y", {"equation": "ij,kj->ik"})], [1, 3], {"W": number(2, 2)}, "has lengths 3 and 2"),
        ([("Einsum", "x", "y", {"equation": "ijk->k"})], [1, 3], {}, "does not fit an operand of shape (1, 3)"),
        (
            [("Resize", "x r s", "y", {"mode": "area"})],
            [1, 3],
            {"r": number(0), "s": np.ones(2)},
            "mode b'area' is not supported; supported are nearest, linear and cubic",
        ),
        ([("Dropout", "x r t", "y", {})], [1, 3], {"r": np.float32(0.5), "t": np.array(True)}, "it is in training mode"),
        ([("Tile", "x n", "y", {})], [1, 3], {"n": ints(0, 1)}, "its repeats are [0, 1]"),
        ([("GatherND", "x i", "y", {})], [1, 3], {"i": ints(0, 5)}, "does not fit shape"),
        (
            [("ScatterND", "x i u", "y", {})],
            [1, 3],
            {"i": ints(0, 1), "u": number(2)},
            "its updates have shape (2,); () is expected",
        ),
        (
            [("Pad", "x p", "y", {"mode": "reflect"})],
            [1, 3],
            {"p": ints(0, 3, 0, 0)},
            "reflected pads must be smaller than the lengths of shape (1, 3)",
        ),
        ([("MaxPool", "x", "y", {"kernel_shape": [2], "ceil_mode": 2})], [1, 1, 3], {}, "'ceil_mode' is 2; 0 or 1 is expected"),
        ([batch_norm("x", "y", spatial=0)], [1, 3], statistics(3), "spatial=0"),
        (
            [("Expand", "x s", "y", {})],
            [1, 3],
            {"s": ints(10**6, 10**6, 3)},
            "the result has shape (1000000, 1000000, 3), 3000000000000 entries",
        ),
        ([("Pow", "x k", "y", {})], [1, 3], {"k": number()}, "is not piecewise linear"),
        (
            [("Softmax", "x", "a", {}), ("Relu", "a", "y", {})],
            [1, 3],
            {},
            "operator Softmax (node 'Softmax_0') is not piecewise linear",
        ),
        ([("If", "x", "y", {})], [1, 3], {}, "operator If (node 'If_0'): its condition is not one constant"),
        ([("LeakyRelu", "x", "y", {"alpha": float("nan")})], [1, 3], {}, "its slope is nan"),
    ],
)
def test_bad_operators(nodes, shape, constants, part, tmp_path):
    refused(load_network, save(build(nodes, shape, constants, opset=14), tmp_path / "bad.onnx"), part)


@st.composite
def graphs(draw):
    """Draw nodes that take any tensors there are so far, input size and constants."""
    size = draw(st.integers(1, 3))
    nodes, constants, known = [], {}, [("x", size)]

    def constant(*lengths):
        name = f"c{len(constants)}"
        entries = draw(st.lists(st.integers(-2, 2), min_size=math.prod(lengths), max_size=math.prod(lengths)))
        constants[name] = np.array(entries, np.float32).reshape(lengths)
        return name

    for k in range(draw(st.integers(1, 9))):
        (here, length), new = draw(st.sampled_from(known[-4:])), f"t{k}"
        fitting = [name for name, other in known if other == length]
        kind = draw(
            st.sampled_from(["Gemm", "Gemm", "Relu", "Relu", "Add", "Sub", "Max", "Concat", "Slice", "LeakyRelu", "Shift"])
        )
        attributes = {}
        if kind == "Gemm":
            other = draw(st.integers(1, 3))
            inputs, length = f"{here} {constant(length, other)} {constant(other)}", other
        elif kind in ("Add", "Sub", "Max"):
            inputs = f"{here} {draw(st.sampled_from(fitting))}"
        elif kind == "Concat":
            second, other = draw(st.sampled_from(known))
            inputs, length, attributes = f"{here} {second}", length + other, {"axis": 1}
        elif kind == "Slice":
            start = draw(st.integers(0, length - 1))
            constants |= {f"s{k}": ints(start), f"e{k}": ints(length), "axis": ints(1)}
            inputs, length = f"{here} s{k} e{k} axis", length - start
        elif kind == "Shift":
            kind, inputs = "Add", f"{here} {constant(length)}"
        else:
            inputs = here
            attributes = {"alpha": 0.25} if kind == "LeakyRelu" else {}
        nodes.append((kind, inputs, new, attributes))
        known.append((new, length))
    return nodes, size, constants, known[-1][0]


@settings(max_examples=150)
@given(graphs())
def test_random_graphs(tmp_path_factory, graph):
    nodes, size, constants, end = graph
    model = build(nodes, [1, size], constants, end=end)
    net = load_network(save(model, tmp_path_factory.getbasetemp() / "graph.onnx"))
    agrees_exactly(model, net)
    depth = sum(node[0] in ("Relu", "Max", "LeakyRelu") for node in nodes)
    assert sum(bool(layer.relu_units) for layer in net.layers) <= depth
