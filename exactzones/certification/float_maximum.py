"""How large a feature becomes in floats: a number that no order of summation exceeds, and one that all exceed somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.certification.decide import case_of, certify
from exactzones.certification.results import CannotFire, Certificate
from exactzones.checker.core import holds
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded
from exactzones.network import Network
from exactzones.polyhedra import Box, Polyhedron
from exactzones.property import Property
from exactzones.rational import Vector
from exactzones.rational.float_formats import FloatArithmetic

_STEPS = 80
_GROWTH = 4  # from one step to the next
_FIRST_SPACINGS = 4  # of the format around the maximum, as the first step


@dataclass(frozen=True)
class FloatMaximum:
    """The search for bounds of a feature's largest value in an arithmetic.

    Attributes:
        network: the network.
        above: returns the property that the feature exceeds a number.
        domain: bounded.
        arithmetic: in which the network is evaluated.
    """

    network: Network
    above: Callable[[Fraction], Property]
    domain: Polyhedron | None
    arithmetic: FloatArithmetic

    def bound(self, start: Fraction, until: Deadline, options: dict[str, Any]) -> tuple[Fraction, Certificate]:
        """Return a number that no execution exceeds on the domain, with its certificate; it is not less than ``start``.

        Args:
            start: the maximum over the reals.
            until: when to end.
            options: further ones of ``certify``.

        Raises:
            BudgetExceeded: time is up, or no bound is found.
        """
        step = self._first_step(start)
        for _ in range(_STEPS):
            decision = certify(
                self.network, self.above(start + step), self.domain, arithmetic=self.arithmetic.name, seconds=until, **options
            )
            if isinstance(decision, CannotFire):
                return start + step, decision.certificate
            if until.passed:
                raise BudgetExceeded(until.reason, None)
            step *= _GROWTH
        raise BudgetExceeded("no bound was found that can be proved", None)

    def reached(self, point: Vector) -> tuple[Vector, Fraction] | None:
        """Return an input close to a point, and a number that the feature exceeds there in every order.

        Returns:
            None if the numbers of the format close to the point are not in the domain.
        """
        near = self._nearest(point)
        if self.domain is not None and not self.domain.contains(near):
            return None
        value = self._value(near)
        step = self._first_step(value)
        for _ in range(_STEPS):
            if holds(
                self.network, case_of(self.network, self.above(value - step), self.domain, arithmetic=self.arithmetic.name), near
            ):
                return near, value - step
            step *= _GROWTH
        return None

    def _first_step(self, value: Fraction) -> Fraction:
        """Return how far from a value the first number is tried: a few of the distances between numbers of the format there."""
        return _FIRST_SPACINGS * self.arithmetic.products.spacing(value)

    def _nearest(self, point: Vector) -> Vector:
        """Return the numbers of the format next to a point's coordinates, inside the domain if it is a box."""
        format_ = self.arithmetic.products
        rounded = [format_.round(x) for x in point]
        if isinstance(self.domain, Box):
            ends = zip(rounded, self.domain.low, self.domain.high, strict=True)
            rounded = [min(max(x, format_.round(low, "up")), format_.round(high, "down")) for x, low, high in ends]
        return tuple(rounded)

    def _value(self, point: Vector) -> Fraction:
        """Return the feature's value over the reals."""
        (condition,) = self.above(Fraction(0)).resolve(self.network.widths).conditions
        return condition.value(self.network.trace(point)[condition.layer])
