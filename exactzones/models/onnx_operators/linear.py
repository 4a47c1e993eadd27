"""Linear operators of ONNX with weights: MatMul, Gemm and BatchNormalization; see ``windows`` for Conv."""

from __future__ import annotations

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import contraction, folding, tensors
from exactzones.models.arrays import finite, fractions
from exactzones.models.normalization import Statistics, normalized
from exactzones.models.onnx_node import OnnxNode, Operand, axes_from_front
from exactzones.models.tensors import Tensor
from exactzones.models.values import Computation


def matmul(node: OnnxNode) -> Operand:
    """Return the matrix product."""
    left, right = node.operand(0), node.operand(1)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return tensors.product(left, right)
    return folding.product(left, right)


def gemm(node: OnnxNode) -> Tensor:
    """Return ``alpha A B + beta C``, with A and B transposed if transA and transB say so."""
    own = node.attributes
    if own["transA"] not in (0, 1) or own["transB"] not in (0, 1):
        raise FormatError(f"transA={own['transA']}, transB={own['transB']} is not supported; each must be 0 or 1")
    left, right = node.operand(0), node.operand(1)
    bias = node.operand(2) if len(node.operands) > 2 and node.operands[2] is not None else None
    if not isinstance(right, Tensor) and not isinstance(bias, Tensor):
        left = node.tensor(0)
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise FormatError(f"its inputs have shapes {left.shape} and {right.shape}; two matrices are expected")
    left, right = (_transposed(left) if own["transA"] else left), (_transposed(right) if own["transB"] else right)
    weight = left if isinstance(right, Tensor) else right
    if not isinstance(weight, Tensor):
        finite(weight, "its weight")
    result = tensors.product(left, right)
    alpha, beta = (fractions(np.array(own[name]), name) for name in ("alpha", "beta"))
    if alpha.item() != 1:
        result = result.times(alpha)
    if bias is None:
        return result
    if tensors.broadcast(result.shape, bias.shape) != result.shape:
        raise FormatError(f"a bias of shape {bias.shape} cannot be broadcast to {result.shape}")
    if isinstance(bias, Tensor):
        return result.plus(bias.times(beta))
    finite(bias, "its bias")
    if beta.item() == 1:
        return result.plus(bias)
    scaled = np.asarray(fractions(bias) * beta.item(), object)
    computation = Computation(3, constants=tensors.range_of(bias).join(tensors.range_of(beta)))
    return result.plus(scaled, computation=computation)


def _transposed(matrix: Operand) -> Operand:
    return matrix.moved(np.transpose) if isinstance(matrix, Tensor) else matrix.T


def einsum(node: OnnxNode) -> Operand:
    """Return sums of products as an equation says, of which one factor depends on the input."""
    equation = node.attributes["equation"].decode("ascii", "replace").replace(" ", "")
    operands = [node.operand(place) for place in range(len(node.operands))]
    if not any(isinstance(operand, Tensor) for operand in operands):
        operands[0] = node.tensor(0)
    return contraction.einsum(equation, operands)


def cumulative_sum(node: OnnxNode) -> Tensor:
    """Return sums of all entries up to each, along an axis."""
    x, axes = node.tensor(), node.integers(1) or []
    if len(axes) != 1:
        raise FormatError(f"its axis is {axes}; one integer is expected")
    (axis,) = axes_from_front(axes, len(x.shape))
    length, own = x.shape[axis], node.attributes
    triangle = np.tri(length, k=-1 if own["exclusive"] else 0, dtype=np.int64)
    matrix = triangle.T if own["reverse"] else triangle
    return contraction.along_axis(x, axis, matrix)


def batch_normalization(node: OnnxNode) -> Tensor:
    """Return the batch normalization with the running statistics."""
    if not node.attributes["spatial"]:
        raise FormatError("spatial=0, statistics for each entry, is not supported; export the model with opset 9 or newer")
    outputs = sum(map(bool, node.outputs))
    if node.attributes["training_mode"] or outputs > 1:  # before opset 14, further outputs mean training mode
        reason = f", as its {outputs} outputs say" if outputs > 1 else ""
        raise FormatError(f"it is in training mode{reason}; export the model in evaluation mode")
    scale, shift, mean, variance = (node.array(place) for place in range(1, 5))
    return normalized(node.tensor(), Statistics(mean, variance, scale, shift, node.attributes["epsilon"]), node.name)
