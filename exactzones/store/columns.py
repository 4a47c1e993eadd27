"""The columns of a store: zones as tables of Parquet files, which DuckDB, polars and pandas read as well."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.frontier import Integers
from exactzones.engine.leaf_floats import LeafFloats
from exactzones.engine.workers import LeafBatch
from exactzones.errors import InputError
from exactzones.store.packing import Bytes, Layout, Planes

Table: TypeAlias = Any  # pyarrow has no types


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module("pyarrow")  # optional, and slow to import
    except ImportError:
        raise InputError("a store needs pyarrow, which is not installed: pip install exactzones[store]") from None


def zones_table(layout: Layout, leaves: LeafBatch, planes: Planes, floats: LeafFloats, *, first: int, constant: float) -> Table:
    """Return zones as a table.

    Args:
        layout: how patterns are packed.
        leaves: P zones.
        planes: their hyperplanes.
        floats: rounded numbers about them.
        first: the number of the first zone.
        constant: what the condition's row exceeds the feature by.
    """
    pa = arrow()
    patterns = layout.packed(leaves.prefix)
    starts = leaves.ptr * (layout.dim * planes.corners.itemsize)
    fixed = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(layout.width), len(leaves), [None, pa.py_buffer(np.ascontiguousarray(patterns))]
    )
    offsets = pa.py_buffer(starts.astype(np.int64))
    maximum = floats.maximum - constant
    columns = {
        "zone": pa.array(np.arange(first, first + len(leaves))),
        "pattern": fixed,
        "planes": pa.ListArray.from_arrays(pa.array(planes.start.astype(np.int32)), pa.array(planes.ids)),
        "corners": pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(leaves), [None, offsets, pa.py_buffer(np.ascontiguousarray(planes.corners))]
        ),
        "condition": _vectors(floats.target),
        "witness": _vectors(floats.witness),
        "maximum": pa.array(maximum, mask=np.isnan(maximum)),
    }
    return pa.table(columns)


def _vectors(values: np.ndarray[Any, Any]) -> Any:
    pa = arrow()
    known = ~np.isnan(values).any(axis=1)
    flat = pa.array(values[known].ravel())
    ends = np.cumsum(known * values.shape[1])
    starts = pa.array(np.concatenate([[0], ends]).astype(np.int32), mask=np.concatenate([~known, [False]]))
    return pa.ListArray.from_arrays(starts, flat)


def leaves_of(layout: Layout, table: Table) -> LeafBatch:
    """Return the zones of a table as arrays."""
    planes, start = flat_list(table["planes"])
    patterns = patterns_of(layout, table)
    corners = table["corners"].combine_chunks()
    offsets = np.frombuffer(corners.buffers()[1], np.int64)[corners.offset : corners.offset + len(corners) + 1]
    data = np.frombuffer(corners.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].view(layout.corner_type)
    ptr = (offsets - offsets[0]) // (layout.dim * data.itemsize)
    leaf = np.repeat(np.arange(len(table)), np.diff(ptr))
    tight = planes[start[leaf][:, None] + data.reshape(-1, layout.dim)].astype(np.int32)
    return LeafBatch(layout.unpacked(patterns), ptr, tight)


def patterns_of(layout: Layout, table: Table) -> Bytes:
    """Return the packed patterns of a table, (P, width)."""
    column = table["pattern"].combine_chunks()
    data = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.zeros(0, np.uint8)
    return data[column.offset * layout.width : (column.offset + len(column)) * layout.width].reshape(-1, layout.width)


def flat_list(column: Any) -> tuple[Any, Integers]:
    """Return the values of a list column and where each list starts in them."""
    lists = column.combine_chunks()
    offsets = lists.offsets.to_numpy()
    return lists.values.to_numpy(zero_copy_only=False), offsets.astype(np.int64)


def links_table(first: int, count: int, links: Any, islands: Integers) -> Table:
    """Return the neighbours of successive zones as a table.

    Args:
        first: the number of the first zone.
        count: the number of zones.
        links: a structured array with the fields zone, plane, other, fires, sorted by zone.
        islands: (count,) the island of each zone.
    """
    pa = arrow()
    starts = pa.array(np.searchsorted(links["zone"], np.arange(first, first + count + 1)).astype(np.int32))
    lists = {
        "facets": links["plane"].astype(np.uint16 if not len(links) or links["plane"].max() < 2**16 else np.uint32),
        "neighbours": links["other"].astype(np.int64),
        "fires": links["fires"].astype(bool),
    }
    columns = {name: pa.ListArray.from_arrays(starts, pa.array(np.ascontiguousarray(flat))) for name, flat in lists.items()}
    return pa.table({"zone": pa.array(np.arange(first, first + count)), **columns, "island": pa.array(islands)})


def parquet_bytes(table: Table) -> bytes:
    """Return a table as the bytes of a Parquet file; the same table gives the same bytes."""
    stream = io.BytesIO()
    nested = {f"{name}.list.element" for name in ("planes", "facets", "fires") if name in table.column_names}
    encodings = {"zone": "DELTA_BINARY_PACKED"}
    encodings |= {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in ("condition", "witness") if name in table.column_names}
    encodings |= {name: "BYTE_STREAM_SPLIT" for name in ("maximum",) if name in table.column_names}
    encodings |= {f"{name}.list.element": "DELTA_BINARY_PACKED" for name in ("neighbours",) if name in table.column_names}
    import_module("pyarrow.parquet").write_table(
        table,
        stream,
        compression="zstd",
        compression_level=3,
        row_group_size=max(1, len(table)),
        use_dictionary=sorted(nested),
        column_encoding=encodings,
        write_statistics=["zone"],
        store_schema=True,
    )
    return stream.getvalue()


def read_table(path: Any, columns: Sequence[str] | None = None) -> Table:
    """Return a Parquet file, or some columns of it, as a table."""
    return import_module("pyarrow.parquet").read_table(path, columns=None if columns is None else list(columns), memory_map=False)
