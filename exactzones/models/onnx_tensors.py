"""What ONNX says about constants and shapes: tensors, attributes, Reshape, Flatten."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import FormatError

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]

_NUMBERS = (
    "FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
)  # fmt: skip
_MAX_RANK = 32  # NumPy 1 has no arrays with more axes


def tensor_array(onnx: Any, tensor: Any, what: str) -> Array:
    """Return a TensorProto as an array, after checking that its data is there and fits its shape.

    Raises:
        FormatError: data outside the file, a type that is no number, or dims and data that disagree.
    """
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise FormatError(f"{what} keeps its data in another file, which is not followed; save the model in one file")
    kinds = onnx.TensorProto.DataType
    kind = kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else str(tensor.data_type)
    if kind not in _NUMBERS:
        raise FormatError(f"{what} has type {kind}; supported are {', '.join(_NUMBERS)}")
    shape = tuple(tensor.dims)
    if min(shape, default=1) < 1 or len(shape) > _MAX_RANK:
        raise FormatError(f"{what} has shape {shape}, which is empty or has too many axes")
    entries = math.prod(shape)
    if tensor.HasField("raw_data"):
        claimed, there = entries * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize, len(tensor.raw_data)
        unit = "bytes"
    else:
        claimed, there = entries, len(getattr(tensor, onnx.helper.tensor_dtype_to_field(tensor.data_type)))
        unit = "entries"
    if claimed != there:
        raise FormatError(f"{what} has shape {shape}, that is {claimed} {unit}, but holds {there}")
    return np.asarray(onnx.numpy_helper.to_array(tensor))


def constant_value(onnx: Any, node: Any) -> Array:
    """Return what a Constant node holds.

    Raises:
        FormatError: not exactly one number or array of numbers.
    """
    names = [attribute.name for attribute in node.attribute]
    if names == ["value"] and node.attribute[0].HasField("t"):
        return tensor_array(onnx, node.attribute[0].t, "its value")
    if len(names) == 1 and names[0] in ("value_float", "value_floats", "value_int", "value_ints"):
        try:
            value = np.array(onnx.helper.get_attribute_value(node.attribute[0]))
        except ValueError:
            value = np.array("")
        if value.size and value.dtype.kind in "fi":
            return value
    raise FormatError(f"a value given as {' and '.join(map(repr, names)) or 'nothing'} is not supported; give numbers")


def input_shape(value: Any) -> Shape:
    """Return the shape of the network's input for a batch of one sample.

    Raises:
        FormatError: not a float tensor, or an axis other than the first (the batch) has no fixed length.
    """
    what = f"input {value.name!r}"
    if not value.type.HasField("tensor_type"):
        raise FormatError(f"{what} is no tensor")
    if value.type.tensor_type.elem_type not in (1, 10, 11, 16):  # FLOAT, FLOAT16, DOUBLE, BFLOAT16; integers would wrap around
        raise FormatError(f"{what} is no float tensor")
    if not value.type.tensor_type.HasField("shape"):
        raise FormatError(f"{what} has no shape")
    lengths = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in value.type.tensor_type.shape.dim]
    if len(lengths) > 1 and lengths[0] == 0:
        lengths[0] = 1
    if min(lengths, default=1) < 1:
        raise FormatError(f"{what} has an axis without a fixed length; only the first of several, the batch, may be open")
    return tuple(lengths)


def flattened(shape: Shape, axis: int) -> Shape:
    """Return the shape after Flatten.

    Raises:
        FormatError: no such axis.
    """
    if not -len(shape) <= axis <= len(shape):
        raise FormatError(f"axis {axis} does not exist in shape {shape}")
    split = axis + len(shape) if axis < 0 else axis
    return math.prod(shape[:split]), math.prod(shape[split:])


def reshaped(shape: Shape, target: Array, *, allow_zero: bool) -> Shape:
    """Return the shape after Reshape: -1 is what is left over, 0 copies a length unless ``allow_zero``.

    Raises:
        FormatError: ``target`` is no list of lengths, or does not fit.
    """
    if target.ndim != 1 or target.dtype.kind != "i":
        raise FormatError("the shape to reshape to is no list of integers")
    wanted = target.tolist()
    if not allow_zero:
        wanted = [shape[k] if length == 0 and k < len(shape) else length for k, length in enumerate(wanted)]
    size, known = math.prod(shape), math.prod(length for length in wanted if length != -1)
    if wanted.count(-1) == 1 and known > 0 and size % known == 0:
        wanted[wanted.index(-1)] = size // known
    if min(wanted, default=0) < 0 or math.prod(wanted) != size or len(wanted) > _MAX_RANK:
        raise FormatError(f"shape {shape} cannot become {tuple(target.tolist())}")
    return tuple(wanted)
