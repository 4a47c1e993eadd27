"""The operators of ONNX that are read: one function and one row of ``OPERATORS`` each.

To add an operator, write its function, from ``OnnxNode`` to tensor, in the module of its family, or in a new one, and add a row
below.  Semantics that PyTorch shares belong in ``models.tensors`` or its neighbours.  The tests compare every operator with an
oracle: add the operator to ``tests/models/onnx_oracle.py``, and cases to ``tests/models/onnx_cases.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from exactzones.models.onnx_node import OnnxNode, Steppable
from exactzones.models.onnx_operators import (
    activations,
    arithmetic,
    conditions,
    constants,
    folded,
    indexing,
    linear,
    resampling,
    shapes,
    windows,
)
from exactzones.models.onnx_operators.activations import LARGEST

__all__ = ["MANY", "OF_CONSTANTS", "OPERATORS", "QUANTIZED", "SMOOTH", "STEPS", "Operator"]


class Operator(NamedTuple):
    """How an operator is called, and what it does.

    Attributes:
        least: fewest inputs.
        most: most inputs.
        attributes: those that may be given, with their defaults.
        compute: returns the output, or a list of all outputs.
        typed_by: the place of the input whose type the outputs have.
    """

    least: int
    most: int
    attributes: dict[str, Any]
    compute: Callable[[OnnxNode], Steppable | list[Steppable]]
    typed_by: int = 0


def _float32(number: float) -> float:
    """Return an attribute's default as the 32-bit float that ONNX has, whether or not the file contains it."""
    return float(np.float32(number))


MANY = 2**31
"""As ``most``: any number of inputs."""

_WINDOW = {"auto_pad": b"NOTSET", "dilations": [], "kernel_shape": [], "pads": [], "strides": []}
_BATCH_NORMALIZATION = {"epsilon": _float32(1e-5), "momentum": _float32(0.9), "training_mode": 0, "spatial": 1}
_GEMM = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
_REDUCE = {"axes": [], "keepdims": 1, "noop_with_empty_axes": 0}

_QUANTIZE = {"axis": 1, "block_size": 0, "output_dtype": 0, "precision": 0, "saturate": 1}
_RESIZE = {
    "antialias": 0,
    "axes": [],
    "coordinate_transformation_mode": b"half_pixel",
    "cubic_coeff_a": -0.75,
    "exclude_outside": 0,
    "extrapolation_value": 0.0,
    "keep_aspect_ratio_policy": b"stretch",
    "mode": b"nearest",
    "nearest_mode": b"round_prefer_floor",
}

OPERATORS: dict[str, Operator] = {
    "Abs": Operator(1, 1, {}, activations.absolute),
    "Add": Operator(2, 2, {}, arithmetic.add),
    "And": Operator(2, 2, {}, conditions.conjunction),
    "AveragePool": Operator(1, 1, {**_WINDOW, "ceil_mode": 0, "count_include_pad": 0}, windows.average_pool),
    "BatchNormalization": Operator(5, 5, _BATCH_NORMALIZATION, linear.batch_normalization),
    "Cast": Operator(1, 1, {"to": 0, "saturate": 1}, constants.cast),
    "Ceil": Operator(1, 1, {}, folded.each(math.ceil)),
    "Clip": Operator(1, 3, {"min": -LARGEST, "max": LARGEST}, activations.clip),
    "Concat": Operator(1, MANY, {"axis": shapes.NO_AXIS}, shapes.concat),
    "ConstantOfShape": Operator(1, 1, {"value": np.zeros(1, np.float32)}, constants.constant_of_shape),
    "Conv": Operator(2, 3, {**_WINDOW, "group": 1}, windows.conv),
    "ConvTranspose": Operator(2, 3, {**_WINDOW, "group": 1, "output_padding": [], "output_shape": []}, windows.conv_transpose),
    "CumSum": Operator(2, 2, {"exclusive": 0, "reverse": 0}, linear.cumulative_sum),
    "DepthToSpace": Operator(1, 1, {"blocksize": 0, "mode": b"DCR"}, indexing.depth_to_space),
    "DequantizeLinear": Operator(2, 3, {"axis": 1, "block_size": 0, "output_dtype": 0}, folded.dequantize, 1),
    "Div": Operator(2, 2, {}, arithmetic.divide),
    "Dropout": Operator(1, 3, {"ratio": 0.5, "seed": 0}, shapes.dropout),
    "Einsum": Operator(1, MANY, {"equation": b""}, linear.einsum),
    "Equal": Operator(2, 2, {}, conditions.equal),
    "Exp": Operator(1, 1, {}, folded.exponentials),
    "Expand": Operator(2, 2, {}, shapes.expand),
    "EyeLike": Operator(1, 1, {"dtype": 0, "k": 0}, constants.eye_like),
    "Flatten": Operator(1, 1, {"axis": 1}, shapes.flatten),
    "Floor": Operator(1, 1, {}, folded.each(math.floor)),
    "Gather": Operator(2, 2, {"axis": 0}, shapes.gather),
    "GatherElements": Operator(2, 2, {"axis": 0}, indexing.gather_elements),
    "GatherND": Operator(2, 2, {"batch_dims": 0}, indexing.gather_nd),
    "Gemm": Operator(2, 3, _GEMM, linear.gemm),
    "GlobalAveragePool": Operator(1, 1, {}, windows.global_average_pool),
    "GlobalMaxPool": Operator(1, 1, {}, windows.global_max_pool),
    "Greater": Operator(2, 2, {}, conditions.greater),
    "GreaterOrEqual": Operator(2, 2, {}, conditions.greater_or_equal),
    "HardSigmoid": Operator(1, 1, {"alpha": _float32(0.2), "beta": 0.5}, activations.hard_sigmoid),
    "Identity": Operator(1, 1, {}, OnnxNode.steppable),
    "LeakyRelu": Operator(1, 1, {"alpha": _float32(0.01)}, activations.leaky_relu),
    "Less": Operator(2, 2, {}, conditions.less),
    "LessOrEqual": Operator(2, 2, {}, conditions.less_or_equal),
    "MatMul": Operator(2, 2, {}, linear.matmul),
    "Max": Operator(1, MANY, {}, arithmetic.maximum),
    "MaxPool": Operator(1, 1, {**_WINDOW, "ceil_mode": 0, "storage_order": 0}, windows.max_pool),
    "Mean": Operator(1, MANY, {}, arithmetic.mean),
    "Min": Operator(1, MANY, {}, arithmetic.minimum),
    "Mod": Operator(2, 2, {"fmod": 0}, folded.modulo),
    "Mul": Operator(2, 2, {}, arithmetic.multiply),
    "Neg": Operator(1, 1, {}, arithmetic.negate),
    "NonZero": Operator(1, 1, {}, folded.nonzero),
    "Not": Operator(1, 1, {}, conditions.negation),
    "Or": Operator(2, 2, {}, conditions.disjunction),
    "PRelu": Operator(2, 2, {}, activations.prelu),
    "Pad": Operator(1, 4, {"mode": b"constant", "pads": [], "value": 0.0}, shapes.pad),
    "Pow": Operator(2, 2, {}, folded.power),
    "QuantizeLinear": Operator(2, 3, _QUANTIZE, folded.quantize),
    "Range": Operator(3, 3, {}, folded.range_),
    "Reciprocal": Operator(1, 1, {}, folded.reciprocal),
    "ReduceL1": Operator(1, 2, _REDUCE, arithmetic.reduce_absolute),
    "ReduceL2": Operator(1, 2, _REDUCE, folded.reduce_norm),
    "ReduceMax": Operator(1, 2, _REDUCE, arithmetic.reduce_maximum),
    "ReduceMean": Operator(1, 2, _REDUCE, arithmetic.reduce_mean),
    "ReduceMin": Operator(1, 2, _REDUCE, arithmetic.reduce_minimum),
    "ReduceProd": Operator(1, 2, _REDUCE, folded.reduce_product),
    "ReduceSum": Operator(1, 2, _REDUCE, arithmetic.reduce_sum),
    "Relu": Operator(1, 1, {}, activations.relu),
    "Reshape": Operator(2, 2, {"allowzero": 0}, shapes.reshape),
    "Resize": Operator(1, 4, _RESIZE, resampling.resize),
    "Round": Operator(1, 1, {}, folded.each(round)),
    "ScatterElements": Operator(3, 3, {"axis": 0, "reduction": b"none"}, indexing.scatter_elements),
    "ScatterND": Operator(3, 3, {"reduction": b"none"}, indexing.scatter_nd),
    "Shape": Operator(1, 1, {"start": 0, "end": MANY}, constants.shape),
    "Shrink": Operator(1, 1, {"bias": 0.0, "lambd": 0.5}, conditions.shrink),
    "Sign": Operator(1, 1, {}, conditions.sign),
    "Size": Operator(1, 1, {}, folded.size),
    "Slice": Operator(1, 5, {"starts": [], "ends": [], "axes": []}, shapes.slice_),
    "SpaceToDepth": Operator(1, 1, {"blocksize": 0}, indexing.space_to_depth),
    "Split": Operator(1, 2, {"axis": 0, "split": [], "num_outputs": 0}, shapes.split),
    "Sqrt": Operator(1, 1, {}, folded.square_root),
    "Squeeze": Operator(1, 2, {"axes": []}, shapes.squeeze),
    "Sub": Operator(2, 2, {}, arithmetic.subtract),
    "Sum": Operator(1, MANY, {}, arithmetic.sum_),
    "ThresholdedRelu": Operator(1, 1, {"alpha": 1.0}, conditions.thresholded_relu),
    "Tile": Operator(2, 2, {}, indexing.tile),
    "Transpose": Operator(1, 1, {"perm": []}, shapes.transpose),
    "Trilu": Operator(1, 2, {"upper": 1}, indexing.trilu),
    "Unsqueeze": Operator(1, 2, {"axes": []}, shapes.unsqueeze),
    "Upsample": Operator(2, 2, {"mode": b"nearest"}, resampling.upsample),
    "Where": Operator(3, 3, {}, conditions.choose, 1),
    "Xor": Operator(2, 2, {}, conditions.exclusive),
}

OF_CONSTANTS = frozenset({
    "And", "DequantizeLinear", "Div", "Exp", "Mod", "Mul", "Not", "Or", "Pow", "QuantizeLinear", "Reciprocal", "ReduceL2",
    "ReduceProd", "Sqrt", "Xor",
})  # fmt: skip
"""Operators that are computed for constants only, or take the network's input only as one of two operands, as Div and Mul do."""

SMOOTH = frozenset({
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Attention", "Celu", "Cos", "Cosh", "DFT", "DeformConv", "Det", "Elu",
    "Erf", "GRU", "Gelu", "GridSample", "GroupNormalization", "HardSwish", "InstanceNormalization", "LRN", "LSTM",
    "LayerNormalization", "Log", "LogSoftmax", "LpNormalization", "LpPool", "MeanVarianceNormalization", "Mish",
    "RMSNormalization", "RNN", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "RotaryEmbedding", "Selu", "Sigmoid", "Sin",
    "Sinh", "Softmax", "Softplus", "Softsign", "Swish", "Tan", "Tanh",
})  # fmt: skip
"""Operators that are not piecewise linear, and are refused for that reason."""

STEPS = frozenset({
    "ArgMax", "ArgMin", "BitShift", "Hardmax", "IsInf", "IsNaN", "NonMaxSuppression", "OneHot", "TopK", "TreeEnsemble",
    "TreeEnsembleClassifier", "TreeEnsembleRegressor", "Unique",
})  # fmt: skip
"""Operators whose results jump, and that are refused for that reason."""

QUANTIZED = frozenset({"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul"})
"""Operators that compute with quantized values, and are refused for that reason."""
