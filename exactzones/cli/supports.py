"""``exactzones supports``: what exactzones supports, in the form of chapter 5 of the VNN-LIB standard."""

from __future__ import annotations

from collections.abc import Callable

import click

from exactzones.cli.command import Command
from exactzones.errors import InputError

_OLDEST_OPSET = 7
_VERDICT_TYPES = ("real", "float32", "float64")
"""Element types whose arithmetic the verdicts are about."""


def _opset_versions() -> list[str]:
    from onnx.defs import onnx_opset_version

    return [str(_OLDEST_OPSET), str(onnx_opset_version())]


def _operators() -> list[str]:
    from exactzones.models.onnx_operators import OF_CONSTANTS, OPERATORS

    return sorted({*OPERATORS, "Constant"} - OF_CONSTANTS)


_CAPABILITIES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "onnx_opset_versions": ("The oldest and the newest opset of ONNX models.", _opset_versions),
    "onnx_element_types": ("The types whose arithmetic the verdicts are about.", lambda: list(_VERDICT_TYPES)),
    "onnx_operators": ("The operators of ONNX models; those of constants only are left out.", _operators),
    "vnnlib_versions": ("The oldest and the newest version of VNN-LIB.", lambda: ["1.0", "2.0"]),
    "hidden_node_theories": ("Whether queries may name hidden tensors.", lambda: ["NH", "H"]),
    "multiple_input_output_theories": ("Whether networks may have several inputs and outputs.", lambda: ["SIO", "MIO"]),
    "multiple_network_theories": ("Which queries about several networks.", lambda: ["SNET", "MENET", "MINET", "MNET"]),
    "multiple_node_comparison_theories": ("Whether conditions may relate different tensors.", lambda: ["SNC", "MNC"]),
    "arithmetic_complexity_theories": ("Which conditions.", lambda: ["BND", "OUTC", "LIN", "POLY"]),
    "optimised_disjunctive_reasoning": ("Whether disjunctions are decided other than case by case.", lambda: ["false"]),
    "serialise_assignments": ("Whether verify can write assignments to files.", lambda: ["false"]),
}


def _with_capabilities(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each capability."""
    for name, (description, _) in reversed(_CAPABILITIES.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, is_flag=True, help=description)(command)
    return command


@click.command(cls=Command)
@_with_capabilities
def supports(**chosen: bool) -> None:
    """Print what exactzones supports, one entry on each line, in the form of chapter 5 of the VNN-LIB standard.

    \b
    exactzones supports --onnx-operators
    """
    names = [name for name, wanted in chosen.items() if wanted]
    if len(names) != 1:
        raise InputError(f"{len(names)} capabilities are asked for; expected one, such as --onnx-operators")
    for line in _CAPABILITIES[names[0]][1]():
        click.echo(line)
