"""Domains of the command line: as text, from a file, or around data."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from exactzones.arguments import as_domain
from exactzones.cli.points import read_data
from exactzones.errors import FormatError, InputError, quoted
from exactzones.files import is_on_disk, naming, read_unpacked
from exactzones.polyhedra import Polyhedron
from exactzones.rational import algebraic
from exactzones.rational import exact as exact_number
from exactzones.spec import separator_hint

_SUFFIXES = (".vnnlib", ".vnnlib.gz", ".json", ".csv")
_MAX_FILE = 2**26
_BOX = "a list of pairs [low, high], one for each input"


def is_file(spec: str) -> bool:
    """Tell whether the text of ``--domain`` names a file."""
    return spec.lower().endswith(_SUFFIXES)


def read_domain(spec: str, inputs: int) -> Polyhedron | None:
    """Return the domain that ``--domain`` names; None is all of the input space.

    Args:
        spec: a box as text, see ``spec.parse_domain``; or the path of a file: .vnnlib with one polyhedron of inputs, .json with a
            list of pairs, or .csv with a line "low,high" for each input.
        inputs: number of inputs.

    Raises:
        InputError: the text or the file is not of this form.
    """
    if not is_file(spec):
        if is_on_disk(spec):
            raise InputError(f"{spec}: suffix {Path(spec).suffix!r} is not known; domains are read from {', '.join(_SUFFIXES)}")
        return as_domain(spec, inputs)
    path = Path(spec)
    if path.suffix.lower() in (".vnnlib", ".gz"):
        return _of_vnnlib(path, inputs)
    with naming(path):
        content = read_unpacked(path, _MAX_FILE)
        pairs = _of_json(content) if path.suffix.lower() == ".json" else _of_csv(content)
        if len(pairs) != inputs:
            raise FormatError(f"it has bounds of {len(pairs)} inputs; the network has {inputs}, so {inputs} are expected")
        return as_domain(pairs, inputs)


def _of_vnnlib(path: Path, inputs: int) -> Polyhedron:
    from exactzones.vnnlib.reader import read_query

    cases = read_query(path).cases
    domains = {(case.box, case.rows) for case in cases}
    if len(domains) != 1:
        raise FormatError(f"{path}: its assertions describe {len(domains)} polyhedra of inputs; 1 is expected for a domain")
    if cases[0].domain.ambient_dim != inputs:
        raise FormatError(f"{path}: it declares {cases[0].domain.ambient_dim} inputs; the network has {inputs}")
    return cases[0].domain


def _of_json(content: bytes) -> list[Any]:
    try:
        document = json.loads(content, parse_float=lambda digits: exact_number(digits, "number"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is not JSON: {error}; expected {_BOX}") from None
    if not isinstance(document, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in document):
        raise FormatError(f"it holds {quoted(document)}; expected {_BOX}")
    return document


def _of_csv(content: bytes) -> list[Any]:
    try:
        lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"it is not a CSV file in UTF-8: {error}") from None
    if lines and not any(_is_number(cell) for cell in lines[0]):  # the line that names the columns
        del lines[0]
    for number, line in enumerate(lines, start=1):
        if len(line) != 2:
            raise FormatError(
                f"line {number} of numbers is {quoted(','.join(line))}; expected low,high{separator_hint(','.join(line))}"
            )
    return lines


def _is_number(cell: str) -> bool:
    try:
        algebraic(cell.strip(), "number")
    except InputError:
        return False
    return True


def domain_of_data(path: Path, margin: str, inputs: int) -> Polyhedron:
    """Return the smallest box around data points, wider by a margin on every side.

    Args:
        path: of a .csv or .npy file, see ``view.read_points``.
        margin: an exact number from 0 on.
        inputs: number of inputs.

    Raises:
        InputError: the file holds no points of this dimension, or the margin is negative.
    """
    points = read_data(path, inputs).points
    width = algebraic(margin, "margin")
    if width < 0:
        raise InputError(f"margin is {margin}; expected a number from 0 on")
    columns = list(zip(*points, strict=True))
    return Polyhedron.box([min(column) - width for column in columns], [max(column) + width for column in columns])
