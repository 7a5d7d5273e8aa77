"""Arguments and options that several commands share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from procdash.insight.problems import STUCK_AFTER_SECONDS
from procdash.store.errors import ExternalError
from procdash.store.location import open_procedure_reader

Command = TypeVar("Command", bound=Callable[..., Any])

_SUGGESTED_IDS = 50


class LocationType(click.ParamType[str]):
    """A path or URL; a shell completes it with directories."""

    name = "location"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave the completion to the shell's own, for directories."""
        del ctx, param
        return [CompletionItem(incomplete, type="dir")]


class ProcedureIdType(click.ParamType[str]):
    """A procedure's id or a unique beginning of it; a shell completes it from the store."""

    name = "id"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Suggest the ids in the location that was already typed."""
        del param
        try:
            reader = open_procedure_reader(ctx.params["location"])
            entries = asyncio.run(reader.list_entries())
        except (ExternalError, KeyError):
            return []
        return [CompletionItem(entry) for entry in entries if entry.startswith(incomplete)][:_SUGGESTED_IDS]


location_argument: Callable[[Command], Command] = click.argument(
    "location", type=LocationType(), envvar="PROCDASH_LOCATION"
)

json_option: Callable[[Command], Command] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table."
)

stuck_after_option: Callable[[Command], Command] = click.option(
    "--stuck-after",
    type=click.FloatRange(min=0, min_open=True),
    default=STUCK_AFTER_SECONDS / 60,
    show_default=True,
    metavar="MINUTES",
    callback=lambda _ctx, _param, minutes: minutes * 60.0,
    help="Call an unfinished procedure stuck after this long without a new key.",
)
