"""``exactzones info``: what is in a network file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from exactzones.cli.common import STDOUT, check_answer, json_option, net_argument, save_answer, table
from exactzones.models import load_network
from exactzones.network import Network, regime_bound

_LONG_BOUND = 10**12


@click.command()
@net_argument
@json_option
def info(net: Path, json_path: Path | None) -> None:
    """Describe a network: layers, sizes, bit lengths, and how many regimes each layer can have.

    A layer of n ReLU units has 2^n sign vectors, but on inputs of dimension d (or behind a bottleneck of dimension d) at most
    C(n,0) + .. + C(n,d) of them occur on each piece on which the layers before are affine.
    """
    network = load_network(net)
    check_answer(json_path, net)
    layers = list(_layers(network))
    answer = {
        "command": "info",
        "network": network.sha256,
        "inputs": network.inputs,
        "features": network.widths[-1],
        "latents": [{"name": latent.name, "dimension": latent.dim} for latent in network.latents],
        "layers": layers,
        "rounded": [str(rationalization) for rationalization in network.rationalizations],
    }
    save_answer(answer, json_path)
    if json_path == STDOUT:
        return
    table(
        [
            ("inputs", str(network.inputs)),
            ("features", f"{network.widths[-1]} (layer {len(network.layers) - 1})"),
            ("ReLU units", str(sum(layer["relu"] for layer in layers))),
            ("weights", str(sum(layer["units"] * (layer["inputs"] + 1) for layer in layers))),
            ("latent spaces", ", ".join(f"{latent.name} (dimension {latent.dim})" for latent in network.latents)),
            ("sha256", network.sha256),
        ]
    )
    for rationalization in network.rationalizations:
        click.echo(f"  {rationalization}")
    click.echo("layer  units  inputs  ReLU  bits  regimes")
    for k, layer in enumerate(layers):
        count, bound = layer["relu"], layer["regimes"]
        most = (
            f"{bound:,}" if bound < _LONG_BOUND else f"{float(bound):.3g}" if bound < 10**300 else f"2^{bound.bit_length() - 1}"
        )
        regimes = f"at most {most}, not 2^{count}" if bound < 2**count else f"at most 2^{count}"
        shape = f"{k:>5}  {layer['units']:>5}  {layer['inputs']:>6}  {count:>4}  {layer['bits']:>4}"
        click.echo(f"{shape}  {regimes if count else 'one: no ReLU'}")


def _layers(network: Network) -> Iterator[dict[str, int]]:
    """Yield what is told of each layer."""
    dim = network.inputs
    for layer in network.layers:
        dim = min(dim, layer.inputs)
        yield {
            "units": layer.outputs,
            "inputs": layer.inputs,
            "relu": len(layer.relu_units),
            "bits": max([layer.weight.bits(), *(max(b.numerator.bit_length(), b.denominator.bit_length()) for b in layer.bias)]),
            "regimes": regime_bound(len(layer.relu_units), dim),
        }
