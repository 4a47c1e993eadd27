"""``exactzones info``: describe what a network file holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from exactzones.cli.command import Command
from exactzones.cli.options import NetworkFile, json_option, net_argument
from exactzones.cli.outputs import Deliveries, check_answer_target, is_text_wanted, print_table
from exactzones.engine import kernel
from exactzones.models import assumes_relu
from exactzones.network import Network, Port, regime_bound
from exactzones.port import JUMP

_LONG_BOUND = 10**12


def _print_versions(context: click.Context, _parameter: click.Parameter, asked: Any) -> None:
    """Print what is installed, and end the command: the callback of ``--versions``."""
    if asked and not context.resilient_parsing:
        from exactzones.cli.versions import versions

        print_table(versions())
        context.exit()


@click.command(cls=Command)
@net_argument
@json_option
@click.option(
    "--versions",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Print what is installed, and which library does which work, and exit.",
)
def info(net: NetworkFile, json_path: Path | None) -> int:
    """Describe a network: its layers, the length of its numbers, and how many activation regions each layer can make.

    Where the layers before it are affine, a layer of n ReLU units makes at most C(n,0) + .. + C(n,d) activation regions, not 2^n;
    d is the dimension of the input or, if that is smaller, of the narrowest layer in between.
    """
    network = net.load()
    check_answer_target(json_path, net.path)
    layers = list(_layers(network))
    answer = {
        "command": "info",
        "network": network.sha256,
        "inputs": network.inputs,
        "features": network.widths[-1],
        "latents": [{"name": latent.name, "dimension": latent.dim} for latent in network.latents],
        "layers": layers,
        "model_inputs": [_port(port) for port in network.input_ports],
        "model_outputs": [{**_port(port), "before": port.before} for port in network.output_ports],
        "assumes_relu": assumes_relu(net.path),
        "rounded": [str(rationalization) for rationalization in network.rationalizations],
    }
    deliveries = Deliveries()
    deliveries.deliver_answer(answer, json_path)
    if is_text_wanted(json_path):
        _print_network(network, layers)
        _print_layers(layers)
        if answer["assumes_relu"]:
            click.echo(f"{net.path.name} has weights only: a ReLU between the layers is assumed; export other models to ONNX")
    return deliveries.exit_code(0)


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "first": port.first}


def _layers(network: Network) -> Iterator[dict[str, int]]:
    """Yield the facts about each layer, in order."""
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


def _print_network(network: Network, layers: Sequence[dict[str, int]]) -> None:
    print_table(
        [
            ("inputs", str(network.inputs)),
            ("features", f"{network.widths[-1]} (layer {len(network.layers) - 1})"),
            ("ReLU units", str(sum(layer["relu"] for layer in layers))),
            ("weights", str(sum(layer["units"] * (layer["inputs"] + 1) for layer in layers))),
            ("latent spaces", ", ".join(f"{latent.name} (dimension {latent.dim})" for latent in network.latents)),
            ("sha256", network.sha256),
            ("engine", f"{kernel.name()} kernel"),
        ]
    )
    for what, ports in (("input", network.input_ports), ("feature", network.output_ports)):
        for port in ports if len(ports) > 1 or any(port.before for port in ports) else ():
            click.echo(f"  {_port_text(what, port)}")
    for rationalization in network.rationalizations:
        click.echo(f"  {rationalization}")


def _port_text(what: str, port: Port) -> str:
    """Say which inputs or features of the network are a tensor of the model."""
    last = port.first + port.size - 1
    places = f"{what} {last} is" if port.size == 1 else f"{what}s {port.first} to {last} are"
    if not port.before:
        return f"{places} the model's {'input' if what == 'input' else 'output'} {port.name!r}"
    if port.before == JUMP:
        return f"{places} positive exactly where the model's output {port.name!r} is, which jumps there"
    return f"{places} the values before {port.before} at the model's output {port.name!r}, which keeps their order"


def _print_layers(layers: Sequence[dict[str, int]]) -> None:
    click.echo("layer  units  inputs  ReLU  bits  activation regions")
    for k, layer in enumerate(layers):
        units, bound = layer["relu"], layer["regimes"]
        within = " in each region of the layers before" if any(before["relu"] for before in layers[:k]) else ""
        every = f"2^{units}"
        regions = f"at most {_bound_text(bound)}{within}, not {every}" if bound < 2**units else f"at most {every}{within}"
        shape = f"{k:>5}  {layer['units']:>5}  {layer['inputs']:>6}  {units:>4}  {layer['bits']:>4}"
        click.echo(f"{shape}  {regions if units else 'one: no ReLU'}")


def _bound_text(bound: int) -> str:
    if bound < _LONG_BOUND:
        return f"{bound:,}"
    return f"{float(bound):.3g}" if bound < 10**300 else f"2^{bound.bit_length() - 1}"
