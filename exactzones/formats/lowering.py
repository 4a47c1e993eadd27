"""From a chain of affine maps, shifts and ReLUs, as other tools write networks, to layers.

Shifts fold exactly into the layer they touch; two affine maps in a row stay two layers, because what lies between
them is a latent space.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.errors import DimensionError, InputError
from exactzones.formats.files import MAX_WEIGHTS
from exactzones.network import Layer, Network
from exactzones.rational import Matrix, Vector, exact

_MAX_INPUTS = 1_000_000


class Lowering:
    """A network under construction, one operation after the other.

    >>> chain = Lowering(2)
    >>> chain.shift(exact_entries(np.array([-1, 0])))
    >>> chain.affine(Matrix.of([[1, 2]]))
    >>> chain.relu()
    >>> net = chain.network()
    >>> net.layers[0].bias, net.layers[0].relu
    ((Fraction(-1, 1),), (True,))
    """

    def __init__(self, inputs: int) -> None:
        """Start with the input space.

        Raises:
            InputError: no inputs, or more than can be handled.
        """
        if not 1 <= inputs <= _MAX_INPUTS:
            raise InputError(f"the network takes {inputs} inputs; 1 to {_MAX_INPUTS} can be handled")
        self._layers: list[Layer] = []
        self._weights = 0
        self._open(inputs)

    def _open(self, width: int) -> None:
        """Start a new layer on ``width`` values; until it gets a weight it is ``x -> sign * x + offset``."""
        self.width = width
        self._weight: Matrix | None = None
        self._sign = 1
        self._offset: Vector = (Fraction(0),) * width

    def affine(self, weight: Matrix, bias: Vector | None = None) -> None:
        """Append ``x -> weight x + bias``; an affine map that is already open becomes a layer without ReLU.

        Args:
            weight: shape (outputs, width).
            bias: shape (outputs,); zero by default.

        Raises:
            InputError: shapes that do not fit, or more weights than can be held.
        """
        outputs, inputs = weight.shape
        if inputs != self.width:
            raise DimensionError("a row of the weight matrix", expected=self.width, got=inputs)
        if bias is not None and len(bias) != outputs:
            raise DimensionError("bias", expected=outputs, got=len(bias))
        self._count(outputs * inputs)
        if self._weight is not None:
            self._close(relu=False)
        offset = weight @ self._offset if any(self._offset) else (Fraction(0),) * outputs
        self._offset = offset if bias is None else tuple(map(Fraction.__add__, offset, bias))
        self._weight = weight if self._sign == 1 else scaled(weight, -1)
        self.width = outputs

    def shift(self, by: Vector) -> None:
        """Append ``x -> x + by``; ``by`` has shape (width,)."""
        if len(by) != self.width:
            raise DimensionError("the vector added", expected=self.width, got=len(by))
        self._offset = tuple(map(Fraction.__add__, self._offset, by))

    def negate(self) -> None:
        """Append ``x -> -x``."""
        if self._weight is None:
            self._sign = -self._sign
        else:
            self._weight = scaled(self._weight, -1)
        self._offset = tuple(-entry for entry in self._offset)

    def relu(self) -> None:
        """Append a ReLU; one right after another changes nothing."""
        if not (self._layers and self._is_identity()):
            self._close(relu=True)

    def network(self) -> Network:
        """Return the network; whatever is still open is its last layer, without ReLU."""
        if not (self._layers and self._is_identity()):
            self._close(relu=False)
        return Network(tuple(self._layers))

    def _is_identity(self) -> bool:
        return self._weight is None and self._sign == 1 and not any(self._offset)

    def _close(self, *, relu: bool) -> None:
        if self._weight is None:
            self._count(self.width**2)
            self._weight = scaled(Matrix.identity(self.width), self._sign)
        self._layers.append(Layer.of(self._weight, self._offset, relu=relu))
        self._open(self.width)

    def _count(self, weights: int) -> None:
        self._weights += weights
        if self._weights > MAX_WEIGHTS:
            raise InputError(f"the network has {self._weights} weights or more; at most {MAX_WEIGHTS} are held")


def scaled(matrix: Matrix, factor: Fraction | int) -> Matrix:
    """Return ``factor * matrix``."""
    return (
        matrix if factor == 1 else Matrix.of([[factor * entry for entry in row] for row in matrix.rows], columns=matrix.shape[1])
    )


def exact_entries(array: np.ndarray[Any, Any] | Sequence[Any], what: str = "vector") -> Vector:
    """Return the entries of an integer or float array of any shape, in row-major order, exactly.

    Raises:
        InexactError: NaN, infinity, or not a number.
    """
    return tuple(exact(entry, f"{what}[{k}]") for k, entry in enumerate(np.asarray(array).ravel()))
