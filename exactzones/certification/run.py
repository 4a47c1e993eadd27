"""One run of the provers over the open regions of a certificate."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain

from exactzones.certification.checkpoints import Checkpoints
from exactzones.certification.guessing import Guesses, into_box
from exactzones.certification.limits import EXACT_PROVER_SIZE
from exactzones.certification.pace import CheckPace, Nodes
from exactzones.certification.prepared import Prepared, families
from exactzones.certification.provers.search_factory import Search, SearchFactory
from exactzones.certification.provers.single_point import nodes_at_point, nodes_by_bounds, single_point
from exactzones.certification.results import Certificate
from exactzones.checker import Case, Node
from exactzones.checker.arithmetic import Array
from exactzones.checker.certificate import read_header, write_header
from exactzones.checker.claim import require_fitting
from exactzones.checker.core import WITNESS_BITS, batches, holds, matches, trees_of
from exactzones.checker.node_lines import read_node, write_node
from exactzones.checker.records import arithmetic_of
from exactzones.checker.rules import Invalid
from exactzones.checker.tree import Tree
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, FormatError, InputError
from exactzones.network import Network, Pattern
from exactzones.polyhedra import HRep, lp
from exactzones.rational import Vector
from exactzones.rational.float_formats import REAL, FloatArithmetic

BITS = 40
"""Number of fractional bits of the fixed-point numbers in new certificates."""
MARGINS = (1.0, 8.0, 64.0, 512.0)
"""Margins of the float searches: if the checker refuses nodes, their regions are searched again with the next, larger one."""
ROUND = 2048
"""How many nodes a search visits before they are checked and written; the open regions are then searched anew."""
_PER_REGION = 16  # nodes that a round visits for each open region, at least
_MEASURED = 64  # open regions whose missing margin is computed
_NEARER = 30  # steps towards a point that strict rows exclude, each a sixteenth of the one before


@dataclass
class Run:
    """One run of the provers over the open regions of a certificate.

    Args:
        network, cases: the claim.
        deadline: when to end.
        progress: is called with the numbers of regions that were visited and that are open.
        patterns: the signs of listed zones and their numbers; None if the cases are claimed to hold nowhere.
        zones: pattern and witness of each listed zone.
        trees: the cases that each tree is about; by default cases share a tree where they can.
        checkpoint: is called now and then with the certificate so far.

    Attributes:
        nodes: the lines of the certificate so far, without the header.
        splits: whether each node that was written splits its region, without those of an earlier run.
        is_replayed: whether all lines of an earlier run were checked again.
        arithmetic: the arithmetic of the claim; None if it is real.
        interrupted: whether the user has asked it to end.
        pieces: into which its proof was divided for workers; see the module ``pieces``.
    """

    network: Network
    cases: Sequence[Case]
    deadline: Deadline = field(default_factory=Deadline)
    progress: Callable[[int, int], None] | None = None
    patterns: dict[str, int] | None = None
    zones: Sequence[tuple[Pattern, Vector]] = ()
    trees: Sequence[Sequence[int]] = ()
    checkpoint: Callable[[Certificate], None] | None = None
    nodes: list[str] = field(default_factory=list)
    splits: list[bool] = field(default_factory=list)
    interrupted: bool = False
    failure: str = ""  # why workers could not go on
    pieces: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._prepared = Prepared.of(self.network)
        self.arithmetic = FloatArithmetic.of(arithmetic_of(self.cases))
        self.is_replayed = True
        self._pace = CheckPace(self.deadline)
        self.checkpoints = Checkpoints(None if self.checkpoint is None else self._hand_over)
        self.trees = self.trees or families(self.network, self.cases)
        self._planted: tuple[Tree, SearchFactory] | None = None
        require_fitting(self.network, self.cases)
        if self.arithmetic is not None:
            self._plant()  # that refuses networks and domains about which nothing can be proved in floats
        self._guesses = Guesses(self.network, self.cases, self.deadline, self.arithmetic)

    def _plant(self) -> tuple[Tree, SearchFactory]:
        """Return the tree, and what searches its regions; they are made when they are first needed: a guess may come first."""
        if self._planted is None:
            cases, patterns = [[self.cases[k] for k in tree] for tree in self.trees], [(text,) for text in self.patterns or ()]
            tree = Tree(self.network, cases, BITS, patterns, lowered=self._prepared.lowered)
            listed = None
            if self.patterns is not None:  # a list of zones is about a single case
                from exactzones.certification.provers.engine_search import EngineClaim

                listed = EngineClaim.of(tree.claims[0], self.network, self.cases[0].prop, self.patterns)
            self._planted = tree, SearchFactory(tree, self.patterns, self.holds, self.deadline, listed=listed)
        return self._planted

    @property
    def tree(self) -> Tree:
        """The certificate's open regions."""
        return self._plant()[0]

    @property
    def searches(self) -> SearchFactory:
        """What sets up the searches of open regions."""
        return self._plant()[1]

    @property
    def left(self) -> int:
        """How many regions are open."""
        return len(self.trees) if self._planted is None else len(self.tree.waiting)

    def replay(self, certificate: Certificate) -> None:
        """Add what an earlier run proved, as far as there is time to check it again: see ``is_replayed``.

        Raises:
            InputError: the certificate is about another claim, or invalid.
        """
        try:
            header = read_header(next(iter(certificate.lines), ""))
            if header.network != self.network.sha256 or header.cases != len(self.cases) or header.bits != BITS:
                raise InputError("the certificate to resume is about another network or claim")
            if header.witness is None and [pattern for pattern, _ in header.zones] != [pattern for pattern, _ in self.zones]:
                raise InputError("the certificate to resume is about another list of zones")
            matches(header, self.network, self.cases)
            if header.witness is None:
                if (trees := [*map(list, trees_of(header))]) != self.trees:
                    self.trees, self._planted = trees, None
                for batch in batches(iter(certificate.lines[1:]), self.tree, header.version):
                    if self.stopped():
                        self.is_replayed = False
                        break
                    self.tree.add(batch)
                self.nodes += certificate.lines[1:]
                self.pieces = json.loads(certificate.lines[0]).get("pieces", [])
        except (Invalid, FormatError) as error:
            raise InputError(f"the certificate to resume is invalid: {error}") from None

    def certificate(self, verdict: str, *, witness: tuple[int, Vector] | None = None) -> Certificate:
        """Return the certificate so far."""
        return self._certificate(verdict, () if witness else self.nodes, witness)

    def _certificate(self, verdict: str, nodes: Sequence[str], witness: tuple[int, Vector] | None = None) -> Certificate:
        bits = BITS if witness is None or self.arithmetic is None else WITNESS_BITS
        header = write_header(
            self.network.sha256,
            bits,
            len(self.cases),
            verdict,
            arithmetic=REAL if self.arithmetic is None else self.arithmetic.name,
            trees=self.trees,
            witness=witness,
            zones=self.zones,
            pieces=self.pieces if verdict == "undecided" else (),
        )
        return Certificate((header, *nodes))

    def _hand_over(self, nodes: list[str]) -> None:
        """Hand over a certificate of these nodes."""
        if self.checkpoint is not None:
            self.checkpoint(self._certificate("undecided", nodes))

    def open_leaves(self) -> int:
        """Return how many regions the written nodes leave open; after an exception the tree may not match them."""
        splits = sum(read_node(line).splits for line in self.nodes)
        return len(self.trees) + 2 * splits - len(self.nodes)

    def reason(self) -> str:
        """Return why regions are left open."""
        if self.interrupted or self.deadline.interrupted:
            return "interrupted"
        if self.failure:
            return self.failure
        if self.deadline.passed:
            return self.deadline.reason
        return "regions are left that no prover could decide"

    def missing_margin(self) -> float | None:
        """Return in float arithmetic by how much bounds miss the proof of some open regions, at most; None if not known."""
        if self.arithmetic is None or self.interrupted:
            return None
        missing = [self.searches.shortfall(number) for number in sorted(self.tree.waiting)[:_MEASURED]]
        return max((each for each in missing if each is not None), default=None)

    def stopped(self) -> bool:
        """Tell whether the run must end: time is up, the user has interrupted it, or its workers have failed."""
        return self.interrupted or bool(self.failure) or self.deadline.left() <= 0

    def guess(self, seconds: float | None = None) -> tuple[int, Vector] | None:
        """Search for a witness in all open cases, by sampling and ascent; returns a case and a witness, or None.

        Args:
            seconds: how long; None leaves it to how large the network is, and to how long it has been searched before.
        """
        if self.patterns is not None:
            return None
        trees = range(len(self.trees)) if self._planted is None else {region.tree for region in self.tree.waiting.values()}
        return self._guesses.guess(chain(*(self.trees[tree] for tree in trees)), seconds)

    def prove_all(self) -> tuple[int, Vector] | None:
        """Work on all open regions until no margin makes progress; returns a case and a witness if there is one.

        The work is divided into rounds, after each of which the certificate is a checkpoint: how it goes on depends on the open
        regions only, so a run that continues from there ends with the same certificate.
        """
        if self.stopped():
            return None
        margins: list[float | None] = [*MARGINS[: self.searches.most_margins], None]
        waiting = [*margins]
        while waiting and not self.stopped() and self.tree.waiting:
            margin, before = waiting.pop(0), len(self.nodes)
            witness = self.prove(sorted(self.tree.waiting), margin)
            if witness is not None:
                return witness
            if margin is not None and len(self.nodes) > before:
                self.checkpoints.offer(self.nodes)
                waiting = [*margins]
        return None

    def holds(self, tree: int, point: Array) -> tuple[int, Vector] | None:
        """Return a tree's case that holds at a float point, and the exact point; None if no case does."""
        format_ = None if self.arithmetic is None else self.arithmetic.products
        exact = into_box(self.cases[self.trees[tree][0]], tuple(Fraction(float(entry)) for entry in point), format_)
        return next(((k, exact) for k in self.trees[tree] if self._refutes(k, exact)), None)

    def _refutes(self, k: int, point: Vector) -> bool:
        """Tell whether case k holds at a point, outside all closed cells of listed zones."""
        return holds(self.network, self.cases[k], point) and not self._is_listed(k, point)

    def _is_listed(self, k: int, point: Vector) -> bool:
        """Tell whether a point lies in the closed cell of a listed zone; where a unit is zero, either sign will do."""
        if not self.patterns:
            return False
        horizon = self.cases[k].prop.resolve(self.network.widths).horizon
        trace = zip(self.network.layers[:horizon], self.network.trace(point), strict=False)
        values = [values[unit] for layer, values in trace for unit in layer.relu_units]
        signs = "".join("0" if not value else "+" if value > 0 else "-" for value in values)
        if "0" not in signs:
            return signs in self.patterns
        return any(all(s in ("0", sign) for s, sign in zip(signs, pattern, strict=True)) for pattern in self.patterns)

    def prove(self, numbers: Sequence[int], margin: float | None, *, most: int | None = None) -> tuple[int, Vector] | None:
        """Work on regions for a round; returns a case and a witness if there is one.

        Args:
            numbers: of the regions.
            margin: the margin of the float search; None for the exact prover, which ends no round.
            most: nodes that the search visits; None is ``ROUND``, or more if many regions are open.
        """
        if margin is None:
            return self._prove_exactly(numbers)
        left = most or max(ROUND, _PER_REGION * len(numbers))
        with suppress(OverflowError):  # numbers beyond the range of floats are left to the exact prover
            for search in self.searches.searches(numbers, margin):
                witness = self._search(search, left)
                left -= search.prover.count
                if witness is not None or left <= 0 or self.stopped():
                    return witness
        return None

    def _search(self, search: Search, most: int) -> tuple[int, Vector] | None:
        """Search until so many nodes were visited or it is time, then check the nodes; returns a case and a witness, or None."""
        prover = search.prover
        prover.deadline = self.deadline

        start = time.monotonic()
        with suppress(BudgetExceeded):  # within a step: what was visited before is proved all the same
            for visited in prover.run():
                if self.progress is not None:
                    self.progress(self.tree.nodes + visited, len(prover.stack) + len(self.tree.waiting))
                if visited >= most or self.stopped() or self._pace.is_due(visited, search.nodes, self.tree):
                    break
                guessed = self.guess() if prover.witness is None and self._guesses.is_due else None
                if guessed is not None:
                    return guessed
        if prover.witness is not None:
            return prover.witness
        affordable = self._pace.affordable(prover.count, time.monotonic() - start)
        with self._pace.measured(affordable):
            self._take(search.nodes(affordable))
        return None

    def _prove_exactly(self, numbers: Sequence[int]) -> tuple[int, Vector] | None:
        """Work on regions with the exact prover, one after the other; returns a case and a witness if there is one."""
        for number in numbers:
            if self.stopped():
                return None
            claim = self.tree.claims[self.tree.waiting[number].tree]
            is_small = claim.units * claim.inputs <= EXACT_PROVER_SIZE
            if self.arithmetic is not None or not (is_small or self._may_vary(number)):
                self._prove_by_bounds(number)  # the exact prover's cells are those of the reals
            elif is_small:
                from exactzones.certification.provers.exact import ExactProver

                prover, witness = ExactProver(self.tree, self.patterns, self._confirm), None
                with suppress(BudgetExceeded):  # between two linear programs of one node: the region stays open
                    witness = prover.prove(number, self._write, self.deadline)
                if witness is not None:
                    return witness
            self.checkpoints.offer(self.nodes)
        return None

    def _may_vary(self, number: int) -> bool:
        """Tell whether a region may be more than a single point."""
        region, claim = self.tree.waiting[number], self.tree.claims[self.tree.waiting[number].tree]
        known = region.known
        fixed = known.has_low & known.has_high & (known.low == known.high)
        return not fixed[0, : claim.inputs].all() and single_point(claim.rows, claim.inputs) is None

    def _prove_by_bounds(self, number: int) -> None:
        """Try to prove a region without a search; over the reals, a single point by exact evaluation, too."""
        exactly = self.arithmetic is None and not self.patterns
        at_point = nodes_at_point(self.tree, number, self.network, self.deadline.left()) if exactly else ()
        for node in chain(nodes_by_bounds(self.tree, number), at_point):
            try:
                self.tree.add([node])
            except Invalid:
                continue
            self._write(node)
            return

    def _confirm(self, tree: int, index: int, point: Vector) -> tuple[int, Vector] | None:
        """Return a tree's case and a point where it holds: this point, or one close to it if strict rows exclude this one."""
        k = self.trees[tree][index]
        case = self.cases[k]
        if self._refutes(k, point):
            return k, point
        inside = lp.feasibility(HRep.of(self.network.inputs, case.rows, strict=case.strict))
        if isinstance(inside, lp.Infeasible) or self.patterns is not None:
            return None
        steps = (Fraction(1, 1 << (4 * e)) for e in range(_NEARER))
        near = (tuple(p + step * (q - p) for p, q in zip(point, inside, strict=True)) for step in steps)
        return next(((k, p) for p in near if holds(self.network, case, p)), None)

    def _write(self, node: Node) -> None:
        self.nodes.append(write_node(node))
        self.splits.append(node.splits)
        if self.progress is not None:
            self.progress(self.tree.nodes, len(self.tree.waiting))

    def _take(self, generator: Nodes) -> None:
        """Check the nodes of a search and write the accepted ones, until time is up; the other regions stay open."""
        with suppress(StopIteration, BudgetExceeded), self.tree.watched(self._pace.check):
            nodes = next(generator)
            while True:
                children: dict[int, tuple[int, int]] = {}
                while nodes:
                    self._pace.check()
                    part = self._pace.part()
                    children |= self.add(nodes[:part])
                    nodes = nodes[part:]
                nodes = generator.send(children)

    def add(self, nodes: Sequence[Node]) -> dict[int, tuple[int, int]]:
        """Add nodes to the tree, all together if possible, and write those that the checker accepts; returns their children."""
        try:
            children = self.tree.add(nodes, skip=True)
        except Invalid:
            if len(nodes) == 1:
                return {}
            half = len(nodes) // 2
            return self.add(nodes[:half]) | self.add(nodes[half:])
        for node in nodes:
            if node.number not in self.tree.waiting:
                self._write(node)
        return children
