"""Models of several operations a layer in onnxruntime: its float32 results lie inside the band, optimised or not."""

from contextlib import suppress

import numpy as np
import pytest

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from models.float_band import band  # noqa: E402
from onnx import TensorProto, helper, numpy_helper, save  # noqa: E402

from exactzones import check, feature, maximum  # noqa: E402
from exactzones.certification import case_of  # noqa: E402
from exactzones.checker.reference import check_plainly  # noqa: E402
from exactzones.checker.verified import check_verified  # noqa: E402
from exactzones.errors import BackendError  # noqa: E402
from exactzones.models import load_network  # noqa: E402

LEVELS = (onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)


class Graph:
    """An ONNX model under construction, a chain of nodes; constants are random numbers of float32."""

    def __init__(self, seed, shape):
        self.random, self.shape, self.nodes, self.constants, self.last = np.random.default_rng(seed), shape, [], [], "x"

    def constant(self, *shape, low=-1.0, high=1.0):
        name = f"c{len(self.constants)}"
        values = self.random.uniform(low, high, shape).astype(np.float32)
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind, *others, source=None, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [source or self.last, *others], [name], **attributes))
        self.last = name
        return name

    def statistics(self, channels):
        return [self.constant(channels, low=low, high=high) for low, high in ((0.5, 2), (-1, 1), (-1, 1), (0.1, 3))]

    def save(self, path):
        value = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)
        out = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        model = helper.make_model(
            helper.make_graph(self.nodes, "g", [value], [out], self.constants),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )
        save(model, path)


def resnet(graph):
    """A normalised input, two convolutions with batch normalisation, a residual sum, average pooling and a dense layer."""
    graph.add("Sub", graph.constant(1, 2, 1, 1))
    graph.add("Div", graph.constant(1, 2, 1, 1, low=0.2, high=0.4))
    start = graph.last
    for last in (False, True):
        graph.add("Conv", graph.constant(2, 2, 3, 3), graph.constant(2), pads=[1, 1, 1, 1])
        graph.add("BatchNormalization", *graph.statistics(2), epsilon=1e-5)
        if last:
            graph.add("Add", start)
        graph.add("Relu")
    graph.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    graph.add("BatchNormalization", *graph.statistics(2), epsilon=1e-3)
    graph.add("Flatten")
    graph.add("Gemm", graph.constant(8, 3), graph.constant(3), alpha=0.5, beta=0.3)


def pooled(graph):
    """Leaky units, maxima of windows, a global average, and a difference."""
    graph.add("Conv", graph.constant(2, 2, 2, 2))
    graph.add("LeakyRelu", alpha=0.1)
    graph.add("MaxPool", kernel_shape=[2, 2])
    graph.add("BatchNormalization", *graph.statistics(2))
    graph.add("PRelu", graph.constant(2, 1, 1, low=0, high=0.5))
    graph.add("GlobalAveragePool")
    graph.add("Mul", graph.constant(1, 2, 1, 1, low=0.9, high=3))
    graph.add("Flatten")
    one = graph.add("MatMul", graph.constant(2, 3))
    graph.add("Clip", graph.constant(low=-0.1, high=0), graph.constant(low=0.1, high=0.5))
    graph.add("Sub", one)
    graph.add("Abs")


def means(graph):
    """Means and sums along axes, a maximum of two tensors, and an elementwise mean."""
    graph.add("Sub", graph.add("ReduceMean", axes=[2, 3], keepdims=1), source="x")
    one = graph.last
    graph.add("Neg")
    graph.add("Max", one)
    graph.add("Mean", one, one)
    graph.add("Mul", graph.constant(1, 2, 4, 4))
    graph.add("ReduceSum", keepdims=0)


@pytest.mark.parametrize("build", [resnet, pooled, means])
@pytest.mark.parametrize("seed", range(3))
def test_onnxruntime_stays_inside_the_band(tmp_path, build, seed):
    shape = (1, 2, 4, 4)
    graph = Graph(seed, shape)
    build(graph)
    graph.save(tmp_path / "model.onnx")
    network = load_network(tmp_path / "model.onnx")
    assert any(layer.roundings is not None for layer in network.layers)
    points = graph.random.uniform(-1, 1, (20, *shape)).astype(np.float32)
    low, high = band(network, points.reshape(20, -1), "float32")
    for level in LEVELS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), options, providers=["CPUExecutionProvider"])
        results = np.array([session.run(None, {"x": point.reshape(shape)})[0].ravel() for point in points], float)
        assert (low <= results).all()
        assert (results <= high).all()
        assert (high - low < 1e-2 * (1 + abs(results))).all()


def test_a_certificate_about_joined_operations(tmp_path):
    """All checkers accept it, and no run of onnxruntime exceeds what it proves."""
    graph = Graph(1, (1, 2, 2, 2))
    graph.add("Sub", graph.constant(1, 2, 1, 1))
    graph.add("Div", graph.constant(1, 2, 1, 1, low=0.5, high=2))
    start = graph.add("BatchNormalization", *graph.statistics(2))
    graph.add("LeakyRelu", alpha=0.25)
    graph.add("Add", start)
    graph.add("GlobalAveragePool")
    graph.add("Flatten")
    graph.add("Gemm", graph.constant(2, 1), graph.constant(1))
    graph.save(tmp_path / "model.onnx")
    network, box = load_network(tmp_path / "model.onnx"), (-1, 1)
    top = maximum(network, 0, box, arithmetic="float32")
    claim = [case_of(network, feature(0, top.value), box, arithmetic="float32")]
    assert check(network, feature(0, top.value), box, top.certificate, arithmetic="float32").verdict == "valid"
    assert check_plainly(network, claim, top.certificate.lines).verdict == "valid"
    with suppress(BackendError):  # it may not be built
        assert check_verified(network, claim, top.certificate.lines).verdict == "valid"
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    there = np.array([float(x) for x in top.point], np.float32).reshape(1, 2, 2, 2)
    assert top.reached < session.run(None, {"x": there})[0].item() <= top.value < top.reached + 1
