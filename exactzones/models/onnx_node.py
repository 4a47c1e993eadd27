"""A node of an ONNX graph as its operator sees it: operands and attributes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.models.arrays import Array, Shape
from exactzones.models.folding import lifted
from exactzones.models.steps import Operand, Steppable, Stepped, settled
from exactzones.models.tensors import Tensor

__all__ = ["OnnxNode", "Operand", "Steppable", "axes_from_front"]


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One use of an operator.

    Attributes:
        operands: in order; None for an optional one that is left out.
        attributes: by name; those that the file leaves out have their defaults.
        name: of the node, for messages and records.
        outputs: names of the outputs, empty for those that are left out.
        origin: NumPy type of the first operand if that is a constant; if it is computed exactly, its type in the model.
    """

    operands: tuple[Steppable | None, ...]
    attributes: dict[str, Any]
    name: str
    outputs: tuple[str, ...]
    origin: np.dtype[Any] | None = None

    @property
    def shape(self) -> Shape:
        """The first operand's shape."""
        operand = self.operands[0]
        return () if operand is None else tuple(operand.shape)

    def operand(self, place: int = 0) -> Operand:
        """Return an operand, which may be of either kind.

        Raises:
            FormatError: it is left out, or has steps.
        """
        return settled(self.steppable(place))

    def steppable(self, place: int = 0) -> Steppable:
        """Return an operand, which may have steps.

        Raises:
            FormatError: it is left out.
        """
        operand = self.operands[place]
        if operand is None:
            raise FormatError(f"its input {place} is left out; a name is expected")
        return operand

    def tensor(self, place: int = 0) -> Tensor:
        """Return an operand as a tensor; a constant is one of a graph of its own, see ``folding``.

        Raises:
            FormatError: it is left out.
        """
        operand = self.operand(place)
        return operand if isinstance(operand, Tensor) else lifted(operand)

    def constant(self, place: int) -> Array | None:
        """Return an operand that must be a constant, or None if it is left out.

        Raises:
            FormatError: it depends on the network's input.
        """
        operand = self.operands[place] if place < len(self.operands) else None
        if isinstance(operand, (Tensor, Stepped)):
            raise FormatError(f"its input {place} depends on the network's input; a constant is expected")
        return operand

    def array(self, place: int) -> Array:
        """Return an operand that must be a constant and must not be left out.

        Raises:
            FormatError: it depends on the network's input, or is left out.
        """
        array = self.constant(place)
        if array is None:
            raise FormatError(f"its input {place} is left out; a constant is expected")
        return array

    def integers(self, place: int, attribute: str = "") -> list[int] | None:
        """Return a list of integers, which is an operand or, in older models, an attribute; None if it is left out.

        Raises:
            FormatError: the operand is not such a list.
        """
        constant = self.constant(place)
        if constant is None:
            return list(self.attributes.get(attribute) or ()) or None
        if constant.dtype.kind != "i" or constant.ndim > 1:
            raise FormatError(
                f"its input {place} has type {constant.dtype} and shape {constant.shape}; a list of integers is expected"
            )
        return [int(entry) for entry in constant.ravel()]

    def moved(self, move: Callable[[Array], Array]) -> Steppable:
        """Return the first operand, constant or not, with its entries moved as ``move`` does with those of an array.

        Raises:
            FormatError: ``move`` does not fit the operand's shape.
        """
        return self._applied(lambda operand: _moved(operand, move))

    def reshaped(self, shape: Shape) -> Steppable:
        """Return the first operand, constant or not, in another shape of the same size."""
        return self._applied(lambda operand: operand.reshaped(shape) if isinstance(operand, Tensor) else operand.reshape(shape))

    def _applied(self, function: Callable[[Operand], Operand]) -> Steppable:
        operand = self.steppable()
        return operand.moved(function) if isinstance(operand, Stepped) else function(operand)


def _moved(operand: Operand, move: Callable[[Array], Array]) -> Operand:
    try:
        if not isinstance(operand, Tensor):
            return move(operand)
        shape = np.asarray(move(operand.index)).shape
        return operand.moved(move) if math.prod(shape) else np.zeros(shape)
    except (ValueError, IndexError) as error:  # NumPy's
        raise FormatError(f"it does not fit shape {operand.shape}: {error}") from None


def axes_from_front(axes: list[int], rank: int) -> list[int]:
    """Return axes counted from the front, in order.

    Raises:
        FormatError: an axis does not exist among ``rank``, or two are the same.
    """
    ordered = sorted({axis + rank if axis < 0 else axis for axis in axes})
    if len(ordered) != len(axes) or (ordered and not 0 <= ordered[0] <= ordered[-1] < rank):
        raise FormatError(f"its axes are {axes}; different numbers from {-rank} to {rank - 1} are expected")
    return ordered
