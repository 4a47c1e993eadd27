"""The rules of the fast checker, one function each: when a node is accepted, and what becomes known on its region.

``proofs/certificate.md`` states every rule and why it is sound.  Nodes of one tree are checked together, for speed.  Only
integers and rationals decide: no engine, no linear programs, no floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from exactzones.checker.arithmetic import Array, integers, narrow, sums_by_row, sums_of_multiples
from exactzones.checker.bounds import MULTIPLIER_BITS, FixedPoint, Functions, LinearBounds, RationalNumbers, backward
from exactzones.checker.certificate import Bound, Hint, Node, Refutation
from exactzones.checker.claim import Claim, Target
from exactzones.checker.known import KnownBounds
from exactzones.checker.sparse_weights import SparseWeights

_NUMBERS = 1 << 17
"""Most coefficients of a layer's units that are computed at once, so that the arrays of a step fit into a processor's cache."""
_SPARSE_NUMBERS = 1 << 18
"""The same if weights are sparse: few functions depend on few units."""


class Invalid(Exception):
    """A rule is broken."""


@dataclass
class PathRow:
    """A row ``b + a . x >= 0`` that holds on a region because the region is one side of a split.

    Attributes:
        split: the hidden unit that was split, and the side; None for a cut of an input.
        compute: returns the row in fixed-point numbers; None if there is no such row.  Many hints need none of them.
        exact: the row in Fractions; that of a hidden unit is computed on demand, from ``known``.
        known: the bounds that were known where the unit was split.
    """

    split: tuple[int, int] | None
    compute: Callable[[], list[Any] | None]
    exact: list[Any] | None = None
    known: KnownBounds | None = None


@dataclass
class OpenRegion:
    """A region of a tree whose node has not been read yet.

    Attributes:
        tree: the number of the tree.
        known: the known bounds of units, as arrays of one region.
        rows: one for each split on the path from the root.
    """

    tree: int
    known: KnownBounds
    rows: tuple[PathRow, ...]


class SignedUnits(NamedTuple):
    """Units of one layer whose bounds are to be computed: each as the function z or, where ``upper`` is true, -z."""

    layer: int
    units: Array
    upper: Array


def go_on() -> None:
    """Raise nothing."""


class Batch(NamedTuple):
    """Nodes of one tree that are checked together.

    Attributes:
        nodes, regions: the nodes, and the open region of each.
        known: the known bounds on all of these regions; computed bounds are added.
        fixed, exact: the tree's two kinds of arithmetic.
        look: is called now and then; what it raises ends the check.
    """

    nodes: Sequence[Node]
    regions: Sequence[OpenRegion]
    known: KnownBounds
    fixed: FixedPoint
    exact: RationalNumbers
    look: Callable[[], None] = go_on

    @property
    def claim(self) -> Claim:
        """What the tree is about."""
        return self.fixed.claim


# Bounds of units.


def compute_bounds(batch: Batch) -> None:
    """Compute the bounds that nodes ask for, layer by layer, and add them to what is known.

    Raises:
        Invalid: a bound of a unit that does not exist, or bounds that are not in the order of layers.
    """
    claim = batch.claim
    asked = [(i, bound) for i, node in enumerate(batch.nodes) for bound in node.bounds]
    if not asked:
        return
    for i, bound in asked:
        if bound.unit >= claim.units:
            _require_unit(claim, batch.nodes[i], bound.unit)
    layers = np.searchsorted(claim.offsets, [bound.unit for _, bound in asked], side="right") - 1
    owners = np.array([i for i, _ in asked])
    disordered = np.flatnonzero((np.diff(layers) < 0) & (np.diff(owners) == 0))
    if len(disordered):
        raise Invalid(f"node {batch.nodes[owners[disordered[0]]].number}: bounds are not in the order of layers")
    keys = 2 * layers + np.array([bound.exact for _, bound in asked])
    for key in np.unique(keys).tolist():
        for chosen, values in [*_bound_values(batch, [asked[k] for k in np.flatnonzero(keys == key).tolist()])]:
            uppers = [bound.upper for _, bound in chosen]
            for upper in (False, True):
                triples = [
                    (i, bound.unit, -value if upper else value)
                    for (i, bound), value, u in zip(chosen, values, uppers, strict=True)
                    if u == upper and value is not None
                ]
                if triples:
                    batch.known.learn(upper, *zip(*triples, strict=True))


def _bound_values(batch: Batch, asked: Sequence[tuple[int, Bound]]) -> Iterator[tuple[Sequence[tuple[int, Bound]], list[Any]]]:
    """Yield questions about units of one layer, as many as fit into memory, with lower bounds of their z (or -z), or None."""
    arithmetic = batch.exact if asked[0][1].exact else batch.fixed
    layer = batch.claim.layer_of(asked[0][1].unit)
    for chosen in _chunks(batch.claim, layer, asked):
        batch.look()
        hints = _checked_hints(batch.claim, [(batch.nodes[i], bound.hint) for i, bound in chosen])
        functions = Functions(np.array([i for i, _ in chosen]), **hints)
        units, upper = np.array([bound.unit for _, bound in chosen]), np.array([bound.upper for _, bound in chosen])
        carried = carry_units(arithmetic, batch.known, functions, SignedUnits(layer, units, upper))
        values = _least_values(batch, arithmetic, [(i, bound.hint) for i, bound in chosen], carried)
        if arithmetic is batch.exact:
            values = [None if value is None else batch.fixed.number(value) for value in values]
        yield chosen, values


def _chunks(claim: Claim, layer: int, asked: Sequence[tuple[int, Bound]]) -> Iterator[Sequence[tuple[int, Bound]]]:
    """Divide questions about units of one layer so that memory stays bounded; units that depend on the same ones go together."""
    weights, first = None if layer == 0 else claim.layers[layer - 1].affine, claim.offsets[layer]
    sparse = any(units.affine.is_sparse for units in claim.layers[:layer])
    if sparse:
        order = weights.order if isinstance(weights, SparseWeights) else range(claim.units)
        asked = sorted(asked, key=lambda question: (order[question[1].unit - first], question[0]))
    size = max(1, (_SPARSE_NUMBERS if sparse else _NUMBERS) // max(len(units.relu) for units in claim.layers))
    return (asked[start : start + size] for start in range(0, len(asked), size))


def carry_units(arithmetic: FixedPoint, known: KnownBounds, functions: Functions, signed: SignedUnits) -> LinearBounds:
    """Carry units of one layer back to the inputs.

    Args:
        arithmetic: in which numbers to compute.
        known: the bounds on all regions.
        functions: the region and the hints of each; their coefficients are replaced by those of the units.
        signed: the units.
    """
    claim, (layer, units, upper) = arithmetic.claim, signed
    rows = np.arange(len(units))
    sign = [int(s) << arithmetic.scale for s in np.where(upper, -1, 1)]
    if layer == 0:
        coefficients = np.zeros((len(units), claim.inputs), object)
        coefficients[rows, units] = sign
        return LinearBounds(coefficients, np.zeros(len(units), object), np.ones(len(units), bool))
    k = layer - 1
    dtype = object if arithmetic.scale == 0 or arithmetic.scale > 60 else np.int64
    start = np.zeros((len(units), len(claim.layers[k].relu)), dtype)
    start[rows, units - claim.offsets[layer]] = sign
    return backward(arithmetic, known, replace(functions, before={k: start}))


def _least_values(batch: Batch, arithmetic: FixedPoint, asked: Sequence[tuple[int, Hint]], functions: LinearBounds) -> list[Any]:
    """Return the least value of functions of the inputs over their regions, after subtracting the multiples of rows in hints.

    Args:
        batch: the nodes and regions.
        arithmetic: in which numbers to compute.
        asked: for each function its region and its hint.
        functions: the functions of the inputs.

    Returns:
        For each function a number, or None where there is no bound.
    """
    at = np.array([i for i, _ in asked])
    coefficients, constants = functions.coefficients, functions.constants.astype(object)
    bits = arithmetic.scale
    if any(hint.rows for _, hint in asked):
        bits += MULTIPLIER_BITS
        multiples = _multiples_of_rows(batch, arithmetic, asked, functions.valid)
        coefficients = coefficients.astype(object) * (1 << MULTIPLIER_BITS) - multiples[:, 1:]
        constants = constants * (1 << MULTIPLIER_BITS) - multiples[:, 0]
    known = arithmetic.known(batch.known.of_units(slice(batch.claim.inputs)))
    rows, inputs = np.nonzero(coefficients)
    factors, where = coefficients[rows, inputs], (at[rows], inputs)
    positive = factors > 0
    lacking = ~np.where(positive, known.has_low[where], known.has_high[where])
    ends = np.where(positive, known.low[where], known.high[where])
    least = sums_by_row(rows, factors.astype(object) * ends.astype(object), coefficients.shape)
    valid = functions.valid.copy()
    valid[rows[lacking]] = False
    values = (constants * (1 << arithmetic.scale) + least).tolist()
    return [arithmetic.settle(value, bits) if good else None for value, good in zip(values, valid.tolist(), strict=True)]


def _multiples_of_rows(batch: Batch, arithmetic: FixedPoint, asked: Sequence[tuple[int, Hint]], valid: Array) -> Array:
    """Return for each valid function the sum of multiples of rows that its hint names, times ``2^MULTIPLIER_BITS``."""
    where = [(number, *asked[number]) for number in np.flatnonzero(valid).tolist() if asked[number][1].rows]
    total = np.zeros((len(asked), batch.claim.inputs + 1), object)
    if not where:
        return total
    places: dict[tuple[int, int], int] = {}
    at = [places.setdefault((i, index), len(places)) for _, i, hint in where for index in hint.rows]
    rows = [region_row(arithmetic, batch.regions[i], index) for i, index in places]
    for (i, index), row in zip(places, rows, strict=True):
        if row is None:
            raise Invalid(f"node {batch.nodes[i].number}: there is no row {index}")
    multipliers: list[Any] = [m for _, _, hint in where for m in hint.multipliers]
    if set(map(type, multipliers)) == {int}:
        factors = integers(multipliers)
    else:
        factors = np.array([m if type(m) is int else m * (1 << MULTIPLIER_BITS) for m in multipliers], object)
    first = np.cumsum([0, *(len(hint.rows) for _, _, hint in where[:-1])])
    matrix = integers(rows) if arithmetic.scale else np.array(rows, object)
    total[[number for number, *_ in where]] = sums_of_multiples(matrix, np.array(at), factors, first)
    return total


def region_row(arithmetic: FixedPoint, region: OpenRegion, index: int) -> list[Any] | None:
    """Return a row that holds on a region, None if there is none: first those of the domain, then one for each split."""
    rows = arithmetic.claim.rows
    if index < len(rows):
        return [entry << arithmetic.scale for entry in rows[index]]
    if index - len(rows) < len(region.rows):
        row = region.rows[index - len(rows)]
        return row.compute() if arithmetic.scale else _exact_row(arithmetic, row)
    return None


def _exact_row(arithmetic: FixedPoint, row: PathRow) -> list[Any] | None:
    """Return the row of a split in Fractions; it is computed once."""
    if row.exact is None and row.known is not None and row.split is not None:
        unit, side = row.split
        signed = SignedUnits(arithmetic.claim.layer_of(unit), np.array([unit]), np.array([side == 1]))
        coefficients, constants, valid = carry_units(arithmetic, row.known, Functions(np.array([0])), signed)
        row.exact = [-constants[0], *(-entry for entry in coefficients[0].tolist())] if valid[0] else None
        row.known = None
    return row.exact


# Leaves.


def unrefuted(batch: Batch, case: int) -> Iterator[int]:
    """Yield the places of ``no`` nodes whose bound does not show that a case's conditions cannot hold together on the region.

    It does if minus the combination of conditions is positive, or nonnegative with a strict condition.

    Raises:
        Invalid: a hint or a combination names something that does not exist.
    """
    targets = batch.claim.targets[case]
    every = [(i, node, node.refutations[case]) for i, node in enumerate(batch.nodes) if node.kind == "no"]
    for exact in (False, True):
        asked = [refutation for refutation in every if refutation[2].exact == exact]
        if not asked:
            continue
        arithmetic = batch.exact if exact else batch.fixed
        functions = _combinations(arithmetic, targets, asked)
        if functions.before or functions.after or functions.betas:
            carried = backward(arithmetic, batch.known, functions)
        else:  # rows alone show that the region is empty
            zeros = np.zeros((len(asked), batch.claim.inputs), object)
            carried = LinearBounds(zeros, functions.constant, np.ones(len(asked), bool))
        values = _least_values(batch, arithmetic, [(i, refutation.hint) for i, _, refutation in asked], carried)
        for (i, _, refutation), value in zip(asked, values, strict=True):
            strict = any(m and targets[index].strict for index, m in refutation.mu)
            proved = value is not None and (value > 0 or (value == 0 and strict))
            if not proved and not _is_empty(batch.known, i):
                yield i


def _combinations(arithmetic: FixedPoint, targets: Sequence[Target], asked: Sequence[tuple[int, Node, Refutation]]) -> Functions:
    """Return minus the combinations of conditions that refutations name."""
    count = len(asked)
    hints = _checked_hints(arithmetic.claim, [(node, refutation.hint) for _, node, refutation in asked])
    functions = Functions(np.array([i for i, _, _ in asked]), constant=np.zeros(count, object), **hints)
    for number, (_, node, refutation) in enumerate(asked):
        for index, m in refutation.mu:
            if index >= len(targets):
                raise Invalid(f"node {node.number}: there is no condition {index}")
            target = targets[index]
            part = functions.after if target.after_relu else functions.before
            coefficients = part.setdefault(target.layer, np.zeros((count, len(target.coefficients)), object))
            coefficients[number] += m * target.coefficients * (1 << arithmetic.scale)
            functions.constant[number] += arithmetic.number(m * target.constant)
    for part in (functions.before, functions.after):
        part.update({layer: narrow(array) if arithmetic.scale else array for layer, array in part.items()})
    return functions


def require_zone(batch: Batch, i: int, signs: Array | None) -> None:
    """Check a ``zone`` node: the region lies in a listed zone's closed cell.

    Args:
        batch: the nodes and regions.
        i: the node's place in the batch.
        signs: 1 or -1 for units with a ReLU, else 0, shape (units,); None if no such zone or pattern exists.

    Raises:
        Invalid: some unit is not known to have the sign that the zone's pattern says.
    """
    node, known = batch.nodes[i], batch.known.part(i)
    if signs is None:
        raise Invalid(f"node {node.number}: there is no zone {node.at} with a pattern that fits the network")
    on, off = known.are_on()[0], known.are_nonpositive()[0]
    for bound in node.also:
        _require_unit(batch.claim, node, bound.unit)
        for _, (value,) in _bound_values(batch, [(i, bound)]):
            (off if bound.upper else on)[bound.unit] |= value is not None and value >= 0
    if not (np.where(signs > 0, on, True) & np.where(signs < 0, off, True)).all():
        raise Invalid(f"node {node.number}: the region is not proved to lie in zone {node.at}")


def _require_unit(claim: Claim, node: Node, unit: int) -> None:
    if unit >= claim.units:
        raise Invalid(f"node {node.number}: there is no unit {unit}")


def _checked_hints(claim: Claim, asked: Sequence[tuple[Node, Hint]]) -> dict[str, Any]:
    """Return the betas and alphas of hints, one hint for each function, in the form in which ``Functions`` has them."""
    betas, alphas = [], []
    for number, (node, hint) in enumerate(asked):
        if not hint.betas and not hint.alphas:
            continue
        for unit in (*(beta[0] for beta in hint.betas), *(alpha[0] for alpha in hint.alphas)):
            if not claim.inputs <= unit < claim.units:
                raise Invalid(f"node {node.number}: there is no hidden unit {unit}")
        betas += [(number, *beta) for beta in hint.betas]
        alphas += [(number, *alpha) for alpha in hint.alphas]
    return {"betas": betas, "alphas": alphas}


def _is_empty(known: KnownBounds, i: int) -> bool:
    """Tell whether the bounds of some unit on a region contradict each other, so that the region is empty."""
    return bool((known.has_low[i] & known.has_high[i] & (known.low[i] > known.high[i])).any())
