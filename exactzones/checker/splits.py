"""The rules of nodes that split their region, one function each: the rows of its two sides, and what is known there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, partial

import numpy as np

from exactzones.checker.bounds import FixedPoint, Functions
from exactzones.checker.known import KnownBounds
from exactzones.checker.rules import Batch, Invalid, OpenRegion, PathRow, SignedUnits, carry_units


def split_rows(batch: Batch) -> dict[int, list[PathRow]]:
    """Return for each region that a unit splits the rows of its two sides, z <= 0 and z >= 0, as rows of the inputs.

    Raises:
        Invalid: a node splits by a unit that is not a hidden unit with a ReLU.
    """
    claim = batch.claim
    rows: dict[int, list[PathRow]] = {}
    layers: dict[int, list[tuple[int, int]]] = {}
    for i, node in enumerate(batch.nodes):
        if node.kind != "relu":
            continue
        if node.at >= claim.units or claim.layer_of(node.at) == 0 or not claim.relu[node.at]:
            raise Invalid(f"node {node.number}: unit {node.at} is not a hidden unit with a ReLU")
        layers.setdefault(claim.layer_of(node.at), []).append((i, node.at))
    for layer, pairs in layers.items():
        known = [batch.known.part(i) for i, _ in pairs]
        together = _SplitRows(batch.fixed, layer, [unit for _, unit in pairs], known)
        for place, (i, unit) in enumerate(pairs):
            rows[i] = [PathRow((unit, side), partial(together.row, place, side), known=known[place]) for side in (0, 1)]
    return rows


class _SplitRows:
    """The rows of splits of one layer's units, which are computed together when one of them is first needed.

    Args:
        arithmetic: in which numbers to compute.
        layer: the layer.
        units: the unit of each split.
        known: what was known where each of them was split.
    """

    def __init__(self, arithmetic: FixedPoint, layer: int, units: Sequence[int], known: Sequence[KnownBounds]) -> None:
        self._arithmetic, self._layer, self._units = arithmetic, layer, np.array(units)
        self._known: Sequence[KnownBounds] = known

    def row(self, place: int, side: int) -> list[int] | None:
        """Return the row of one side (0: z <= 0, 1: z >= 0) of a split; None if there is no such row."""
        return self._rows[side * len(self._units) + place]

    @cached_property
    def _rows(self) -> list[list[int] | None]:
        upper = np.repeat([False, True], len(self._units))
        signed = SignedUnits(self._layer, np.tile(self._units, 2), upper)
        functions = Functions(np.tile(np.arange(len(self._units)), 2))
        found = carry_units(self._arithmetic, KnownBounds.stack(self._known), functions, signed)
        self._known = ()
        return [  # lower(z) <= z <= 0, or lower(-z) <= -z <= 0
            [-int(constant), *(-entry for entry in coefficients.tolist())] if valid else None
            for coefficients, constant, valid in zip(*found, strict=True)
        ]


def relu_children(batch: Batch, i: int, rows: Sequence[PathRow]) -> list[OpenRegion]:
    """Return the two sides z <= 0 and z >= 0 of a ``relu`` node, given their rows."""
    node, region = batch.nodes[i], batch.regions[i]
    children = [OpenRegion(region.tree, batch.known.part(i), (*region.rows, row)) for row in rows]
    for child, upper in zip(children, (True, False), strict=True):
        child.known.learn(upper, [0], [node.at], [0])
    return children


def cut_children(batch: Batch, i: int) -> list[OpenRegion]:
    """Return the two sides x <= c and x >= c of a ``cut`` node.

    Raises:
        Invalid: there is no such input.
    """
    node, region, claim = batch.nodes[i], batch.regions[i], batch.claim
    if node.at >= claim.inputs:
        raise Invalid(f"node {node.number}: there is no input {node.at}")
    children = []
    for sign, upper in ((-1, True), (1, False)):
        fixed = [-sign * node.where, *(sign << claim.bits if j == node.at else 0 for j in range(claim.inputs))]
        exact = [Fraction(entry, 1 << claim.bits) for entry in fixed]
        child = OpenRegion(region.tree, batch.known.part(i), (*region.rows, PathRow(None, fixed.copy, exact)))
        child.known.learn(upper, [0], [node.at], [node.where])
        children.append(child)
    return children
