"""What floats compute of a sparse autoencoder: sums that are joined over the reals are refused by name."""

import numpy as np
import pytest

from exactzones import certify, feature
from exactzones.certification import CannotFire
from exactzones.errors import InputError
from exactzones.features import Features

ENCODER = {"W_enc": np.array([[0.5, -1.0], [2.0, 0.25]]), "b_enc": np.array([1.0, -0.5])}
BOX = (-1, 1)


def decided(**tensors):
    options = {"activation": "relu", "apply_b_dec_to_input": True} if "threshold" not in tensors else {}
    network = Features.of(None, ENCODER | tensors, **options).network
    return certify(network, feature(0, 9), BOX, arithmetic="float32")


def test_a_sum_and_its_bias():
    assert isinstance(decided(), CannotFire)
    assert isinstance(decided(b_dec=np.zeros(2)), CannotFire)


def test_operations_before_or_after_it_are_refused():
    with pytest.raises(InputError, match="subtracts b_dec from its input before the products"):
        decided(b_dec=np.array([0.5, 0.25]))
    with pytest.raises(InputError, match="a bias and thresholds, which are one number here and two in floats"):
        decided(threshold=np.array([0.5, 0.25]))
