"""Records that all checkers share: the cases of a claim, and the report of a check.  This module contains no rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from exactzones.errors import MOST_CHARACTERS, InexactError, InputError, one_line, quoted, require
from exactzones.network import Network
from exactzones.notation import counted
from exactzones.property import Condition, Property
from exactzones.rational import SparseRows, irrational
from exactzones.rational.float_formats import REAL, FloatArithmetic

_NO_ROWS = SparseRows(())


@dataclass(frozen=True)
class Case:
    """One conjunction on one polyhedron: the claim that no point of ``{x : b + a . x >= 0 for all rows}`` has the property.

    Attributes:
        rows: integer rows ``(b, a_1, .., a_d)``; kept by their entries that are not zero.
        prop: the conjunction of conditions.
        strict: the rows that a witness must satisfy strictly, a part of ``rows``.
        arithmetic: in which the network is evaluated: ``real``, or a name that ``FloatArithmetic.of`` knows.  In floats the claim
            is that the property holds at no input that is a number of the format, in whatever order sums are computed.
    """

    rows: SparseRows
    prop: Property
    strict: SparseRows = _NO_ROWS
    arithmetic: str = REAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", SparseRows.of(self.rows))
        object.__setattr__(self, "strict", SparseRows.of(self.strict))


def require_arguments(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> None:
    """Raise an error if the arguments of a checker are of other types.

    Raises:
        InputError: not a network, not a sequence of cases, or lines that are one text or not iterable.
    """
    require(network, Network, "network", 'a Network; write load_network("net.onnx")')
    advice = "expected a list of Case, such as [case_of(network, prop, domain)]"
    if not isinstance(cases, Sequence) or not all(isinstance(case, Case) for case in cases):
        raise InputError(f"cases is {quoted(cases)}; {advice}")
    if isinstance(lines, (str, bytes, Mapping)) or not isinstance(lines, Iterable):
        raise InputError(f"lines is {quoted(lines)}; expected the lines of a certificate, such as those of an open file")


def require_rational(network: Network, case: Case) -> None:
    """Raise an error if a claim has irrational numbers.

    Raises:
        InexactError: the network, the property or the domain has an irrational number.
    """
    for what, is_rational in (
        ("network", network.is_rational),
        ("property", case.prop.is_rational),
        ("domain", not irrational(case.rows.entries())),
    ):
        if not is_rational:
            raise InexactError(
                f"the {what} has irrational numbers, but certificates and SMT-LIB need rational ones: list the zones instead "
                "(find_zones), or round explicitly (for a network: network.rationalized(DENOMINATOR))"
            )


def arithmetic_of(cases: Sequence[Case]) -> str:
    """Return the name of the arithmetic of a claim.

    Raises:
        InputError: the cases differ in it, or there is no such arithmetic.
    """
    names = {case.arithmetic for case in cases}
    if len(names) > 1:
        raise InputError(f"the cases are about different arithmetics, {' and '.join(sorted(names))}; ask about one at a time")
    name = next(iter(names), REAL)
    FloatArithmetic.of(name)
    return name


def family_of(network: Network, case: Case) -> tuple[SparseRows, int]:
    """Return what cases that share a tree must have in common: their rows, and how many hidden layers decide them."""
    return case.rows, case.prop.resolve(network.widths).horizon


def integer_condition(condition: Condition, width: int) -> tuple[list[int], Fraction]:
    """Return a condition scaled to integer coefficients, by the least common denominator of its coefficients.

    Args:
        condition: with rational coefficients, on a layer that is counted from 0.
        width: number of units of the layer.

    Returns:
        The coefficients of all units, and the constant.
    """
    scale = lcm(*(coefficient.denominator for _, coefficient in condition.terms))
    coefficients = [0] * width
    for unit, coefficient in condition.terms:
        coefficients[unit] += int(coefficient * scale)
    return coefficients, condition.constant * scale


@dataclass(frozen=True)
class Report:
    """The result of a check.

    Attributes:
        verdict: ``valid``, ``invalid``, ``incomplete``, or ``not checked`` if the time was up first.
        proves: what a valid certificate proves: ``cannot fire``, ``can fire`` or ``complete`` (the list of zones).
        why: for an invalid certificate, which rule is broken and at which node; for one that was not checked, which limit ended
            the check.
        open_leaves: number of regions that an incomplete certificate leaves open.
        nodes: number of nodes that were checked.
        zones: number of zones that a valid certificate lists.
    """

    verdict: str
    proves: str = ""
    why: str = ""
    open_leaves: int = 0
    nodes: int = 0
    zones: int = 0

    @classmethod
    def invalid(cls, why: object) -> Report:
        """Return the report of an invalid certificate; the reason is cut to a line."""
        return cls("invalid", why=one_line(str(why), MOST_CHARACTERS))

    def __str__(self) -> str:
        details = {
            "invalid": self.why,
            "not checked": self.why,
            "incomplete": counted(self.open_leaves, "open leaf", "open leaves"),
        }
        return f"{self.verdict}: {details[self.verdict]}" if self.verdict in details else self.verdict
