import numpy as np
import pytest

from exactzones.errors import InputError
from exactzones.models import from_torch
from exactzones.rational import vector

torch = pytest.importorskip("torch")
nn = torch.nn


def floats(net, x):
    return np.array([float(entry) for entry in net(x.double().numpy())])


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_weights_are_exact(dtype):
    linear = nn.Linear(3, 2, dtype=dtype)
    (layer,) = from_torch(linear).layers
    assert layer.weight.rows == tuple(vector(*row) for row in linear.weight.tolist())
    assert layer.bias == vector(*linear.bias.tolist())
    assert layer.relu == (False, False)


def test_forward_agrees():
    relu = nn.ReLU()  # one module at several places is applied at each
    inner = nn.Sequential(nn.Linear(6, 5, bias=False), nn.Linear(5, 4), relu)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 6), relu, nn.Dropout(0.5), inner, nn.Identity(), nn.Linear(4, 2)).double()
    net = from_torch(model)
    assert net.widths == (6, 5, 4, 2)
    assert [all(layer.relu) for layer in net.layers] == [True, False, True, False]
    model.eval()
    for x in torch.randn(1000, 3, dtype=torch.double):
        assert np.abs(floats(net, x) - model(x[None])[0].detach().numpy()).max() < 1e-12


def test_relu_first_and_last():
    net = from_torch(nn.Sequential(nn.ReLU(), nn.Linear(3, 2), nn.ReLU(), nn.ReLU()))
    assert net.widths == (3, 2)
    assert all(all(layer.relu) for layer in net.layers)


def test_the_mode_does_not_matter():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.ReLU())
    assert from_torch(model.train()) == from_torch(model.eval())


def test_a_subclass_that_keeps_forward_is_fine():
    class Mine(nn.Sequential):
        pass

    assert from_torch(Mine(nn.Linear(2, 1))).widths == (1,)


def test_parametrized_weights_are_those_in_effect():
    model = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))
    assert from_torch(model).layers[0].weight.rows == (vector(*model.weight[0].tolist()),)


class Own(nn.Module):
    def forward(self, x):
        return x


class Changed(nn.Linear):
    def forward(self, x):
        return -super().forward(x)


class Smooth(nn.Module):
    def forward(self, x):
        return torch.tanh(x)


class Squared(nn.Module):
    def forward(self, x):
        return x * x


class OfTheBatch(nn.Module):
    def forward(self, x):
        return nn.functional.batch_norm(x, torch.zeros(2), torch.ones(2), training=True)


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def hooked():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_forward_hook(lambda *_: None)
    return model


def patched():
    model = nn.Linear(2, 2)
    model.forward = lambda x: x
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Sigmoid()), nn.Linear(2, 1)),
            r"module '1\.0' is a torch.*Sigmoid, which is not piecewise linear.*write .*layer='1\.0', side=\"input\"",
        ),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.GELU()), r"module '1' is a .*GELU"),
        (lambda: nn.Conv2d(1, 1, 1), "pass input_shape"),
        (lambda: nn.Sequential(nn.Conv2d(1, 1, 1), nn.Flatten(), nn.Linear(4, 1)), "pass input_shape"),
        (lambda: nn.Sequential(nn.Linear(2, 2), Smooth()), r"function 'tanh' in module '1': it is not piecewise linear"),
        (lambda: nn.Sequential(nn.Linear(2, 2), Branching()), r"cannot be traced .* must not depend on the values of tensors"),
        (lambda: nn.Sequential(nn.Linear(2, 2), Squared()), r"function 'mul' in module '1': a product of two tensors"),
        (
            lambda: nn.Sequential(nn.Linear(2, 2), OfTheBatch()),
            r"function 'batch_norm' in module '1': it uses the statistics of the batch",
        ),
        (lambda: torch.zeros(2), r"module is tensor\(\[0\., 0\.\]\).*; expected a torch\.nn\.Module"),
        (lambda: torch.nn.functional.relu, r"module is <function relu.*>; expected a torch\.nn\.Module"),
        (lambda: None, r"module is None; expected a torch\.nn\.Module"),
        (nn.Sequential, "pass input_shape"),
        (nn.ReLU, "pass input_shape"),
        (hooked, r"module '0' has forward hooks"),
        (patched, r"the module has forward hooks"),
        (lambda: nn.LazyLinear(2), r"the module has forward hooks"),
        (lambda: nn.Linear(2, 2, device="meta"), r"module\.weight cannot be read as an array of numbers: "),
        (lambda: nn.Linear(2, 2, dtype=torch.complex64), r"module\.weight has type torch\.complex64"),
        (lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1)), r"module '1' \(Linear\): shapes \(1, 3\) and \(2, 1\)"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_refused(make, message):
    with pytest.raises(InputError, match=message) as caught:
        from_torch(make())
    assert "\n" not in str(caught.value)


def test_numbers_that_are_not_finite():
    model = nn.Sequential(nn.Linear(2, 1))
    model[0].bias.data[0] = float("nan")
    with pytest.raises(InputError, match=r"0\.bias\[0\] is nan"):
        from_torch(model)
    model[0].weight.data[0, 1] = float("inf")
    with pytest.raises(InputError, match=r"0\.weight\[0\]\[1\] is inf"):
        from_torch(model)


@pytest.mark.parametrize("shape", [(), (0,), (-1, -2), (2.0,), "ab"])
def test_an_input_shape_that_is_none(shape):
    with pytest.raises(InputError, match="expected the shape of one sample"):
        from_torch(nn.Linear(2, 1), shape)


def test_two_inputs():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with pytest.raises(InputError, match="takes 2 inputs"):
        from_torch(Two(), (2,))


def test_a_constant_that_is_cast_to_float_is_rounded():
    class Cast(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("shift", torch.tensor([0.1], dtype=torch.float64))

        def forward(self, x):
            return x.float() + self.shift.float()

    assert from_torch(Cast(), (1,)).layers[0].bias == vector(torch.tensor(0.1).item())
