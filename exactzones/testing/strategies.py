"""Hypothesis strategies: plain, degenerate and adversarial networks, and points, polyhedra and properties for them.

Random weights almost never produce parallel, concurrent or repeated hyperplanes, dead neurons or zero pre-activations, but it
is there that code about ReLU networks fails.  The strategies produce them often, and shrink to small integers.

Hypothesis validates each strategy object once, which takes longer than a draw, so parts are made once and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from exactzones.arguments import as_network
from exactzones.errors import InputError, quoted
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature
from exactzones.rational import Vector, dot, index, row_echelon

Numbers: TypeAlias = SearchStrategy[Fraction]
_Entry = TypeVar("_Entry")
_Unit: TypeAlias = tuple[list[Fraction], Fraction]
_Row: TypeAlias = tuple[int | Fraction, ...]

KINDS = ("integer", "zero_bias", "plain", "float", "duplicate", "parallel", "dead", "lanes", "bottleneck")
"""The kinds of networks, simplest first.

* ``integer``: weights and biases in {-1, 0, 1}: concurrent and repeated hyperplanes, zero pre-activations;
* ``zero_bias``: every hyperplane of the first layer passes through the origin;
* ``plain``: small rationals, or short dyadic numbers;
* ``float``: single-precision floats of any size;
* ``duplicate``: neurons repeated within a layer;
* ``parallel``: rows that are multiples of one another, with different biases;
* ``dead``: neurons with zero rows, and neurons of later layers that never fire;
* ``lanes``: hidden layers with ReLU on some units and pass-through units (linear lanes) otherwise;
* ``bottleneck``: MLP blocks, an up-projection with ReLU and a down-projection without, so that latent spaces exist.
"""

_FACTORS = tuple(Fraction(factor) for factor in ("1", "-1", "2", "-2", "1/2", "-1/3"))


def rationals(max_denominator: int = 4, bound: int = 3) -> Numbers:
    """Draw rational numbers of absolute value at most ``bound``; they shrink to small integers.

    >>> from hypothesis import find
    >>> find(rationals(max_denominator=3), lambda number: number > 0)
    Fraction(1, 1)
    """
    return _rationals(index(max_denominator, "max_denominator", least=1), index(bound, "bound", least=0))


@lru_cache
def _rationals(max_denominator: int, most: int) -> Numbers:
    @lru_cache
    def over(denominator: int) -> Numbers:
        return st.integers(-most * denominator, most * denominator).map(lambda numerator: Fraction(numerator, denominator))

    return st.integers(1, max_denominator).flatmap(over)


def dyadics(bits: int = 4, bound: int = 3) -> Numbers:
    """Draw multiples of ``2**-bits`` of absolute value at most ``bound``: short floats, as exact numbers.

    >>> from hypothesis import find
    >>> find(dyadics(bits=1), lambda number: number.denominator > 1)
    Fraction(1, 2)
    """
    most, shift = index(bound, "bound", least=0), index(bits, "bits", least=0)
    return st.integers(-most << shift, most << shift).map(lambda numerator: Fraction(numerator, 1 << shift))


def floats32(bound: int = 3) -> Numbers:
    """Draw single-precision floats of absolute value at most ``bound``, as the exact numbers that they are.

    Numbers as small as 2**-126 are among them, so that a sum computed in floats loses one term entirely.

    >>> from hypothesis import find
    >>> find(floats32(), lambda number: number < 0)
    Fraction(-1, 1)
    """
    most = index(bound, "bound", least=0)
    return st.floats(-most, most, width=32, allow_subnormal=False).map(Fraction)


_SMALL = st.sampled_from([Fraction(0), Fraction(1), Fraction(-1)])
_RATIONALS, _DYADICS, _FLOATS = rationals(), dyadics(), floats32()
_THRESHOLDS = st.just(Fraction(0)) | rationals(bound=2)


@st.composite
def networks(
    draw: DrawFn,
    kind: str | None = None,
    *,
    inputs: int | tuple[int, int] = (1, 3),
    outputs: int | tuple[int, int] = (1, 3),
    max_hidden: int = 2,
    max_width: int = 4,
    min_hidden: int = 1,
) -> Network:
    """Draw networks: ``min_hidden`` to ``max_hidden`` hidden layers, then a last layer with or without ReLU.

    Args:
        draw: supplied by hypothesis.
        kind: one of ``KINDS``, described there; None draws all kinds.
        inputs: dimension of the input space, or (least, most).
        outputs: units of the last layer, or (least, most).
        max_hidden: most hidden layers; for ``bottleneck``, most blocks.
        max_width: most units in a hidden layer.
        min_hidden: fewest hidden layers.

    >>> from hypothesis import find
    >>> find(networks("bottleneck", inputs=2), lambda net: len(net.latents) > 1).widths
    (1, 1, 1)
    """
    chosen = draw(st.sampled_from(KINDS)) if kind is None else kind
    if not isinstance(chosen, str) or chosen not in KINDS:
        raise InputError(f"kind is {quoted(kind)}; expected one of {', '.join(KINDS)}")
    numbers = _numbers(draw, chosen)
    width = draw(_between(inputs))
    layers: list[Layer] = []
    for depth in range(draw(st.integers(min_hidden, max_hidden))):
        layer = _hidden_layer(draw, chosen, numbers, width, max_width, first=depth == 0)
        layers.append(layer)
        width = layer.outputs
        if chosen == "bottleneck":
            layers.append(_layer(_units(draw, numbers, width, draw(st.integers(1, min(3, max_width)))), relu=False))
            width = layers[-1].outputs
    last = _units(draw, numbers, width, draw(_between(outputs)), zero_bias=chosen == "zero_bias")
    return Network((*layers, _layer(last, relu=draw(st.booleans()))))


def _between(size: int | tuple[int, int]) -> SearchStrategy[int]:
    if isinstance(size, (tuple, list)) and len(size) == 2:
        least, most = (index(end, "size", least=1) for end in size)
        return st.integers(least, most)
    return st.just(index(size, "size", least=1))


def _numbers(draw: DrawFn, kind: str) -> Numbers:
    if kind == "integer":
        return _SMALL
    if kind == "float":
        return _FLOATS
    return draw(st.sampled_from([_RATIONALS, _DYADICS] if kind == "plain" else [_SMALL, _RATIONALS, _DYADICS]))


def _units(draw: DrawFn, numbers: Numbers, width: int, count: int, *, zero_bias: bool = False) -> list[_Unit]:
    return draw(_lists(_unit(numbers, width, zero_bias=zero_bias), count))


@lru_cache
def _unit(numbers: Numbers, width: int, *, zero_bias: bool) -> SearchStrategy[_Unit]:
    return st.tuples(_lists(numbers, width), st.just(Fraction(0)) if zero_bias else numbers)


@lru_cache
def _lists(entries: SearchStrategy[_Entry], count: int) -> SearchStrategy[list[_Entry]]:
    return st.lists(entries, min_size=count, max_size=count)


def _layer(units: list[_Unit], *, relu: bool | list[bool]) -> Layer:
    return Layer.of([row for row, _ in units], [bias for _, bias in units], relu=relu)


def _hidden_layer(draw: DrawFn, kind: str, numbers: Numbers, width: int, max_width: int, *, first: bool) -> Layer:
    units = _units(draw, numbers, width, draw(st.integers(1, max_width)), zero_bias=kind == "zero_bias")
    if kind in ("duplicate", "parallel") and max_width > 1:
        units = units[: max_width - 1]
        for _ in range(draw(st.integers(1, max_width - len(units)))):
            row, bias = draw(st.sampled_from(units))
            if kind == "parallel":
                factor = draw(st.sampled_from(_FACTORS))
                row, bias = [factor * entry for entry in row], draw(numbers)
            units.append((row, bias))
        units = draw(st.permutations(units))
    if kind == "dead":
        unit = draw(st.integers(0, len(units) - 1))
        row, bias = units[unit]
        # Outputs of a ReLU are never negative, so a unit after it with weights and bias <= 0 never fires.
        never_fires = not first and draw(st.booleans())
        units[unit] = ([-abs(entry) for entry in row], -abs(bias)) if never_fires else ([Fraction(0)] * width, bias)
    if kind == "lanes":
        mask = draw(_lists(st.booleans(), len(units)))
        return _layer(units, relu=mask)
    return _layer(units, relu=True)


def points(dim: int, *, max_denominator: int = 4, bound: int = 3) -> SearchStrategy[Vector]:
    """Draw rational points of R^dim; they shrink to the origin.

    Args:
        dim: number of coordinates.
        max_denominator: largest denominator of a coordinate.
        bound: largest absolute value of a coordinate.

    >>> from hypothesis import find
    >>> find(points(2), lambda point: point[1] > 0)
    (Fraction(0, 1), Fraction(1, 1))
    """
    return _tuples(rationals(max_denominator, bound), index(dim, "dim", least=0))


@lru_cache
def _tuples(entries: SearchStrategy[_Entry], count: int) -> SearchStrategy[tuple[_Entry, ...]]:
    return st.tuples(*[entries] * count)


@st.composite
def points_near(draw: DrawFn, net: Network) -> Vector:
    """Draw input points near boundaries: often exactly on the zero sets of one or more neurons, in any layer, up to a vertex.

    The zero sets are those of the activation region of a random point.  The point drawn may lie in another region, where the zero
    set of a neuron of a later layer is a different one; neurons of the first layer have the same zero set everywhere.

    >>> from hypothesis import find
    >>> net = Network.mlp([([[2, 3]], [-1]), ([[1]], [0])])
    >>> point = find(points_near(net), lambda point: net.trace(point)[0] == (0,))
    >>> 2 * point[0] + 3 * point[1]
    Fraction(1, 1)
    """
    net = as_network(net)
    point = draw(points(net.inputs))
    last = len(net.layers) - 1
    maps = net.regime_maps(net.pattern(point), last)
    rows = [row for mapping in maps for row in mapping.augmented().integer_rows() if any(row[1:])]
    if not rows:
        return point
    chosen = draw(st.lists(st.sampled_from(rows), max_size=net.inputs, unique=True))
    echelon, pivots = row_echelon([(*row[1:], row[0]) for row in chosen])
    if net.inputs in pivots:  # the chosen hyperplanes have no common point
        echelon, pivots = row_echelon([(*chosen[0][1:], chosen[0][0])])
    moved = list(point)
    for row, pivot in zip(echelon, pivots, strict=True):
        others = sum((row[k] * point[k] for k in range(net.inputs) if k not in pivots), start=row[-1] + Fraction(0))
        moved[pivot] = -others / row[pivot]
    return tuple(moved)


@st.composite
def boxes(draw: DrawFn, dim: int, *, bound: int = 3) -> Polyhedron:
    """Draw full-dimensional boxes with rational corners; they shrink to small ones at the origin.

    >>> from hypothesis import find
    >>> find(boxes(2), lambda box: True).volume()
    Fraction(1, 1)
    """
    low = draw(points(dim, bound=bound))
    widths = draw(_widths(len(low), bound))
    return Polyhedron.box(low, [a + b for a, b in zip(low, widths, strict=True)])


@lru_cache
def _widths(dim: int, bound: int) -> SearchStrategy[Vector]:
    return _tuples(rationals(bound=bound).map(lambda width: abs(width) or Fraction(1)), dim)


@st.composite
def polyhedra(
    draw: DrawFn,
    dim: int,
    *,
    full_dimensional: bool = True,
    bounded: bool | None = None,
    max_rows: int = 5,
    strict: bool = False,
) -> Polyhedron:
    """Draw polyhedra from rows with small integers; some rows are redundant, repeated or parallel.

    Args:
        draw: supplied by hypothesis.
        dim: dimension of the space.
        full_dimensional: whether all polyhedra have an interior; if not, some are empty or flat, or have equations.
        bounded: True draws bounded polyhedra only, False unbounded ones only (needs ``full_dimensional``), None both.
        max_rows: most rows, not counting those of a bounding box.
        strict: whether some of the rows may be strict.

    >>> from hypothesis import find
    >>> find(polyhedra(2), lambda p: p.is_bounded).ambient_dim
    2
    >>> find(polyhedra(1, full_dimensional=False), lambda p: p.is_empty).dim
    -1
    """
    slopes = _tuples(st.integers(-2, 2), index(dim, "dim", least=1))
    rows = draw(_rows(slopes, index(max_rows, "max_rows", least=0)))
    lifted: list[_Row] = [(b, *a) for b, a in rows]
    centre = draw(points(dim, max_denominator=2, bound=2))
    if full_dimensional:
        if bounded is False:
            ray = draw(slopes.filter(any))
            rows = [(b, a if dot(a, ray) >= 0 else tuple(-entry for entry in a)) for b, a in rows]
        # A row that is positive at the centre leaves a ball around it.
        lifted = [(abs(b) + Fraction(1, 2) - dot(a, centre), *a) for b, a in rows]
    if draw(st.booleans()) if bounded is None else bounded:
        lifted += _box_rows(centre, draw(st.integers(1, 3)))
    roles = ["row", *(["strict"] if strict else []), *([] if full_dimensional else ["equation"])]
    return _with_roles(dim, [(draw(st.sampled_from(roles)), row) for row in lifted])


@lru_cache
def _rows(slopes: SearchStrategy[tuple[int, ...]], most: int) -> SearchStrategy[list[tuple[int, tuple[int, ...]]]]:
    return st.lists(st.tuples(st.integers(-2, 2), slopes), max_size=most)


def _with_roles(dim: int, rows: list[tuple[str, _Row]]) -> Polyhedron:
    """Return the polyhedron of rows that are each an inequality ("row"), a strict one ("strict") or an "equation"."""
    inequalities, strict, equations = ([row for kind, row in rows if kind == role] for role in ("row", "strict", "equation"))
    return Polyhedron.of(dim, inequalities, strict=strict, equations=equations)


def _box_rows(centre: Vector, size: int) -> list[_Row]:
    """Return rows that bound the distance of every coordinate from the centre's to ``size``."""
    rows: list[_Row] = []
    for k, entry in enumerate(centre):
        unit = [int(j == k) for j in range(len(centre))]
        rows += [(size - entry, *unit), (size + entry, *(-slope for slope in unit))]
    return rows


def domains(dim: int, *, bounded: bool | None = None) -> SearchStrategy[Polyhedron | None]:
    """Draw domains: all of R^dim (None), boxes and other full-dimensional polyhedra.

    Args:
        dim: dimension of the input space.
        bounded: True draws only bounded domains, False only unbounded ones (None among them).

    >>> from hypothesis import find
    >>> find(domains(2), lambda domain: True) is None
    True
    """
    return _domains(index(dim, "dim", least=1), bounded=bounded)


@lru_cache
def _domains(size: int, *, bounded: bool | None) -> SearchStrategy[Polyhedron | None]:
    shapes: list[SearchStrategy[Polyhedron | None]] = [polyhedra(size, bounded=bounded)]
    if bounded is not False:
        shapes.insert(0, boxes(size))
    if not bounded:
        shapes.insert(0, st.none())
    return st.one_of(shapes)


@st.composite
def features(draw: DrawFn, net: Network, *, hidden: bool = True) -> Property:
    """Draw features of a network: a unit of the last layer, or sometimes of a hidden one, above a small threshold.

    Args:
        draw: supplied by hypothesis.
        net: the network.
        hidden: whether units of hidden layers may be drawn.

    >>> from hypothesis import find
    >>> net = Network.mlp([([[1]], [0]), ([[1]], [0])])
    >>> str(find(features(net), lambda prop: True))
    'z-1[0] > 0'
    """
    net = as_network(net)
    layer = draw(st.sampled_from([-1, -1, *range(len(net.layers) - 1)] if hidden else [-1]))
    unit = draw(st.integers(0, net.widths[layer] - 1))
    return feature(unit, draw(_THRESHOLDS), layer)


@st.composite
def properties(draw: DrawFn, net: Network, *, max_conditions: int = 2) -> Property:
    """Draw conjunctions of strict or non-strict linear conditions on any layer, before or after its ReLU.

    Args:
        draw: supplied by hypothesis.
        net: the network.
        max_conditions: most conditions; there is at least one.

    >>> from hypothesis import find
    >>> net = Network.mlp([([[1]], [0]), ([[1]], [0])])
    >>> prop = find(properties(net), lambda prop: not prop.is_open and prop.horizon == 1)
    >>> prop.is_open, prop.horizon
    (False, 1)
    """
    net, drawn = as_network(net), Property(())
    for _ in range(draw(st.integers(1, index(max_conditions, "max_conditions", least=1)))):
        layer = draw(st.integers(0, len(net.layers) - 1).map(lambda back: len(net.layers) - 1 - back))
        size = net.widths[layer]
        coefficients = draw(_coefficients(size))
        constant = draw(_THRESHOLDS)
        strict, after_relu = draw(st.sampled_from([True, False])), draw(st.booleans())
        drawn &= condition(coefficients, constant, layer=layer, strict=strict, after_relu=after_relu)
    return drawn


@lru_cache
def _coefficients(size: int) -> SearchStrategy[list[int]]:
    """Draw one or more non-zero coefficients, a single 1 being the simplest."""
    single: Callable[[int], list[int]] = lambda unit: [int(k == unit) for k in range(size)]  # noqa: E731
    return st.integers(0, size - 1).map(single) | st.lists(st.integers(-2, 2), min_size=size, max_size=size).filter(any)
