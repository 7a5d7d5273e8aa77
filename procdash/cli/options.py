"""Arguments and options that several commands share, and what holds for the location that they are about."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from procdash.config import Choices, Configuration, ConfigurationError, Settings, load_configuration
from procdash.insight.problems import STUCK_AFTER_SECONDS
from procdash.store.errors import ExternalError
from procdash.store.location import open_procedure_reader

Command = TypeVar("Command", bound=Callable[..., Any])

_SUGGESTED_IDS = 50
_DEFAULT = Choices(read_only=False, stuck_after_minutes=STUCK_AFTER_SECONDS / 60)
_CONFIGURATION_KEY = f"{__name__}.configuration"
_NAMES_KEY = f"{__name__}.names"


class UnusableConfiguration(click.ClickException):
    """The configuration file is at fault, or the option that names it."""

    exit_code = 2


def configuration_of(ctx: click.Context) -> Configuration:
    """The configuration that this call of procdash goes by; read once, when it is first asked for.

    Raises:
        UnusableConfiguration: if there is one that cannot be used.
    """
    found: Configuration | None = ctx.meta.get(_CONFIGURATION_KEY)
    if found is None:
        try:
            found = load_configuration(ctx.find_root().params.get("config"))
        except ConfigurationError as error:
            from procdash.present.sanitise import safe  # noqa: PLC0415 - rich loads where it is needed

            raise UnusableConfiguration(safe(str(error))) from error
        ctx.meta[_CONFIGURATION_KEY] = found
    return found


def location_names(ctx: click.Context) -> list[str]:
    """The names of the configured locations; none where a shell completes with a configuration that is broken."""
    try:
        return list(configuration_of(ctx).locations)
    except UnusableConfiguration:
        if ctx.resilient_parsing:
            return []
        raise


def settings_of(ctx: click.Context, location: str | None = None) -> Settings:
    """What holds for a location.

    The command line wins over the environment, that over the location's part of the file, that over the rest of
    the file, and that over the default.

    Args:
        ctx: the context of a command.
        location: what `LocationType` made of the user's word; None for a place that no configuration can name.

    Raises:
        UnusableConfiguration: as `configuration_of`.
    """
    configuration = configuration_of(ctx)
    name: str | None = None
    if location is not None:
        name = ctx.meta.get(_NAMES_KEY, {}).get(location) or configuration.name_of(location)
    stuck_after: float | None = ctx.params.get("stuck_after")
    given = Choices(
        read_only=ctx.find_root().params.get("read_only"),
        stuck_after_minutes=None if stuck_after is None else stuck_after / 60,
    )
    return configuration.settings(name, given=given, default=_DEFAULT)


class LocationType(click.ParamType[str]):
    """A path or URL, or the name of a configured location, which becomes that location's path or URL."""

    name = "location"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Look up a name; it wins over a directory of the same name, which is then written './NAME'."""
        if ctx is None:
            return value
        configured = configuration_of(ctx).locations.get(value)
        if configured is not None:
            ctx.meta.setdefault(_NAMES_KEY, {})[configured.url] = value
            return configured.url
        if "/" not in value and not os.path.exists(value):  # noqa: PTH110 - a plain question
            close = get_close_matches(value, location_names(ctx), n=1)
            if close:
                self.fail(
                    f"no such directory or configured location: {value!r}. Did you mean {close[0]!r}?", param
                )
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the configured names, and leave directories to the shell's own completion."""
        del param
        names = [CompletionItem(name) for name in location_names(ctx) if name.startswith(incomplete)]
        return [CompletionItem(incomplete, type="dir"), *names]


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


def _stuck_after_seconds(ctx: click.Context, _param: click.Parameter, minutes: float | None) -> float:
    if minutes is not None:
        return minutes * 60.0
    return settings_of(ctx, ctx.params.get("location")).stuck_after_seconds


location_argument: Callable[[Command], Command] = click.argument(
    "location", type=LocationType(), envvar="PROCDASH_LOCATION"
)

json_option: Callable[[Command], Command] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table."
)

stuck_after_option: Callable[[Command], Command] = click.option(
    "--stuck-after",
    type=click.FloatRange(min=0, min_open=True),
    show_default=f"{STUCK_AFTER_SECONDS / 60:g}, or as the configuration says",
    metavar="MINUTES",
    callback=_stuck_after_seconds,
    help="Call an unfinished procedure stuck after this long without a new key.",
)
