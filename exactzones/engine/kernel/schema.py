"""What the kernels take and return: the one place that names their arrays.

Both kernels read a request's fields by name.  The C kernel repeats the tables below in ``arrays.c``; a test compares them.

A kernel is a module with two functions:

* ``cut(request: CutRequest) -> CutResult`` cuts cells by the neurons of one layer, depth first.
* ``expand(rows, parents, state, out)`` sets out[p] = (rows[parents[p]] with the units that are off set to zero, then 1), the next
  layer's input on cell p: shapes (.., d + 1, n), (P,), (P, n) and (P, d + 1, n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypedDict

import numpy as np

from exactzones.engine.frontier import Cells, Floats, Ids, Integers, States

NOWHERE, SOMEWHERE, UNKNOWN = 0, 1, 2
"""Verdicts: whether the target is positive somewhere on a cell."""

Signs: TypeAlias = Callable[[int, bytes], bytes]
"""Returns the exact signs of all neurons, 0, 1 (+) or 2 (-), at a generator: takes the parent and the tight set (int32)."""


class Array(NamedTuple):
    """An array of a record.

    Attributes:
        name: of the field.
        dtype: of its items.
        shape: its axes: P cells, V generators and H hyperplanes in all, n neurons, d the dimension.
    """

    name: str
    dtype: type[np.generic]
    shape: str


CELLS = (
    Array("ptr", np.int64, "P+1"),
    Array("points", np.float64, "V,d+1"),
    Array("error", np.float64, "V"),
    Array("integers", np.int64, "V,d+1"),
    Array("has_integers", np.uint8, "V"),
    Array("tight", np.int32, "V,d"),
    Array("plane_ptr", np.int64, "P+1"),
    Array("plane_ids", np.int32, "H"),
    Array("plane_rows", np.float64, "H,d+1"),
    Array("plane_error", np.float64, "H"),
)
"""The fields of ``Cells``, which describes them."""

REQUEST = (
    *CELLS,
    Array("state", np.uint8, "P,n"),
    Array("rows", np.float64, "P,d+1,n"),
    Array("row_error", np.float64, "P"),
    Array("row_sums", np.float64, "n"),
    Array("same", np.int32, "n"),
)
"""The arrays of a ``CutRequest``, after those of its cells."""

RESULT = (
    *CELLS,
    Array("state", np.uint8, "P,n"),
    Array("parent", np.int64, "P"),
    Array("verdict", np.uint8, "P"),
)
"""The arrays of cells that a kernel returns."""

_LAST_AXES = [(array, array.shape.partition(",")[2]) for array in RESULT]


class DownstreamLayer(NamedTuple):
    """A layer after the one that cuts.

    Attributes:
        weight: (outputs, inputs + 1), the bias last.
        relu: (outputs,) 1 where a unit has a ReLU.
        row_sum: the largest sum of the absolute values of a row.
    """

    weight: Floats
    relu: States
    row_sum: float


class Downstream(NamedTuple):
    """What follows the layer that cuts, for pruning.

    Attributes:
        layers: further layers.
        target: (1, inputs + 1), a single affine unit after them, the constant last.
        scale: ``target * scale`` are integers, exactly, unless it is 0.
    """

    layers: tuple[DownstreamLayer, ...]
    target: Floats
    scale: float


class CutRequest(NamedTuple):
    """Cells, the layer that cuts them, and what to do.

    Attributes:
        cells: P cells, the parents.
        state: (P, n) of the neurons: off, on, open.
        rows: (P, d + 1, n) the neurons as rows over (1, x), a column each.
        row_error: (P,); entries of column j of parent p are off by at most ``row_sums[j] * row_error[p]``.
        row_sums: (n,) see ``row_error``.
        same: (n,) neurons whose rows are multiples of each other have the same number.
        scale: where ``row_error`` is 0, ``rows * scale`` are integers, exactly, unless it is 0.
        first_id: the first neuron's id as a hyperplane; the others follow.
        ids: number of ids of all hyperplanes.
        signs: returns exact signs; called where floats and integers do not decide.
        limit: number of finished cells after which the call stops.
        seconds: CPU seconds after which the call stops, once it has made a cut: in many dimensions a single cell takes long.
        keep_above: whether to drop cells on which a neuron is off.
        leaves: whether finished cells are leaves, of which only ``tight`` is returned, no numbers.
        downstream: what cells are pruned by, or None.
    """

    cells: Cells
    state: States
    rows: Floats
    row_error: Floats
    row_sums: Floats
    same: Ids
    scale: float
    first_id: int
    ids: int
    signs: Signs
    limit: int
    seconds: float = math.inf
    keep_above: bool = False
    leaves: bool = False
    downstream: Downstream | None = None


class CutResult(TypedDict):
    """The result of a request.

    Attributes:
        finished: cells on which all neurons are settled, the arrays of ``RESULT`` as bytes.
        rest: in the same form, cells of the last parent that limit or time left open; to be visited after the finished ones.
        parents: number of parents that were cut; the others are to be visited after the rest.
        counts: counts of what was done, by the names of ``arrangement.Stats``.
    """

    finished: dict[str, bytes]
    rest: dict[str, bytes]
    parents: int
    counts: dict[str, int]


class CutCells(NamedTuple):
    """Cells that a kernel returned.

    Attributes:
        cells: P cells.
        state: (P, n) of the neurons.
        parent: (P,) the parent of which each is a part.
        verdict: (P,) whether the target is positive somewhere; not known before the last layer.
    """

    cells: Cells
    state: States
    parent: Integers
    verdict: States

    @classmethod
    def read(cls, written: dict[str, bytes], dim: int, units: int) -> CutCells:
        """Read ``finished`` or ``rest``."""
        sizes = {"d": dim, "d+1": dim + 1, "n": units}
        arrays: dict[str, Any] = {}
        for array, axis in _LAST_AXES:
            flat = np.frombuffer(written[array.name], array.dtype)
            arrays[array.name] = flat.reshape(-1, sizes[axis]) if axis else flat
        own = {name: arrays.pop(name) for name in ("state", "parent", "verdict")}
        return cls(Cells(**arrays), **own)
