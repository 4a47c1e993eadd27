"""From a witness to the exact locally nearest point: descent in floats, and what makes its answer exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from exactzones.certification.ball.cell import FloatQuestion
from exactzones.certification.ball.descent import FloatBall, Minimum, descend
from exactzones.certification.ball.foot import ExactBall, Foot
from exactzones.certification.prepared import Prepared
from exactzones.certification.witness.float_network import Slacks
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational import Vector
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector

_STARTS, _ASCENT = 8, 40  # points, and steps of each
_STRIDE, _DECAY = 0.25, 0.9  # of the first step, in proportion to the ball, and of each later one


def foot_from(network: Network, prop: Property, ball: ExactBall, starts: Iterable[Vector], deadline: Deadline) -> Foot | None:
    """Return the nearest of the feet that descents lead to; None if there is none.

    Args:
        network: a rational network.
        prop: a resolved conjunction of conditions.
        ball: the centre and the domain.
        starts: points at which the property holds, or next to which it does.
        deadline: once it has passed, no further descent begins.
    """
    question = FloatQuestion.of(Prepared.of(network).floats, prop)
    if question is None:
        return None
    places = (float_vector(start, clipped_float) for start in starts)
    minima = [_descend(question, _in_floats(ball), place, deadline) for place in places]
    feet = [_confirmed(network, prop, ball, minimum) for minimum in minima if minimum is not None]
    return min((foot for foot in feet if foot is not None), key=lambda foot: foot.radius, default=None)


def guessed_foot(
    network: Network, cases: Sequence[Property], ball: ExactBall, radius: Fraction, deadline: Deadline, *, seed: int = 0
) -> tuple[Foot, int] | None:
    """Return the nearest foot to which descents from points within a radius lead, and its case; None if there is none.

    The points are those at which gradient ascent within the radius makes the least slack of a case's conditions largest.
    """
    floats, places, minima = Prepared.of(network).floats, _in_floats(ball), list[tuple[Minimum, int]]()
    for k, case in enumerate(cases):
        question = FloatQuestion.of(floats, case)
        if question is not None and not deadline.passed:
            minimum = _descend(question, places, _ascend(Slacks(floats, case), places, float(radius), seed), deadline)
            minima += [] if minimum is None else [(minimum, k)]
    for minimum, k in sorted(minima, key=lambda pair: pair[0].radius):
        foot = _confirmed(network, cases[k], ball, minimum)
        if foot is not None:
            return foot, k
    return None


def _in_floats(ball: ExactBall) -> FloatBall:
    low, high = (
        np.array([infinity if end is None else clipped_float(end) for end in ends])
        for ends, infinity in ((ball.low, -np.inf), (ball.high, np.inf))
    )
    return FloatBall(float_vector(ball.centre, clipped_float), low, high)


def _ascend(slacks: Slacks, ball: FloatBall, radius: float, seed: int) -> Floats:
    """Return a point within a radius with a large least slack, by ascent along signs of gradients from random points."""
    (low, high), rng = ball.bounds(radius), np.random.default_rng(seed)
    points = low + (high - low) * rng.random((_STARTS, len(low)))
    best: Floats = points[0]
    largest = -np.inf
    for step in range(_ASCENT):
        trace = slacks.trace(points)
        values = slacks.values(trace)
        worst = values.argmin(axis=1)
        least = values[np.arange(len(points)), worst]
        if least.max() > largest:
            best, largest = points[least.argmax()], least.max()
        weights = np.zeros_like(values)
        weights[np.arange(len(points)), worst] = 1.0
        points = np.clip(points + np.sign(slacks.gradients(trace, weights)) * (high - low) * _STRIDE * _DECAY**step, low, high)
    return best


def _descend(question: FloatQuestion, ball: FloatBall, start: Floats, deadline: Deadline) -> Minimum | None:
    try:
        return descend(question, ball, start, deadline)
    except BudgetExceeded:
        return None


def _confirmed(network: Network, prop: Property, ball: ExactBall, minimum: Minimum) -> Foot | None:
    """Return the exact foot of a minimum if the property holds at points that are arbitrarily close to it."""
    foot = Foot.of(network, prop, ball, minimum)
    near = foot is not None and _fires_near(foot, tuple(map(Fraction, minimum.inside.tolist())))
    return foot if near else None


def _fires_near(foot: Foot, inside: Vector) -> bool:
    """Tell whether the property holds at a point of the domain in the foot's closed cell, hence on all of the way to it."""
    raised = [x if a is None else max(a, x) for a, x in zip(foot.ball.low, inside, strict=True)]
    point = tuple(x if b is None else min(x, b) for x, b in zip(raised, foot.ball.high, strict=True))
    return foot.has_in_cell(foot.network.trace(point)) and foot.network.satisfies(point, foot.prop)
