"""Random operators on random shapes: we read what onnxruntime runs, and give what it gives, or say why not."""

import math

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from models.support import agrees_with_onnxruntime

from exactzones.errors import FormatError
from exactzones.models import load_network

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from models.onnx_models import build, save  # noqa: E402  it needs onnx


@st.composite
def chains(draw):
    """Draw nodes, input shape and constants; most fit, some do not."""
    shape = draw(st.sampled_from([(1, 3), (3,), (3, 1), (1, 1, 4), (1, 2, 2), (1,), (1, 1)]))
    size, nodes, constants = math.prod(shape), [], {}

    def constant(*lengths):
        name = f"c{len(constants)}"
        entries = draw(st.lists(st.integers(-4, 4), min_size=math.prod(lengths), max_size=math.prod(lengths)))
        constants[name] = np.array(entries, np.float32).reshape(lengths) / 2
        return name

    for k in range(draw(st.integers(1, 5))):
        here, there, other = f"t{k}" if k else "x", f"t{k + 1}", draw(st.integers(1, 3))
        kind = draw(st.sampled_from(["MatMul", "Gemm", "Add", "Sub", "Relu", "Flatten", "Reshape"]))
        attributes = {}
        if kind == "MatMul":
            lead, right = draw(st.sampled_from([(), (), (1,), (2,)])), draw(st.booleans())
            lengths = draw(st.sampled_from([(size, other), (size,)] if right else [(other, size), (size,)]))
            inputs = f"{here} {constant(*lead, *lengths)}" if right else f"{constant(*lead, *lengths)} {here}"
            size = other if len(lengths) == 2 else 1
        elif kind == "Gemm":
            swap, with_bias = draw(st.booleans()), draw(st.booleans())
            attributes = {
                "transB": int(swap),
                "alpha": draw(st.sampled_from([1.0, -0.5])),
                "beta": draw(st.sampled_from([1.0, 2.0])),
            }
            lengths = draw(st.sampled_from([(), (1,), (other,), (1, other), (1, 1)]))
            bias = f" {constant(*lengths)}" if with_bias else ""
            inputs = f"{here} {constant(*((other, size) if swap else (size, other)))}{bias}"
            size = other
        elif kind in ("Add", "Sub"):
            added = constant(*draw(st.sampled_from([(), (1,), (size,), (size, 1), (1, size), (1, 1, size), (2,)])))
            inputs = draw(st.sampled_from([f"{here} {added}", f"{added} {here}"]))
        else:
            inputs = here
            if kind == "Flatten":
                attributes = {"axis": draw(st.integers(-2, 2))}
            elif kind == "Reshape":
                target = draw(st.sampled_from([(-1,), (1, -1), (-1, 1), (0, -1), (1, 0), (size,), (1, 1, size), (2, -1)]))
                inputs = f"{here} {constant()}"
                constants[f"c{len(constants) - 1}"] = np.array(target, np.int64)
        nodes.append((kind, inputs, there, attributes))
    return nodes, shape, constants


@settings(max_examples=300)
@given(chains())
def test_random_chains(tmp_path_factory, chain):
    nodes, shape, constants = chain
    path = save(build(nodes, shape, constants, end=f"t{len(nodes)}"), tmp_path_factory.getbasetemp() / "random.onnx")
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Two Reshape in a row would be fused, and the first one's shape would not be checked.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        session.run(None, {"x": np.zeros(shape, np.float32)})
        runs = True
    except Exception:  # noqa: BLE001  onnxruntime has a class for every kind of failure
        runs = False
    try:
        net, message = load_network(path), ""
    except FormatError as error:
        net, message = None, str(error)
    event("read" if net else "refused")
    if net is None:
        assert not runs, message
        return
    assert runs
    agrees_with_onnxruntime(path, net, points=10)
