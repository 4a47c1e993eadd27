"""All that floats may compute at an input, for small networks: every order of summation, one value of a unit after the other.

A certificate bounds the errors of sums.  Here each unit has the set of all numbers of the format that some tree of additions
may give, found by dynamic programming over subsets of its terms; and each combination of a layer's values is carried on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import NamedTuple

from exactzones.checker import Case
from exactzones.deadline import Deadline
from exactzones.network import Layer, Network
from exactzones.property import Property
from exactzones.rational import Vector
from exactzones.rational.float_formats import FloatArithmetic, FloatFormat

MOST_TERMS = 7
"""Terms of a unit whose orders are gone through: there are 3^n pairs of disjoint subsets."""
_MOST_VALUES = 512  # combinations of a layer's values
_MOST_POINTS = 4096  # inputs that are gone through

Interval = tuple[Fraction, Fraction]
_ZEROS: Interval = Fraction(0), Fraction(0)


class TooMany(Exception):
    """There are too many executions to go through."""


class EveryOrder(NamedTuple):
    """What was found by going through all executions.

    Attributes:
        case: the number of the case that holds in all executions at a point; None if no case holds in any, at any point.
        point: see ``case``; None if there is none.
        points: how many inputs of the format were gone through.
    """

    case: int | None
    point: Vector | None
    points: int


class Executions:
    """All executions of a network in an arithmetic.

    Args:
        network: whose layers are single operations of its model.
        arithmetic: in which it is evaluated.
    """

    def __init__(self, network: Network, arithmetic: FloatArithmetic) -> None:
        self.network, self.arithmetic = network, arithmetic

    @cached_property
    def _rows(self) -> list[list[list[tuple[int, Fraction]]]]:
        return [[[(i, w) for i, w in enumerate(row) if w] for row in layer.weight.rows] for layer in self.network.layers]

    def holds(self, prop: Property, point: Vector) -> bool | None:
        """Tell whether a resolved property holds at an input in all executions, or in none; None if it depends on them.

        Raises:
            TooMany: there are too many executions.
        """
        depth = max(each.layer for each in prop.conditions) + 1
        verdicts = {
            all(each.holds(each.value(trace[each.layer][each.after_relu])) for each in prop.conditions)
            for trace in self._traces(point, depth)
        }
        return verdicts.pop() if len(verdicts) == 1 else None

    def _traces(self, point: Vector, depth: int) -> Iterator[list[tuple[Vector, Vector]]]:
        """Yield the pre-activations and activations of layers, for all combinations of values of their units."""
        traces: list[list[tuple[Vector, Vector]]] = [[]]
        for k, layer in enumerate(self.network.layers[:depth]):
            longer: list[list[tuple[Vector, Vector]]] = []
            for trace in traces:
                sets = [self._values(k, j, layer, trace[-1][1] if trace else point) for j in range(layer.outputs)]
                if len(longer) + math.prod(map(len, sets)) > _MOST_VALUES:
                    raise TooMany
                longer += [[*trace, (values, layer.activate(values))] for values in product(*sets)]
            traces = longer
        yield from traces

    def _values(self, k: int, unit: int, layer: Layer, inputs: Vector) -> list[Fraction]:
        """Return all numbers that some tree of additions may store as a unit's value."""
        row, bias, format_ = self._rows[k][unit], layer.bias[unit], self.arithmetic.products
        if len(row) == 1 and abs(row[0][1]) == 1 and not bias:
            return [row[0][1] * inputs[row[0][0]]]
        leaves = [self._rounded((w * inputs[i],) * 2, format_) for i, w in row]
        least = format_.smallest_normal  # a smaller input may be read as zero
        leaves = [_hull(leaf, (w * inputs[i],) * 2) for leaf, (i, w) in zip(leaves, row, strict=True)]
        leaves = [_hull(leaf, _ZEROS) if abs(inputs[i]) < least else leaf for leaf, (i, _) in zip(leaves, row, strict=True)]
        leaves += [(bias, bias)] if bias else []
        if not leaves:
            return [Fraction(0)]
        return _numbers(self._rounded(self._sum(leaves), format_), format_)

    def _sum(self, leaves: Sequence[Interval]) -> Interval:
        """Return the hull of the sums of terms, in all orders."""
        if len(leaves) > MOST_TERMS + 1:
            raise TooMany
        hulls: dict[int, Interval] = {1 << k: leaf for k, leaf in enumerate(leaves)}
        for subset in range(1, 1 << len(leaves)):
            part = (subset - 1) & subset
            while part:
                if part > subset ^ part:
                    one, other = hulls[part], hulls[subset ^ part]
                    added = self._rounded((one[0] + other[0], one[1] + other[1]), self.arithmetic.sums)
                    hulls[subset] = _hull(hulls[subset], added) if subset in hulls else added
                part = (part - 1) & subset
        return hulls[(1 << len(leaves)) - 1]

    def _rounded(self, interval: Interval, format_: FloatFormat) -> Interval:
        """Return the hull of what an operation may return whose exact result lies in an interval."""
        try:
            low, high = format_.round(interval[0], "down"), format_.round(interval[1], "up")
        except OverflowError:
            raise TooMany from None
        return self._flushed((low, high), format_)

    @staticmethod
    def _flushed(interval: Interval, format_: FloatFormat) -> Interval:
        low, high = interval
        least = format_.smallest_normal
        return (min(low, Fraction(0)) if 0 < low < least else low), (max(high, Fraction(0)) if -least < high < 0 else high)


def every_order(network: Network, cases: Sequence[Case], until: Deadline) -> EveryOrder | None:
    """Go through all inputs of the format, and all executions, where there are few.

    Args:
        network: the network.
        cases: what is claimed of it in floats, on boxes.
        until: when to give up.

    Returns:
        None if there are too many, or if what holds depends on the order.
    """
    arithmetic = FloatArithmetic.of(cases[0].arithmetic) if cases else None
    if arithmetic is None or any(layer.roundings is not None for layer in network.layers):
        return None
    executions, undecided, count = Executions(network, arithmetic), False, 0
    for number, case in enumerate(cases):
        prop = case.prop.resolve(network.widths)
        try:
            for point in _points(case, network.inputs, arithmetic.products):
                if until.passed:
                    return None
                count += 1
                holds = executions.holds(prop, point)
                if holds:
                    return EveryOrder(number, point, count)
                undecided = undecided or holds is None
        except (TooMany, OverflowError):
            return None
    return None if undecided else EveryOrder(None, None, count)


def _points(case: Case, inputs: int, format_: FloatFormat) -> Iterator[Vector]:
    """Yield the points of a case's domain whose coordinates are numbers of the format."""
    low, high = case.rows.bounds or ({}, {})
    if not len(low) == len(high) == inputs or not case.prop.conditions:
        raise TooMany
    ranges = [_numbers((format_.round(low[j], "up"), format_.round(high[j], "down")), format_) for j in range(inputs)]
    if math.prod(map(len, ranges)) > _MOST_POINTS:
        raise TooMany
    for point in product(*ranges):
        if all(row.value(point) >= 0 for row in case.rows.sparse) and all(row.value(point) > 0 for row in case.strict.sparse):
            yield point


def _numbers(interval: Interval, format_: FloatFormat) -> list[Fraction]:
    """Return the numbers of the format between two of them."""
    numbers: list[Fraction] = []
    number, high = interval
    while number <= high:
        if len(numbers) >= _MOST_VALUES:
            raise TooMany
        numbers.append(number)
        if number == high:
            break
        number = _next(number, format_)
    return numbers


def _next(number: Fraction, format_: FloatFormat) -> Fraction:
    """Return the next larger number of the format."""
    tiny = format_.spacing(Fraction(0)) / 2
    return format_.round(number + tiny, "up")


def _hull(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])
