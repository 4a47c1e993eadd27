"""Tensors and shapes of ONNX files: TensorProto, the value of Constant, the input's shape, Reshape and Flatten."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array, Shape

_NUMBERS = (
    "FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
)  # fmt: skip
_MAX_RANK = 32  # NumPy 1 has no arrays with more axes


def tensor_array(onnx: Any, tensor: Any, what: str) -> Array:
    """Return a TensorProto as an array, after checking that the data fits the shape.

    Args:
        onnx: the package.
        tensor: a TensorProto.
        what: name in messages.

    Raises:
        FormatError: the type is not a number, or the shape and the data disagree.
    """
    kinds = onnx.TensorProto.DataType
    kind = kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else str(tensor.data_type)
    if kind not in _NUMBERS:
        raise FormatError(f"{what} has type {kind}; supported types are {', '.join(_NUMBERS)}")
    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0 or len(shape) > _MAX_RANK:
        raise FormatError(f"{what} has shape {shape}; lengths from 0 of at most {_MAX_RANK} axes are expected")
    entries = math.prod(shape)
    if tensor.HasField("raw_data"):
        expected, unit = entries * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize, "bytes"
        actual = len(tensor.raw_data)
    else:
        expected, unit = entries, "entries"
        actual = len(getattr(tensor, onnx.helper.tensor_dtype_to_field(tensor.data_type)))
    if expected != actual:
        raise FormatError(f"{what} has {actual} {unit} of data; its shape {shape} needs {expected}")
    return np.asarray(onnx.numpy_helper.to_array(tensor))


def constant_value(onnx: Any, node: Any, tensors: Callable[[Any, str], Array]) -> Array:
    """Return the value of a Constant node.

    Args:
        onnx: the package.
        node: a NodeProto.
        tensors: returns a TensorProto, which it calls by a name in messages, as an array.

    Raises:
        FormatError: it is not exactly one number or array of numbers.
    """
    names = [attribute.name for attribute in node.attribute]
    if names == ["value"] and node.attribute[0].HasField("t"):
        return tensors(node.attribute[0].t, "its value")
    if len(names) == 1 and names[0] in ("value_float", "value_floats", "value_int", "value_ints"):
        try:
            value = np.array(onnx.helper.get_attribute_value(node.attribute[0]))
        except ValueError:
            value = np.array("")
        if not value.size and names[0] == "value_ints":
            return np.zeros(0, np.int64)
        if value.dtype.kind in "fi":
            return value
    raise FormatError(
        f"its value is given by {' and '.join(map(repr, names)) or 'no attribute'}; one attribute of numbers, such as 'value', "
        "is expected"
    )


def input_shape(value: Any, selected: Shape | None) -> Shape:
    """Return the shape of an input of the network, for a batch of one sample.

    Args:
        value: a ValueInfoProto.
        selected: a shape that replaces lengths that are not fixed; None for none.

    Raises:
        FormatError: it is not a float tensor, an axis other than the first (the batch) has no fixed length, or the selected shape
            has other lengths.
    """
    what = f"input {value.name!r}"
    if not value.type.HasField("tensor_type"):
        raise FormatError(f"{what} is not a tensor; a float tensor is expected")
    kind = value.type.tensor_type.elem_type
    if kind not in (1, 10, 11, 16):  # FLOAT, FLOAT16, DOUBLE, BFLOAT16; integers would wrap around
        raise FormatError(f"{what} has ONNX element type {kind}; a float tensor is expected")
    if not value.type.tensor_type.HasField("shape"):
        if selected is None:
            raise FormatError(f"{what} has no shape; export the model with one, or give it: --shape 1,3, or shape=(1, 3)")
        return selected
    lengths = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in value.type.tensor_type.shape.dim]
    if selected is not None:
        if len(selected) != len(lengths) or any(own not in (0, -1, new) for own, new in zip(lengths, selected, strict=True)):
            fixed = tuple("?" if own in (0, -1) else own for own in lengths)
            raise FormatError(f"{what} has shape ({', '.join(map(str, fixed))}); the shape {selected} does not fit it")
        return selected
    if len(lengths) > 1 and lengths[0] in (0, -1):
        lengths[0] = 1
    if min(lengths, default=1) < 1:
        raise FormatError(
            f"{what} has an axis without a fixed length; only the first of several, the batch, may have none; give its shape: "
            "--shape 1,3, or shape=(1, 3)"
        )
    return tuple(lengths)


def flattened(shape: Shape, axis: int) -> Shape:
    """Return the shape after Flatten.

    Raises:
        FormatError: the axis does not exist.
    """
    if not -len(shape) <= axis <= len(shape):
        raise FormatError(f"axis {axis} does not exist in shape {shape}")
    split = axis + len(shape) if axis < 0 else axis
    return math.prod(shape[:split]), math.prod(shape[split:])


def reshaped(shape: Shape, target: Array, *, allow_zero: bool) -> Shape:
    """Return the shape after Reshape.

    Args:
        shape: before.
        target: lengths; -1 stands for the length that fits, and 0 for the length before.
        allow_zero: take 0 as the length 0.

    Raises:
        FormatError: ``target`` is not a list of integers, or does not fit.
    """
    if target.ndim != 1 or target.dtype.kind != "i":
        raise FormatError(f"its target shape has type {target.dtype} and shape {target.shape}; a list of integers is expected")
    lengths = target.tolist()
    if not allow_zero:
        lengths = [shape[k] if length == 0 and k < len(shape) else length for k, length in enumerate(lengths)]
    size, known = math.prod(shape), math.prod(length for length in lengths if length != -1)
    if lengths.count(-1) == 1 and known > 0 and size % known == 0:
        lengths[lengths.index(-1)] = size // known
    if min(lengths, default=0) < 0 or math.prod(lengths) != size or len(lengths) > _MAX_RANK:
        raise FormatError(f"shape {shape} cannot be reshaped to {tuple(target.tolist())}")
    return tuple(lengths)
