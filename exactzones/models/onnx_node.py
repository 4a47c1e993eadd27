"""One use of an ONNX operator: its operands and attributes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from exactzones.errors import FormatError
from exactzones.models.onnx_tensors import Array, Shape
from exactzones.models.tensors import Tensor

Operand: TypeAlias = Tensor | Array


@dataclass(frozen=True, slots=True)
class Node:
    """One use of an operator.

    Attributes:
        operands: None where an optional one is left out.
        attributes: with defaults for those that are not given.
        name: what messages call it.
        outputs: how many there are.
    """

    operands: tuple[Operand | None, ...]
    attributes: dict[str, Any]
    name: str
    outputs: int

    def tensor(self, place: int = 0) -> Tensor:
        """Return an operand that depends on the input."""
        operand = self.operands[place]
        if not isinstance(operand, Tensor):
            raise FormatError("all its inputs are constants; let the exporter fold constants")
        return operand

    def constant(self, place: int) -> Array | None:
        """Return an operand that must be a constant, or None."""
        operand = self.operands[place] if place < len(self.operands) else None
        if isinstance(operand, Tensor):
            raise FormatError(f"input {place} must be a constant; as it is, it depends on the network's input")
        return operand

    def integers(self, place: int, attribute: str = "") -> list[int] | None:
        """Return a list of integers from an operand, or in older models from an attribute; None if there is none."""
        given = self.constant(place)
        if given is None:
            return list(self.attributes.get(attribute) or ()) or None
        if given.dtype.kind != "i" or given.ndim > 1:
            raise FormatError(f"input {place} is no list of integers")
        return [int(entry) for entry in given.ravel()]

    def moved(self, move: Callable[[Array], Array]) -> Operand:
        """Apply a function that moves numbers to the first operand, constant or not."""
        operand = self.operands[0]
        if operand is None:
            raise FormatError("its first input is left out")
        try:
            return operand.moved(move) if isinstance(operand, Tensor) else move(operand)
        except (ValueError, IndexError) as error:  # NumPy's
            raise FormatError(f"it does not fit shape {operand.shape}: {error}") from None

    @property
    def shape(self) -> Shape:
        """The first operand's shape."""
        operand = self.operands[0]
        return () if operand is None else tuple(operand.shape)


def given(operand: Operand | None) -> Operand:
    """Return an operand that must be there."""
    if operand is None:
        raise FormatError("an input is left out")
    return operand


def array(operand: Operand | None) -> Array:
    """Return an operand that must be a constant."""
    if operand is None or isinstance(operand, Tensor):
        raise FormatError("constants are expected")
    return operand


def axes_of(axes: list[int], rank: int) -> list[int]:
    """Return axes, counted from the front, in order."""
    found = sorted({axis + rank if axis < 0 else axis for axis in axes})
    if len(found) != len(axes) or (found and not 0 <= found[0] <= found[-1] < rank):
        raise FormatError(f"axes {axes} do not fit {rank} axes")
    return found
