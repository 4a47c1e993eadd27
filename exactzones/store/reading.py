"""Reading a store: zones from their rows, without a search and without all of them in memory."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.errors import FormatError, InputError, quoted
from exactzones.files import as_path
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property
from exactzones.rational import Row, read_points
from exactzones.store.columns import Table, arrow, flat, flat_list, patterns_of, read_table
from exactzones.store.engine_choice import ENGINES
from exactzones.store.engines import StoredEngine
from exactzones.store.index import zones_with
from exactzones.store.manifest import CHANGED, Chunk, Manifest, hash_of, load_question, versions
from exactzones.store.packing import Bytes, Layout
from exactzones.store.patterns import bit_hashes
from exactzones.zone import Maximum, Zone
from exactzones.zones import Zones
from exactzones.zones.attained import within
from exactzones.zones.islands import pattern_hashes
from exactzones.zones.locate import Array, Batch, Locator, PatternsAround

_OPEN_CHUNKS = 4  # whose rows are kept in memory


class Neighbour(NamedTuple):
    """A zone that shares a facet with another one.

    Attributes:
        zone: its number.
        neuron: (layer, unit) the neuron whose hyperplane has the facet.
        fires: whether the property fires somewhere on the facet.
    """

    zone: int
    neuron: tuple[int, int]
    fires: bool


class ZoneStore(Sequence[Zone]):
    """Zones on disk: a sequence of zones that reads those that are asked for.

    Attributes:
        directory: the folder.
        manifest: what is in it.
        network: the network.
        prop: the resolved property.
        domain: the domain; None is all of the input space.
    """

    def __init__(self, directory: Path, manifest: Manifest, question: tuple[Network, Property, Sequence[Row] | None]) -> None:
        self.directory, self.manifest = directory, manifest
        self.network, self.prop, rows = question
        strict = (tuple(int(entry) for entry in row) for row in manifest.question.get("strict", ()))
        self.domain = None if rows is None else Polyhedron.of(self.network.inputs, rows, strict=strict)
        self._rows = () if rows is None else rows
        self._starts = [0, *itertools.accumulate(chunk.zones for chunk in manifest.chunks)]
        self._kept: OrderedDict[str, Any] = OrderedDict()

    @classmethod
    def open(cls, directory: str | PathLike[str]) -> ZoneStore:
        """Open a store; its files are read when zones are asked for.

        Raises:
            FormatError: the folder does not hold a store.
            InputError: a file cannot be read, or pyarrow is not installed.
        """
        arrow()
        path = Path(as_path(directory, "directory"))
        manifest = Manifest.load(path)
        return cls(path, manifest, load_question(path, manifest))

    @property
    def complete(self) -> bool:
        """Whether all zones of the question are in the store."""
        return self.manifest.complete

    def remarks(self) -> Iterator[str]:
        """Yield what a reader should know: that the store is not complete, or was written by other versions; a line for each."""
        if not self.complete:
            yield f"{self.directory}: the store is not complete; it has the zones that were found so far, and --resume goes on"
        elif self.manifest.islands is None:
            yield f"{self.directory}: all zones are there, but not yet which of them touch; --resume goes on"
        others = [f"{name} {version}" for name, version in self.manifest.versions.items() if versions().get(name) != version]
        if others:
            yield f"{self.directory}: written by {', '.join(others)}; files that this version adds may have other bytes"

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Zone: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Zone, ...]: ...
    def __getitem__(self, index: int | slice) -> Zone | tuple[Zone, ...]:
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        at = range(len(self))[index]
        chunk = self._chunk_of(at)
        return self.engine.zone(self.batch(chunk), at - self._starts[chunk])

    def __iter__(self) -> Iterator[Zone]:
        return (self[k] for k in range(len(self)))

    @cached_property
    def engine(self) -> StoredEngine[Any]:
        """The engine whose zones are stored."""
        name = self.manifest.question["engine"]
        kind = ENGINES.get(name)
        engine = None if kind is None else kind.of(self.network, self.prop, self._rows)
        if engine is None:
            raise FormatError(f"{self.directory}: {quoted(name)} is not an engine that can search the question of this store")
        return engine

    @property
    def layout(self) -> Layout:
        """How patterns are packed."""
        return self.engine.layout

    @cached_property
    def neurons(self) -> list[tuple[int, int]]:
        """(layer, unit) of each bit of a pattern."""
        layers = self.network.layers[: self.prop.horizon]
        return [(k, unit) for k, layer in enumerate(layers) for unit in layer.relu_units]

    def source(self, zone: int) -> Any:
        """Return a zone as a leaf of the search."""
        return self[zone].source

    def first(self, chunk: int) -> int:
        """Return the number of a chunk's first zone."""
        return self._starts[chunk]

    def batch(self, chunk: int) -> Any:
        """Return the zones of a chunk as a batch of the engine; those that were read last are kept."""
        entry = self.manifest.chunks[chunk]
        batch = self._kept.pop(entry.file, None)
        if batch is None:
            batch = self.engine.batch_of(self.table(entry, self.engine.columns))
        self._kept[entry.file] = batch
        while len(self._kept) > _OPEN_CHUNKS:
            self._kept.popitem(last=False)
        return batch

    def table(self, chunk: Chunk, columns: Sequence[str] | None = None, rows: Integers | None = None) -> Table:
        """Return a chunk as a pyarrow table.

        Args:
            chunk: the chunk.
            columns: the names of those to read; None is all of them.
            rows: the zones to return, counted in the chunk, ascending; None is all of them.

        Raises:
            FormatError: it is damaged.
            InputError: it cannot be read.
        """
        path = self.directory / chunk.file
        table = read_table(path, columns, rows)
        if rows is None and len(table) != chunk.zones:
            raise FormatError(f"{path}: it has {len(table)} zones; {chunk.zones} are expected")
        return table

    def patterns(self) -> Iterator[Bytes]:
        """Yield the packed patterns of each chunk, (P, width)."""
        for chunk in self.manifest.chunks:
            yield patterns_of(self.table(chunk, ["pattern"]))

    def all_patterns(self) -> Bytes:
        """Return the packed patterns of all zones, (zones, width)."""
        patterns = np.empty((len(self), self.layout.width), np.uint8)
        for start, part in zip(self._starts, self.patterns(), strict=False):
            patterns[start : start + len(part)] = part
        return patterns

    @overload
    def containing(self, points: Sequence[Sequence[Any]] | Array) -> list[list[Zone]]: ...
    @overload
    def containing(self, points: Sequence[Any]) -> list[Zone]: ...
    def containing(self, points: Any) -> list[Zone] | list[list[Zone]]:
        """Return the zones whose closed cell contains a point, in the order of the store; for points, such a list for each.

        Args:
            points: a point, shape (inputs,), or points, shape (points, inputs).

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not an exact number.
            InputError: the argument is neither a point nor points.
        """
        listed, many = read_points(points)
        numbers = self.numbers_of(listed if many else [self.network.point(listed)])
        known = dict(self._zones_at(np.unique(np.fromiter(itertools.chain(*numbers), np.int64))))
        zones = [[known[k] for k in found] for found in numbers]
        return zones if many else zones[0]

    def numbers_of(self, points: Any) -> list[tuple[int, ...]]:
        """Return for each of many points, shape (points, inputs), the numbers of the zones whose closed cell contains it."""
        layers = self.network.layers[: self.prop.horizon]
        locator = Locator(layers, self.network.inputs, self.domain, ())
        return locator.locate_among(points, self._patterns_among)

    def _patterns_among(self, wanted: PatternsAround) -> Iterator[Batch]:
        """Yield the numbers and patterns of zones, among which are all that have a wanted pattern."""
        if not self.manifest.index or wanted.masks:
            for start, patterns in zip(self._starts, self.patterns(), strict=False):
                yield np.arange(start, start + len(patterns)), patterns
            return
        width = self.layout.width
        hashes = pattern_hashes(wanted.keys(width), bit_hashes(width))
        for zones, table in self._parts(zones_with(self.directory, self.manifest.index, hashes), ["pattern"]):
            yield zones, patterns_of(table)

    def _zones_at(self, zones: Integers) -> Iterator[tuple[int, Zone]]:
        """Yield the zones with these numbers, ascending."""
        for part, table in self._parts(zones, self.engine.columns):
            batch = self.engine.batch_of(table)
            yield from ((zone, self.engine.zone(batch, at)) for at, zone in enumerate(part.tolist()))

    def _parts(self, zones: Integers, columns: Sequence[str]) -> Iterator[tuple[Integers, Table]]:
        """Yield the rows of the zones with these numbers, ascending, a chunk at a time."""
        cuts = np.searchsorted(zones, self._starts)
        for k in np.flatnonzero(np.diff(cuts)).tolist():
            part = zones[cuts[k] : cuts[k + 1]]
            yield part, self.table(self.manifest.chunks[k], columns, part - self._starts[k])

    @cached_property
    def island_of(self) -> Integers:
        """(zones,) the number of each zone's island; islands are numbered in the order of their first zones.

        Raises:
            InputError: the store is not complete.
        """
        columns = [flat(self.table(chunk, ["island"])["island"].combine_chunks()) for chunk in self._links]
        return np.concatenate([np.zeros(0, np.int64), *columns])

    @cached_property
    def islands(self) -> Sequence[Integers]:
        """The connected components of the firing set: for each the numbers of its zones, ascending, as an array.

        Raises:
            InputError: the store is not complete.
        """
        order = np.argsort(self.island_of, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.island_of[order])) + 1) if len(order) else []

    def neighbours(self, zone: int) -> list[Neighbour]:
        """Return the zones that share a facet with one.

        Raises:
            InputError: the store is not complete.
        """
        links, at = self._links, range(len(self))[zone]
        chunk = self._chunk_of(at)
        rows = np.array([at - self._starts[chunk]])
        row = self.table(links[chunk], ["facets", "neighbours", "fires"], rows).to_pylist()[0]
        bit_of = dict(zip(self.layout.cut.tolist(), self.neurons, strict=True))
        first = self.engine.arrangement.exact.base[0]
        lists = zip(row["facets"], row["neighbours"], row["fires"], strict=True)
        return [Neighbour(other, bit_of[plane - first], fires) for plane, other, fires in lists]

    def edges(self) -> Iterator[Integers]:
        """Yield the pairs of zones that share a facet, each once, as arrays of shape (2, E)."""
        for start, chunk in zip(self._starts, self._links, strict=False):
            others, starts = flat_list(self.table(chunk, ["neighbours"])["neighbours"])
            ends = np.stack([np.repeat(np.arange(start, start + chunk.zones), np.diff(starts)), others])
            yield ends[:, ends[0] < ends[1]]

    @property
    def maximum(self) -> Maximum | None:
        """The supremum over all zones of the feature in the property's first condition, exactly; None if there are no zones.

        Strict rows of the domain may exclude all points that have this value; ``attained`` is then False.
        """
        best: Zone | None = None
        for zone in map(self.__getitem__, self._competing()):
            if zone.supremum is None:
                return zone.maximum
            if best is None or best.supremum is None or zone.supremum > best.supremum:
                best = zone
        if best is None:
            return None
        return within(self.domain, best, (zone for k in self._competing() if (zone := self[k]).supremum == best.supremum))

    def _competing(self) -> Iterator[int]:
        """Yield the zones on which the feature may be largest: by proved bounds, or all zones if there are several conditions."""
        if not self.engine.arrangement.has_target or not len(self):
            yield from range(len(self))
            return
        bounds = [self.engine.bounds(self.batch(k)) for k in range(len(self.manifest.chunks))]
        largest = max(lower.max() for lower, _ in bounds)
        for start, (_, upper) in zip(self._starts, bounds, strict=False):
            yield from (start + np.flatnonzero(~(upper < largest))).tolist()

    def listed(self) -> Zones:
        """Return all zones as a list in memory."""
        return Zones(self.network, self.prop, self.domain, tuple(self), complete=self.complete)

    def damages(self) -> Iterator[str]:
        """Yield what is wrong with the files of the store, a line for each."""
        for chunk in self.manifest.files:
            path = self.directory / chunk.file
            if not path.is_file():
                yield f"{path}: the file is missing"
            elif hash_of(path) != chunk.sha256:
                yield f"{path}: {CHANGED}"

    @property
    def _links(self) -> tuple[Chunk, ...]:
        if self.manifest.islands is None:
            raise InputError(f"{self.directory}: the neighbours and islands are not known yet; --resume (resume=True) goes on")
        return self.manifest.links

    def _chunk_of(self, zone: int) -> int:
        return int(np.searchsorted(self._starts, zone, side="right")) - 1

    def __repr__(self) -> str:
        return f"ZoneStore({len(self)} zones of {self.prop}{'' if self.complete else ', incomplete'})"
