"""What every checker shares: the claim's cases, and the report of a check.  Nothing here checks anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from exactzones.errors import InexactError
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational import Row, irrational


@dataclass(frozen=True)
class Case:
    """One conjunction on one polyhedron: no point of ``{x : b + a . x >= 0 for rows}`` has the property.

    Attributes:
        rows: integer rows ``(b, a_1, .., a_d)``.
        prop: conditions that hold together.
        strict: rows that a witness must satisfy strictly; they are among ``rows``, too.
    """

    rows: tuple[Row, ...]
    prop: Property
    strict: tuple[Row, ...] = ()


def require_rational(network: Network, case: Case) -> None:
    """Refuse a claim about irrational numbers.

    Raises:
        InexactError: the message says what is irrational and what to do.
    """
    for what, is_rational in (
        ("network", network.is_rational),
        ("property", case.prop.is_rational),
        ("domain", not irrational(chain(*case.rows))),
    ):
        if not is_rational:
            raise InexactError(
                f"the {what} has irrational numbers; certificates and SMT-LIB are about rational ones: list the zones instead "
                "(find_zones), or round explicitly (for a network: network.rationalized(DENOMINATOR))"
            )


def family_of(network: Network, case: Case) -> tuple[tuple[Row, ...], int]:
    """Return what cases that share a tree have in common: rows, and how many hidden layers decide."""
    return case.rows, case.prop.resolve(network.widths).horizon


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        verdict: ``valid``, ``invalid`` or ``incomplete``.
        proves: what a valid certificate proves: ``cannot fire``, ``can fire`` or ``complete`` (the list of zones).
        why: for an invalid one, the rule that is broken and the node.
        open_leaves: regions of which nothing is proved yet.
        nodes: how many were checked.
        zones: how many zones a valid certificate lists.
    """

    verdict: str
    proves: str = ""
    why: str = ""
    open_leaves: int = 0
    nodes: int = 0
    zones: int = 0

    def __str__(self) -> str:
        if self.verdict == "invalid":
            return f"invalid: {self.why}"
        return f"incomplete: {self.open_leaves} open leaves" if self.verdict == "incomplete" else self.verdict
