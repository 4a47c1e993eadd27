"""Which layers are single operations of the model, and which join several."""

import numpy as np
import pytest

from exactzones.models import load_network
from exactzones.models.lowering import Lowering, column
from exactzones.models.sparse import Sparse

WEIGHT, BIAS = Sparse.dense(np.array([[1.0, 2.0], [3.0, -1.0]])), column(np.array([0.5, 0.25]))
SWAP = Sparse.pick(np.array([1, 0]), 2, factor=-1)


def dense(graph, value, bias=None):
    return graph.affine([(value, WEIGHT)], bias, linear=True)


def shifted(graph, value):
    return graph.affine([(value, Sparse.pick(np.arange(2), 2))], BIAS)


def joined(build):
    """For each layer of the network, whether it joins operations."""
    graph = Lowering(2)
    layers = graph.network(build(graph, graph.input)).layers
    return [layer.roundings is not None for layer in layers]


SINGLE = {
    "a product": dense,
    "a product, then its bias": lambda g, x: g.relu(shifted(g, dense(g, x))),
    "a permuted input": lambda g, x: g.relu(dense(g, g.affine([(x, SWAP)]))),
    "a permuted result": lambda g, x: g.affine([(dense(g, x, BIAS), SWAP)]),
    "two layers": lambda g, x: dense(g, g.relu(dense(g, x, BIAS)), BIAS),
    "two products with a latent space": lambda g, x: dense(g, dense(g, x), BIAS),
    "a copy beside a ReLU": lambda g, x: g.affine([(g.relu(dense(g, x)), WEIGHT), (x, WEIGHT)]),
}
JOINED = {
    "two biases": lambda g, x: shifted(g, dense(g, x, BIAS)),
    "a normalised input": lambda g, x: dense(g, shifted(g, x)),
    "a scaled result": lambda g, x: g.affine([(dense(g, x), Sparse.diagonal(np.array([2.0, 3.0])))]),
    "a residual sum": lambda g, x: g.affine([(dense(g, x), Sparse.pick(np.arange(2), 2)), (x, Sparse.pick(np.arange(2), 2))]),
    "a difference that cancels": lambda g, x: g.affine([(x, WEIGHT), (x, Sparse.pick(np.arange(2), 2, factor=-1))]),
}


@pytest.mark.parametrize("build", SINGLE.values(), ids=SINGLE)
def test_single_operations(build):
    assert not any(joined(build))


@pytest.mark.parametrize("build", JOINED.values(), ids=JOINED)
def test_joined_operations(build):
    assert any(joined(build))


def test_nnet_files_with_and_without_means(tmp_path):
    lines = ["1,1,1,1,", "1,1,", "0", "0,", "1,", "{}", "{}", "2.0,", "1.0,"]
    for name, mean, span in (("plain", "0,0,", "1,1,"), ("scaled", "1,0,", "2,1,"), ("unscaled", "0,1,", "1,3,")):
        path = tmp_path / f"{name}.nnet"
        path.write_text("\n".join(lines).format(mean, span) + "\n")
        assert (load_network(path).layers[0].roundings is None) == (name == "plain")
