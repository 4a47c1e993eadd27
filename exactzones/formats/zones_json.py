"""Zones as JSON, for other programs.  Every number is a string: "p/q", "p" or "a+b*sqrt(D)".

In version 1 every row and every vertex is written in full.  In version 2 a number may stand for one that an earlier zone has, see
``schema``.  A file begins as version 1; it becomes version 2 when it refers to an earlier row for the first time, which it does
after ``FULL_ZONES`` zones.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from exactzones.errors import FormatError
from exactzones.files import atomic_stream, naming, read_bytes
from exactzones.network import Network
from exactzones.polyhedra import Cell, HRep, Polyhedron, VRep
from exactzones.property import Property, unit_condition
from exactzones.rational import flag, text
from exactzones.zone_parts import ZoneCondition
from exactzones.zones import MergedZone, Zone, Zones, as_zones

FORMAT, VERSION = "exactzones/zones", 1
FULL_ZONES = 1000
"""So many zones of a file are written without references to earlier ones."""

_MEMBER = 1 << 18  # characters that are written, and compressed, at once
_KNOWN_ROWS = 1 << 15  # rows of each kind that can be referred to; older ones are written again
_SHARED = ("inequalities", "vertices")  # what zones have in common with earlier ones


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the format."""
    loaded: dict[str, Any] = json.loads(resources.files("exactzones.formats").joinpath("zones.schema.json").read_text())
    return loaded


def zones_to_json(zones: Zones, *, merge: bool = False) -> dict[str, Any]:
    """Return zones as a JSON object, see ``schema``; ``merge`` adds the merged zones, each with the numbers of its pieces."""
    as_zones(zones)
    head = _head(zones.network, zones.prop, zones.domain)
    return head | {"zones": [_zone(zone) for zone in zones]} | _tail(zones, VERSION, merge=flag(merge, "merge"))


def save_zones(zones: Zones, path: str | Path, *, merge: bool = False) -> None:
    """Write zones to a JSON file, see ``schema``; the file holds either its old content or all of the new.

    A path that ends in ``.gz`` is compressed.  The text is written zone by zone: it is never in memory as a whole.

    Raises:
        InputError: the file cannot be written.
    """
    as_zones(zones)
    flag(merge, "merge")
    with zones_writer(path, zones.network, zones.prop, zones.domain) as writer:
        writer.finish(zones, merge=merge)


@contextmanager
def zones_writer(path: str | Path, network: Network, prop: Property, domain: Polyhedron | None) -> Iterator[ZonesWriter]:
    """Open a JSON file of zones for writing; it takes the place of ``path`` when the block has ended without an error.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_stream(path) as stream:
        yield ZonesWriter(stream, (network, prop, domain), compress=str(path).lower().endswith(".gz"))


def load_zones(path: str | Path) -> dict[str, Any]:
    """Return the JSON object in a file of any version, compressed or not, in the form of version 1.

    Raises:
        FormatError: the file is not of this format.
        InputError: the file cannot be read.
    """
    with naming(path):
        data = read_bytes(path)
        try:
            document = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
            if document["format"] != FORMAT or document["version"] not in (1, 2):
                raise FormatError(f"format {document['format']!r}, version {document['version']!r}; expected {FORMAT!r}, 1 or 2")
            return _in_full(document)
        except (EOFError, ValueError, KeyError, TypeError, IndexError) as error:
            raise FormatError(f"not a list of zones as JSON: {type(error).__name__}: {error}") from None


class _Position(NamedTuple):
    """How far a file is complete.

    Attributes:
        size: in bytes.
        pieces: the number of pieces of text that these bytes hold: the head, then one for each zone.
        pending: the pieces that follow and are not written yet.
    """

    size: int
    pieces: int
    pending: list[str]


class ZonesWriter:
    """Writes zones as JSON while they are found.

    An interruption at any moment, even inside ``add``, leaves the writer in order: ``finish`` writes what is missing.

    Args:
        stream: an empty file that is open for writing and can be truncated.
        question: the network, the resolved property and the domain.
        compress: whether to write gzip.
    """

    def __init__(
        self, stream: BinaryIO, question: tuple[Network, Property, Polyhedron | None], *, compress: bool = False
    ) -> None:
        self._stream, self._compress = stream, compress
        self._position = _Position(0, 0, [_json(_head(*question))[:-1] + ',"zones":['])
        self._table: _Table | None = _Table()
        self._version = VERSION
        self._failure: OSError | None = None

    @property
    def zones(self) -> int:
        """The number of zones that were added."""
        return self._position.pieces + len(self._position.pending) - 1

    def add(self, zone: Zone) -> None:
        """Write the next zone.  If the file cannot be written, ``finish`` says so."""
        if self._failure is not None:
            return
        count = self.zones
        # An interruption leaves no table: later zones must not refer to rows that may not have been written.
        table, self._table = self._table, None
        entry = _zone(zone if count < FULL_ZONES else _without_caches(zone))
        if table is not None:
            if count >= FULL_ZONES:
                self._version = 2
            table.shorten(entry, refer=count >= FULL_ZONES)
        self._position.pending.append("," * bool(count) + _json(entry))
        self._table = table
        if sum(map(len, self._position.pending)) > _MEMBER:
            self._flush()

    def finish(self, zones: Zones, *, merge: bool = False, graph: bool = True, bands: dict[str, Any] | None = None) -> None:
        """Write the zones that were not added yet, and what follows them.

        Args:
            zones: all zones.
            merge: whether to write the merged zones.
            graph: whether to write which zones touch, and the islands; without, the document is marked incomplete.
            bands: the field "bands" (see ``bands_json``); None leaves it out.

        Raises:
            OSError: the file cannot be written.
        """
        for zone in zones.zones[self.zones :]:
            self.add(zone)
        tail = _tail(zones, self._version, merge=merge, graph=graph) | ({} if bands is None else {"bands": bands})
        self._end(["]," + _json(tail)[1:] + "\n"])

    def finish_complete(self, edges: Iterable[Sequence[int]], islands: Iterable[Sequence[int]]) -> None:
        """Write what follows a complete list, whose zones were all added, without holding it.

        Args:
            edges: the pairs of zones that share a facet, ascending.
            islands: the zones of each island, ascending.

        Raises:
            OSError: the file cannot be written.
        """
        rest = _json({"complete": True, "version": self._version})[1:] + "\n"
        self._end(itertools.chain(["],"], _array("adjacency", edges), [","], _array("islands", islands), ["," + rest]))

    def _end(self, pieces: Iterable[str]) -> None:
        """Write the pieces of text that follow the zones."""
        for piece in pieces:
            self._position.pending.append(piece)
            if self._failure is None and len(piece) > _MEMBER:
                self._flush()
        if self._failure is None:
            self._flush()
        if self._failure is not None:
            raise self._failure

    def _flush(self) -> None:
        """Write the pending pieces, after the last byte that is certainly right."""
        size, pieces, pending = self._position
        data = "".join(pending).encode()
        if self._compress:
            data = gzip.compress(data, mtime=0)
        try:
            self._stream.seek(size)
            self._stream.truncate()
            self._stream.write(data)
        except OSError as error:
            self._failure = error
        else:
            self._position = _Position(size + len(data), pieces + len(pending), [])


class _Table:
    """The rows that were written and their numbers; the rows that were not used for longest are forgotten."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, int]] = {name: {} for name in _SHARED}
        self._counts = dict.fromkeys(_SHARED, 0)

    def shorten(self, entry: dict[str, Any], *, refer: bool) -> None:
        """Replace the rows of a zone that are known by their numbers if ``refer`` is set; remember the others."""
        for name in _SHARED:
            if entry[name] is not None:
                entry[name] = [self._written(name, row, refer) for row in entry[name]]

    def _written(self, name: str, row: list[str], refer: bool) -> list[str] | int:
        numbers, key = self._tables[name], " ".join(row)
        if refer:
            number = numbers.pop(key, None)
            if number is not None:
                numbers[key] = number
                return number
            if name == "inequalities" and "s" not in key and (number := numbers.get(" ".join(_negative(row)))) is not None:
                return -1 - number
        numbers[key] = self._counts[name]
        self._counts[name] += 1
        if len(numbers) > _KNOWN_ROWS:
            del numbers[next(iter(numbers))]
        return row


def _in_full(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of version 2 as version 1: every row in full."""
    rows: dict[str, list[list[str]]] = {name: [] for name in _SHARED}
    for entry in document["zones"]:
        for name in _SHARED:
            for k, row in enumerate(entry[name] or ()):
                if isinstance(row, int):
                    entry[name][k] = rows[name][row] if row >= 0 else _negative(rows[name][-1 - row])
                else:
                    rows[name].append(row)
    return document | {"version": VERSION}


def _negative(row: Iterable[str]) -> list[str]:
    """Return the negative of a row of rational numbers."""
    return [entry[1:] if entry[0] == "-" else entry if entry == "0" else f"-{entry}" for entry in row]


def _without_caches(zone: Zone) -> Zone:
    """Return a zone that can be written and forgotten, so that what is computed for it takes no memory afterwards."""
    return zone if isinstance(zone.source, Cell) or not is_dataclass(zone.source) else replace(zone, source=replace(zone.source))


def _head(network: Network, prop: Property, domain: Polyhedron | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "network": network_document(network),
        "feature": property_document(prop),
        "domain": domain_document(domain),
    }


def _tail(zones: Zones, version: int, *, merge: bool, graph: bool = True) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if graph:
        document["adjacency"] = list(map(list, zones.touching))
        document["islands"] = [list(island) for island in zones.islands]
    document |= {"complete": zones.complete and graph, "version": version}
    if merge:
        document["merged"] = [merged_document(merged) for merged in zones.merged]
    return document


def _array(name: str, rows: Iterable[Sequence[int]]) -> Iterator[str]:
    """Yield the text of a member that is an array of rows, in large pieces."""
    pieces, size = [f'"{name}":['], 0
    for k, row in enumerate(rows):
        pieces.append("," * bool(k) + _json(row))
        size += len(pieces[-1])
        if size > _MEMBER:
            yield "".join(pieces)
            pieces, size = [], 0
    yield "".join(pieces) + "]"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def network_document(network: Network) -> dict[str, Any]:
    """Return what says which network, and which slice of its input space, zones are about."""
    document = {"sha256": network.sha256, "inputs": network.inputs}
    if network.slice is None:
        return document
    whole, embedding = network.slice
    of = {"sha256": whole.sha256, "inputs": whole.inputs}
    return document | {"slice": {"of": of, "embedding": row_texts(embedding.augmented().rows)}}


def domain_document(domain: Polyhedron | None) -> dict[str, Any]:
    """Return the closure of a domain as a JSON object."""
    return {"all": True} if domain is None else {"inequalities": row_texts(domain.hrep.closed_rows)}


def number_texts(entries: Iterable[Fraction | int]) -> list[str]:
    """Return exact numbers as strings."""
    return [text(entry) for entry in entries]


def row_texts(rows: Iterable[Sequence[Fraction | int]]) -> list[list[str]]:
    """Return rows of exact numbers as lists of strings."""
    return [number_texts(row) for row in rows]


def property_document(prop: Property) -> dict[str, Any]:
    """Return a resolved property as a JSON object."""
    only = unit_condition(prop)
    if only is not None and only.strict:
        return {"layer": only.layer, "index": only.terms[0][0], "threshold": text(-only.constant)}
    return {
        "conditions": [
            {
                "layer": condition.layer,
                "terms": [[unit, text(coefficient)] for unit, coefficient in condition.terms],
                "constant": text(condition.constant),
                "strict": condition.strict,
                "after_relu": condition.after_relu,
            }
            for condition in prop.conditions
        ]
    }


def cell_document(pattern: Sequence[str], hrep: HRep, vrep: VRep | None) -> dict[str, Any]:
    """Return the fields of a zone that describe its closed cell; the generators are null where they were not worked out."""
    return {
        "pattern": list(pattern),
        "inequalities": row_texts(hrep.rows),
        "vertices": None if vrep is None else row_texts(vrep.vertices),
        "rays": None if vrep is None else row_texts(vrep.rays),
        "lines": None if vrep is None else row_texts(vrep.lines),
    }


def condition_texts(conditions: Iterable[ZoneCondition]) -> list[dict[str, Any]]:
    """Return conditions on a cell, as affine functions of the input."""
    return [{"row": number_texts(condition.row), "strict": condition.strict} for condition in conditions]


def conditions_document(conditions: Sequence[ZoneCondition]) -> dict[str, Any]:
    """Return where the property holds on a zone: the field "feature" for a single strict condition, else "conditions"."""
    if len(conditions) == 1 and conditions[0].strict:
        return {"feature": number_texts(conditions[0].row)}
    return {"conditions": condition_texts(conditions)}


def _zone(zone: Zone) -> dict[str, Any]:
    cell = cell_document(zone.pattern, zone.hrep, zone.listed_vrep)
    return cell | {"sample": number_texts(zone.sample)} | conditions_document(zone.conditions)


def merged_document(merged: MergedZone) -> dict[str, Any]:
    """Return a merged zone as a JSON object."""
    closure, vrep = merged.polyhedron.hrep, merged.polyhedron.vrep
    return {
        "pieces": list(merged.pieces),
        "inequalities": row_texts(closure.rows),
        "strict": row_texts(closure.strict),
        "vertices": row_texts(vrep.vertices),
        "rays": row_texts(vrep.rays),
        "lines": row_texts(vrep.lines),
    }
