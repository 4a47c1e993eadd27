"""Guesses at witnesses before and during a proof: they take a bounded share of a run's time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import cycle, islice

from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.prepared import Prepared
from exactzones.certification.witness.search import Effort
from exactzones.checker import Case
from exactzones.checker.core import holds
from exactzones.deadline import Deadline
from exactzones.network import Network
from exactzones.rational import SparseRows, Vector
from exactzones.rational.float_formats import FloatArithmetic, FloatFormat

_SECONDS = 0.2  # for a first guess
_FEW_INPUTS_SECONDS = 0.02  # with few inputs, where the proof looks at corners of cells and may be as quick
_ROUNDS = 4  # of ascent that a first guess makes with many inputs, however long they take
_MOST = 0.25  # share of the time that is left, for one guess
_PATIENCE = 10  # times as long as meant a guess may take, since each domain costs some time; other domains are left to the next
_SHARE = 0.1  # of the time so far, for all guesses but the first
_FEW_INPUTS_SHARE = 0.03  # the same with few inputs: the proof tries points of its own cells


class Guesses:
    """Guesses at witnesses of cases.

    Args:
        network, cases: the claim.
        deadline: of the run.
        arithmetic: of the claim; None if it is real.
    """

    def __init__(self, network: Network, cases: Sequence[Case], deadline: Deadline, arithmetic: FloatArithmetic | None) -> None:
        self._network, self._cases, self._deadline = network, cases, deadline
        self._format = None if arithmetic is None else arithmetic.products
        self._start = time.monotonic()
        self._count, self._spent, self._next = 0, 0.0, 0
        few = network.inputs <= CELL_SEARCH_INPUTS
        self._first = (_FEW_INPUTS_SECONDS, 0) if few else (_SECONDS, _ROUNDS)
        self._share = _FEW_INPUTS_SHARE if few else _SHARE

    @property
    def is_due(self) -> bool:
        """Whether the guesses have taken less than their share of the time."""
        return self._spent < self._share * (time.monotonic() - self._start) - self._first[0]

    def guess(self, numbers: Iterable[int], seconds: float | None = None) -> tuple[int, Vector] | None:
        """Return one of the cases with these numbers and a witness, or None.

        Args:
            numbers: of the cases.
            seconds: how long to search; by default the first guess is short, and later ones take as long as all before together.
        """
        domains: dict[tuple[SparseRows, SparseRows], list[int]] = {}
        for k in sorted(numbers):
            domains.setdefault((self._cases[k].rows, self._cases[k].strict), []).append(k)
        meant, rounds = self._first if not self._count else (self._spent, 0)
        meant = meant if seconds is None else seconds
        self._count += 1
        until, begun = self._deadline.part(_MOST), time.monotonic()
        effort = Effort(until, rounds // max(1, len(domains)), meant / max(1, len(domains)), self._count)
        first = self._next % max(1, len(domains))
        for domain, cases in islice(cycle(domains.items()), first, first + len(domains)):
            start = time.monotonic()
            witness = self._on(domain, cases, effort)
            self._spent += time.monotonic() - start
            self._next += 1
            if witness is not None or until.passed:
                return witness
            if not effort.rounds and time.monotonic() - begun > _PATIENCE * meant:
                break
        return None

    def _on(self, domain: tuple[SparseRows, SparseRows], cases: Sequence[int], effort: Effort) -> tuple[int, Vector] | None:
        """Return one of these cases, which have the same domain, and a witness; or None."""
        try:
            found = Prepared.of(self._network).finder(*domain).find([self._cases[k].prop for k in cases], effort)
        except OverflowError:  # numbers beyond the range of floats
            return None
        if found is None:
            return None
        k, point = cases[found[0]], found[1]
        if self._format is None:
            return k, point
        moved = into_box(self._cases[k], point, self._format)
        return (k, moved) if holds(self._network, self._cases[k], moved) else None


def into_box(case: Case, point: Vector, format_: FloatFormat | None) -> Vector:
    """Move a point into the box that a case's rows with a single variable define, to numbers of a format if there is one."""
    moved = list(point) if format_ is None else [format_.round(x) for x in point]
    for _, constant, terms in case.rows.sparse:
        if len(terms) == 1:
            ((j, entry),) = terms
            bound = Fraction(-constant, entry)
            if format_ is not None:
                bound = format_.round(bound, "up" if entry > 0 else "down")
            moved[j] = max(moved[j], bound) if entry > 0 else min(moved[j], bound)
    return tuple(moved)
