"""Modules with a forward of their own and all layers: exactly what PyTorch computes where its floats do not round."""

import numpy as np
import pytest

from exactzones.errors import InputError
from exactzones.models import from_torch

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down, self.head = nn.Linear(3, 5), nn.Linear(5, 3), nn.Linear(3, 2)

    def forward(self, x):
        x = x + self.down(torch.relu(self.up(x)))
        return self.head(F.relu(x))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels, eps=0.0)

    def forward(self, x):
        return x + F.leaky_relu(self.norm(self.conv(x)), 0.25)


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Conv2d(1, 2, 2, stride=2)
        self.blocks = nn.Sequential(Block(2), nn.ReLU(inplace=True), nn.Dropout2d(0.5), Block(2))
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        x = F.avg_pool2d(self.blocks(self.start(x)), 2)
        return self.head(x.view(x.size(0), -1))


class Pieces(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([0.5, 2.0]))

    def forward(self, x):
        a, b = x[:, :2], x[..., 2:]
        c = torch.cat([torch.maximum(a, b), torch.minimum(a, -b)], dim=1)
        d, e = c.chunk(2, dim=1)
        d = d * self.scale - e / 4
        d += 1
        return torch.stack([d.clamp(-1, 1), e.abs(), torch.max(d, e), F.relu6(4 * d)], 1).flatten(1).sum(1, keepdim=True)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(2))
        self.kernel = nn.Parameter(torch.zeros(2, 1, 2))

    def forward(self, x):
        y = F.conv1d(x.unsqueeze(1), self.kernel).permute(0, 2, 1).reshape(-1, 4)
        y = F.pad(y.mean(dim=1, keepdim=True) - y, (1, 1))
        return F.linear(x, self.weight, self.bias).matmul(self.weight).sub(x, alpha=2), y


class FirstOf(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Functional()

    def forward(self, x):
        z, y = self.inner(x)
        return torch.cat((z, y), 1).transpose(0, 1).t().squeeze(0)


class Changed(nn.Linear):
    def forward(self, x):
        return -super().forward(x)


class Calls(nn.Module):
    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(modules)
        self.register_buffer("mask", torch.tensor([True, False, True]))

    def forward(self, x):
        return self.function(self, x, *list(self.parts)[: self.function.__code__.co_argcount - 2])


# what is continuous although it compares
CHOICES = {
    "where": lambda _, x: torch.where(x > 0, x, 0.25 * x),
    "where method": lambda _, x: x.where(x >= 0, -x),
    "where zero": lambda _, x, a: torch.where(a(x) < 0, 0.0, a(x)),
    "masked": lambda _, x: x * (x > 0),
    "masked float": lambda _, x: (x > 0.0).float() * x + (x <= 0).to(x.dtype) * (2 * x),
    "masked fill": lambda _, x: x.masked_fill(x < 1, 1.0),
    "maximum": lambda _, x, a: torch.where(torch.gt(x, a(x)), x, a(x)),
    "sign": lambda _, x: x.sign() * x - 1,
    "both": lambda _, x: torch.where((x > -1) & (x < 1), x, torch.where(x >= 1, 1.0, -1.0)),
    "either": lambda _, x: torch.where(torch.logical_or(x > 1, x < -1), x.abs(), 1.0),
    "neither": lambda _, x: torch.where(~((x > 1) | (x < -1)), 1.0, x.abs()),
    "one of two": lambda _, x: torch.where((x > 1) ^ (x > -1), x + 1, 2 * (x > 1) + 0.0),
    "moved masks": lambda _, x: (x.unsqueeze(2) * (x > 0).unsqueeze(2)).flatten(1) + x * (x > 0).view(1, 3)[:, [0, 1, 2]],
    "equal": lambda _, x: torch.where(x == 0, 0.0, x) + (x != 0) * x,
    "buffer": lambda self, x: torch.where(self.mask, x, 1 - x).masked_fill(~self.mask, 0),
    "negative mask": lambda _, x: -(x > 0).double() * x / 2 + (1 - (x > 0).to(torch.float64)) * x,
    "shrink and threshold": lambda _, x: F.threshold(F.softshrink(x, 0.75), -0.5, -0.5),
}


# name: (module, shape of one sample or None)
MODELS = {
    "residual": (Residual, None),
    "images": (Images, (1, 4, 4)),
    "pieces": (Pieces, (4,)),
    "functional": (FirstOf, (3,)),
    "linear subclass": (lambda: Changed(3, 2), None),
    "conv1d": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 2, groups=2, dilation=2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1)),
        (2, 5),
    ),
    "conv same": (lambda: nn.Conv2d(1, 2, (2, 3), padding="same", bias=False), (1, 3, 3)),
    "max pool": (lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten()), (1, 4, 4)),
    "max pool pads": (lambda: nn.MaxPool2d(3, stride=2, padding=1), (1, 4, 4)),
    "max pool 1d": (lambda: nn.MaxPool1d(2, stride=1), (2, 3)),
    "avg pool": (lambda: nn.AvgPool2d(2, stride=1, padding=1), (1, 3, 3)),
    "avg pool without pads": (lambda: nn.AvgPool1d(2, padding=1, count_include_pad=False), (1, 4)),
    "avg pool ceil": (lambda: nn.AvgPool2d(2, ceil_mode=True), (1, 4, 4)),
    "avg pool divisor": (lambda: nn.AvgPool2d((1, 3), divisor_override=4), (1, 2, 4)),
    "adaptive": (lambda: nn.Sequential(nn.AdaptiveAvgPool2d((2, None)), nn.Flatten()), (1, 4, 3)),
    "adaptive uneven": (lambda: nn.AdaptiveAvgPool1d(2), (1, 3)),
    "batch norm 1d": (lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, eps=0.0), nn.ReLU(), nn.Linear(4, 1)), None),
    "batch norm first": (lambda: nn.Sequential(nn.BatchNorm1d(3, eps=0.0, affine=False), nn.Linear(3, 1)), None),
    "activations": (
        lambda: nn.Sequential(
            nn.LeakyReLU(0.5), nn.Hardtanh(-0.5, 2.0), nn.Linear(3, 3), nn.ReLU6(), nn.PReLU(3), nn.Linear(3, 1)
        ),
        (3,),
    ),
    "shapes": (lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.ZeroPad2d((1, 0, 0, 1)), nn.Identity(), nn.Flatten(0)), (4,)),
    "softshrink": (lambda: nn.Sequential(nn.Softshrink(0.5), nn.Threshold(0.25, 0.25)), (3,)),
    "rows": (lambda: nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1)), (2, 3)),
}

TRANSPOSES = {
    "transposed weight": lambda _, x, layer: x @ layer.weight.T,
    "transposed input": lambda _, x, layer: (layer.weight @ x.T).mT,
}

MODELS |= {
    name: (lambda function=function: Calls(function, nn.Linear(3, 3)), (3,)) for name, function in (CHOICES | TRANSPOSES).items()
}


def dyadic(module):
    """Give a module weights with which floats do not round."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(4.0 ** torch.randint(-1, 2, tensor.shape, generator=generator))
            elif tensor.dtype.is_floating_point:
                tensor.copy_(torch.randint(-8, 9, tensor.shape, generator=generator) / 4)
    return module.double()


@pytest.mark.parametrize("name", MODELS)
def test_modules(name):
    make, shape = MODELS[name]
    model = dyadic(make())
    net = from_torch(model, shape)
    assert model.training  # as it was
    assert not net.rationalizations
    model.eval()
    shape = (net.inputs,) if shape is None else shape
    generator = torch.Generator().manual_seed(1)
    exact = "uneven" not in name
    for _ in range(30):
        x = torch.randint(-12, 13, (1, *shape), generator=generator).double() / 4
        theirs = model(x).detach().numpy().ravel()
        ours = net(x.numpy().ravel())
        if exact:
            assert ours == tuple(map(type(ours[0]), theirs))
        else:
            assert np.allclose([float(entry) for entry in ours], theirs)


def test_layers_are_few():
    net = from_torch(Residual())
    assert net.widths == (8, 3, 2)
    assert [len(layer.relu_units) for layer in net.layers] == [5, 3, 0]
    net = from_torch(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1)))
    assert net.widths == (4, 1)


def test_random_weights():
    torch.manual_seed(0)
    model = Images()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 2)
            part.running_mean.normal_()
    net = from_torch(model, (1, 4, 4))
    assert len(net.rationalizations) == 4
    assert "blocks.0.norm: scale[0] / sqrt(variance[0] + epsilon)" in net.rationalizations[0].expression
    model.eval().double()
    for x in torch.randn(50, 1, 1, 4, 4, dtype=torch.double):
        theirs = model(x).detach().numpy().ravel()
        assert np.abs([float(entry) for entry in net(x.numpy().ravel())] - theirs).max() < 1e-12


def test_a_module_of_thousands_of_units_loads():
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten())
    assert from_torch(model, (1, 16, 16)).widths[0] == 2048


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _, x: 1 - x * (x > 0.5), "the module's result: it jumps where a comparison changes"),
        (lambda _, x: torch.exp(x), "function 'exp' in the module: it is not piecewise linear where it depends on"),
        (lambda _, x: torch.relu(x.sign()), "function 'relu' in the module: its input jumps where a sign changes"),
        (lambda _, x: torch.where(x, x, 0.0), "function 'where' in the module: an argument is not a truth value"),
        (lambda _, x: x * (x > 0).to(torch.int64) * x.to(torch.int64), "method 'to' in the module: a cast to integers"),
        (lambda _, x: x.topk(1).values, r"method 'topk' in the module: .* among_largest\(2, 3, 3\)"),
    ],
)
def test_what_jumps_is_refused(function, message):
    with pytest.raises(InputError, match=message):
        from_torch(Calls(function), (3,))
