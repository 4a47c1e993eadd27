"""What the tests of file formats share."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st

from exactzones.errors import FormatError, InputError
from exactzones.network import Layer, Network

SINGLE = st.floats(-8, 8, width=32).map(Fraction)
DOUBLE = st.floats(-8, 8).map(Fraction)
RATIONAL = st.fractions(-8, 8, max_denominator=1000)


@st.composite
def networks(draw, numbers=RATIONAL, *, partial=True):
    """Networks of one to three layers; with ``partial``, any unit may lack its ReLU."""
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    layers = []
    for inputs, outputs in pairwise(widths):
        weight = draw(st.lists(st.lists(numbers, min_size=inputs, max_size=inputs), min_size=outputs, max_size=outputs))
        bias = draw(st.lists(numbers, min_size=outputs, max_size=outputs))
        mask = st.booleans() | st.lists(st.booleans(), min_size=outputs, max_size=outputs) if partial else st.booleans()
        layers.append(Layer.of(weight, bias, relu=draw(mask)))
    return Network(tuple(layers))


def refused(load, path, *parts, error=FormatError):
    """Demand that ``load(path)`` gives one line that names the file and holds these parts."""
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert type(caught.value) is error
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for part in parts:
        assert part in message.removeprefix(f"{path}: "), message
    return message


def in_floats(net, points):
    """Evaluate in float64, and bound what the terms add up to: arrays of shape (points, outputs)."""
    values, sizes = points.astype(np.float64), np.abs(points).astype(np.float64)
    for layer in net.layers:
        weight = np.array([[float(entry) for entry in row] for row in layer.weight.rows])
        bias = np.array([float(entry) for entry in layer.bias])
        values = values @ weight.T + bias
        values = np.where(layer.relu, np.maximum(values, 0), values)
        sizes = sizes @ np.abs(weight).T + np.abs(bias)
    return values, sizes


def onnxruntime_on(path, net, points, dtype=np.float32, spread=2.0, *, exactly=False):
    """Return random samples and what onnxruntime gives for them, one at a time."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    if exactly:  # optimizations may quantize the activations that meet quantized weights
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (entry,) = (given for given in session.get_inputs())
    shape = [length if isinstance(length, int) and length > 0 else 1 for length in entry.shape]
    samples = np.random.default_rng(0).normal(0, spread, (points, net.inputs)).astype(dtype)
    return samples, np.array([session.run(None, {entry.name: sample.reshape(shape)})[0].ravel() for sample in samples])


def agrees_exactly_with_onnxruntime(path, net, points=3):
    """Compare a large network, of which float arrays would take long to make, at a few points."""
    samples, theirs = onnxruntime_on(path, net, points)
    for sample, result in zip(samples, theirs, strict=True):
        ours = np.array([float(entry) for entry in net(sample)])
        assert np.allclose(ours, result, rtol=1e-4, atol=1e-4)


def agrees_with_onnxruntime(path, net, *, points=1000, exact_points=20, dtype=np.float32, spread=2.0, exactly=False):
    """Compare with onnxruntime, one sample at a time: all points in float64, a few of them exactly."""
    samples, theirs = onnxruntime_on(path, net, points, dtype, spread, exactly=exactly)
    ours, sizes = in_floats(net, samples)
    assert theirs.shape == ours.shape
    # The error of a chain of inner products grows with their lengths; sizes bounds the terms.
    slack = np.finfo(dtype).eps * (4 + sum(layer.inputs + 2 for layer in net.layers)) * (1 + sizes)
    assert (np.abs(theirs - ours) <= slack).all()
    for sample, result, size in zip(samples[:exact_points], ours, sizes, strict=False):
        difference = np.array([float(a) for a in net(sample)]) - result
        assert (np.abs(difference) <= 1e-12 * (1 + size)).all()
