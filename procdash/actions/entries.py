"""What stands in the journal: one entry for each plan that was applied."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from procdash.actions.outcomes import TargetResult
from procdash.actions.plans import ActionKind, Plan


class JournalError(Exception):
    """The journal cannot be used; in words for a person. Nothing was written to any store."""


class EntryState(StrEnum):
    """How far an entry has come."""

    PREPARING = "preparing"
    """Its removed values are being saved; nothing is written to the store yet."""
    APPLYING = "applying"
    """It is being applied, or was when its process ended: then it is `interrupted`."""
    DONE = "done"
    """Every op is done."""
    INCOMPLETE = "incomplete"
    """It ended with some ops done and some not."""
    NOTHING_DONE = "nothing_done"
    """It ended before anything was written."""


ENDED = (EntryState.DONE, EntryState.NOTHING_DONE)
"""States in which nothing is left to apply, so that removed values may be dropped."""


class Entry(NamedTuple):
    """One plan in the journal."""

    number: int
    written_at: float
    """When it was written, in Unix seconds."""
    ended_at: float | None
    """When applying it ended; None where it did not."""
    author: str
    """Who did it, on which machine."""
    location: str
    """Where the store is, without secrets."""
    kind: ActionKind
    reason: str
    """Why, in the operator's words; may be empty."""
    state: EntryState
    plan: Plan
    results: tuple[TargetResult, ...]
    """What became of it; empty until it ended."""
    undoes: int | None
    """The number of the entry that it undoes."""
    kept_bytes: int
    """How many bytes of removed values are still there."""
    undone_by: int | None
    """The number of the entry that has undone it."""

    @property
    def is_undoable(self) -> bool:
        """Whether there is anything to take back, and the values for it are still there."""
        if self.undone_by is not None or self.state in (EntryState.PREPARING, EntryState.NOTHING_DONE):
            return False
        return self.kept_bytes >= self.plan.bytes_removed

    @property
    def is_resumable(self) -> bool:
        """Whether some of it is left to apply, once no process is at it."""
        return self.undone_by is None and self.state in (EntryState.APPLYING, EntryState.INCOMPLETE)
