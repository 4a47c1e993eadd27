"""A second, naive reading of ONNX graphs: every operator by its definition, on arrays of Fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
from onnx import helper, numpy_helper

EPSILON, HARD_ALPHA, LEAKY_ALPHA = (float(np.float32(number)) for number in (1e-5, 0.2, 0.01))  # attributes are 32-bit floats


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
        if node.op_type in ("BatchNormalization", "ReduceL2", "Sqrt"):
            attributes["factors"] = factors
        if node.op_type == "Split":
            attributes["outputs"] = len(node.output)
        found = OPERATORS[node.op_type](*inputs, **attributes)
        known |= dict(zip(node.output, found if isinstance(found, list) else [found], strict=False))
    return known[graph.output[0].name]


def exact(values):
    """Return an array of Fractions."""
    array = np.asarray(values)
    if array.dtype == object:
        entries = [Fraction(entry) for entry in array.ravel()]
    else:
        entries = [Fraction(*entry.item().as_integer_ratio()) for entry in array.astype(np.float64).ravel()]
    found = np.empty(len(entries), object)
    found[:] = entries
    return found.reshape(array.shape)


def each(function):
    """Apply a function of Fractions to every entry, with broadcasting."""

    def operator(*arrays, **_):
        spread = np.broadcast_arrays(*map(exact, arrays))
        found = np.empty(spread[0].shape, object)
        for place in np.ndindex(found.shape):
            found[place] = function(*(array[place] for array in spread))
        return found

    return operator


def windows(x, kernel, strides, dilations, pads, ceil):
    """Yield (place of the result, list of (offset in the kernel, entry, or None in the padding)); beyond it nothing."""
    spatial = x.shape[2:]
    counts = []
    for n, k, s, d, a, b in zip(spatial, kernel, strides, dilations, pads[: len(kernel)], pads[len(kernel) :], strict=True):
        room = Fraction(n + a + b - d * (k - 1) - 1, s)
        count = (math.ceil(room) if ceil else math.floor(room)) + 1
        if ceil and (count - 1) * s >= n + a:
            count -= 1
        counts.append(count)
    for sample, channel in np.ndindex(*x.shape[:2]):
        for window in np.ndindex(*counts):
            seen = []
            for offset in np.ndindex(*kernel):
                place = [w * s - a + o * d for w, s, a, o, d in zip(window, strides, pads, offset, dilations, strict=False)]
                if any(p >= n + b for p, n, b in zip(place, spatial, pads[len(kernel) :], strict=True)):
                    continue
                inside = all(0 <= p < n for p, n in zip(place, spatial, strict=True))
                seen.append((offset, x[(sample, channel, *place)] if inside else None))
            yield (sample, channel, *window), counts, seen


def options(x, kernel, attributes):
    axes = len(kernel)
    strides = attributes.get("strides", [1] * axes)
    dilations = attributes.get("dilations", [1] * axes)
    pads = attributes.get("pads", [0] * 2 * axes)
    mode = attributes.get("auto_pad", b"NOTSET")
    if mode.startswith(b"SAME"):
        pads = [0] * 2 * axes
        for k, (n, s, size, d) in enumerate(zip(x.shape[2:], strides, kernel, dilations, strict=True)):
            total = max(0, (math.ceil(n / s) - 1) * s + d * (size - 1) + 1 - n)
            small, large = total // 2, total - total // 2
            pads[k], pads[k + axes] = (small, large) if mode == b"SAME_UPPER" else (large, small)
    return strides, dilations, pads, attributes.get("ceil_mode", 0)


def pooled(x, kernel, attributes, function):
    result = None
    for place, counts, seen in windows(x, kernel, *options(x, kernel, attributes)):
        if result is None:
            result = np.empty((*x.shape[:2], *counts), object)
        result[place] = function([entry for _, entry in seen])
    return result


def average(entries, with_padding):
    if with_padding:
        entries = [entry or Fraction(0) for entry in entries]
    there = [entry for entry in entries if entry is not None]
    return sum(there, Fraction(0)) / len(there)


def conv(x, weight, bias=None, group=1, **attributes):
    attributes.pop("kernel_shape", None)
    weight = exact(weight)
    outputs, part, *kernel = weight.shape
    result = None
    for place, counts, seen in windows(x, kernel, *options(x, kernel, attributes)):
        if result is None:
            result = np.full((x.shape[0], outputs, *counts), Fraction(0), object)
        sample, channel, *window = place
        for output in range(outputs):
            if output // (outputs // group) == channel // part:
                total = sum((weight[(output, channel % part, *o)] * v for o, v in seen if v is not None), Fraction(0))
                result[(sample, output, *window)] += total
    return result if bias is None else result + exact(bias).reshape(1, -1, *[1] * len(kernel))


def normalized(x, scale, shift, mean, variance, factors, epsilon=EPSILON, **_):
    result = np.empty(x.shape, object)
    for channel in range(x.shape[1]):
        above, square = exact(scale)[channel], exact(variance)[channel] + Fraction(epsilon)
        root = Fraction(math.isqrt(square.numerator), math.isqrt(square.denominator))
        factor = above / root if root * root == square else next(factors) if above else 0
        result[:, channel] = factor * (x[:, channel] - exact(mean)[channel]) + exact(shift)[channel]
    return result


def gemm(a, b, c=None, alpha=1.0, beta=1.0, transA=0, transB=0):  # noqa: N803
    a, b = (exact(m).T if swap else exact(m) for m, swap in ((a, transA), (b, transB)))
    result = Fraction(alpha) * matmul(a, b)
    return result if c is None else result + Fraction(beta) * exact(c)


def matmul(a, b):
    a, b = exact(a), exact(b)
    return np.asarray(np.matmul(a, b), object)


def reduced(x, axes=None, keepdims=1, mean=False, **_):
    axes = tuple(range(x.ndim)) if axes is None else tuple(int(k) for k in axes)
    total = np.asarray(x.sum(axis=axes, keepdims=bool(keepdims)), object)
    return total / math.prod(x.shape[k] for k in axes) if mean else total


def sliced(x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        n = x.shape[axis]
        places, at = [], max(0, min(n - 1 if step < 0 else n, start + n if start < 0 else start))
        stop = end + n if end < 0 else end
        stop = max(-1 if step < 0 else 0, min(n, stop))
        while at < stop if step > 0 else at > stop:
            places.append(int(at))
            at += step
        x = np.take(x, places, int(axis))
    return x


def split(x, sizes=None, axis=0, split=None, outputs=1, **_):
    sizes = split if sizes is None else sizes
    if sizes is None:
        size = -(-x.shape[axis] // outputs)
        sizes = [min(size, x.shape[axis] - size * k) for k in range(outputs)]
    ends = list(itertools.accumulate(sizes))
    return [np.take(x, range(int(b - s), int(b)), axis) for b, s in zip(ends, sizes, strict=True)]


def reshape(x, shape, **_):
    return x.reshape([x.shape[k] if n == 0 else n for k, n in enumerate(shape.tolist())])


def pad(x, pads=None, value=None, axes=None, mode=b"constant", **attributes):
    axes = list(range(x.ndim)) if axes is None else axes
    widths = [(0, 0)] * x.ndim
    for k, axis in enumerate(axes):
        widths[axis] = (int(pads[k]), int(pads[k + len(axes)]))
    cuts = tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(x.shape, widths, strict=True))
    x, widths = x[cuts], [(max(0, a), max(0, b)) for a, b in widths]
    places = np.pad(
        np.arange(x.size).reshape(x.shape), widths, mode.decode(), **({"constant_values": -1} if mode == b"constant" else {})
    )
    fill = Fraction(attributes.get("value", 0.0)) if value is None else exact(value).item()
    return np.array([fill if k < 0 else x.ravel()[k] for k in places.ravel()], object).reshape(places.shape)


def axis_list(first, second):
    return first if second is None else [int(k) for k in second]


def conv_transpose(x, weight, bias=None, group=1, **a):
    weight = exact(weight)
    channels, part, *kernel = weight.shape
    axes = len(kernel)
    strides, dilations = a.get("strides", [1] * axes), a.get("dilations", [1] * axes)
    extra, pads = a.get("output_padding", [0] * axes), a.get("pads", [0] * 2 * axes)
    full = [
        (n - 1) * s + (k - 1) * d + 1 + e for n, s, k, d, e in zip(x.shape[2:], strides, kernel, dilations, extra, strict=True)
    ]
    result = np.full((x.shape[0], part * group, *full), Fraction(0), object)
    for (sample, channel, *place), value in np.ndenumerate(x):
        first = channel // (channels // group) * part
        for (output, *offset), factor in np.ndenumerate(weight[channel]):
            at = [p * s + o * d for p, s, o, d in zip(place, strides, offset, dilations, strict=True)]
            result[(sample, first + output, *at)] += factor * value
    cut = tuple(slice(pads[k], full[k] - pads[k + axes]) for k in range(axes))
    result = result[(slice(None), slice(None), *cut)]
    return result if bias is None else result + exact(bias).reshape(1, -1, *[1] * axes)


def resize(x, *inputs, mode=b"nearest", axes=None, **a):
    sizes = inputs[2] if len(inputs) == 3 else None
    scales = None if sizes is not None else exact(inputs[0] if len(inputs) == 1 else inputs[1])
    axes = range(x.ndim) if axes is None else axes
    transform = a.get("coordinate_transformation_mode", b"asymmetric" if len(inputs) == 1 else b"half_pixel")
    rounding = a.get("nearest_mode", b"floor" if len(inputs) == 1 else b"round_prefer_floor")
    for k, axis in enumerate(axes):
        old = x.shape[axis]
        new = int(sizes[k]) if sizes is not None else math.floor(old * scales[k])
        scale = Fraction(new, old) if sizes is not None else scales[k]
        lines = []
        for j in range(new):
            at = {
                b"asymmetric": lambda j=j, s=scale: j / s,
                b"half_pixel": lambda j=j, s=scale: (j + Fraction(1, 2)) / s - Fraction(1, 2),
                b"align_corners": lambda j=j, n=new, o=old: Fraction(j * (o - 1), max(n - 1, 1)),
            }[transform]()
            if mode == b"linear":
                below = math.floor(at)
                ends = [np.take(x, min(max(place, 0), old - 1), axis) for place in (below, below + 1)]
                lines.append(ends[0] * (1 - at + below) + ends[1] * (at - below))
            else:
                near = {
                    b"floor": math.floor(at),
                    b"ceil": math.ceil(at),
                    b"round_prefer_floor": min((abs(at - n), n) for n in (math.floor(at), math.ceil(at)))[1],
                    b"round_prefer_ceil": min((abs(at - n), -n) for n in (math.floor(at), math.ceil(at)))[1] * -1,
                }[rounding]
                lines.append(np.take(x, min(max(near, 0), old - 1), axis))
        x = np.stack(lines, axis)
    return x


def cumulated(x, axis, exclusive=0, reverse=0):
    lines = list(np.moveaxis(x, int(axis), 0))
    result = []
    for k in range(len(lines)):
        before = lines[k + bool(exclusive) :] if reverse else lines[: k + (not exclusive)]
        result.append(sum(before, np.zeros_like(lines[0]) + Fraction(0)))
    return np.moveaxis(np.array(result, object), 0, int(axis))


def scattered(x, indices, updates):
    result = exact(x).copy()
    for place in np.ndindex(*indices.shape[:-1]):
        result[tuple(indices[place])] = exact(updates)[place]
    return result


def scattered_elements(x, indices, updates, axis=0, **_):
    result = exact(x).copy()
    for place, index in np.ndenumerate(indices):
        target = list(place)
        target[axis] = index
        result[tuple(target)] = exact(updates)[place]
    return result


def gathered(x, indices, batch_dims=0):
    rows = [x[place[:batch_dims]][tuple(indices[place])] for place in np.ndindex(*indices.shape[:-1])]
    return np.array(rows, object).reshape(*indices.shape[:-1], *np.shape(rows[0]))


def to_space(x, blocksize, mode=b"DCR"):
    batch, channels, height, width = x.shape
    rest = channels // blocksize**2
    result = np.empty((batch, rest, height * blocksize, width * blocksize), object)
    for n, c, i, j in np.ndindex(*result.shape):
        row, column = i % blocksize, j % blocksize
        block = row * blocksize + column
        source = block * rest + c if mode == b"DCR" else c * blocksize**2 + block
        result[n, c, i, j] = x[n, source, i // blocksize, j // blocksize]
    return result


def to_depth(x, blocksize):
    batch, channels, height, width = x.shape
    result = np.empty((batch, channels * blocksize**2, height // blocksize, width // blocksize), object)
    for n, c, i, j in np.ndindex(*x.shape):
        block = i % blocksize * blocksize + j % blocksize
        result[n, block * channels + c, i // blocksize, j // blocksize] = x[n, c, i, j]
    return result


def taken_elements(x, indices, axis=0):
    result = np.empty(indices.shape, object)
    for place, index in np.ndenumerate(indices):
        source = list(place)
        source[axis] = index
        result[place] = x[tuple(source)]
    return result


def extreme(function):
    def operator(x, second=None, axes=None, keepdims=1, **_):
        axes = axis_list(axes, second)
        axes = tuple(range(x.ndim)) if axes is None else tuple(int(k) for k in axes)
        return np.asarray(function(x, axis=axes, keepdims=bool(keepdims)), object)

    return operator


def dequantized(x, scale, zero=None, axis=1):
    spread = (slice(None), *[None] * (x.ndim - 1 - axis)) if np.ndim(scale) else ()
    zero = np.zeros_like(scale) if zero is None else zero
    return (exact(x) - exact(zero)[spread]) * exact(scale)[spread]


def root(x, factors):
    result = np.empty(x.shape, object)
    for place, value in np.ndenumerate(exact(x)):
        whole = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        result[place] = whole if whole * whole == value else next(factors)
    return result


OPERATORS = {
    "Abs": each(abs),
    "Add": each(lambda a, b: a + b),
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
    "Floor": each(lambda v: Fraction(math.floor(v))),
    "GatherElements": taken_elements,
    "GatherND": gathered,
    "Greater": lambda a, b: exact(a) > exact(b),
    "Less": lambda a, b: exact(a) < exact(b),
    "Mean": lambda *parts: sum(map(exact, parts)) / len(parts),
    "Not": np.logical_not,
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
    "Sign": each(lambda v: Fraction((v > 0) - (v < 0))),
    "Size": lambda x: np.array(x.size),
    "SpaceToDepth": to_depth,
    "Sqrt": root,
    "Tile": np.tile,
    "Trilu": lambda x, k=0, upper=1: np.where(
        (np.triu if upper else np.tril)(np.ones(x.shape, int), int(k)), exact(x), Fraction(0)
    ),
    "Upsample": lambda x, scales, mode=b"nearest": resize(x, scales, mode=mode),
    "Where": lambda c, a, b: np.where(c, exact(a), exact(b)),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis),
    "Constant": numpy_helper.to_array,
    "ConstantOfShape": lambda shape, value: np.full(shape.tolist(), numpy_helper.to_array(value)[0]),
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


def _clip(value, low, high):
    low, high = (None if bound is None or np.isinf(bound) else bound for bound in (low, high))
    value = value if low is None else max(value, exact(low).item())
    return value if high is None else min(value, exact(high).item())
