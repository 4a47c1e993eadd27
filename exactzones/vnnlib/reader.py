"""VNN-LIB properties, 1.0 and 2.0: assertions on the inputs and outputs of networks, as cases.

The conjunction of the assertions is a formula of ``and``, ``or``, ``not``, ``=>`` and comparisons of degree 1 or 2.  It is read
as a list of cases: the conjunctions of its disjunctive normal form.  Numbers are exact decimals, never floats.  The outputs are
what the network returns: the values of the last layer, after its ReLU where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from exactzones.errors import FormatError, require
from exactzones.files import naming
from exactzones.network import Network
from exactzones.polyhedra import Box, HRep, Polyhedron
from exactzones.polyhedra.quadrics import QuadraticCondition
from exactzones.property import Condition, Property
from exactzones.rational import Row, integer_row
from exactzones.vnnlib import version2
from exactzones.vnnlib.declarations import DeclaredNetwork, DeclaredTensor, LoadNetwork, product_of
from exactzones.vnnlib.formula import Atom, Formula, Inequality, QuadraticInequality
from exactzones.vnnlib.product import carrying_inputs
from exactzones.vnnlib.syntax import commands, read_text
from exactzones.vnnlib.version1 import Assertions
from exactzones.vnnlib.version2 import is_version_2

__all__ = ["Inequality", "Interval", "Query", "VnnlibCase", "read_query", "read_vnnlib"]

Interval: TypeAlias = tuple[Fraction | None, Fraction | None]
"""Lower and upper bound, None where there is none."""

Intervals: TypeAlias = tuple[Interval, ...]

_MOST_SWEEPS = 16  # through all conditions, for bounds that they imply


@dataclass(frozen=True, slots=True)
class VnnlibCase:
    """A conjunction of conditions on inputs and outputs.

    Attributes:
        box: an interval per input, with lower <= upper.
        rows: the conditions on inputs that ``box`` cannot express: on several inputs, or strict.
        outputs: the conditions on the network's outputs; an index below 0 is an input, see ``Atom``.
        output_count: number of outputs that the file declares.
        mixed: whether a condition of the file has both inputs and outputs, or degree 2.
        quadratic: the conditions of degree 2, which ``property_for`` leaves out.
    """

    box: Intervals
    rows: tuple[Inequality, ...]
    outputs: tuple[Inequality, ...]
    output_count: int
    mixed: bool = False
    quadratic: tuple[QuadraticInequality, ...] = ()

    @property
    def domain(self) -> Polyhedron:
        """The inputs that satisfy ``box`` and ``rows``; cases in a row that agree in both share the polyhedron."""
        return _domain(self.box, self.rows)

    def network_for(self, network: Network) -> Network:
        """Return the network that the property speaks of: if conditions are mixed, the one that repeats its inputs as outputs."""
        return carrying_inputs(network) if self.mixed else network

    @property
    def quadratic_conditions(self) -> list[QuadraticCondition]:
        """The conditions of degree 2 as functions of the outputs of ``network_for``, if its last layer has no ReLU."""
        found = []
        for row in self.quadratic:
            matrix = row.matrix(len(self.box), self.output_count)
            opposite = replace(row, constant=-row.constant, terms=_negated(row.terms), products=_negated(row.products))
            both = opposite in self.quadratic and not row.strict
            if not both or self.quadratic.index(opposite) > self.quadratic.index(row):
                found.append(QuadraticCondition(matrix, "=" if both else ">" if row.strict else ">="))
        return found

    def property_for(self, network: Network) -> Property:
        """Return the conditions on the outputs as conditions on the last layer of ``network_for(network)``.

        Raises:
            FormatError: the network has not as many inputs and outputs as the file declares.
        """
        _match(len(self.box), self.output_count, network)
        mask = network.layers[-1].relu
        conditions = []
        for row in self.outputs:
            units = tuple((unit if unit >= 0 else self.output_count + ~unit, entry) for unit, entry in row.terms)
            after_relu = any(unit >= 0 and mask[unit] for unit, _ in row.terms)
            conditions.append(Condition(-1, tuple(sorted(units)), row.constant, row.strict, after_relu))
        return Property(tuple(conditions))


@dataclass(frozen=True, slots=True)
class Query:
    """What a file asks: can one of the cases hold?

    Attributes:
        networks: the networks that it declares.
        cases: conjunctions on the inputs and on the values of all networks; none means that the property holds nowhere.
    """

    networks: tuple[DeclaredNetwork, ...]
    cases: tuple[VnnlibCase, ...]

    def box_of(self, source: str) -> tuple[tuple[Fraction, Fraction], ...] | None:
        """Return an interval for each input of a model, which contains the inputs of all cases; None if one is unbounded.

        Args:
            source: the name of the network whose model it is; networks that are equal to it count, too.
        """
        boxes, first = [], 0
        for network in self.networks:
            size = sum(tensor.size for tensor in network.of_role("input"))
            if network.source == source:
                boxes += [case.box[first : first + size] for case in self.cases]
            first += size
        hull = []
        for intervals in zip(*boxes, strict=True):
            lows, highs = [low for low, _ in intervals if low is not None], [high for _, high in intervals if high is not None]
            if len(lows) < len(intervals) or len(highs) < len(intervals):
                return None
            hull.append((min(lows), max(highs)))
        return tuple(hull) if boxes else None

    def stored(self, load: LoadNetwork) -> Network:
        """Return the networks side by side, as they are declared; a single one without hidden tensors as it is loaded.

        Raises:
            FormatError: a model does not fit its declaration.
        """
        return product_of(self.networks, load)


def read_query(path: str | Path) -> Query:
    """Read a file of VNN-LIB 1.0 or 2.0.

    Raises:
        FormatError: the file is not VNN-LIB, the degree of a condition is more than 2, or there are too many cases; the message
            names the file and the line.
        InputError: the file cannot be read.
    """
    with naming(path):
        listed = commands(read_text(path))
        first = next(listed, None)
        if first is not None and is_version_2(first):
            query = version2.QueryDocument(listed)
            return Query(tuple(query.networks), tuple(_cases(query.formula, query.inputs, query.outputs)))
        assertions = Assertions(chain([] if first is None else [first], listed))
        tensors = (
            DeclaredTensor("X", "Real", (assertions.inputs,), "input"),
            DeclaredTensor("Y", "Real", (assertions.outputs,), "output"),
        )
        return Query((DeclaredNetwork("", tensors),), tuple(_cases(assertions.formula, assertions.inputs, assertions.outputs)))


def read_vnnlib(path: str | Path, network: Network | None = None) -> list[VnnlibCase]:
    """Read a property of one network, which holds at a point if and only if one of the cases does.

    Cases with contradictory bounds of an input are left out; an empty list means that the property holds nowhere.

    Args:
        path: of the file.
        network: if given, its numbers of inputs and outputs are compared with those of the file.

    Raises:
        FormatError: see ``read_query``; the network has other numbers of inputs and outputs; the file declares several networks
            or hidden tensors, for which there is ``read_query``; or a condition has degree 2.
        InputError: the file cannot be read.
    """
    if network is not None:
        require(network, Network, "network", 'a Network; write load_network("net.onnx")')
    query = read_query(path)
    with naming(path):
        if len(query.networks) > 1 or query.networks[0].of_role("hidden"):
            raise FormatError("it declares several networks or hidden tensors; use exactzones certify, verify, or read_query")
        require_linear(query)
        if network is not None:
            query.stored(lambda _name, _hidden: network)
    return list(query.cases)


def require_linear(query: Query) -> None:
    """Raise a FormatError if a condition has degree 2."""
    if any(case.quadratic for case in query.cases):
        raise FormatError("a condition has degree 2; exactzones verify decides it")


def _cases(formula: Formula, inputs: int, outputs: int) -> list[VnnlibCase]:
    # Most comparisons belong to every case, so their box is made once.
    common = tuple(part for part in formula.parts if isinstance(part, Atom))
    rest = Formula.all_of([part for part in formula.parts if not isinstance(part, Atom)])
    box = _tightened(((None, None),) * inputs, common)
    if box is None:
        return []
    cases = []
    mixed = any(atom.kind in {"XY", "2"} for atom in formula.comparisons())
    for atoms in rest.expand():
        tight = _tightened(box, atoms)
        on_inputs = (atom.inequality for atom in (*common, *atoms) if atom.kind == "X")
        rows = tuple(dict.fromkeys(row for row in on_inputs if isinstance(row, Inequality) and not _is_bound(row)))
        tight = tight and _completed(tight, rows)
        if tight is not None and not any(_contradicts(row, tight) for row in rows):
            others = dict.fromkeys(atom.inequality for atom in (*common, *atoms) if atom.kind != "X")
            on_values = tuple(row for row in others if isinstance(row, Inequality))
            quadratic = tuple(row for row in others if isinstance(row, QuadraticInequality))
            cases.append(VnnlibCase(tight, rows, on_values, outputs, mixed, quadratic))
    return cases


def _negated(terms: tuple[tuple[Any, Fraction], ...]) -> tuple[tuple[Any, Fraction], ...]:
    return tuple((key, -entry) for key, entry in terms)


def _is_bound(row: Inequality) -> bool:
    return len(row.terms) == 1 and not row.strict


def _tightened(box: Intervals, atoms: tuple[Atom, ...]) -> Intervals | None:
    """Return a box tightened by the bounds among the atoms, strict or not; None if it becomes empty."""
    tight: dict[int, Interval] = {}
    for atom in atoms:
        if atom.kind != "X" or len(atom.inequality.terms) > 1 or not isinstance(atom.inequality, Inequality):
            continue
        ((index, coefficient),) = atom.inequality.terms
        lower, upper = tight.get(index, box[index])
        bound = -atom.inequality.constant / coefficient
        if coefficient > 0:
            lower = bound if lower is None else max(lower, bound)
        else:
            upper = bound if upper is None else min(upper, bound)
        if lower is not None and upper is not None and lower > upper:
            return None
        tight[index] = lower, upper
    return tuple(tight.get(k, interval) for k, interval in enumerate(box)) if tight else box


def _completed(box: Intervals, rows: tuple[Inequality, ...]) -> Intervals | None:
    """Return a box with the bounds that conditions imply for inputs that have none of their own; None if it becomes empty.

    An input of a copy of a network, which is equal to one of the original, has its bounds.
    """
    sides = [list(interval) for interval in box]
    for _ in range(_MOST_SWEEPS):
        before = sum(side.count(None) for side in sides)
        for row in rows if before else ():
            greatest = [(entry, sides[index][entry > 0]) for index, entry in row.terms]
            for k, (index, coefficient) in enumerate(row.terms):
                others = [None if end is None else entry * end for entry, end in (*greatest[:k], *greatest[k + 1 :])]
                if sides[index][coefficient < 0] is None and None not in others:
                    sides[index][coefficient < 0] = -(row.constant + sum(filter(None, others))) / coefficient
        if sum(side.count(None) for side in sides) == before:
            break
    completed = tuple((lower, upper) for lower, upper in sides)
    return None if any(low is not None and high is not None and low > high for low, high in completed) else completed


def _contradicts(row: Inequality, box: Intervals) -> bool:
    """Whether an inequality is a strict bound that no point of the box satisfies."""
    if len(row.terms) > 1:
        return False
    ((index, coefficient),) = row.terms
    best = box[index][coefficient > 0]
    return best is not None and row.constant + coefficient * best <= 0


@lru_cache(maxsize=8)
def _domain(box: Intervals, rows: tuple[Inequality, ...]) -> Polyhedron:
    dim, (low, high) = len(box), zip(*box, strict=True)
    if not rows and None not in (*low, *high):
        return Box(low, high, equations=True)
    closed = [_dense(dim, row) for row in rows if not row.strict]
    strict = [_dense(dim, row) for row in rows if row.strict]
    equations = []
    for k, (lower, upper) in enumerate(box):
        if lower is not None and lower == upper:
            equations.append(_dense(dim, Inequality(-lower, ((k, Fraction(1)),))))
            continue
        if lower is not None:
            closed.append(_dense(dim, Inequality(-lower, ((k, Fraction(1)),))))
        if upper is not None:
            closed.append(_dense(dim, Inequality(upper, ((k, Fraction(-1)),))))
    return Polyhedron(HRep.of(dim, closed, strict=strict, equations=equations))


def _dense(dim: int, row: Inequality) -> Row:
    """Return an inequality as a row of integers; the 1,568 rows of a box of 784 inputs would take seconds in Fractions."""
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
            raise FormatError(
                f"{declared} {what} are declared ({kind}_0 to {kind}_{declared - 1}); the network has {expected}, so {expected} "
                "are expected"
            )
