"""Where the command line starts: signals, standard streams, exit codes, and errors of one line.

Exit codes: 0 done; 1 internal failure, an invalid certificate (``check``) or a failed test (``proptest``); 2 bad input or output
that cannot be written; 3 a limit was reached or the run was interrupted (what was found is written and marked incomplete);
4 another verdict than ``certify --expect`` names.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from exactzones.cli.stopping import stop
from exactzones.cli.streams import Streams
from exactzones.errors import BudgetExceeded, InputError
from exactzones.files import remove_scratch


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; no traceback unless EXACTZONES_DEBUG is set."""
    with stop.on_signals(to_the_end=arguments is None):  # before the imports, which take long enough to be interrupted
        try:
            with Streams() as streams:
                code = _code_of(arguments)
            if streams.failure is not None:
                code = 2
        except KeyboardInterrupt:  # between two steps
            code = 3
        finally:
            remove_scratch()
    if arguments is None and (stop.deadline.passed or stop.deadline.interrupted):
        # The interpreter would take long to free all objects.  And where an interruption has passed an exec of text, as in the
        # making of a dataclass, it would end itself by SIGINT.
        os._exit(code)
    gc.freeze()  # nothing is left to collect, and the interpreter would look for it several times
    sys.exit(code)


def _code_of(arguments: Sequence[str] | None) -> int:
    """Run the command line; print an error as one line, and return the exit code."""
    try:
        return _run(arguments)
    except InputError as error:
        return _complain(str(error), 2)
    except BudgetExceeded as error:
        return _end_early(error.reason)
    except KeyboardInterrupt:
        return _end_early(stop.deadline.reason)
    except Exception as error:  # anything unforeseen: one line, not a traceback
        if isinstance(error.__cause__, KeyboardInterrupt):  # C code that is being imported makes an ImportError of it
            return _end_early(stop.deadline.reason)
        if os.environ.get("EXACTZONES_DEBUG"):
            raise
        what = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}".splitlines()[0]
        return _complain(f"internal failure, {what} (please report it; EXACTZONES_DEBUG=1 shows the traceback)", 1)


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command line; errors of click are printed as one line."""
    import click  # here, where an interruption is caught

    from exactzones.cli.commands import cli

    try:
        status = cli.main(args=arguments, prog_name="exactzones", standalone_mode=False)
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = "" if context is None else f" (see {context.command_path} --help)"
        return _complain(f"{error.format_message()}{hint}", 2)
    except click.Abort as aborted:  # what click makes of an interruption before the command begins, and of an EOFError
        raise aborted.__cause__ or KeyboardInterrupt from None
    except SystemExit as left:  # the completion of a shell's line
        status = left.code
    return status if isinstance(status, int) else 0


def _end_early(reason: str) -> int:
    """Say why a command ends without an answer; a command that has part of one writes it itself."""
    return _complain(f"{reason} before there was an answer to write", 3)


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"error: {' '.join(message.splitlines())}\n")
    return code
