"""The exact prover: layer by layer, unit by unit, with exact linear programs.  Slow, and never in doubt.

It takes over where floats cannot decide: values that are exactly zero, slivers, unbounded domains, weights of all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, TypeAlias

import numpy as np

from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.bounds import Exact, Functions, Region, backward
from exactzones.checker.claim import Target
from exactzones.checker.tree import Tree
from exactzones.errors import BackendError
from exactzones.polyhedra import HRep, lp
from exactzones.rational import Row, Vector, integer_row

_ExactRow: TypeAlias = tuple[Fraction, ...]
_Found: TypeAlias = tuple[int, Vector]  # which case holds, and where


@dataclass
class _Rows:
    """The rows that hold on a region, as a system for cddlib and as the certificate numbers them."""

    rows: list[_ExactRow]
    numbers: list[int | tuple[int, int]]  # of a row, or (unit, upper) for a known bound of a unit

    def system(self, more: Sequence[_ExactRow] = (), width: int | None = None) -> tuple[HRep, dict[Row, tuple[int, Fraction]]]:
        """Return the closed system, and for each of its rows which of ours it is and by how much it was multiplied."""
        dim = (len(self.rows[0]) - 1 if self.rows else 0) if width is None else width
        padded = [(*row, *(Fraction(0),) * (dim + 1 - len(row))) for row in (*self.rows, *more)]
        origin: dict[Row, tuple[int, Fraction]] = {}
        for k, row in enumerate(padded):
            whole = integer_row(row)
            scale = next((Fraction(w) / r for w, r in zip(whole, row, strict=True) if r), Fraction(1))
            origin.setdefault(whole, (k, scale))
        return HRep.of(dim, padded), origin


class ExactProver:
    """Proves one region of a tree after the other.

    Args:
        tree: the certificate so far.
        patterns: of the zones that are listed, with their numbers; None if no point may have the property.
        confirm: is asked for a witness of one of a tree's cases at or near a point where its conditions hold.
    """

    def __init__(self, tree: Tree, patterns: dict[str, int] | None, confirm: Callable[[int, int, Vector], _Found | None]) -> None:
        self.tree, self.patterns, self.confirm = tree, patterns, confirm

    def prove(self, number: int, write: Callable[[Node], None], *, stop: Callable[[], bool]) -> _Found | None:
        """Prove a region that waits; returns a witness if there is one, and None when it is proved or time is up."""
        stack = [number]
        while stack and not stop():
            at = stack.pop()
            node = self._node(at)
            if node is None:  # it stays open
                continue
            if not isinstance(node, Node):
                return node
            children = self.tree.add([node])
            write(node)
            stack += reversed(children.get(at, ()))
        return None

    def _node(self, number: int) -> Node | _Found | None:
        """Return the node of a region, or a witness; None where there is neither."""
        place = self.tree.waiting[number]
        claim, kind = self.tree.claims[place.tree], self.tree.exact[place.tree]
        known = place.known.part(0)
        exact = [(k, self.tree.row(kind, place, k)) for k in range(len(claim.rows), len(claim.rows) + len(place.rows))]
        rows = _Rows(
            [
                *(tuple(map(Fraction, row)) for row in claim.rows),
                *(tuple(map(Fraction, row)) for _, row in exact if row is not None),
            ],
            [*range(len(claim.rows)), *(k for k, row in exact if row is not None)],
        )
        bounds: list[Bound] = []
        sides = dict(row.split for row in place.rows if row.split is not None)
        for layer in range(1, claim.horizon + 1):
            inside = self._feasible(rows, claim.inputs)
            if isinstance(inside, Hint):
                return self._empty(number, bounds, inside)
            span = range(claim.offsets[layer], claim.offsets[layer + 1])
            forms = self._forms(kind, known, [u for u in span if claim.relu[u] and (u in sides or not _settled(known, u))], layer)
            for unit in [unit for unit in forms if unit in sides]:
                # The row that came of the split may be weaker than what is known now that the layers before are settled.
                row = tuple((1 if sides[unit] else -1) * entry for entry in forms.pop(unit))
                if row not in rows.rows:
                    rows.rows.append(row)
                    rows.numbers.append((unit, 1 - sides[unit]))
            inside = self._feasible(rows, claim.inputs)
            if isinstance(inside, Hint):
                return self._empty(number, bounds, inside)
            for unit, (constant, *slope) in forms.items():
                bound = self._sign(rows, unit, slope, constant, inside, claim.inputs)
                if bound is None:
                    return Node(number, tuple(bounds), "relu", unit)
                bounds.append(bound)
                known.learn(bound.upper, [0], [unit], [0])
        return self._end(number, rows, known, tuple(bounds))

    def _empty(self, number: int, bounds: Sequence[Bound], hint: Hint) -> Node:
        """Return the node of a region that rows alone show to be empty."""
        cases = len(self.tree.claims[self.tree.waiting[number].tree].targets)
        return Node(number, tuple(bounds), "no", refutations=(Refutation((), hint, exact=True),) * cases)

    def _forms(self, kind: Exact, known: Region, units: Sequence[int], layer: int) -> dict[int, _ExactRow]:
        """Return the units of a layer behind settled ones as affine functions of the inputs."""
        if not units:
            return {}
        asked = np.array(units), np.zeros(len(units), bool)
        coefficients, constants, _ = self.tree.carried(kind, known, Functions(np.zeros(len(units), int)), layer, *asked)
        rows = zip(units, coefficients.tolist(), constants, strict=True)
        return {unit: (Fraction(constant), *map(Fraction, slope)) for unit, slope, constant in rows}

    def _feasible(self, rows: _Rows, inputs: int) -> Vector | Hint:
        system, origin = rows.system(width=inputs)
        found = lp.feasibility(system)
        return found if not isinstance(found, lp.Infeasible) else _multipliers(rows, system, origin, found.farkas)[0]

    def _sign(self, rows: _Rows, unit: int, slope: Sequence[Any], constant: Any, inside: Vector, inputs: int) -> Bound | None:
        """Return the proof that a unit keeps its sign on the region, or None where it does not."""
        value = constant + sum(a * x for a, x in zip(slope, inside, strict=True))
        for upper in (False, True):
            if value == 0 or (value < 0) == upper:
                bound = self._bound(rows, unit, (constant, *slope), upper=upper, inputs=inputs)
                if bound is not None:
                    return bound
        return None

    def _bound(self, rows: _Rows, unit: int, form: _ExactRow, *, upper: bool, inputs: int) -> Bound | None:
        """Return the proof that a unit is <= 0 (>= 0) on the region, if it is."""
        system, origin = rows.system(width=inputs)
        best = lp.maximize(system, [a if upper else -a for a in form[1:]])
        if isinstance(best, lp.Optimal) and best.value + (form[0] if upper else -form[0]) <= 0:
            return Bound(unit, upper, True, _multipliers(rows, system, origin, best.multipliers)[0])
        return None

    def _end(self, number: int, rows: _Rows, known: Region, bounds: tuple[Bound, ...]) -> Node | _Found | None:
        """Decide a region on which every unit is settled; None where a case holds on an excluded boundary only."""
        tree = self.tree.waiting[number].tree
        claim, kind = self.tree.claims[tree], self.tree.exact[tree]
        refutations = []
        for case, targets in enumerate(claim.targets):
            found = self._refute(kind, targets, rows, known)
            if isinstance(found, Refutation):
                refutations.append(found)
                continue
            zone = self._zone(number, rows, known, bounds, found, self.patterns) if self.patterns else None
            decided = zone or self.confirm(tree, case, found)
            if decided is not None:
                return decided
        if len(refutations) < len(claim.targets):
            return None
        return Node(number, bounds, "no", refutations=tuple(refutations))

    def _refute(self, kind: Exact, targets: Sequence[Target], rows: _Rows, known: Region) -> Refutation | Vector:
        """Decide a case on a region where every unit is settled: the conditions are affine there.  Returns why not, or where."""
        conditions = []
        for target in targets:
            asked = Functions(np.array([0]), constant=target.constant)
            (asked.after if target.after_relu else asked.before)[target.layer] = target.coefficients[None] * Fraction(1)
            slope, constant, _ = backward(kind, known, asked)
            conditions.append((-constant[0], *(-entry for entry in slope[0].tolist())))
        inputs = kind.claim.inputs
        strict = [target.strict for target in targets]
        # Maximise t <= 1 where the strict conditions are >= t and the others >= 0.
        more = [(*row, Fraction(-1 if s else 0)) for row, s in zip(conditions, strict, strict=True)]
        cap = (Fraction(1), *(Fraction(0),) * inputs, Fraction(-1))
        system, origin = rows.system([*more, cap], inputs + 1)
        best = lp.maximize(system, [*(Fraction(0),) * inputs, Fraction(1)])
        if isinstance(best, lp.Optimal) and (best.value > 0 or not any(strict)):
            return best.point[:-1]
        if isinstance(best, lp.Unbounded):
            raise BackendError("a linear program whose optimum is at most 1 is said to have none")
        multipliers = best.farkas if isinstance(best, lp.Infeasible) else best.multipliers
        hint, mu = _multipliers(rows, system, origin, multipliers)
        scale = lcm(*(m.denominator for _, m in mu))
        multiples = tuple(m * scale for m in hint.multipliers), tuple((u, s, m * scale) for u, s, m in hint.betas)
        return Refutation(tuple((r, int(m * scale)) for r, m in mu), Hint(hint.rows, *multiples), exact=True)

    def _zone(
        self, number: int, rows: _Rows, known: Region, bounds: tuple[Bound, ...], point: Vector, patterns: dict[str, int]
    ) -> Node | None:
        """Return the node of a region that lies in a listed zone.

        A flat region has units that are zero all over it; its zone may count them either way, so the other bound is proved, too.
        """
        place = self.tree.waiting[number]
        claim, kind = self.tree.claims[place.tree], self.tree.exact[place.tree]
        units = np.nonzero(claim.relu)[0].tolist()
        signs = "".join("+" if known.has_low[0, u] and known.low[0, u] >= 0 else "-" for u in units)
        if signs in patterns:
            return Node(number, bounds, "zone", patterns[signs])
        forms: dict[int, _ExactRow] = {}
        for layer in range(1, claim.horizon + 1):
            span = range(claim.offsets[layer], claim.offsets[layer + 1])
            forms |= self._forms(kind, known, [u for u in span if claim.relu[u]], layer)
        zero = [forms[u][0] + sum(a * x for a, x in zip(forms[u][1:], point, strict=True)) == 0 for u in units]
        for pattern, zone in patterns.items():
            differ = [k for k, (one, other) in enumerate(zip(signs, pattern, strict=True)) if one != other]
            if not all(zero[k] for k in differ):
                continue
            more = [self._bound(rows, units[k], forms[units[k]], upper=pattern[k] == "-", inputs=claim.inputs) for k in differ]
            if all(more):
                return Node(number, bounds, "zone", zone, also=tuple(bound for bound in more if bound))
        return None


def _settled(known: Region, unit: int) -> bool:
    on = known.has_low[0, unit] and known.low[0, unit] >= 0
    return bool(on or (known.has_high[0, unit] and known.high[0, unit] <= 0))


def _multipliers(
    rows: _Rows, system: HRep, origin: dict[Row, tuple[int, Fraction]], multipliers: Sequence[Fraction]
) -> tuple[Hint, tuple[tuple[int, Fraction], ...]]:
    """Return multipliers of the rows as a certificate names them, and of the conditions that came after."""
    ours, betas, conditions = [], [], []
    for row, m in zip(system.closed_rows, multipliers, strict=False):
        if not m:
            continue
        k, scale = origin[row]
        if k >= len(rows.rows):  # the cap on t is not tight, so it has no multiplier
            conditions.append((k - len(rows.rows), m * scale))
        elif isinstance(number := rows.numbers[k], tuple):
            betas.append((*number, m * scale))
        else:
            ours.append((number, m * scale))
    return Hint.of(ours, betas), tuple(conditions)
