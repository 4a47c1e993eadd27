"""Cells by the thousand, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Ids: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
States: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]

OFF, ON, OPEN = 0, 1, 2
"""What is known of a unit on a cell."""


@dataclass(frozen=True)
class Cells:
    """P simple cones with V generators and H hyperplanes in all, in dimension d.

    Attributes:
        ptr: (P + 1,), where each cell's generators start.
        points: (V, d + 1) generators (1, x) or (0, ray); ``error`` (V,) bounds the error of each entry.
        integers: (V, d + 1) the generators as integers where ``has_integers`` (V,) is 1.
        tight: (V, d) sorted ids of the hyperplanes that are tight.
        hptr: (P + 1,), where each cell's hyperplanes start.
        hid: (H,) their ids; ``hrow`` (H, d + 1) rows; ``herr`` (H,) bounds on the error of each entry.

    What the last layer leaves is not cut any more: there are only ``ptr`` and ``tight`` of it, no numbers and no hyperplanes.
    """

    ptr: Integers
    points: Floats
    error: Floats
    integers: Integers
    has_integers: States
    tight: Ids
    hptr: Integers
    hid: Ids
    hrow: Floats
    herr: Floats

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @classmethod
    def of_kernel(cls, result: dict[str, Any], dim: int) -> Cells:
        """Read what the kernel returns."""
        width = dim + 1
        return cls(
            _pointers(result["count"]),
            np.frombuffer(result["X"]).reshape(-1, width),
            np.frombuffer(result["E"]),
            np.frombuffer(result["Z"], np.int64).reshape(-1, width),
            np.frombuffer(result["zok"], np.uint8),
            np.frombuffer(result["T"], np.int32).reshape(-1, dim),
            _pointers(result["hcount"]),
            np.frombuffer(result["hid"], np.int32),
            np.frombuffer(result["hrow"]).reshape(-1, width),
            np.frombuffer(result["herr"]),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Send no integers where none are known: they are a third of it all."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        if not self.has_integers.any():
            del parts["integers"]
        return _received, (parts,)

    def part(self, start: int, stop: int) -> Cells:
        """Return the cells start .. stop - 1."""
        a, b, e, f = self.ptr[start], self.ptr[stop], self.hptr[start], self.hptr[stop]
        return Cells(
            self.ptr[start : stop + 1] - a,
            self.points[a:b],
            self.error[a:b],
            self.integers[a:b],
            self.has_integers[a:b],
            self.tight[a:b],
            self.hptr[start : stop + 1] - e,
            self.hid[e:f],
            self.hrow[e:f],
            self.herr[e:f],
        )


@dataclass(frozen=True)
class Frontier:
    """Cells that a layer is to cut next.

    Attributes:
        layer: which.
        cells: P cells.
        state: (P, n) of the layer's units: off, on, open.
        prefix: (P, units before the layer) states, each on or off.
        maps: (P, d + 1, m + 1) the layer's input as rows over (1, x), with a last column that is constantly one.
        maps_error: (P,) bound on the error of each entry of ``maps``.
        verdict: (P,) after the last layer whether the target is positive somewhere: 1 yes, 2 not known.
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

    def part(self, start: int, stop: int) -> Frontier:
        """Return the cells start .. stop - 1."""
        return Frontier(
            self.layer,
            self.cells.part(start, stop),
            self.state[start:stop],
            self.prefix[start:stop],
            self.maps[start:stop],
            self.maps_error[start:stop],
            self.verdict[start:stop],
        )


def _received(parts: dict[str, Any]) -> Cells:
    return Cells(**{"integers": np.zeros(parts["points"].shape, np.int64)} | parts)


def _pointers(counts: bytes) -> Integers:
    each = np.frombuffer(counts, np.int64)
    pointers = np.zeros(len(each) + 1, np.int64)
    np.cumsum(each, out=pointers[1:])
    return pointers
