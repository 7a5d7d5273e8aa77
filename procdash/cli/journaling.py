"""The commands about what was written: `undo` and `journal`."""

from __future__ import annotations

import os
from typing import Any

import click

from procdash.cli.groups import DefaultGroup
from procdash.cli.options import LocationType, json_option
from procdash.cli.wishes import Wishes, Words, applying_options, planning_options

_LISTED = 20
_ENTRY = click.IntRange(min=1)


class LocationOrEntryType(LocationType):
    """A location; or, a word of digits only, the number of an entry, which stays as it is."""

    name = "location or entry"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Leave digits alone."""
        return value if _is_number(value) else super().convert(value, param, ctx)


def _sort_out(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> Words:
    numbers = [word for word in words if _is_number(word)]
    locations = [word for word in words if not _is_number(word)]
    if len(numbers) > 1 or len(locations) > 1:
        raise click.UsageError("give at most one LOCATION and one ENTRY; an entry is a number")
    number = _ENTRY(numbers[0], param, ctx) if numbers else None
    if not locations and number is None and os.environ.get("PROCDASH_LOCATION"):
        locations = [LocationType().convert(os.environ["PROCDASH_LOCATION"], param, ctx)]
    return Words(locations[0] if locations else None, number)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


words_argument = click.argument(
    "words", metavar="[LOCATION] [ENTRY]", nargs=-1, type=LocationOrEntryType(), callback=_sort_out
)


@click.command()
@words_argument
@planning_options
@click.pass_context
def undo(ctx: click.Context, /, words: Words, **wishes: Any) -> None:
    """Take back what an entry of the journal has done, byte for byte.

    Without ENTRY, it is the newest entry (about LOCATION, if that is given) that can be undone. What has changed
    since is refused, and shown.
    """
    from procdash.cli.journal_work import undo_entry  # noqa: PLC0415 - what writes loads where something is written

    undo_entry(ctx, words, Wishes(**wishes))


@click.group(cls=DefaultGroup, default="list", subcommand_metavar="[LOCATION | COMMAND [ARGS]...]")
def journal() -> None:
    """List what was written, show one entry, or finish an interrupted one."""


@journal.command("list")
@click.argument("location", type=LocationOrEntryType(), required=False)
@json_option
@click.option("--limit", type=click.IntRange(min=1), default=_LISTED, show_default=True, help="At most so many.")
def list_entries(location: str | None, *, as_json: bool, limit: int) -> None:
    """List the newest entries, about LOCATION or any place (the default command)."""
    from procdash.cli.journal_work import print_entries  # noqa: PLC0415 - what the journal needs loads where it is read

    if location is not None and _is_number(location):
        raise click.UsageError(f"to see one entry write 'procdash journal show {location}'")
    print_entries(location, as_json=as_json, limit=limit)


@journal.command("show")
@click.argument("number", metavar="ENTRY", type=_ENTRY)
@json_option
def show_entry(number: int, *, as_json: bool) -> None:
    """Show one entry: the plan, what became of it, and how far it has come."""
    from procdash.cli.journal_work import print_entry  # noqa: PLC0415 - what the journal needs loads where it is read

    print_entry(number, as_json=as_json)


@journal.command("resume")
@words_argument
@applying_options
@click.pass_context
def resume_entry(ctx: click.Context, /, words: Words, **wishes: Any) -> None:
    """Do what is left of an entry that was interrupted.

    Without ENTRY, it is the newest one that was.
    """
    from procdash.cli.journal_work import resume  # noqa: PLC0415 - what writes loads where something is written

    resume(ctx, words, Wishes(**wishes))
