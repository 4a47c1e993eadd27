"""``exactzones info``: what is in a network file."""

from __future__ import annotations

from pathlib import Path

import click

from exactzones.cli.common import net_argument, table
from exactzones.formats import load_network
from exactzones.network import regime_bound

_LONG_BOUND = 10**12


@click.command()
@net_argument
def info(net: Path) -> None:
    """Describe a network: layers, sizes, bit lengths, and how many regimes each layer can have.

    A layer of n ReLU units has 2^n sign vectors, but on inputs of dimension d (or behind a bottleneck of dimension d) at most
    C(n,0) + .. + C(n,d) of them occur on each piece on which the layers before are affine.
    """
    network = load_network(net)
    table(
        [
            ("inputs", str(network.inputs)),
            ("features", f"{network.widths[-1]} (layer {len(network.layers) - 1})"),
            ("ReLU units", str(sum(len(layer.relu_units) for layer in network.layers))),
            ("weights", str(sum(layer.outputs * (layer.inputs + 1) for layer in network.layers))),
            ("latent spaces", ", ".join(f"{latent.name} (dimension {latent.dim})" for latent in network.latents)),
            ("sha256", network.sha256),
        ]
    )
    for rationalization in network.rationalizations:
        click.echo(f"  {rationalization}")
    click.echo("layer  units  inputs  ReLU  bits  regimes")
    dim = network.inputs
    for k, layer in enumerate(network.layers):
        dim = min(dim, layer.inputs)
        count = len(layer.relu_units)
        bits = max([layer.weight.bits(), *(max(b.numerator.bit_length(), b.denominator.bit_length()) for b in layer.bias)])
        bound = regime_bound(count, dim)
        most = (
            f"{bound:,}" if bound < _LONG_BOUND else f"{float(bound):.3g}" if bound < 10**300 else f"2^{bound.bit_length() - 1}"
        )
        regimes = f"at most {most}, not 2^{count}" if bound < 2**count else f"at most 2^{count}"
        click.echo(
            f"{k:>5}  {layer.outputs:>5}  {layer.inputs:>6}  {count:>4}  {bits:>4}  {regimes if count else 'one: no ReLU'}"
        )
