"""VNN-LIB 1.0 properties: assertions on the inputs ``X_i`` and outputs ``Y_j`` of a network, as cases.

The assertions together are a formula of ``and``, ``or`` and linear comparisons; it is read as a list of cases (its disjunctive
normal form), each a conjunction.  Numbers are the decimals that are written, never floats.  The outputs are what the network
returns: the values of the last layer, after its ReLU where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from exactzones.errors import FormatError
from exactzones.files import naming, read_bytes
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.property import Condition, Property
from exactzones.rational import Row as IntegerRow
from exactzones.rational import integer_row
from exactzones.vnnlib.formula import Assertions, Atom, Formula, Row

__all__ = ["Case", "Interval", "Row", "read_vnnlib"]

_MAX_FILE = 2**26

Interval: TypeAlias = tuple[Fraction | None, Fraction | None]
"""Lower and upper bound, None where there is none."""

Box: TypeAlias = tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A conjunction of conditions on inputs and outputs.

    Attributes:
        box: an interval per input; lower == upper is possible, lower > upper is not.
        rows: the conditions on inputs that ``box`` does not say: on several inputs, or strict.
        outputs: the conditions on the network's outputs.
        output_count: how many outputs the file declares.
    """

    box: Box
    rows: tuple[Row, ...]
    outputs: tuple[Row, ...]
    output_count: int

    @property
    def domain(self) -> Polyhedron:
        """The inputs that ``box`` and ``rows`` allow; neighbouring cases that agree in both share it."""
        return _domain(self.box, self.rows)

    def property_for(self, network: Network) -> Property:
        """Return the conditions on the outputs as conditions on the last layer of a network.

        Raises:
            FormatError: it has not as many inputs and outputs as the file declares.
        """
        _match(len(self.box), self.output_count, network)
        mask = network.layers[-1].relu
        return Property(
            tuple(
                Condition(-1, row.terms, row.constant, row.strict, after_relu=any(mask[unit] for unit, _ in row.terms))
                for row in self.outputs
            )
        )


def read_vnnlib(path: str | Path, network: Network | None = None) -> list[Case]:
    """Read a property; it holds at a point iff one of the cases does.

    Cases that contradict themselves in the bounds of one input are left out; an empty list means that nothing satisfies it.

    Args:
        path: the file.
        network: when given, the numbers of inputs and outputs are compared with it.

    Raises:
        FormatError: not VNN-LIB, a condition that is not linear or mixes inputs and outputs, too many cases, or another
            network's numbers of inputs and outputs; the message names the file and the line.
        InputError: the file cannot be opened.
    """
    with naming(path):
        data = read_bytes(path, _MAX_FILE)
        try:
            read = Assertions(data.decode())
        except UnicodeDecodeError:
            raise FormatError("not a VNN-LIB file: it is no text") from None
        if network is not None:
            _match(read.inputs, read.outputs, network)
        return _cases(read)


def _cases(read: Assertions) -> list[Case]:
    # Most comparisons belong to every case: their box is made once.
    common = tuple(part for part in read.formula.parts if isinstance(part, Atom))
    rest = Formula.all_of([part for part in read.formula.parts if not isinstance(part, Atom)])
    box = _tightened(((None, None),) * read.inputs, common)
    if box is None:
        return []
    found = []
    for atoms in rest.expand():
        tight = _tightened(box, atoms)
        rows = tuple(dict.fromkeys(atom.row for atom in (*common, *atoms) if atom.kind == "X" and not _is_bound(atom.row)))
        if tight is not None and not any(_is_hopeless(row, tight) for row in rows):
            outputs = tuple(dict.fromkeys(atom.row for atom in (*common, *atoms) if atom.kind == "Y"))
            found.append(Case(tight, rows, outputs, read.outputs))
    return found


def _is_bound(row: Row) -> bool:
    return len(row.terms) == 1 and not row.strict


def _tightened(box: Box, atoms: tuple[Atom, ...]) -> Box | None:
    """Tighten a box by the bounds among the atoms, strict ones too; None when it becomes empty."""
    tight: dict[int, Interval] = {}
    for atom in atoms:
        if atom.kind == "Y" or len(atom.row.terms) > 1:
            continue
        ((index, coefficient),) = atom.row.terms
        lower, upper = tight.get(index, box[index])
        bound = -atom.row.constant / coefficient
        if coefficient > 0:
            lower = bound if lower is None else max(lower, bound)
        else:
            upper = bound if upper is None else min(upper, bound)
        if lower is not None and upper is not None and lower > upper:
            return None
        tight[index] = lower, upper
    return tuple(tight.get(k, interval) for k, interval in enumerate(box)) if tight else box


def _is_hopeless(row: Row, box: Box) -> bool:
    """Tell whether a strict bound contradicts the box."""
    if len(row.terms) > 1:
        return False
    ((index, coefficient),) = row.terms
    best = box[index][coefficient > 0]
    return best is not None and row.constant + coefficient * best <= 0


@lru_cache(maxsize=8)
def _domain(box: Box, rows: tuple[Row, ...]) -> Polyhedron:
    dim = len(box)
    closed = [_dense(dim, row) for row in rows if not row.strict]
    strict = [_dense(dim, row) for row in rows if row.strict]
    equations = []
    for k, (lower, upper) in enumerate(box):
        if lower is not None and lower == upper:
            equations.append(_dense(dim, Row(-lower, ((k, Fraction(1)),))))
            continue
        if lower is not None:
            closed.append(_dense(dim, Row(-lower, ((k, Fraction(1)),))))
        if upper is not None:
            closed.append(_dense(dim, Row(upper, ((k, Fraction(-1)),))))
    return Polyhedron(HRep.of(dim, closed, strict=strict, equations=equations))


def _dense(dim: int, row: Row) -> IntegerRow:
    """Return all entries of a row as integers; Fractions in the 1,568 rows of a box of 784 inputs would take seconds."""
    dense = [0] * (dim + 1)
    dense[0], *scaled = integer_row((row.constant, *(entry for _, entry in row.terms)))
    for (index, _), entry in zip(row.terms, scaled, strict=True):
        dense[index + 1] = entry
    return tuple(dense)


def _match(inputs: int, outputs: int, network: Network) -> None:
    for what, kind, declared, expected in (
        ("inputs", "X", inputs, network.inputs),
        ("outputs", "Y", outputs, network.widths[-1]),
    ):
        if declared != expected:
            raise FormatError(f"{declared} {what} are declared ({kind}_0 to {kind}_{declared - 1}); the network has {expected}")
