"""The table of commands, their exit codes, and errors of one line.

Exit codes: 0 done; 1 internal failure, an invalid certificate (``check``) or a failed test (``proptest``); 2 bad input; 3 a limit
was reached or the run was interrupted (what was found is written and marked incomplete).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from exactzones import __version__
from exactzones.engine import kernel
from exactzones.errors import BudgetExceeded, InputError

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
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; no traceback unless EXACTZONES_DEBUG is set."""
    try:
        status = cli.main(args=arguments, prog_name="exactzones", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as error:
        _complain(f"{error.format_message()}{_help_hint(error)}")
        _leave(2)
    except InputError as error:
        _complain(str(error))
        _leave(2)
    except BudgetExceeded as error:
        _complain(error.reason)
        _leave(3)
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        _leave(3)
    except (BrokenPipeError, SystemExit):  # the reader closed the pipe; click turns that into SystemExit
        from exactzones.cli.outputs import discard_output

        discard_output()
        _leave(0)
    except Exception as error:  # anything unforeseen: one line, not a traceback
        if os.environ.get("EXACTZONES_DEBUG"):
            raise
        what = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}".splitlines()[0]
        _complain(f"internal failure, {what} (please report it; EXACTZONES_DEBUG=1 shows the traceback)")
        _leave(1)
    _leave(status if isinstance(status, int) else 0)


def _help_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return "" if context is None else f" (see {context.command_path} --help)"


def _complain(message: str) -> None:
    click.echo(f"error: {' '.join(message.splitlines())}", err=True)


def _leave(code: int) -> NoReturn:
    sys.exit(code)
