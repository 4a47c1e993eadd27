"""Which engine the zones of a store come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exactzones.engine.search import check_domain, suitable_engine
from exactzones.errors import InputError, quoted
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property
from exactzones.rational import Row
from exactzones.store.engines import StoredEngine
from exactzones.store.forward_rows import ForwardRows
from exactzones.store.inequality_rows import InequalityRows
from exactzones.store.manifest import MANIFEST, Manifest

ENGINES: dict[str, type[ForwardRows | InequalityRows]] = {"forward": ForwardRows, "inequalities": InequalityRows}
"""The engines whose zones can be stored, by name."""


def engine_for(
    question: tuple[Network, Property, Polyhedron | None], name: str, earlier: Path | None
) -> tuple[StoredEngine[Any], Sequence[Row] | None]:
    """Return an engine for a question, and the rows of the domain in the order of their ids; None is all of the input space.

    Args:
        question: the network, the resolved property and the domain.
        name: "forward", "inequalities" or "auto".
        earlier: the folder of a store that may be there and is to go on, with the engine that it has.

    Raises:
        InputError: the engine cannot search the question, or there is no such engine.
    """
    if name not in ("auto", *ENGINES):
        raise InputError(f"engine is {quoted(name)}; a store needs 'forward', 'inequalities' or 'auto'")
    network, prop, domain = question
    chosen = name
    if name == "auto":
        is_there = earlier is not None and (earlier / MANIFEST).exists()
        chosen = str(Manifest.load(earlier).question["engine"]) if earlier and is_there else suitable_engine(*question)
    check_domain(network, domain, chosen)
    if chosen == "forward":
        rows = None if domain is None else domain.facet_rows()
        forward = ForwardRows.of(network, prop, rows or ())
        if forward is not None and forward.can_start:
            return forward, rows
    if chosen == "inequalities" or name == "auto":
        rows = None if domain is None else domain.hrep.closed_rows
        by_inequalities = InequalityRows.of(network, prop, rows or ())
        if by_inequalities is not None:
            return by_inequalities, rows
    raise InputError(_reason(network, name))


def _reason(network: Network, name: str) -> str:
    """Return why an engine cannot search a question."""
    needs = "rational numbers and a layer with a ReLU that depends on the input"
    if name == "forward":
        also = f"at most 16 inputs (this network has {network.inputs}), and first hyperplanes that meet in a point"
        return f"the forward engine needs {needs}, {also}; choose the inequalities engine, or list these zones with find_zones"
    return f"a store needs {needs}; list these zones with find_zones, whose backward engine does without"
