"""The forward engine: cut the input space into cells by one neuron after another, in floats, with every sign certified.

A frontier of cells is processed at once.  One matrix product gives the rows of a layer on all of them; the kernel then cuts each
cell by the neurons that cross it.  A sign is taken from floats only where the value exceeds a proved error bound
(proofs/filter.md); otherwise it is computed exactly.  The results are patterns and tight sets, which are combinatorial, hence
exact; rows and generators are computed from them on demand.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np

from exactzones.engine import kernel
from exactzones.engine.exactsigns import ExactSigns
from exactzones.engine.float_layers import FloatLayer, float_layers, float_rows
from exactzones.engine.frontier import OFF, ON, OPEN, Cells, Floats, Frontier, States
from exactzones.engine.kernel.schema import SOMEWHERE, CutCells, CutRequest, CutResult, Downstream, DownstreamLayer
from exactzones.engine.starting_cones import Cone, Section, starting_cones
from exactzones.network import Layer
from exactzones.rational import Row, rank
from exactzones.rational.floats import EXACT_INTEGERS, SLACK, TINY, UNIT_ROUNDOFF, filter_float
from exactzones.threads import one_thread

_kernel = kernel.load()

_CHUNK = 1 << 17  # numbers in one batch of rows: more would leave the cache
MAX_DIM = 16  # of the kernel
_MAX_CELLS = 4096  # cells that one call of the kernel returns before it stops; fewer where that takes longer than ..
_CALL_SECONDS = 0.1
_LONGEST_CALL_SECONDS = 0.25  # CPU seconds after which a call stops in the midst of a cell
_LARGEST_INTEGER = 2**62  # generators below this are kept in integers


@dataclass
class Stats:
    """Counts of what was done.

    Attributes:
        cuts: cells that a neuron cut in two.
        bounds: cells on which the target was bounded; ``dropped`` of them cannot fire.
        dropped: see ``bounds``.
        undecided: signs that floats left open; ``exact`` of them were decided by rational arithmetic.
        exact: see ``undecided``.
        solved: generators that were computed by solving a linear system.
        cells: cells that were reached after all layers and not dropped.
    """

    cuts: int = 0
    bounds: int = 0
    dropped: int = 0
    undecided: int = 0
    exact: int = 0
    solved: int = 0
    cells: int = 0

    def add(self, counts: dict[str, int]) -> None:
        """Add counts by name."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)


class Arrangement:
    """The full-dimensional cells of a chain of layers on a domain.

    Args:
        layers: the layers that cut; at least one has a ReLU.
        target: one more layer, of a single unit, whose sign on the cells matters; cells are not cut by it.
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
        # Linear layers at the front are one affine map, since nothing cuts before the first ReLU.
        leading = next((k for k, layer in enumerate(layers) if layer.relu_units), len(layers) - 1)
        self.layers = tuple(layers[leading:])
        if leading or self.section.lines:
            first = self.section.embedding
            for layer in layers[: leading + 1]:
                first = layer.affine.after(first)
            self.layers = (Layer(first.matrix, first.offset, layers[leading].relu), *self.layers[1:])
        self.domain = [self.section.restrict(row) for row in domain]
        self.chain = self.layers if target is None else (*self.layers, target)
        self.exact = ExactSigns(self.chain, self.domain, self.dim)
        self.floats = float_layers(self.chain)
        self.has_target = target is not None
        self.stats = Stats()

    def __reduce__(self) -> tuple[Any, ...]:
        return Arrangement, self._made_of  # without caches and counts

    def with_target(self, target: Layer) -> Arrangement:
        """Return the arrangement in which the last layer, which does not cut, is replaced by a target."""
        layers, domain, inputs, _ = self._made_of
        return Arrangement(layers[:-1], domain, inputs, target)

    def leaves(self, start: Frontier, tick: Callable[[int], None] = lambda _cells: None) -> Iterator[Frontier]:
        """Yield the cells of a frontier after all layers, in an order that does not depend on how the work is divided."""
        stack = [start]
        limits = [max(1, _MAX_CELLS >> self.dim)] * len(self.layers)  # cells have many generators in many dimensions
        tick(len(start))
        while stack:
            frontier = stack.pop()
            if frontier.layer == len(self.layers):
                self.stats.cells += len(frontier)
                yield frontier
            else:
                limit, begin = limits[frontier.layer], time.perf_counter()
                parts = self.advance(frontier, limit)
                change = min(4.0, max(0.1, _CALL_SECONDS / (time.perf_counter() - begin)))
                limits[frontier.layer] = max(1, min(_MAX_CELLS, int(limit * change)))
                tick(settled(frontier, parts))
                stack += reversed(parts)

    def start(self) -> Frontier:
        """Return the domain as cells before the first layer."""
        kernel.warn_if_slow()
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
        return _uncut(cells, state, maps)

    def _open(self, layer: int, count: int) -> States:
        """Return the states of a layer's units on cells that the layer has not cut; units without a ReLU are always on."""
        relu = self.layers[layer].relu if layer < len(self.layers) else ()
        return np.tile(np.where(relu, OPEN, ON).astype(np.uint8), (count, 1))

    def _inside(self, cells: Cells, first: States, cones: Sequence[Cone]) -> tuple[Cells, States]:
        """Cut starting cones by the domain's rows that do not bound them; return the parts inside and the states of each.

        Args:
            cells: the cones.
            first: (P, n) the states of the first layer's units on them.
            cones: the same cones, exactly.
        """
        count = len(self.domain)
        weight, error, scale = float_rows(self.domain)
        state = np.full((len(cells), count), OPEN, np.uint8)
        for k, cone in enumerate(cones):
            state[k, [identity - 1 for identity in cone.chosen if identity <= count]] = ON
        frontier = _uncut(cells, state, np.zeros((len(cells), 1, 1)))

        def signs(parent: int, tight: bytes) -> bytes:
            return self.exact.domain_signs(self._generator(frontier, parent, tight, cones[parent].signs))

        request = CutRequest(
            cells=cells,
            state=state,
            rows=np.ascontiguousarray(np.broadcast_to(weight.T, (len(cells), *weight.T.shape))),
            row_error=np.full(len(cells), float(error.any())),
            row_sums=error,
            same=np.arange(count, dtype=np.int32),
            scale=scale,
            first_id=1,
            ids=self.exact.ids,
            signs=signs,
            limit=len(cells) + 1,
            keep_above=True,
        )
        result = self._cut(request)
        self.stats.cuts -= result["counts"]["cuts"]  # only cuts by neurons count
        inside = CutCells.read(result["finished"], self.dim, count)
        return inside.cells, first[inside.parent]

    @one_thread
    @np.errstate(invalid="ignore", over="ignore")  # infinities and NaN decide nothing
    def advance(self, frontier: Frontier, limit: int | None = None) -> list[Frontier]:
        """Cut cells by their layer.

        Args:
            frontier: cells, not after the last layer.
            limit: number of resulting cells after which the remaining cells are returned uncut; None is a default.

        Returns:
            Frontiers in the order in which they are to be visited: cells that the layer has cut, then the remaining ones.
        """
        layer, floats = self.layers[frontier.layer], self.floats[frontier.layer]
        width = self.dim + 1
        size = max(1, _CHUNK // (width * max(layer.inputs + 1, layer.outputs)))
        if len(frontier) > size:
            return [frontier.part(0, size), frontier.part(size, len(frontier))]
        rows = (frontier.maps.reshape(-1, layer.inputs + 1) @ floats.weight.T).reshape(len(frontier), width, layer.outputs)
        row_error = self._row_error(frontier, floats)
        if not layer.relu_units:
            uncut = CutCells(frontier.cells, frontier.state, np.arange(len(frontier)), frontier.verdict)
            return [self._next(frontier, uncut, rows, row_error)]
        result = self._cut(self._request(frontier, rows, row_error, limit or _MAX_CELLS))
        parts = []
        if result["finished"]["parent"]:
            finished = CutCells.read(result["finished"], self.dim, layer.outputs)
            parts.append(self._next(frontier, finished, rows, row_error))
        if result["rest"]["parent"]:
            rest = CutCells.read(result["rest"], self.dim, layer.outputs)
            parts.append(
                replace(
                    frontier,
                    cells=rest.cells,
                    state=rest.state,
                    prefix=frontier.prefix[rest.parent],
                    maps=frontier.maps[rest.parent],
                    maps_error=frontier.maps_error[rest.parent],
                )
            )
        if result["parents"] < len(frontier):
            parts.append(frontier.part(result["parents"], len(frontier)))
        return parts

    def _request(self, frontier: Frontier, rows: Floats, row_error: Floats, limit: int) -> CutRequest:
        """Return what the kernel needs to cut a frontier by its layer."""
        layer, floats = frontier.layer, self.floats[frontier.layer]

        def signs(parent: int, tight: bytes) -> bytes:
            return self.exact.signs(layer, self._generator(frontier, parent, tight))

        return CutRequest(
            cells=frontier.cells,
            state=frontier.state,
            rows=rows,
            row_error=row_error,
            row_sums=floats.row_sums,
            same=floats.same,
            scale=floats.scale,
            first_id=self.exact.base[layer],
            ids=self.exact.ids,
            signs=signs,
            limit=limit,
            seconds=_LONGEST_CALL_SECONDS,
            leaves=layer == len(self.layers) - 1,
            downstream=self._downstream[layer],
        )

    def _cut(self, request: CutRequest) -> CutResult:
        result: CutResult = _kernel.cut(request)
        self.stats.add(result["counts"])
        return result

    def _row_error(self, frontier: Frontier, floats: FloatLayer) -> Floats:
        """Return f such that row j of cell p is off by at most ``row_sums[j] * f[p]`` in every entry; 0 where it is exact."""
        largest = np.abs(frontier.maps.reshape(len(frontier), -1)).max(axis=1)
        terms = frontier.maps.shape[2]
        factor: Floats = (frontier.maps_error + (terms + 4) * UNIT_ROUNDOFF * largest) * SLACK + TINY
        if floats.scale:
            exact = (frontier.maps_error == 0) & (floats.row_sums.max() * largest * floats.scale < EXACT_INTEGERS)
            factor[exact] = 0
        return factor

    def _next(self, frontier: Frontier, finished: CutCells, rows: Floats, row_error: Floats) -> Frontier:
        """Return cells on which the layer is settled, before the next layer."""
        k, parents = frontier.layer, finished.parent
        maps = np.empty((len(parents), 0, 0))
        if k + 1 < len(self.layers):
            maps = np.empty((len(parents), self.dim + 1, self.layers[k].outputs + 1))
            _kernel.expand(rows, parents, finished.state, maps)
        return Frontier(
            layer=k + 1,
            cells=finished.cells,
            state=self._open(k + 1, len(parents)),
            prefix=np.concatenate([frontier.prefix[parents], finished.state], axis=1),
            maps=maps,
            maps_error=row_error[parents] * (self.floats[k].row_sums.max() * SLACK),
            verdict=finished.verdict,
        )

    def fires(self, leaves: Frontier) -> list[int]:
        """Return the numbers of the leaves on which the target is positive somewhere, exactly where the kernel could not tell."""
        verdicts = leaves.verdict.tolist()
        return [k for k, verdict in enumerate(verdicts) if verdict == SOMEWHERE or self._fires_exactly(leaves, k)]

    def _fires_exactly(self, leaves: Frontier, leaf: int) -> bool:
        self.stats.exact += 1
        tight = leaves.cells.tight[leaves.cells.ptr[leaf] : leaves.cells.ptr[leaf + 1]]
        generators = (self._generator(leaves, leaf, row.tobytes()) for row in tight)
        return any(self.exact.signs(len(self.layers), generator) == b"\1" for generator in generators)

    @cached_property
    def _downstream(self) -> list[Downstream | None]:
        """Per layer that cuts, what follows it, as the kernel's pruning expects it; None without a target."""
        if not self.has_target:
            return [None] * len(self.layers)
        target = self.floats[-1]
        layers = tuple(
            DownstreamLayer(floats.weight, np.array(layer.relu, np.uint8), float(floats.row_sums.max()))
            for layer, floats in zip(self.layers, self.floats, strict=False)
        )
        return [Downstream(layers[k + 1 :], target.weight, target.scale) for k in range(len(self.layers))]

    def _generator(self, frontier: Frontier, cell: int, tight: bytes, sides: dict[int, int] | None = None) -> Row:
        """Return the exact generator of a cell, or of a part of it, at these hyperplanes; ``sides`` as in ``_facets``."""
        facets = partial(self._facets, frontier, cell, sides)
        return self.exact.generator(frontier.prefix[cell].tobytes(), tuple(memoryview(tight).cast("i")), facets)

    def _facets(self, frontier: Frontier, parent: int, sides: dict[int, int] | None = None) -> list[Row]:
        """Return the exact rows of a cell's hyperplanes, non-negative on it, which orient a ray.

        ``sides`` has their signs on the cell, by id, if these do not follow from the frontier's states.
        """
        cells, first = frontier.cells, self.exact.base[0]
        prefix = frontier.prefix[parent].tobytes()
        states = (*frontier.prefix[parent].tolist(), *frontier.state[parent].tolist())
        facets = []
        for identity in set(cells.tight[cells.ptr[parent] : cells.ptr[parent + 1]].ravel().tolist()) - {0}:
            row = self.exact.row(prefix, identity)
            positive = sides[identity] > 0 if sides else identity < first or states[identity - first] == ON
            facets.append(row if positive else tuple(-entry for entry in row))
        return facets


def settled(frontier: Frontier, parts: Sequence[Frontier]) -> int:
    """Return how many cells of a frontier's parts are past its layer."""
    return sum(len(part) for part in parts if part.layer > frontier.layer)


def _uncut(cells: Cells, state: States, maps: Floats) -> Frontier:
    """Return a frontier of cells before the first layer, with exact maps."""
    count = len(cells)
    prefix = np.zeros((count, 0), np.uint8)
    return Frontier(layer=0, cells=cells, state=state, prefix=prefix, maps=maps, maps_error=np.zeros(count))


def _as_cells(cones: Sequence[Cone], dim: int) -> Cells:
    """Return starting cones, all with the same hyperplanes, as arrays."""
    points, errors, integers, has_integers = [], [], [], []
    for generator in (generator for cone in cones for generator in cone.generators):
        scale = generator[0] or max(map(abs, generator))
        points.append([filter_float(Fraction(entry, scale)) for entry in generator])
        errors.append(UNIT_ROUNDOFF * max(map(abs, points[-1])) * 2 + TINY)
        fits = max(map(abs, generator)) < _LARGEST_INTEGER
        integers.append(generator if fits else (0,) * (dim + 1))
        has_integers.append(fits)
    planes = cones[0].chosen
    rows, row_errors, _ = float_rows(list(planes.values()))
    count = len(cones)
    return Cells(
        ptr=np.arange(count + 1) * (dim + 1),
        points=np.array(points),
        error=np.array(errors),
        integers=np.array(integers, np.int64),
        has_integers=np.array(has_integers, np.uint8),
        tight=np.array([tight for cone in cones for tight in cone.tight], np.int32).reshape(-1, dim),
        plane_ptr=np.arange(count + 1) * dim,
        plane_ids=np.tile(np.array(list(planes), np.int32), count),
        plane_rows=np.tile(rows, (count, 1)),
        plane_error=np.tile(row_errors, count),
    )
