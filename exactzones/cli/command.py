"""The class of all commands: its help is formatted by rich_click, which is imported when somebody asks for help."""

from __future__ import annotations

from difflib import get_close_matches

import click

_SIMILAR = 0.75  # how much of an option's name is right where one is proposed: 1 is all of it


class Command(click.Command):
    """A command whose help is formatted by rich_click, and which says of an option that others have that they have it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageError: they do not fit the command.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            others = _with_option(name, ctx)
            if others:
                raise click.UsageError(f"{self.name} has no option {name!r}; commands that have it: {others}", ctx) from None
            nearest = get_close_matches(name, error.possibilities or (), n=1, cutoff=_SIMILAR)
            raise click.NoSuchOption(name, possibilities=nearest, ctx=ctx) from None

    def get_help(self, ctx: click.Context) -> str:
        """Return the help text."""
        from exactzones.cli.help_format import command_help

        return command_help(self, ctx)


def _with_option(name: str, ctx: click.Context) -> str:
    """Return the names of the other commands that have an option; empty if there are none."""
    group = None if ctx.parent is None else ctx.parent.command
    if not isinstance(group, click.Group):
        return ""
    commands = {each: group.get_command(ctx, each) for each in group.list_commands(ctx)}
    return ", ".join(each for each, known in commands.items() if known and any(name in option.opts for option in known.params))
