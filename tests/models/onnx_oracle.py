"""A second, naive reading of ONNX graphs: every operator by its definition, on arrays of Fractions."""

import math
from fractions import Fraction

import numpy as np
from models.onnx_oracle_arrays import (
    HARD_ALPHA,
    LEAKY_ALPHA,
    axis_list,
    cumulated,
    dequantized,
    exponentials,
    extreme,
    gathered,
    gemm,
    matmul,
    normalized,
    pad,
    reduced,
    reshape,
    root,
    scattered,
    scattered_elements,
    sliced,
    split,
    taken_elements,
    to_depth,
    to_space,
)
from models.onnx_oracle_windows import average, conv, conv_transpose, each, exact, pooled, resize
from onnx import helper, numpy_helper


def evaluate(model, point, factors=()):
    """Return the graph's output at a point.

    Args:
        model: ModelProto.
        point: Fractions, in the order of the flattened input.
        factors: what to take for irrational factors of batch normalisations, in order.
    """
    graph = model.graph
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    (entry,) = (value for value in graph.input if value.name not in known)
    shape = [dim.dim_value or 1 for dim in entry.type.tensor_type.shape.dim]
    known[entry.name] = exact(list(point)).reshape(shape)
    factors = iter(factors)
    for node in graph.node:
        inputs = [known[name] if name else None for name in node.input]
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type in ("BatchNormalization", "Exp", "ReduceL2", "Sqrt"):
            attributes["factors"] = factors
        if node.op_type == "Split":
            attributes["outputs"] = len(node.output)
        found = OPERATORS[node.op_type](*inputs, **attributes)
        known |= dict(zip(node.output, found if isinstance(found, list) else [found], strict=False))
    return known[graph.output[0].name]


OPERATORS = {
    "Abs": each(abs),
    "Add": each(lambda a, b: a + b),
    "And": np.logical_and,
    "AveragePool": lambda x, kernel_shape, count_include_pad=0, **a: pooled(
        x, kernel_shape, a, lambda entries: average(entries, count_include_pad)
    ),
    "BatchNormalization": normalized,
    "Cast": lambda x, to, **_: x if x.dtype == object else x.astype(helper.tensor_dtype_to_np_dtype(to)),
    "Clip": lambda x, low=None, high=None, min=None, max=None: each(  # noqa: A006
        lambda v: _clip(v, min if low is None else low, max if high is None else high)
    )(x),
    "Ceil": each(lambda v: Fraction(math.ceil(v))),
    "ConvTranspose": conv_transpose,
    "CumSum": cumulated,
    "DepthToSpace": to_space,
    "DequantizeLinear": dequantized,
    "Einsum": lambda *operands, equation: np.asarray(np.einsum(equation.decode(), *map(exact, operands)), object),
    "Equal": lambda a, b: exact(a) == exact(b),
    "EyeLike": lambda x, k=0, **_: np.eye(*x.shape, k=k),
    "Floor": each(lambda v: Fraction(math.floor(v))),
    "GatherElements": taken_elements,
    "GatherND": gathered,
    "Greater": lambda a, b: exact(a) > exact(b),
    "GreaterOrEqual": lambda a, b: exact(a) >= exact(b),
    "Less": lambda a, b: exact(a) < exact(b),
    "LessOrEqual": lambda a, b: exact(a) <= exact(b),
    "Mean": lambda *parts: sum(map(exact, parts)) / len(parts),
    "NonZero": lambda x: np.array(np.nonzero(x)),
    "Not": np.logical_not,
    "Or": np.logical_or,
    "Pow": lambda a, b: exact(a) ** b.astype(int),
    "QuantizeLinear": lambda x, scale, zero: np.clip([[round(v / exact(scale).item()) for v in row] for row in x] + zero, 0, 255),
    "Range": lambda a, b, c: np.arange(int(a), int(b), int(c)),
    "Reciprocal": each(lambda v: 1 / v),
    "ReduceL1": lambda x, second=None, axes=None, **a: reduced(abs(x), axis_list(axes, second), **a),
    "ReduceL2": lambda x, factors, second=None, axes=None, **a: root(
        reduced(exact(x) ** 2, axis_list(axes, second), **a), factors
    ),
    "ReduceMax": extreme(np.max),
    "ReduceMin": extreme(np.min),
    "ReduceProd": extreme(np.prod),
    "Resize": resize,
    "Round": each(lambda v: Fraction(round(v))),
    "ScatterElements": scattered_elements,
    "ScatterND": scattered,
    "Shrink": lambda x, bias=0.0, lambd=0.5: each(lambda v: _shrunk(v, Fraction(bias), Fraction(lambd)))(x),
    "Sign": each(lambda v: Fraction((v > 0) - (v < 0))),
    "Size": lambda x: np.array(x.size),
    "SpaceToDepth": to_depth,
    "Exp": exponentials,
    "Sqrt": root,
    "ThresholdedRelu": lambda x, alpha=1.0: each(lambda v: v if v > Fraction(alpha) else Fraction(0))(x),
    "Tile": np.tile,
    "Trilu": lambda x, k=0, upper=1: np.where(
        (np.triu if upper else np.tril)(np.ones(x.shape, int), int(k)), exact(x), Fraction(0)
    ),
    "Upsample": lambda x, scales, mode=b"nearest": resize(x, scales, mode=mode),
    "Where": lambda c, a, b: np.where(c, exact(a), exact(b)),
    "Xor": np.logical_xor,
    "Concat": lambda *parts, axis: np.concatenate(parts, axis),
    "Constant": numpy_helper.to_array,
    "ConstantOfShape": lambda shape, value=None: np.full(
        shape.tolist(), 0.0 if value is None else numpy_helper.to_array(value)[0]
    ),
    "Conv": conv,
    "Div": each(lambda a, b: a / b),
    "Dropout": lambda x, *_, **__: x,
    "Expand": lambda x, shape: np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(shape))),
    "Flatten": lambda x, axis=1: x.reshape(math.prod(x.shape[:axis]) if axis else 1, -1),
    "Gather": lambda x, indices, axis=0: np.take(x, indices, axis),
    "Gemm": gemm,
    "GlobalAveragePool": lambda x: reduced(x, range(2, x.ndim), mean=True),
    "GlobalMaxPool": lambda x: np.asarray(x.max(axis=tuple(range(2, x.ndim)), keepdims=True), object),
    "HardSigmoid": lambda x, alpha=HARD_ALPHA, beta=0.5: each(lambda v: _clip(Fraction(alpha) * v + Fraction(beta), 0, 1))(x),
    "Identity": lambda x: x,
    "LeakyRelu": lambda x, alpha=LEAKY_ALPHA: each(lambda v: v if v > 0 else Fraction(alpha) * v)(x),
    "MatMul": matmul,
    "Max": each(lambda *v: max(v)),
    "MaxPool": lambda x, kernel_shape, **a: pooled(x, kernel_shape, a, lambda entries: max(v for v in entries if v is not None)),
    "Min": each(lambda *v: min(v)),
    "Mod": np.mod,
    "Mul": each(lambda a, b: a * b),
    "Neg": each(lambda v: -v),
    "PRelu": each(lambda v, slope: v if v > 0 else slope * v),
    "Pad": pad,
    "ReduceMean": lambda x, second=None, axes=None, **a: reduced(x, axis_list(axes, second), mean=True, **a),
    "ReduceSum": lambda x, second=None, axes=None, **a: reduced(x, axis_list(axes, second), **a),
    "Relu": each(lambda v: max(v, Fraction(0))),
    "Reshape": reshape,
    "Shape": lambda x: np.array(x.shape),
    "Slice": sliced,
    "Split": split,
    "Squeeze": lambda x, second=None, axes=None: np.squeeze(
        x, None if axes is None and second is None else tuple(axis_list(axes, second))
    ),
    "Sub": each(lambda a, b: a - b),
    "Sum": each(lambda *parts: sum(parts, Fraction(0))),
    "Transpose": lambda x, perm=None: np.transpose(x, perm),
    "Unsqueeze": lambda x, second=None, axes=None: np.expand_dims(x, tuple(axis_list(axes, second))),
}


def _shrunk(value, bias, lambd):
    if value < -lambd:
        return value + bias
    return value - bias if value > lambd else Fraction(0)


def _clip(value, low, high):
    low, high = (None if bound is None or math.isinf(float(np.asarray(bound).item())) else bound for bound in (low, high))
    value = value if low is None else max(value, exact(low).item())
    return value if high is None else min(value, exact(high).item())
