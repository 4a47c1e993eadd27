"""Networks that end at a part of a PyTorch module, and what a hook records there."""

import numpy as np
import pytest

from exactzones import Features, InputError, activations, from_torch

torch = pytest.importorskip("torch")
nn = torch.nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, x):
        return x + self.down(torch.relu(self.up(x)))


class Model(nn.Module):
    """Piecewise linear up to its last block; what follows can be neither read nor traced."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block(), Block()])
        self.norm, self.unused = nn.LayerNorm(2), nn.Linear(2, 2)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return torch.sigmoid(x) if x.sum() > 0 else x


torch.manual_seed(3)
MODEL = Model().double()
DATA = torch.randn(20, 2, dtype=torch.float64)
SAE = {"W_enc": torch.randn(2, 4), "b_enc": torch.randn(4), "W_dec": torch.randn(4, 2), "b_dec": torch.randn(2)}


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("layer", ["blocks.0", "blocks.1", "blocks.1.down", "blocks.2.up"])
def test_the_network_computes_what_a_hook_records(layer, side):
    network, recorded = from_torch(MODEL, 2, layer=layer, side=side), activations(MODEL, layer, DATA, side=side)
    assert [list(map(float, network(x))) for x in DATA.tolist()] == [pytest.approx(values) for values in recorded.tolist()]


@pytest.mark.parametrize("transcodes", [False, True])
def test_features_on_top_of_a_layer(transcodes):
    sae = SAE | ({"W_skip": torch.eye(2)} if transcodes else {})
    options = {} if transcodes else {"apply_b_dec_to_input": True}
    features = Features.from_torch(MODEL, "blocks.1", sae, input_shape=2, **options)
    at = activations(MODEL, "blocks.1", DATA, side="input" if transcodes else "output")
    expected = np.maximum((at - (0 if transcodes else SAE["b_dec"].numpy())) @ SAE["W_enc"].numpy() + SAE["b_enc"].numpy(), 0)
    assert [list(map(float, features(x))) for x in DATA.tolist()] == [pytest.approx(row) for row in expected.tolist()]
    assert features.name == f"dict on Model.blocks.1{' (input)' if transcodes else ''}"


def test_features_of_the_layer_itself():
    features = Features.from_torch(MODEL, "blocks.0.up")
    assert (len(features), features.name) == (3, "Model.blocks.0.up")
    whole = Features.from_torch(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    assert (len(whole), whole.name) == (3, "Sequential")


@pytest.mark.parametrize(
    ("layer", "side", "message"),
    [
        ("block.0", "output", "layer is 'block.0'; expected one of blocks, blocks.0"),
        ("", "output", "layer is ''"),
        (3, "output", "layer is 3"),
        ("unused", "output", "cannot be traced|is not called"),
        ("blocks.0", "out", 'side is \'out\'; expected "output" or "input"'),
        ("norm", "output", "LayerNorm"),
    ],
)
def test_layers_that_cannot_be_read(layer, side, message):
    with pytest.raises(InputError, match=message):
        from_torch(MODEL, 2, layer=layer, side=side)


def test_a_layer_that_is_not_called_and_what_a_hook_cannot_record():
    class Partly(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.used(x)

    with pytest.raises(InputError, match="module 'unused' is not called"):
        from_torch(Partly(), layer="unused")
    with pytest.raises(InputError, match="layer 'unused' is not called when the model runs"):
        activations(Partly(), "unused", torch.zeros(1, 2))
    assert activations(Partly(), "used", {"x": torch.zeros(3, 5, 2)}).shape == (15, 2)
    assert not Partly().used._forward_hooks


def test_an_input_is_that_of_a_layer():
    for read in (from_torch, Features.from_torch):
        with pytest.raises(InputError, match='side is "input", and there is no layer'):
            read(nn.Sequential(nn.Linear(2, 3)), side="input")


def test_data_are_recorded_in_evaluation_mode():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.9), nn.Linear(2, 2)).double()
    for mode in (True, False):
        model.train(mode)
        assert np.array_equal(activations(model, "2", DATA, side="input"), model[0].eval()(DATA).detach().numpy())
        assert (model.training, model[0].num_batches_tracked.item()) == (mode, 0)


def test_hooks_are_removed():
    activations(MODEL, "blocks.0", DATA)
    assert not any(part._forward_hooks for part in MODEL.modules())


class Shared(nn.Module):
    """A ReLU module that is called twice: the name stands for two values."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head, self.act = nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 1), nn.ReLU()

    def forward(self, x):
        return self.head(self.act(self.second(self.act(self.first(x)))))


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_layer_that_is_called_several_times_is_refused(side):
    model = Shared().double()
    with pytest.raises(InputError, match="called several times"):
        from_torch(model, 2, layer="act", side=side)
    with pytest.raises(InputError, match="called several times"):
        activations(model, "act", DATA, side=side)
    assert from_torch(model, 2, layer="head", side="input").widths == (3, 3)
    assert activations(model, "head", DATA, side="input").shape == (len(DATA), 3)
