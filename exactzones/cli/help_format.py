"""Help as rich_click formats it: a module of its own, since ``exactzones --version`` need not import rich_click."""

from __future__ import annotations

from collections.abc import Mapping

import click
import rich_click

rich_click.rich_click.MAX_WIDTH = 110
rich_click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
rich_click.rich_click.PADDING_HELPTEXT_FIRST_LINE = (0, 0, 1, 0)


def group_help(group: click.Group, context: click.Context, summaries: Mapping[str, str]) -> str:
    """Return the help text of a group of plain click; its commands are not loaded.

    Args:
        group: the group.
        context: its context.
        summaries: what the list of commands says about each of them.
    """
    twin = rich_click.RichGroup(
        name=group.name,
        commands={name: click.Command(name, help=summaries[name]) for name in group.list_commands(context)},
        params=group.params,
        help=group.help,
        invoke_without_command=group.invoke_without_command,
        context_settings=group.context_settings,
    )
    return twin.get_help(rich_click.RichContext(twin, info_name=context.info_name, help_option_names=context.help_option_names))


def command_help(command: click.Command, context: click.Context) -> str:
    """Return the help text of a command of plain click."""
    twin = rich_click.RichCommand(name=command.name, params=command.params, help=command.help)
    own = rich_click.RichContext(twin, context.parent, context.info_name, help_option_names=context.help_option_names)
    return twin.get_help(own)
