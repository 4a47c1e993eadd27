"""Leaves of a box search: dual variables with as few bits as still prove them, for the certificate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exactzones.certification.provers.base import SHARE_BITS, UNKNOWN
from exactzones.certification.provers.dual import BoxBatch, DualVariables
from exactzones.checker.arithmetic import Array
from exactzones.checker.bounds import ALPHA_BITS

BITS = 0, 2, ALPHA_BITS
"""Bits of alphas; a leaf has the first with which it is proved."""
_BETA_BITS = 7  # of the largest beta of a leaf, where alphas have few bits
_NEAR = 1e-9


@dataclass
class Refuted:
    """Why the conditions cannot hold on a region.

    Attributes:
        variables: one row, rounded as they will be written.
        sloped: the units whose alphas are written: open ones with positive coefficients, if the checker would take other slopes.
        side: the sides of split units.
        units: the numbers of the units among all hidden units.
    """

    variables: DualVariables
    sloped: Array
    side: Array
    units: Array


def usual_slopes(boxes: BoxBatch) -> Array:
    """Return the lower slopes that the checker takes unless a hint says otherwise: 0 or 1, -1 where floats cannot tell."""
    middle, width = boxes.low + boxes.high, boxes.high - boxes.low
    slopes: Array = np.where(middle > 0, 1.0, 0.0)
    slopes[(np.abs(middle) < _NEAR * width) | (boxes.low <= -UNKNOWN) | (boxes.high >= UNKNOWN)] = -1
    return slopes


def as_written(variables: DualVariables, usual: Array, bits: int) -> DualVariables:
    """Return the variables as they may be written: alphas with so many bits; with few of them betas have few, too."""
    alpha, beta, mu, rows = variables.arrays()
    alpha, mu = np.round(alpha * (1 << bits)) / (1 << bits), np.round(mu * (1 << SHARE_BITS)) / (1 << SHARE_BITS)
    if bits < ALPHA_BITS:
        alpha = np.where((np.abs(alpha - usual) <= 0.5) & (usual >= 0), usual, alpha)
        step = np.exp2(np.ceil(np.log2(beta.max(1, initial=_NEAR, keepdims=True))) - _BETA_BITS)
        beta = np.round(beta / step) * step
    return DualVariables(alpha, beta, mu, rows)
