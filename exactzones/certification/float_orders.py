"""The float program of a network in orders of summation that are named, and inputs at which the order decides the answer.

NumPy's sums and products of two float64 numbers are rounded to the nearest number, as IEEE 754 says.  Formats of at most half the
precision are computed by them, and rounded again, which does not change the result (Figueroa 1995); of a product that is fused
with a sum it may become the number on the other side.  So each evaluation is one execution of the model of certificates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from exactzones.certification.witness.float_network import FloatNetwork, Slacks
from exactzones.checker import Case
from exactzones.checker.arithmetic import Array
from exactzones.errors import InputError
from exactzones.network import Network
from exactzones.property import Condition, Property
from exactzones.rational import Vector
from exactzones.rational.float_formats import FORMATS, FloatArithmetic

TYPES: dict[str, Any] = {"float64": np.float64, "float32": np.float32, "float16": np.float16}
"""The formats that NumPy and other libraries have."""
_NAMES = ("forward", "backward", "ascending", "descending", "pairwise")
_POINTS, _STEPS, _BISECTIONS = 256, 24, 80
_SPREAD = 6  # by how many numbers of the format the points around a tie differ from it, at most
_TERMS = 1 << 22  # most products of a batch


@dataclass(frozen=True)
class SumOrder:
    """An order in which every unit adds up its products and its bias.

    Attributes:
        name: ``forward`` (in the order of the inputs), ``backward``, ``ascending`` or ``descending`` (by absolute value),
            ``pairwise`` (a balanced tree), or ``random`` (each unit has an order of its own).
        bias_first: whether the bias is the first term; otherwise it is the last.
        seed: of a random order.
        fused: whether products are not rounded before they are added.
    """

    name: str
    bias_first: bool = False
    seed: int = 0
    fused: bool = False

    def __str__(self) -> str:
        seed = f" {self.seed}" if self.name == "random" else ""
        return f"{self.name}{seed}, bias {'first' if self.bias_first else 'last'}{', fused' if self.fused else ''}"

    def arranged(self, terms: Array, layer: int) -> Array:
        """Return terms, shape (points, units, terms), in the order in which they are added."""
        if self.name == "backward":
            return terms[..., ::-1]
        if self.name in ("ascending", "descending"):
            by_size = np.argsort(np.abs(terms), axis=2, kind="stable")
            return np.take_along_axis(terms, by_size if self.name == "ascending" else by_size[..., ::-1], 2)
        if self.name == "random":
            keys = np.random.default_rng([self.seed, layer]).random(terms.shape[1:])
            return np.take_along_axis(terms, np.argsort(keys, 1)[None], 2)
        return terms

    def total(self, terms: Array, layer: int, rounded: Callable[[Array], Array]) -> Array:
        """Return the sums of terms, shape (points, units), each addition rounded."""
        ordered = self.arranged(terms, layer)
        if self.name == "pairwise":
            while ordered.shape[2] > 1:
                odd = ordered[..., -1:] if ordered.shape[2] % 2 else ordered[..., :0]
                even = ordered.shape[2] - odd.shape[2]
                ordered = np.concatenate([rounded(ordered[..., 0:even:2] + ordered[..., 1:even:2]), odd], 2)
            return ordered[..., 0]
        result = rounded(ordered[..., 0])
        for k in range(1, ordered.shape[2]):
            result = rounded(result + ordered[..., k])
        return result


ORDERS = (
    *(SumOrder(name, bias_first) for name in _NAMES for bias_first in (False, True)),
    *(SumOrder("random", seed=seed) for seed in range(10)),
)
"""The orders that are tried."""
FUSED = tuple(SumOrder(name, bias_first, fused=True) for name in _NAMES[:-1] for bias_first in (False, True))
"""Further ones, where products and sums have one format of at most half the precision of float64."""


def _bfloat16(values: Array) -> Array:
    bits = values.astype(np.float32).view(np.uint32)
    nearest = (bits + (0x7FFF + ((bits >> 16) & 1))) & 0xFFFF0000  # ties to even
    return np.where(np.isnan(values), values, nearest.astype(np.uint32).view(np.float32).astype(np.float64))


_ROUNDED: dict[str, Callable[[Array], Array]] = {
    "float64": lambda values: values,
    "float32": lambda values: values.astype(np.float32).astype(np.float64),
    "float16": lambda values: values.astype(np.float16).astype(np.float64),
    "bfloat16": _bfloat16,
}
"""Round float64 numbers to the nearest ones of a format."""


class FloatProgram:
    """A network as a program of floats.

    Args:
        network: whose layers are single operations of its model, and whose weights are numbers of the format.
        name: of the arithmetic.

    Attributes:
        orders: that are different programs.

    Raises:
        InputError: there is no such arithmetic, or a layer stands for several operations.
    """

    def __init__(self, network: Network, name: str) -> None:
        arithmetic = FloatArithmetic.of(name)
        if arithmetic is None:
            raise InputError(f"arithmetic is {name}; programs run in {', '.join(FORMATS)}, or a pair of them")
        joined = next((k for k, layer in enumerate(network.layers) if layer.roundings is not None), None)
        if joined is not None:
            raise InputError(
                f"layer {joined} stands for several operations of the model; run the model itself: --replay onnxruntime"
            )
        self.rounded, self._sum = _ROUNDED[arithmetic.products.name], _ROUNDED[arithmetic.sums.name]
        self._exact = arithmetic.products != arithmetic.sums
        self.orders = ORDERS if self._exact or arithmetic.products.name == "float64" else (*ORDERS, *FUSED)
        floats = FloatNetwork.of(network)
        self.layers = list(zip(floats.weights, floats.biases, floats.masks, strict=True))

    def trace(self, points: Array, order: SumOrder) -> list[tuple[Array, Array]]:
        """Return each layer's pre-activations and activations, shape (points, units), as float64 numbers."""
        values, trace = self.rounded(points.astype(np.float64)), []
        with np.errstate(all="ignore"):
            for k, (weight, bias, mask) in enumerate(self.layers):
                terms = values[:, None, :] * weight[None]
                if not (order.fused or self._exact):
                    terms = self.rounded(terms)
                column = np.broadcast_to(bias[None, :, None], (*terms.shape[:2], 1))
                parts = (column, terms) if order.bias_first else (terms, column)
                before = self.rounded(order.total(np.concatenate(parts, 2), k, self._sum))
                values = np.where(mask, np.maximum(before, 0), before)
                trace.append((before, values))
        return trace

    def condition_values(self, prop: Property, points: Array, order: SumOrder) -> list[list[Fraction]]:
        """Return for each point the exact values of a resolved property's conditions on what the program computes."""
        most = max(1, _TERMS // max(weight.size for weight, _, _ in self.layers))
        rows: list[list[Fraction]] = []
        for start in range(0, len(points), most):
            trace = self.trace(points[start : start + most], order)
            rows += [[_value(each, trace, p) for each in prop.conditions] for p in range(len(trace[0][0]))]
        return rows


def _value(condition: Condition, trace: Sequence[tuple[Array, Array]], point: int) -> Fraction:
    """Return the value of a condition at a point; not finite numbers count as a value at which it does not hold."""
    values = trace[condition.layer][condition.after_relu][point]
    if not all(np.isfinite(values[unit]) for unit, _ in condition.terms):
        return Fraction(-1)
    return sum((c * Fraction(float(values[unit])) for unit, c in condition.terms), start=condition.constant)


class OrderDependence(NamedTuple):
    """An input at which a case holds in one order of summation, and does not in another.

    Attributes:
        case: the number of the case.
        point: the input.
        orders: the order in which the case holds, and the other one.
        values: for both the least value of the case's conditions: what exceeds the threshold, or falls short of it.
    """

    case: int
    point: Vector
    orders: tuple[SumOrder, SumOrder]
    values: tuple[Fraction, Fraction]


def order_dependence(network: Network, cases: Sequence[Case], *, seconds: float = 5.0) -> OrderDependence | None:
    """Search for an input at which the order of summation decides whether a case holds.

    Args:
        network: the network.
        cases: what is claimed of it in floats (over the reals nothing is found).
        seconds: how long to search; a further step may follow.

    Returns:
        None if none was found, which does not show that there is none.
    """
    name, end = cases[0].arithmetic if cases else "", time.monotonic() + seconds
    arithmetic = FloatArithmetic.of(name) if name else None
    if arithmetic is None or any(layer.roundings is not None for layer in network.layers):
        return None
    program, floats = FloatProgram(network, name), FloatNetwork.of(network)
    for number, case in enumerate(cases):
        prop = case.prop.resolve(network.widths)
        if not prop.conditions or case.rows.bounds is None:
            continue
        for points in _near_ties(floats, prop, case, arithmetic.products.precision):
            found = _differing(program, prop, points, (number, case))
            if found is not None:
                return found
            if time.monotonic() > end:
                break
    return None


def _differing(program: FloatProgram, prop: Property, points: Array, numbered: tuple[int, Case]) -> OrderDependence | None:
    """Return the first point of the case's domain at which two orders give different answers."""
    (number, case), points, orders = numbered, program.rounded(points), program.orders
    by_order = [program.condition_values(prop, points, order) for order in orders]
    for p, row in enumerate(points):
        least = [min(map(_value_and_answer, prop.conditions, values[p])) for values in by_order]
        best, worst = max(range(len(least)), key=least.__getitem__), min(range(len(least)), key=least.__getitem__)
        if least[best][1] and not least[worst][1] and _is_inside(case, point := tuple(Fraction(float(x)) for x in row)):
            return OrderDependence(number, point, (orders[best], orders[worst]), (least[best][0], least[worst][0]))
    return None


def _is_inside(case: Case, point: Vector) -> bool:
    rows, strict = case.rows.sparse, case.strict.sparse
    return all(row.value(point) >= 0 for row in rows) and all(row.value(point) > 0 for row in strict)


def _value_and_answer(condition: Condition, value: Fraction) -> tuple[Fraction, bool]:
    return value, condition.holds(value)


def _near_ties(floats: FloatNetwork, prop: Property, case: Case, precision: int) -> Iterator[Array]:
    """Yield batches of points of a case's box close to where its worst condition changes its sign, or comes closest to it."""
    low, high = case.rows.bounds or ({}, {})
    if not len(low) == len(high) == floats.weights[0].shape[1]:
        return
    ends = [np.array([float(side[j]) for j in range(len(side))]) for side in (low, high)]
    slacks, rng = Slacks(floats, prop), np.random.default_rng(0)

    def worst(points: Array) -> Array:
        least: Array = slacks.values(slacks.trace(points)).min(1)
        return least

    while True:
        points = rng.uniform(ends[0], ends[1], (_POINTS, len(ends[0])))
        width, start = ends[1] - ends[0], points
        for step in range(_STEPS):
            trace = slacks.trace(points)
            values = slacks.values(trace)
            chosen = np.eye(values.shape[1])[values.argmin(1)]
            gradient = np.sign(slacks.gradients(trace, chosen, leak=0.1))
            points = np.clip(points + 0.3 * 0.8**step * width * gradient, *ends)
        best = points[np.argsort(-worst(points))[:16]]
        yield _around(best, ends, precision, rng)
        above, below = best[worst(best) > 0], start[worst(start) <= 0]
        if not len(above) or not len(below):
            continue
        one, other = above[rng.integers(0, len(above), 32)], below[rng.integers(0, len(below), 32)]
        for _ in range(_BISECTIONS):
            middle = (one + other) / 2
            positive = (worst(middle) > 0)[:, None]
            one, other = np.where(positive, middle, one), np.where(positive, other, middle)
        yield _around(one, ends, precision, rng)


def _around(points: Array, ends: Sequence[Array], precision: int, rng: np.random.Generator) -> Array:
    """Return points, and others that differ from them by a few numbers of a format of this precision."""
    steps = rng.integers(-_SPREAD, _SPREAD + 1, (8, *points.shape)) * (rng.random((8, *points.shape)) < 0.5)
    moved = points[None] + steps * np.ldexp(1.0, np.frexp(points)[1] - precision)[None]
    return np.clip(np.concatenate([points[None], moved]).reshape(-1, points.shape[1]), *ends)
