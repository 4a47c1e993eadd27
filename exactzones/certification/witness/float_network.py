"""A network and properties in floats, evaluated at many points at once, for guesses and never for proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exactzones.certification.witness.float_map import FloatMap, FloatType, clipped_to
from exactzones.network import Network
from exactzones.property import Property
from exactzones.rational.arrays import Floats
from exactzones.rational.floats import clipped_float, float_vector


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """The layers of a network in floats.

    Attributes:
        maps: per layer, of shape (outputs, inputs).
        biases: per layer, shape (outputs,).
        masks: per layer, shape (outputs,); which units have a ReLU.
    """

    maps: tuple[FloatMap, ...]
    biases: tuple[Floats, ...]
    masks: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(cls, network: Network, dtype: FloatType = np.float64) -> FloatNetwork:
        """Return a network with its weights rounded to floats."""
        return cls(
            tuple(FloatMap(layer.weight, dtype) for layer in network.layers),
            tuple(clipped_to(float_vector(layer.bias, clipped_float), dtype) for layer in network.layers),
            tuple(np.array(layer.relu, dtype=np.bool_) for layer in network.layers),
        )

    @property
    def dtype(self) -> FloatType:
        """The floats in which it calculates."""
        return self.maps[0].dtype

    @cached_property
    def weights(self) -> tuple[Floats, ...]:
        """The matrices of all layers, dense."""
        return tuple(each.dense for each in self.maps)

    def activate(self, layer: int, values: Floats) -> Floats:
        """Apply the ReLU of a layer to pre-activations of shape (points, outputs)."""
        return np.where((values > 0) | ~self.masks[layer], values, 0.0)

    def trace(self, points: Floats, last: int | None = None) -> list[Floats]:
        """Return the pre-activations of the layers up to ``last`` (by default all).

        Args:
            points: shape (points, inputs).
            last: a layer, counted from 0.

        Returns:
            For each layer an array of shape (points, outputs); infinities and NaN where numbers are too large.
        """
        trace: list[Floats] = []
        values = points.astype(self.dtype, copy=False)
        end = len(self.maps) if last is None else last + 1
        with np.errstate(all="ignore"):
            for k in range(end):
                trace.append(self.maps[k](values) + self.biases[k])
                values = self.activate(k, trace[-1]) if k + 1 < end else values
        return trace

    def pull(self, trace: Sequence[Floats], seeds: Sequence[Floats | None], leak: Floats | float = 0.0) -> Floats:
        """Return the gradients at the inputs of ``sum over layers of seed . pre-activation``.

        Args:
            trace: as ``trace`` returned it.
            seeds: for each layer of the trace an array of shape (points, outputs), or None for zero.
            leak: the slope that is assumed for units that are off, a number or shape (points, 1).  Zero gives the gradient;
                larger slopes also show the way to points at which such units are on.

        Returns:
            Shape (points, inputs).
        """
        gradient: Floats | None = None
        leak = np.asarray(leak, self.dtype)
        with np.errstate(all="ignore"):
            for k in range(len(trace) - 1, -1, -1):
                if gradient is not None:
                    gradient = np.where((trace[k] > 0) | ~self.masks[k], gradient, leak * gradient)
                seed = seeds[k]
                if seed is not None:
                    seed = seed.astype(self.dtype, copy=False)
                    gradient = seed if gradient is None else gradient + seed
                if gradient is not None:
                    gradient = self.maps[k].pull(gradient)
        if gradient is None:
            return np.zeros((len(trace[0]), self.maps[0].matrix.shape[1]))
        return gradient


class Slacks:
    """The slacks of a property's conditions in floats: it holds where all are positive (nonnegative if not strict).

    Attributes:
        horizon: the last layer that a condition reads.
        strict: which conditions are strict, shape (conditions,).
    """

    def __init__(self, network: FloatNetwork, prop: Property) -> None:
        """Prepare a property whose layers are counted from 0 (``Property.resolve``)."""
        self._network = network
        self._groups: list[tuple[int, bool, NDArray[np.intp], Floats]] = []
        self._constants = float_vector([condition.constant for condition in prop.conditions], clipped_float)
        self.strict = np.array([condition.strict for condition in prop.conditions], dtype=np.bool_)
        self.horizon = max((condition.layer for condition in prop.conditions), default=0)
        for layer, after in sorted({(condition.layer, condition.after_relu) for condition in prop.conditions}):
            members = [k for k, c in enumerate(prop.conditions) if (c.layer, c.after_relu) == (layer, after)]
            rows = np.zeros((len(members), len(network.biases[layer])))
            for row, k in zip(rows, members, strict=True):
                for unit, coefficient in prop.conditions[k].terms:
                    row[unit] += clipped_float(coefficient)
            self._groups.append((layer, after, np.array(members), rows))

    def trace(self, points: Floats) -> list[Floats]:
        """Return the pre-activations of the layers up to the last one that a condition reads."""
        return self._network.trace(points, self.horizon)

    def values(self, trace: Sequence[Floats]) -> Floats:
        """Return the slacks, shape (points, conditions); minus infinity where a number is too large."""
        values = np.empty((len(trace[0]), len(self._constants)))
        with np.errstate(all="ignore"):
            for layer, after, members, rows in self._groups:
                units = self._network.activate(layer, trace[layer]) if after else trace[layer]
                values[:, members] = units @ rows.T + self._constants[members]
        return np.where(np.isfinite(values), values, -np.inf)

    def gradients(self, trace: Sequence[Floats], weights: Floats, leak: Floats | float = 0.0) -> Floats:
        """Return the gradients at the inputs of a weighted sum of the slacks.

        Args:
            trace: as ``trace`` returned it.
            weights: shape (points, conditions).
            leak: as in ``FloatNetwork.pull``.

        Returns:
            Shape (points, inputs); zero where a number is too large.
        """
        seeds: list[Floats | None] = [None] * len(trace)
        for layer, after, members, rows in self._groups:
            seed = weights[:, members] @ rows
            if after:
                seed = np.where((trace[layer] > 0) | ~self._network.masks[layer], seed, leak * seed)
            before = seeds[layer]
            seeds[layer] = seed if before is None else before + seed
        return np.nan_to_num(self._network.pull(trace, seeds, leak), nan=0.0, posinf=0.0, neginf=0.0)
