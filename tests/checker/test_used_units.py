"""Functions on the units that they use only, and layers stored by their entries: the bounds are those of the plain checker."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
import pytest
from checker.random_certificates import Shape, bounds, tail
from checker.test_reference import passes, same_bounds

from exactzones.certification import case_of
from exactzones.checker import bounds as fast_bounds
from exactzones.checker import used_units
from exactzones.checker.claim import LayerUnits
from exactzones.checker.node_lines import read_node
from exactzones.checker.reference import Checker
from exactzones.checker.sparse_weights import SparseWeights
from exactzones.checker.tree import Tree
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import condition, feature
from exactzones.rational.blocks import Blocks, SparseForm
from exactzones.rational.storage import SparseEntries


def drawn(draw, denominators):
    """A network most of whose weights are zero, and two cases on a box."""
    widths = [2, *(draw.randrange(3, 7) for _ in range(3)), 2]

    def number(share):
        return Fraction(draw.randrange(-9, 10), draw.choice(denominators)) * (draw.random() < share)

    layers = []
    for inputs, outputs in pairwise(widths):
        rows = [[number(0.4) for _ in range(inputs)] for _ in range(outputs)]
        relu = [draw.random() < 0.8 for _ in range(outputs)]
        layers.append(Layer.of(rows, [number(1) for _ in range(outputs)], relu=relu))
    network = Network(tuple(layers))
    later = condition({0: 1, 1: -2}, 1, layer=2, after_relu=True) & feature(0)
    return network, [case_of(network, prop, Polyhedron.box([-1, -2], [2, 1])) for prop in (later, feature(1, 3))]


def by_entries(units):
    """The weights of a layer, as those of a large sparse layer are kept."""
    layer = units._layer
    values, denominator = layer.weight.numerators()
    places = np.nonzero(values)
    entries = SparseEntries(values.shape, *places, values[places], denominator)
    return SparseWeights(SparseForm(entries, Blocks(entries.shape, *places)), layer.bias)


def same_rows(tree, reference):
    """Demand that the splits of all open regions have the same rows."""
    for number, place in tree.waiting.items():
        for ours, (theirs, _) in zip(place.rows, reference.open[number][1].rows, strict=True):
            wanted = None if theirs is None else [theirs[1], *(theirs[0].get(j, 0) for j in range(reference.network.inputs))]
            found = ours.compute()
            assert wanted == (None if found is None else [Fraction(entry, 2**reference.bits) for entry in found])


@pytest.mark.parametrize(("scattered", "stored"), [(1, False), (1, True), (3, True), (1 << 20, True)])
@pytest.mark.parametrize(("arithmetic", "bits"), [("real", 16), ("real", 61), ("real", 200), ("float32", 40)])
def test_bounds_on_many_regions_are_those_of_the_plain_checker(arithmetic, bits, scattered, stored, monkeypatch):
    """Units are left out in layers of any width; matrices are stored by entries or not, and multiplied by blocks or not."""
    monkeypatch.setattr(used_units, "_WIDE", 1)
    monkeypatch.setattr(used_units, "_FEWER", 1)
    monkeypatch.setattr(fast_bounds, "SCATTERED", scattered)
    if stored:
        affine = cached_property(by_entries)
        affine.__set_name__(LayerUnits, "affine")
        monkeypatch.setattr(LayerUnits, "affine", affine)
    draw = random.Random(bits)  # noqa: S311
    for _ in range(3):
        network, cases = drawn(draw, [1, 2, 3, 7] if arithmetic == "real" else [1, 8])
        trees = [[replace(case, arithmetic=arithmetic)] for case in cases]
        tree, reference = Tree(network, trees, bits), Checker(network, trees, bits)
        shapes = [Shape.of(network, case) for (case,) in trees]
        for _ in range(3):
            accepted = []
            for number, (k, region) in sorted(reference.open.items())[:4]:
                depth = len(region.rows)
                node = [number, bounds(draw, shapes[k], depth), tail(draw, shapes[k], depth, bits)]
                if passes(reference, node):
                    accepted.append(read_node(json.dumps(node)))
            tree.add(accepted)
            same_bounds(tree, reference)
        same_rows(tree, reference)
