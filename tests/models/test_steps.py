"""Comparisons of values that depend on the input: what is continuous is read exactly, what jumps is refused."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exactzones.errors import FormatError
from exactzones.models import load_network

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
    if jumps and constants["W"].any():
        with pytest.raises(FormatError, match="it jumps where the comparison"):
            load_network(path)
        return
    net = load_network(path)
    for first in [*breaks, Fraction(1, 3), -5, 0, 5]:
        for second in (0, 1, Fraction(-7, 2)):
            assert net([first, second]) == tuple(evaluate(model, [first, second]).ravel())


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
    for point in [*points, (Fraction(1, 3), Fraction(-2, 7))]:
        assert net(point) == tuple(evaluate(model, point).ravel())
