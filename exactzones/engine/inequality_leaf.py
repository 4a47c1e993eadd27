"""A cell of the inequalities engine after all layers, computed exactly on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.forward import rows_as_bytes
from exactzones.engine.frontier import ON, Floats
from exactzones.engine.leaf import target_rows
from exactzones.engine.leaf_arrays import Flags
from exactzones.engine.search_kernel import SearchKernel
from exactzones.polyhedra import Cell
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.program import Point
from exactzones.rational import Row, Vector, primitive

_BATCH = 256  # leaves for a call of the kernel
_FACET, _UNCLEAR = 1, 3  # verdicts of the kernel
_SETTLED, _UNMATCHED = 8, 16  # added to states
_FIRES: dict[int, bool | None] = {_FACET | 4: True, _FACET | 8: False}
UNCUT = 2
"""Added to the state of a unit that does not cut the cell: its sign follows from the cell's other rows."""


@dataclass(frozen=True, eq=False)
class InequalityLeaf:
    """A cell as the states of all units, and an inner point; a ``zone.CellSource``.

    Attributes:
        kernel: of the arrangement, which computes the rows of hyperplanes.
        states: one byte per unit of the layers that cut: 1 on, 0 off, plus ``UNCUT`` where its row is redundant.
        inner: as in ``Node``; if there is a target, it is positive there.
    """

    kernel: SearchKernel
    states: bytes
    inner: Point

    @property
    def arrangement(self) -> Arrangement:
        """The layers and the domain."""
        return self.kernel.arrangement

    @cached_property
    def prefix(self) -> bytes:
        """One byte per unit, 1 on and 0 off."""
        return bytes(state & ON for state in self.states)

    def rows(self) -> dict[int, Row]:
        """Return the rows that bound the cell: id -> row, non-negative on the cell, in section coordinates."""
        exact = self.arrangement.exact
        rows = dict(enumerate(self.arrangement.domain, start=1))
        for unit, state in enumerate(self.states):
            if not state & UNCUT:
                row = exact.row(self.prefix, exact.base[0] + unit)
                rows[exact.base[0] + unit] = row if state & ON else tuple(-entry for entry in row)
        return rows

    @cached_property
    def inequalities(self) -> InequalityCell:
        """The cell."""
        section, rows = self.arrangement.section, tuple(self.rows().values())
        inner = self.inner
        if section.lines:  # a bound of a coordinate of the section may be none of the space, so the point must not lie on it
            strict = InequalityCell(self.arrangement.dim, rows, inner).strictly_inside(inner)
            values = dict(zip(section.coordinates, strict, strict=True))
            inner = tuple(values.get(k, Fraction(0)) for k in range(section.dim))
        return InequalityCell(section.dim, tuple(map(section.lift_row, rows)), inner, self._lifted_facets)

    def _lifted_facets(self) -> list[Row]:
        (facets,) = facets_of([self])
        rows = self.rows()
        return [self.arrangement.section.lift_row(primitive(rows[identity])) for identity in facets]

    def row(self, identity: int) -> Row:
        """Return the row of a hyperplane in the regime of this leaf, in section coordinates."""
        return self.arrangement.exact.row(self.prefix, identity)

    def cell(self) -> Cell:
        """Return the cell with its vertices."""
        return self.inequalities.cell()

    def generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the cell's homogeneous generators and its lines."""
        cell = self.cell()
        return cell.rays, cell.lines

    def conditions(self) -> tuple[Vector] | None:
        """Return the row of the arrangement's target, which is the property's only condition; None if there is no target."""
        return target_rows(self.arrangement, self.prefix)


@dataclass(frozen=True, eq=False)
class WholeDomain:
    """The whole domain as a cell: the only one of a network without ReLU; a ``zone.CellSource``.

    Attributes:
        inequalities: the domain.
    """

    inequalities: InequalityCell

    def cell(self) -> Cell:
        """Return the cell with its vertices."""
        return self.inequalities.cell()

    def generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the cell's homogeneous generators and its lines."""
        cell = self.cell()
        return cell.rays, cell.lines

    def conditions(self) -> None:
        """Return None: the conditions are computed from the zone's affine maps."""


def facets_of(leaves: Sequence[InequalityLeaf]) -> list[dict[int, bool | None]]:
    """Return for each leaf the ids of the hyperplanes of its facets: id -> whether the target is positive somewhere on the facet.

    That is None where it is not known, as for rows of the domain.

    Args:
        leaves: of one search.
    """
    kernel = leaves[0].kernel
    found: list[dict[int, bool | None] | None] = [None] * len(leaves)
    clear = _clear(leaves)
    for start in range(0, len(clear), _BATCH):
        part = clear[start : start + _BATCH]
        verdicts = kernel.facets([leaves[k].states for k in part], [np.asarray(leaves[k].inner) for k in part])
        for k, row in zip(part, verdicts.tolist(), strict=True):
            if _UNCLEAR not in row:
                named = zip(kernel.columns, row, strict=True)
                found[k] = {name: _FIRES.get(verdict) for name, verdict in named if verdict & _UNCLEAR == _FACET}
    return [_exactly(leaf) if facets is None else facets for leaf, facets in zip(leaves, found, strict=True)]


def facets_of_units(leaves: Sequence[InequalityLeaf], settled: Flags, unmatched: Flags) -> Iterator[tuple[int, int, bool | None]]:
    """Yield facets of leaves inside the domain: (leaf, unit, whether the target is positive somewhere on it).

    The last is None where it is not known.

    Args:
        leaves: of one search.
        settled: (leaves, units) of which units nothing is asked.
        unmatched: the same for units that matter only if another unit is zero on their whole facet; if that is certainly not so,
            the facet may be left out.
    """
    kernel, first, width = leaves[0].kernel, leaves[0].arrangement.exact.base[0], settled.shape[1]
    for start in range(0, len(leaves), _BATCH):
        part = leaves[start : start + _BATCH]
        states = np.frombuffer(b"".join([leaf.states for leaf in part]), np.uint8).reshape(-1, width)
        here = slice(start, start + _BATCH)
        asked = states + np.uint8(_SETTLED) * settled[here] + np.uint8(_UNMATCHED) * unmatched[here]
        verdicts = np.full(states.shape, _UNCLEAR, np.uint8)
        clear = _clear(part)
        if clear:
            points = [np.asarray(part[k].inner) for k in clear]
            verdicts[clear] = kernel.facets(rows_as_bytes(asked[clear]), points, units_only=True)[:, -width:]
        unclear = (verdicts & _UNCLEAR == _UNCLEAR).any(axis=1)
        verdicts[unclear] = 0
        for k in np.flatnonzero(unclear).tolist():
            for identity, fires in _exactly(part[k]).items():
                if identity >= first and not settled[start + k, identity - first]:
                    yield start + k, identity - first, fires
        for k, unit in np.argwhere(verdicts & _UNCLEAR == _FACET).tolist():
            yield start + k, unit, _FIRES.get(int(verdicts[k, unit]))


def competing(sources: Sequence[object]) -> list[int]:
    """Return the indices of the cells on which the target may attain its largest value on all of them, ascending.

    Those are all, unless the cells are leaves of one search of the inequalities engine that has a target.
    """
    leaves = [leaf for leaf in sources if isinstance(leaf, InequalityLeaf)]
    of_one_search = len(leaves) == len(sources) > 0 and all(leaf.kernel is leaves[0].kernel for leaf in leaves)
    if not of_one_search or not leaves[0].arrangement.has_target or not leaves[0].kernel.is_compiled:
        return list(range(len(sources)))
    bounds = maximum_bounds(leaves)
    chosen: list[int] = np.flatnonzero(~(bounds[:, 1] < bounds[:, 0].max())).tolist()
    return chosen


def maximum_bounds(leaves: Sequence[InequalityLeaf]) -> Floats:
    """Return proved bounds of the target's supremum on leaves of one search, below and above, (P, 2)."""
    kernel = leaves[0].kernel
    bounds = np.tile([-np.inf, np.inf], (len(leaves), 1))
    clear = _clear(leaves)
    for start in range(0, len(clear), _BATCH):
        part = clear[start : start + _BATCH]
        bounds[part] = kernel.maxima([leaves[k].states for k in part], [np.asarray(leaves[k].inner) for k in part])
    return bounds


def _clear(leaves: Sequence[InequalityLeaf]) -> list[int]:
    """Return the indices of leaves that the compiled kernel takes: those with an inner point in floats."""
    return [k for k, leaf in enumerate(leaves) if leaf.kernel.is_compiled and isinstance(leaf.inner, np.ndarray)]


def _exactly(leaf: InequalityLeaf) -> dict[int, bool | None]:
    """Return the facets of a leaf by filtered linear programs."""
    rows = leaf.rows()
    irredundant = set(InequalityCell(leaf.arrangement.dim, tuple(rows.values()), leaf.inner).hrep.rows)
    return {identity: None for identity, row in rows.items() if primitive(row) in irredundant}
