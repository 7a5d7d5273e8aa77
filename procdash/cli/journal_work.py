"""What `undo` and `journal` do: read the journal, and take back or finish what it says."""

from __future__ import annotations

from collections.abc import Collection

import click
import msgspec

from procdash.actions.entries import Entry
from procdash.actions.plans import Plan
from procdash.cli.applying import carry_out, finish_entry, print_json
from procdash.cli.picking import (
    entry_of,
    entry_to_resume,
    entry_to_undo,
    left_to_undo,
    place_in_journal,
    unfinished_undo_of,
)
from procdash.cli.report import print_lines, width_of
from procdash.cli.wishes import Wishes, Words
from procdash.cli.workplace import Session, Workplace, is_same_place, open_session, refuse_where_read_only
from procdash.present.journal_view import entry_lines, journal_row, journal_titles
from procdash.present.plan_documents import entry_detail_document, entry_document
from procdash.present.sanitise import safe


def undo_entry(ctx: click.Context, words: Words, wishes: Wishes) -> None:
    """Take an entry back; ends the command with the exit code that says what became of it.

    An undo that was begun and not finished is finished instead.

    Raises:
        click.ClickException: if there is no such entry, it cannot be undone, or its place is read-only.
        ExternalError: if the store cannot be read.
    """
    wishes.require_answer()
    with open_session() as session:
        entry = entry_to_undo(session, words.location, words.number)
        place = _place_of(ctx, session, entry, words, wishes)
        unfinished = unfinished_undo_of(session, entry)
        if unfinished is None:
            plan = session.run(place.planner.plan_undo(entry))
            if entry.undone_by is not None:
                plan = _plan_about(plan, left_to_undo(session, entry))
            code = carry_out(place, plan, wishes)
        else:
            said = f"The undo of entry {entry.number} was not finished: this does what is left of it."
            click.echo(said, err=True)
            code = finish_entry(place, unfinished, wishes)
    ctx.exit(code)


def resume(ctx: click.Context, words: Words, wishes: Wishes) -> None:
    """Do what is left of an entry; ends the command with the exit code that says what became of it.

    Raises:
        click.ClickException: if there is no such entry, nothing is left of it, or its place is read-only.
        ExternalError: if the store cannot be read.
    """
    wishes.require_answer()
    with open_session() as session:
        entry = entry_to_resume(session, words.location, words.number)
        place = _place_of(ctx, session, entry, words, wishes)
        code = finish_entry(place, entry, wishes)
    ctx.exit(code)


def print_entries(location: str | None, *, as_json: bool, limit: int) -> None:
    """Print the newest entries.

    Args:
        location: only those about this place.
        as_json: whether to print JSON.
        limit: how many at most.

    Raises:
        click.ClickException: if the journal cannot be read.
    """
    with open_session() as session:
        place = None if location is None else place_in_journal(location)
        entries = session.run(session.journal.entries(place, limit=limit))
        held = {entry.number for entry in entries if session.run(session.journal.is_held(entry.number))}
        path = session.journal.path
    if as_json:
        documents = [entry_document(entry, is_held=entry.number in held) for entry in entries]
        print_json({"journal": path, "entries": documents})
        return
    if not entries:
        about = "" if place is None else f" about {safe(place)}"
        click.echo(f"There is nothing in the journal{about} ({safe(path)}).", err=True)
        return
    width = width_of()
    rows = [journal_row(entry, is_held=entry.number in held, width=width) for entry in entries]
    print_lines([journal_titles(width), *rows])


def print_entry(number: int, *, as_json: bool) -> None:
    """Print one entry in full.

    Raises:
        click.ClickException: if there is none, or the journal cannot be read.
    """
    with open_session() as session:
        entry = entry_of(session, number)
        ops_done = session.run(session.journal.ops_done(number))
        is_held = session.run(session.journal.is_held(number))
    if as_json:
        print_json(entry_detail_document(entry, ops_done, is_held=is_held))
    else:
        print_lines(entry_lines(entry, ops_done, is_held=is_held, width=width_of()))


def _plan_about(plan: Plan, ids: Collection[str]) -> Plan:
    """The part of a plan that is about some procedures."""
    return msgspec.structs.replace(
        plan,
        targets=tuple(target for target in plan.targets if target.procedure_id in ids),
        refusals=tuple(refusal for refusal in plan.refusals if refusal.procedure_id in ids),
    )


def _place_of(ctx: click.Context, session: Session, entry: Entry, words: Words, wishes: Wishes) -> Workplace:
    """The store that an entry is about, opened as the user named it, if he did."""
    location = entry.location if words.location is None else words.location
    if not wishes.dry_run:
        refuse_where_read_only(ctx, location)
    place = Workplace(session, location)
    if not is_same_place(place.planner.location, entry.location):
        raise click.ClickException(
            f"entry {entry.number} is about {safe(entry.location)}, not about {safe(place.planner.location)}; "
            "leave the location away"
        )
    place.warn_of_interrupted(is_dry_run=wishes.dry_run, besides=entry.number)
    return place
