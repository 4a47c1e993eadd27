"""Modules as people write them: sparse autoencoders of well-known libraries, blocks of transformers, networks for images."""

import torch
from torch import nn

F = nn.functional


class Sparse(nn.Module):
    """The encoder of a sparse autoencoder; ``fire`` makes its activations from the pre-activations."""

    def __init__(self, fire):
        super().__init__()
        self.fire = fire
        self.W_enc, self.b_enc = nn.Parameter(torch.randn(3, 5)), nn.Parameter(torch.randn(5) / 8)
        self.b_dec, self.log_threshold = nn.Parameter(torch.randn(3) / 8), nn.Parameter(torch.randn(5) - 1)

    def forward(self, x):
        return self.fire(self, (x - self.b_dec) @ self.W_enc + self.b_enc)


def jump_relu(own, pre):
    """As SAELens writes it, with the thresholds of training."""
    base = torch.relu(pre)
    return base * (pre > torch.exp(own.log_threshold)).to(base.dtype)


def jump_relu_inside(own, pre):
    """As dictionary_learning writes it."""
    return nn.ReLU()(pre * (pre > own.b_enc.abs()))


def gated(own, pre):
    """The gate and the magnitude are affine functions of one value."""
    active = ((pre + own.b_enc) > 0).to(pre.dtype)
    return active * torch.relu(pre * torch.exp(own.log_threshold) + 1 / 4)


class Autoencoder(nn.Module):
    """With a decoder of normed rows, and a skip."""

    def __init__(self):
        super().__init__()
        self.encoder, self.skip = nn.Linear(3, 5), nn.Linear(3, 3, bias=False)
        self.W_dec = nn.Parameter(torch.randn(5, 3))

    def forward(self, x):
        rows = self.W_dec / self.W_dec.norm(dim=-1, keepdim=True)
        return self.encoder(x).relu() @ rows + self.skip(x) + F.relu(x @ self.W_dec.T) @ self.W_dec


class Crosscoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.W_enc, self.W_dec = nn.Parameter(torch.randn(2, 3, 4)), nn.Parameter(torch.randn(4, 2, 3))

    def forward(self, x):
        return torch.einsum("bn,nld->bld", F.relu(torch.einsum("bld,ldn->bn", x, self.W_enc)), self.W_dec)


class TokenMLP(nn.Module):
    """The feed-forward block of a transformer, with Conv1D as Hugging Face writes it."""

    def __init__(self):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(3, 6)), nn.Parameter(torch.randn(6))
        self.c_proj, self.dropout = nn.Linear(6, 3), nn.Dropout(0.1)

    def forward(self, x):
        wide = torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(x.size()[:-1] + (6,))  # noqa: RUF005  as it is written there
        return x + self.dropout(self.c_proj(F.relu(wide)))


class VariationalEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        first, second = nn.Conv2d(1, 2, 3, 2, 1), nn.Conv2d(2, 3, 3, 2, 1)
        self.body = nn.Sequential(first, nn.BatchNorm2d(2), nn.LeakyReLU(), second, nn.ReLU())
        self.mu, self.logvar = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x):
        hidden = self.body(x).view(x.size(0), -1)
        return self.mu(hidden), self.logvar(hidden)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        stem = nn.Conv2d(1, 2, 3, 2, 1, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        self.conv, self.bn, self.down = nn.Conv2d(2, 3, 3, 1, 1, bias=False), nn.BatchNorm2d(3), nn.Conv2d(2, 3, 1)
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(3, 2)

    def forward(self, x):
        x = self.stem(x)
        out = self.bn(self.conv(x))
        out += self.down(x)
        return self.fc(torch.flatten(self.pool(F.relu(out)), 1))


class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        wide, depthwise = nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 3, 1, 1, groups=4)
        self.conv = nn.Sequential(wide, nn.ReLU6(), depthwise, nn.BatchNorm2d(4), nn.ReLU6(), nn.Conv2d(4, 2, 1))

    def forward(self, x):
        return x + self.conv(x)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.pool, self.middle = nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(2, 3, 1)
        self.up, self.out = nn.ConvTranspose2d(3, 2, 2, stride=2), nn.Conv2d(4, 1, 3, padding=1, padding_mode="circular")

    def forward(self, x):
        left = F.relu(self.down(x))
        up = self.up(F.relu(self.middle(self.pool(left))))
        dy, dx = left.size(2) - up.size(2), left.size(3) - up.size(3)
        up = F.pad(up, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.out(torch.cat([left, up], dim=1))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(1, 3, 2, 2)
        self.cls, self.position = nn.Parameter(torch.randn(1, 1, 3)), nn.Parameter(torch.randn(1, 5, 3))

    def forward(self, x):
        x = self.project(x).flatten(2).movedim(1, 2)
        return torch.cat((self.cls.expand(x.shape[0], -1, -1), x), dim=1) + self.position


class Mixed(nn.Module):
    """Functions that torch.export keeps, and others that it decomposes."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        low = F.linear(x, torch.tril(self.linear.weight))
        mixed = torch.addcmul(torch.lerp(x, low, 0.25), low, self.linear.bias)
        return torch.cat([mixed.swapaxes(0, 1).swapaxes(0, 1), F.rrelu(low)], 1)


MODULES = {
    "JumpReLU": (lambda: Sparse(jump_relu), (3,), "JumpReLU"),
    "JumpReLU in a ReLU": (lambda: Sparse(jump_relu_inside), (3,), "JumpReLU"),
    "gated": (lambda: Sparse(gated), (3,), "JumpReLU"),
    "autoencoder": (Autoencoder, (3,), ""),
    "crosscoder": (Crosscoder, (2, 3), ""),
    "tokens": (TokenMLP, (2, 3), ""),
    "variational encoder": (VariationalEncoder, (1, 4, 4), ""),
    "ResNet": (ResNet, (1, 4, 4), ""),
    "MobileNet": (MobileNet, (2, 3, 3), ""),
    "U-Net": (UNet, (1, 4, 4), ""),
    "patches": (Patches, (1, 4, 4), ""),
    "mixed functions": (Mixed, (4,), ""),
}
"""Name: the module, the shape of a sample, and what it ends with."""
