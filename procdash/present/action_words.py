"""The fixed words and glyphs of what is done to procedures, and of what became of it."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.entries import Entry, EntryState
from procdash.actions.outcomes import Outcome
from procdash.actions.plans import ActionKind, OpKind
from procdash.insight.verdict import Verdict
from procdash.present.spans import Role
from procdash.present.units import thousands
from procdash.present.words import VERDICT_WORDS


class ActionWords(NamedTuple):
    """How an action is written."""

    order: str
    """What to do, such as `Delete`."""
    doing: str
    """What is being done, such as `deleting`."""
    done: str
    """What was done, such as `Deleted`."""


ACTION_WORDS = {
    ActionKind.COMMIT: ActionWords("Commit", "committing", "Committed"),
    ActionKind.DELETE: ActionWords("Delete", "deleting", "Deleted"),
    ActionKind.TRUNCATE: ActionWords("Truncate", "truncating", "Truncated"),
    ActionKind.UNDO: ActionWords("Undo", "undoing", "Undone"),
}

OP_WORDS = {OpKind.PUT: "write", OpKind.DELETE: "delete", OpKind.REMOVE_DIRECTORY: "remove"}
"""One elementary write in a word."""


class OutcomeWords(NamedTuple):
    """How an outcome is written: always a glyph and words, so that colour is never needed."""

    glyph: str
    """One cell wide."""
    word: str
    role: Role

    @property
    def label(self) -> str:
        """Glyph and word."""
        return f"{self.glyph} {self.word}"


OUTCOME_WORDS = {
    Outcome.DONE: OutcomeWords("✔", "done", Role.FINISHED),
    Outcome.CHANGED: OutcomeWords("≠", "changed since", Role.PROBLEM),
    Outcome.FAILED: OutcomeWords("✗", "failed", Role.ERROR),
    Outcome.SKIPPED: OutcomeWords("○", "left alone", Role.MUTED),
    Outcome.UNKNOWN: OutcomeWords("?", "may have happened", Role.ERROR),
}


def entry_words(entry: Entry, *, is_held: bool) -> OutcomeWords:
    """How far an entry of the journal has come.

    Args:
        entry: which.
        is_held: whether a process is applying it right now.
    """
    if is_held and entry.state in (EntryState.PREPARING, EntryState.APPLYING):
        return OutcomeWords("…", "being applied", Role.LOADED)
    if entry.undone_by is not None:
        return OutcomeWords("○", f"undone by {entry.undone_by}", Role.MUTED)
    match entry.state:
        case EntryState.APPLYING:
            return OutcomeWords("!", "interrupted", Role.PROBLEM)
        case EntryState.INCOMPLETE:
            return OutcomeWords("!", "incomplete", Role.PROBLEM)
        case EntryState.DONE:
            return OutcomeWords("✔", "done", Role.FINISHED)
        case EntryState.PREPARING | EntryState.NOTHING_DONE:
            return OutcomeWords("○", "nothing written", Role.MUTED)


def verdict_word(verdict: Verdict | None) -> str:
    """A verdict in a word; `gone` for a procedure that is not in the store."""
    return "gone" if verdict is None else VERDICT_WORDS[verdict].word


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, such as `1 key` or `12 keys`."""
    return f"{thousands(count)} {noun if count == 1 else plural or noun + 's'}"
