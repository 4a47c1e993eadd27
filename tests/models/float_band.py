"""Where the outputs of a network may be in an arithmetic, by interval arithmetic with the roundings of its layers."""

import numpy as np

from exactzones.rational.float_formats import FloatArithmetic

SLACK = 1e-9  # relative, for the float64 in which the intervals are computed


def band(network, points, name):
    """Return lower and upper bounds of the computed outputs at points, shape (points, outputs)."""
    arithmetic = FloatArithmetic.of(name)
    low = high = np.asarray(points, float)
    for layer in network.layers:
        known = layer.as_computed
        assert known.constants.misfit(arithmetic) is None
        weight, bias = dense(layer.weight), np.array([float(b) for b in layer.bias])
        relative = np.array([float(arithmetic.relative_error(p, q)) for p, q in zip(known.products, known.sums, strict=True)])
        flushed = np.array([float(h * arithmetic.products.smallest_normal) for h in known.underflows])
        sizes = np.maximum(abs(low), abs(high)) @ dense(known.weight).T + np.array([float(m) for m in known.bias])
        error = (relative * sizes + flushed) * (1 + SLACK) + SLACK * 1e-6 * sizes
        up, down = np.maximum(weight, 0), np.minimum(weight, 0)
        below, above = low @ up.T + high @ down.T + bias - error, high @ up.T + low @ down.T + bias + error
        low, high = np.where(layer.relu, np.maximum(below, 0), below), np.where(layer.relu, np.maximum(above, 0), above)
    return low, high


def dense(matrix):
    return np.array([[float(entry) for entry in row] for row in matrix.rows])
