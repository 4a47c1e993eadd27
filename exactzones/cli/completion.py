"""``exactzones completion``: what makes a shell complete commands, options and file names."""

from __future__ import annotations

import rich_click as click
from click.shell_completion import get_completion_class

from exactzones.errors import BackendError

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes a shell complete this program's commands, options and files.

    \b
    exactzones completion bash >> ~/.bashrc
    exactzones completion zsh >> ~/.zshrc
    exactzones completion fish > ~/.config/fish/completions/exactzones.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise BackendError(f"click has no completion for {shell}")
    root = context.find_root()
    click.echo(found(root.command, {}, "exactzones", "_EXACTZONES_COMPLETE").source())
