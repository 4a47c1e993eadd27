"""Networks about whose floats a search or an answer once went wrong."""

from exactzones import Network, certify, feature
from exactzones.certification import Undecided
from exactzones.network import Layer


def test_splits_by_units_that_have_no_bound():
    """Bounds of 10^174 leave a split without a row of the inputs; the search goes on without it."""
    first = Layer.of([[0.69, 1.3], [-1.5, -1.1]], [-0.26, 0], relu=[False, True])
    layers = first, Layer.of([[0.052, -0.086]], [-0.13], relu=True), Layer.of([[-6.2e-308]], [-1], relu=False)
    decision = certify(Network(layers), feature(0, -1), [(3, 3), (2, int(4.5e174))], arithmetic="float64", seconds=5)
    assert isinstance(decision, Undecided)
