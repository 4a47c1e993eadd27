"""The class of all commands: its help is formatted by rich_click, which is imported when somebody asks for help."""

from __future__ import annotations

import click


class Command(click.Command):
    """A command whose help is formatted by rich_click."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help text."""
        from exactzones.cli.help_format import command_help

        return command_help(self, ctx)
