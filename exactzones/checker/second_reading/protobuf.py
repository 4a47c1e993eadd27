"""Protobuf's wire format: messages as their fields by number, without a library and without a schema."""

from __future__ import annotations

from typing import TypeAlias

from exactzones.errors import FormatError

Fields: TypeAlias = dict[int, list[int | bytes]]
"""The values of a message by number of the field: a varint as an int, anything else as bytes."""

_MOST_FIELDS = 1 << 22
_DAMAGED = "the file is not an ONNX model, or is cut short"


class UnknownError(Exception):
    """A file has something that this reader does not support; the other reader may, so users do not see this exception."""


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for k, byte in enumerate(data[place : place + 10]):
        value |= (byte & 127) << 7 * k
        if byte < 128:
            return value & (1 << 64) - 1, place + k + 1
    raise FormatError(_DAMAGED)


def fields_of(data: int | bytes) -> Fields:
    """Return the fields of a message.

    Raises:
        FormatError: the message is damaged, or is a varint.
        UnknownError: it has groups or too many fields.
    """
    if isinstance(data, int):
        raise FormatError(_DAMAGED)
    fields: Fields = {}
    place = count = 0
    while place < len(data):
        key, place = _varint(data, place)
        wire, count = key & 7, count + 1
        if wire in {3, 4, 6, 7} or count > _MOST_FIELDS:
            raise UnknownError
        length, place = {1: (8, place), 5: (4, place)}.get(wire) or _varint(data, place)
        if wire == 0:
            fields.setdefault(key >> 3, []).append(length)
            continue
        if place + length > len(data):
            raise FormatError(_DAMAGED)
        fields.setdefault(key >> 3, []).append(data[place : place + length])
        place += length
    return fields


def integer(fields: Fields, number: int) -> int:
    """Return a field that occurs at most once, as a signed 64-bit integer; 0 if it does not occur."""
    return integers(fields, number, 1)[0] if number in fields else 0


def integers(fields: Fields, number: int, expected: int | None = None) -> list[int]:
    """Return a field of signed 64-bit integers, packed or not.

    Raises:
        UnknownError: there are too many, or not as many as expected.
    """
    values: list[int] = []
    for part in fields.get(number, []):
        place = 0
        while not isinstance(part, int) and place < len(part) and len(values) <= _MOST_FIELDS:
            value, place = _varint(part, place)
            values.append(value)
        values += [part] if isinstance(part, int) else []
    if (expected is not None and len(values) != expected) or len(values) > _MOST_FIELDS:
        raise UnknownError
    return [value - (value >> 63 << 64) for value in values]


def one_bytes(fields: Fields, number: int) -> bytes:
    """Return a field of bytes that occurs at most once, empty if it does not occur; a repeated one would have to be merged."""
    value = fields.get(number, [b""])
    if len(value) > 1 or isinstance(value[0], int):
        raise UnknownError
    return value[0]


def all_bytes(fields: Fields, number: int) -> list[bytes]:
    """Return the bytes of a field that may be repeated."""
    return [part for part in fields.get(number, []) if not isinstance(part, int)]
