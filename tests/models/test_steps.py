"""Comparisons of values that depend on the input: what is continuous is read exactly, what jumps is refused."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones.errors import FormatError
from exactzones.models import load_network, ramps
from exactzones.port import JUMP

pytest.importorskip("onnx")

from models.onnx_models import build, save
from models.onnx_oracle import evaluate

SMALL = st.integers(-3, 3)


@st.composite
def splines(draw):
    """Functions of one number by pieces ``slope h + offset`` between breaks, continuous or not."""
    breaks = sorted(draw(st.sets(SMALL, min_size=1, max_size=3)))
    slopes = draw(st.lists(SMALL, min_size=len(breaks) + 1, max_size=len(breaks) + 1))
    offsets = [draw(SMALL)]
    for at, (before, after) in zip(breaks, pairwise(slopes), strict=True):
        offsets.append(offsets[-1] + (before - after) * at)
    if draw(st.booleans()):
        offsets[draw(st.integers(0, len(breaks)))] += draw(SMALL)
    return breaks, slopes, offsets


@st.composite
def wheres(draw):
    """Nodes and constants for such a function of ``h = W x``, as a Where inside another, in any order of the breaks."""
    breaks, slopes, offsets = draw(splines())
    constants = {"W": np.array(draw(st.lists(SMALL, min_size=2, max_size=2)), float).reshape(2, 1)}
    nodes = [("MatMul", "x W", "h", {})]
    for k, (slope, offset) in enumerate(zip(slopes, offsets, strict=True)):
        constants |= {f"s{k}": np.float32(slope), f"o{k}": np.float32(offset)}
        nodes += [("Mul", f"h s{k}", f"m{k}", {}), ("Add", f"m{k} o{k}", f"p{k}", {})]
    low, high = (f"p{k}" for k in (0, len(breaks)))
    upwards = draw(st.booleans())
    last = low if upwards else high
    for k in range(len(breaks)) if upwards else reversed(range(len(breaks))):
        constants[f"b{k}"] = np.float32(breaks[k])
        kind, side = draw(st.sampled_from([("Greater", 1), ("GreaterOrEqual", 1), ("Less", 0), ("LessOrEqual", 0)]))
        piece = f"p{k + 1}" if upwards else f"p{k}"
        inside = bool(side) == upwards
        nodes += [
            (kind, f"h b{k}", f"c{k}", {}),
            ("Where", f"c{k} {piece} {last}" if inside else f"c{k} {last} {piece}", f"y{k}", {}),
        ]
        last = f"y{k}"
    jumps = any(
        before * at + a != after * at + b
        for at, (before, after), (a, b) in zip(breaks, pairwise(slopes), pairwise(offsets), strict=True)
    )
    return nodes, constants, last, jumps, breaks


@settings(max_examples=150)
@given(wheres())
def test_functions_of_one_number(tmp_path_factory, drawn):
    nodes, constants, end, jumps, breaks = drawn
    model = build(nodes, [1, 2], constants, end=end)
    path = save(model, tmp_path_factory.getbasetemp() / "where.onnx")
    points = [(x, y) for x in [*breaks, Fraction(1, 3), -5, 0, 5] for y in (0, 1, Fraction(-7, 2))]
    try:
        net = load_network(path)
    except FormatError as error:
        assert jumps
        assert constants["W"].any()
        assert "it jumps where the comparison" in str(error)  # noqa: PT017
        return
    assert (net.output_ports[0].before == JUMP) == bool(jumps and constants["W"].any())
    agree(net, model, points)


def agree(net, model, points):
    """Check that features are the model's outputs or, if these jump, that features are positive where outputs are."""
    for point in points:
        ours, theirs = net(point), tuple(evaluate(model, point).ravel())
        if net.output_ports[0].before == JUMP:
            ours, theirs = [entry > 0 for entry in ours], [entry > 0 for entry in theirs]
        assert list(ours) == list(theirs)


@st.composite
def comparisons(draw):
    """Nodes that compare, choose and mask any tensors there are, of two entries each."""
    nodes, constants = [("Gemm", "x W b", "h", {})], {"zero": np.float32(0), "one": np.float32(1)}
    constants |= {name: np.array(draw(st.lists(SMALL, min_size=n, max_size=n)), float) for name, n in (("W", 4), ("b", 2))}
    constants["W"] = constants["W"].reshape(2, 2)
    known, truths = ["x", "h"], []
    for k in range(draw(st.integers(1, 5))):
        pick = st.sampled_from(known)
        kind = draw(st.sampled_from(["Greater", "LessOrEqual", "Where", "Where", "Mask", "Sub", "Relu", "And"]))
        if kind in ("Greater", "LessOrEqual"):
            nodes.append((kind, f"{draw(pick)} {draw(st.sampled_from([*known, 'zero', 'one']))}", f"c{k}", {}))
            truths.append(f"c{k}")
        elif kind == "Sub":
            nodes.append((kind, f"{draw(pick)} {draw(pick)}", f"t{k}", {}))
            known.append(f"t{k}")
        elif kind == "Relu":
            nodes.append((kind, draw(pick), f"t{k}", {}))
            known.append(f"t{k}")
        elif truths and kind == "And":
            nodes.append(("And", f"{draw(st.sampled_from(truths))} {draw(st.sampled_from(truths))}", f"c{k}", {}))
            truths.append(f"c{k}")
        elif truths and kind == "Where":
            nodes.append(
                (kind, f"{draw(st.sampled_from(truths))} {draw(pick)} {draw(st.sampled_from([*known, 'zero']))}", f"t{k}", {})
            )
            known.append(f"t{k}")
        elif truths:
            nodes += [("Cast", draw(st.sampled_from(truths)), f"m{k}", {"to": 1}), ("Mul", f"m{k} {draw(pick)}", f"t{k}", {})]
            known.append(f"t{k}")
    return nodes, constants, known[-1]


@settings(max_examples=200)
@given(comparisons(), st.lists(st.tuples(SMALL, SMALL), min_size=6, max_size=6))
def test_random_comparisons(tmp_path_factory, drawn, points):
    nodes, constants, end = drawn
    assume(end != "x")
    model = build(nodes, [1, 2], constants, end=end)
    try:
        net = load_network(save(model, tmp_path_factory.getbasetemp() / "steps.onnx"))
    except FormatError as error:
        assert "jumps where" in str(error) or "two steps whose conditions" in str(error)  # noqa: PT017
        return
    agree(net, model, [*points, (Fraction(1, 3), Fraction(-2, 7))])


@st.composite
def jumps(draw):
    """A JumpReLU in one of the forms of libraries for sparse autoencoders, with thresholds of any sign, or a gate."""
    numbers = st.integers(-2, 2)
    constants = {name: np.array(draw(st.lists(numbers, min_size=n, max_size=n)), float) for name, n in (("W", 4), ("b", 2))}
    constants |= {"t": np.array(draw(st.lists(numbers, min_size=2, max_size=2))), "zero": np.float32(0)}
    constants |= {
        "s": np.array(draw(st.lists(st.integers(1, 3), min_size=2, max_size=2))),
        "m": draw(st.lists(numbers, min_size=2, max_size=2)),
    }
    constants["W"] = constants["W"].reshape(2, 2)
    pre = [("Gemm", "x W b", "h", {}), ("Greater", "h t", "c", {}), ("Cast", "c", "f", {"to": 1})]
    form = draw(st.sampled_from(["h f", "relu(h) f", "relu(h f)", "where", "f", "gated"]))
    if form == "gated":
        pre += [("Mul", "h s", "hs", {}), ("Add", "hs m", "hm", {}), ("Relu", "hm", "r", {}), ("Mul", "f r", "y", {})]
    elif form == "where":
        pre += [("Where", "c h zero", "y", {})]
    elif form == "f":
        pre += [("Identity", "f", "y", {})]
    else:
        inner, outer = ("r", "y") if form == "relu(h) f" else ("h", "q" if form == "relu(h f)" else "y")
        pre += [("Relu", "h", "r", {})] * (inner == "r") + [("Mul", f"{inner} f", outer, {})]
        pre += [("Relu", "q", "y", {})] * (outer == "q")
    return pre, {name: np.asarray(value, np.float32) for name, value in constants.items()}


@settings(max_examples=100)
@given(jumps(), st.lists(st.tuples(SMALL, SMALL), min_size=6, max_size=6))
def test_features_of_a_jumprelu_fire_where_its_output_is_positive(tmp_path_factory, drawn, points):
    nodes, constants = drawn
    model = build(nodes, [1, 2], constants, end="y")
    net = load_network(save(model, tmp_path_factory.getbasetemp() / "jump.onnx"))
    agree(net, model, [*points, (Fraction(1, 3), Fraction(-2, 7))])


def test_a_wide_jumprelu_is_read_without_its_products_of_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(ramps, "_MOST_ENTRIES", 30)
    constants = {"W": np.arange(40, dtype=np.float32).reshape(4, 10) - 20, "t": np.full(10, 0.5, np.float32)}
    nodes = [("MatMul", "x W", "h", {}), ("Relu", "h", "r", {}), ("Greater", "h t", "c", {}), ("Cast", "c", "f", {"to": 1})]
    model = build([*nodes, ("Mul", "r f", "y", {})], [1, 4], constants, end="y")
    net = load_network(save(model, tmp_path / "wide.onnx"))
    assert net.output_ports[0].before == JUMP
    agree(net, model, [(1, -1, 0, 2), (0, 0, Fraction(1, 7), 0), (0, 0, 0, 0)])
