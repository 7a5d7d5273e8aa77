"""Finding the entry of the journal that a user means."""

from __future__ import annotations

import os

import click

from procdash.actions.entries import Entry, EntryState
from procdash.actions.journal import MAX_ENTRIES
from procdash.actions.plans import ActionKind
from procdash.cli.workplace import Session
from procdash.present.sanitise import safe
from procdash.store.errors import ExternalError
from procdash.store.location import open_procedure_reader, without_secrets

_FIRST_LOOK = 20


def place_in_journal(location: str) -> str:
    """How the journal spells a location; one that cannot be opened any more is taken as a path."""
    try:
        return without_secrets(open_procedure_reader(location).location)
    except ExternalError:
        return os.path.abspath(location)  # noqa: PTH100 - no resolving


def entry_of(session: Session, number: int) -> Entry:
    """One entry.

    Raises:
        click.ClickException: if there is none.
        JournalError: if the journal cannot be read.
    """
    entry = session.run(session.journal.entry(number))
    if entry is None:
        raise click.ClickException(f"there is no entry {number} in the journal; 'procdash journal' lists them")
    return entry


def entry_to_undo(session: Session, location: str | None, number: int | None) -> Entry:
    """The entry of that number; or the newest one that can be undone and is no undo itself.

    Args:
        session: this call of procdash.
        location: only an entry about this place, where no number is given.
        number: which entry.

    Raises:
        click.ClickException: if there is none, or it cannot be undone.
        JournalError: if the journal cannot be read.
    """
    if number is not None:
        entry = entry_of(session, number)
        _refuse_held(session, entry)
        why_not = _why_not_undoable(entry)
        if why_not is not None and not left_to_undo(session, entry):
            raise click.ClickException(f"entry {number} cannot be undone: {why_not}")
        return entry
    place = None if location is None else place_in_journal(location)
    for limit in (_FIRST_LOOK, MAX_ENTRIES):
        for entry in session.run(session.journal.entries(place, limit=limit)):
            if entry.is_undoable and entry.kind is not ActionKind.UNDO:
                _refuse_held(session, entry)
                return entry
    raise click.ClickException(f"there is nothing to undo{_about(place)}; 'procdash journal' lists what was done")


def entry_to_resume(session: Session, location: str | None, number: int | None) -> Entry:
    """The entry of that number; or the newest one that was interrupted.

    Args:
        session: this call of procdash.
        location: only an entry about this place, where no number is given.
        number: which entry.

    Raises:
        click.ClickException: if there is none, or nothing is left of it.
        JournalError: if the journal cannot be read.
    """
    if number is not None:
        entry = entry_of(session, number)
        _refuse_held(session, entry)
        if not entry.is_resumable:
            raise click.ClickException(f"nothing is left of entry {number}: {_state_in_words(entry)}")
        return entry
    place = None if location is None else place_in_journal(location)
    interrupted = session.run(session.interrupted_entries(place))
    if not interrupted:
        raise click.ClickException(f"no entry{_about(place)} was interrupted; 'procdash journal' lists them")
    return interrupted[0]


def left_to_undo(session: Session, entry: Entry) -> frozenset[str]:
    """The procedures that the last undo of an entry has left alone; none where it was not undone yet.

    Raises:
        JournalError: if the journal cannot be read.
    """
    undo = None if entry.undone_by is None else session.run(session.journal.entry(entry.undone_by))
    if undo is None or entry.kept_bytes < entry.plan.bytes_removed:
        return frozenset()
    return frozenset(refusal.procedure_id for refusal in undo.plan.refusals)


def unfinished_undo_of(session: Session, entry: Entry) -> Entry | None:
    """The undo of an entry that was begun and is not finished, or None.

    Raises:
        click.ClickException: if another process is at it.
        JournalError: if the journal cannot be read.
    """
    for undo in session.run(session.journal.entries(undoes=entry.number)):
        if undo.is_resumable:
            _refuse_held(session, undo)
            return undo
    return None


def _refuse_held(session: Session, entry: Entry) -> None:
    if session.run(session.journal.is_held(entry.number)):
        raise click.ClickException(
            f"entry {entry.number} is being applied by another procdash; wait until it has ended"
        )


def _why_not_undoable(entry: Entry) -> str | None:
    if entry.is_undoable:
        return None
    if entry.undone_by is not None or entry.state in (EntryState.PREPARING, EntryState.NOTHING_DONE):
        return _state_in_words(entry)
    return "its removed values were dropped from the journal to make room for newer ones"


def _state_in_words(entry: Entry) -> str:
    if entry.undone_by is not None:
        return f"entry {entry.undone_by} has undone it; 'procdash undo {entry.undone_by}' would do it again"
    if entry.state in (EntryState.PREPARING, EntryState.NOTHING_DONE):
        return "nothing was written for it"
    return "it is done"


def _about(place: str | None) -> str:
    return "" if place is None else f" about {safe(place)}"
