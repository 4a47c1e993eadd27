"""One cell of a network in floats: its neurons and conditions as affine functions of the input, and bounds by multipliers.

Nothing in this module is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from exactzones.certification.witness.float_network import FloatNetwork
from exactzones.property import Property
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float

Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


class FloatQuestion(NamedTuple):
    """A conjunction of conditions on the pre-activations of one layer, in floats.

    Attributes:
        network: the network.
        layer: the layer that the conditions read.
        rows: shape (conditions, units of the layer).
        constants: shape (conditions,).
    """

    network: FloatNetwork
    layer: int
    rows: Floats
    constants: Floats

    @classmethod
    def of(cls, network: FloatNetwork, prop: Property) -> FloatQuestion | None:
        """Return a resolved property; None if its conditions read several layers, or values after a ReLU."""
        layers = {condition.layer for condition in prop.conditions}
        if len(layers) != 1 or any(condition.after_relu for condition in prop.conditions):
            return None
        (layer,) = layers
        rows = np.zeros((len(prop.conditions), len(network.biases[layer])))
        for row, condition in zip(rows, prop.conditions, strict=True):
            for unit, coefficient in condition.terms:
                row[unit] += clipped_float(coefficient)
        return cls(network, layer, rows, np.array([clipped_float(condition.constant) for condition in prop.conditions]))


@dataclass(frozen=True, eq=False)
class FloatCell:
    """The cell of an activation pattern.

    Attributes:
        question: the network and the conditions.
        on: for each layer before the conditions' one which units pass their values on.
    """

    question: FloatQuestion
    on: tuple[Flags, ...]

    @classmethod
    def at(cls, question: FloatQuestion, point: Floats) -> FloatCell:
        """Return the cell that contains a point of shape (inputs,)."""
        network, trace = question.network, question.network.trace(point[None], question.layer)
        return cls(question, tuple((z[0] > 0) | ~mask for z, mask in zip(trace[:-1], network.masks, strict=False)))

    @property
    def units(self) -> list[tuple[int, int]]:
        """(layer, unit) of the neurons, in the order of ``rows``."""
        masks = self.question.network.masks[: self.question.layer]
        return [(k, unit) for k, mask in enumerate(masks) for unit in np.flatnonzero(mask).tolist()]

    @cached_property
    def rows(self) -> tuple[Floats, Floats]:
        """``b + a . x`` that are >= 0 on the cell, shape (neurons, 1 + inputs), and the conditions, (conditions, 1 + inputs)."""
        question, network, found = self.question, self.question.network, []
        values: Floats | None = None
        for k, on in enumerate(self.on):
            maps = _affine(network.weights[k], network.biases[k], values)
            mask = network.masks[k]
            found.append(np.where(on[mask], 1.0, -1.0)[:, None] * maps[mask])
            values = maps * on[:, None]
        top = _affine(network.weights[question.layer], network.biases[question.layer], values)
        conditions = question.rows @ top
        conditions[:, 0] += question.constants
        inputs = network.weights[0].shape[1]
        return np.concatenate(found) if found else np.zeros((0, 1 + inputs)), conditions

    def turned(self, layer: int, unit: int) -> FloatCell:
        """Return the cell of the pattern with one sign reversed."""
        on = [part.copy() for part in self.on]
        on[layer][unit] ^= True
        return FloatCell(self.question, tuple(on))

    def coefficients(self, shares: Floats, multipliers: Floats) -> list[tuple[Floats, Floats]]:
        """Return for each layer the coefficients of its activations and of its pre-activations in a linear upper bound.

        The bound is that of a combination of conditions; on the cell, multiples of the neurons' rows are added to it.

        Args:
            shares: of the conditions.
            multipliers: of the neurons' rows, >= 0.
        """
        question, network, found = self.question, self.question.network, []
        before = shares @ question.rows
        end = len(multipliers)
        for k in range(question.layer - 1, -1, -1):
            after = before @ network.weights[k + 1]
            before = np.where(self.on[k], after, 0.0)
            mask = network.masks[k]
            start = end - int(mask.sum())
            before[mask] += np.where(self.on[k][mask], 1.0, -1.0) * multipliers[start:end]
            found.append((after, before))
            end = start
        return found[::-1]


def _affine(weight: Floats, bias: Floats, values: Floats | None) -> Floats:
    """Return ``weight . values + bias`` as rows (b, a); without values those of the input."""
    if values is None:
        return np.concatenate([bias[:, None], weight], axis=1)
    product: Floats = weight @ values
    product[:, 0] += bias
    return product
