"""The columns of a store: zones as tables of Parquet files, which DuckDB, polars and pandas read as well."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Floats, Integers
from exactzones.engine.leaf_arrays import Flags
from exactzones.engine.leaf_floats import LeafFloats
from exactzones.engine.workers import LeafBatch
from exactzones.errors import FormatError, InputError
from exactzones.files import naming
from exactzones.store.packing import Bytes, Layout, Planes
from exactzones.store.tight_sets import numbers_of_sets, sets_of_numbers

Table: TypeAlias = Any  # pyarrow has no types

_GROUP = 1 << 11  # rows that are read together: a few of them for a zone here and there
_DROPPED = 21  # bits of the 53 of a float that is written with 32


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module("pyarrow")  # optional, and slow to import
    except ImportError:
        raise InputError("a store needs pyarrow, which is not installed: pip install exactzones[store]") from None


def zones_table(layout: Layout, leaves: LeafBatch, planes: Planes, floats: LeafFloats, first: int) -> Table:
    """Return zones as a table.

    Args:
        layout: how patterns are packed.
        leaves: P zones.
        planes: their hyperplanes.
        floats: rounded numbers about them; the maximum is the feature's.
        first: the number of the first zone.
    """
    columns = {
        "zone": numbers(np.arange(first, first + len(leaves))),
        "pattern": fixed_bytes(layout.packed(leaves.prefix)),
        "planes": lists(planes.start, numbers(planes.ids)),
        "corners": _corners(layout, leaves.ptr, planes.corners),
        "condition": vectors(shortened(floats.target)),
        "witness": vectors(floats.witness),
        "maximum": numbers(floats.maximum, known=~np.isnan(floats.maximum)),
    }
    return table_of(columns)


def _corners(layout: Layout, ptr: Integers, corners: np.ndarray[Any, Any]) -> Any:
    """Return the tight sets of zones as numbers or, where these do not fit, as bytes: d indices for each corner."""
    sets = numbers_of_sets(corners)
    if sets is not None:
        return lists(ptr, numbers(sets))
    starts = ptr * (layout.dim * corners.itemsize)
    return _array(arrow().large_binary(), len(ptr) - 1, [None, starts.astype(np.int64), corners])


def shortened(values: Floats) -> Floats:
    """Return floats rounded to 32 significant bits, which take two thirds of the space in a file."""
    half = np.int64(1 << (_DROPPED - 1))
    return ((values.view(np.int64) + half) & ~np.int64((1 << _DROPPED) - 1)).view(np.float64)


def table_of(columns: Mapping[str, Any]) -> Table:
    """Return a table, without pyarrow's conversions from and to NumPy, which import pandas."""
    return arrow().Table.from_arrays([*columns.values()], names=[*columns])


def _array(kind: Any, count: int, buffers: Sequence[Any], children: Sequence[Any] | None = None) -> Any:
    pa = arrow()
    held = [None if buffer is None else pa.py_buffer(np.ascontiguousarray(buffer)) for buffer in buffers]
    return pa.Array.from_buffers(kind, count, held, children=children)


def numbers(values: np.ndarray[Any, Any], known: Flags | None = None) -> Any:
    """Return numbers or flags as a pyarrow array, null where they are not known."""
    pa = arrow()
    kind = pa.from_numpy_dtype(values.dtype)
    data = np.packbits(values, bitorder="little") if values.dtype == bool else values
    return _array(kind, len(values), [_bits(known), data])


def lists(starts: Integers, values: Any, known: Flags | None = None) -> Any:
    """Return lists as a pyarrow array: list k is ``values[starts[k] : starts[k + 1]]``, null where it is not known."""
    return _array(arrow().list_(values.type), len(starts) - 1, [_bits(known), starts.astype(np.int32)], [values])


def _bits(known: Flags | None) -> Any:
    return None if known is None else np.packbits(known, bitorder="little")


def fixed_bytes(values: Bytes) -> Any:
    """Return rows of bytes, (P, width), as a pyarrow array."""
    return _array(arrow().binary(values.shape[1]), len(values), [None, values])


def nothing(column: str, count: int) -> Any:
    """Return a column of a table of zones that is null everywhere."""
    pa = arrow()
    floats = pa.list_(pa.float64())
    kinds = {"planes": pa.list_(pa.uint16()), "corners": pa.list_(pa.uint64()), "maximum": pa.float64(), "exact": pa.string()}
    return pa.nulls(count, kinds.get(column, floats))


def texts(values: Sequence[str | None]) -> Any:
    """Return texts as a pyarrow array."""
    data = [b"" if value is None else value.encode() for value in values]
    starts = np.cumsum([0, *map(len, data)], dtype=np.int32)
    known = np.array([value is not None for value in values])
    return _array(arrow().string(), len(values), [_bits(known), starts, np.frombuffer(b"".join(data), np.uint8)])


def vectors(values: np.ndarray[Any, Any]) -> Any:
    """Return rows of floats as a pyarrow array, null where a number is not known."""
    known = ~np.isnan(values).any(axis=1)
    starts = np.concatenate([[0], np.cumsum(known * values.shape[1])])
    return lists(starts, numbers(values[known].ravel()), known)


def leaves_of(layout: Layout, table: Table) -> LeafBatch:
    """Return the zones of a table as arrays."""
    planes, start = flat_list(table["planes"])
    patterns = patterns_of(table)
    corners, ptr = _corners_of(layout, table["corners"])
    leaf = np.repeat(np.arange(len(table)), np.diff(ptr))
    tight = planes[start[leaf][:, None] + corners].astype(np.int32)
    return LeafBatch(layout.unpacked(patterns), ptr, tight)


def _corners_of(layout: Layout, column: Any) -> tuple[np.ndarray[Any, Any], Integers]:
    """Return the tight sets in a column, (V, d), as indices into the planes of their zones, and where each zone's start."""
    if not arrow().types.is_large_binary(column.type):
        sets, ptr = flat_list(column)
        return sets_of_numbers(sets[ptr[0] : ptr[-1]], layout.dim, layout.ids), ptr - ptr[0]
    array = column.combine_chunks()
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.frombuffer(array.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].view(layout.corner_type)
    return data.reshape(-1, layout.dim), (offsets - offsets[0]) // (layout.dim * data.itemsize)


def patterns_of(table: Table) -> Bytes:
    """Return the packed patterns of a table, (P, width)."""
    return bytes_of(table["pattern"])


def bytes_of(column: Any) -> Bytes:
    """Return the values of a column of fixed width, (P, width)."""
    array = column.combine_chunks()
    width = array.type.byte_width
    data = np.frombuffer(array.buffers()[1], np.uint8) if len(array) else np.zeros(0, np.uint8)
    return data[array.offset * width : (array.offset + len(array)) * width].reshape(-1, width)


def flat_list(column: Any) -> tuple[Any, Integers]:
    """Return the values of a list column and where each list starts in them."""
    array = column.combine_chunks()
    return flat(array.values), flat(array.offsets).astype(np.int64)


def flat(array: Any) -> np.ndarray[Any, Any]:
    """Return the numbers of a pyarrow array without nulls."""
    held, count = array.buffers()[1], len(array)
    kind = np.dtype(array.type.to_pandas_dtype())
    return np.frombuffer(held, kind, count, array.offset * kind.itemsize) if count else np.zeros(0, kind)


def links_table(first: int, count: int, links: Any, islands: Integers) -> Table:
    """Return the neighbours of successive zones as a table.

    Args:
        first: the number of the first zone.
        count: the number of zones.
        links: a structured array with the fields zone, plane, other, fires, sorted by zone.
        islands: (count,) the island of each zone.
    """
    starts = np.searchsorted(links["zone"], np.arange(first, first + count + 1))
    values = {
        "facets": links["plane"].astype(np.uint16 if not len(links) or links["plane"].max() < 2**16 else np.uint32),
        "neighbours": links["other"].astype(np.int64),
        "fires": links["fires"].astype(bool),
    }
    columns = {name: lists(starts, numbers(entries)) for name, entries in values.items()}
    return table_of({"zone": numbers(np.arange(first, first + count)), **columns, "island": numbers(islands)})


def parquet_bytes(table: Table, group: int = _GROUP) -> bytes:
    """Return a table as the bytes of a Parquet file, with so many rows a group; the same table gives the same bytes."""
    stream, pa = io.BytesIO(), arrow()
    encodings = {name: "DELTA_BINARY_PACKED" for name in ("zone", "hash") if name in table.column_names}
    for field in table.schema:
        is_list = pa.types.is_list(field.type)
        kind = field.type.value_type if is_list else field.type
        if field.name not in (*encodings, "island") and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            encodings[f"{field.name}.list.element" if is_list else field.name] = "BYTE_STREAM_SPLIT"
    import_module("pyarrow.parquet").write_table(
        table,
        stream,
        compression="zstd",
        compression_level=3,
        row_group_size=group,
        use_dictionary=False,
        column_encoding=encodings,
        write_statistics=[name for name in ("zone", "hash") if name in table.column_names],
        store_schema=True,
    )
    return stream.getvalue()


def read_table(path: Path, columns: Sequence[str] | None = None, rows: Integers | None = None) -> Table:
    """Return a Parquet file as a table.

    Args:
        path: of the file.
        columns: the names of those to read; None is all of them.
        rows: the numbers of those to return, ascending; None is all of them.  Only their groups are read.

    Raises:
        FormatError: the file is damaged.
        InputError: it cannot be read.
    """
    with _opened(path) as file:
        if rows is None:
            return file.read(columns, use_threads=False)
        starts = np.cumsum([0, *(file.metadata.row_group(k).num_rows for k in range(file.num_row_groups))])
        groups, place = np.unique(np.searchsorted(starts, rows, side="right") - 1, return_inverse=True)
        table = file.read_row_groups(groups.tolist(), columns, use_threads=False)
        kept = np.cumsum(np.concatenate([[0], np.diff(starts)[groups]]))
        return table.take(numbers(rows - starts[groups][place] + kept[place]))


def read_between(path: Path, column: str, wanted: Integers) -> Table | None:
    """Return the groups of rows of a Parquet file between whose least and largest number in a column there is a wanted one.

    Args:
        path: of the file.
        column: its name; it has statistics.
        wanted: numbers, ascending.

    Returns:
        The groups as a table; None if there are none.

    Raises:
        FormatError: the file is damaged.
        InputError: it cannot be read.
    """
    with _opened(path) as file:
        at = file.schema_arrow.get_field_index(column)
        bounds = [file.metadata.row_group(k).column(at).statistics for k in range(file.num_row_groups)]
        least, most = np.array([(bound.min, bound.max) for bound in bounds]).T
        groups = np.flatnonzero(np.searchsorted(wanted, least) < np.searchsorted(wanted, most, side="right"))
        return file.read_row_groups(groups.tolist(), use_threads=False) if len(groups) else None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file of a store; errors name it."""
    with naming(path):
        try:
            with path.open("rb") as stream:
                yield import_module("pyarrow.parquet").ParquetFile(stream)  # not read_table, which imports pandas
        except (ValueError, LookupError, arrow().ArrowException) as error:
            raise FormatError(f"not a file of this store: {error}") from None
