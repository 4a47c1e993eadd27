"""Sums as C computes them."""

from __future__ import annotations

import numpy as np

from exactzones.engine.frontier import Floats


def in_order(terms: Floats, axis: int = 0) -> Floats:
    """Return sums along an axis, the terms added one after the other; ``np.sum`` adds pairwise, which rounds differently."""
    sums: Floats = np.add.accumulate(terms, axis=axis)[(slice(None),) * axis + (-1,)]
    return sums


def sizes(point: Floats) -> tuple[float, float]:
    """Return the largest and the sum of the absolute values of a generator's entries."""
    absolute = np.abs(point)
    return float(np.fmax.reduce(absolute, initial=0.0)), float(in_order(absolute))
