"""How floats compute the rows of a layer that stands for several operations of a model, see ``exactzones/roundings.py``.

Over the reals the operations are one affine map.  Beside it are kept magnitudes, numbers of roundings, and constants.  Magnitudes
are float64 numbers, rounded up: larger ones serve as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple, TypeAlias

import numpy as np

from exactzones.models.arrays import Array
from exactzones.models.sparse import Sparse
from exactzones.models.values import Value
from exactzones.roundings import ConstantRange, Roundings, UnknownRoundings

_MOST_PRODUCTS = 50_000_000
_LEAST, _LARGEST = 2.0**-900, 2.0**900  # magnitudes between which float64 neither underflows nor overflows
_ULP = 2.0**-52

TOO_LARGE = UnknownRoundings("joins linear operations whose magnitudes are too large, or too many, to be bounded")
CANCELLED = UnknownRoundings("joins linear operations that cancel each other over the reals, but not in floats")
SHARED = UnknownRoundings("has a unit that stands for several sums of the model, which floats may compute differently")


class Stage(NamedTuple):
    """How floats compute an affine value from its sources.

    Attributes:
        products: roundings to the format of products, shape (rows,).
        sums: roundings to the format of sums, shape (rows,).
        underflows: the factors of the smallest normal number, shape (rows,).
        offset: magnitudes of the constant, shape (rows, 1), or None.
        constants: of the model.
        peak: see ``Roundings``.
    """

    products: Array
    sums: Array
    underflows: Array
    offset: Sparse | None
    constants: ConstantRange
    peak: float

    @classmethod
    def of(cls, value: Value) -> Stage:
        """Return how an affine value of a graph is computed: as a sum of products, or as the reader of the model states."""
        stated, height = value.computation, value.size
        parts = [matrix for _, matrix in value.terms]
        counts, totals = _counts_and_totals([magnitudes(part) for part in parts], height)
        offset = None if value.constant is None else magnitudes(value.constant)
        biased = np.zeros(height, int) if offset is None else np.bincount(offset.rows, minlength=height)
        products, sums, underflows = _single(counts, totals, biased)
        if stated is not None:
            rounded = np.full(height, bool(stated.products)) & (stated.always | (products > 0))
            products, sums = np.where(rounded, stated.products, 0), np.where(rounded, sums, 0)
            underflows = np.where(rounded, underflows + stated.underflows, 0.0)
            offset = offset if stated.offset is None else stated.offset
        if stated is not None and stated.constants is not None:
            constants = stated.constants
        else:
            constants = reduce(ConstantRange.join, map(_range_of, parts + ([] if value.constant is None else [value.constant])))
        return cls(products, sums, underflows, offset, constants, 1.0 if stated is None else stated.peak)

    def after(self, inner: Stage, matrix: Sparse) -> Stage:
        """Return how a value is computed if one of its sources is replaced by that source's own sources.

        Args:
            inner: of the source.
            matrix: magnitudes of the source's matrix, shape (rows, source's size).
        """
        offset = None if inner.offset is None else product(matrix, inner.offset)
        offsets = [each for each in (self.offset, offset) if each is not None]
        return Stage(
            self.products + _largest(matrix, inner.products),
            self.sums + _largest(matrix, inner.sums),
            self.underflows + _through(matrix, inner.underflows, self.products > 0),
            added(offsets) if offsets else None,
            self.constants.join(inner.constants),
            _peak(self.peak, inner.peak, matrix),
        )


class Rows(NamedTuple):
    """How floats compute rows on the units of a layer: see ``Stage``.

    Attributes:
        weight: magnitudes on the units and, in the last column, of the constant.
        products, sums, underflows: shape (rows,).
        constants: of the model.
        peak: see ``Roundings``.
    """

    weight: Sparse
    products: Array
    sums: Array
    underflows: Array
    constants: ConstantRange
    peak: float

    @classmethod
    def single(cls, expression: Sparse) -> Rows:
        """Return single operations of a model, or copies of units, whose expressions are these."""
        units, constant = expression.split()
        counts, totals = _counts_and_totals([magnitudes(units)], expression.shape[0])
        biased = np.bincount(constant.rows, minlength=expression.shape[0])
        return cls(magnitudes(expression), *_single(counts, totals, biased), _range_of(expression), 1.0)

    @classmethod
    def composed(cls, stage: Stage, parts: Sequence[tuple[Sparse, Rows, bool]]) -> Rows:
        """Return the rows of a value.

        Args:
            stage: how it is computed from its sources.
            parts: for each source the magnitudes of its matrix, how it is computed itself, and whether the stage's roundings are
                among these already.
        """
        height, width = len(stage.products), parts[0][1].weight.shape[1]
        weights = [product(matrix, rows.weight) for matrix, rows, _ in parts]
        if stage.offset is not None:
            last = np.full(len(stage.offset.rows), width - 1)
            weights.append(Sparse((height, width), stage.offset.rows, last, stage.offset.values))
        products, sums, underflows, peak = stage.products, stage.sums, stage.underflows, stage.peak
        for matrix, rows, counted in parts:
            own = (0, 0) if counted else (stage.products, stage.sums)
            products = np.maximum(products, own[0] + _largest(matrix, rows.products))
            sums = np.maximum(sums, own[1] + _largest(matrix, rows.sums))
            underflows = underflows + _through(matrix, rows.underflows, (stage.products > 0) & (not counted))
            peak = max(peak, _peak(stage.peak, rows.peak, matrix))
        constants = reduce(ConstantRange.join, (rows.constants for _, rows, _ in parts), stage.constants)
        return cls(added(weights), products, sums, underflows, constants, peak)

    @classmethod
    def stacked(cls, parts: Sequence[Rows]) -> Rows:
        """Return rows below each other."""
        products, sums, underflows = (np.concatenate([part[k] for part in parts]) for k in (1, 2, 3))
        constants = reduce(ConstantRange.join, (part.constants for part in parts))
        weight = Sparse.stacked([part.weight for part in parts])
        return cls(weight, products, sums, underflows, constants, max(part.peak for part in parts))

    def take(self, index: Array) -> Rows:
        """Return some rows."""
        weight = Sparse.pick(index, self.weight.shape[0]).after(self.weight)
        return self._replace(
            weight=weight, products=self.products[index], sums=self.sums[index], underflows=self.underflows[index]
        )

    def on(self, place: Array, width: int) -> Rows | UnknownRoundings:
        """Return the rows on units whose new places, and that of the constant, are these; -1 for units that are not kept."""
        if (place[self.weight.columns] < 0).any():
            return CANCELLED
        columns = place[self.weight.columns]
        return self._replace(weight=Sparse((self.weight.shape[0], width), self.weight.rows, columns, self.weight.values))

    def roundings(self) -> Roundings | UnknownRoundings:
        """Return what is known of the layer of these rows."""
        if not (self.weight.values <= _LARGEST).all():
            return TOO_LARGE
        weight, bias = self.weight.split()
        return Roundings(
            weight.matrix(),
            bias.vector(),
            tuple(self.products.tolist()),
            tuple(self.sums.tolist()),
            tuple(map(Fraction, self.underflows.tolist())),
            self.constants,
            Fraction(self.peak),
        )


Known: TypeAlias = Rows | UnknownRoundings
"""What is known of rows."""


def magnitudes(matrix: Sparse) -> Sparse:
    """Return bounds on the absolute values of the entries, as floats."""
    if matrix.denominator:
        values = np.array([_float(abs(value), matrix.denominator) for value in matrix.values], float)
        values = np.nextafter(values, np.inf)
    else:
        values = np.abs(matrix.values)
    return Sparse(matrix.shape, matrix.rows, matrix.columns, values)


def product(left: Sparse, right: Sparse) -> Sparse:
    """Return bounds on the entries of the product of two matrices of magnitudes."""
    starts = right.starts
    each = np.diff(starts)[left.columns]
    total = int(each.sum())
    if total > _MOST_PRODUCTS:
        return Sparse((left.shape[0], right.shape[1]), np.zeros(1, int), np.zeros(1, int), np.array([np.inf]))
    index = np.repeat(starts[left.columns] - (np.cumsum(each) - each), each) + np.arange(total)
    with np.errstate(over="ignore"):
        values = np.maximum(_up(np.repeat(left.values, each) * right.values[index], 1), _LEAST)
    return _gathered((left.shape[0], right.shape[1]), np.repeat(left.rows, each), right.columns[index], values)


def added(parts: Sequence[Sparse]) -> Sparse:
    """Return bounds on the entries of the sum of matrices of magnitudes."""
    rows, columns, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "columns", "values"))
    return _gathered(parts[0].shape, rows, columns, values)


def _gathered(shape: tuple[int, int], rows: Array, columns: Array, values: Array) -> Sparse:
    """Return the matrix with these entries; those at the same place are added."""
    keys = rows * shape[1] + columns
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(keys[order]) > 0])) if len(keys) else np.zeros(0, int)
    sums = np.add.reduceat(values[order], first) if len(keys) else values
    count = int(np.diff(np.append(first, len(keys))).max(initial=1))
    return Sparse(shape, rows[order][first], columns[order][first], _up(sums, count) if count > 1 else sums)


def _up(values: Array, count: int) -> Array:
    """Return upper bounds of sums that floats computed from so many numbers that are not negative, each exact or a product."""
    return np.where(values > 0, np.maximum(values * (1 + (count + 4) * _ULP), _LEAST), values)


def _float(above: int, below: int) -> float:
    try:
        return above / below
    except OverflowError:
        return np.inf


def _counts_and_totals(parts: Sequence[Sparse], height: int) -> tuple[Array, Array]:
    """Return for each row the number of entries, and a bound on their sum."""
    rows, values = (np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "values"))
    counts, totals = np.bincount(rows, minlength=height), np.bincount(rows, values, height)
    return counts, np.where(counts > 1, _up(totals, int(counts.max(initial=0))), totals)


def _single(counts: Array, totals: Array, biased: Array) -> tuple[Array, Array, Array]:
    """Return the roundings of sums of products, and the factors of their underflows, as ``Roundings.of`` does."""
    exact = (counts == 0) | ((counts == 1) & (totals == 1) & (biased == 0))
    sums = np.where(exact, 0, counts - 1 + biased)
    return np.where(exact, 0, 2), sums, np.where(exact, 0.0, _up(4.0 * (counts + 1) + 2 * totals, 1))


def _largest(matrix: Sparse, numbers: Array) -> Array:
    """Return the largest of the numbers of the columns that each row has; 0 if it has none."""
    largest = np.zeros(matrix.shape[0], int)
    np.maximum.at(largest, matrix.rows, numbers[matrix.columns])
    return largest


def _through(matrix: Sparse, underflows: Array, rounded: Array) -> Array:
    """Return what the underflows h of sources add to those of the rows: ``M h``, but ``(2 M + 1) h`` to rows that are rounded.

    Of the latter, ``2 M h`` is theirs if the sources are computed first, and h if all is one sum.
    """
    factors = np.where(rounded[matrix.rows], 2 * matrix.values + 1, matrix.values)
    total = np.bincount(matrix.rows, factors * underflows[matrix.columns], matrix.shape[0])
    return _up(total, len(matrix.rows))


def _peak(own: float, inner: float, matrix: Sparse) -> float:
    """Return the peak of a value: an intermediate value of a source is part of a row with a factor of the matrix."""
    least = float(matrix.values.min(initial=1.0))
    return float(np.nextafter(max(own, inner, inner / least), np.inf)) if max(own, inner / least) > 1 else 1.0


def _range_of(matrix: Sparse) -> ConstantRange:
    return ConstantRange.of(matrix.rational()) if matrix.denominator else ConstantRange.of_floats(np.abs(matrix.values))
