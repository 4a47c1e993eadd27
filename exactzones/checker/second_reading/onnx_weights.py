"""A second reader of plain ONNX files: of the bytes themselves, without a library and without floats.

It shares no code with the reader in ``models``, so that a mistake in either of them is noticed.  It supports chains of Gemm,
MatMul, Add, Sub, Relu and of operators that change shapes, as exporters write multilayer perceptrons; other files are not read.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

from exactzones.affine import AffineMap
from exactzones.checker.second_reading.protobuf import Fields, UnknownError, all_bytes, fields_of, integer, integers, one_bytes
from exactzones.errors import FormatError, InputError
from exactzones.network import Layer, Network
from exactzones.rational import Vector

PlainLayer: TypeAlias = tuple[tuple[Vector, ...], Vector, bool]
"""Rows of the weight, bias, and whether a ReLU follows."""

_Shape: TypeAlias = tuple[int, ...]

_MOST_BYTES = 1 << 26
_MOST_NUMBERS = 10_000_000
_MOST_AXES = 32
_DOMAINS = {b"", b"ai.onnx"}
_FLOATS = {1: ("I", 8, 23), 11: ("Q", 11, 52), 10: ("H", 5, 10), 16: ("H", 8, 7)}
"""ONNX's number of a type (FLOAT, DOUBLE, FLOAT16, BFLOAT16) -> the word's code in struct, bits of exponent and fraction."""
_TYPED = {1: 4, 11: 10, 7: 7}  # the fields of a tensor that hold its float, double and int64 entries, if they are not raw
_FLOAT, _INT, _TENSOR, _INTS = 1, 2, 4, 7  # types of attributes
_KEPT = {_FLOAT: 2, _INT: 3, _TENSOR: 5, _INTS: 8}  # the field of an attribute with its value


def plain_layers(path: str | Path) -> tuple[PlainLayer, ...] | None:
    """Return the layers of an ONNX file, gzipped or not, or None if it has anything that this reader does not support.

    Raises:
        FormatError: the file is damaged.
        InputError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else Path(path).open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        return None if len(data) > _MOST_BYTES else _ChainReader(fields_of(data)).layers()
    except UnknownError:
        return None
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FormatError(f"{path}: the gzipped file is damaged or cut short") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None


def same_function(layers: Sequence[PlainLayer], network: Network) -> bool:
    """Tell whether a network has these layers, possibly after composing linear layers in a row and omitting a final identity."""
    if len(layers) == len(network.layers) and all(
        (layer.weight.rows, layer.bias) == (rows, bias) and set(layer.relu) == {relu}
        for layer, (rows, bias, relu) in zip(network.layers, layers, strict=True)
    ):
        return True
    return _composed(Network.of(*layers).layers) == _composed(network.layers)


def _composed(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers with linear ones in a row composed, and without identities that change nothing.

    Identities come of constants that cancel: a reader that notices this early makes no layer of them.
    """
    composed: list[Layer] = []
    for layer in layers:
        if composed and not any(composed[-1].relu):
            affine = layer.affine.after(composed.pop().affine)
            composed.append(Layer(affine.matrix, affine.offset, layer.relu))
        else:
            composed.append(layer)
        if len(composed) > 1 and all(composed[-2].relu) and all(composed[-1].relu) and _is_identity(composed[-1]):
            composed.pop()  # the ReLU of a ReLU
    if len(composed) > 1 and _is_identity(composed[-1]) and not any(composed[-1].relu):
        composed.pop()
    return composed


def _is_identity(layer: Layer) -> bool:
    return layer.affine == AffineMap.identity(layer.inputs)


def _exact(word: int, exponent_bits: int, fraction_bits: int) -> Fraction:
    """Return the number that the bits of an IEEE 754 word stand for."""
    fraction, top = word & (1 << fraction_bits) - 1, (1 << exponent_bits) - 1
    exponent = word >> fraction_bits & top
    if exponent == top:
        raise UnknownError  # not finite
    if exponent:
        fraction |= 1 << fraction_bits
    shift = max(exponent, 1) - (top >> 1) - fraction_bits
    signed = -fraction if word >> exponent_bits + fraction_bits else fraction
    return Fraction(signed << shift) if shift >= 0 else Fraction(signed, 1 << -shift)


def _places(lengths: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Return the places of an array's entries in memory, in row-major order."""
    places = [0]
    for length, stride in zip(lengths, strides, strict=True):
        places = [start + k * stride for start in places for k in range(length)]
    return places


def _strides(shape: _Shape) -> list[int]:
    return [prod(shape[k + 1 :]) for k in range(len(shape))]


@dataclass(frozen=True, slots=True)
class _Constant:
    shape: _Shape
    values: list[Fraction]
    integers: bool  # whether its type is an integer type

    def matrix(self, *, transposed: bool) -> list[list[Fraction]]:
        if len(self.shape) != 2 or self.integers:
            raise UnknownError
        height, width = self.shape
        if transposed:
            return [self.values[k::width] for k in range(width)]
        return [self.values[k * width : (k + 1) * width] for k in range(height)]


@dataclass(frozen=True, slots=True)
class _AffineValue:
    """A value that depends on the input, as an affine function of the outputs of the last layer.

    Attributes:
        shape: lengths of the axes.
        layers: the layers so far.
        rows: a matrix that the outputs of the last layer are multiplied by, or None for the identity.
        bias: the vector that is added.
    """

    shape: _Shape
    layers: tuple[PlainLayer, ...]
    rows: list[list[Fraction]] | None
    bias: list[Fraction]

    @property
    def rectified(self) -> bool:
        return self.rows is None and not any(self.bias) and bool(self.layers) and self.layers[-1][2]


_Operand: TypeAlias = _AffineValue | _Constant
_Attributes: TypeAlias = dict[bytes, Any]


class _ChainReader:
    """Computes the nodes of a graph one after the other.

    Attributes:
        graph: the fields of the GraphProto.
        budget: how many more entries may be computed.
        tensors: the initializers, by name.
        known: the values that are computed, by name.
    """

    def __init__(self, model: Fields) -> None:
        self.graph, self.budget = fields_of(one_bytes(model, 7)), _MOST_NUMBERS
        opsets = [fields_of(part) for part in model.get(8, [])]
        versions = [integer(opset, 2) for opset in opsets if one_bytes(opset, 1) in _DOMAINS]
        if min(versions, default=0) < 7 or 25 in model or 15 in self.graph:  # functions, sparse initializers
            raise UnknownError
        self.tensors = {one_bytes(fields_of(part), 8): part for part in self.graph.get(5, [])}
        inputs = [fields for fields in map(fields_of, self.graph.get(11, [])) if one_bytes(fields, 1) not in self.tensors]
        if len(inputs) != 1 or len(self.tensors) != len(self.graph.get(5, [])):
            raise UnknownError
        tensor = fields_of(one_bytes(fields_of(one_bytes(inputs[0], 2)), 1))
        shape = [integer(fields_of(axis), 1) for axis in fields_of(one_bytes(tensor, 2)).get(1, [])]
        if len(shape) > 1 and not shape[0]:
            shape[0] = 1  # the batch
        if integer(tensor, 1) not in _FLOATS or min(shape, default=1) < 1 or len(shape) > _MOST_AXES or 2 not in tensor:
            raise UnknownError
        start = _AffineValue(tuple(shape), (), None, [Fraction(0)] * self.spend(prod(shape)))
        self.known: dict[bytes, _Operand] = {one_bytes(inputs[0], 1): start}

    def spend(self, numbers: int) -> int:
        """Take a number of entries from the budget, and return that number."""
        self.budget -= numbers
        if self.budget < 0:
            raise UnknownError
        return numbers

    def layers(self) -> tuple[PlainLayer, ...]:
        """Return the layers that the graph computes."""
        for node in map(fields_of, self.graph.get(1, [])):
            inputs, (name, *more), kind = all_bytes(node, 1), all_bytes(node, 2) or [b""], one_bytes(node, 4)
            if kind not in _OPERATORS or one_bytes(node, 7) not in _DOMAINS or more:
                raise UnknownError
            compute, types, least, most = _OPERATORS[kind]
            if name in {b"", *self.known} or name in self.tensors or not least <= len(inputs) <= most:
                raise UnknownError
            operands = [self.operand(source) for source in inputs]
            self.spend(sum(prod(operand.shape) for operand in operands))
            self.known[name] = compute(self, operands, _attributes(node, types))
        outputs = list(map(fields_of, self.graph.get(12, [])))
        output = self.operand(one_bytes(outputs[0], 1)) if len(outputs) == 1 else None
        if not isinstance(output, _AffineValue):
            raise UnknownError
        return output.layers if output.rectified else self.closed(output, relu=False).layers

    def operand(self, name: bytes) -> _Operand:
        if name in self.known:
            return self.known[name]
        if name not in self.tensors:
            raise UnknownError
        return self.constant(self.tensors[name])

    def constant(self, data: int | bytes) -> _Constant:
        """Return a TensorProto as a constant."""
        fields = fields_of(data)
        kind, shape = integer(fields, 2), tuple(integers(fields, 1))
        filled = [number for number in (4, 5, 7, 9, 10, 11) if number in fields]
        elsewhere = {3, 6, 13} & set(fields) or integer(fields, 14)  # a segment, strings, data in another file
        if elsewhere or min(shape, default=1) < 1 or len(shape) > _MOST_AXES or kind not in {7, *_FLOATS}:
            raise UnknownError
        if filled not in ([9], [_TYPED.get(kind)]):
            raise UnknownError
        size = self.spend(prod(shape))
        code, *bits = _FLOATS.get(kind, ("q",))
        if filled == [7]:
            values = list(map(Fraction, integers(fields, 7)))
        else:
            raw = one_bytes(fields, 9) if filled == [9] else b"".join(all_bytes(fields, filled[0]))
            if len(raw) != size * struct.calcsize(f"<{code}"):
                raise FormatError(
                    f"a tensor has {len(raw)} bytes of data; its shape {shape} needs {size * struct.calcsize(f'<{code}')}"
                )
            words = [word for (word,) in struct.iter_unpack(f"<{code}", raw)]
            numbers = {word: _exact(word, *bits) if bits else Fraction(word) for word in set(words)}
            values = [numbers[word] for word in words]
        if len(values) != size:
            raise FormatError(f"a tensor has {len(values)} entries; its shape {shape} needs {size}")
        return _Constant(shape, values, kind == 7)

    def closed(self, value: _AffineValue, *, relu: bool) -> _AffineValue:
        """Return a value as the outputs of a layer of its own."""
        size, rows = len(value.bias), value.rows
        self.spend(len(value.layers) + size)
        if rows is None:
            self.spend(size * size)
            rows = [[Fraction(int(j == k)) for j in range(size)] for k in range(size)]
        layer = (tuple(map(tuple, rows)), tuple(value.bias), relu)
        return _AffineValue(value.shape, (*value.layers, layer), None, [Fraction(0)] * size)

    def product(self, value: _Operand, weight: list[list[Fraction]], shape: _Shape) -> _AffineValue:
        """Return a product with a weight; after another product, that one becomes a layer of its own."""
        if not isinstance(value, _AffineValue) or len(weight[0]) != len(value.bias):
            raise UnknownError
        if value.rows is not None:
            value = self.closed(value, relu=False)
        shifts = [(k, shift) for k, shift in enumerate(value.bias) if shift]
        bias = [sum((row[k] * shift for k, shift in shifts), Fraction(0)) for row in weight]
        return _AffineValue(shape, value.layers, weight, bias)

    def matmul(self, operands: list[_Operand], _: _Attributes) -> _AffineValue:
        left, right = operands
        if isinstance(right, _Constant):
            weight = right.matrix(transposed=True)
            if left.shape[-1:] != right.shape[:1]:
                raise UnknownError
            return self.product(left, weight, (*left.shape[:-1], len(weight)))
        if not isinstance(left, _Constant):
            raise UnknownError
        weight, end = left.matrix(transposed=False), () if len(right.shape) == 1 else (1,)
        before = right.shape[: -1 - len(end)]
        if right.shape != (*before, len(weight[0]), *end):
            raise UnknownError
        return self.product(right, weight, (*before, len(weight), *end))

    def gemm(self, operands: list[_Operand], attributes: _Attributes) -> _AffineValue:
        left, right, *bias = operands
        alpha, size = attributes.get(b"alpha", Fraction(1)), prod(left.shape)
        swap_left, swap_right = attributes.get(b"transA", 0), attributes.get(b"transB", 0)
        if {swap_left, swap_right} - {0, 1} or left.shape != ((size, 1) if swap_left else (1, size)) or not alpha:
            raise UnknownError
        if not isinstance(right, _Constant) or (bias and len(bias[0].shape) > 2):
            raise UnknownError
        weight = right.matrix(transposed=not swap_right)
        if alpha != 1:
            weight = [[alpha * entry for entry in row] for row in weight]
        result = self.product(left, weight, (1, len(weight)))
        return self.shifted(result, bias[0], attributes.get(b"beta", Fraction(1))) if bias else result

    def shifted(self, value: _Operand, offset: _Operand, factor: Fraction) -> _AffineValue:
        """Return the sum with a multiple of a constant, which is broadcast to the value's shape."""
        if not isinstance(value, _AffineValue) or not isinstance(offset, _Constant) or offset.integers:
            raise UnknownError
        rank = max(len(value.shape), len(offset.shape))
        shape, own = ((1,) * (rank - len(lengths)) + lengths for lengths in (value.shape, offset.shape))
        if any(mine not in {1, length} for mine, length in zip(own, shape, strict=True)):
            raise UnknownError
        strides = [stride if length > 1 else 0 for stride, length in zip(_strides(own), own, strict=True)]
        entries = [offset.values[place] for place in _places(shape, strides)]
        return replace(value, shape=shape, bias=[b + factor * entry for b, entry in zip(value.bias, entries, strict=True)])

    def add(self, operands: list[_Operand], _: _Attributes) -> _AffineValue:
        left, right = sorted(operands, key=lambda operand: isinstance(operand, _Constant))
        return self.shifted(left, right, Fraction(1))

    def subtract(self, operands: list[_Operand], _: _Attributes) -> _AffineValue:
        left, right = operands
        return self.shifted(left, right, Fraction(-1))

    def relu(self, operands: list[_Operand], _: _Attributes) -> _AffineValue:
        (value,) = operands
        if not isinstance(value, _AffineValue):
            raise UnknownError
        return value if value.rectified else self.closed(value, relu=True)

    def flatten(self, operands: list[_Operand], attributes: _Attributes) -> _Operand:
        (value,) = operands
        rank, axis = len(value.shape), attributes.get(b"axis", 1)
        if not -rank <= axis <= rank:
            raise UnknownError
        split = axis + rank if axis < 0 else axis
        return replace(value, shape=(prod(value.shape[:split]), prod(value.shape[split:])))

    def reshape(self, operands: list[_Operand], _: _Attributes) -> _Operand:
        value, target = operands
        if not isinstance(target, _Constant) or not target.integers or len(target.shape) != 1:
            raise UnknownError
        shape = [int(entry) for entry in target.values]
        shape = [value.shape[k] if not length and k < len(value.shape) else length for k, length in enumerate(shape)]
        known = prod(length for length in shape if length != -1)
        if shape.count(-1) == 1 and known > 0:
            shape[shape.index(-1)] = prod(value.shape) // known
        if min(shape) < 1 or prod(shape) != prod(value.shape) or len(shape) > _MOST_AXES:
            raise UnknownError
        return replace(value, shape=tuple(shape))

    def transpose(self, operands: list[_Operand], attributes: _Attributes) -> _Operand:
        (value,) = operands
        order = attributes.get(b"perm") or list(range(len(value.shape)))[::-1]
        if sorted(order) != list(range(len(value.shape))):
            raise UnknownError
        shape, strides = tuple(value.shape[k] for k in order), _strides(value.shape)
        places = _places(shape, [strides[k] for k in order])
        if isinstance(value, _Constant):
            return replace(value, shape=shape, values=[value.values[k] for k in places])
        if places != list(range(len(places))):
            raise UnknownError
        return replace(value, shape=shape)

    def identity(self, operands: list[_Operand], _: _Attributes) -> _Operand:
        return operands[0]

    def fixed(self, _: list[_Operand], attributes: _Attributes) -> _Constant:
        return self.constant(attributes.get(b"value", b""))


def _attributes(node: Fields, types: dict[bytes, int]) -> _Attributes:
    attributes: _Attributes = {}
    for fields in map(fields_of, node.get(5, [])):
        name, kind = one_bytes(fields, 1), integer(fields, 20)
        if name in attributes or types.get(name) != kind or set(fields) - {1, 13, 20, _KEPT[kind]}:
            raise UnknownError
        if kind == _FLOAT:
            attributes[name] = _exact(int.from_bytes(one_bytes(fields, 2)[:4], "little"), *_FLOATS[1][1:])
        elif kind == _INT:
            attributes[name] = integer(fields, 3)
        else:
            attributes[name] = one_bytes(fields, 5) if kind == _TENSOR else integers(fields, 8)
    return attributes


_OPERATORS: dict[bytes, tuple[Callable[[_ChainReader, list[_Operand], _Attributes], _Operand], dict[bytes, int], int, int]] = {
    b"MatMul": (_ChainReader.matmul, {}, 2, 2),
    b"Gemm": (_ChainReader.gemm, {b"alpha": _FLOAT, b"beta": _FLOAT, b"transA": _INT, b"transB": _INT}, 2, 3),
    b"Add": (_ChainReader.add, {}, 2, 2),
    b"Sub": (_ChainReader.subtract, {}, 2, 2),
    b"Relu": (_ChainReader.relu, {}, 1, 1),
    b"Flatten": (_ChainReader.flatten, {b"axis": _INT}, 1, 1),
    b"Reshape": (_ChainReader.reshape, {}, 2, 2),
    b"Transpose": (_ChainReader.transpose, {b"perm": _INTS}, 1, 1),
    b"Identity": (_ChainReader.identity, {}, 1, 1),
    b"Constant": (_ChainReader.fixed, {b"value": _TENSOR}, 0, 0),
}
"""By name: the method that computes it, the types of its attributes, and its least and most inputs."""
OPERATORS = tuple(sorted(name.decode() for name in _OPERATORS))
"""The names of the operators that this reader supports."""
