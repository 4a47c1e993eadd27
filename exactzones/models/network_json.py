"""Networks as JSON, with every number exact: "p/q", a decimal, or "a+b*sqrt(D)".

    {"format": "exactzones/network", "version": 1,
     "layers": [{"weight": [["1/2", "-0.1", 3]], "bias": ["0"], "relu": true}],
     "rationalizations": [{"expression": "sqrt(2)", "value": "7/5", "error": "1/50"}]}

A JSON number is the decimal in the file and never passes through a float: 0.1 is 1/10.  Irrational numbers, such as
"1/2+3/2*sqrt(5)", belong to one field Q(sqrt(D)).  A missing bias is zero.  A missing ``relu`` is true for all layers but the
last; a list gives one truth value per unit.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from exactzones.errors import FormatError
from exactzones.files import naming, read_bytes, write_atomically
from exactzones.network import Layer, Network
from exactzones.rational import Matrix, Rationalization, algebraic, exact, text

FORMAT = "exactzones/network"
VERSION = 1

_MAX_FILE = 2**28
_MAX_BITS = 2**33  # of all numbers together, since the 7 characters "1e99999" become 41 kB


def load_json(path: str | Path) -> Network:
    """Read a network.

    Raises:
        FormatError: the file is not JSON, not of this format or version, has a key that is unknown, missing or repeated, a number
            that is not exact, or shapes that do not fit; the message names the file and the place.
        InputError: the file cannot be read.
    """
    with naming(path):
        return _DocumentReader().network(_parse(read_bytes(path, _MAX_FILE)))


def save_json(network: Network, path: str | Path) -> None:
    """Write a network without loss.

    Raises:
        InputError: the file cannot be written.
    """
    layers = [
        {
            "weight": [list(map(text, row)) for row in layer.weight.rows],
            "bias": list(map(text, layer.bias)),
            "relu": layer.relu[0] if len(set(layer.relu)) == 1 else list(layer.relu),
        }
        for layer in network.layers
    ]
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "layers": layers}
    if network.rationalizations:
        document["rationalizations"] = [
            {"expression": record.expression, "value": text(record.value), "error": text(record.error)}
            for record in network.rationalizations
        ]
    write_atomically(path, json.dumps(document).encode() + b"\n")


def _parse(data: bytes) -> Any:
    try:
        # Numbers remain text: float would round them, and int refuses more than 4,300 digits.
        return json.loads(
            data.decode(), parse_float=_Number, parse_int=_Number, parse_constant=_constant, object_pairs_hook=_object
        )
    except RecursionError:
        raise FormatError("the document is nested too deeply to be a network") from None
    except ValueError as error:
        raise FormatError(f"the file is not JSON, or is cut short: {error}") from None


class _Number(str):
    """A JSON number as the file writes it."""

    __slots__ = ()


def _constant(name: str) -> NoReturn:
    raise FormatError(f"{name} is not a number; every number must be finite")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise FormatError(f"key {key!r} is in one object twice; each key is expected once")
        members[key] = value
    return members


class _DocumentReader:
    """Reads a document from the top down, and checks types and keys.

    Attributes:
        bits: how many more binary digits the numbers may have.
    """

    def __init__(self) -> None:
        self.bits = _MAX_BITS

    def network(self, document: Any) -> Network:
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise FormatError(f'the document is not a network; an object with "format": "{FORMAT}" is expected')
        version = document.get("version")
        if not isinstance(version, _Number) or version != str(VERSION):
            raise FormatError(f"version is {_described(version)}; this program reads version {VERSION}")
        _keys(document, "the document", {"format", "version", "layers"}, {"rationalizations"})
        entries = _list(document["layers"], "layers")
        layers: list[Layer] = []
        for k, entry in enumerate(entries):
            layers.append(self.layer(entry, f"layers[{k}]", relu=k < len(entries) - 1))
            if k and layers[k].inputs != layers[k - 1].outputs:
                raise FormatError(
                    f"layers[{k}].weight has rows of length {layers[k].inputs}; length {layers[k - 1].outputs}, the number of "
                    f"outputs of layers[{k - 1}], is expected"
                )
        records = _list(document.get("rationalizations", []), "rationalizations")
        return Network(
            tuple(layers), tuple(self.rationalization(entry, f"rationalizations[{k}]") for k, entry in enumerate(records))
        )

    def layer(self, entry: Any, what: str, *, relu: bool) -> Layer:
        _keys(entry, what, {"weight"}, {"bias", "relu"})
        rows = _list(entry["weight"], f"{what}.weight")
        weight = Matrix.of([self.numbers(row, f"{what}.weight[{k}]") for k, row in enumerate(rows)], f"{what}.weight")
        bias = self.numbers(entry["bias"], f"{what}.bias") if "bias" in entry else None
        mask = entry.get("relu", relu)
        if not isinstance(mask, bool):
            for k, unit in enumerate(_list(mask, f"{what}.relu")):
                if not isinstance(unit, bool):
                    raise FormatError(f"{what}.relu[{k}] is {_described(unit)}; true or false is expected")
        return Layer.of(weight, bias, relu=mask, what=what)

    def rationalization(self, entry: Any, what: str) -> Rationalization:
        _keys(entry, what, {"expression", "value", "error"}, set())
        if not isinstance(entry["expression"], str) or isinstance(entry["expression"], _Number):
            raise FormatError(f"{what}.expression is {_described(entry['expression'])}; a string is expected")
        value, error = (exact(self.number(entry[key], f"{what}.{key}"), f"{what}.{key}") for key in ("value", "error"))
        if error < 0:
            raise FormatError(f"{what}.error is {text(error)}; a number from 0 is expected")
        return Rationalization(entry["expression"], value, error)

    def numbers(self, entries: Any, what: str) -> list[Fraction]:
        return [self.number(entry, f"{what}[{k}]") for k, entry in enumerate(_list(entries, what))]

    def number(self, entry: Any, what: str) -> Fraction:
        if not isinstance(entry, str):
            raise FormatError(f'{what} is {_described(entry)}; a number such as "1/3", "-0.1" or 3 is expected')
        value = algebraic(str(entry), what)
        self.bits -= value.numerator.bit_length() + value.denominator.bit_length()
        if self.bits < 0:
            raise FormatError(f"the numbers up to {what} take more than {_MAX_BITS // 2**33} GiB, which is the limit")
        return value


def _keys(entry: Any, what: str, required: set[str], optional: set[str]) -> None:
    if not isinstance(entry, dict):
        raise FormatError(f"{what} is {_described(entry)}; an object is expected")
    if missing := required - entry.keys():
        raise FormatError(f"{what} lacks the key {min(missing)!r}; keys are {', '.join(sorted(required | optional))}")
    if unknown := entry.keys() - required - optional:
        raise FormatError(f"{what} has the unknown key {min(unknown)!r}; keys are {', '.join(sorted(required | optional))}")


def _list(entry: Any, what: str) -> list[Any]:
    if not isinstance(entry, list):
        raise FormatError(f"{what} is {_described(entry)}; a list is expected")
    return entry


def _described(entry: Any) -> str:
    """Return a JSON value as error messages show it."""
    if isinstance(entry, (dict, list)):
        return "an object" if isinstance(entry, dict) else "a list"
    return str(entry) if isinstance(entry, _Number) else json.dumps(entry)
