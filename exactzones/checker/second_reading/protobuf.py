"""Protobuf's wire format: messages taken apart by the numbers of their fields."""

from __future__ import annotations

from typing import TypeAlias

from exactzones.errors import FormatError

Fields: TypeAlias = dict[int, list[int | bytes]]
"""What a message holds: a varint as an int, anything else as bytes."""

_MOST_FIELDS = 1 << 22
_DAMAGED = "not an ONNX model, or cut short"


class UnknownError(Exception):
    """A file has something that its reader does not know."""


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for k, byte in enumerate(data[place : place + 10]):
        value |= (byte & 127) << 7 * k
        if byte < 128:
            return value & (1 << 64) - 1, place + k + 1
    raise FormatError(_DAMAGED)


def fields_of(data: int | bytes) -> Fields:
    """Take a protobuf message apart: by number of the field, a varint as an int, anything else as bytes."""
    if isinstance(data, int):
        raise FormatError(_DAMAGED)
    found: Fields = {}
    place = count = 0
    while place < len(data):
        key, place = _varint(data, place)
        wire, count = key & 7, count + 1
        if wire in {3, 4, 6, 7} or count > _MOST_FIELDS:
            raise UnknownError
        length, place = {1: (8, place), 5: (4, place)}.get(wire) or _varint(data, place)
        if wire == 0:
            found.setdefault(key >> 3, []).append(length)
            continue
        if place + length > len(data):
            raise FormatError(_DAMAGED)
        found.setdefault(key >> 3, []).append(data[place : place + length])
        place += length
    return found


def integer(fields: Fields, number: int) -> int:
    """Return a field that is there at most once; 0 if it is not there."""
    return integers(fields, number, 1)[0] if number in fields else 0


def integers(fields: Fields, number: int, expected: int | None = None) -> list[int]:
    """Return a field of signed 64-bit integers, packed or not."""
    found: list[int] = []
    for part in fields.get(number, []):
        place = 0
        while not isinstance(part, int) and place < len(part) and len(found) <= _MOST_FIELDS:
            value, place = _varint(part, place)
            found.append(value)
        found += [part] if isinstance(part, int) else []
    if (expected is not None and len(found) != expected) or len(found) > _MOST_FIELDS:
        raise UnknownError
    return [value - (value >> 63 << 64) for value in found]


def one_bytes(fields: Fields, number: int) -> bytes:
    """Return a field that is there at most once (twice, its parts would have to be merged)."""
    value = fields.get(number, [b""])
    if len(value) > 1 or isinstance(value[0], int):
        raise UnknownError
    return value[0]


def all_bytes(fields: Fields, number: int) -> list[bytes]:
    """Return a field that may be repeated."""
    return [part for part in fields.get(number, []) if not isinstance(part, int)]
