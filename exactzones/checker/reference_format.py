"""How the reference checker reads a certificate: line by line, every field checked before any rule sees it.

The rules are in ``reference``.  The fast checker reads by ``certificate``; no code is shared.  A line that does not follow the
format raises ``Broken``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, chain, islice
from typing import Any

from exactzones.errors import quoted
from exactzones.rational import integer

_LONGEST_NUMBER = 20_000  # characters


class Broken(Exception):
    """A rule is broken."""


@dataclass
class PlainHeader:
    """The first line: version, arithmetic, fractional bits, number of cases, trees (None: one each), witness, its case, zones."""

    version: int
    network: str
    arithmetic: str
    bits: int
    cases: int
    case: int
    trees: list[list[int]] | None
    witness: list[Fraction] | None
    zones: list[tuple[list[str], list[Fraction]]]

    @classmethod
    def read(cls, line: str) -> PlainHeader:
        """Read the line; every field is checked, whether it is needed or not.

        Raises:
            Broken: it is not the first line of a certificate of version 1 or 2.
        """
        data = read_line(line)
        if data["format"] != "exactzones certificate" or type(data["version"]) is not int or data["version"] not in (1, 2):
            raise Broken("it is not a certificate of version 1 or 2")
        as_text(data["verdict"])
        bits, cases = as_integer(data.get("bits", 24), 16, 1024), as_integer(data.get("cases", 1), most=2**31)
        case, trees, witness = as_integer(data.get("case", 0), most=2**31), data.get("trees"), data.get("witness")
        trees = None if trees is None else [[as_integer(k) for k in as_list(tree)] for tree in as_list(trees)]
        if trees is not None and not all(trees):
            raise Broken("a tree is about no case")
        zones = []
        for zone in as_list(data.get("zones", [])):
            pattern, point = as_list(zone)
            zones.append(([as_text(part) for part in as_list(pattern)], as_point(point)))
        return cls(
            data["version"],
            as_text(data["network"]),
            as_text(data.get("arithmetic", "real")),
            bits,
            cases,
            case,
            trees,
            witness=None if witness is None else as_point(witness),
            zones=zones,
        )

    def trees_about(self, cases: int) -> list[list[int]]:
        """Return the numbers of the cases that each tree is about, for a claim of so many cases."""
        if self.cases != cases or (self.zones and cases != 1):
            raise Broken("its number of cases is wrong")
        patterns = ["".join(pattern) for pattern, _ in self.zones]
        if len(set(patterns)) < len(patterns):
            raise Broken("two of its zones have the same pattern")
        trees = [[k] for k in range(cases)] if self.trees is None else self.trees
        if sorted(chain(*trees)) != list(range(cases)):
            raise Broken("its trees are not about each case once")
        return trees


def read_line(line: str) -> Any:
    """Return what a line of JSON says; floats are refused."""

    def refuse(text: str) -> Any:
        raise Broken(f"{quoted(text, 40)} is a float, but certificates contain integers and strings only")

    return json.loads(line, parse_float=refuse, parse_constant=refuse)


def read_node(line: str, version: int) -> Any:
    """Return what a node's line says, in the form of version 1.

    Raises:
        Broken: it is neither in the form of version 1 nor, in a file of version 2, in columns.
    """
    data = read_line(line)
    if version == 1 or len(data) == 3:
        return data
    number, units, (kind, *rest), groups = data
    codes = list(accumulate(map(as_difference, as_list(units))))
    more = list(accumulate(map(as_difference, as_list(rest[1])))) if kind == "zone" else []
    pairs = as_pairs(rest) if kind == "no" else []
    count = len(codes) + len(more) + len(pairs)
    if len(as_list(groups)) > 3:
        raise Broken("a node has more than three groups of columns")
    columns = [_entries(group, count) for group in (*groups, *[[]] * (3 - len(groups)))]
    hints = [[*rows, betas, slopes] for rows, betas, slopes in zip(*columns, strict=True)]
    bounds = [[code, *hint] for code, hint in zip((*codes, *more), hints, strict=False)]
    tail = [kind, *rest]
    if kind == "zone":
        tail = [kind, rest[0], bounds[len(codes) :], *rest[2:]]
    elif kind == "no":
        last = zip(pairs, hints[len(codes) :], strict=True)
        tail = [kind, *chain.from_iterable((*pair, hint) for pair, hint in last)]
    return [number, bounds[: len(codes)], tail]


def _entries(group: Any, count: int) -> list[list[Any]]:
    """Return for each hint the flat list ``[key, number, key, number, ..]`` that a group of columns stands for."""
    if as_list(group) == []:
        return [[] for _ in range(count)]
    counts, keys, numbers, shifts = map(as_list, group)
    lengths = {sum(map(as_integer, counts)), len(keys), len(numbers), len(shifts or numbers)}
    if len(counts) != count or len(lengths) > 1:
        raise Broken("columns of wrong lengths")
    left = zip(map(as_difference, keys), numbers, shifts or [0] * len(numbers), strict=True)
    found = []
    for length in counts:
        key, entries = 0, []
        for difference, number, shift in islice(left, length):
            key += difference
            entries += [key, number if as_integer(shift, most=255) == 0 else as_integer(number, most=2**40) << shift]
        found.append(entries)
    return found


def as_difference(value: Any) -> int:
    """Return an integer that is added to the one before it in a column."""
    if type(value) is not int or abs(value) > 2**40:
        raise Broken(f"{quoted(value, 40)} is not an integer from -2^40 to 2^40")
    return value


def as_integer(value: Any, least: int = 0, most: int | None = None) -> int:
    """Return an integer within limits."""
    if type(value) is not int or value < least or (most is not None and value > most):
        raise Broken(f"{quoted(value, 40)} is not an integer from {least}{'' if most is None else f' to {most}'}")
    return value


def as_pairs(entries: Any) -> list[tuple[Any, Any]]:
    """Return a flat list ``[a, b, c, d, ..]`` as pairs ``(a, b), (c, d), ..``."""
    return list(zip(as_list(entries)[::2], as_list(entries)[1::2], strict=True))


def as_multiplier(value: Any) -> Fraction:
    """Return a multiplier: exact as text, or an integer that counts 2^-32."""
    multiplier = as_fraction(value) if isinstance(value, str) else Fraction(as_integer(value), 2**32)
    if multiplier < 0:
        raise Broken("a multiplier is negative")
    return multiplier


def as_fraction(text: str) -> Fraction:
    """Return the number that a text p or p/q says."""
    if len(text) > _LONGEST_NUMBER:
        raise Broken(f"a number has more than {_LONGEST_NUMBER} characters")
    numerator, _, denominator = text.partition("/")
    return Fraction(integer(numerator), integer(denominator or "1"))


def as_point(entries: Any) -> list[Fraction]:
    """Return a point from a list of texts."""
    return [as_fraction(entry) for entry in as_list(entries)]


def as_list(value: Any) -> list[Any]:
    """Return a list."""
    if not isinstance(value, list):
        raise Broken(f"{quoted(value, 40)} is not a list")
    return value


def as_text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise Broken(f"{quoted(value, 40)} is not a string")
    return value
