"""Features of sparse autoencoders and layers: each answer against the definition, or against another way to it."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones import CannotFire, Features, Network, bounding, certify, check
from exactzones.errors import BudgetExceeded, DimensionError, InputError
from exactzones.port import Port

SMALL = st.integers(-2, 2)


@st.composite
def autoencoders(draw):
    """A ReLU, JumpReLU or TopK of small integers on a layer of small integers; duplicate and zero units are frequent."""
    inputs, hidden, features = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(2, 4))
    rows = [[draw(SMALL) for _ in range(inputs)] for _ in range(hidden)]
    net = Network.of((rows, [draw(SMALL) for _ in range(hidden)], True))
    sae = {
        "W_enc": np.array([[draw(SMALL) for _ in range(features)] for _ in range(hidden)], float),
        "b_enc": np.array([draw(SMALL) for _ in range(features)], float),
    }
    kind = draw(st.sampled_from(("relu", "jumprelu", "topk")))
    if kind == "jumprelu":
        sae["threshold"] = np.array([draw(SMALL) for _ in range(features)]) / 2
    return Features.of(net, sae, activation=kind, k=draw(st.integers(1, features)))


def grid(inputs):
    return [tuple(Fraction(entry, 2) for entry in point) for point in product(range(-4, 5, inputs), repeat=inputs)]


@settings(max_examples=10, deadline=None)
@given(autoencoders())
def test_answers_agree_with_evaluation_and_with_each_other(features):
    points = grid(features.network.inputs)
    fires = features.fires(points)
    assert fires.tolist() == [[value > 0 for value in features(point)] for point in points]
    dead = features.dead((-2, 2))
    for unit in range(len(features)):
        assert [features.network.satisfies(point, features.prop(unit)) for point in points] == fires[:, unit].tolist()
        islands = features.islands(unit, (-2, 2), points)
        assert (unit in dead) == (not islands)
        assert sorted(k for island in islands for k in island.data) == np.flatnonzero(fires[:, unit]).tolist()
        assert all(features(island.witness)[unit] > 0 for island in islands)
        if unit in dead:
            assert str(check(features.network, features.prop(unit), (-2, 2), dead[unit].certificate)) == "valid"
        best = features.strongest(unit, (-2, 2))
        assert best.value == features.preactivations.trace(best.point)[-1][unit]
        assert best.value >= max(features(point)[unit] for point in points) or not fires[:, unit].any()
    if features.k is None:
        pairs = features.together((-2, 2)).together >= 0
        assert pairs.diagonal().tolist() == [unit not in dead for unit in range(len(features))]
        assert (pairs | ~(fires[:, :, None] & fires[:, None]).any(axis=0)).all()


W = np.array([[1.0, -1, 1, 0], [0, 0, 1, 1]])
ONE = {"W_enc": np.ones((1, 1)), "b_enc": np.zeros(1)}
WIDE = {"W_enc": np.ones((40, 1)), "b_enc": np.zeros(1)}
SAE = {"W_enc": W, "b_enc": np.array([0.0, 0, -2, 1])}
JUMP = SAE | {"threshold": np.array([0.5, 0.5, 1, 0])}


def test_a_jump_relu_fires_above_its_threshold_and_shows_its_value():
    features = Features.of(sae=JUMP)
    assert features([1, 0]) == (1, 0, 0, 1)
    assert features(["1/2", 0]) == (0, 0, 0, 1)  # not above the threshold
    assert list(features.dead((-1, 1))) == [2]
    assert features.strongest(0, (-1, 1)).value == 1
    answer = features.nearest(0, [0, 0], norm="inf")
    assert (answer.upper, answer.attained) == (Fraction(1, 2), False)
    assert features.together((-1, 1)).together[0].tolist()[1:3] == [-1, -1]


def test_top_k_keeps_the_largest():
    features = Features.of(sae=SAE, k=1)
    assert (features([1, 0]), features([2, 0])) == ((0, 0, 0, 0), (2, 0, 0, 0))  # ties fire nowhere
    seen = []
    assert list(features.dead((0, 1), progress=lambda *now: seen.append(now))) == [0, 1, 2]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert list(Features.of(sae=SAE).dead((0, 1))) == [1, 2]
    assert isinstance(certify(features.network, features.prop(0), (0, 1)), CannotFire)
    assert features.nearest(0, [0, 0], (-3, 3)).upper > Features.of(sae=SAE).nearest(0, [0, 0], (-3, 3)).upper
    with pytest.raises(InputError, match=r"for TopK, write certify\(features.network"):
        features.together((-1, 1))


def test_an_island_without_data_is_unseen():
    net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
    seen, unseen = Features.of(net).islands(0, (-3, 4), [[2], [0], [3], [9]])
    assert (seen.data, unseen.data, seen.is_unseen, unseen.is_unseen) == ((0, 2), (), False, True)
    assert (seen.volume, unseen.volume) == (3, 2)
    assert net.satisfies(unseen.witness, 0)
    assert unseen.witness[0] < -1
    with pytest.raises(BudgetExceeded):
        Features.of(net).islands(0, (-3, 4), seconds=0)


def test_a_domain_around_data():
    data = np.random.default_rng(0).normal(size=(30, 2)) @ np.array([[2.0, 1], [1, 1]])
    features = Features.of(sae=SAE)
    for kind in ("box", "zonotope", "hull"):
        best = features.strongest(2, bounding(data, kind))
        largest = max(sum(map(Fraction, row)) for row in data.tolist()) - 2
        assert best.value >= largest
        assert best.value == largest or kind != "hull"


def test_what_does_not_fit():
    net = Network.of(([[1]], [0], True))
    for call, error, message in [
        (Features.of, InputError, "neither a network nor a sparse autoencoder; write Features.of"),
        (lambda: Features.of(net, SAE), DimensionError, "input of the sparse autoencoder"),
        (
            lambda: Features.of(replace(net, output_ports=(Port("p", (1,), 0, "Softmax"),)), ONE),
            InputError,
            "the network is read up to the values before Softmax; end it where",
        ),
        (lambda: Features.of(sae=WIDE).islands(0, (-1, 1)), InputError, "a feature of it that fires has one island"),
        (lambda: Features.of(sae=SAE).prop(4), InputError, "feature is 4; expected 0 to 3"),
        (lambda: Features.of(sae=SAE).islands(0, (-1, 1), [[1]]), DimensionError, "point"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_what_it_is_called(tmp_path):
    np.savez(tmp_path / "params.npz", **JUMP)
    features = Features.of(Network.of(([[1], [2]], [0, 0], True)), tmp_path / "params.npz")
    assert (len(features), str(features)) == (4, "Features(k=None, name='params.npz on the network')")
