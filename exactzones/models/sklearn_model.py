"""Networks from scikit-learn's fitted multi-layer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.models.arrays import finite
from exactzones.models.tensors import Tensor, dense
from exactzones.network import Network


def from_sklearn(model: Any) -> Network:
    """Read a fitted MLPClassifier or MLPRegressor with activation "relu" or "identity".

    Args:
        model: the fitted model.  The network of a classifier ends in the scores before softmax or logistic: one per class, or a
            single one for two classes, which is positive where the second class is predicted.

    Raises:
        InputError: the model is of another class, is not fitted, or has another activation or output activation.
    """
    names = {cls.__name__ for cls in type(model).__mro__ if cls.__module__.startswith("sklearn.neural_network.")}
    if not names & {"MLPClassifier", "MLPRegressor"}:
        raise InputError(f"the model is a {type(model).__name__}; a fitted MLPClassifier or MLPRegressor is expected")
    if not hasattr(model, "coefs_"):
        raise InputError(f"{type(model).__name__} is not fitted; call its method fit first")
    if model.activation not in ("relu", "identity"):
        raise InputError(f'activation {model.activation!r} is not supported; supported are "relu" and "identity"')
    if "MLPRegressor" in names and model.out_activation_ != "identity":
        raise InputError(f'output activation {model.out_activation_!r} is not supported for a regressor; only "identity" is')
    x = Tensor.start((np.asarray(model.coefs_[0]).shape[0],))
    last = len(model.coefs_) - 1
    for k, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        x = dense(x, finite(np.asarray(weight), f"coefs_[{k}]").T, finite(np.asarray(bias), f"intercepts_[{k}]"))
        if k < last and model.activation == "relu":
            x = x.relu()
    return x.graph.network(x.value)
