"""Sparse matrices as small dense blocks, for products with batches of vectors that run as dense products of the blocks.

Columns with entries in the same rows make a block.  In the matrix of a convolution a block is what one place of the input gives
to the outputs around it, and blocks of equal weights, at different places, are multiplied as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.rational.storage import DenseFloats, SparseEntries, Storage

Array: TypeAlias = np.ndarray[Any, Any]

_LARGE = 1 << 16  # entries, zeros included, below which a dense product is as fast
_DENSE = 2  # a matrix is not looked at if more than one in so many of its entries is not zero
_GATHERED = 16  # products of numbers that take as long as one number that is copied to its block
_GAIN = 2  # how many times as fast blocks must be
_EQUAL = 4  # equal blocks are multiplied as one if there are so many
_CACHED = 1 << 15  # numbers of a batch that are multiplied at a time: they stay in the processor's cache


class _Shape(NamedTuple):
    """Blocks of one shape.

    Attributes:
        rows: of each block, shape (blocks, height).
        columns: of each block, shape (blocks, width).
        where: the numbers of the entries in each block, shape (blocks, height, width).
    """

    rows: Array
    columns: Array
    where: Array


class Blocks:
    """The blocks of a sparse matrix, without their values.

    Args:
        shape: (rows, columns) of the matrix.
        rows: the row of each entry.
        columns: the column of each entry.
    """

    def __init__(self, shape: tuple[int, int], rows: Array, columns: Array) -> None:
        self.shape = shape
        order = np.lexsort((rows, columns))
        sorted_rows, starts = rows[order], np.searchsorted(columns[order], np.arange(shape[1] + 1)).tolist()
        together: dict[bytes, list[int]] = {}
        for j, (start, stop) in enumerate(pairwise(starts)):
            if stop > start:
                together.setdefault(sorted_rows[start:stop].tobytes(), []).append(j)
        shapes: dict[tuple[int, ...], list[tuple[Any, Any, Any]]] = {}
        for members in together.values():
            where = np.stack([order[starts[j] : starts[j + 1]] for j in members], 1)
            shapes.setdefault(where.shape, []).append((rows[where[:, 0]], np.array(members), where))
        self.shapes = [_Shape(*map(np.stack, zip(*blocks, strict=True))) for blocks in shapes.values()]

    @property
    def height(self) -> int:
        """The number of rows of the highest block."""
        return max((shape.rows.shape[1] for shape in self.shapes), default=0)

    @property
    def is_worthwhile(self) -> bool:
        """Whether products by blocks are faster than dense ones."""
        cost = sum(_GATHERED * shape.rows.size + shape.where.size for shape in self.shapes)
        return _GAIN * cost < self.shape[0] * self.shape[1]

    def order(self) -> Array:
        """Return the place of each column in an order in which columns of one block, and of blocks close by, are together."""
        first = np.full((self.shape[1], 2), self.shape[0])
        for shape in self.shapes:
            first[shape.columns] = np.stack([shape.rows[:, 0], shape.rows[:, -1]], 1)[:, None]
        places = np.empty(self.shape[1], np.int64)
        places[np.lexsort((first[:, 0], first[:, 1]))] = np.arange(self.shape[1])
        return places


class SparseForm(NamedTuple):
    """A matrix in the form in which its products are fastest if it is sparse.

    Attributes:
        entries: those that are not zero.
        blocks: their places.
    """

    entries: SparseEntries
    blocks: Blocks

    @classmethod
    def of(cls, storage: Storage) -> SparseForm | None:
        """Return the form of a matrix, None if dense products are faster."""
        if storage.shape[0] * storage.shape[1] < _LARGE:
            return None
        entries = storage
        if isinstance(entries, DenseFloats):
            if _DENSE * np.count_nonzero(entries.floats) > entries.floats.size:
                return None
            rows, columns = np.nonzero(entries.floats)
            entries = SparseEntries(entries.shape, rows, columns, entries.floats[rows, columns])
        blocks = Blocks(entries.shape, entries.rows, entries.columns)
        return cls(entries, blocks) if blocks.is_worthwhile else None


class BlockMatrix:
    """Sparse matrices with entries at the same places, as floats.

    Args:
        blocks: of these places.
        values: the entries of each matrix.
    """

    def __init__(self, blocks: Blocks, values: Sequence[Array]) -> None:
        self.shape, self.count = blocks.shape, len(values)
        self._parts: list[tuple[Array, Array, Array]] = []  # rows and columns of blocks, and their values, or those of each
        for rows, columns, where in blocks.shapes:
            filled = np.concatenate([value[where] for value in values], 2)
            equal: dict[bytes, list[int]] = {}
            for k, block in enumerate(filled):
                equal.setdefault(block.tobytes(), []).append(k)
            others = [k for places in equal.values() if len(places) < _EQUAL for k in places]
            for places in [*(places for places in equal.values() if len(places) >= _EQUAL), *([others] if others else [])]:
                self._parts.append((rows[places], columns[places], filled[places] if places is others else filled[places[0]]))

    def product(self, left: Array, needed: Array | None = None) -> tuple[Array, Array]:
        """Return the products of vectors with the matrices.

        Args:
            left: shape (vectors, rows).
            needed: shape (columns,); the others may be left out.

        Returns:
            Products of shape (matrices, vectors, chosen columns), and which columns are chosen, shape (columns,): all products
            with the others are zero, or are not needed.
        """
        used, chosen, parts = np.asarray(left.any(0)), np.zeros(self.shape[1], bool), []
        for rows, columns, values in self._parts:
            live = used[rows].any(1) if needed is None else used[rows].any(1) & needed[columns].any(1)
            if live.all():
                parts.append((rows, columns, values))
            elif live.any():
                parts.append((rows[live], columns[live], values if values.ndim == 2 else values[live]))
            chosen[columns[live]] = True
        place = np.cumsum(chosen) - 1
        result = np.zeros((self.count, len(left), int(chosen.sum())))
        step = max(1, _CACHED // max(1, self.shape[0]))
        for start in range(0, len(left), step):
            for rows, columns, values in parts:
                products = self._products(left[start : start + step], rows, values)
                for k in range(self.count):
                    result[k, start : start + step][:, place[columns]] = products[:, :, k]
        return result, chosen

    def _products(self, left: Array, rows: Array, values: Array) -> Array:
        """Return the products with blocks, shape (vectors, blocks, matrices, width)."""
        gathered = np.take(left, rows, axis=1)
        if values.ndim == 2:
            products = gathered.reshape(-1, rows.shape[1]) @ values
        else:
            products = (gathered.transpose(1, 0, 2) @ values).transpose(1, 0, 2)
        return products.reshape(len(left), len(rows), self.count, -1)


class SparseFloats:
    """A sparse matrix of floats in products with arrays: ``x @ self``, ``x @ self.T`` and ``self @ x``.

    Args:
        shape: (rows, columns).
        rows: the row of each entry, in ascending order.
        columns: the column of each entry.
        values: the entries.
        blocks: for products from the left, if they are at hand.
    """

    __array_ufunc__ = None  # NumPy leaves products with arrays to this class

    def __init__(
        self, shape: tuple[int, int], rows: Array, columns: Array, values: Array, *, blocks: Blocks | None = None
    ) -> None:
        self.shape, self._rows, self._columns, self._values = shape, rows, columns, values
        self._blocks = blocks

    @property
    def entries(self) -> int:
        """The number of entries."""
        return len(self._values)

    @property
    def triples(self) -> tuple[Array, Array, Array]:
        """The row, in ascending order, the column and the value of each entry."""
        return self._rows, self._columns, self._values

    @cached_property
    def blocks(self) -> Blocks:
        """The places of the entries as blocks."""
        return self._blocks or Blocks(self.shape, self._rows, self._columns)

    @cached_property
    def _matrix(self) -> BlockMatrix:
        return BlockMatrix(self.blocks, [self._values])

    @cached_property
    def T(self) -> SparseFloats:  # noqa: N802 - NumPy's name
        """The transposed matrix."""
        order = np.lexsort((self._rows, self._columns))
        turned = SparseFloats(self.shape[::-1], self._columns[order], self._rows[order], self._values[order])
        turned.__dict__["T"] = self
        return turned

    @cached_property
    def row_order(self) -> Array:
        """The place of each row in an order in which rows of the same columns, and of columns close by, are together."""
        return self.T.blocks.order()

    def __rmatmul__(self, left: Array) -> Array:
        (some,), chosen = self._matrix.product(left.reshape(-1, self.shape[0]))
        product: Array = some
        if not chosen.all():
            product = np.zeros((len(some), self.shape[1]))
            product[:, chosen] = some
        return product[0] if left.ndim == 1 else product

    def __matmul__(self, right: Array) -> Array:
        product: Array = (right.T @ self.T).T
        return product

    def __abs__(self) -> SparseFloats:
        """Return the matrix of absolute values."""
        return SparseFloats(self.shape, self._rows, self._columns, np.abs(self._values), blocks=self.blocks)

    def __getitem__(self, rows: Any) -> Array:
        """Return rows as a dense array: those with these numbers, in an array of any shape."""
        chosen = np.asarray(rows)
        unique, place = np.unique(chosen, return_inverse=True)
        starts = np.searchsorted(self._rows, unique), np.searchsorted(self._rows, unique, side="right")
        dense = np.zeros((len(unique), self.shape[1]))
        for k, (start, stop) in enumerate(zip(*(s.tolist() for s in starts), strict=True)):
            dense[k, self._columns[start:stop]] = self._values[start:stop]
        return dense[place.reshape(chosen.shape)]

    def narrow(self, rows: Array) -> tuple[Array, Array]:
        """Return the columns in which some of these rows have an entry, and the rows on these columns as a dense array."""
        starts, stops = (np.searchsorted(self._rows, rows, side=side) for side in ("left", "right"))
        counts = stops - starts
        places = np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        columns, where = np.unique(self._columns[places], return_inverse=True)
        dense = np.zeros((len(rows), len(columns)))
        dense[np.repeat(np.arange(len(rows)), counts), where] = self._values[places]
        return columns, dense

    def pick(self, columns: Array) -> SparseFloats:
        """Return the matrix of the columns that a mask chooses."""
        kept, places = columns[self._columns], np.cumsum(columns) - 1
        shape = self.shape[0], int(columns.sum())
        return SparseFloats(shape, self._rows[kept], places[self._columns[kept]], self._values[kept])

    def part(self, rows: Array, columns: Array) -> Array | SparseFloats:
        """Return the matrix of the rows and columns that masks choose, dense if it is small or has few zeros."""
        chosen = _SparsePart(self, np.flatnonzero(rows), np.flatnonzero(columns))
        size = chosen.shape[0] * chosen.shape[1]
        large = size > _LARGE and size * _GAIN > _GATHERED * chosen.entries
        return chosen if large else chosen[np.arange(chosen.shape[0])]


class _SparsePart(SparseFloats):
    """Some rows and columns of a sparse matrix; products are those of the whole matrix, whose blocks are alike.

    Args:
        whole: the matrix.
        rows, columns: the numbers of the chosen ones, in ascending order.
    """

    def __init__(self, whole: SparseFloats, rows: Array, columns: Array) -> None:
        self.shape, self._whole, self._at = (len(rows), len(columns)), whole, (rows, columns)

    @cached_property
    def entries(self) -> int:
        """The number of entries."""
        kept = [np.isin(places, at) for places, at in zip(self._whole.triples, self._at, strict=False)]
        return int((kept[0] & kept[1]).sum())

    @cached_property
    def T(self) -> SparseFloats:  # noqa: N802 - NumPy's name
        """The transposed matrix."""
        turned = _SparsePart(self._whole.T, *self._at[::-1])
        turned.__dict__["T"] = self
        return turned

    @cached_property
    def row_order(self) -> Array:
        """The place of each row in an order in which rows of columns close by are together."""
        return self._whole.row_order[self._at[0]]

    def __rmatmul__(self, left: Array) -> Array:
        spread = np.zeros((*left.shape[:-1], self._whole.shape[0]))
        spread[..., self._at[0]] = left
        product: Array = (spread @ self._whole)[..., self._at[1]]
        return product

    def __getitem__(self, rows: Any) -> Array:
        return self._whole[self._at[0][rows]][..., self._at[1]]
