"""Operators that make steps: read where they are constant on the box of inputs that is of interest, else refused."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.support import refused

from exactzones.errors import FormatError, InputError
from exactzones.models import load_network

onnx = pytest.importorskip("onnx")

from models.onnx_models import build, save  # noqa: E402  it needs onnx
from onnx import TensorProto  # noqa: E402

SMALL = st.integers(-3, 3)
STEPS = {
    "bool": ([("Cast", "v", "t", {"to": TensorProto.BOOL})], bool),
    "int64": ([("Cast", "v", "t", {"to": TensorProto.INT64})], int),
    "Sign": ([("Sign", "v", "t", {})], lambda v: (v > 0) - (v < 0)),
    "Floor": ([("Floor", "v", "t", {})], math.floor),
    "Ceil": ([("Ceil", "v", "t", {})], math.ceil),
    "Round": ([("Round", "v", "t", {})], round),
    **{
        name: ([(name, "v one", "t", {})], lambda v, holds=holds: holds(v, 1))
        for name, holds in {
            "Equal": operator.eq,
            "Greater": operator.gt,
            "GreaterOrEqual": operator.ge,
            "Less": operator.lt,
            "LessOrEqual": operator.le,
        }.items()
    },
}


@given(
    step=st.sampled_from(sorted(STEPS)),
    weight=st.lists(SMALL, min_size=4, max_size=4),
    constants=st.lists(SMALL, min_size=3, max_size=3),
    corners=st.lists(SMALL, min_size=2, max_size=2),
    widths=st.lists(
        st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(3)]), min_size=2, max_size=2
    ),
    shares=st.lists(st.lists(st.fractions(0, 1, max_denominator=4), min_size=2, max_size=2), min_size=1, max_size=6),
)
def test_a_step_is_read_where_it_is_constant_and_refused_elsewhere(
    tmp_path_factory, step, weight, constants, corners, widths, shares
):
    """v = a relu(w x + b) + c x1: wherever the model is read, it agrees with a plain evaluation in the box."""
    nodes, function = STEPS[step]
    model = build(
        [
            ("Gemm", "x W b", "a", {}),
            ("Relu", "a", "h", {}),
            ("Gemm", "h A", "k", {}),
            ("Gemm", "x C", "l", {}),
            ("Add", "k l", "v", {}),
            *nodes,
            ("Cast", "t", "f", {"to": TensorProto.FLOAT}),
            ("Add", "f l", "y", {}),
        ],
        [1, 2],
        {
            "W": np.array([[weight[0]], [weight[1]]], np.float32),
            "b": np.array([constants[0]], np.float32),
            "A": np.array([[weight[2]]], np.float32),
            "C": np.array([[0], [weight[3]]], np.float32),
            "one": np.array([[1]], np.float32),
        },
    )
    path = save(model, tmp_path_factory.mktemp("steps") / "net.onnx")
    box = [(Fraction(low), low + width) for low, width in zip(corners, widths, strict=True)]

    def value(point):
        hidden = max(weight[0] * point[0] + weight[1] * point[1] + constants[0], 0)
        return weight[2] * hidden + weight[3] * point[1]

    try:
        network = load_network(path, box=box)
    except FormatError as error:
        assert "on which it is not constant; a smaller" in str(error) or "it jumps where" in str(error)  # noqa: PT017
        assert any(widths)  # at a point everything is constant
        return
    for share in shares:
        point = [low + part * (high - low) for part, (low, high) in zip(share, box, strict=True)]
        assert network(point) == (Fraction(function(value(point))) + weight[3] * point[1],)


def test_a_comparison_may_choose_where_it_has_one_answer(tmp_path):
    """Where(x > 1/2, x, 10) is x on [0.6, 1] and 10 on [0, 0.4]."""
    nodes = [("Greater", "x half", "c", {}), ("Where", "c x ten", "y", {})]
    constants = {"half": np.array([0.5], np.float32), "ten": np.array([10], np.float32)}
    path = save(build(nodes, [1, 3], constants), tmp_path / "net.onnx")
    network = load_network(path, box=[(0, "0.4"), ("0.6", 1), ("1/2", "1/2")])
    assert network([0, "3/4", "1/2"]) == (10, Fraction(3, 4), 10)
    refused(load_network, path, "it jumps where the comparison")
    refused(lambda each: load_network(each, box=[(0, 1)] * 3), path, "it jumps where the comparison")


def test_some_entries_may_be_decided_by_the_box_and_others_be_continuous(tmp_path):
    """Where(x > 0, x, c) jumps at 0 unless c = 0; the first two entries do not reach 0, and the last one has c = 0."""
    nodes = [("Greater", "x zero", "t", {}), ("Where", "t x c", "y", {})]
    constants = {"zero": np.array([0], np.float32), "c": np.array([5, 5, 0], np.float32)}
    path = save(build(nodes, [1, 3], constants), tmp_path / "net.onnx")
    network = load_network(path, box=[(1, 2), (-2, -1), (-1, 1)])
    for last in (-1, 0, 1):
        assert network([1, -1, last]) == (1, 5, max(last, 0))


def test_constants_are_cast_and_powers_0_and_1_are_linear(tmp_path):
    nodes = [
        ("Cast", "c", "i", {"to": TensorProto.INT32}),
        ("Cast", "i", "f", {"to": TensorProto.FLOAT}),
        ("Pow", "x e", "p", {}),
        ("Add", "p f", "y", {}),
    ]
    constants = {"c": np.array([-2.7, 2.7], np.float32), "e": np.array([0, 1], np.float32)}
    path = save(build(nodes, [1, 2], constants), tmp_path / "net.onnx")
    assert load_network(path)([5, 7]) == (1 - 2, 7 + 2)
    path = save(build(nodes, [1, 2], constants | {"c": np.array([3e9, 0])}), path)
    refused(load_network, path, "operator Cast", "too large for the type")
    path = save(build([("Cast", "x", "y", {"to": TensorProto.UINT8})], [1, 2], {}), path)
    refused(load_network, path, "a cast to type number 2 is not supported")


def test_an_output_may_be_constant(tmp_path):
    path = save(build([("Shape", "x", "y", {})], [2, 3], {}), tmp_path / "net.onnx")
    network = load_network(path)
    assert network.inputs == 6
    assert network([9] * 6) == (2, 3)


@pytest.mark.parametrize("box", [5, [1, 2], [(0, 1, 2)], ["0"], [(0, float("nan"))]])
def test_what_is_not_a_box(tmp_path, box):
    path = save(build([("Relu", "x", "y", {})], [1, 1], {}), tmp_path / "net.onnx")
    with pytest.raises(InputError):
        load_network(path, box=box)
