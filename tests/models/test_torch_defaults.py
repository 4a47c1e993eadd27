"""An argument that is written with its default, and one that is left out, give one network: for every function and parameter."""

import inspect

import pytest

from exactzones.models import from_torch
from exactzones.models.torch_operators import FUNCTIONS

torch = pytest.importorskip("torch")
F = torch.nn.functional

W1, W2 = torch.arange(1.0, 5).reshape(1, 2, 2), torch.arange(1.0, 5).reshape(1, 1, 2, 2)
MEAN, VARIANCE = torch.zeros(2), torch.tensor([0.0, 0.3])
POOL = {"stride": None, "padding": 0, "ceil_mode": False}
MAX = POOL | {"dilation": 1, "return_indices": False}
CONV = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}

# name, function, shape of the input, arguments after it, defaults that are written
TRANSPOSED = {"bias": None, "stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
RESIZED = {"size": None, "mode": "nearest", "align_corners": None, "recompute_scale_factor": None, "antialias": False}
KEEP = {"keepdim": False}

CASES = [
    ("amax", torch.amax, (2,), (), {"dim": (), "keepdim": False}),
    ("amin", torch.amin, (2,), (), {"dim": (), "keepdim": False}),
    ("conv_transpose1d", F.conv_transpose1d, (1, 3), (torch.ones(1, 1, 2),), TRANSPOSED),
    ("conv_transpose2d", F.conv_transpose2d, (1, 3, 2), (torch.ones(1, 1, 2, 1),), TRANSPOSED),
    ("conv_transpose3d", F.conv_transpose3d, (1, 3, 2, 1), (torch.ones(1, 1, 2, 1, 1),), TRANSPOSED),
    ("interpolate", lambda x, **k: F.interpolate(x, scale_factor=2.0, **k), (1, 2), (), RESIZED),
    ("interpolate", lambda x, **k: F.interpolate(x, 4, **k), (1, 2), (), {"scale_factor": None}),
    ("linalg_vector_norm", lambda x, **k: torch.linalg.vector_norm(x, 1, **k), (2,), (), {"dim": None} | KEEP),
    ("max", lambda x, **k: torch.max(x, 1, **k).values, (2,), (), KEEP),
    ("min", lambda x, **k: torch.min(x, 1, **k).values, (2,), (), KEEP),
    ("norm", lambda x, **k: torch.norm(x, 1, **k), (2,), (), {"dim": None, "out": None} | KEEP),
    ("roll", lambda x, **k: torch.roll(x, 1, **k), (2,), (), {"dims": None}),
    ("unbind", lambda x, **k: torch.unbind(x, **k)[0], (2,), (), {"dim": 0}),
    ("dropout", F.dropout, (2,), (0.5, False), {"inplace": False}),
    ("dropout1d", F.dropout1d, (2, 3), (0.5, False), {"inplace": False}),
    ("dropout2d", F.dropout2d, (2, 3, 3), (0.5, False), {"inplace": False}),
    ("add", torch.add, (2,), (torch.ones(2),), {"alpha": 1}),
    ("addcmul", torch.addcmul, (2,), (torch.ones(2), torch.ones(2)), {"value": 1}),
    ("addmm", lambda x, b, w, **k: torch.addmm(b, x, w, **k), (3,), (torch.ones(2), torch.ones(3, 2)), {"beta": 1, "alpha": 1}),
    ("rrelu", F.rrelu, (2,), (), {"lower": 1 / 8, "upper": 1 / 3, "training": False}),
    ("tril", torch.tril, (3, 3), (), {"diagonal": 0}),
    ("triu", torch.triu, (3, 3), (), {"diagonal": 0}),
    ("avg_pool1d", F.avg_pool1d, (1, 4), (2,), {"stride": 2, "padding": 0, "ceil_mode": False, "count_include_pad": True}),
    ("avg_pool2d", F.avg_pool2d, (1, 4, 4), (2,), POOL | {"count_include_pad": True, "divisor_override": None}),
    (
        "batch_norm",
        F.batch_norm,
        (2,),
        (MEAN, VARIANCE),
        {"weight": None, "bias": None, "training": False, "momentum": 0.1, "eps": 1e-5},
    ),
    ("chunk", lambda x, *a, **k: torch.chunk(x, *a, **k)[0], (2, 2), (1,), {"dim": 0}),
    ("adaptive_max_pool1d", F.adaptive_max_pool1d, (1, 4), (2,), {"return_indices": False}),
    ("adaptive_max_pool2d", F.adaptive_max_pool2d, (1, 4, 4), (2,), {"return_indices": False}),
    ("clamp", torch.clamp, (2,), (0.5,), {"max": None}),
    ("clamp", lambda x, **k: torch.clamp(x, max=0.5, **k), (2,), (), {"min": None}),
    ("clip", lambda x, **k: torch.clip(x, max=0.5, **k), (2,), (), {"min": None}),
    ("clip", torch.clip, (2,), (0.5,), {"max": None}),
    ("conv1d", F.conv1d, (2, 4), (W1,), CONV),
    ("conv2d", F.conv2d, (1, 4, 4), (W2,), CONV),
    ("conv3d", F.conv3d, (1, 3, 3, 3), (torch.ones(1, 1, 2, 2, 2),), CONV),
    ("flatten", torch.flatten, (2, 2), (), {"start_dim": 0, "end_dim": -1}),
    ("hardsigmoid", F.hardsigmoid, (2,), (), {"inplace": False}),
    ("hardtanh", F.hardtanh, (2,), (), {"min_val": -1.0, "max_val": 1.0, "inplace": False}),
    ("leaky_relu", F.leaky_relu, (2,), (), {"negative_slope": 0.01, "inplace": False}),
    ("linear", F.linear, (2,), (torch.ones(1, 2),), {"bias": None}),
    ("max_pool1d", F.max_pool1d, (1, 4), (2,), MAX),
    ("max_pool2d", F.max_pool2d, (1, 4, 4), (2,), MAX),
    ("mean", torch.mean, (2,), (), {"dim": (0, 1)}),
    ("mean", torch.mean, (2,), (1,), {"keepdim": False}),
    ("pad", F.pad, (2,), ([1, 1],), {"mode": "constant", "value": None}),
    ("relu", F.relu, (2,), (), {"inplace": False}),
    ("_threshold", F.threshold, (2,), (0.5, 0.5), {"inplace": False}),
    ("rsub", torch.rsub, (2,), (torch.ones(2),), {"alpha": 1}),
    ("softshrink", F.softshrink, (2,), (), {"lambd": 0.5}),
    ("threshold", F.threshold, (2,), (0.5, 0.5), {"inplace": False}),
    ("relu6", F.relu6, (2,), (), {"inplace": False}),
    ("split", lambda x, *a, **k: torch.split(x, *a, **k)[0], (2, 2), (1,), {"dim": 0}),
    ("sub", torch.sub, (2,), (torch.ones(2),), {"alpha": 1}),
    ("subtract", torch.subtract, (2,), (torch.ones(2),), {"alpha": 1}),
    ("stack", lambda x, **k: torch.stack([x, x], **k), (2,), (), {"dim": 0}),
    ("cat", lambda x, **k: torch.cat([x, x], **k), (2,), (), {"dim": 0}),
    ("concat", lambda x, **k: torch.concat([x, x], **k), (2,), (), {"dim": 0}),
    ("sum", torch.sum, (2,), (), {"dim": (0, 1)}),
    ("sum", torch.sum, (2,), (1,), {"keepdim": False}),
]

OTHER_FORMS = {
    *((name, option) for name in ("dropout", "dropout1d", "dropout2d") for option in ("p", "training")),  # refused
    *((name, "right") for name in ("maximum", "minimum")),
    *((name, option) for name in ("max", "min") for option in ("other", "dim")),
    ("linalg_vector_norm", "ord"),  # refused
    ("norm", "p"),  # refused
    *((name, "dim") for name in ("size", "squeeze")),
    ("permute", "dims"),
    ("to", "dtype"),
    ("avg_pool1d", "divisor_override"),
    ("vstack", "dim"),
}
"""Parameters that PyTorch does not have, or that call another form of the function where they are given."""


class Calls(torch.nn.Module):
    def __init__(self, function, arguments, named):
        super().__init__()
        self.function, self.named, self.count = function, named, len(arguments)
        for k, argument in enumerate(arguments):
            if isinstance(argument, torch.Tensor):
                self.register_buffer(f"a{k}", argument)
            else:
                setattr(self, f"a{k}", argument)

    def forward(self, x):
        return self.function(x, *(getattr(self, f"a{k}") for k in range(self.count)), **self.named)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_written_default_gives_the_same_network(case):
    _, function, shape, arguments, defaults = case
    omitted, x = Calls(function, arguments, {}), torch.randn(1, *shape)
    for written in ({name: default} for name, default in defaults.items()):
        module = Calls(function, arguments, written)
        assert torch.equal(module(x), omitted(x)), written
        assert from_torch(module, shape) == from_torch(omitted, shape), written


def test_the_cases_have_every_parameter():
    optional = set()
    for name, function in FUNCTIONS.items():
        parameters = inspect.signature(function).parameters.values()
        optional |= {(name, parameter.name) for parameter in parameters if parameter.default is not inspect.Parameter.empty}
    assert optional == OTHER_FORMS | {(case[0], name) for case in CASES for name in case[4]}
