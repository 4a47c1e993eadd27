"""What a module computes of its parameters alone is a constant; and functions that drop entries or have a wrong size."""

import pytest

from exactzones.errors import InputError
from exactzones.models import from_torch

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


class Calls(nn.Module):
    def __init__(self, function, *shapes):
        super().__init__()
        torch.manual_seed(1)
        self.function = function
        for k, shape in enumerate(shapes):
            self.register_parameter(f"p{k}", nn.Parameter(torch.randint(-3, 4, shape).float()))

    def forward(self, x):
        return self.function(x, *self.parameters())


FUNCTIONS = {
    "a product of parameters": (lambda x, w, a, b: x @ (w + a @ b).T, (3, 2), (3, 1), (1, 2)),
    "a product by matmul": (lambda x, a, b: torch.matmul(x, torch.matmul(a, b).mT), (3, 1), (1, 2)),
    "a linear map": (lambda x, w, a, b: F.linear(x, w + 2 * a @ b), (3, 2), (3, 1), (1, 2)),
    "a rectified weight": (lambda x, w: F.linear(x, torch.relu(w)), (3, 2)),
    "a clipped and negated weight": (lambda x, w: F.linear(x, -w.clamp(-1, 2)), (3, 2)),
    "a maximum of weights": (lambda x, w, v: F.linear(x, torch.maximum(w, v)), (3, 2), (3, 2)),
    "a sum of weights": (lambda x, w: x + w.sum(dim=0), (3, 2)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_constants_are_computed(name):
    function, *shapes = FUNCTIONS[name]
    module = Calls(function, *shapes)
    net = from_torch(module, (2,))
    for point in torch.randint(-4, 5, (10, 2)).float():
        assert [float(entry) for entry in net(point.tolist())] == module(point[None]).ravel().tolist()


@pytest.mark.parametrize("function", [F.dropout, F.dropout1d, F.dropout2d, lambda x: F.dropout(x, 0.5, True)])
def test_dropping_entries_in_evaluation_mode_is_refused(function):
    with pytest.raises(InputError, match=r"it drops entries in evaluation mode, too; write training=self\.training"):
        from_torch(Calls(lambda x: function(torch.relu(x))), (2, 2))


def test_dropping_entries_in_training_mode_only():
    class Drops(nn.Module):
        def forward(self, x):
            return F.dropout(torch.relu(x), 0.5, training=self.training)

    assert from_torch(Drops(), (2,))([1, -1]) == (1, 0)


@pytest.mark.parametrize("size", [(2, 2, 2), (2,), 0, "2"])
def test_a_wrong_output_size_is_refused(size):
    with pytest.raises(InputError, match="output_size is"):
        from_torch(nn.AdaptiveAvgPool2d(size), (1, 4, 4))
