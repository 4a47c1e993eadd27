"""Training for the notebooks: Adam in NumPy, and rounding, so that every machine gets the same network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Arrays = list[np.ndarray]


def adam(start: Arrays, gradients: Callable[[Arrays], Arrays], steps: int, rate: float = 0.01) -> Arrays:
    """Minimise a loss by Adam (Kingma and Ba 2015); the step size falls to zero over the second half of the steps.

    Args:
        start: the parameters to start from.
        gradients: maps parameters to the derivatives of the loss with respect to each of them.
        steps: number of steps.
        rate: step size.
    """
    parameters = [np.array(p, dtype=float) for p in start]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    for step in range(1, steps + 1):
        size = rate * min(1, 2 - 2 * step / steps)
        for k, gradient in enumerate(gradients(parameters)):
            means[k] = 0.9 * means[k] + 0.1 * gradient
            squares[k] = 0.999 * squares[k] + 0.001 * gradient**2
            direction = means[k] / (1 - 0.9**step) / (np.sqrt(squares[k] / (1 - 0.999**step)) + 1e-8)
            parameters[k] = parameters[k] - size * direction
    return parameters


def rounded(*arrays: np.ndarray) -> Arrays:
    """Round to multiples of 1/64, which are short exact numbers and do not depend on the rounding errors of training."""
    return [np.round(array * 64) / 64 for array in arrays]
