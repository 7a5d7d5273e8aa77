"""What the journal says about one location: what can be taken back, and what was interrupted."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.entries import Entry, EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.plans import ActionKind
from procdash.present.action_words import counted
from procdash.present.journal_view import interrupted_line
from procdash.present.spans import Line
from procdash.tui.acting.proposals import Proposal, Resume, Undo

_LIMIT = 500
"""So many of the newest entries are looked at."""


class Written(NamedTuple):
    """One entry, with what stands beside it."""

    entry: Entry
    is_held: bool
    """Whether a process is applying it right now."""


class History:
    """Reads the journal; where there is none, nothing was ever done.

    Args:
        journal: the journal.
        location: where the store is, without secrets.

    Every method raises `JournalError` where the journal cannot be read.
    """

    def __init__(self, journal: Journal | None, location: str) -> None:
        self._journal = journal
        self._location = location

    async def entries(self, limit: int = _LIMIT) -> list[Written]:
        """So many of the newest entries, the newest first."""
        if self._journal is None:
            return []
        entries = await self._journal.entries(self._location, limit=limit)
        return [Written(entry, await self._is_held(entry)) for entry in entries]

    async def ops_done(self, number: int) -> frozenset[int]:
        """The numbers of the ops of an entry that were noted as done."""
        return frozenset() if self._journal is None else await self._journal.ops_done(number)

    async def undo_of_the_last(self) -> Proposal | str:
        """How to take back the newest entry that can be, or why there is none."""
        written = await self.entries()
        for entry, is_held in written:
            if entry.kind is not ActionKind.UNDO and entry.is_undoable:
                return f"Entry {entry.number} is being applied." if is_held else await self._undo(entry, written)
        return (
            "There is nothing to undo here."
            if written
            else "Nothing was done here yet, so there is nothing to undo."
        )

    async def undo_of(self, entry: Entry) -> Proposal:
        """How to take back an entry: where an undo of it was interrupted, by resuming that."""
        return await self._undo(entry, await self.entries())

    async def interrupted(self) -> Line:
        """That an entry was interrupted; empty where none was."""
        if self._journal is None:
            return ()
        for entry in await self._journal.entries(self._location, state=EntryState.APPLYING):
            if entry.is_resumable and not await self._is_held(entry):
                return interrupted_line(entry, len(await self.ops_done(entry.number)))
        return ()

    async def newest_number(self) -> int | None:
        """The number of the newest entry; None where there is none, or the journal cannot be read."""
        try:
            return next((written.entry.number for written in await self.entries(limit=1)), None)
        except JournalError:
            return None

    async def parting_words(self, number: int | None) -> str:
        """What to know about an entry that was left half-way; empty where nothing of it is left to do."""
        if self._journal is None or number is None:
            return ""
        try:
            entry = await self._journal.entry(number)
            done = len(await self.ops_done(number))
        except JournalError as error:
            return f"{error}"
        if entry is None or not entry.is_resumable:
            return ""
        far = f"{done} of {counted(len(entry.plan.ops), 'op')}"
        return f"Entry {number} was left after {far}. Resume it: procdash journal resume {number}"

    async def _undo(self, entry: Entry, written: list[Written]) -> Proposal:
        for other, is_held in written:
            if other.undoes == entry.number and other.is_resumable and not is_held:
                return Resume(other, await self.ops_done(other.number))
        return Undo(entry)

    async def _is_held(self, entry: Entry) -> bool:
        if self._journal is None or entry.state not in (EntryState.PREPARING, EntryState.APPLYING):
            return False
        return await self._journal.is_held(entry.number)
