"""The largest value of a unit on a domain: climbing from one cell's maximum to the next; a bracket if a limit ends the proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from exactzones.certification.decide import case_of, certify, refute
from exactzones.certification.direct import Direct
from exactzones.certification.limits import CELL_SEARCH_INPUTS, EXACT_PROGRAM_INPUTS
from exactzones.certification.results import CanFire, CannotFire, Decision, ProvedMaximum, Undecided
from exactzones.certification.witness.search import cell_rows
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, DomainError
from exactzones.network import Network
from exactzones.polyhedra import Box, HRep, Polyhedron, lp
from exactzones.polyhedra.program import Program
from exactzones.property import condition, feature
from exactzones.rational import Row, Vector, dot, irrational, over_common_denominator
from exactzones.rational.float_formats import REAL
from exactzones.rational.floats import clipped_float, float_matrix, float_vector
from exactzones.zones import find_zones
from exactzones.zones.attained import attaining_point

_PROOF_SHARE = 0.75  # of the time; the rest is for a bracket
_TRY_SHARE = 0.4  # of the time that is left, for a try to prove a bound
_TRY_SECONDS = 20.0  # for each of them without a limit
_GROWTH = 4  # of the gap after a try that failed
_TRIES = 30
_NARROW = Fraction(1, 1 << 20)  # a gap that is not made narrower, in proportion to the value


def real_maximum(climb: Climb, until: Deadline, options: dict[str, Any]) -> ProvedMaximum:
    """Return the maximum over the reals; ``options`` are those of ``certify``."""
    affine = None if climb.layer % len(climb.network.widths) else Direct.of(climb.network, climb.domain)
    if affine is not None and (best := affine.maximum(climb.unit)) is not None:
        return ProvedMaximum(*best[:2], None, best[2].certificate)
    return climb.run(until, options)


@dataclass(frozen=True)
class Climb:
    """The search for the maximum of a unit on a domain, from one cell's maximum to the next.

    Attributes:
        network: the network.
        unit: its number in the layer.
        layer: 0 is the first, -1 the last.
        domain: None is all of the input space.
        arithmetic: of the executions about which a bound is proved if a limit ends the proof.
    """

    network: Network
    unit: int
    layer: int
    domain: Polyhedron | None
    arithmetic: str = REAL

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The domain's rows ``b + a . x >= 0``."""
        return tuple(case_of(self.network, feature(self.unit, layer=self.layer), self.domain).rows)

    def run(self, until: Deadline, options: dict[str, Any]) -> ProvedMaximum:
        """Climb until the unit is nowhere greater.

        Raises:
            BudgetExceeded: a limit ended the proof; ``found`` has the largest value so far, and a bound if one was proved.
            DomainError: the domain is empty.
        """
        value, point, ray = self.top_of_cell(self._start())
        while ray is None:
            attempt = until.part(_PROOF_SHARE)
            decision = self._exceeds(value, attempt, options)
            if isinstance(decision, CannotFire):
                point, attained = self.attained(value, point, until)
                return ProvedMaximum(value, point, None, decision.certificate, attained)
            if isinstance(decision, Undecided):
                best = ProvedMaximum(value, point, None, None, self._known(point))
                if not attempt.interrupted:
                    best = self._bracketed(best, until, options)
                raise BudgetExceeded(until.reason if until.interrupted else decision.reason, best)
            value, point, ray = self.top_of_cell(decision.witness)
        return ProvedMaximum(None, point, ray, None, attained=False)

    def _exceeds(self, value: Fraction, until: Deadline, options: dict[str, Any]) -> Decision:
        return certify(self.network, feature(self.unit, value, self.layer), self.domain, seconds=until, **options)

    def _start(self) -> Vector:
        """Return a point of the domain."""
        if isinstance(self.domain, Box) and not self.domain.is_empty and self.network.inputs > EXACT_PROGRAM_INPUTS:
            return tuple((low + high) / 2 for low, high in zip(self.domain.low, self.domain.high, strict=True))
        start = lp.feasibility(HRep.of(self.network.inputs, self.rows))
        if isinstance(start, lp.Infeasible):
            raise DomainError("the domain is empty")
        return start

    def _bracketed(self, best: ProvedMaximum, until: Deadline, options: dict[str, Any]) -> ProvedMaximum:
        """Return the largest value that is found, and the least bound that is proved, before the time is up.

        Bounds above the value are tried, farther and farther, until one is proved; then between those that failed and that one.
        """
        failed = best.value or Fraction(0)
        unit = max(Fraction(1), abs(failed))
        gap = self._range_above(failed) or unit
        for _ in range(_TRIES):
            if until.passed or (best.upper is not None and best.upper - failed <= unit * _NARROW):
                break
            bound = failed + gap if best.upper is None else failed + (best.upper - failed) / 4
            bound = math.ceil(bound / _NARROW) * _NARROW
            if bound == best.upper:
                break
            attempt = Deadline(_TRY_SECONDS) if until.seconds is None else until.part(_TRY_SHARE)
            case = case_of(self.network, feature(self.unit, bound, self.layer), self.domain, arithmetic=self.arithmetic)
            decision = refute(self.network, case, attempt, **options)
            if isinstance(decision, CannotFire):
                best = replace(best, upper=bound, upper_certificate=decision.certificate)
                continue
            if attempt.interrupted:
                break
            failed, gap = bound, gap * _GROWTH
            if isinstance(decision, CanFire):
                value, point, ray = self.top_of_cell(decision.witness)
                if ray is not None:
                    return ProvedMaximum(None, point, ray, None, attained=False)
                # an execution in floats may exceed the bound where the value over the reals does not
                if best.value is None or value > best.value:
                    best = replace(best, value=value, point=point, attained=self._known(point))
                failed = max(failed, value)
        return best

    def _range_above(self, value: Fraction) -> Fraction | None:
        """Return by how much intervals on a bounded box exceed a value, about; None if there are none."""
        if not isinstance(self.domain, Box) or not self.domain.is_rational:
            return None
        low, high = (float_vector(end, clipped_float) for end in (self.domain.low, self.domain.high))
        for k, layer in enumerate(self.network.layers[: self.layer % len(self.network.widths) + 1]):
            if k:
                before = np.array(self.network.layers[k - 1].relu)
                low, high = np.where(before, np.maximum(low, 0), low), np.where(before, np.maximum(high, 0), high)
            weight = float_matrix(layer.weight, clipped_float)
            middle = weight @ ((low + high) / 2) + float_vector(layer.bias, clipped_float)
            reach = np.abs(weight) @ ((high - low) / 2)
            low, high = middle - reach, middle + reach
        above = float(high[self.unit]) * (1 + 2**-20 * (high[self.unit] > 0)) - clipped_float(value)
        return Fraction(above) if 0 < above < np.inf else None

    def _known(self, point: Vector) -> bool | None:
        return True if self.is_inside(point) else None

    def is_inside(self, point: Vector) -> bool:
        """Tell whether a point of the closed domain satisfies its strict rows."""
        return self.domain is None or self.domain.contains(point)

    def attained(self, value: Fraction, point: Vector, until: Deadline) -> tuple[Vector, bool | None]:
        """Return a point where the feature has its supremum, in the domain if possible, and whether it is: None if not known."""
        if self.domain is None or self.is_inside(point):
            return point, True
        if self.network.inputs > CELL_SEARCH_INPUTS or until.passed:
            return point, None
        top = condition({self.unit: 1}, -value, layer=self.layer, strict=False)
        try:
            zones = find_zones(self.network, top, self.domain, seconds=until)
        except (BudgetExceeded, DomainError):
            return point, None
        inside = attaining_point(self.domain, value, zones)
        return (point, False) if inside is None else (inside, True)

    def top_of_cell(self, point: Vector) -> tuple[Fraction, Vector, Vector | None]:
        """Return the maximum over the closed cell that contains a point, where it is attained, and a ray if it is infinite."""
        network, layer = self.network, self.layer % len(self.network.widths)
        pattern = network.pattern(point, layer)
        maps = network.regime_maps(pattern, layer)
        slope, constant = maps[layer].matrix.rows[self.unit], maps[layer].offset[self.unit]
        best = self._largest([*self.rows, *cell_rows(network, pattern, maps[:layer])], slope)
        if isinstance(best, lp.Optimal):
            return best.value + constant, best.point, None
        if isinstance(best, lp.Unbounded):
            return dot(slope, best.point) + constant, best.point, best.ray
        return dot(slope, point) + constant, point, None

    def _largest(self, rows: Sequence[Row], slope: Vector) -> lp.LPResult:
        """Return the maximum of a linear function where rows are >= 0."""
        system = HRep.of(self.network.inputs, rows)
        if self.network.inputs <= EXACT_PROGRAM_INPUTS or irrational((*slope, *(entry for row in rows for entry in row))):
            return lp.maximize(system, slope)
        numerators, scale = over_common_denominator((Fraction(0), *slope))
        found = Program.on(system).maximize(numerators)
        return replace(found, value=found.value / scale) if isinstance(found, lp.Optimal) else found
