"""Networks modulo primes: exact statements about integers at the speed of floats.

Residues are stored as floats.  Primes are so small that every sum of products is an integer below 2**53, hence exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.frontier import Floats
from exactzones.network import Layer

_BATCH = 1 << 21  # numbers in one batch


class UnluckyPrimeError(Exception):
    """A non-zero number is zero modulo the prime, so the question must be answered in another way."""


class Modulus:
    """A prime, and layers modulo that prime.

    Args:
        layers: the layers.
        below: an upper bound of the prime, exclusive.

    Attributes:
        prime: the largest prime for which sums of products are exact, for as many terms as these layers have, and that divides no
            denominator of the layers.
        weights: per layer (units, inputs + 1) residues, the bias last.
    """

    def __init__(self, layers: Sequence[Layer], below: int | None = None) -> None:
        terms = max(layer.inputs for layer in layers) + 2
        denominators = {entry.denominator for layer in layers for row in (*layer.weight.rows, layer.bias) for entry in row}
        # A residue is at most about half of the prime; half of the range of exact integers is left for rounding.
        bound = min(int(2**27 / terms**0.5), below or 2**27)
        self.prime = next(p for p in _primes_below(bound) if all(d % p for d in denominators))
        inverse = {d: pow(d, -1, self.prime) for d in denominators}
        self.weights = [self._residues(layer, inverse) for layer in layers]

    def _residues(self, layer: Layer, inverse: dict[int, int]) -> Floats:
        rows = zip(layer.weight.rows, layer.bias, strict=True)
        residues = [[entry.numerator * inverse[entry.denominator] % self.prime for entry in (*row, b)] for row, b in rows]
        return self.reduced(np.array(residues, float))

    def reduced(self, values: Floats) -> Floats:
        """Return integers below 2**53 modulo the prime, with absolute values of at most about half of it."""
        shifted: Floats = values - self.prime * np.rint(values / self.prime)
        return shifted


def _primes_below(bound: int) -> Iterator[int]:
    for number in range(bound - 1, 2, -1):
        if number % 2 and all(number % factor for factor in range(3, int(number**0.5) + 1, 2)):
            yield number


class Coordinates(Modulus):
    """An arrangement's rows modulo a prime, in random coordinates.

    With (x_0, x) = Q y the row r becomes r Q.  The matrix Q is invertible modulo the prime, so ranks are the same.  It is random,
    so that pivots rarely vanish.

    Attributes:
        inputs: (d + 1, d + 1) the rows of the network's inputs and of the constant 1, as columns.
        fixed: the rows of infinity and of the domain.
    """

    def __init__(self, arrangement: Arrangement) -> None:
        super().__init__(arrangement.layers)
        width = arrangement.dim + 1
        random = np.random.default_rng(0).integers(1, self.prime, (2, width, width)).astype(float)
        lower, upper = np.tril(random[0], -1) + np.eye(width), np.triu(random[1], 1) + np.eye(width)
        transposed = self.reduced(self.reduced(lower) @ self.reduced(upper))
        self.inputs = np.roll(transposed, -1, axis=1)
        fixed = [[1, *[0] * arrangement.dim], *([entry % self.prime for entry in row] for row in arrangement.domain)]
        self.fixed = self.reduced(self.reduced(np.array(fixed, float)) @ transposed.T)

    def eliminated(self, rows: Floats) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Solve homogeneous systems by elimination, without pivoting because the coordinates are random.

        Args:
            rows: (G, d, d + 1).

        Returns:
            (G, d + 1) solutions, and (G,) whether it is certain that a system's rows are independent.
        """
        dim = rows.shape[1]
        rows = rows.copy()
        for k in range(dim):
            pivot = rows[:, k, k, None]
            for i in range(dim):
                if i != k:
                    rows[:, i] = self.reduced(pivot * rows[:, i] - rows[:, i, k, None] * rows[:, k])
        diagonal = rows[:, range(dim), range(dim)]
        solutions = np.concatenate([-rows[:, :, dim], np.ones((len(rows), 1))], axis=1)
        for k in range(dim):
            for i in range(dim + 1):
                if i != k:
                    solutions[:, i] = self.reduced(solutions[:, i] * diagonal[:, k])
        return solutions, (diagonal != 0).all(axis=1)
