"""One layer of a ReLU network: an affine map, then a ReLU on some of its units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from exactzones.affine import AffineMap
from exactzones.errors import DimensionError, InputError, quoted
from exactzones.rational import Matrix, Quadratic, Vector, algebraic, entries, flag, text
from exactzones.roundings import Roundings, UnknownRoundings

_SMALL = 1 << 14  # weights up to which all units are evaluated at once


@dataclass(frozen=True)
class Layer:
    """One affine map followed by a ReLU on some of its units.

    Attributes:
        weight: shape (outputs, inputs).
        bias: shape (outputs,).
        relu: shape (outputs,); which units carry a ReLU, the others are linear lanes.
        roundings: how floats compute it; None if it is a single operation ``weight x + bias`` (see ``as_computed``).
    """

    weight: Matrix
    bias: Vector
    relu: tuple[bool, ...]
    roundings: Roundings | UnknownRoundings | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.weight, Matrix):
            raise InputError(f"layer weight is {quoted(self.weight)}; write Layer.of(weight, bias, relu=True)")
        if len(self.bias) != self.outputs:
            raise DimensionError("bias", expected=self.outputs, got=len(self.bias))
        if len(self.relu) != self.outputs:
            raise DimensionError("ReLU mask", expected=self.outputs, got=len(self.relu))

    @classmethod
    def of(cls, weight: Any, bias: Any = None, *, relu: bool | Sequence[bool] = True, what: str = "layer") -> Layer:
        """Build a layer from exact numbers or float arrays.

        Args:
            weight: shape (outputs, inputs); ints, floats, sympy numbers, strings such as "1/3", "0.1" or "1/2+sqrt(3)", ..
            bias: shape (outputs,); zero by default.
            relu: one truth value for all units, or one per unit.
            what: how an error message names the layer.

        Raises:
            InexactError: an entry is not a finite number that is rational or of a field Q(sqrt(D)).
            InputError: shapes that do not fit.
        """
        matrix = Matrix.of(weight, f"{what} weight")
        height = matrix.shape[0]
        if height == 0 or matrix.shape[1] == 0:
            raise InputError(f"{what} weight has shape {matrix.shape}; at least one output and one input are needed")
        if isinstance(bias, np.ndarray) and bias.ndim != 1:
            raise InputError(f"{what} bias has shape {bias.shape}; one entry per output is expected")
        listed = [0] * height if bias is None else entries(bias, f"{what} bias", f"a sequence of {height} numbers")
        offsets = tuple(algebraic(entry, f"{what} bias[{k}]") for k, entry in enumerate(listed))
        if len(offsets) != height:
            raise DimensionError(f"{what} bias", expected=height, got=len(offsets))
        if isinstance(relu, (bool, np.bool_)):
            return cls(matrix, offsets, (bool(relu),) * height)
        units = entries(relu, f"{what} relu", "True, False, or one of them per unit")
        return cls(matrix, offsets, tuple(flag(unit, f"{what} relu[{k}]") for k, unit in enumerate(units)))

    def __repr__(self) -> str:
        return f"Layer({self.inputs}-{self.outputs}, {len(self.relu_units)} ReLU units)"

    @property
    def inputs(self) -> int:
        """Number of values it takes."""
        return self.weight.shape[1]

    @property
    def outputs(self) -> int:
        """Number of units."""
        return self.weight.shape[0]

    @cached_property
    def as_computed(self) -> Roundings | UnknownRoundings:
        """How floats compute it."""
        return Roundings.of(self.weight, self.bias) if self.roundings is None else self.roundings

    @property
    def affine(self) -> AffineMap:
        """The map from the layer's input to its pre-activations."""
        return AffineMap(self.weight, self.bias)

    @cached_property
    def relu_units(self) -> tuple[int, ...]:
        """Indices of the units that carry a ReLU, in order."""
        return tuple(k for k, has_relu in enumerate(self.relu) if has_relu)

    @cached_property
    def irrationals(self) -> tuple[Quadratic, ...]:
        """The weights and biases that are irrational."""
        rows: Sequence[Sequence[Any]] = () if self.weight.is_rational else self.weight.rows
        return tuple(number for row in (*rows, self.bias) for number in row if isinstance(number, Quadratic))

    def activate(self, values: Vector) -> Vector:
        """Apply the ReLU to pre-activations of shape (outputs,)."""
        return tuple(max(v, Fraction(0)) if has_relu else v for v, has_relu in zip(values, self.relu, strict=True))

    def values_of(self, units: Iterable[int], values: Vector) -> dict[int, Fraction]:
        """Return the pre-activations of some units, where the layer's inputs have these values."""
        chosen = sorted(units)
        if 4 * len(chosen) > self.outputs or self.outputs * self.inputs < _SMALL:
            return dict(enumerate(self.affine(values)))
        products = self.weight.take(chosen) @ values
        return {unit: product + self.bias[unit] for unit, product in zip(chosen, products, strict=True)}

    def lines(self) -> Iterator[str]:
        """Yield the layer as text, see ``Network.canonical_text``: each line with its line break."""
        yield f"{self.outputs} {self.inputs} {''.join('r' if unit else 'l' for unit in self.relu)}\n"
        for row, b in zip(self.weight.lines(), self.bias, strict=True):
            yield f"{row} | {text(b)}\n"

    def signs(self, values: Vector) -> str:
        """Return the activation pattern of these pre-activations: a pre-activation of zero counts as off."""
        return "".join("+" if values[unit] > 0 else "-" for unit in self.relu_units)

    def kept(self, signs: str) -> tuple[bool, ...]:
        """Tell which units pass their value on in the regime with these signs (linear lanes always do)."""
        if len(signs) != len(self.relu_units):
            raise DimensionError("activation pattern of a layer", expected=len(self.relu_units), got=len(signs))
        unknown = next((sign for sign in signs if sign not in "+-"), None)
        if unknown is not None:
            raise InputError(f"activation pattern contains {unknown!r}; expected only + and -")
        kept = [True] * self.outputs
        for unit, sign in zip(self.relu_units, signs, strict=True):
            kept[unit] = sign == "+"
        return tuple(kept)
