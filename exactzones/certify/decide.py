"""Decide whether a property can hold on a domain, and hand over the evidence."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from exactzones.certify.branching import BoxProof, BoxSearch
from exactzones.certify.cells import CellSearch
from exactzones.certify.exact import ExactProver
from exactzones.certify.proof import CellProof, Proof
from exactzones.certify.relaxation import FloatClaim, Floats
from exactzones.certify.witness import find_witness
from exactzones.check import Bound, Case, Hint, Node
from exactzones.check.certificate import read_header, write_header, write_node
from exactzones.check.checker import batches, holds
from exactzones.check.tree import Invalid, Place, Tree
from exactzones.errors import BackendError, DimensionError, FormatError, InputError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import HRep, Polyhedron, lp
from exactzones.property import Property
from exactzones.rational import Row, Vector, primitive
from exactzones.zones import Zones
from exactzones.zones.workers import processes

BITS = 40
"""How finely certificates count."""
_MOST_CELL_INPUTS = 9
_MOST_EXACT = 1200  # units times inputs: beyond that exact linear programs take too long to be a last resort
_FIRST_GUESS = 0.2  # seconds for a witness before anything is proved
_ALONE = 1.0  # seconds that one process works before others are asked
_SLICE = 8.0  # seconds that a process works on a region before what is left of it is shared out again
_GUESSING = 0.2  # share of the time that goes into more guesses later
_NEARER = 30  # steps, each a sixteenth of the one before, towards a point that strict rows exclude
_MARGINS = (1.0, 8.0, 64.0, 512.0)  # what the checker did not accept is searched again, with more room


@dataclass(frozen=True)
class Certificate:
    """A certificate as lines of text, the header first."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class CanFire:
    """The property holds at ``witness``, by exact evaluation, on case number ``case``."""

    witness: Vector
    case: int
    certificate: Certificate


@dataclass(frozen=True)
class CannotFire:
    """The property holds nowhere on the domain; the certificate was accepted by the checker."""

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Complete:
    """Every point at which the property holds lies in a listed zone; the certificate was accepted by the checker."""

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Undecided:
    """A budget ran out; the certificate holds what was proved until then, and ``open_leaves`` regions are left."""

    certificate: Certificate
    open_leaves: int
    reason: str


Decision: TypeAlias = CanFire | CannotFire | Undecided


def case_of(network: Network, prop: Property, domain: Polyhedron | None = None) -> Case:
    """Return the claim that a property holds nowhere on a polyhedron (None: nowhere at all).

    Raises:
        DimensionError: a domain of another dimension.
        FeatureError: a property that does not fit the network.
    """
    prop.resolve(network.widths)
    if domain is None:
        return Case((), prop)
    if domain.ambient != network.inputs:
        raise DimensionError("domain", expected=network.inputs, got=domain.ambient)
    system = domain.hrep
    both = [side for row in system.equations for side in (row, tuple(-entry for entry in row))]
    return Case((*system.closed_rows, *both), prop, system.strict)


def certify(
    network: Network,
    prop: Property,
    domain: Polyhedron | None = None,
    *,
    seconds: float | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Decision:
    """Decide whether a property can hold anywhere on a domain.

    Args:
        network: the network.
        prop: a conjunction of conditions, such as ``feature(0)``.
        domain: a polyhedron (closed: of a strict row its closure counts for "cannot"); None is all of the input space.
        seconds: how long it may take; None is no limit.
        resume: what an earlier run proved.
        jobs: how many processes work on it.
        progress: is told how many regions were visited and how many wait.

    Returns:
        CanFire with an exact witness, CannotFire with a certificate that ``exactzones.check.check`` accepts, or Undecided.

    Raises:
        InputError: arguments that do not fit each other.
    """
    return certify_cases(network, [case_of(network, prop, domain)], seconds=seconds, resume=resume, jobs=jobs, progress=progress)


def certify_cases(
    network: Network,
    cases: Sequence[Case],
    *,
    seconds: float | None = None,
    resume: Certificate | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Decision:
    """Decide whether any of several cases can hold: each a conjunction on a polyhedron.  See ``certify``."""
    run = Run(network, cases, seconds, progress, jobs=jobs)
    if resume is not None:
        run.replay(resume)
    try:
        return run.decide()
    except KeyboardInterrupt:
        return run.undecided("interrupted")


def prove_complete(
    found: Zones, *, seconds: float | None = None, progress: Callable[[int, int], None] | None = None
) -> Complete | Undecided:
    """Prove that a list of zones is complete, independently of the engine that found it.

    Args:
        found: the zones of a property on a domain.
        seconds: how long it may take; None is no limit.
        progress: is told how many regions were visited and how many wait.

    Raises:
        InputError: the list is not complete: a budget ended the search, or a zone is missing.
    """
    if not found.complete:
        raise InputError("the list is known not to be complete: a budget ended the search")
    case = case_of(found.network, found.prop, found.domain)
    zones = [(zone.pattern, zone.sample) for zone in found]
    run = Run(found.network, [case], seconds, progress, {"".join(pattern): k for k, (pattern, _) in enumerate(zones)}, zones)
    try:
        end = run.decide()
    except KeyboardInterrupt:
        end = run.undecided("interrupted")
    if isinstance(end, CanFire):
        at = ", ".join(map(str, end.witness))
        raise InputError(f"the list is not complete: at ({at}) the property holds outside all of its zones")
    return end if isinstance(end, Undecided) else Complete(end.certificate, end.nodes)


@dataclass
class Run:
    """One run of the provers over the open regions of a certificate.

    Args:
        network, cases: the claim.
        seconds: how long it may take.
        progress: is told how many regions were visited and how many wait.
        patterns: of the zones that are listed, with their numbers: regions on which the property holds must be among them.
        zones: the pattern and a witness of each.
        jobs: how many processes work on it.
    """

    network: Network
    cases: Sequence[Case]
    seconds: float | None = None
    progress: Callable[[int, int], None] | None = None
    patterns: dict[str, int] | None = None
    zones: Sequence[tuple[Pattern, Vector]] = ()
    jobs: int = 1
    nodes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = time.monotonic()
        texts = [] if self.patterns is None else list(self.patterns)
        self.tree = Tree(self.network, self.cases, BITS, [(text,) for text in texts])
        self.guessed = 0.0
        self.written: list[Node] = []

    def replay(self, certificate: Certificate) -> None:
        """Take over what an earlier run proved.

        Raises:
            InputError: the certificate is of another claim, or broken.
        """
        try:
            header = read_header(next(iter(certificate.lines), ""))
            if header.network != self.network.sha256 or header.cases != len(self.cases) or header.bits != BITS or header.zones:
                raise InputError("the certificate to resume is about another network or claim")
            if header.witness is None:
                for batch in batches(iter(certificate.lines[1:]), self.tree):
                    self.tree.add(batch)
                self.nodes += certificate.lines[1:]
        except (Invalid, FormatError) as error:
            raise InputError(f"the certificate to resume does not fit: {error}") from None

    # What a run can end with.

    def certificate(self, verdict: str, *, witness: tuple[int, Vector] | None = None) -> Certificate:
        """Return the certificate as it stands."""
        header = write_header(self.network.sha256, BITS, len(self.cases), verdict, witness=witness, zones=self.zones)
        return Certificate((header, *(() if witness else self.nodes)))

    def undecided(self, reason: str) -> Undecided:
        """Return what was proved until now."""
        return Undecided(self.certificate("undecided"), len(self.tree.waiting), reason)

    def can_fire(self, case: int, witness: Vector) -> CanFire:
        """Return the witness."""
        return CanFire(witness, case, self.certificate("can fire", witness=(case, witness)))

    def left(self) -> float:
        """Return how many seconds are left."""
        return float("inf") if self.seconds is None else self.seconds - (time.monotonic() - self.start)

    def out_of_time(self) -> bool:
        """Tell whether the time is up."""
        return self.left() <= 0

    # The way to it.

    def decide(self) -> Decision:
        """Look for a witness, then prove region after region."""
        if not self.nodes:
            for k in range(len(self.cases)):
                witness = self._guess(k, _FIRST_GUESS / len(self.cases))
                if witness is not None:
                    return self.can_fire(k, witness)
        found = self.divide() if self.jobs > 1 else None
        found = found or self.prove_all()
        if found is not None:
            return self.can_fire(*found)
        if self.tree.waiting and self.out_of_time():
            return self.undecided(f"the time of {self.seconds:g} s ran out")
        return self._done()

    def prove_all(self, margins: Sequence[float | None] = (*_MARGINS, None)) -> tuple[int, Vector] | None:
        """Work on all regions that wait; returns a case and a witness if there is one."""
        for margin in margins:
            for number in sorted(self.tree.waiting):
                if self.out_of_time():
                    return None
                found = self.prove(number, margin)
                if found is not None:
                    return found
        return None

    def divide(self) -> tuple[int, Vector] | None:
        """Work alone for a moment, then give the regions that are left to processes, until all are proved or time is up."""
        alone = time.monotonic() + _ALONE
        for number in sorted(self.tree.waiting):
            if time.monotonic() < alone:
                found = self.prove(number, _MARGINS[0], until=alone)
                if found is not None:
                    return found
        if not self.tree.waiting:
            return None
        with processes(self.jobs) as pool:
            running: dict[Future[_Slice], int] = {}
            queue = sorted(self.tree.waiting)
            while (queue or running) and not self.out_of_time():
                while queue and len(running) < 2 * self.jobs:
                    number = queue.pop()
                    claim = self.network, self.cases, self.patterns
                    running[pool.submit(_prove_slice, claim, self.tree.waiting[number], min(_SLICE, self.left()))] = number
                done, _ = wait(running, timeout=min(1, max(self.left(), 0)), return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    case, part = self.tree.waiting[number].claim, future.result()
                    if part.witness is not None:
                        return case, part.witness
                    queue += self._adopt(number, part)
                if self.progress is not None:
                    self.progress(self.tree.nodes, len(self.tree.waiting))
        return None

    def _adopt(self, number: int, part: _Slice) -> list[int]:
        """Take over what a process proved and checked of a region; returns the numbers of what is left of it."""
        if not part.nodes:  # no progress: it is left to the end
            return []
        numbers = {0: number}
        for node in part.nodes:
            self.nodes.append(write_node(replace(node, number=numbers[node.number])))
            if node.kind in {"relu", "cut"}:
                for _ in range(2):
                    numbers[len(numbers)] = self.tree.made
                    self.tree.made += 1
        del self.tree.waiting[number]
        self.tree.nodes += len(part.nodes)
        self.tree.waiting.update({numbers[at]: place for at, place in part.waiting.items()})
        return [numbers[at] for at in part.waiting]

    def _done(self) -> Decision:
        if self.tree.waiting:
            return self.undecided("regions are left that no prover could decide")
        return CannotFire(self.certificate("complete" if self.zones else "cannot fire"), self.tree.nodes)

    def _guess(self, k: int, seconds: float) -> Vector | None:
        """Look for a witness of case k by sampling and ascent."""
        if self.patterns is not None:
            return None
        case = self.cases[k]
        domain = Polyhedron(HRep.of(self.network.inputs, case.rows, strict=case.strict))
        start = time.monotonic()
        try:
            found = find_witness(self.network, case.prop, domain, seconds=min(seconds, max(self.left(), 0.01)))
        except OverflowError:  # numbers beyond the range of floats
            found = None
        self.guessed += time.monotonic() - start
        return found

    def holds(self, k: int, point: Floats) -> Vector | None:
        """Return a float point as an exact one if case k holds there."""
        exact = self._clipped(k, tuple(Fraction(float(entry)) for entry in point))
        return exact if holds(self.network, self.cases[k], exact) else None

    def _clipped(self, k: int, point: Vector) -> Vector:
        """Move a point into the box that rows with a single variable make."""
        moved = list(point)
        for row in self.cases[k].rows:
            support = [j for j, entry in enumerate(row[1:]) if entry]
            if len(support) == 1:
                j = support[0]
                bound = Fraction(-row[0], row[1 + j])
                moved[j] = max(moved[j], bound) if row[1 + j] > 0 else min(moved[j], bound)
        return tuple(moved)

    def prove(self, number: int, margin: float | None, *, until: float = math.inf) -> tuple[int, Vector] | None:
        """Work on one region until it is proved, out of reach or out of time; returns a case and a witness if there is one.

        Args:
            number: of the region.
            margin: what the search demands of bounds; None for the exact prover.
            until: when to stop searching, if it comes before the end of all time.
        """
        case = self.tree.waiting[number].claim
        if margin is None:
            claim = self.tree.claims[case]
            if claim.units * claim.inputs > _MOST_EXACT:
                return None
            prover = ExactProver(self.tree, self.patterns)
            witness = prover.prove(number, self._write, stop=self.out_of_time)
            return None if witness is None else self._inside(case, witness)
        try:
            found = self._search(number, case, margin)
        except OverflowError:  # numbers beyond the range of floats are left to the exact prover
            return None
        if found is None:
            return None
        search, bounds = found
        for visited in search.run():
            if self.progress is not None:
                self.progress(self.tree.nodes + visited, len(search.stack) + len(self.tree.waiting))
            if self.out_of_time() or time.monotonic() > until:
                break
            if search.witness is None and self.guessed < _GUESSING * (time.monotonic() - self.start) - _FIRST_GUESS:
                search.witness = self._guess(case, self.guessed)
        if search.witness is not None:
            return case, search.witness
        inputs = self.network.inputs
        self._take(BoxProof(search, inputs) if isinstance(search, BoxSearch) else CellProof(search, inputs), number, bounds)
        return None

    def _inside(self, k: int, point: Vector) -> tuple[int, Vector] | None:
        """Return case k and a point where it holds: this one or, if strict rows of the domain exclude it, one next to it."""
        case = self.cases[k]
        if holds(self.network, case, point):
            return k, point
        inside = lp.feasibility(HRep.of(self.network.inputs, case.rows, strict=case.strict))
        if isinstance(inside, lp.Infeasible) or self.patterns is not None:
            return None
        steps = (Fraction(1, 1 << (4 * e)) for e in range(_NEARER))
        near = (tuple(p + step * (q - p) for p, q in zip(point, inside, strict=True)) for step in steps)
        return next(((k, p) for p in near if holds(self.network, case, p)), None)

    def _write(self, node: Node) -> None:
        self.written.append(node)
        self.nodes.append(write_node(node))
        if self.progress is not None:
            self.progress(self.tree.nodes, len(self.tree.waiting))

    def _take(self, proof: Proof, number: int, bounds: tuple[Bound, ...]) -> None:
        """Check the nodes of a search and write those that are accepted; the others are left open.

        Args:
            proof: the nodes.
            number: of the region that was searched.
            bounds: of inputs, to be proved there first.
        """
        generator = proof.nodes(number)
        made: dict[int, tuple[int, int]] | None = None
        while True:
            try:
                nodes = next(generator) if made is None else generator.send(made)
            except StopIteration:
                return
            nodes = [replace(node, bounds=(*bounds, *node.bounds)) if node.number == number else node for node in nodes]
            made = self._add(nodes)

    def _add(self, nodes: Sequence[Node]) -> dict[int, tuple[int, int]]:
        """Add nodes to the tree, all at once if possible, and write those that the checker accepts; returns their children."""
        try:
            made = self.tree.add(nodes)
        except Invalid:
            if len(nodes) == 1:
                return {}
            half = len(nodes) // 2
            return self._add(nodes[:half]) | self._add(nodes[half:])
        for node in nodes:
            self._write(node)
        return made

    def _search(self, number: int, case: int, margin: float) -> tuple[CellSearch | BoxSearch, tuple[Bound, ...]] | None:
        """Set up the cells of a region; None where it is unbounded, or has too many inputs that vary."""
        place, claim = self.tree.waiting[number], self.tree.claims[case]
        box = self._box(place, case)
        if box is None:
            return None
        low, high, bounds = box
        fixed = np.where(low == high, low, np.nan)
        free = np.isnan(fixed)
        if not free.any():
            return None
        scale = 1 << claim.bits
        rows, numbers, sizes = [], [], []
        for index in range(len(claim.rows) + len(place.rows)):
            exact = self.tree.row(self.tree.exact[case], place, index)
            if exact is None or (index < len(claim.rows) and sum(map(bool, exact[1:])) == 1):
                continue
            size = max(1, *map(abs, exact)) if index < len(claim.rows) else 1  # of the domain's rows there may be any
            row = np.array([float(Fraction(entry) / size) for entry in exact])
            constant = row[0] + row[1:][~free] @ low[~free]
            rows.append([constant, *row[1:][free]])
            sizes.append(Fraction(size))
            numbers.append(index)
        known = place.known
        hidden = slice(claim.inputs, None)
        least = np.where(known.has_low[0, hidden], known.low[0, hidden] / scale, -np.inf)
        most = np.where(known.has_high[0, hidden], known.high[0, hidden] / scale, np.inf)

        def confirm(point: Floats) -> Any:
            whole = low.copy()
            whole[free] = point
            return self.holds(case, whole)

        matrix = np.array(rows).reshape(len(rows), int(free.sum()) + 1)
        if free.sum() > _MOST_CELL_INPUTS and self.patterns is None:
            inner = [k for k, number in enumerate(numbers) if number < len(claim.rows)]
            domain = matrix[inner], [numbers[k] for k in inner], [sizes[k] for k in inner]
            sides = {row.split[0] - claim.inputs: row.split[1] for row in place.rows if row.split is not None}
            boxes = FloatClaim(claim, fixed), low[free], high[free], domain, (least, most), sides, confirm
            return BoxSearch(*boxes, margin=margin), bounds
        if free.sum() > _MOST_CELL_INPUTS:
            return None
        search = CellSearch(
            FloatClaim(claim, fixed),
            low[free],
            high[free],
            (matrix, numbers, sizes),
            (least, most),
            len(place.rows),
            confirm,
            patterns=self.patterns,
            margin=margin,
        )
        return search, bounds

    def _box(self, place: Place, case: int) -> tuple[Floats, Floats, tuple[Bound, ...]] | None:
        """Return a box around a region, and the bounds of inputs that prove it beside the rows of a single variable.

        They come from exact linear programs over the domain; None if it is unbounded, or empty.
        """
        claim, known = self.tree.claims[case], place.known
        scale = 1 << claim.bits
        low = known.low[0, : claim.inputs].astype(float) / scale
        high = known.high[0, : claim.inputs].astype(float) / scale
        system, bounds = HRep.of(claim.inputs, claim.rows), []
        for j in range(claim.inputs):
            for upper, has, side in ((False, known.has_low, low), (True, known.has_high, high)):
                if has[0, j]:
                    continue
                best = lp.maximize(system, [Fraction((1 if upper else -1) if i == j else 0) for i in range(claim.inputs)])
                if not isinstance(best, lp.Optimal):
                    return None
                side[j] = float(best.value if upper else -best.value)
                pairs = zip(system.closed_rows, best.multipliers, strict=True)
                hint = Hint(tuple(_original(claim.rows, row, m) for row, m in pairs if m))
                bounds.append(Bound(j, upper, exact=True, hint=hint))
        return low, high, tuple(bounds)


@dataclass(frozen=True)
class _Slice:
    """What a process made of a region: nodes numbered from 0 (the region), what waits, perhaps a witness."""

    nodes: tuple[Node, ...]
    waiting: dict[int, Place]
    witness: Vector | None


def _prove_slice(claim: tuple[Network, Sequence[Case], dict[str, int] | None], place: Place, seconds: float) -> _Slice:
    """Prove a region as far as it goes in some seconds; runs in a process of its own."""
    network, cases, patterns = claim
    run = Run(network, cases, seconds, None, patterns)
    run.tree.waiting, run.tree.made = {0: place}, 1
    found = run.prove_all(_MARGINS)
    return _Slice(tuple(run.written), run.tree.waiting, None if found is None else found[1])


def _original(rows: Sequence[Row], row: Row, multiplier: Fraction) -> tuple[int, Fraction]:
    """Return which of the claim's rows a primitive row is, and the multiplier for that."""
    for number, other in enumerate(rows):
        if primitive(other) == row:
            place = next(k for k, entry in enumerate(row) if entry)
            return number, multiplier * row[place] / other[place]
    raise BackendError("a multiplier belongs to no row of the claim")
