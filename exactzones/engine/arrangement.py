"""The forward engine: cells of the input space, cut by one neuron after the other at float speed, every sign certified.

A frontier of cells is processed at once.  The rows of a layer on all of them are one matrix product; the compiled kernel then
cuts each cell by the neurons that cross it.  A sign is taken from floats only where the value exceeds a proved error bound
(proofs/filter.md), else it is computed exactly.  What comes out are patterns and tight sets: combinatorial, hence exact; rows and
generators are computed from them on demand.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from exactzones.engine import _kernel_numpy
from exactzones.engine.exactsigns import ExactSigns
from exactzones.engine.frontier import OFF, ON, OPEN, Cells, Floats, Frontier, Ids, Integers, States
from exactzones.engine.starting_cones import Cone, Section, starting_cones
from exactzones.network import Layer
from exactzones.rational import Row, primitive, rank
from exactzones.rational.floats import EXACT_INTEGERS, SLACK, TINY, UNIT_ROUNDOFF, filter_float, float_matrix, float_vector
from exactzones.threads import one_thread

_kernel: ModuleType = _kernel_numpy
if os.environ.get("EXACTZONES_KERNEL") != "numpy":
    with suppress(ImportError):  # there was no C compiler when this was installed
        _kernel = import_module("exactzones.engine._kernel")

_CHUNK = 1 << 17  # numbers in one batch of rows: more would leave the cache
MAX_DIM = 16  # of the kernel
_MAX_CELLS = 4096  # cells that one call of the kernel returns before it stops


@dataclass
class Stats:
    """What was done.

    Attributes:
        cuts: cells that a neuron cut in two.
        bounds: cells on which the target was bounded; ``dropped`` of them cannot fire.
        undecided: signs that floats left open; ``exact`` of them took rational arithmetic.
        solved: generators that took the solution of a linear system.
        cells: cells that were reached after all layers and not dropped.
    """

    cuts: int = 0
    bounds: int = 0
    dropped: int = 0
    undecided: int = 0
    exact: int = 0
    solved: int = 0
    cells: int = 0


@dataclass(frozen=True)
class _FloatLayer:
    """A layer in floats: weights (n, m + 1) with the bias last, row sums of absolute values.

    ``scale`` is the power of two that makes all weights up to here integers when multiplied up; 0 if there is none.
    ``same`` (n,) has the same number for units whose rows are multiples of each other: they are zero at the same places.
    """

    weight: Floats
    row_sums: Floats
    scale: float
    same: Ids


class Arrangement:
    """The full-dimensional cells of a chain of layers on a domain.

    Args:
        layers: the layers that cut; at least one has a ReLU.
        target: one more layer, of a single unit, whose sign on the cells matters; its unit is not cut.
        domain: rows ``b + a . x >= 0`` of a full-dimensional polyhedron; none for all of R^d.
        inputs: dimension of the input space.
    """

    def __init__(self, layers: Sequence[Layer], domain: Sequence[Row], inputs: int, target: Layer | None = None) -> None:
        self._made_of = tuple(layers), tuple(domain), inputs, target
        bounds = [row[1:] for row in domain]
        if rank(bounds) < inputs:
            bounds += [row[1:] for row in layers[0].affine.augmented().integer_rows()]
        self.section = Section.of(inputs, bounds)
        self.dim = len(self.section.coordinates)
        while target is not None and not layers[-1].relu_units:  # linear layers at the end belong to the target
            folded = target.affine.after(layers[-1].affine)
            layers, target = layers[:-1], Layer(folded.matrix, folded.offset, target.relu)
        # Linear layers in front are one affine map: nothing is cut before the first ReLU.
        leading = next((k for k, layer in enumerate(layers) if layer.relu_units), len(layers) - 1)
        self.layers = tuple(layers[leading:])
        if leading or self.section.lines:
            first = self.section.embedding
            for layer in layers[: leading + 1]:
                first = layer.affine.after(first)
            self.layers = (Layer(first.matrix, first.offset, layers[leading].relu), *self.layers[1:])
        self.domain = [self.section.restrict(row) for row in domain]
        behind = () if target is None else (target,)
        self.exact = ExactSigns((*self.layers, *behind), self.domain, self.dim)
        self.floats = _float_layers((*self.layers, *behind))
        self.has_target = target is not None
        self.stats = Stats()

    def __reduce__(self) -> tuple[Any, ...]:
        return Arrangement, self._made_of  # caches and counters stay behind

    def leaves(self, start: Frontier, tick: Callable[[int], None] = lambda _cells: None) -> Iterator[Frontier]:
        """Yield the cells of a frontier after all layers, in an order that does not depend on how the work is divided."""
        stack = [start]
        tick(len(start))
        while stack:
            frontier = stack.pop()
            if frontier.layer == len(self.layers):
                self.stats.cells += len(frontier)
                yield frontier
            else:
                found = self.advance(frontier)
                tick(settled(frontier, found))
                stack += reversed(found)

    def start(self) -> Frontier:
        """Return the domain as cells before the first layer."""
        base = self.exact.base[0]
        neurons = ((base + unit, self.exact.row(b"", base + unit)) for unit in self.layers[0].relu_units)
        cones = starting_cones(self.dim, itertools.chain(enumerate(self.domain, start=1), neurons), len(self.domain))
        cells = _as_cells(cones, self.dim)
        state = self._open(0, len(cells))
        for k, cone in enumerate(cones):
            for identity, sign in cone.signs.items():
                if identity >= base:
                    state[k, identity - base] = ON if sign > 0 else OFF
        if self.domain:
            cells, state = self._inside(cells, state, cones)
        maps = np.zeros((len(cells), self.dim + 1, self.dim + 1))
        maps[:, 0, -1] = 1
        maps[:, np.arange(1, self.dim + 1), np.arange(self.dim)] = 1
        return Frontier(0, cells, state, np.zeros((len(cells), 0), np.uint8), maps, np.zeros(len(cells)))

    def _open(self, layer: int, count: int) -> States:
        """Return the state of a layer's units on cells where nothing is known yet; linear lanes are always on."""
        relu = self.layers[layer].relu if layer < len(self.layers) else ()
        return np.tile(np.where(relu, OPEN, ON).astype(np.uint8), (count, 1))

    def _inside(self, cells: Cells, first: States, cones: Sequence[Cone]) -> tuple[Cells, States]:
        """Cut the starting cones with the rows of the domain that do not bound them, and keep the inside."""
        count = len(self.domain)
        rows, error, scale = _float_rows(self.domain)
        floats = _FloatLayer(rows, error, scale, np.arange(count, dtype=np.int32))
        state = np.full((len(cells), count), OPEN, np.uint8)
        for k, cone in enumerate(cones):
            state[k, [identity - 1 for identity in cone.chosen if identity <= count]] = ON
        batch = np.ascontiguousarray(np.broadcast_to(rows.T, (len(cells), *rows.T.shape)))
        prefix = np.zeros((len(cells), 0), np.uint8)
        frontier = Frontier(0, cells, state, prefix, np.zeros((len(cells), 1, 1)), np.zeros(len(cells)))
        sides = [cone.signs for cone in cones]
        ones = np.ones(len(cells)) if error.any() else np.zeros(len(cells))
        result = self._cut(frontier, None, batch, ones, floats, limit=len(cells) + 1, keep_above=True, sides=sides)
        found = result["finished"]
        return Cells.of_kernel(found, self.dim), first[np.frombuffer(found["parent"], np.int64)]

    @one_thread
    @np.errstate(invalid="ignore", over="ignore")  # what is infinite or not a number decides nothing
    def advance(self, frontier: Frontier, limit: int | None = None) -> list[Frontier]:
        """Cut cells by their layer; after ``limit`` cells the others come back uncut, behind them."""
        layer, floats = self.layers[frontier.layer], self.floats[frontier.layer]
        width = self.dim + 1
        size = max(1, _CHUNK // (width * max(layer.inputs + 1, layer.outputs)))
        if len(frontier) > size:
            return [frontier.part(0, size), frontier.part(size, len(frontier))]
        rows = (frontier.maps.reshape(-1, layer.inputs + 1) @ floats.weight.T).reshape(len(frontier), width, layer.outputs)
        factor = self._row_error(frontier, floats)
        if not layer.relu_units:
            return [self._next(frontier, np.arange(len(frontier)), frontier.cells, frontier.state, rows, factor)]
        behind = self._behind[frontier.layer]
        result = self._cut(frontier, frontier.layer, rows, factor, floats, limit=limit, behind=behind)
        found = []
        if result["finished"]["parent"]:
            cells, parents, state = self._read(result["finished"], layer)
            following = self._next(frontier, parents, cells, state, rows, factor)
            found.append(replace(following, verdict=np.frombuffer(result["finished"]["fires"], np.uint8)))
        if result["rest"]["parent"]:
            cells, parents, state = self._read(result["rest"], layer)
            maps, error = frontier.maps[parents], frontier.maps_error[parents]
            found.append(Frontier(frontier.layer, cells, state, frontier.prefix[parents], maps, error))
        if result["parents"] < len(frontier):
            found.append(frontier.part(result["parents"], len(frontier)))
        return found

    def _read(self, written: dict[str, bytes], layer: Layer) -> tuple[Cells, Integers, States]:
        """Return cells that the kernel wrote, whose parts they are, and the state of their layer's units."""
        state = np.frombuffer(written["state"], np.uint8).reshape(-1, layer.outputs)
        return Cells.of_kernel(written, self.dim), np.frombuffer(written["parent"], np.int64), state

    def _row_error(self, frontier: Frontier, floats: _FloatLayer) -> Floats:
        """Return f with: row j of cell p is off by at most ``row_sums[j] * f[p]`` in every entry; 0 where it is exact."""
        largest = np.abs(frontier.maps.reshape(len(frontier), -1)).max(axis=1)
        terms = frontier.maps.shape[2]
        factor: Floats = (frontier.maps_error + (terms + 4) * UNIT_ROUNDOFF * largest) * SLACK + TINY
        if floats.scale:
            exact = (frontier.maps_error == 0) & (floats.row_sums.max() * largest * floats.scale < EXACT_INTEGERS)
            factor[exact] = 0
        return factor

    def _next(self, frontier: Frontier, parents: Integers, cells: Cells, state: States, rows: Floats, factor: Floats) -> Frontier:
        """Return cells on which the layer is settled, before the next layer."""
        k = frontier.layer
        maps = np.empty((len(parents), 0, 0))
        if k + 1 < len(self.layers):
            width, units = self.dim + 1, self.layers[k].outputs
            maps = np.empty((len(parents), width, units + 1))
            _kernel.expand(len(parents), width, units, rows, parents, state, maps)
        error = factor[parents] * (self.floats[k].row_sums.max() * SLACK)
        prefix = np.concatenate([frontier.prefix[parents], state], axis=1)
        return Frontier(k + 1, cells, self._open(k + 1, len(parents)), prefix, maps, error)

    def _cut(
        self,
        frontier: Frontier,
        layer: int | None,
        rows: Floats,
        factor: Floats,
        floats: _FloatLayer,
        *,
        limit: int | None = None,
        keep_above: bool = False,
        sides: Sequence[dict[int, int]] | None = None,
        behind: tuple[Any, ...] | None = None,
    ) -> dict[str, Any]:
        cells = frontier.cells

        def signs(parent: int, tight: bytes) -> bytes:
            ids = tuple(memoryview(tight).cast("i"))
            facets = partial(self._facets, frontier, parent, sides[parent] if sides else None)
            generator = self.exact.generator(frontier.prefix[parent].tobytes(), ids, facets)
            return self.exact.domain_signs(generator) if layer is None else self.exact.signs(layer, generator)

        result: dict[str, Any] = _kernel.cut(
            self.dim,
            rows.shape[2],
            1 if layer is None else self.exact.base[layer],
            self.exact.ids,
            len(frontier),
            limit or _MAX_CELLS,
            keep_above,
            floats.scale,
            cells.ptr,
            cells.points,
            cells.error,
            cells.integers,
            cells.has_integers,
            cells.tight,
            cells.hptr,
            cells.hid,
            cells.hrow,
            cells.herr,
            rows,
            factor,
            floats.row_sums,
            floats.same,
            frontier.state,
            signs,
            behind,
            layer == len(self.layers) - 1,
        )
        if layer is None:
            result["cuts"] = 0  # the domain's own
        for name in ("cuts", "bounds", "dropped", "undecided", "exact", "solved"):
            setattr(self.stats, name, getattr(self.stats, name) + result[name])
        return result

    def fires(self, leaves: Frontier) -> list[int]:
        """Return the leaves on which the target is positive somewhere, exactly where the kernel could not tell."""
        verdicts = leaves.verdict.tolist()
        return [k for k, verdict in enumerate(verdicts) if verdict == 1 or self._fires_exactly(leaves, k)]

    def _fires_exactly(self, leaves: Frontier, leaf: int) -> bool:
        prefix = leaves.prefix[leaf].tobytes()
        facets = partial(self._facets, leaves, leaf)
        self.stats.exact += 1
        tight = leaves.cells.tight[leaves.cells.ptr[leaf] : leaves.cells.ptr[leaf + 1]].tolist()
        generators = (self.exact.generator(prefix, tuple(ids), facets) for ids in tight)
        return any(self.exact.signs(len(self.layers), generator) == b"\1" for generator in generators)

    @cached_property
    def _behind(self) -> list[tuple[Any, ...] | None]:
        """For each layer that cuts what lies behind it, as the kernel takes it for pruning."""
        if not self.has_target:
            return [None] * len(self.layers)
        target = self.floats[-1]
        described = [
            (layer.outputs, floats.weight, np.array(layer.relu, np.uint8), float(floats.row_sums.max()))
            for layer, floats in zip(self.layers, self.floats, strict=False)
        ]
        return [(described[k + 1 :], target.weight, target.scale) for k in range(len(self.layers))]

    def _facets(self, frontier: Frontier, parent: int, sides: dict[int, int] | None = None) -> list[Row]:
        """Return the exact rows of a cell's hyperplanes, non-negative on it: what orients a ray."""
        cells, first = frontier.cells, self.exact.base[0]
        prefix = frontier.prefix[parent].tobytes()
        states = (*frontier.prefix[parent].tolist(), *frontier.state[parent].tolist())
        facets = []
        for identity in set(cells.tight[cells.ptr[parent] : cells.ptr[parent + 1]].ravel().tolist()) - {0}:
            row = self.exact.row(prefix, identity)
            positive = sides[identity] > 0 if sides else identity < first or states[identity - first] == ON
            facets.append(row if positive else tuple(-entry for entry in row))
        return facets


def settled(frontier: Frontier, found: Sequence[Frontier]) -> int:
    """Return how many of the cells that came of a frontier are through its layer: each counts once, however they are divided."""
    return sum(len(part) for part in found if part.layer > frontier.layer)


@np.errstate(over="ignore")
def _float_layers(layers: Sequence[Layer]) -> list[_FloatLayer]:
    found = []
    total: float = 1
    for layer in layers:
        bias = float_vector(layer.bias, filter_float)
        weight = np.hstack([float_matrix(layer.weight, filter_float), bias[:, None]])
        if total:
            common = math.lcm(layer.weight.scaled()[1], *[entry.denominator for entry in layer.bias])
            total = total * common if common & (common - 1) == 0 and total * common < EXACT_INTEGERS else 0
        row_sums = np.abs(weight).sum(axis=1) * SLACK + TINY  # an error that is a multiple of one must not underflow
        found.append(_FloatLayer(weight, row_sums, float(total), _multiples(layer, weight)))
    return found


@np.errstate(all="ignore")
def _multiples(layer: Layer, floats: Floats) -> Ids:
    """Return a number for each unit, the same for those whose rows (weights, bias) are multiples of each other.

    Multiples have nearly the same quotients by their first entries that are not zero, so nearly the same mean of them; only rows
    whose means are near others' are compared exactly.
    """
    first = np.argmax(floats != 0, axis=1)
    quotients = floats / floats[np.arange(len(floats)), first][:, None]
    means, sizes = quotients @ np.linspace(1, 2, floats.shape[1]), np.abs(quotients).sum(axis=1)
    order = np.argsort(means)
    near = ~(np.diff(means[order]) > 1e-9 * (sizes[order[1:]] + sizes[order[:-1]]))  # so is what is not a number
    classes: dict[Row, int] = {}
    same = np.arange(len(floats), dtype=np.int32)
    if not near.any():
        return same
    numerators, denominator = layer.weight.scaled()
    for k in np.union1d(order[1:][near], order[:-1][near]).tolist():
        above, below = layer.bias[k].as_integer_ratio()
        row = primitive([*(entry * below for entry in numerators.row(k)), above * denominator])
        same[k] = classes.setdefault(max(row, tuple(-entry for entry in row)), k)
    return same


@np.errstate(over="ignore")
def _float_rows(rows: Sequence[Row]) -> tuple[Floats, Floats, float]:
    """Return integer rows as floats, a bound on their entries' errors, and the scale 1 where they are exact."""
    exact = all(abs(entry) < EXACT_INTEGERS for row in rows for entry in row)
    floats = np.array([[filter_float(entry) for entry in row] for row in rows])
    error = np.zeros(len(rows)) if exact else np.abs(floats).max(axis=1) * (2 * UNIT_ROUNDOFF)
    return floats, error, 1.0 if exact else 0.0


def _as_cells(cones: Sequence[Cone], dim: int) -> Cells:
    """Return starting cones as arrays."""
    generators = [generator for cone in cones for generator in cone.generators]
    points, errors, integers, small = [], [], [], []
    for generator in generators:
        scale = generator[0] or max(map(abs, generator))
        points.append([filter_float(Fraction(entry, scale)) for entry in generator])
        errors.append(UNIT_ROUNDOFF * max(map(abs, points[-1])) * 2 + TINY)
        fits = max(map(abs, generator)) < 2**62
        integers.append(generator if fits else (0,) * (dim + 1))
        small.append(fits)
    chosen = cones[0].chosen
    rows = list(chosen.values())
    floats, error, _ = _float_rows(rows)
    count = len(cones)
    return Cells(
        np.arange(count + 1) * (dim + 1),
        np.array(points),
        np.array(errors),
        np.array(integers, np.int64),
        np.array(small, np.uint8),
        np.array([tight for cone in cones for tight in cone.tight], np.int32).reshape(-1, dim),
        np.arange(count + 1) * dim,
        np.tile(np.array(list(chosen), np.int32), count),
        np.tile(floats, (count, 1)),
        np.tile(error, count),
    )
