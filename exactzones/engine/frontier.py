"""Thousands of cells as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
States: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

OFF, ON, OPEN = 0, 1, 2
"""States of a unit on a cell: on or off on the whole cell, or not known."""


@dataclass(frozen=True)
class Cells:
    """P simple cones with V generators and H hyperplanes in all, in dimension d.

    Attributes:
        ptr: (P + 1,), where each cell's generators start.
        points: (V, d + 1) generators (1, x) or (0, ray).
        error: (V,) bounds on the error of each entry of a generator.
        integers: (V, d + 1) the generators as integers where ``has_integers`` is 1.
        has_integers: (V,) 1 or 0.
        tight: (V, d) sorted ids of the hyperplanes that are tight.
        plane_ptr: (P + 1,), where each cell's hyperplanes start.
        plane_ids: (H,) ids of hyperplanes.
        plane_rows: (H, d + 1) their rows.
        plane_error: (H,) bounds on the error of each entry of a row.

    Cells after the last layer are not cut any more: they have only ``ptr`` and ``tight``, no numbers and no hyperplanes.
    """

    ptr: Integers
    points: Floats
    error: Floats
    integers: Integers
    has_integers: States
    tight: Ids
    plane_ptr: Integers
    plane_ids: Ids
    plane_rows: Floats
    plane_error: Floats

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out integers if none are known: they are a third of the data."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        if not self.has_integers.any():
            del arrays["integers"]
        return _unpickled, (arrays,)

    def part(self, start: int, stop: int) -> Cells:
        """Return the cells start .. stop - 1."""
        generators = slice(self.ptr[start], self.ptr[stop])
        planes = slice(self.plane_ptr[start], self.plane_ptr[stop])
        return Cells(
            ptr=self.ptr[start : stop + 1] - self.ptr[start],
            points=self.points[generators],
            error=self.error[generators],
            integers=self.integers[generators],
            has_integers=self.has_integers[generators],
            tight=self.tight[generators],
            plane_ptr=self.plane_ptr[start : stop + 1] - self.plane_ptr[start],
            plane_ids=self.plane_ids[planes],
            plane_rows=self.plane_rows[planes],
            plane_error=self.plane_error[planes],
        )


@dataclass(frozen=True)
class Frontier:
    """Cells that a layer is to cut next.

    Attributes:
        layer: its number; the number of layers after the last.
        cells: P cells.
        state: (P, n) states of the layer's units: off, on, open.
        prefix: (P, units before the layer) states, each on or off.
        maps: (P, d + 1, m + 1) the layer's input as rows over (1, x); the last column is the constant 1.
        maps_error: (P,) bound on the error of each entry of ``maps``.
        verdict: (P,) after the last layer: 1 if the target is positive somewhere, 2 if that is not known.
    """

    layer: int
    cells: Cells
    state: States
    prefix: States
    maps: Floats
    maps_error: Floats
    verdict: States = field(default_factory=lambda: np.empty(0, np.uint8))

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def cell_bytes(self) -> int:
        """Size of one cell in bytes, without generators and hyperplanes."""
        return int(self.maps[0].nbytes + self.state[0].nbytes) + 1

    def part(self, start: int, stop: int) -> Frontier:
        """Return the cells start .. stop - 1."""
        return Frontier(
            layer=self.layer,
            cells=self.cells.part(start, stop),
            state=self.state[start:stop],
            prefix=self.prefix[start:stop],
            maps=self.maps[start:stop],
            maps_error=self.maps_error[start:stop],
            verdict=self.verdict[start:stop],
        )


def _unpickled(arrays: dict[str, Any]) -> Cells:
    return Cells(**{"integers": np.zeros(arrays["points"].shape, np.int64)} | arrays)
