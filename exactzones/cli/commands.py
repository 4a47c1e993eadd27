"""The table of commands."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click

from exactzones import __version__
from exactzones.cli.stopping import stop
from exactzones.engine import kernel
from exactzones.errors import BudgetExceeded, did_you_mean


class _Command(NamedTuple):
    """Where a command is, and what the list of commands says about it."""

    module: str
    function: str
    summary: str


_COMMANDS = {
    "along": _Command(
        "along",
        "command",
        "Cut a segment into the pieces on which the network is affine, exactly.",
    ),
    "certify": _Command(
        "certify", "certify", "Prove that a feature cannot fire on a domain, or find an input at which it fires."
    ),
    "check": _Command(
        "check", "check", "Check a certificate, in exact integer arithmetic, against the claim that the options state."
    ),
    "completion": _Command("completion", "completion", "Print a shell script that completes commands, options and file names."),
    "dead": _Command("features", "dead", "List the features of a layer that fire nowhere on a domain, each with a proof."),
    "eval": _Command(
        "evaluate", "evaluate", "Evaluate a network at a point: exact outputs, activation pattern, and which features fire."
    ),
    "explore": _Command(
        "explore",
        "command",
        "List the zones around a point in the order of their distance, without a list of all zones.",
    ),
    "features": _Command(
        "feature_report",
        "command",
        "Write a report on features: which are dead, how large they become, which fire together, which islands hold no data.",
    ),
    "info": _Command(
        "info",
        "info",
        "Describe a network: its layers, the length of its numbers, and how many activation regions each layer can make.",
    ),
    "maximum": _Command(
        "features",
        "maximum",
        "Compute the largest value of a feature on a domain, exactly, with a proof that it is nowhere larger.",
    ),
    "measure": _Command(
        "measure",
        "command",
        "Compute exact means and variances of a feature on a bounded domain, and how it goes together with others.",
    ),
    "nearest": _Command(
        "nearest",
        "command",
        "Find the nearest input at which a feature fires, exactly or, when time is up, between two exact bounds.",
    ),
    "proptest": _Command(
        "proptest", "proptest", "Test the zones of a feature against exact evaluations of the network at random points."
    ),
    "store": _Command("store", "store", "Look into a store of zones, which exactzones zones --store writes."),
    "supports": _Command(
        "supports",
        "supports",
        "Print what exactzones supports, one entry on each line, in the form of chapter 5 of the VNN-LIB standard.",
    ),
    "together": _Command(
        "features",
        "together",
        "Decide for all pairs of features of a layer whether they fire together, at one point of a domain.",
    ),
    "topology": _Command(
        "topology",
        "command",
        "Count the components, loops and cavities of the set on which a feature fires, of the rest, and of the boundary.",
    ),
    "verify": _Command(
        "verify", "verify", "Decide a VNN-LIB query; the command line is that of chapter 5 of the VNN-LIB standard."
    ),
    "view": _Command(
        "view",
        "view",
        "Write the zones of a feature as an interactive page: one HTML file that needs no internet connection.",
    ),
    "zone": _Command(
        "zone",
        "command",
        "Describe the zone of a point: pattern, inequalities, affine map, and what changes across its nearest facets.",
    ),
    "zones": _Command("zones", "zones", "List the zones of a feature: all activation regions in which it fires, exactly."),
}
"""A command's module, and what it imports, is loaded when the command is used; the list of commands needs the summaries only."""


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
        command = _COMMANDS[cmd_name]
        return getattr(import_module(f"exactzones.cli.{command.module}"), command.function)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that arguments name, and the arguments after it: certify of many instances is one of its own."""
        if args[0] == "certify" and any(argument.partition("=")[0] == "--instances" for argument in args):
            asks_for_help = "-h" in args or "--help" in args  # --instances would take it for a file
            command = import_module("exactzones.cli.instances").certify_instances
            return "certify", command, ["--help"] if asks_for_help else args[1:]
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no such command {args[0]!r}{did_you_mean(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an interruption becomes an error of ours, since click prints an empty line for its own."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise BudgetExceeded(stop.deadline.reason) from None

    def get_help(self, ctx: click.Context) -> str:
        """Return the help text, formatted by rich_click."""
        from exactzones.cli.help_format import group_help

        return group_help(self, ctx, {name: command.summary for name, command in _COMMANDS.items()})


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    no_args_is_help=False,
)
@click.version_option(__version__, message=f"%(prog)s, version %(version)s, {kernel.name()} kernel")
@click.option("--name", "name", is_flag=True, help="Print the solver's name, as the VNN-LIB standard wants it, and exit.")
@click.pass_context
def cli(context: click.Context, *, name: bool) -> None:
    """Find where in its input space a ReLU network's feature fires: exactly, and completely.

    A feature is a unit of the network; it fires where its value before the ReLU is greater than a threshold (0 by default).
    Where a classifier predicts class K, unit K is greater than all others: --argmax K in place of --feature.
    A zone is an activation region (a polyhedron on which the network is affine) in which the feature fires somewhere.
    An island is a connected component of the zones.

    NET is a network file: .npz with W0, b0, W1, b1, .. (a row of W0 for each unit, a ReLU between layers), .json with exact
    numbers as strings, .onnx, or a state dict of linear layers (.safetensors, .pt, .pth), which does not say what
    lies between them: ReLU is assumed.

    Ctrl-C, SIGTERM and SIGHUP end a command within two seconds: what was found is written and marked incomplete (exit code 3).
    A second one ends it at once.  A signal that is ignored when a command starts, as under nohup or for SIGINT in the
    background of a script, stays ignored.

    Exit codes: 0 done; 1 an invalid certificate or an internal failure; 2 bad input, or a file that cannot be written; 3 a limit
    was reached, or the run was interrupted; 4 another verdict than "certify --expect" names.
    """
    if name:
        click.echo("exactzones")
        context.exit(0)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
