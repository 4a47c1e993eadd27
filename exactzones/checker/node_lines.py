"""The lines of a certificate's nodes: how they are read, each entry validated, and how they are written.

A line of version 1 has each bound with its hint.  A line of version 2 stands for one of version 1: it has the same numbers in
columns, which compress better and are read faster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, chain, starmap
from operator import add, sub
from typing import Any

from exactzones.checker.certificate import VERSION, Bound, Hint, Node, Refutation
from exactzones.checker.entries import json_of, multiplier, pairs, shown, whole
from exactzones.errors import FormatError
from exactzones.rational import text

_LONGEST_TEXTS = 1 << 16  # characters of all multipliers of a hint, whose sum grows with every new denominator
_MOST_SHIFT = 255
_LARGEST = 1 << 40  # number in a column that counts something: so that sums of all are short
_GROUPS = 3  # of columns: rows, betas, slopes
_STEEPEST = 256  # slope
_TAILS = {
    1: '["relu", unit], ["cut", input, place], ["zone", zone, bounds] or ["no", exact, multipliers, hint, ..]',
    2: '["relu", unit], ["cut", input, place], ["zone", zone, units] or ["no", exact, multipliers, ..]',
}


def read_node(line: str, version: int = VERSION) -> Node:
    """Read one node, as proofs/certificate.md describes.

    Args:
        line: of a file.
        version: of the file; one of version 2 may have lines of version 1.

    Raises:
        FormatError: it is not a node.
    """
    data = json_of(line, "a node")
    if isinstance(data, list) and version > 1 and [isinstance(part, list) for part in data] == [False, True, True, True]:
        return _from_columns(*data)
    if not isinstance(data, list) or len(data) != 3 or not isinstance(data[1], list) or not isinstance(data[2], list):
        raise FormatError("a node must be [number, [bound, ..], tail]" + " or [number, units, tail, columns]" * (version > 1))
    number = whole(data[0], "number of a node")
    bounds = tuple(_read_bound(entry) for entry in data[1])
    match data[2]:
        case ["zone", at, also] if isinstance(also, list):
            return Node(number, bounds, "zone", whole(at, "zone"), also=tuple(_read_bound(entry) for entry in also))
        case ["no", *entries] if entries and len(entries) % 3 == 0:
            triples = zip(entries[::3], entries[1::3], entries[2::3], strict=True)
            read = ((exact, mu, _read_hint(hint)) for exact, mu, hint in triples)
            return Node(number, bounds, "no", refutations=tuple(starmap(_read_refutation, read)))
    return _split(number, bounds, data[2], 1)


def _split(number: int, bounds: tuple[Bound, ...], tail: list[Any], version: int) -> Node:
    """Return a node that splits its region."""
    match tail:
        case ["relu", at]:
            return Node(number, bounds, "relu", whole(at, "unit"))
        case ["cut", at, where]:
            return Node(number, bounds, "cut", whole(at, "input"), whole(where, "cut", None))
    raise FormatError(f"a node's tail must be {_TAILS[version]}, not [{', '.join(map(shown, tail[:3]))} ..]")


# Version 1.


def _read_bound(entry: Any) -> Bound:
    if not isinstance(entry, list) or not entry:
        raise FormatError("a bound must be [4 unit + 2 exact + upper, row, multiplier, .., [betas], [alphas]]")
    if (
        set(map(type, entry)) == {int} and len(entry) % 2 and min(entry) >= 0
    ):  # rows and whole numbers only, as most are: a fast path
        hint = Hint(tuple(entry[1::2]), tuple(entry[2::2]))
    else:
        hint = _read_hint(entry[1:])
    return _bound(whole(entry[0], "bound"), hint)


def _bound(code: int, hint: Hint) -> Bound:
    return Bound(code >> 2, bool(code & 1), bool(code & 2), hint)


def _read_refutation(exact: Any, mu: Any, hint: Hint) -> Refutation:
    if not isinstance(mu, list):
        raise FormatError("a refutation must be: exact, [condition, multiplier, ..], hint")
    combined = tuple((whole(k, "condition"), whole(m, "multiplier of a condition")) for k, m in pairs(mu))
    return Refutation(combined, hint, whole(exact, "exact", 0, 1) == 1)


def _read_hint(entries: Any) -> Hint:
    if not isinstance(entries, list):
        raise FormatError("a refutation must be: exact, [condition, multiplier, ..], hint")
    betas: list[Any] = []
    alphas: list[Any] = []
    if len(entries) >= 2 and isinstance(entries[-1], list) and isinstance(entries[-2], list):
        *entries, betas, alphas = entries
    _require_short(chain(entries, betas))
    rows = ((whole(row, "row"), multiplier(m)) for row, m in pairs(entries))
    known = ((c >> 1, c & 1, multiplier(m)) for c, m in ((whole(c, "unit"), m) for c, m in pairs(betas)))
    slopes = ((whole(unit, "unit"), whole(slope, "slope", 0, 256)) for unit, slope in pairs(alphas))
    return Hint.of(rows, known, slopes)


def _require_short(multipliers: Iterable[Any]) -> None:
    if sum(len(m) for m in multipliers if isinstance(m, str)) > _LONGEST_TEXTS:
        raise FormatError(f"a hint has multipliers of more than {_LONGEST_TEXTS} characters in all, the limit for certificates")


# Version 2.


def _from_columns(number: Any, units: list[Any], tail: list[Any], columns: list[Any]) -> Node:
    """Read a line of version 2."""
    codes, also, claims, is_zone = [*accumulate(_integers(units))], [], [], False
    match tail:
        case ["zone", _, more] if isinstance(more, list):
            also, is_zone = [*accumulate(_integers(more))], True
        case ["no", *entries] if entries and len(entries) % 2 == 0:
            claims = [*pairs(entries)]
    hints = _read_hints(columns, len(codes) + len(also) + len(claims))
    if min(codes + also, default=0) < 0:
        raise FormatError("a bound of a unit with a negative number")
    bounds, last, at = tuple(map(_bound, codes, hints)), hints[len(codes) :], whole(number, "number of a node")
    if claims:
        read = ((exact, mu, hint) for (exact, mu), hint in zip(claims, last, strict=True))
        return Node(at, bounds, "no", refutations=tuple(starmap(_read_refutation, read)))
    if is_zone:
        return Node(at, bounds, "zone", whole(tail[1], "zone"), also=tuple(map(_bound, also, last)))
    return _split(at, bounds, tail, 2)


def _read_hints(columns: list[Any], count: int) -> list[Hint]:
    """Return so many hints from columns."""
    if len(columns) > _GROUPS:
        raise FormatError(f"a node has {len(columns)} groups of columns; expected at most {_GROUPS}: of rows, betas and slopes")
    (rows, multipliers), (betas, multiples), (units, slopes) = (
        _read_group(group, count) for group in (*columns, *[[]] * (_GROUPS - len(columns)))
    )
    for numbers in filter(_has_texts, map(add, multipliers, multiples)):
        _require_short(numbers)
    if any(type(slope) is not int or slope > _STEEPEST for slope in chain(*slopes)):
        raise FormatError(f"a slope is not an integer from 0 to {_STEEPEST}")
    return [
        Hint(
            of_hint,
            tuple(map(multiplier, numbers)) if _has_texts(numbers) else numbers,
            tuple((code >> 1, code & 1, multiplier(m)) for code, m in zip(known, some, strict=True)) if known else (),
            tuple(zip(sloped, values, strict=True)) if sloped else (),
        )
        for of_hint, numbers, known, some, sloped, values in zip(rows, multipliers, betas, multiples, units, slopes, strict=True)
    ]


def _has_texts(numbers: Iterable[Any]) -> bool:
    return str in map(type, numbers)


def _read_group(group: Any, count: int) -> tuple[list[tuple[int, ...]], list[tuple[Any, ...]]]:
    """Return the keys and the numbers of so many hints from four columns: counts, differences of keys, numbers, shifts."""
    if group == []:
        return [()] * count, [()] * count
    if not isinstance(group, list) or len(group) != 4 or not all(isinstance(column, list) for column in group):
        raise FormatError("a group of columns must be [] or [counts, keys, numbers, shifts]")
    counts, keys, numbers, shifts = group
    if len(counts) != count or min(_integers(counts), default=0) < 0:
        raise FormatError(f"a node has {count} hints, but {len(counts)} counts, or a negative count")
    if not sum(counts) == len(_integers(keys)) == len(numbers) or len(shifts) not in (0, len(numbers)):
        raise FormatError("columns do not have the lengths that the counts say")
    if not set(map(type, numbers)) <= {int, str} or min((m for m in numbers if type(m) is int), default=0) < 0:
        raise FormatError("a multiplier is neither an integer >= 0 nor a string")
    if shifts:
        if min(_integers(shifts)) < 0 or max(shifts) > _MOST_SHIFT or any(map(_cannot_shift, numbers, shifts)):
            raise FormatError(f"a shift is not from 0 to {_MOST_SHIFT}, or a string or a number over 2^40 is shifted")
        numbers = [m << s if s else m for m, s in zip(numbers, shifts, strict=True)]
    ends = list(accumulate(counts))
    spans = list(map(slice, [0, *ends], ends))
    places = [tuple(accumulate(keys[span])) for span in spans]
    if min(map(min, filter(None, places)), default=0) < 0:
        raise FormatError("the number of a row or of a unit is negative")
    return places, [tuple(numbers[span]) for span in spans]


def _cannot_shift(number: int | str, shift: int) -> bool:
    return shift != 0 and (type(number) is not int or number > _LARGEST)


def _integers(column: list[Any]) -> list[int]:
    """Return a column of integers that count something."""
    if not set(map(type, column)) <= {int} or max(map(abs, column), default=0) > _LARGEST:
        raise FormatError(f"a column has an entry that is not an integer from -2^{_LARGEST.bit_length() - 1} on to its opposite")
    return column


# Writing.


def write_node(node: Node) -> str:
    """Return the line of a node, in version 2."""
    tail: list[Any] = [node.kind, node.at]
    if node.kind == "cut":
        tail.append(node.where)
    elif node.kind == "zone":
        tail.append(_code_differences(node.also))
    elif node.kind == "no":
        tail = ["no"]
        for mu, _, exact in node.refutations:
            tail += [int(exact), [entry for pair in mu for entry in pair]]
    hints = [bound.hint for bound in (*node.bounds, *node.also)] + [refutation.hint for refutation in node.refutations]
    columns = [
        _write_group([(hint.rows, hint.multipliers) for hint in hints]),
        _write_group([([2 * u + upper for u, upper, _ in hint.betas], [m for *_, m in hint.betas]) for hint in hints]),
        _write_group([([unit for unit, _ in hint.alphas], [slope for _, slope in hint.alphas]) for hint in hints], shifted=False),
    ]
    while columns and not columns[-1]:
        columns.pop()
    return json.dumps([node.number, _code_differences(node.bounds), tail, columns], separators=(",", ":"))


def _code_differences(bounds: Iterable[Bound]) -> list[int]:
    return _differences([4 * bound.unit + 2 * bound.exact + bound.upper for bound in bounds])


def _differences(numbers: Sequence[int]) -> list[int]:
    return list(map(sub, numbers, (0, *numbers)))


def _write_group(pairs: Sequence[tuple[Sequence[int], Sequence[int | Fraction]]], *, shifted: bool = True) -> list[list[Any]]:
    """Return the four columns of the keys and numbers of hints; none if all are empty."""
    numbers: list[Any] = [
        m if type(m) is int else text(m) for _, of_hint in pairs for m in of_hint
    ]  # asking for Fraction is slow
    if not numbers:
        return []
    shifts = [shift for _, of_hint in pairs for shift in _shifts(of_hint)] if shifted else []
    if any(shifts):
        numbers = [m >> s if s else m for m, s in zip(numbers, shifts, strict=True)]
    keys = [difference for places, _ in pairs for difference in _differences(places)]
    return [[len(places) for places, _ in pairs], keys, numbers, shifts if any(shifts) else []]


def _shifts(numbers: Sequence[int | Fraction]) -> list[int]:
    """Return by how much to shift each number of a hint: by as many zeros as all of them end with."""
    joined = 0
    for m in numbers:
        joined |= m if type(m) is int else 1
    shift = min((joined & -joined).bit_length() - 1, _MOST_SHIFT) if joined else 0
    return [shift if joined >> shift <= _LARGEST else 0] * len(numbers)


def renumbered(line: str, numbers: Sequence[int] | Mapping[int, int]) -> str:
    """Return the line of a node with ``numbers[k]`` in place of its number k."""
    number, rest = line[1:].split(",", 1)
    return f"[{numbers[int(number)]},{rest}"
