"""An attribute that is written with its default, and one that is left out, give one network: for every operator and attribute."""

import numpy as np
import pytest

from exactzones.models import load_network
from exactzones.models.onnx_operators import OPERATORS

onnx = pytest.importorskip("onnx")

from models.onnx_models import build, save  # noqa: E402  it needs onnx
from onnx import defs, helper, numpy_helper  # noqa: E402

OLDEST = 7
SINGLE = np.float32
WEIGHT = np.arange(1, 5, dtype=SINGLE).reshape(1, 1, 2, 2)
STATISTICS = {"s": np.ones(2), "b": np.zeros(2), "m": np.zeros(2), "v": np.array([0.0, 0.3])}
WINDOW = {"auto_pad": "NOTSET", "dilations": [1, 1], "pads": [0, 0, 0, 0], "strides": [1, 1]}
REDUCE = {"keepdims": 1, "noop_with_empty_axes": 0}
ZERO = numpy_helper.from_array(np.zeros(1, SINGLE))

TRANSPOSED = WINDOW | {"group": 1, "kernel_shape": [2, 2], "output_padding": [0, 0]}
QUANTIZED = {"q": np.array([[3, 4]], np.uint8), "s": np.array(0.5)}
QUANTIZING = {"axis": 1, "block_size": 0, "output_dtype": 0, "precision": 0, "saturate": 1}
SCATTER = {"reduction": "none"}
RESIZE = {
    "antialias": 0,
    "axes": [0, 1],
    "coordinate_transformation_mode": "half_pixel",
    "keep_aspect_ratio_policy": "stretch",
    "mode": "nearest",
    "nearest_mode": "round_prefer_floor",
}

REQUIRED = {
    ("Cast", "to"),
    ("Concat", "axis"),
    ("AveragePool", "kernel_shape"),
    ("MaxPool", "kernel_shape"),
    ("DepthToSpace", "blocksize"),
    ("SpaceToDepth", "blocksize"),
    ("Einsum", "equation"),
}
"""Attributes that have no default."""

OTHERWISE = {
    ("Slice", "starts"),
    ("Slice", "ends"),
    ("Squeeze", "axes"),
    ("Unsqueeze", "axes"),
    ("Split", "split"),
    ("Pad", "pads"),
}
"""Attributes that newer models have as inputs, and that are required or have no default value that could be written."""

FREE = {
    ("Dropout", "seed"),
    ("ConvTranspose", "output_shape"),
    ("Resize", "extrapolation_value"),
    ("ThresholdedRelu", "alpha"),
}
"""Attributes that have no default that could be written or is supported, or no effect in what is supported."""

CUBIC = {"cubic_coeff_a": -0.75, "exclude_outside": 0}

# operator, inputs, shape, constants, attributes that are always given, defaults that are written, opset
CASES = [
    ("AveragePool", "x", [1, 1, 2, 3], {}, {"kernel_shape": [1, 2]}, WINDOW | {"ceil_mode": 0, "count_include_pad": 0}, 19),
    ("BatchNormalization", "x s b m v", [1, 2], STATISTICS, {}, {"epsilon": 1e-5, "momentum": 0.9, "spatial": 1}, 7),
    ("BatchNormalization", "x s b m v", [1, 2], STATISTICS, {}, {"epsilon": 1e-5, "momentum": 0.9, "training_mode": 0}, 15),
    ("Cast", "x", [1, 2], {}, {"to": 1}, {"saturate": 1}, 19),
    ("Clip", "x", [1, 2], {}, {}, {"min": -float(np.finfo(SINGLE).max), "max": float(np.finfo(SINGLE).max)}, 7),
    ("Clip", "x", [1, 2], {}, {"min": -0.1}, {"max": float(np.finfo(SINGLE).max)}, 7),
    ("ConstantOfShape", "n", [1, 2], {"n": np.array([1, 2])}, {}, {"value": ZERO}, 13),
    ("Conv", "x W", [1, 1, 3, 3], {"W": WEIGHT}, {}, WINDOW | {"group": 1, "kernel_shape": [2, 2]}, 13),
    ("ConvTranspose", "x W", [1, 1, 2, 2], {"W": WEIGHT}, {}, TRANSPOSED, 13),
    ("CumSum", "x i", [1, 2], {"i": np.array(1)}, {}, {"exclusive": 0, "reverse": 0}, 13),
    ("DepthToSpace", "x", [1, 4, 1, 1], {}, {"blocksize": 2}, {"mode": "DCR"}, 13),
    ("DequantizeLinear", "q s", [1, 2], QUANTIZED, {}, {"axis": 1, "block_size": 0, "output_dtype": 0}, 23),
    ("Dropout", "x", [1, 2], {}, {}, {"ratio": 0.5}, 7),
    ("GatherElements", "x n", [2, 1], {"n": np.array([[0]])}, {}, {"axis": 0}, 13),
    ("GatherND", "x n", [2, 1], {"n": np.array([[0]])}, {}, {"batch_dims": 0}, 13),
    ("Mod", "n m", [1, 2], {"n": np.array(5), "m": np.array(3)}, {}, {"fmod": 0}, 13),
    ("QuantizeLinear", "W s", [1, 1, 2, 2], QUANTIZED | {"W": WEIGHT}, {}, QUANTIZING, 25),
    ("ReduceL1", "x", [1, 2], {}, {}, REDUCE, 18),
    ("ReduceL1", "x", [1, 2], {}, {}, {"axes": [0, 1]}, 13),
    ("ReduceL2", "W", [1, 2], {"W": WEIGHT}, {}, REDUCE, 18),
    ("ReduceL2", "W", [1, 2], {"W": WEIGHT}, {}, {"axes": [0, 1, 2, 3]}, 13),
    ("ReduceMax", "x", [1, 2], {}, {}, REDUCE, 18),
    ("ReduceMax", "x", [1, 2], {}, {}, {"axes": [0, 1]}, 13),
    ("ReduceMin", "x", [1, 2], {}, {}, REDUCE, 18),
    ("ReduceMin", "x", [1, 2], {}, {}, {"axes": [0, 1]}, 13),
    ("ReduceProd", "W", [1, 2], {"W": WEIGHT}, {}, REDUCE, 18),
    ("ReduceProd", "W", [1, 2], {"W": WEIGHT}, {}, {"axes": [0, 1, 2, 3]}, 13),
    ("Resize", "x e f", [1, 3], {"e": np.zeros(0), "f": np.array([1, 1.5])}, {}, RESIZE, 19),
    ("Resize", "x e f", [1, 3], {"e": np.zeros(0), "f": np.array([1, 1.5])}, {"mode": "cubic"}, CUBIC, 19),
    ("ScatterElements", "x n f", [2, 1], {"n": np.array([[0]]), "f": np.ones((1, 1))}, {}, SCATTER | {"axis": 0}, 18),
    ("ScatterND", "x n f", [2, 1], {"n": np.array([[0]]), "f": np.ones((1, 1))}, {}, SCATTER, 18),
    ("Shrink", "x", [1, 2], {}, {"bias": 0.5}, {"lambd": 0.5}, 13),
    ("Shrink", "x", [1, 2], {}, {"lambd": 0.0}, {"bias": 0.0}, 13),
    ("Trilu", "x", [2, 2], {}, {}, {"upper": 1}, 14),
    ("Upsample", "x f", [1, 3], {"f": np.array([1, 2.0])}, {}, {"mode": "nearest"}, 9),
    ("EyeLike", "x", [2, 2], {}, {}, {"k": 0}, 13),
    ("EyeLike", "x", [2, 2], {}, {}, {"dtype": 1}, 13),
    ("Flatten", "x", [1, 2, 2], {}, {}, {"axis": 1}, 13),
    ("Gather", "x i", [1, 2], {"i": np.array([0])}, {}, {"axis": 0}, 13),
    (
        "Gemm",
        "x M c",
        [2, 2],
        {"M": WEIGHT[0, 0], "c": np.ones(2)},
        {},
        {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
        13,
    ),
    ("HardSigmoid", "x", [1, 2], {}, {}, {"alpha": 0.2, "beta": 0.5}, 13),
    ("LeakyRelu", "x", [1, 2], {}, {}, {"alpha": 0.01}, 13),
    ("MaxPool", "x", [1, 1, 2, 3], {}, {"kernel_shape": [1, 2]}, WINDOW | {"ceil_mode": 0, "storage_order": 0}, 12),
    ("Pad", "x", [1, 2], {}, {"pads": [0, 1, 0, 0]}, {"mode": "constant", "value": 0.0}, 7),
    ("ReduceMean", "x", [1, 2], {}, {}, REDUCE, 18),
    ("ReduceMean", "x", [1, 2], {}, {}, {"axes": [0, 1]}, 13),
    ("ReduceSum", "x", [1, 2], {}, {}, REDUCE, 13),
    ("ReduceSum", "x", [1, 2], {}, {}, {"axes": [0, 1]}, 11),
    ("Reshape", "x n", [1, 2], {"n": np.array([2, 1])}, {}, {"allowzero": 0}, 14),
    ("Shape", "x", [1, 2], {}, {}, {"start": 0, "end": 2}, 15),
    ("Slice", "x", [1, 2], {}, {"starts": [0, 0], "ends": [1, 1]}, {"axes": [0, 1]}, 7),
    ("Split", "x", [2, 2], {}, {}, {"axis": 0, "num_outputs": 1}, 18),
    ("Transpose", "x", [1, 2], {}, {}, {"perm": [1, 0]}, 13),
]


def network(path, case, written):
    operator, inputs, shape, constants, attributes, _, opset = case
    nodes = [(operator, inputs, "a", attributes | written)]
    if operator in ("DequantizeLinear", "Mod", "QuantizeLinear", "ReduceL2", "ReduceProd"):
        nodes += [("Cast", "a", "b", {"to": 1}), ("Add", "x b", "y", {})]
    elif operator in ("Shape", "ConstantOfShape"):
        end = [("Reshape", "x a", "y", {})] if operator == "Shape" else [("Add", "x a", "y", {})]
        nodes += end
    else:
        nodes.append(("Identity", "a", "y", {}))
    return load_network(save(build(nodes, shape, constants, opset=opset), path))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[-1]}")
def test_a_written_default_gives_the_same_network(case, tmp_path):
    omitted = network(tmp_path / "omitted.onnx", case, {})
    for name, default in case[5].items():
        written = network(tmp_path / "written.onnx", case, {name: default})
        assert (written, written.rationalizations) == (omitted, omitted.rationalizations), name
    assert network(tmp_path / "written.onnx", case, case[5]) == omitted


def test_the_cases_have_every_attribute():
    supported = {(operator, name) for operator, row in OPERATORS.items() for name in row.attributes}
    tried = {(case[0], name) for case in CASES for name in case[5]}
    assert supported == tried | REQUIRED | OTHERWISE | FREE
    assert not tried & (REQUIRED | OTHERWISE | FREE)


def test_the_table_has_the_defaults_of_every_version_of_an_operator():
    versions = [schema for schema in defs.get_all_schemas_with_history() if not schema.domain and schema.name in OPERATORS]
    compared = set()
    for operator, row in OPERATORS.items():
        own = [schema for schema in versions if schema.name == operator]
        first = max(
            schema.since_version for schema in own if schema.since_version <= max(OLDEST, min(s.since_version for s in own))
        )
        for schema in own:
            for name, attribute in schema.attributes.items():
                if schema.since_version >= first and name in row.attributes and attribute.default_value.type:
                    assert row.attributes[name] == helper.get_attribute_value(attribute.default_value), (operator, name)
                    compared.add((operator, name))
    assert {("BatchNormalization", "epsilon"), ("HardSigmoid", "alpha"), ("LeakyRelu", "alpha"), ("Clip", "min")} <= compared
    assert len(compared) > 30
