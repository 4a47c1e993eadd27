"""Training for the notebooks, in NumPy: Adam, three small models, and rounding, so that every machine gets the same network."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Arrays = list[np.ndarray]


class Autoencoder(NamedTuple):
    """A sparse autoencoder of the hidden layer of a classifier: its features are ``ReLU(encode @ hidden + offset)``.

    Attributes:
        encode: shape (features, hidden), rounded.
        offset: shape (features,), rounded.
        unexplained: the share of the hidden layer's variance that the decoder leaves unexplained.
    """

    encode: np.ndarray
    offset: np.ndarray
    unexplained: float


def relu(values: np.ndarray) -> np.ndarray:
    """Return the positive part."""
    return np.maximum(values, 0)


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


def sparse_inputs(rng: np.random.Generator, count: int, features: int) -> np.ndarray:
    """Draw inputs whose entries are 0 with probability 0.95, else uniform in [0, 1]."""
    return rng.random((count, features)) * (rng.random((count, features)) < 0.05)


def superposition(rng: np.random.Generator, features: int, hidden: int) -> Arrays:
    """Train the toy model of notebook 2, and return its weights (enc, up, c, down, d), rounded."""

    def gradients(parameters: Arrays) -> Arrays:
        """Return the derivatives of half the squared error on fresh inputs."""
        enc, up, c, down, d = parameters
        x = sparse_inputs(rng, 512, features)
        z = x @ enc.T
        r = relu(z @ up.T + c)
        y = relu(r @ down.T + d)
        by_y = (y - x) * (y > 0) / len(x)
        by_r = (by_y @ down) * (r > 0)
        return [(by_r @ up).T @ x, by_r.T @ z, by_r.sum(0), by_y.T @ r, by_y.sum(0)]

    start = [
        rng.normal(size=(2, features)) / 2,
        rng.normal(size=(hidden, 2)),
        np.zeros(hidden),
        rng.normal(size=(features, hidden)) / np.sqrt(hidden),
        np.zeros(features),
    ]
    return rounded(*adam(start, gradients, 4000))


def classifier(rng: np.random.Generator, x: np.ndarray, classes: np.ndarray) -> Arrays:
    """Train 12 hidden units to tell classes apart, and return (weight, bias, out, out_bias), rounded."""

    def gradients(parameters: Arrays) -> Arrays:
        """Return the derivatives of the cross-entropy."""
        weight, bias, out, out_bias = parameters
        hidden = relu(x @ weight.T + bias)
        scores = np.exp(hidden @ out.T + out_bias)
        by_score = (scores / scores.sum(1, keepdims=True) - np.eye(3)[classes]) / len(x)
        by_hidden = (by_score @ out) * (hidden > 0)
        return [by_hidden.T @ x, by_hidden.sum(0), by_score.T @ hidden, by_score.sum(0)]

    start = [rng.normal(size=(12, 4)) / 2, np.zeros(12), rng.normal(size=(3, 12)) / np.sqrt(12), np.zeros(3)]
    return rounded(*adam(start, gradients, 1500))


def autoencoder(rng: np.random.Generator, hidden: np.ndarray) -> Autoencoder:
    """Train a sparse autoencoder with 16 features on the values of 12 hidden units; its weights take these as they are."""
    mean, scale = hidden.mean(0), hidden.std()
    centred = (hidden - mean) / scale

    def gradients(parameters: Arrays) -> Arrays:
        """Return those of squared error plus 0.2 times the features' sum; of a decoder column only the direction counts."""
        encode, offset, decode = parameters
        length = np.linalg.norm(decode, axis=0)
        unit = decode / length
        code = relu(centred @ encode.T + offset)
        error = code @ unit.T - centred
        by_code = (2 * error @ unit + 0.2) * (code > 0) / len(hidden)
        by_unit = 2 * error.T @ code / len(hidden)
        return [by_code.T @ centred, by_code.sum(0), (by_unit - unit * (unit * by_unit).sum(0)) / length]

    decode = rng.normal(size=(12, 16))
    start = [decode.T / np.linalg.norm(decode.T, axis=1, keepdims=True), np.zeros(16), decode]
    encode, offset, decode = adam(start, gradients, 2000)
    encode, offset = rounded(encode / scale, offset - encode @ mean / scale)  # include the normalisation in the weights
    error = relu(hidden @ encode.T + offset) @ (decode / np.linalg.norm(decode, axis=0)).T - centred
    return Autoencoder(encode, offset, (error**2).sum() / (centred**2).sum())
