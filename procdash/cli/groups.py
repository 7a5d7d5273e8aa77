"""Groups of commands in which one command need not be named."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from procdash.cli.options import location_names


class DefaultGroup(click.Group):
    """A group with a default command, which takes a location: `procdash LOCATION` is `procdash open LOCATION`.

    Args:
        default: the name of that command.
        arguments: what `click.Group` takes.
    """

    def __init__(self, *, default: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the default command where no command is named, or an option comes first that only it knows."""
        own = {
            spelling: isinstance(parameter, click.Option) and not parameter.is_flag
            for parameter in self.get_params(ctx)
            for spelling in (*parameter.opts, *parameter.secondary_opts)
        }
        position = 0
        while position < len(args) and args[position].startswith("-"):
            option, equals_sign, _ = args[position].partition("=")
            if option not in own:
                return super().parse_args(ctx, self._with_default(args, position))
            takes_next = own[option] and not equals_sign
            position += 2 if takes_next else 1
        if position == len(args) and not ctx.resilient_parsing:
            args = self._with_default(args, position)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command as a location."""
        word = args[0]
        if self.get_command(ctx, word) is None:
            names = location_names(ctx)
            meant = get_close_matches(word, [*self.list_commands(ctx), *names], n=1)
            is_known = word in names or os.path.exists(word)  # noqa: PTH110 - a plain question
            if meant and not is_known and not ctx.resilient_parsing:
                ctx.fail(
                    f"No such command or directory {word!r}. Did you mean '{ctx.command_path} {meant[0]}'? "
                    f"For a location of that name write './{word}'."
                )
            args = self._with_default(args, 0)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and the configured locations, which the default command takes."""
        names = [CompletionItem(name) for name in location_names(ctx) if name.startswith(incomplete)]
        return [*super().shell_complete(ctx, incomplete), *names]

    def _with_default(self, args: list[str], position: int) -> list[str]:
        return [*args[:position], self._default, *args[position:]]
