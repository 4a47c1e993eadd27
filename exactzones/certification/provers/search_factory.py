"""Set up the float search that suits an open region: cells or halved boxes for few inputs, splits of units for many.

The provers are imported when one is needed: a question needs one or two of them, and all together take long to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.pace import BATCH, Nodes
from exactzones.certification.provers.base import FloatRegion, RegionRows
from exactzones.certification.provers.relaxation import FloatClaim
from exactzones.certification.provers.shared_bounds import SharedBounds
from exactzones.checker import Bound, Hint
from exactzones.checker.arithmetic import Array
from exactzones.checker.rules import OpenRegion, region_row
from exactzones.checker.tree import Tree
from exactzones.deadline import Deadline
from exactzones.errors import BackendError
from exactzones.polyhedra import HRep, lp
from exactzones.rational import Row, Vector, primitive
from exactzones.rational.floats import clipped_float, unscaled

if TYPE_CHECKING:
    from exactzones.certification.provers.box_proof import BoxProof
    from exactzones.certification.provers.box_search import BoxSearch
    from exactzones.certification.provers.cell_proof import CellProof
    from exactzones.certification.provers.cell_search import CellSearch
    from exactzones.certification.provers.cut_proof import CutProof
    from exactzones.certification.provers.cut_search import CutSearch
    from exactzones.certification.provers.engine_search import EngineClaim, EngineProof, EngineSearch

_TOGETHER = 512
"""For how many open regions searches are set up at once."""
_SHORT = 1 << 1000
"""Integers below this have floats."""


class Search(NamedTuple):
    """A search of some regions.

    Attributes:
        prover: searches them.
        bounds: the number of each region -> bounds of inputs that its node must prove first.
        proof: returns its nodes as a certificate has them, given how many of the search's nodes to look at.
    """

    prover: CellSearch | CutSearch | BoxSearch | EngineSearch
    bounds: dict[int, tuple[Bound, ...]]
    proof: Callable[[int], CellProof | CutProof | BoxProof | EngineProof]

    def nodes(self, first: int, most: int = BATCH) -> Nodes:
        """Yield the nodes of the search, finished or not, with the bounds that those of the regions need; see ``Proof.nodes``.

        Args:
            first: how many nodes of the search to look at; what comes after them stays open.
            most: how many to yield at a time.
        """
        generator = self.proof(first).nodes([*self.bounds], most)
        children: dict[int, tuple[int, int]] | None = None
        while True:
            try:
                nodes = next(generator) if children is None else generator.send(children)
            except StopIteration:
                return
            needed = [self.bounds.get(node.number, ()) for node in nodes]
            children = yield [
                replace(node, bounds=(*b, *node.bounds)) if b else node for node, b in zip(nodes, needed, strict=True)
            ]


Way: TypeAlias = Callable[[Sequence[FloatRegion], dict[int, tuple[Bound, ...]], float], Search]


class SearchFactory:
    """Sets up the float searches of a tree's open regions.

    Args:
        tree: the certificate so far.
        patterns: the signs of listed zones and their numbers; None if the property is claimed to hold nowhere.
        confirm: tells whether a case of a tree holds at a float point; returns which case, and the exact point.
        deadline: no search is set up once it has passed.
        listed: the claim that a list of zones is complete, if the engine's own search is to prove it.
    """

    def __init__(
        self,
        tree: Tree,
        patterns: dict[str, int] | None,
        confirm: Callable[[int, Array], tuple[int, Vector] | None],
        deadline: Deadline,
        *,
        listed: EngineClaim | None = None,
    ) -> None:
        self._deadline, self._listed = deadline, listed
        self.tree, self.patterns, self.confirm = tree, patterns, confirm
        self._claims: dict[tuple[int, bytes], FloatClaim] = {}
        self._rows_of: dict[int, Sequence[int]] = {}  # by tree
        self._flat: dict[int, bool] = {}  # by tree
        self._shared = SharedBounds()

    @property
    def most_margins(self) -> int | None:
        """How many margins make a difference; None if all do.  The engine's search has two: bounds in floats, or exact ones."""
        return None if self._listed is None else 2

    def searches(self, numbers: Sequence[int], margin: float) -> Iterator[Search]:
        """Yield searches of open regions, each of as many as share a claim in floats.

        There is none for a region that is unbounded, or a point, or has too many inputs for a list of zones.

        Args:
            numbers: of the regions.
            margin: of the searches.
        """
        if self._listed is not None:
            open_regions = [self.tree.waiting[number] for number in numbers]
            from exactzones.certification.provers.engine_search import EngineProof, EngineSearch

            search = EngineSearch(self._listed, open_regions, partial(self.confirm, 0), exact=margin > 1)
            yield Search(search, dict.fromkeys(numbers, ()), partial(EngineProof, search))
            return
        for start in range(0, len(numbers), _TOGETHER):  # a round may end before it comes to the last ones
            yield from self._searches(numbers[start : start + _TOGETHER], margin)

    def _searches(self, numbers: Sequence[int], margin: float) -> Iterator[Search]:
        """Yield searches of regions that are set up together."""
        together: dict[tuple[int, Way], list[tuple[int, FloatRegion, tuple[Bound, ...]]]] = {}
        for number in numbers:
            prepared = self._prepare(number)
            if prepared is not None:
                by_cells = self._by_few_inputs(self.tree.waiting[number].tree, len(prepared[0].low))
                way: Way = self._by_splits
                if by_cells:
                    way = self._by_cuts if self._suits_cuts(prepared[0]) else self._by_cells
                together.setdefault((id(prepared[0].claim), way), []).append((number, *prepared))
        for (_, way), group in together.items():
            yield way([region for _, region, _ in group], {number: needed for number, _, needed in group}, margin)

    def _by_few_inputs(self, tree: int, varying: int) -> bool:
        """Tell whether a search divides the space of inputs: they are few, and they have an interior.

        Where inputs are equal to others, as those of a copy of a network, cells have no volume.
        """
        return varying <= CELL_SEARCH_INPUTS and (self.patterns is not None or not self._is_flat(tree))

    def _is_flat(self, tree: int) -> bool:
        """Tell whether two opposite rows of a tree's domain about several inputs leave it without an interior."""
        if tree not in self._flat:
            rows = {primitive(self.tree.claims[tree].rows[index]) for index in self._domain_rows(tree)}
            self._flat[tree] = any(tuple(-entry for entry in row) in rows for row in rows)
        return self._flat[tree]

    def _by_cuts(self, regions: Sequence[FloatRegion], bounds: dict[int, tuple[Bound, ...]], margin: float) -> Search:
        from exactzones.certification.provers.cut_proof import CutProof
        from exactzones.certification.provers.cut_search import CutSearch

        search = CutSearch(regions, bits=self.tree.claims[0].bits, margin=margin)
        return Search(search, bounds, partial(CutProof, search, self.tree.claims[0].inputs))

    def _by_cells(self, regions: Sequence[FloatRegion], bounds: dict[int, tuple[Bound, ...]], margin: float) -> Search:
        from exactzones.certification.provers.cell_proof import CellProof
        from exactzones.certification.provers.cell_search import CellSearch

        search = CellSearch(regions, patterns=self.patterns, margin=margin)
        return Search(search, bounds, partial(CellProof, search, self.tree.claims[0].inputs))

    def _by_splits(self, regions: Sequence[FloatRegion], bounds: dict[int, tuple[Bound, ...]], margin: float) -> Search:
        from exactzones.certification.provers.box_proof import BoxProof
        from exactzones.certification.provers.box_search import BoxSearch
        from exactzones.certification.provers.phase_search import PhaseSearch, is_combinatorial

        prover = PhaseSearch if is_combinatorial(regions[0]) else BoxSearch
        search = prover(regions, margin=margin, shared=self._shared)
        return Search(search, bounds, partial(BoxProof, search, self.tree.claims[0].inputs))

    def _suits_cuts(self, region: FloatRegion) -> bool:
        """Tell whether boxes should be halved on a region; see ``cut_search.suits``."""
        if self.patterns is not None:
            return False
        from exactzones.certification.provers.cut_search import suits

        return suits(region)

    def shortfall(self, number: int) -> float | None:
        """Return by how much a bound misses the proof of an open region, roughly; None if there is no bound."""
        from exactzones.certification.provers.dual import shortfall

        prepared = self._prepare(number)
        return None if prepared is None else shortfall(prepared[0])

    def _prepare(self, number: int) -> tuple[FloatRegion, tuple[Bound, ...]] | None:
        """Return an open region in floats, and bounds of inputs that its node must prove first; None if there is no search."""
        region = self.tree.waiting[number]
        box = self._box(region)
        if box is None:
            return None
        low, high, bounds = box
        free = low != high
        few = self._by_few_inputs(region.tree, int(free.sum()))
        if not free.any() or not (few or self.patterns is None):
            return None

        def confirm(point: Array) -> tuple[int, Vector] | None:
            whole = low.copy()
            whole[free] = point
            return self.confirm(region.tree, whole)

        claim, rows = self._float_claim(region.tree, low, free), self._rows(region, low, free, path=few)
        inputs = self.tree.claims[region.tree].inputs
        path = [None if row.split is None else (row.split[0] - inputs, row.split[1]) for row in region.rows]
        known = self._known(region)
        prepared = FloatRegion(claim, low[free], high[free], rows, known, path, confirm, inputs=np.flatnonzero(free))
        return prepared, bounds

    def _float_claim(self, tree: int, values: Array, free: Array) -> FloatClaim:
        """Return a tree's claim in floats with constant inputs substituted; regions with the same constants share it."""
        fixed = np.where(free, np.nan, values)
        key = tree, fixed.tobytes()
        if key not in self._claims:
            self._claims[key] = FloatClaim(self.tree.claims[tree], fixed)
        return self._claims[key]

    def _known(self, region: OpenRegion) -> tuple[Array, Array]:
        """Return the bounds of hidden units that the certificate has on a region."""
        claim, known = self.tree.claims[region.tree], region.known
        hidden = slice(claim.inputs, None)
        low, high = (unscaled(part[0, hidden], claim.bits) for part in (known.low, known.high))
        return np.where(known.has_low[0, hidden], low, -np.inf), np.where(known.has_high[0, hidden], high, np.inf)

    def _rows(self, region: OpenRegion, low: Array, free: Array, *, path: bool) -> RegionRows:
        """Return the domain's rows that the box does not express and, with ``path``, those of the splits on the path."""
        claim, fixed = self.tree.claims[region.tree], self.tree.fixed[region.tree]
        rows, numbers, divisors = [], [], []
        domain = self._domain_rows(region.tree)
        count = len(claim.rows)
        for index in (*domain, *range(count, count + (len(region.rows) if path else 0))):
            known = claim.rows[index] if index < count else region_row(fixed, region, index)
            if known is None:  # of a split by a unit that has no bound
                continue
            # The domain's rows may have numbers of any size; those of splits are fixed-point numbers.
            divisor = max(1, *map(abs, known)) if index < count else 1 << fixed.scale
            short = index >= count and max(map(abs, known)) < _SHORT  # where the quotient of integers is the nearest float
            row = np.array([entry / divisor if short else clipped_float(Fraction(entry) / divisor) for entry in known])
            rows.append([row[0] + row[1:][~free] @ low[~free], *row[1:][free]])
            divisors.append(Fraction(divisor if index < count else 1))
            numbers.append(index)
        return RegionRows(np.array(rows).reshape(len(rows), int(free.sum()) + 1), numbers, divisors)

    def _domain_rows(self, tree: int) -> Sequence[int]:
        """Return the numbers of the rows of a tree's domain that are not about a single input."""
        if tree not in self._rows_of:
            rows = self.tree.claims[tree].rows.sparse
            self._rows_of[tree] = [index for index, row in enumerate(rows) if len(row.terms) != 1]
        return self._rows_of[tree]

    def _box(self, region: OpenRegion) -> tuple[Array, Array, tuple[Bound, ...]] | None:
        """Return a box around a region, and bounds of inputs that prove it together with the rows of a single variable.

        Exact linear programs over the domain find these bounds; None if the domain is unbounded or empty.
        """
        claim, known = self.tree.claims[region.tree], region.known
        low, high = (unscaled(part[0, : claim.inputs], claim.bits) for part in (known.low, known.high))
        missing = ~(known.has_low & known.has_high)[0, : claim.inputs]
        if not missing.any():
            return low, high, ()
        system, bounds = HRep.of(claim.inputs, claim.rows), []
        for j in np.flatnonzero(missing).tolist():
            for upper, has, side in ((False, known.has_low, low), (True, known.has_high, high)):
                if has[0, j]:
                    continue
                if self._deadline.passed:
                    return None
                best = lp.maximize(system, [Fraction((1 if upper else -1) if i == j else 0) for i in range(claim.inputs)])
                if not isinstance(best, lp.Optimal):
                    return None
                side[j] = clipped_float(best.value if upper else -best.value)
                pairs = zip(system.closed_rows, best.multipliers, strict=True)
                hint = Hint.of(_of_claim(claim.rows, row, m) for row, m in pairs if m)
                bounds.append(Bound(j, upper, exact=True, hint=hint))
        return low, high, tuple(bounds)


def _of_claim(rows: Sequence[Row], row: Row, multiplier: Fraction) -> tuple[int, Fraction]:
    """Return the number of the claim's row that is a multiple of a primitive row, and that row's multiplier."""
    for number, other in enumerate(rows):
        if primitive(other) == row:
            place = next(k for k, entry in enumerate(row) if entry)
            return number, multiplier * row[place] / other[place]
    raise BackendError("the linear program returned a multiplier for a row that the claim does not have")
