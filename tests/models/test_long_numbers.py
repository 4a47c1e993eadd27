"""Numbers that a model's arithmetic makes long are refused by their digits, as long texts are, and in time."""

import time
from fractions import Fraction

import numpy as np
import pytest
from models.support import refused

from exactzones.errors import InexactError, InputError
from exactzones.models import arrays, load_network
from exactzones.models.sparse import Sparse


def squares(count):
    """1.1 squared again and again: the length doubles at every step."""
    return [("Mul", "c c", "c0", {}), *(("Mul", f"c{k} c{k}", f"c{k + 1}", {}) for k in range(count - 1))]


def test_onnx_constants_that_are_squared_again_and_again(tmp_path):
    pytest.importorskip("onnx")
    from models.onnx_models import build, save

    nodes = [*squares(24), ("Mul", "x c23", "y", {})]
    start = time.process_time()
    path = save(build(nodes, [1, 2], {"c": np.float64(1.1)}), tmp_path / "net.onnx")
    refused(load_network, path, "Mul", "more than 100000 digits")
    assert time.process_time() - start < 20


def test_short_ones_are_exact(tmp_path):
    pytest.importorskip("onnx")
    from models.onnx_models import build, save

    net = load_network(
        save(build([*squares(5), ("Mul", "x c4", "y", {})], [1, 2], {"c": np.float64(1.5)}), tmp_path / "net.onnx")
    )
    assert net([2, 1]) == (2 * Fraction(3, 2) ** 32, Fraction(3, 2) ** 32)


def test_torch_constants_that_are_squared_again_and_again():
    torch = pytest.importorskip("torch")
    from exactzones.models import from_torch

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor([1.1], dtype=torch.float64))

        def forward(self, x):
            factor = self.factor
            for _ in range(24):
                factor = factor * factor
            return x * factor

    with pytest.raises(InputError, match="more than 100000 digits"):
        from_torch(Model(), 1)


def test_products_of_matrices_are_refused_before_they_grow(monkeypatch):
    monkeypatch.setattr(arrays, "_MAX_BITS", 1000)
    scale = Sparse.of((1, 1), [0], [0], np.array([1.1]))
    product = scale
    for _ in range(60):
        product = scale.after(product)
    assert 3000 < product.denominator.bit_length() < 4000
    with pytest.raises(InexactError, match="the model's arithmetic gives numbers of more than"):
        product.after(product)
    with pytest.raises(InexactError, match="a number of more than"):
        product.rational()
