"""The certificate format: lines of JSON, read one by one, each validated; and how they are written."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from exactzones.errors import FormatError
from exactzones.rational import integer, text
from exactzones.rational.float_formats import REAL

FORMAT, VERSION = "exactzones certificate", 1
_LONGEST_HEADER, _LONGEST_NODE = 1 << 26, 1 << 24  # bytes; reading a line takes up to 35 times its length in memory
_LONGEST_NUMBER = 20_000  # characters
_LONGEST_TEXTS = 1 << 16  # characters of all multipliers of a hint, whose sum grows with every new denominator
_MOST_BITS = 1024


class Hint(NamedTuple):  # there are millions of these, and a named tuple is created faster than a dataclass
    """The choices with which a bound is computed; every choice gives a true bound.

    A multiplier is an int m, which means ``m / 2^32``, or a Fraction, which is the multiplier itself; it is >= 0.

    Attributes:
        rows: numbers of rows.
        multipliers: the multipliers of these rows.
        betas: (unit, upper, multiplier): multiples of known bounds of units.
        alphas: (unit, lower slope times 2^8, from 0 to 2^8).
    """

    rows: tuple[int, ...] = ()
    multipliers: tuple[int | Fraction, ...] = ()
    betas: tuple[tuple[int, int, int | Fraction], ...] = ()
    alphas: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(
        cls,
        pairs: Iterable[tuple[int, int | Fraction]],
        betas: Iterable[tuple[int, int, int | Fraction]] = (),
        alphas: Iterable[tuple[int, int]] = (),
    ) -> Hint:
        """Return the hint with these (row, multiplier) pairs."""
        rows, multipliers = tuple(zip(*pairs, strict=True)) or ((), ())
        return cls(rows, multipliers, tuple(betas), tuple(alphas))


_NO_HINT = Hint()


class Bound(NamedTuple):
    """A bound of a unit on a region, which the checker is to compute.

    Attributes:
        unit: number of the unit: inputs first, then the hidden units layer by layer.
        upper: whether it is an upper bound.
        exact: whether it is computed in rational numbers; otherwise in fixed-point numbers, rounded outward.
        hint: the choices with which it is computed.
    """

    unit: int
    upper: bool
    exact: bool
    hint: Hint


class Refutation(NamedTuple):
    """Why the conditions of a case cannot hold together on a region.

    Attributes:
        mu: pairs (condition, multiplier): the combination of conditions that is not positive on the region.
        hint: the choices with which its bound is computed.
        exact: whether it is computed in rational numbers.
    """

    mu: tuple[tuple[int, int], ...] = ()
    hint: Hint = _NO_HINT
    exact: bool = False


@dataclass(frozen=True)
class Node:
    """A region of a tree: bounds to be computed there, and what happens to the region.

    Attributes:
        number: roots are numbered from 0; each node that splits gives its two children the next two numbers.
        bounds: those of units to be computed, in the order of layers.
        kind: ``relu`` (split by hidden unit ``at``), ``cut`` (split by input ``at`` at ``where``), ``no`` (the conditions cannot
            hold together, by ``refutations``) or ``zone`` (the region lies in zone ``at``, by the bounds ``also``).
        at: a unit, an input or a zone.
        where: the place of a cut, times 2^bits.
        refutations: for ``no``, one for each case that the tree is about.
        also: for ``zone``, bounds that are computed last and serve this test only.
    """

    number: int
    bounds: tuple[Bound, ...]
    kind: str
    at: int = 0
    where: int = 0
    refutations: tuple[Refutation, ...] = ()
    also: tuple[Bound, ...] = ()

    @property
    def splits(self) -> bool:
        """Whether the node divides its region into two children."""
        return self.kind in {"relu", "cut"}


@dataclass(frozen=True)
class Header:
    """The first line of a certificate.

    Attributes:
        verdict: what the certificate proves, according to its writer; for people only.
        network: SHA-256 of the network's exact weights.
        arithmetic: in which the network is evaluated; ``real`` if the line does not say.
        bits: number of fractional bits of fixed-point numbers.
        cases: number of cases of the claim.
        case: number of the case that holds at ``witness``.
        trees: the cases that each tree is about; None if each case has a tree of its own.
        witness: a point, if the certificate proves that a case can hold.
        zones: pattern and witness of each listed zone.
    """

    verdict: str
    network: str
    arithmetic: str
    bits: int
    cases: int
    case: int
    trees: tuple[tuple[int, ...], ...] | None
    witness: tuple[Fraction, ...] | None
    zones: tuple[tuple[tuple[str, ...], tuple[Fraction, ...]], ...]


def lines_of(path: str | Path) -> Iterator[str]:
    """Yield the lines of a certificate file, plain or gzip.

    Raises:
        FormatError: the file cannot be read or is damaged, or a line exceeds the limit for certificates.
    """
    try:
        with Path(path).open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else Path(path).open("rb") as stream:
            most = _LONGEST_HEADER
            while line := stream.readline(most + 1):
                if len(line) > most:
                    raise FormatError(f"{path}: a line is longer than {most} bytes, the limit for certificates")
                yield line.decode()
                most = _LONGEST_NODE
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{path}: not a certificate, or truncated ({error})") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error})") from None


def read_header(line: str) -> Header:
    """Read the first line.

    Raises:
        FormatError: the line is not the first line of a certificate of this version.
    """
    data = _json(line, "the header")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FormatError(f'not a certificate: the first line is not {{"format": "{FORMAT}", ..}}')
    if type(data.get("version")) is not int or data["version"] != VERSION:  # true is not a number
        raise FormatError(f"the certificate has version {_shown(data.get('version'))}; this checker reads version {VERSION}")
    zones = data.get("zones", [])
    if not isinstance(zones, list) or not all(isinstance(z, list) and len(z) == 2 and isinstance(z[0], list) for z in zones):
        raise FormatError("header: zones must be a list of [pattern, witness]")
    witness = data.get("witness")
    trees = data.get("trees")
    if trees is not None and (not isinstance(trees, list) or not all(isinstance(tree, list) and tree for tree in trees)):
        raise FormatError("header: trees must be a list of non-empty lists of cases")
    return Header(
        verdict=_text(data.get("verdict"), "verdict"),
        network=_text(data.get("network"), "network"),
        arithmetic=_text(data.get("arithmetic", REAL), "arithmetic"),
        bits=_whole(data.get("bits", 24), "bits", 16, _MOST_BITS),
        cases=_whole(data.get("cases", 1), "cases", 0, 1 << 31),
        case=_whole(data.get("case", 0), "case", 0, 1 << 31),
        trees=None if trees is None else tuple(tuple(_whole(case, "case") for case in tree) for tree in trees),
        witness=None if witness is None else _read_point(witness),
        zones=tuple((tuple(_text(part, "pattern") for part in pattern), _read_point(point)) for pattern, point in zones),
    )


def read_node(line: str) -> Node:
    """Read one node: ``[number, [bound, ..], tail]``, as proofs/certificate.md describes.

    Raises:
        FormatError: it is not a node.
    """
    data = _json(line, "a node")
    if not isinstance(data, list) or len(data) != 3 or not isinstance(data[1], list) or not isinstance(data[2], list):
        raise FormatError("a node must be [number, [bound, ..], tail]")
    number = _whole(data[0], "number of a node")
    bounds = tuple(_read_bound(entry) for entry in data[1])
    match data[2]:
        case ["relu", at]:
            return Node(number, bounds, "relu", _whole(at, "unit"))
        case ["cut", at, where]:
            return Node(number, bounds, "cut", _whole(at, "input"), _whole(where, "cut", None))
        case ["zone", at, also] if isinstance(also, list):
            return Node(number, bounds, "zone", _whole(at, "zone"), also=tuple(_read_bound(entry) for entry in also))
        case ["no", *entries] if entries and len(entries) % 3 == 0:
            triples = zip(entries[::3], entries[1::3], entries[2::3], strict=True)
            return Node(number, bounds, "no", refutations=tuple(starmap(_read_refutation, triples)))
    raise FormatError(
        'a node\'s tail must be ["relu", unit], ["cut", input, place], ["zone", zone, bounds] '
        'or ["no", exact, multipliers, hint, ..], '
        f"not [{', '.join(map(_shown, data[2][:3]))} ..]"
    )


def write_header(
    network: str,
    bits: int,
    cases: int,
    verdict: str,
    *,
    arithmetic: str = REAL,
    trees: Sequence[Sequence[int]] | None = None,
    witness: tuple[int, Sequence[Fraction]] | None = None,
    zones: Iterable[tuple[Sequence[str], Sequence[Fraction]]] = (),
) -> str:
    """Return the first line of a proof or, if there is a witness ``(case, point)``, of a witness."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "verdict": verdict,
        "network": network,
        "bits": bits,
        "cases": cases,
    }
    if arithmetic != REAL:
        data["arithmetic"] = arithmetic
    if witness is not None:
        data |= {"case": witness[0], "witness": list(map(text, witness[1]))}
    elif trees is not None and [*map(list, trees)] != [[k] for k in range(cases)]:
        data["trees"] = list(map(list, trees))
    data["zones"] = [[list(pattern), list(map(text, point))] for pattern, point in zones]
    return json.dumps(data)


def write_node(node: Node) -> str:
    """Return the line of a node."""

    def bound_entries(bounds: Iterable[Bound]) -> list[Any]:
        return [[4 * bound.unit + 2 * bound.exact + bound.upper, *_hint_entries(bound.hint)] for bound in bounds]

    tail: list[Any] = [node.kind, node.at]
    if node.kind == "cut":
        tail.append(node.where)
    elif node.kind == "zone":
        tail.append(bound_entries(node.also))
    elif node.kind == "no":
        tail = ["no"]
        for mu, hint, exact in node.refutations:
            tail += [int(exact), [entry for pair in mu for entry in pair], _hint_entries(hint)]
    return json.dumps([node.number, bound_entries(node.bounds), tail], separators=(",", ":"))


def renumbered(line: str, numbers: Sequence[int] | Mapping[int, int]) -> str:
    """Return the line of a node with ``numbers[k]`` in place of its number k."""
    number, rest = line[1:].split(",", 1)
    return f"[{numbers[int(number)]},{rest}"


def _hint_entries(hint: Hint) -> list[Any]:
    rows = [entry for row, m in zip(hint.rows, hint.multipliers, strict=True) for entry in (row, _text_of(m))]
    if not hint.betas and not hint.alphas:
        return rows
    betas = [entry for unit, upper, m in hint.betas for entry in (2 * unit + upper, _text_of(m))]
    return [*rows, betas, [entry for pair in hint.alphas for entry in pair]]


def _text_of(multiplier: int | Fraction) -> int | str:
    return multiplier if type(multiplier) is int else text(multiplier)  # asking for Fraction is slow


def _read_bound(entry: Any) -> Bound:
    if not isinstance(entry, list) or not entry:
        raise FormatError("a bound must be [4 unit + 2 exact + upper, row, multiplier, .., [betas], [alphas]]")
    if (
        set(map(type, entry)) == {int} and len(entry) % 2 and min(entry) >= 0
    ):  # rows and whole numbers only, as most are: a fast path
        hint = Hint(tuple(entry[1::2]), tuple(entry[2::2]))
    else:
        hint = _read_hint(entry[1:])
    code = _whole(entry[0], "bound")
    return Bound(code >> 2, bool(code & 1), bool(code & 2), hint)


def _read_refutation(exact: Any, mu: Any, hint: Any) -> Refutation:
    if not isinstance(mu, list) or not isinstance(hint, list):
        raise FormatError("a refutation must be: exact, [condition, multiplier, ..], hint")
    pairs = tuple((_whole(k, "condition"), _whole(m, "multiplier of a condition")) for k, m in _pairs(mu))
    return Refutation(pairs, _read_hint(hint), _whole(exact, "exact", 0, 1) == 1)


def _read_hint(entries: list[Any]) -> Hint:
    betas: list[Any] = []
    alphas: list[Any] = []
    if len(entries) >= 2 and isinstance(entries[-1], list) and isinstance(entries[-2], list):
        *entries, betas, alphas = entries
    if sum(len(m) for m in (*entries, *betas) if isinstance(m, str)) > _LONGEST_TEXTS:
        raise FormatError(f"a hint has multipliers of more than {_LONGEST_TEXTS} characters in all, the limit for certificates")
    rows = ((_whole(row, "row"), _multiplier(m)) for row, m in _pairs(entries))
    known = ((c >> 1, c & 1, _multiplier(m)) for c, m in ((_whole(c, "unit"), m) for c, m in _pairs(betas)))
    slopes = ((_whole(unit, "unit"), _whole(slope, "slope", 0, 256)) for unit, slope in _pairs(alphas))
    return Hint.of(rows, known, slopes)


def _pairs(entries: list[Any]) -> Iterator[tuple[Any, Any]]:
    if len(entries) % 2:
        raise FormatError("a list of pairs has an odd number of entries")
    return zip(entries[::2], entries[1::2], strict=True)


def _multiplier(value: Any) -> int | Fraction:
    if isinstance(value, str):
        multiplier = _fraction(value)
        if multiplier < 0:
            raise FormatError("a multiplier is negative")
        return multiplier
    return _whole(value, "multiplier")


def _whole(value: Any, what: str, least: int | None = 0, most: int | None = None) -> int:
    if type(value) is not int or (least is not None and value < least) or (most is not None and value > most):
        span = "" if least is None else f" from {least}" + ("" if most is None else f" to {most}")
        raise FormatError(f"{what} is {_shown(value)}; expected an integer{span}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{what} is {_shown(value)}; expected a string")
    return value


def _fraction(value: Any) -> Fraction:
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        numerator, _, denominator = value.partition("/")
        try:
            return Fraction(integer(numerator), integer(denominator or "1"))
        except (ValueError, ZeroDivisionError):
            pass
    raise FormatError(f'{_shown(value)} is not a rational number as a string, such as "-3/4"') from None


def _read_point(value: Any) -> tuple[Fraction, ...]:
    if not isinstance(value, list):
        raise FormatError(f"a point is {_shown(value)}; expected a list of numbers")
    return tuple(_fraction(entry) for entry in value)


def _json(line: str, what: str) -> Any:
    try:
        return json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{what} is not JSON, or is truncated: {str(error)[:80]}") from None


def _shown(value: Any) -> str:
    """Return a short text for any value."""
    return type(value).__name__ if isinstance(value, (list, dict)) else repr(value[:40] if isinstance(value, str) else value)[:60]


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float, but certificates contain integers and strings only")
