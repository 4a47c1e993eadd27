"""Commands, exit codes, and errors of one line.

Exit codes: 0 done, 1 internal failure or (``check``) an invalid certificate, 2 bad input, 3 a budget ran out (what was found is
written and marked incomplete).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import rich_click as click

from exactzones import __version__
from exactzones.cli.certify import certify, check
from exactzones.cli.common import discard_output
from exactzones.cli.completion import completion
from exactzones.cli.evaluate import evaluate
from exactzones.cli.info import info
from exactzones.cli.proptest import proptest
from exactzones.cli.view import view
from exactzones.cli.zones import zones
from exactzones.errors import BudgetExceeded, InputError

click.rich_click.MAX_WIDTH = 110
click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
click.rich_click.PADDING_HELPTEXT_FIRST_LINE = (0, 0, 1, 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True, no_args_is_help=False)
@click.version_option(__version__)
@click.pass_context
def cli(context: click.Context) -> None:
    """Where in the input space does a ReLU network's feature fire?  Answered exactly, with the complete list.

    NET is a network: .npz with W0, b0, W1, b1, .. (ReLU between), .json with rational strings, .onnx, or a state dict of linear
    layers (.safetensors, .pt, .pth).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


cli.add_command(zones)
cli.add_command(certify)
cli.add_command(check)
cli.add_command(evaluate)
cli.add_command(info)
cli.add_command(proptest)
cli.add_command(view)
cli.add_command(completion)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; no traceback unless EXACTZONES_DEBUG is set."""
    try:
        status = cli.main(args=arguments, prog_name="exactzones", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as error:
        _complain(f"{error.format_message()}{_where_to_read(error)}")
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
    except (BrokenPipeError, SystemExit):  # the reader of a pipe has seen enough; click's answer to that is SystemExit
        discard_output()
        _leave(0)
    except Exception as error:  # the last net: one line, not a traceback
        if os.environ.get("EXACTZONES_DEBUG"):
            raise
        what = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}".splitlines()[0]
        _complain(f"internal failure, {what} (EXACTZONES_DEBUG=1 shows where; please report it)")
        _leave(1)
    _leave(status if isinstance(status, int) else 0)


def _where_to_read(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return "" if context is None else f" (see {context.command_path} --help)"


def _complain(message: str) -> None:
    click.echo(f"error: {' '.join(message.splitlines())}", err=True)


def _leave(code: int) -> NoReturn:
    sys.exit(code)
