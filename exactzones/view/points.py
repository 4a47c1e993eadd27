"""Data points that are drawn with the zones: read exactly from a file, and placed in the space that is shown."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.affine import AffineMap
from exactzones.arguments import as_texts
from exactzones.errors import DimensionError, FormatError, InexactError
from exactzones.files import naming, read_bytes
from exactzones.formats.zones_json import row_texts
from exactzones.notation import counted
from exactzones.polyhedra.shapes import floats
from exactzones.rational import Vector, dot, entries, exact, index
from exactzones.rational.floats import clipped_float
from exactzones.spec import separator_hint
from exactzones.view.slices import foot
from exactzones.view.spaces import Data
from exactzones.zones import Zones
from exactzones.zones.union_parts import UnionParts

_MOST = 100_000
_NO_POINTS = "it holds no points; at least 1 is expected"


@dataclass(frozen=True)
class Points:
    """Points of an input space.

    Attributes:
        points: exact coordinates.
        labels: one per point, such as its class; or empty.
        names: names of the inputs; or empty.
    """

    points: tuple[Vector, ...]
    labels: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=())

    @property
    def has_numbers_as_labels(self) -> bool:
        """Whether all labels are numbers: they may be meant as one more coordinate."""
        return bool(self.labels) and all(map(_is_number, self.labels))

    @classmethod
    def of(cls, data: Any, labels: Sequence[Any] | None = None) -> Points:
        """Return points from an array or nested sequences of exact numbers.

        Raises:
            InexactError: an entry that is not a finite number.
            InputError: data or labels that are not sequences.
            DimensionError: the number of labels is not the number of points.
        """
        if isinstance(data, Points):
            return data if labels is None else replace(cls.of(data.points, labels), names=data.names)
        listed = entries(data, "data", "points, shape (points, inputs)")
        rows = tuple(
            tuple(
                exact(entry, f"coordinate {j} of data point {k}")
                for j, entry in enumerate(entries(row, f"data point {k}", "a sequence of numbers"))
            )
            for k, row in enumerate(listed)
        )
        named = () if labels is None else tuple(as_texts(labels, "labels"))
        if named and len(named) != len(rows):
            raise DimensionError("list of labels", expected=len(rows), got=len(named))
        return cls(rows, named)


def read_points(path: str | Path, dim: int) -> Points:
    """Read points from a file.

    A .npy file holds an array of shape (points, dim).  A .csv file has one point per line: exact numbers, optionally followed by
    a label.  Its first line may name the inputs.

    Raises:
        InputError: the file cannot be read.
        FormatError: its content is not of this form; the message names the line.
    """
    inputs = index(dim, "dim", least=1)
    with naming(path):
        suffix = Path(path).suffix.lower()
        if suffix not in (".csv", ".npy"):
            raise FormatError(f"suffix {suffix!r} is not known; data files end in .csv or .npy")
        content = read_bytes(path)
        return _from_npy(content, inputs) if suffix == ".npy" else _from_csv(content, inputs)


def _from_npy(content: bytes, dim: int) -> Points:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FormatError(f"not a .npy file: {error}") from None
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] != dim:
        raise FormatError(f"the array has shape {getattr(array, 'shape', None)}; expected (points, {dim})")
    if not len(array):
        raise FormatError(_NO_POINTS)
    _check_count(len(array))
    return Points.of(array)


def _from_csv(content: bytes, dim: int) -> Points:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"not a CSV file in UTF-8: {error}") from None
    _check_count(len(lines))
    points: list[Vector] = []
    labels: list[str] = []
    names: tuple[str, ...] = ()
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        if len(line) not in (dim, dim + 1):
            raise FormatError(
                f"line {number} has {counted(len(line), 'entry', 'entries')}; expected {dim} numbers, or {dim} and a label"
                f"{separator_hint(','.join(line))}"
            )
        if not points and not names and not any(map(_is_number, line[:dim])):
            names = tuple(entry.strip() for entry in line[:dim])
            continue
        try:
            points.append(tuple(exact(entry, f"line {number}, column {k + 1},") for k, entry in enumerate(line[:dim])))
        except InexactError as error:
            raise FormatError(f"{error}{separator_hint(','.join(line))}") from None
        labels += [entry.strip() for entry in line[dim:]]
    if labels and len(labels) != len(points):
        raise FormatError(f"{len(labels)} of {len(points)} lines have a label after the numbers; expected all or none")
    if not points:
        raise FormatError(_NO_POINTS)
    return Points(tuple(points), tuple(labels), names)


def _is_number(entry: str) -> bool:
    """Tell whether an entry is meant to be a number, including numbers that are refused, such as nan."""
    try:
        float(entry.partition("/")[0])
    except ValueError:
        return False
    return True


def _check_count(count: int) -> None:
    if count > _MOST:
        raise FormatError(f"the file has {count} points; a page shows at most {_MOST}")


def placed(data: Points, zones: Zones | UnionParts, flat: AffineMap | None) -> Data:
    """Return data points with the places where the page draws them and the zones that contain them.

    On a slice, a point off the slice is drawn at the nearest point of the slice and assigned to no zone.

    Returns:
        ``at`` (floats), ``exact`` (texts), ``empty`` (the islands that contain none of the points; not listed if all points
        are off the slice), and per point ``zone`` (the number of the zone in which the property fires there, or -1), ``off``
        (whether it lies off the slice), ``away`` (how far it is from the slice, as text), ``label`` (an index into ``labels``).

    Raises:
        DimensionError: a point of another space.
    """
    dim = zones.network.inputs if flat is None else flat.outputs
    for k, point in enumerate(data.points):
        if len(point) != dim:
            raise DimensionError(f"data point {k}", expected=dim, got=len(point))
    shown = [point if flat is None else foot(flat, point) for point in data.points]
    nearest = shown if flat is None else [flat(at) for at in shown]
    off = [other != point for other, point in zip(nearest, data.points, strict=True)]
    number = {id(zone): k for k, zone in enumerate(zones)}
    containing = zones.at(shown) if shown else []
    zone = [-1 if aside or at is None else number[id(at)] for at, aside in zip(containing, off, strict=True)]
    labels = sorted(set(data.labels))
    return {
        "at": floats(shown),
        "exact": row_texts(data.points),
        "zone": zone,
        "empty": [] if all(off) else sorted(set(range(len(zones.islands))) - {zones.island_of[k] for k in zone if k >= 0}),
        "off": off,
        "away": [] if flat is None else [_distance(*pair) for pair in zip(data.points, nearest, strict=True)],
        "label": [labels.index(label) for label in data.labels],
        "labels": labels,
    }


def _distance(point: Vector, other: Vector) -> str:
    """Return the Euclidean distance of two points: exact if it is an integer, else rounded."""
    steps = [a - b for a, b in zip(point, other, strict=True)]
    square = dot(steps, steps)
    length = math.sqrt(clipped_float(square))
    return f"{length:.0f}" if length.is_integer() and int(length) ** 2 == square else f"~{length:.4g}"
