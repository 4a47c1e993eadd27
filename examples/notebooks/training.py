"""What the notebooks train with: Adam in NumPy, and rounding, so that every machine gets the same network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Arrays = list[np.ndarray]


def adam(start: Arrays, gradients: Callable[[Arrays], Arrays], steps: int, rate: float = 0.01) -> Arrays:
    """Minimise a loss by Adam (Kingma and Ba 2015) with a rate that falls to zero over the second half.

    Args:
        start: the parameters to start from.
        gradients: from parameters to the loss's derivatives by each of them.
        steps: how many.
        rate: step size.
    """
    parameters = [np.array(p, dtype=float) for p in start]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for step in range(1, steps + 1):
        size = rate * min(1, 2 - 2 * step / steps)
        for k, gradient in enumerate(gradients(parameters)):
            means[k] = 0.9 * means[k] + 0.1 * gradient
            squares[k] = 0.999 * squares[k] + 0.001 * gradient**2
            along = means[k] / (1 - 0.9**step) / (np.sqrt(squares[k] / (1 - 0.999**step)) + 1e-8)
            parameters[k] = parameters[k] - size * along
    return parameters


def rounded(*arrays: np.ndarray) -> Arrays:
    """Round to multiples of 1/64: short exact numbers, and the last digits of a float computation do not matter."""
    return [np.round(array * 64) / 64 for array in arrays]
