"""The manifest of a store: the question, the chunks that are on disk with their hashes, and where the search stopped.

A chunk is complete on disk before it is named, in a line of the journal or in the manifest.  The manifest is replaced as a whole,
and holds what the journal had, which is then removed.  So a store is in order at every moment; files that are not named are
remains of an interruption.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

from exactzones.errors import FormatError, InputError, WriteError
from exactzones.files import is_on_disk, naming, read_bytes, unreadable, write_atomically
from exactzones.formats.zones_json import property_document, row_texts
from exactzones.models import load_network, save_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature
from exactzones.rational import Row

FORMAT, VERSION, READ_VERSIONS = "exactzones/store", 2, (1, 2)
MANIFEST, JOURNAL, NETWORK = "manifest.json", "journal.jsonl", "network.json"
CHANGED = "the file was changed: its SHA-256 is not that of the manifest"
_FILES = ("chunks", "links", "index")  # the fields that are files
_HASHED = 1 << 20  # bytes that are read at once


@dataclass(frozen=True)
class Chunk:
    """A file of a store.

    Attributes:
        file: its name.
        zones: how many zones it has.
        sha256: of its bytes.
    """

    file: str
    zones: int
    sha256: str

    @property
    def verdicts(self) -> str:
        """The name of the scratch file that has the verdicts on its faces until the zones are connected."""
        return f".{self.file}.{self.sha256[:16]}.verdicts"


@dataclass(frozen=True)
class Manifest:
    """What is in a store.

    Attributes:
        question: the network's hash, the property, the domain (with its strict rows, if there are any) and the engine, as JSON.
        versions: of the programs that wrote it.
        limits: the numbers of zones, and of ids in tight sets, that end a chunk.
        complete: whether all zones of the question are in it.
        chunks: files of zones in the engine's order.
        partial: whether the last chunk was cut short by an interruption; it is replaced when the search goes on.
        frontier: where the search goes on: after the zone with this packed pattern, in hexadecimal.  None: at its start, or it
            is complete.
        links: per chunk the file of its zones' neighbours and islands; empty until all zones are there.
        islands: the number of islands; None until they are known.
        index: the files that lead from patterns to zones; empty until the islands are known, and in version 1.
        network_file: the SHA-256 of the network's file; None in version 1.
    """

    question: dict[str, Any]
    versions: dict[str, str]
    limits: dict[str, int]
    complete: bool = False
    chunks: tuple[Chunk, ...] = ()
    partial: bool = False
    frontier: str | None = None
    links: tuple[Chunk, ...] = ()
    islands: int | None = None
    index: tuple[Chunk, ...] = ()
    network_file: str | None = None

    @property
    def zones(self) -> int:
        """The number of zones."""
        return sum(chunk.zones for chunk in self.chunks)

    @property
    def files(self) -> tuple[Chunk, ...]:
        """All files of tables."""
        return *self.chunks, *self.links, *self.index

    @property
    def whole_chunks(self) -> tuple[Chunk, ...]:
        """The chunks that stay as they are when the search goes on."""
        return self.chunks[:-1] if self.partial else self.chunks

    def extended(self, chunk: Chunk, frontier: str) -> Manifest:
        """Return the manifest with one more chunk, which takes the place of a partial one."""
        return replace(self, chunks=(*self.whole_chunks, chunk), partial=False, frontier=frontier)

    def append(self, directory: Path, chunk: Chunk, frontier: str) -> Manifest:
        """Note one more chunk in the journal; return the manifest with it."""
        path, line = directory / JOURNAL, {"chunk": len(self.whole_chunks), **asdict(chunk), "frontier": frontier}
        is_new = not path.exists()
        try:
            with path.open("ab") as stream:
                stream.write(json.dumps(line).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from None
        if is_new:
            sync(directory)
        return self.extended(chunk, frontier)

    def save(self, directory: Path) -> None:
        """Write the manifest, in full or not at all, and remove the journal, which is part of it now."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        parts |= {name: [vars(chunk) for chunk in getattr(self, name)] for name in _FILES}
        document = {"format": FORMAT, "version": VERSION, "zones": self.zones} | parts
        write_atomically(directory / MANIFEST, (json.dumps(document, indent=1) + "\n").encode())
        sync(directory)
        (directory / JOURNAL).unlink(missing_ok=True)

    @classmethod
    def load(cls, directory: Path) -> Manifest:
        """Read the manifest of a store, and the journal.

        Raises:
            FormatError: it is not one.
            InputError: it cannot be read.
        """
        path = directory / MANIFEST
        if not is_on_disk(str(path)):
            if is_on_disk(str(directory)):
                problem = f"it has no {MANIFEST}" if directory.is_dir() else "it is a file"
            else:
                problem = unreadable(directory) or "the name is too long"
            raise InputError(f"{directory}: not a store of zones: {problem}; exactzones zones --store writes one")
        journal = _journal(directory)  # first, because a writer may move its lines to the manifest meanwhile
        with naming(path):
            data = read_bytes(path)
            try:
                document = json.loads(data)
                if document["format"] != FORMAT or document["version"] not in READ_VERSIONS:
                    found = f"format {document['format']!r}, version {document['version']!r}"
                    raise FormatError(f"{found}; this version of exactzones reads {FORMAT!r}, versions up to {VERSION}")
                manifest = cls._of(document)
            except (ValueError, KeyError, TypeError) as error:
                raise FormatError(f"not the manifest of a store: {type(error).__name__}: {error}") from None
        for number, chunk, frontier in journal:
            if not manifest.complete and number == len(manifest.whole_chunks):
                manifest = manifest.extended(chunk, frontier)
        return manifest

    @classmethod
    def _of(cls, document: dict[str, Any]) -> Manifest:
        """Return a manifest as it was read."""
        if document["version"] == 1:
            document = document | {"index": [], "network_file": None}
        parts = {part.name: document[part.name] for part in fields(cls)}
        return cls(**parts | {name: tuple(Chunk(**chunk) for chunk in document[name]) for name in _FILES})


def _journal(directory: Path) -> Sequence[tuple[int, Chunk, str]]:
    """Return number, chunk and frontier from each line of the journal, up to a line that was not written in full."""
    path, entries = directory / JOURNAL, []
    with naming(path):
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                entry = json.loads(line)
                entries.append((entry["chunk"], Chunk(entry["file"], entry["zones"], entry["sha256"]), entry["frontier"]))
            except (ValueError, KeyError, TypeError):
                break
    return entries


def sync(directory: Path) -> None:
    """Make the names of new files last, where the system can do that for a folder."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def versions() -> dict[str, str]:
    """Return the versions of the programs that determine the bytes of a store."""
    return {"exactzones": metadata.version("exactzones"), "pyarrow": metadata.version("pyarrow")}


def question_of(network: Network, prop: Property, rows: Sequence[Row] | None, engine: str) -> dict[str, Any]:
    """Return a question, and the engine that searches it, as JSON; the rows are those of the domain."""
    return {
        "network": {"sha256": network.sha256, "inputs": network.inputs},
        "property": property_document(prop),
        "domain": None if rows is None else row_texts(rows),
        "engine": engine,
    }


def strict_rows_of(domain: Polyhedron | None) -> dict[str, Any]:
    """Return what to add to a question as JSON if its domain is open: the rows that are strict."""
    return {} if domain is None or not domain.hrep.strict else {"strict": row_texts(domain.hrep.strict)}


def save_question(directory: Path, network: Network) -> str:
    """Write the network, exactly; return the SHA-256 of its file."""
    save_network(network, directory / NETWORK)
    return hash_of(directory / NETWORK)


def load_question(directory: Path, manifest: Manifest) -> tuple[Network, Property, Sequence[Row] | None]:
    """Return the network, the resolved property, and the rows of the domain, whose order is that of their ids.

    Raises:
        FormatError: the network was changed, or is not that of the manifest.
        InputError: the network cannot be read.
    """
    path, question = directory / NETWORK, manifest.question
    if manifest.network_file is not None and path.is_file() and hash_of(path) != manifest.network_file:
        raise FormatError(f"{path}: {CHANGED}")
    network = load_network(path)
    with naming(directory / MANIFEST):
        if network.sha256 != question["network"]["sha256"]:
            raise FormatError(f"its network has another hash than {NETWORK}")
        rows = question["domain"]
        domain = None if rows is None else tuple(tuple(int(entry) for entry in row) for row in rows)
        return network, _property_of(question["property"]).resolve(network.widths), domain


def _property_of(document: dict[str, Any]) -> Property:
    if "index" in document:
        return feature(document["index"], document["threshold"], document["layer"])
    prop = Property(())
    for part in document["conditions"]:
        terms = {unit: Fraction(coefficient) for unit, coefficient in part["terms"]}
        options = {"layer": part["layer"], "strict": part["strict"], "after_relu": part["after_relu"]}
        prop &= condition(terms, Fraction(part["constant"]), **options)
    return prop


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(_HASHED):
            digest.update(part)
    return digest.hexdigest()


def save_chunk(directory: Path, name: str, zones: int, data: bytes) -> Chunk:
    """Write a file that the manifest will name."""
    write_atomically(directory / name, data)
    sync(directory)
    return Chunk(name, zones, hashlib.sha256(data).hexdigest())


def remove_remains(directory: Path, manifest: Manifest) -> None:
    """Remove what an interruption left: files of a store that the manifest does not name."""
    named = {chunk.file for chunk in manifest.files} | {MANIFEST, NETWORK}
    if manifest.islands is None:
        named |= {chunk.verdicts for chunk in manifest.chunks}
    for path in directory.iterdir():
        ours = path.suffix == ".parquet" and path.name.partition("-")[0] in ("zones", "partial", "links", "index")
        if path.name not in named and (ours or (path.name.startswith(".") and path.suffix in (".part", ".edges", ".verdicts"))):
            path.unlink()


def check_same(manifest: Manifest, question: dict[str, Any], directory: Path) -> None:
    """Check that a store answers a question.

    Raises:
        InputError: it answers another one; the message says what differs.
    """
    for part in {**question, **manifest.question}:
        if manifest.question.get(part) != question.get(part):
            what = {"strict": "domain", "engine": f"engine ({manifest.question.get(part)})"}.get(part, part)
            raise InputError(f"{directory}: the store is for another {what}; choose another folder or ask the same question")
