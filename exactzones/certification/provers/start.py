"""Where a float search starts: a waiting region of a certificate's tree, as a box, rows and bounds in floats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from exactzones.certification.provers.base import Rows, Start
from exactzones.certification.provers.box_search import BoxProof, BoxSearch
from exactzones.certification.provers.cell_proof import CellProof
from exactzones.certification.provers.cell_search import CellSearch
from exactzones.certification.provers.relaxation import FloatClaim, Floats
from exactzones.checker import Bound, Hint
from exactzones.checker.tree import Place, Tree
from exactzones.errors import BackendError
from exactzones.polyhedra import HRep, lp
from exactzones.rational import Row, Vector, primitive

MOST_CELL_INPUTS = 9


class Starter:
    """Sets up the searches of a tree's regions, by what suits them: cells for few inputs that vary, else boxes.

    Args:
        tree: the certificate so far.
        patterns: of the zones that are listed, with their numbers; None if no point may have the property.
        confirm: is asked whether a case of a tree holds at a point in floats; returns which one, and the point exactly.
    """

    def __init__(
        self, tree: Tree, patterns: dict[str, int] | None, confirm: Callable[[int, Floats], tuple[int, Vector] | None]
    ) -> None:
        self.tree, self.patterns, self.confirm = tree, patterns, confirm
        self._claims: dict[tuple[int, bytes], FloatClaim] = {}

    def search(self, number: int, margin: float) -> tuple[CellSearch | BoxSearch, tuple[Bound, ...]] | None:
        """Set up the search of a region; None where it is unbounded, a point, or out of reach of both.

        Returns:
            The search, and bounds of inputs that are to be proved at the region first.
        """
        place = self.tree.waiting[number]
        box = self._box(place)
        if box is None:
            return None
        low, high, bounds = box
        free = low != high
        few = free.sum() <= MOST_CELL_INPUTS
        if not free.any() or not (few or self.patterns is None):
            return None

        def confirm(point: Floats) -> tuple[int, Vector] | None:
            whole = low.copy()
            whole[free] = point
            return self.confirm(place.tree, whole)

        rows = self._rows(place, low, free, path=few)
        start = Start(self._floats(place.tree, low, free), low[free], high[free], rows, self._known(place), confirm)
        if few:
            return CellSearch(start, len(place.rows), patterns=self.patterns, margin=margin), bounds
        inputs = self.tree.claims[place.tree].inputs
        sides = {row.split[0] - inputs: row.split[1] for row in place.rows if row.split is not None}
        return BoxSearch(start, sides, margin=margin), bounds

    def proof(self, search: CellSearch | BoxSearch) -> CellProof | BoxProof:
        """Return what a search found as nodes, finished or not."""
        inputs = self.tree.claims[0].inputs
        return CellProof(search, inputs) if isinstance(search, CellSearch) else BoxProof(search, inputs)

    def _floats(self, tree: int, values: Floats, free: Floats) -> FloatClaim:
        """Return what a tree is about with constant inputs filled in; its regions share it."""
        fixed = np.where(free, np.nan, values)
        key = tree, fixed.tobytes()
        if key not in self._claims:
            self._claims[key] = FloatClaim(self.tree.claims[tree], fixed)
        return self._claims[key]

    def _known(self, place: Place) -> tuple[Floats, Floats]:
        """Return the bounds of hidden units that the certificate has there."""
        claim, known = self.tree.claims[place.tree], place.known
        hidden, scale = slice(claim.inputs, None), 1 << claim.bits
        low, high = (part[0, hidden].astype(float) / scale for part in (known.low, known.high))
        return np.where(known.has_low[0, hidden], low, -np.inf), np.where(known.has_high[0, hidden], high, np.inf)

    def _rows(self, place: Place, low: Floats, free: Floats, *, path: bool) -> Rows:
        """Return the domain's rows that are not in the box and, if asked for, those of the path."""
        claim, kind = self.tree.claims[place.tree], self.tree.exact[place.tree]
        rows, numbers, sizes = [], [], []
        for index in range(len(claim.rows) + (len(place.rows) if path else 0)):
            exact = self.tree.row(kind, place, index)
            ours = index < len(claim.rows)
            if exact is None or (ours and sum(map(bool, exact[1:])) == 1):
                continue
            size = max(1, *map(abs, exact)) if ours else 1  # the domain's rows may have numbers of any size
            row = np.array([float(Fraction(entry) / size) for entry in exact])
            rows.append([row[0] + row[1:][~free] @ low[~free], *row[1:][free]])
            sizes.append(Fraction(size))
            numbers.append(index)
        return Rows(np.array(rows).reshape(len(rows), int(free.sum()) + 1), numbers, sizes)

    def _box(self, place: Place) -> tuple[Floats, Floats, tuple[Bound, ...]] | None:
        """Return a box around a region, and the bounds of inputs that prove it beside the rows of a single variable.

        They come from exact linear programs over the domain; None if it is unbounded, or empty.
        """
        claim, known = self.tree.claims[place.tree], place.known
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
                hint = Hint.of(_original(claim.rows, row, m) for row, m in pairs if m)
                bounds.append(Bound(j, upper, exact=True, hint=hint))
        return low, high, tuple(bounds)


def _original(rows: Sequence[Row], row: Row, multiplier: Fraction) -> tuple[int, Fraction]:
    """Return which of the claim's rows a primitive row is, and the multiplier for that."""
    for number, other in enumerate(rows):
        if primitive(other) == row:
            place = next(k for k, entry in enumerate(row) if entry)
            return number, multiplier * row[place] / other[place]
    raise BackendError("a multiplier belongs to no row of the claim")
