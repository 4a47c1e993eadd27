import warnings

import numpy as np
import pytest

from exactzones.errors import InputError
from exactzones.models import from_sklearn, from_torch
from exactzones.rational import vector

sklearn = pytest.importorskip("sklearn")

from sklearn.linear_model import LinearRegression  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))


def fitted(model, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it need not converge
        return model.fit(X, y)


def outputs(net, points=X):
    return np.array([[float(entry) for entry in net(x)] for x in points])


@pytest.mark.parametrize("activation", ["relu", "identity"])
@pytest.mark.parametrize("targets", [1, 2])
def test_regressors(activation, targets):
    model = fitted(
        MLPRegressor(hidden_layer_sizes=(6, 5), activation=activation, max_iter=20, random_state=0),
        X[:, :targets] if targets > 1 else X[:, 0],
    )
    net = from_sklearn(model)
    assert net.widths == (6, 5, targets)
    assert [any(layer.relu) for layer in net.layers] == [activation == "relu"] * 2 + [False]
    assert net.layers[0].weight.rows[0] == vector(*model.coefs_[0][:, 0])
    assert np.abs(outputs(net) - model.predict(X).reshape(60, -1)).max() < 1e-12


def test_a_binary_classifier_has_one_score():
    model = fitted(MLPClassifier(hidden_layer_sizes=(6,), max_iter=20, random_state=0), X[:, 0] > 0)
    scores = outputs(from_sklearn(model))
    assert scores.shape == (60, 1)
    assert np.abs(1 / (1 + np.exp(-scores[:, 0])) - model.predict_proba(X)[:, 1]).max() < 1e-12
    assert ((scores[:, 0] > 0) == model.predict(X)).all()


def test_a_classifier_has_one_score_per_class():
    model = fitted(MLPClassifier(hidden_layer_sizes=(6,), max_iter=20, random_state=0), np.digitize(X[:, 0], [-0.5, 0.5]))
    scores = outputs(from_sklearn(model))
    assert scores.shape == (60, 3)
    assert (scores.argmax(axis=1) == model.predict(X)).all()


def test_float32_weights_are_exact():
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X.astype(np.float32), X[:, 0].astype(np.float32))
    assert from_sklearn(model).layers[1].weight.rows == (vector(*model.coefs_[1][:, 0]),)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (MLPClassifier, "MLPClassifier is not fitted; call its method fit first"),
        (MLPRegressor, "MLPRegressor is not fitted"),
        (LinearRegression, "the model is a LinearRegression; a fitted MLPClassifier or MLPRegressor is expected"),
        (lambda: None, "the model is a NoneType; a fitted"),
        (
            lambda: fitted(MLPRegressor(hidden_layer_sizes=(2,), activation="tanh", max_iter=2), X[:, 0]),
            "activation 'tanh' is not supported; supported are \"relu\"",
        ),
        (
            lambda: fitted(MLPRegressor(hidden_layer_sizes=(2,), activation="logistic", max_iter=2), X[:, 0]),
            "activation 'logistic' is not supported",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(InputError, match=message):
        from_sklearn(make())


def test_an_output_that_is_not_linear():
    model = fitted(MLPRegressor(hidden_layer_sizes=(2,), max_iter=2), X[:, 0])
    model.out_activation_ = "exp"
    with pytest.raises(InputError, match="output activation 'exp' is not supported for a regressor"):
        from_sklearn(model)


def test_weights_that_are_not_finite():
    model = fitted(MLPRegressor(hidden_layer_sizes=(2,), max_iter=2), X[:, 0])
    model.coefs_[1][1, 0] = np.nan
    with pytest.raises(InputError, match=r"coefs_\[1\]\[1\]\[0\] is nan"):
        from_sklearn(model)


def test_torch_is_not_needed_to_refuse_what_is_no_module():
    with pytest.raises(InputError, match=r"expected a torch\.nn\.Module: from_torch"):
        from_torch(object())
