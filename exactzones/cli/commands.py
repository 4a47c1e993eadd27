"""The table of commands."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from exactzones import __version__
from exactzones.cli.stopping import stop
from exactzones.engine import kernel
from exactzones.errors import BudgetExceeded

_COMMANDS = {
    "certify": "exactzones.cli.certify:certify",
    "check": "exactzones.cli.certify:check",
    "completion": "exactzones.cli.completion:completion",
    "eval": "exactzones.cli.evaluate:evaluate",
    "info": "exactzones.cli.info:info",
    "proptest": "exactzones.cli.proptest:proptest",
    "supports": "exactzones.cli.supports:supports",
    "verify": "exactzones.cli.verify:verify",
    "view": "exactzones.cli.view:view",
    "zones": "exactzones.cli.zones:zones",
}
"""Command -> the module and the function in it.  A command's module, and what it imports, is loaded when the command is used."""


class _LazyGroup(click.Group):
    """A group that imports a command when it is asked for; see "Lazily Loading Subcommands" in click's documentation."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in alphabetical order."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        """Return a command, or None if there is no command of this name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        import_module("exactzones.cli.help_format")  # the command's own help follows its settings
        module, _, function = _COMMANDS[cmd_name].partition(":")
        return getattr(import_module(module), function)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an interruption becomes an error of ours, since click prints an empty line for its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise BudgetExceeded(stop.deadline.reason) from None

    def get_help(self, ctx: click.Context) -> str:
        """Return the help text, formatted by rich_click."""
        from exactzones.cli.help_format import group_help

        return group_help(self, ctx)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    no_args_is_help=False,
)
@click.version_option(__version__, message=f"%(prog)s, version %(version)s, {kernel.name()} kernel")
@click.pass_context
def cli(context: click.Context) -> None:
    """Find where in its input space a ReLU network's feature fires: exactly, and completely.

    A feature is a unit of the network; it fires where its value before the ReLU is greater than a threshold (0 by default).
    A zone is an activation region (a polyhedron on which the network is affine) in which the feature fires somewhere.
    An island is a connected component of the zones.

    NET is a network file: .npz with W0, b0, W1, b1, .. (a ReLU between layers), .json with exact numbers as strings, .onnx,
    or a state dict of linear layers (.safetensors, .pt, .pth).

    Ctrl-C, SIGTERM and SIGHUP end a command within two seconds: what was found is written and marked incomplete (exit code 3).
    A second one ends it at once.  A signal that is ignored when a command starts, as under nohup or for SIGINT in the
    background of a script, stays ignored.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
