"""Verdicts about floats against executions that are drawn at random, one operation after the other, in exact arithmetic.

Numbers are ordinary, or so small that products are flushed, or so large that sums nearly overflow, or cancel.
"""

import os
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise, product
from random import Random

import pytest

from exactzones import Network, certify, check, conjunction, feature, find_zones, maximum, together
from exactzones.certification import CanFire, CannotFire, case_of
from exactzones.certification.every_order import every_order
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.network import Layer
from exactzones.rational.float_formats import FloatArithmetic

ARITHMETICS = ("float32", "float16", "bfloat16", "float64", "bfloat16+float32", "float16+float32")
EXECUTIONS = 30
COUNT = int(os.environ.get("EXACTZONES_NETWORKS", "8"))
"""Of networks."""


class Execution:
    """Draws a rounding for each operation, trees of additions, fused products, and what is flushed."""

    def __init__(self, draw, name):
        self.draw, self.arithmetic = draw, FloatArithmetic.of(name)
        self.directions = draw.choice([["nearest"], ["up"], ["down"], ["zero"], ["nearest", "up", "down", "zero"]])
        self.flushes = draw.choice([0, 0.5, 1])

    def flushed(self, value, format_):
        tiny = 0 < abs(value) < format_.smallest_normal
        return Fraction(0) if tiny and self.draw.random() < self.flushes else value

    def rounded(self, value, format_):
        return self.flushed(format_.round(value, self.draw.choice(self.directions)), format_)

    def unit(self, row, bias, values):
        products, sums = self.arithmetic.products, self.arithmetic.sums
        terms = [(w, x) for w, x in zip(row, values, strict=True) if w]
        if len(terms) == 1 and abs(terms[0][0]) == 1 and not bias:
            return terms[0][0] * terms[0][1]
        nodes = [(w * self.flushed(x, products), True) for w, x in terms] + ([(bias, False)] if bias else [])
        while len(nodes) > 1:
            (one, raw), (other, fresh) = (nodes.pop(self.draw.randrange(len(nodes))) for _ in range(2))
            if raw and (fresh or self.draw.random() < 0.5):  # at most one product is fused
                one = self.rounded(one, products)
            if fresh and self.draw.random() < 0.5:
                other = self.rounded(other, products)
            nodes.append((self.rounded(one + other, sums), False))
        return self.rounded(nodes[0][0], products) if nodes else Fraction(0)

    def values(self, network, point, layer):
        """The pre-activations of a layer."""
        for each in network.layers[: layer + 1]:
            before = [self.unit(row, bias, point) for row, bias in zip(each.weight.rows, each.bias, strict=True)]
            point = each.activate(before)
        return before


class Sample:
    """A network, a box, and a layer of the network about which questions are asked."""

    def __init__(self, seed):
        self.draw = draw = Random(seed)  # noqa: S311
        self.name = draw.choice(ARITHMETICS)
        self.format = FloatArithmetic.of(self.name).products
        self.kind = draw.choice(["ordinary", "ordinary", "small", "large", "cancel", "root"])
        widths = [draw.randint(1, 3) for _ in range(draw.randint(2, 4))]
        layers = [
            Layer.of(
                [[self.number() for _ in range(a)] for _ in range(b)], [self.number() for _ in range(b)], relu=draw.random() < 0.8
            )
            for a, b in pairwise(widths)
        ]
        self.network, self.layer = Network(tuple(layers)), draw.randrange(len(layers))
        ends = [sorted(self.number() for _ in range(2)) for _ in range(widths[0])]
        self.box = [(low, low if draw.random() < 0.5 else high) for low, high in ends]
        self.unit = draw.randrange(widths[self.layer + 1])

    def number(self):
        draw, format_ = self.draw, self.format
        if draw.random() < 0.2:
            return Fraction(draw.choice([0, 1, -1, 2]))
        size = {"small": format_.least + 3, "large": format_.greatest // 2 - 2, "root": format_.least // 2}.get(self.kind, 0)
        value = Fraction(draw.gauss(0, 1)) * Fraction(2) ** size
        if self.kind == "cancel":
            value = draw.choice([1, -1]) * (Fraction(2) ** format_.precision + draw.choice([0, 2, 4]))
        return format_.round(value, flush=True)

    def points(self):
        for _ in range(EXECUTIONS):
            yield [self.format.round(self.draw.choice(side)) for side in self.box]

    def executed(self, points):
        """The values of the layer in executions at points; OverflowError if one overflows."""
        return [Execution(self.draw, self.name).values(self.network, list(point), self.layer) for point in points]

    def known(self, points):
        """The same of a network about which something was decided, which therefore does not overflow."""
        try:
            return self.executed(points)
        except OverflowError:
            pytest.fail("a network about which something was decided has overflowed")


def compare_certify(sample):
    unit, place = sample.unit, next(sample.points())
    threshold = sample.network.trace(place)[sample.layer][unit]
    fires = feature(unit, threshold, layer=sample.layer)
    decision = certify(sample.network, fires, sample.box, arithmetic=sample.name, seconds=0.5)
    if isinstance(decision, CannotFire):
        assert all(values[unit] <= threshold for values in sample.known(sample.points()))
    if isinstance(decision, CanFire):
        assert all(values[unit] > threshold for values in sample.known([decision.witness] * EXECUTIONS))
    found = every_order(sample.network, [case_of(sample.network, fires, sample.box, arithmetic=sample.name)], Deadline(1))
    if found is not None:
        points = sample.points() if found.point is None else [found.point] * EXECUTIONS
        assert all((values[unit] > threshold) == (found.point is not None) for values in sample.known(points))


def compare_maximum(sample):
    top = maximum(sample.network, feature(sample.unit, layer=sample.layer), sample.box, arithmetic=sample.name, seconds=0.5)
    assert all(values[sample.unit] <= top.value for values in sample.known(sample.points()))
    if top.reached is not None:
        assert all(values[sample.unit] > top.reached for values in sample.known([top.point] * EXECUTIONS))


def compare_together(sample):
    found = together(sample.network, None, sample.box, layer=sample.layer, arithmetic=sample.name, seconds=0.5)
    executed = sample.known(sample.points()) if (found.together != -2).all() else []
    for one, other in product(found.features, repeat=2):
        at, decision = found.together[one, other], found.decision(one, other)
        both = [feature(unit, layer=sample.layer) for unit in dict.fromkeys((one, other))]
        if at != -2:
            verdict = check(sample.network, conjunction(*both), sample.box, decision.certificate, arithmetic=sample.name).verdict
            assert verdict == "valid"
        if at == -1:
            assert not any(values[one] > 0 and values[other] > 0 for values in executed)
        if at >= 0:
            assert all(min(values[one], values[other]) > 0 for values in sample.known([found.points[at]] * EXECUTIONS))


def compare_bands(sample):
    for zone in find_zones(sample.network, feature(sample.unit, layer=sample.layer), sample.box):
        band = zone.band(sample.name)
        for point in filter(zone.contains, map(tuple, sample.points())):
            (values,) = sample.known([point])
            value = values[sample.unit]
            assert abs(value - sample.network.trace(point)[sample.layer][sample.unit]) <= band.errors[0]
            assert value > 0 or not band.surely.contains(point)
            assert value <= 0 or band.possibly.contains(point)


@pytest.mark.parametrize("compare", [compare_certify, compare_maximum, compare_together, compare_bands])
def test_executions_agree_with_verdicts(compare):
    compared = 0
    for seed in range(COUNT):
        with suppress(InputError), suppress(BudgetExceeded):  # what may overflow is refused
            compare(Sample(seed))
            compared += 1
    assert compared
