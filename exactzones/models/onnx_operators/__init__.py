"""The operators of ONNX that are read: one function and one row of ``OPERATORS`` each.

To add an operator, write its function, from ``OnnxNode`` to tensor, in the module of its family, or in a new one, and add a row
below.  Semantics that PyTorch shares belong in ``models.tensors`` or its neighbours.  The tests compare every operator with an
oracle: add the operator to ``tests/models/onnx_oracle.py``, and cases to ``tests/models/onnx_cases.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from exactzones.models.onnx_node import OnnxNode, Operand
from exactzones.models.onnx_operators import activations, arithmetic, constants, linear, shapes, windows
from exactzones.models.onnx_operators.activations import LARGEST

__all__ = ["MANY", "OPERATORS", "QUANTIZED", "SMOOTH", "Operator"]


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
    compute: Callable[[OnnxNode], Operand | list[Operand]]
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

OPERATORS: dict[str, Operator] = {
    "Abs": Operator(1, 1, {}, activations.absolute),
    "Add": Operator(2, 2, {}, arithmetic.add),
    "AveragePool": Operator(1, 1, {**_WINDOW, "ceil_mode": 0, "count_include_pad": 0}, windows.average_pool),
    "BatchNormalization": Operator(5, 5, _BATCH_NORMALIZATION, linear.batch_normalization),
    "Cast": Operator(1, 1, {"to": 0, "saturate": 1}, constants.cast),
    "Clip": Operator(1, 3, {"min": -LARGEST, "max": LARGEST}, activations.clip),
    "Concat": Operator(1, MANY, {"axis": 0}, shapes.concat),
    "ConstantOfShape": Operator(1, 1, {"value": np.zeros(1, np.float32)}, constants.constant_of_shape),
    "Conv": Operator(2, 3, {**_WINDOW, "group": 1}, windows.conv),
    "Div": Operator(2, 2, {}, arithmetic.divide),
    "Dropout": Operator(1, 2, {"ratio": 0.5, "seed": 0}, OnnxNode.operand),  # a third input may switch training mode on
    "Expand": Operator(2, 2, {}, shapes.expand),
    "Flatten": Operator(1, 1, {"axis": 1}, shapes.flatten),
    "Gather": Operator(2, 2, {"axis": 0}, shapes.gather),
    "Gemm": Operator(2, 3, _GEMM, linear.gemm),
    "GlobalAveragePool": Operator(1, 1, {}, windows.global_average_pool),
    "GlobalMaxPool": Operator(1, 1, {}, windows.global_max_pool),
    "HardSigmoid": Operator(1, 1, {"alpha": _float32(0.2), "beta": 0.5}, activations.hard_sigmoid),
    "Identity": Operator(1, 1, {}, OnnxNode.operand),
    "LeakyRelu": Operator(1, 1, {"alpha": _float32(0.01)}, activations.leaky_relu),
    "MatMul": Operator(2, 2, {}, linear.matmul),
    "Max": Operator(1, MANY, {}, arithmetic.maximum),
    "MaxPool": Operator(1, 1, {**_WINDOW, "ceil_mode": 0, "storage_order": 0}, windows.max_pool),
    "Min": Operator(1, MANY, {}, arithmetic.minimum),
    "Mul": Operator(2, 2, {}, arithmetic.multiply),
    "Neg": Operator(1, 1, {}, arithmetic.negate),
    "PRelu": Operator(2, 2, {}, activations.prelu),
    "Pad": Operator(1, 4, {"mode": b"constant", "pads": [], "value": 0.0}, shapes.pad),
    "ReduceMean": Operator(1, 2, _REDUCE, arithmetic.reduce_mean),
    "ReduceSum": Operator(1, 2, _REDUCE, arithmetic.reduce_sum),
    "Relu": Operator(1, 1, {}, activations.relu),
    "Reshape": Operator(2, 2, {"allowzero": 0}, shapes.reshape),
    "Shape": Operator(1, 1, {"start": 0, "end": MANY}, constants.shape),
    "Slice": Operator(1, 5, {"starts": [], "ends": [], "axes": []}, shapes.slice_),
    "Split": Operator(1, 2, {"axis": 0, "split": [], "num_outputs": 0}, shapes.split),
    "Squeeze": Operator(1, 2, {"axes": []}, shapes.squeeze),
    "Sub": Operator(2, 2, {}, arithmetic.subtract),
    "Sum": Operator(1, MANY, {}, arithmetic.sum_),
    "Transpose": Operator(1, 1, {"perm": []}, shapes.transpose),
    "Unsqueeze": Operator(1, 2, {"axes": []}, shapes.unsqueeze),
}

SMOOTH = frozenset({
    "Celu", "Cos", "Elu", "Erf", "Exp", "GRU", "Gelu", "GroupNormalization", "HardSwish", "InstanceNormalization", "LRN", "LSTM",
    "LayerNormalization", "Log", "LogSoftmax", "LpNormalization", "Mish", "Pow", "RNN", "Reciprocal", "Selu", "Sigmoid", "Sin",
    "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tanh",
})  # fmt: skip
"""Operators that are not piecewise linear, and are refused for that reason."""

QUANTIZED = frozenset({"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul"})
"""Operators that compute with quantized values, and are refused for that reason."""
