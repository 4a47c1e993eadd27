"""The certificate format: records of nodes, the lines of a file, and its first line; ``node_lines`` has the other lines."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from exactzones.checker.entries import fraction, json_of, shown, string, whole
from exactzones.errors import FormatError
from exactzones.rational import text
from exactzones.rational.float_formats import REAL

FORMAT, VERSION = "exactzones certificate", 2
_LONGEST_HEADER, _LONGEST_NODE = 1 << 26, 1 << 24  # bytes; reading a line takes up to 60 times its length in memory
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
        version: of the format.
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

    version: int
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
    data = json_of(line, "the header")
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FormatError(f'not a certificate: the first line is not {{"format": "{FORMAT}", ..}}')
    version = data.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:  # true is not a number
        raise FormatError(f"the certificate has version {shown(version)}; this checker reads versions 1 to {VERSION}")
    zones = data.get("zones", [])
    if not isinstance(zones, list) or not all(isinstance(z, list) and len(z) == 2 and isinstance(z[0], list) for z in zones):
        raise FormatError("header: zones must be a list of [pattern, witness]")
    witness = data.get("witness")
    trees = data.get("trees")
    if trees is not None and (not isinstance(trees, list) or not all(isinstance(tree, list) and tree for tree in trees)):
        raise FormatError("header: trees must be a list of non-empty lists of cases")
    return Header(
        version=version,
        verdict=string(data.get("verdict"), "verdict"),
        network=string(data.get("network"), "network"),
        arithmetic=string(data.get("arithmetic", REAL), "arithmetic"),
        bits=whole(data.get("bits", 24), "bits", 16, _MOST_BITS),
        cases=whole(data.get("cases", 1), "cases", 0, 1 << 31),
        case=whole(data.get("case", 0), "case", 0, 1 << 31),
        trees=None if trees is None else tuple(tuple(whole(case, "case") for case in tree) for tree in trees),
        witness=None if witness is None else _read_point(witness),
        zones=tuple((tuple(string(part, "pattern") for part in pattern), _read_point(point)) for pattern, point in zones),
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
    pieces: Sequence[Sequence[int]] = (),
) -> str:
    """Return the first line of a proof or, if there is a witness ``(case, point)``, of a witness.

    ``pieces`` are for the run that goes on with a proof which is not finished; checkers do not read them.
    """
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
    if pieces:
        data["pieces"] = pieces
    return json.dumps(data)


def _read_point(value: Any) -> tuple[Fraction, ...]:
    if not isinstance(value, list):
        raise FormatError(f"a point is {shown(value)}; expected a list of numbers")
    return tuple(fraction(entry) for entry in value)
