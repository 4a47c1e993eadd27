"""Ordinary modules agree with what is read: with torch.fx, from exported programs, and from files of both ONNX exporters."""

import os
import warnings

import pytest

from exactzones.errors import InputError
from exactzones.models import from_torch, load_network

torch = pytest.importorskip("torch")
nn = torch.nn

from models import torch_modules  # noqa: E402  it needs torch


class Calls(nn.Module):
    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(modules)

    def forward(self, x):
        return self.function(x, *self.parts)


# name: (module, shape of a sample, what it ends with)
MODULES = {
    "perceptron": (nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)), (3,), ""),
    "softmax": (nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)), (3,), "Softmax"),
    "log softmax": (nn.Sequential(nn.Linear(3, 2), nn.LogSoftmax(1)), (3,), "LogSoftmax"),
    "sigmoid": (nn.Sequential(nn.Linear(3, 2), nn.Sigmoid()), (3,), "Sigmoid"),
    "argmax": (Calls(lambda x, a: a(x).argmax(1), nn.Linear(3, 4)), (3,), "ArgMax"),
    "convolution": (nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2)), (1, 4, 4), ""),
    "convolution along one axis": (nn.Sequential(nn.Conv1d(2, 3, 3, padding="same"), nn.AvgPool1d(2)), (2, 4), ""),
    "transposed convolution": (nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 2, 2), ""),
    "upsampling": (nn.Upsample(scale_factor=2), (1, 2, 2), ""),
    "bilinear upsampling": (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 2, 3), ""),
    "bilinear upsampling, aligned": (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), (1, 2, 3), ""),
    "bicubic upsampling": (nn.Upsample(size=(3, 5), mode="bicubic"), (1, 2, 3), ""),
    "pixel shuffle": (nn.PixelShuffle(2), (4, 2, 2), ""),
    "pixel unshuffle": (nn.PixelUnshuffle(2), (1, 4, 4), ""),
    "chosen entries": (Calls(lambda x: torch.relu(x[:, [2, 0]])), (3,), ""),
    "maximum along an axis": (Calls(lambda x: x.amax(1)), (3,), ""),
    "maximum with indices": (Calls(lambda x: x.max(1).values), (3,), ""),
    "centred": (Calls(lambda x: x.mean(1, keepdim=True) - x), (3,), ""),
    "cumulative sum": (Calls(lambda x: x.cumsum(1)), (3,), ""),
    "einsum": (Calls(lambda x, a: torch.einsum("bi,oi->bo", x, a.weight), nn.Linear(3, 2)), (3,), ""),
    "global pooling": (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), (2, 3, 3), ""),
    "activations": (nn.Sequential(nn.Hardtanh(), nn.ReLU6(), nn.LeakyReLU(), nn.PReLU(), nn.Hardsigmoid()), (3,), ""),
    "clamp": (Calls(lambda x: x.clamp(min=0)), (3,), ""),
    "padding and cropping": (nn.ZeroPad2d((1, -1, 0, 1)), (1, 3, 3), ""),
    "reflection": (nn.ReflectionPad2d(1), (1, 3, 3), ""),
    "weight norm": (nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)), (3,), ""),
    "residual": (Calls(lambda x, a, b: x + b(torch.relu(a(x))), nn.Linear(3, 4), nn.Linear(4, 3)), (3,), ""),
    "repeated": (Calls(lambda x: x.repeat(1, 2)), (3,), ""),
    "rolled": (Calls(lambda x: torch.roll(x, 1, 1)), (3,), ""),
    "with zeros": (Calls(lambda x: torch.cat([x[:, :1], torch.zeros_like(x[:, 1:])], 1)), (3,), ""),
    "sum of absolute values": (Calls(lambda x: x.abs().sum(1)), (3,), ""),
    "norm": (Calls(lambda x: torch.linalg.vector_norm(x, 1, dim=1)), (3,), ""),
}


def in_onnx(module, sample, path, *, dynamo):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (sample,), path, dynamo=dynamo)
    return load_network(path)


READERS = {
    "onnx": lambda module, sample, path: in_onnx(module, sample, path, dynamo=False),
    "onnx with dynamo": lambda module, sample, path: in_onnx(module, sample, path, dynamo=True),
    "fx": lambda module, sample, _: from_torch(module, sample.shape[1:]),
    "export": lambda module, sample, _: from_torch(torch.export.export(module, (sample,))),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", MODULES)
def test_modules_in_every_form(name, reader, tmp_path, capfd):
    if reader == "onnx with dynamo" and list(MODULES).index(name) % 4 and not os.environ.get("EXACTZONES_EXPORTERS"):
        pytest.skip("this exporter takes seconds for each module; EXACTZONES_EXPORTERS=1 tries it on all")
    module, shape, end = MODULES[name]
    agree(module, shape, end, READERS[reader], tmp_path)
    capfd.readouterr()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", torch_modules.MODULES)
def test_modules_as_people_write_them(name, reader, tmp_path, capfd):
    every = {"onnx": 4, "onnx with dynamo": 12}.get(reader, 1)
    if list(torch_modules.MODULES).index(name) % every and not os.environ.get("EXACTZONES_EXPORTERS"):
        pytest.skip("these exporters take a second or more for each module; EXACTZONES_EXPORTERS=1 tries them on all")
    torch.manual_seed(0)
    make, shape, end = torch_modules.MODULES[name]
    agree(make(), shape, end, READERS[reader], tmp_path)
    capfd.readouterr()


def agree(module, shape, end, reader, folder):
    """Check that a module and what is read of it agree: in what they compute, or in where entries of a JumpReLU are positive."""
    module.eval()
    torch.manual_seed(0)
    samples = torch.randn(5, *shape)
    net = reader(module, samples[:1], folder / "net.onnx")
    assert net.output_ports[0].before == end
    for sample in samples if end in ("", "JumpReLU") else ():
        ours = torch.tensor([float(entry) for entry in net(sample.double().ravel().tolist())])
        theirs = module(sample[None])
        theirs = torch.cat([part.ravel() for part in (theirs if isinstance(theirs, tuple) else (theirs,))]).detach()
        if end:
            assert (ours > 0).equal(theirs > 0)
        else:
            assert torch.allclose(ours, theirs, atol=1e-5)


def test_several_results_are_joined():
    net = from_torch(Calls(lambda x: (x[:, :1], (x.relu(), x)[0])), (3,))
    assert [(port.name, port.shape, port.first) for port in net.output_ports] == [("output0", (1, 1), 0), ("output1", (1, 3), 1)]
    assert net([-1, 2, 3]) == (-1, 0, 2, 3)
    with pytest.raises(InputError, match="the module returns a int; a tensor that depends on the input is expected"):
        from_torch(Calls(lambda x: (x, 3)), (3,))


def test_exported_programs():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    program = torch.export.export(net, (torch.randn(1, 3),))
    assert from_torch(program) == from_torch(program, 3) == from_torch(net)
    assert from_torch(program.run_decompositions()) == from_torch(net)
    with pytest.raises(InputError, match=r"the program's input has shape \(1, 3\); pass input_shape"):
        from_torch(program, 4)
    two = torch.export.export(nn.Bilinear(2, 2, 1), (torch.randn(1, 2), torch.randn(1, 2)))
    with pytest.raises(InputError, match="the program takes 2 inputs; one is expected"):
        from_torch(two)
    smooth = torch.export.export(nn.Sequential(nn.Tanh(), nn.Linear(3, 1)), (torch.randn(1, 3),))
    with pytest.raises(InputError, match=r"operator aten\.tanh\.default: it is not piecewise linear"):
        from_torch(smooth)
    recurrent = torch.export.export(Calls(lambda x, cell: cell(x)[0], nn.GRU(3, 2)), (torch.randn(1, 3),))
    with pytest.raises(InputError, match=r"operator aten\.gru\.input: it is not piecewise linear"):
        from_torch(recurrent)


def test_an_open_batch_is_one_sample():
    net = nn.Linear(3, 2)
    program = torch.export.export(net, (torch.randn(4, 3),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    assert from_torch(program) == from_torch(net)


def test_a_file_of_an_exported_program_is_not_unpickled(tmp_path):
    with pytest.raises(InputError, match=r"net\.pt2: .* write from_torch\(torch\.export\.load\(path\)\) if you trust the file"):
        load_network(tmp_path / "net.pt2")
