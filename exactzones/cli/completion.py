"""``exactzones completion``: shell completion of commands, options and file names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from exactzones.cli.command import Command
from exactzones.errors import BackendError

_SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a shell script that completes commands, options and file names.

    \b
    exactzones completion bash >> ~/.bashrc
    exactzones completion zsh >> ~/.zshrc
    exactzones completion fish > ~/.config/fish/completions/exactzones.fish
    """
    script_class = get_completion_class(shell)
    if script_class is None:
        raise BackendError(f"click cannot complete commands in {shell}")
    root = context.find_root()
    click.echo(script_class(root.command, {}, "exactzones", "_EXACTZONES_COMPLETE").source())
