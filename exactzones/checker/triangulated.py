"""Check exact means and Betti numbers by a triangulation of the domain, in integers and fractions, without the engine.

The file lists simplices with numbered vertices.  These facts are checked, and no others are used:

1. All vertices lie in the domain, and no simplex is flat.
2. Every facet of a simplex is one of two simplices, on opposite sides, or lies on a side of the domain.  So the number of
   simplices around a point does not change where one crosses facets inside the domain.
3. The first simplex's barycentre lies in no other simplex.  So that number is 1: the simplices cover the domain once, and two of
   them meet in a common face.
4. On each simplex no unit with a ReLU, and no feature, has both signs at vertices.  So features and their ReLUs are affine there.

Integrals over a simplex then follow from the values at its vertices.  The sets on which a feature has one sign, or none, are
complexes of faces: {f >= t} and {f = t} themselves, and {f > t} up to homotopy.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import factorial, prod
from typing import Any, TypeAlias

from exactzones.checker.records import Case, Report, require_rational
from exactzones.errors import FormatError, one_line
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational import (
    Row,
    SparseRows,
    determinant,
    elementary_divisors,
    integer,
    integer_dot,
    over_common_denominator,
    sum_of_quotients,
    text,
)

FORMAT = "exactzones triangulation 1"
Simplex: TypeAlias = tuple[int, ...]
Chain: TypeAlias = dict[int, int]


@dataclass(frozen=True)
class NumbersClaim:
    """What the numbers of a file are about.

    Attributes:
        network: the network.
        layer: of the features, from 0.
        unit: the feature.
        threshold: that is subtracted from it.
        rows: integer rows ``b + a . x >= 0`` of the full-dimensional domain.
    """

    network: Network
    layer: int
    unit: int
    threshold: Fraction
    rows: Sequence[Row]


@dataclass(frozen=True)
class _Cover:
    """Simplices that cover the domain once, and the values of the features at their vertices."""

    vertices: Sequence[Row]
    simplices: Sequence[Simplex]
    values: Sequence[tuple[Fraction, ...]]

    @cached_property
    def sizes(self) -> list[Fraction]:
        """The volumes of the simplices."""
        return [_size([self.vertices[corner] for corner in simplex]) for simplex in self.simplices]

    def mean(self, features: Sequence[int], *, relu: bool = False) -> Fraction:
        """Return the mean of a feature, or of the product of two, before or after their ReLUs."""
        parts: list[Fraction] = []
        for size, simplex in zip(self.sizes, self.simplices, strict=True):
            values = [[self.values[corner][k] for corner in simplex] for k in features]
            if relu:
                values = [[max(value, Fraction(0)) for value in own] for own in values]
            count, products = len(simplex), prod(sum(own, start=Fraction(0)) for own in values)
            if len(features) == 1:
                parts.append(size * products / count)
            else:
                products += sum((a * b for a, b in zip(*values, strict=True)), start=Fraction(0))
                parts.append(size * products / (count * (count + 1)))
        return _total(parts) / _total(self.sizes)

    def share(self, *features: int) -> Fraction:
        """Return the share on which all of some features fire."""
        firing = [
            size
            for size, simplex in zip(self.sizes, self.simplices, strict=True)
            if all(any(self.values[corner][k] > 0 for corner in simplex) for k in features)
        ]
        return _total(firing) / _total(self.sizes)


class _RefusedError(Exception):
    """What is wrong with a file."""


def is_triangulation(line: str) -> bool:
    """Tell whether the first line of a file is that of a triangulation."""
    return line.startswith("{") and f'"format": "{FORMAT}"' in line


def check_triangulation(claim: NumbersClaim, lines: Iterable[str]) -> tuple[Report, dict[str, Any]]:
    """Return a report, and the numbers that a valid file proves.

    Args:
        claim: what the numbers are about; it never comes from the file.
        lines: of the file.

    Raises:
        InexactError: the claim has irrational numbers.
    """
    require_rational(claim.network, Case(SparseRows.of(claim.rows), Property(())))
    stream = iter(lines)
    try:
        header = _header(claim, stream)
        vertices = [_vertex(claim, _integers(stream, claim.network.inputs + 1)) for _ in range(header["vertices"])]
        simplices = [_integers(stream, claim.network.inputs + 1) for _ in range(header["simplices"])]
        values = _values(claim, header["with"], vertices, simplices)
        _check_cover(claim, vertices, simplices)
        numbers = _numbers(header, _Cover(vertices, simplices, values))
    except (_RefusedError, FormatError) as error:
        return Report.invalid(error), {}
    return Report("valid", f"the numbers of {header['kind']}", nodes=len(simplices)), numbers


def _header(claim: NumbersClaim, stream: Iterator[str]) -> dict[str, Any]:
    """Return the first line, which is about the claim's network and some features of the layer."""
    header: dict[str, Any] = _read(stream, dict)
    others, width = header.get("with"), claim.network.widths[claim.layer]
    if header.get("network") != claim.network.sha256:
        raise _RefusedError("the file is about another network (its SHA-256 differs)")
    if not isinstance(others, list) or not all(type(k) is int and 0 <= k < width for k in others):
        raise _RefusedError("a feature of the file does not exist")
    if not all(type(header.get(name)) is int and header[name] > 0 for name in ("vertices", "simplices")):
        raise _RefusedError("the number of vertices or of simplices is missing")
    return header


def _read(stream: Iterator[str], kind: type) -> Any:
    line = next(stream, "")
    try:
        value = json.loads(line, parse_int=integer)  # of any length
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise _RefusedError(f"the line is damaged or missing: {one_line(line, 40)!r}")
    return value


def _integers(stream: Iterator[str], length: int) -> Simplex:
    """Return a line of so many integers."""
    entries = _read(stream, list)
    if len(entries) != length or not all(type(entry) is int for entry in entries):
        raise _RefusedError(f"a line does not have {length} integers")
    return tuple(entries)


def _vertex(claim: NumbersClaim, vertex: Row) -> Row:
    """Return a vertex that lies in the domain."""
    if vertex[0] <= 0 or any(integer_dot(row, vertex) < 0 for row in claim.rows):
        raise _RefusedError("a vertex does not lie in the domain")
    return vertex


def _values(
    claim: NumbersClaim, others: Sequence[int], vertices: Sequence[Row], simplices: Sequence[Simplex]
) -> list[tuple[Fraction, ...]]:
    """Return the values of the features at the vertices, the threshold subtracted from the first; refuse mixed signs."""
    values, signs = [], []
    for vertex in vertices:
        layers = claim.network.trace([Fraction(entry, vertex[0]) for entry in vertex[1:]])[: claim.layer + 1]
        last = layers[-1]
        values.append((last[claim.unit] - claim.threshold, *[last[other] for other in others]))
        hidden = [layers[k][unit] for k in range(claim.layer) for unit in claim.network.layers[k].relu_units]
        signs.append([(value > 0) - (value < 0) for value in (*hidden, *values[-1])])
    for simplex in simplices:
        if not all(0 <= corner < len(vertices) for corner in simplex):
            raise _RefusedError("a vertex does not exist")
        if any({-1, 1} <= set(column) for column in zip(*[signs[corner] for corner in simplex], strict=True)):
            raise _RefusedError("a unit has both signs on a simplex")
    return values


def _check_cover(claim: NumbersClaim, vertices: Sequence[Row], simplices: Sequence[Simplex]) -> None:
    """Refuse simplices that do not cover the domain once."""
    facets: dict[Simplex, list[int]] = defaultdict(list)
    sides = [row for row in claim.rows if any(row)]  # a row of zeros is zero everywhere, but no side
    for simplex in simplices:
        sign = _orientation([vertices[corner] for corner in simplex])
        if not sign:
            raise _RefusedError("a simplex is flat")
        order = sorted(simplex)
        inversions = sum(a > b for a, b in itertools.combinations(simplex, 2))
        for k in range(len(order)):
            facets[*order[:k], *order[k + 1 :]].append(sign * (-1) ** (inversions + k))
    for facet, found in facets.items():
        outside = len(found) == 1 and any(all(not integer_dot(row, vertices[corner]) for corner in facet) for row in sides)
        if not outside and sorted(found) != [-1, 1]:
            raise _RefusedError("a facet is not shared by two simplices on opposite sides, nor on a side of the domain")
    first = [vertices[corner] for corner in simplices[0]]
    mean = [sum_of_quotients((corner[k], corner[0]) for corner in first) / len(first) for k in range(1, len(first[0]))]
    middle, common = over_common_denominator(mean)
    if any(_contains([vertices[corner] for corner in simplex], (common, *middle)) for simplex in simplices[1:]):
        raise _RefusedError("two simplices overlap")


def _orientation(corners: Sequence[Row]) -> int:
    value = determinant(corners)
    return int(value > 0) - int(value < 0)


def _contains(corners: Sequence[Row], point: Row) -> bool:
    """Tell whether a simplex contains a point: its sign never differs if the point takes the place of a corner."""
    sign = _orientation(corners)
    return all(_orientation([*corners[:k], point, *corners[k + 1 :]]) != -sign for k in range(len(corners)))


def _numbers(header: dict[str, Any], cover: _Cover) -> dict[str, Any]:
    """Return the numbers of the kind that a file is about, which must be those in the file."""
    kind, is_open = header.get("kind"), header.get("open")
    if kind == "measure":
        numbers = _measures(header["with"], cover)
    elif kind == "topology" and isinstance(is_open, bool):
        numbers = {"open": is_open, **_topology(cover, is_open=is_open)}
    else:
        raise _RefusedError("the file is neither about a measure nor about topology")
    if numbers != header.get("numbers"):
        raise _RefusedError("the numbers are not those of the simplices")
    return numbers


def _topology(cover: _Cover, *, is_open: bool) -> dict[str, Any]:
    """Return the homology of where the first feature fires, of the rest, and of the boundary."""
    signs = [(value[0] > 0) - (value[0] < 0) for value in cover.values]
    sets = {"firing": {1} if is_open else {0, 1}, "complement": {-1, 0} if is_open else {-1}, "boundary": {0}}
    return {name: _homology(cover, [sign in wanted for sign in signs]) for name, wanted in sets.items()}


def _measures(others: Sequence[int], cover: _Cover) -> dict[str, Any]:
    """Return the share, the means and the variances of the features, of a point that is uniform on the domain."""
    mean, mean_relu = cover.mean((0,)), cover.mean((0,), relu=True)
    found = {
        "share": cover.share(0),
        "mean": mean,
        "variance": cover.mean((0, 0)) - mean**2,
        "mean_relu": mean_relu,
        "variance_relu": cover.mean((0, 0), relu=True) - mean_relu**2,
    }
    pairs = {
        str(other): {
            "both_fire": text(cover.share(0, k)),
            "covariance_relu": text(cover.mean((0, k), relu=True) - mean_relu * cover.mean((k,), relu=True)),
        }
        for k, other in enumerate(others, start=1)
    }
    return {name: text(value) for name, value in found.items()} | {"with": pairs}


def _size(corners: Sequence[Row]) -> Fraction:
    """Return the volume of a simplex."""
    return Fraction(abs(determinant(corners)), prod(corner[0] for corner in corners) * factorial(len(corners) - 1))


def _total(parts: Iterable[Fraction]) -> Fraction:
    return sum_of_quotients((part.numerator, part.denominator) for part in parts)


def _homology(cover: _Cover, kept: Sequence[bool]) -> dict[str, Any]:
    """Return the homology of the complex of all faces with chosen vertices only."""
    dim = len(cover.vertices[0]) - 1
    faces: list[set[Simplex]] = [set() for _ in range(dim + 1)]
    for simplex in cover.simplices:
        inside = sorted(corner for corner in simplex if kept[corner])
        for size in range(1, len(inside) + 1):
            faces[size - 1].update(itertools.combinations(inside, size))
    divisors: list[list[int]] = [[]]
    for k in range(1, dim + 1):
        number = {face: j for j, face in enumerate(faces[k - 1])}
        boundary = [{number[face[:j] + face[j + 1 :]]: (-1) ** j for j in range(k + 1)} for face in faces[k]]
        divisors.append(_divisors(boundary))
    divisors.append([])
    return {
        "betti": [len(faces[k]) - len(divisors[k]) - len(divisors[k + 1]) for k in range(dim)],
        "torsion": [[entry for entry in divisors[k + 1] if entry > 1] for k in range(dim)],
        "euler": sum((-1) ** k * len(cells) for k, cells in enumerate(faces)),
    }


def _divisors(columns: Sequence[Chain]) -> list[int]:
    """Return the elementary divisors, other than 0, of a matrix: its ones first, by elimination with entries 1 and -1."""
    left = {j: dict(column) for j, column in enumerate(columns)}
    rows: dict[int, set[int]] = defaultdict(set)
    for j, column in left.items():
        for row in column:
            rows[row].add(j)
    ones, waiting = 0, list(left)
    while waiting:
        j = waiting.pop()
        units = [row for row, entry in left.get(j, {}).items() if abs(entry) == 1]
        if units:
            pivot = min(units, key=lambda row: len(rows[row]))
            own = left.pop(j)
            ones += 1
            for row in own:
                rows[row].discard(j)
            for other in list(rows.pop(pivot)):
                factor = left[other][pivot] * own[pivot]
                for row, entry in own.items():
                    value = left[other].get(row, 0) - factor * entry
                    if value:
                        left[other][row] = value
                        rows[row].add(other)
                    else:
                        left[other].pop(row, None)
                        rows[row].discard(other)
                waiting.append(other)
            rows.pop(pivot, None)
    number = {row: k for k, row in enumerate(sorted({row for column in left.values() for row in column}))}
    dense = [[column.get(row, 0) for row in number] for column in left.values() if column]
    return [1] * ones + elementary_divisors(dense)
