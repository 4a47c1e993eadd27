"""The rules of nodes that split their region, one function each: the rows of its two sides, and what is known there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exactzones.checker.bounds import Functions
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
        where = np.array([i for i, _ in pairs] * 2)
        units = np.array([unit for _, unit in pairs] * 2)
        upper = np.repeat([False, True], len(pairs))
        signed = SignedUnits(layer, units, upper)
        coefficients, constants, valid = carry_units(batch.fixed, batch.known, Functions(where), signed)
        known = {i: batch.known.part(i) for i, _ in pairs}
        for number, (i, unit) in enumerate(zip(where.tolist(), units.tolist(), strict=True)):
            fixed = None
            if valid[number]:  # lower(z) <= z <= 0, or lower(-z) <= -z <= 0
                fixed = [-int(constants[number]), *(-entry for entry in coefficients[number].tolist())]
            rows.setdefault(i, []).append(PathRow((unit, int(upper[number])), fixed, known=known[i]))
    return rows


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
        child = OpenRegion(region.tree, batch.known.part(i), (*region.rows, PathRow(None, fixed, exact)))
        child.known.learn(upper, [0], [node.at], [node.where])
        children.append(child)
    return children
