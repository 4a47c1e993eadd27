"""Networks about whose floats a search or an answer once went wrong."""

from exactzones import Network, certify, feature
from exactzones.certification import CanFire, Undecided
from exactzones.network import Layer


def test_splits_by_units_that_have_no_bound():
    """Bounds of 10^174 leave a split without a row of the inputs; the search goes on without it."""
    first = Layer.of([[0.69, 1.3], [-1.5, -1.1]], [-0.26, 0], relu=[False, True])
    layers = first, Layer.of([[0.052, -0.086]], [-0.13], relu=True), Layer.of([[-6.2e-308]], [-1], relu=False)
    decision = certify(Network(layers), feature(0, -1), [(3, 3), (2, int(4.5e174))], arithmetic="float64", seconds=5)
    assert isinstance(decision, Undecided)


def test_bounds_whose_fixed_point_numbers_exceed_all_floats():
    network = Network.mlp([([[1, 1], [-1, -1]], [0, 0]), ([[1, -1]], [-1]), ([[-1]], [-1])])
    for threshold, kind in ((1, Undecided), (-2, CanFire)):
        decision = certify(network, feature(0, threshold), (-(2**1000), 2**1000), arithmetic="float64", seconds=5)
        assert isinstance(decision, kind)
