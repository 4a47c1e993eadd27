"""The exact prover: exact linear programs, layer by layer and unit by unit.  It is slow, but does not round.

It decides what floats cannot: values that are exactly zero, slivers, unbounded domains, weights of very different sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, TypeAlias

import numpy as np

from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.bounds import Functions, RationalNumbers, backward
from exactzones.checker.claim import Claim, Target
from exactzones.checker.known import KnownBounds
from exactzones.checker.rules import OpenRegion, SignedUnits, carry_units, region_row
from exactzones.checker.tree import Tree
from exactzones.deadline import Deadline
from exactzones.errors import BackendError
from exactzones.polyhedra import HRep, lp
from exactzones.rational import Row, Vector, integer_row

_ExactRow: TypeAlias = tuple[Fraction, ...]
_Witness: TypeAlias = tuple[int, Vector]
"""The case that holds, and where."""


@dataclass
class ExactRows:
    """Rows that hold on a region, for linear programs and as the certificate names them.

    Attributes:
        inputs: number of inputs.
        rows: ``(b, a_1, .., a_d)``, each ``b + a . x >= 0``.
        names: for each row its number in the certificate, or (unit, upper) for a known bound of a unit.
    """

    inputs: int
    rows: list[_ExactRow]
    names: list[int | tuple[int, int]]

    def add(self, row: _ExactRow, name: tuple[int, int]) -> None:
        """Add a row, if it is new."""
        if row not in self.rows:
            self.rows.append(row)
            self.names.append(name)

    def program(self, extra: Sequence[_ExactRow] = ()) -> _Program:
        """Return the linear program's system; extra rows may have further variables."""
        dim = max((len(row) for row in extra), default=self.inputs + 1) - 1
        padded = [(*row, *(Fraction(0),) * (dim + 1 - len(row))) for row in (*self.rows, *extra)]
        origin: dict[Row, tuple[int, Fraction]] = {}
        for k, row in enumerate(padded):
            whole = integer_row(row)
            scale = next((Fraction(w) / r for w, r in zip(whole, row, strict=True) if r), Fraction(1))
            origin.setdefault(whole, (k, scale))
        return _Program(self, HRep.of(dim, padded), origin)


@dataclass
class _Program:
    """The system of a linear program.

    Attributes:
        rows: the rows from which it was made.
        system: the closed system.
        origin: for each of its rows the number of the row from which it was made (extra ones come last), and the factor.
    """

    rows: ExactRows
    system: HRep
    origin: dict[Row, tuple[int, Fraction]]

    def hint(self, multipliers: Iterable[Fraction]) -> tuple[Hint, tuple[tuple[int, Fraction], ...]]:
        """Split multipliers of the system's rows into a hint for the certificate and the multipliers of extra rows, by number."""
        numbered, betas, extra = [], [], []
        for row, m in zip(self.system.closed_rows, multipliers, strict=False):
            if not m:
                continue
            k, scale = self.origin[row]
            if k >= len(self.rows.rows):
                extra.append((k - len(self.rows.rows), m * scale))
            elif isinstance(name := self.rows.names[k], tuple):
                betas.append((*name, m * scale))
            else:
                numbered.append((name, m * scale))
        return Hint.of(numbered, betas), tuple(extra)


@dataclass
class Draft:
    """A region whose node is being written.

    Attributes:
        number: of the node.
        region: as the tree has it.
        arithmetic: the rational numbers of its tree.
        known: the bounds that are known once the node's bounds have been computed.
        rows: the rows that hold on it.
        bounds: the node's bounds so far.
    """

    number: int
    region: OpenRegion
    arithmetic: RationalNumbers
    known: KnownBounds
    rows: ExactRows
    bounds: list[Bound]

    @classmethod
    def of(cls, tree: Tree, number: int) -> Draft:
        """Return the draft of an open region."""
        region = tree.waiting[number]
        arithmetic, domain = tree.exact[region.tree], tree.claims[region.tree].rows
        path = [(k, region_row(arithmetic, region, k)) for k in range(len(domain), len(domain) + len(region.rows))]
        rows = [*enumerate(domain), *((k, row) for k, row in path if row is not None)]
        exact = ExactRows(arithmetic.claim.inputs, [tuple(map(Fraction, row)) for _, row in rows], [k for k, _ in rows])
        return cls(number, region, arithmetic, known=region.known.part(0), rows=exact, bounds=[])

    @property
    def claim(self) -> Claim:
        """What the region's tree is about."""
        return self.arithmetic.claim

    def is_settled(self, unit: int) -> bool:
        """Tell whether the sign of a unit is known."""
        return bool(self.known.are_on()[0, unit] or self.known.are_nonpositive()[0, unit])

    def forms(self, layer: int, units: Sequence[int]) -> dict[int, _ExactRow]:
        """Return units of a layer as affine functions of the inputs; all units of the layers before are settled."""
        if not units:
            return {}
        signed = SignedUnits(layer, np.array(units), np.zeros(len(units), bool))
        carried = carry_units(self.arithmetic, self.known, Functions(np.zeros(len(units), int)), signed)
        rows = zip(units, carried.coefficients.tolist(), carried.constants, strict=True)
        return {unit: (Fraction(constant), *map(Fraction, slope)) for unit, slope, constant in rows}

    def point_or_hint(self) -> Vector | Hint:
        """Return a point at which all rows are >= 0, or a hint that shows that there is none."""
        program = self.rows.program()
        answer = lp.feasibility(program.system)
        return program.hint(answer.farkas)[0] if isinstance(answer, lp.Infeasible) else answer

    def empty(self, hint: Hint) -> Node:
        """Return the node of a region that rows alone show to be empty."""
        refutation = Refutation((), hint, exact=True)
        return Node(self.number, tuple(self.bounds), "no", refutations=(refutation,) * len(self.claim.targets))

    def bound(self, unit: int, form: _ExactRow, *, upper: bool) -> Bound | None:
        """Return the proof that a unit is <= 0 (``upper``) or >= 0 on the region, or None if it is not."""
        program = self.rows.program()
        best = lp.maximize(program.system, [a if upper else -a for a in form[1:]])
        if isinstance(best, lp.Optimal) and best.value + (form[0] if upper else -form[0]) <= 0:
            return Bound(unit, upper, True, program.hint(best.multipliers)[0])
        return None

    def sign(self, unit: int, form: _ExactRow, point: Vector) -> Bound | None:
        """Return the proof that a unit keeps the sign that it has at a point of the region, or None if it does not."""
        value = _value(form, point)
        for upper in (False, True):
            if value == 0 or (value < 0) == upper:
                bound = self.bound(unit, form, upper=upper)
                if bound is not None:
                    return bound
        return None


def _value(form: _ExactRow, point: Vector) -> Fraction:
    return sum((a * x for a, x in zip(form[1:], point, strict=True)), start=form[0])


class ExactProver:
    """Proves regions of a tree one after the other.

    Args:
        tree: the certificate so far.
        patterns: the signs of listed zones and their numbers; None if the property is claimed to hold nowhere.
        confirm: returns a witness of a tree's case at or near a point where the case's conditions hold, or None.
    """

    def __init__(
        self, tree: Tree, patterns: dict[str, int] | None, confirm: Callable[[int, int, Vector], _Witness | None]
    ) -> None:
        self.tree, self.patterns, self.confirm = tree, patterns, confirm

    def prove(self, number: int, write: Callable[[Node], None], deadline: Deadline) -> _Witness | None:
        """Prove an open region.

        Args:
            number: of the region.
            write: is called with each node that the tree has accepted.
            deadline: is looked at between linear programs.

        Returns:
            A witness if there is one; None when the region is proved or undecided.

        Raises:
            BudgetExceeded: time is up; regions without a node stay open.
        """
        self._deadline = deadline
        stack = [number]
        while stack:
            deadline.check()
            at = stack.pop()
            node = self._node(at)
            if node is None:  # undecided: it stays open
                continue
            if not isinstance(node, Node):
                return node
            children = self.tree.add([node])
            write(node)
            stack += reversed(children.get(at, ()))
        return None

    def _node(self, number: int) -> Node | _Witness | None:
        """Return the node of a region, or a witness; None if neither exists."""
        draft = Draft.of(self.tree, number)
        claim = draft.claim
        sides = dict(row.split for row in draft.region.rows if row.split is not None)
        for layer in range(1, claim.horizon + 1):
            self._deadline.check()
            if isinstance(answer := draft.point_or_hint(), Hint):
                return draft.empty(answer)
            span = range(claim.offsets[layer], claim.offsets[layer + 1])
            forms = draft.forms(layer, [u for u in span if claim.relu[u] and (u in sides or not draft.is_settled(u))])
            for unit in [unit for unit in forms if unit in sides]:
                # The row of the split may be weaker than what is known now, since the layers before are settled.
                row = tuple((1 if sides[unit] else -1) * entry for entry in forms.pop(unit))
                draft.rows.add(row, (unit, 1 - sides[unit]))
            if isinstance(answer := draft.point_or_hint(), Hint):
                return draft.empty(answer)
            for unit, form in forms.items():
                self._deadline.check()
                bound = draft.sign(unit, form, answer)
                if bound is None:
                    return Node(number, tuple(draft.bounds), "relu", unit)
                draft.bounds.append(bound)
                draft.known.learn(bound.upper, [0], [unit], [0])
        return self._leaf(draft)

    def _leaf(self, draft: Draft) -> Node | _Witness | None:
        """Decide a region on which every unit is settled; None if a case holds only on a boundary that strict rows exclude."""
        tree = draft.region.tree
        refutations = []
        for case, targets in enumerate(draft.claim.targets):
            answer = _refutation_or_point(draft, targets)
            if isinstance(answer, Refutation):
                refutations.append(answer)
                continue
            zone = _zone_node(draft, answer, self.patterns) if self.patterns else None
            decided = zone or self.confirm(tree, case, answer)
            if decided is None and self.patterns:  # the point may also lie in a listed zone, on the boundary to this cell
                inside = _interior_point(draft, targets)
                decided = None if inside is None else self.confirm(tree, case, inside)
            if decided is not None:
                return decided
        if len(refutations) < len(draft.claim.targets):
            return None
        return Node(draft.number, tuple(draft.bounds), "no", refutations=tuple(refutations))


def _refutation_or_point(draft: Draft, targets: Sequence[Target]) -> Refutation | Vector:
    """Return why a case cannot hold on a region, or where it does; every unit is settled there, so the conditions are affine."""
    conditions = conditions_of(draft, targets)
    inputs = draft.claim.inputs
    strict = [target.strict for target in targets]
    # Maximise t <= 1 where the strict conditions are >= t and the others >= 0.
    with_t = [(*row, Fraction(-1 if is_strict else 0)) for row, is_strict in zip(conditions, strict, strict=True)]
    cap = (Fraction(1), *(Fraction(0),) * inputs, Fraction(-1))
    program = draft.rows.program([*with_t, cap])
    best = lp.maximize(program.system, [*(Fraction(0),) * inputs, Fraction(1)])
    if isinstance(best, lp.Optimal) and (best.value > 0 or not any(strict)):
        return best.point[:-1]
    if isinstance(best, lp.Unbounded):
        raise BackendError("the linear-program solver reports no optimum for a program whose optimum is at most 1")
    # The cap t <= 1 is not tight, so its multiplier is 0: all extra rows with multipliers are conditions.
    hint, mu = program.hint(best.farkas if isinstance(best, lp.Infeasible) else best.multipliers)
    scale = lcm(*(m.denominator for _, m in mu))
    multiples = tuple(m * scale for m in hint.multipliers), tuple((u, s, m * scale) for u, s, m in hint.betas)
    return Refutation(tuple((r, int(m * scale)) for r, m in mu), Hint(hint.rows, *multiples), exact=True)


def conditions_of(draft: Draft, targets: Sequence[Target]) -> list[_ExactRow]:
    """Return a case's conditions as rows of the inputs, on a region where every unit is settled."""
    conditions = []
    for target in targets:
        asked = Functions(np.array([0]), constant=target.constant)
        (asked.after if target.after_relu else asked.before)[target.layer] = target.coefficients[None] * Fraction(1)
        slope, constant, _ = backward(draft.arithmetic, draft.known, asked)
        conditions.append((-constant[0], *(-entry for entry in slope[0].tolist())))
    return conditions


def _interior_point(draft: Draft, targets: Sequence[Target]) -> Vector | None:
    """Return a point in the interior of a region, and of where a case's conditions hold there; None if there is none."""
    answer = lp.feasibility(HRep.of(draft.claim.inputs, strict=[*draft.rows.rows, *conditions_of(draft, targets)]))
    return None if isinstance(answer, lp.Infeasible) else answer


def _zone_node(draft: Draft, point: Vector, patterns: dict[str, int]) -> Node | None:
    """Return the node of a region that lies in a listed zone.

    On a flat region some units are zero everywhere; the zone's pattern may have either sign for them, so the bound for the other
    sign is proved as well.
    """
    claim, known, bounds = draft.claim, draft.known, tuple(draft.bounds)
    units = np.nonzero(claim.relu)[0].tolist()
    on = known.are_on()[0]
    signs = "".join("+" if on[unit] else "-" for unit in units)
    if signs in patterns:
        return Node(draft.number, bounds, "zone", patterns[signs])
    forms: dict[int, _ExactRow] = {}
    for layer in range(1, claim.horizon + 1):
        span = range(claim.offsets[layer], claim.offsets[layer + 1])
        forms |= draft.forms(layer, [u for u in span if claim.relu[u]])
    zero = [_value(forms[u], point) == 0 for u in units]
    for pattern, zone in patterns.items():
        differ = [k for k, (one, other) in enumerate(zip(signs, pattern, strict=True)) if one != other]
        if not all(zero[k] for k in differ):
            continue
        proofs: list[Any] = [draft.bound(units[k], forms[units[k]], upper=pattern[k] == "-") for k in differ]
        if all(proofs):
            return Node(draft.number, bounds, "zone", zone, also=tuple(proofs))
    return None
