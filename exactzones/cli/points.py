"""Points of the command line: as text, or from a file."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from exactzones.errors import DimensionError, FormatError, InputError, quoted
from exactzones.files import is_on_disk, naming, read_unpacked
from exactzones.notation import counted
from exactzones.rational import Vector, exact, vector_of
from exactzones.spec import parse_point, separator_hint

if TYPE_CHECKING:
    from exactzones.polyhedra.projection import Norm
    from exactzones.view import Points

POINT_HELP = 'Exact coordinates such as "1/2,-3/4", or a file with a point: .npy, .csv or .json; FILE:3 is row 3 of a file.'

_FILE = re.compile(r"(?P<path>.*\.(?P<suffix>npy|csv|json))(?::(?P<row>\d+))?", re.IGNORECASE | re.DOTALL)
_MAX_FILE = 2**30


def _norm(_context: click.Context, _parameter: click.Parameter, name: str) -> Norm:
    return "inf" if name == "inf" else int(name)


norm_option = click.option(
    "--norm",
    type=click.Choice(["1", "2", "inf"]),
    default="2",
    show_default=True,
    callback=_norm,
    help="What distance means.",
)


def read_point(spec: str, inputs: int) -> Vector:
    """Return the point that an option names.

    Args:
        spec: coordinates as text, see ``spec.parse_point``; or the path of a file, followed by ``:K`` if it holds several points
            and point K is meant.  A .npy file holds an array, whose entries are taken in row-major order.  A .csv file has a
            line of numbers for each point, or a number on each line.  A .json file is a list of numbers, a list of such lists,
            or an answer with a "point".
        inputs: number of inputs.

    Raises:
        InputError: the text or the file is not of this form.
    """
    named = _FILE.fullmatch(spec.strip())
    if named is None:
        if is_on_disk(spec) or Path(spec).suffix[1:].isalpha():
            raise InputError(f"point is {quoted(spec)}; expected numbers such as 1/2,-3/4, or a file .npy, .csv or .json")
        return parse_point(spec, inputs)
    with naming(named["path"]):
        content = read_unpacked(Path(named["path"]), _MAX_FILE)
        row = None if named["row"] is None else int(named["row"])
        match named["suffix"].lower():
            case "npy":
                listed = _of_npy(content, row, inputs)
            case "csv":
                listed = _chosen(_of_csv(content), row, inputs)
            case _:
                listed = _chosen(_of_json(content), row, inputs)
        if len(listed) != inputs:
            hint = separator_hint(",".join(map(str, listed)))
            raise DimensionError("point", expected=inputs, got=len(listed), hint=hint)
        return vector_of(listed, "point")


def read_data(path: Path, inputs: int) -> Points:
    """Return data points, see ``view.read_points``; say so if a column of numbers is read as labels."""
    from exactzones.view import read_points

    points = read_points(path, inputs)
    if points.has_numbers_as_labels:
        column = f"column {inputs + 1}, which holds numbers"
        click.echo(f"note: {path}: {column}, is read as labels, since the network has {counted(inputs, 'input')}", err=True)
    return points


def _of_npy(content: bytes, row: int | None, inputs: int) -> Any:
    """Return the entries of an array, or of one of its rows."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FormatError(f"it is not a .npy file: {error}") from None
    if row is not None:
        _check_row(row, len(array) if array.ndim else 0)
        array = array[row]
    elif array.size != inputs:
        raise FormatError(f"the array has shape {array.shape}; expected {inputs} entries, or name a row, such as FILE.npy:0")
    return array.ravel()


def _of_csv(content: bytes) -> list[Any]:
    """Return the lines as lists of texts; the first one is left out if it names the columns."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"it is not a CSV file in UTF-8: {error}") from None
    rows = [line.split(",") for line in lines if line.strip()]
    return rows[1:] if len(rows) > 1 and not any(map(_is_number, rows[0])) else rows


def _of_json(content: bytes) -> list[Any]:
    try:
        document = json.loads(content, parse_float=lambda digits: exact(digits, "number"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is not JSON: {error}; expected a list of numbers") from None
    found = document.get("point") if isinstance(document, dict) else document
    if not isinstance(found, list) or not found:
        raise FormatError(f'it holds {quoted(document)}; expected a list of numbers, or an answer with a "point"')
    return found


def _chosen(rows: list[Any], row: int | None, inputs: int) -> list[Any]:
    """Return the chosen one of several points, or the only one."""
    if row is None and len(rows) == inputs and all(not isinstance(each, list) or len(each) == 1 for each in rows):
        return [each[0] if isinstance(each, list) else each for each in rows]  # a number on each line
    points = rows if all(isinstance(each, list) for each in rows) else [rows]
    if not points:
        raise FormatError("it holds no points; at least 1 is expected")
    if row is None and len(points) != 1:
        raise FormatError(f"it has {counted(len(points), 'point', 'points')}; name one of them, such as FILE:0")
    _check_row(row or 0, len(points))
    chosen = points[row or 0]
    # A label may follow the numbers of a line.
    return chosen[:-1] if len(chosen) == inputs + 1 and not _is_number(chosen[-1]) else chosen


def _check_row(row: int, rows: int) -> None:
    if row >= rows:
        raise FormatError(f"it has {counted(rows, 'row', 'rows')}, counted from 0; row {row} does not exist")


def _is_number(entry: Any) -> bool:
    try:
        exact(entry, "entry")
    except InputError:
        return False
    return True
