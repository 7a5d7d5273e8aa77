"""The loader's verdict over a procedure, with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from procdash.store.keys import KeyType
from procdash.store.records import ProcedureRecord


class Verdict(StrEnum):
    """What an engine's loader makes of a procedure at its next start."""

    LOADED = "loaded"
    """It is resumed."""
    ROLLING_BACK = "rolling_back"
    """It is rolled back."""
    FINISHED = "finished"
    """Its keys are cleaned up."""
    UNREADABLE = "unreadable"
    """It is skipped: the deciding value does not decode, or cannot be read."""


def verdict_of(record: ProcedureRecord) -> Verdict:
    """What the loader decides from the record's deciding key and value."""
    match record.key_type:
        case KeyType.COMMIT:
            return Verdict.FINISHED
        case None:
            return Verdict.UNREADABLE
        case _ if record.message is None:
            return Verdict.UNREADABLE
        case KeyType.ROLLBACK:
            return Verdict.ROLLING_BACK
        case KeyType.STEP:
            return Verdict.LOADED
        case _:
            assert_never(record.key_type)


def reason_of(record: ProcedureRecord) -> str:
    """Why the verdict is what it is: which key decided, which it shadows, and the loader's rule."""
    if record.file_name is None:
        return f"Its directory could not be listed: {record.failure}."
    return f"{_what_decided(record)} {_what_it_means(record)}"


def _what_decided(record: ProcedureRecord) -> str:
    others = record.key_count - 1
    if not others:
        return f"{record.file_name} decides: it is the only key."
    if record.tied_keys:
        tied = ", ".join(record.tied_names)
        below = others - len(record.tied_keys)
        shadows = f" and shadows {_count(below, 'older key')}" if below else ""
        return f"{record.file_name} decides: it is listed before {tied} at the same, highest step{shadows}."
    return f"{record.file_name} decides: it has the highest step and shadows {_count(others, 'older key')}."


def _what_it_means(record: ProcedureRecord) -> str:
    message = record.message
    if record.key_type is KeyType.COMMIT:
        return "A commit means finished: the engine deletes the keys when it next starts."
    if not record.is_readable:
        return f"Its value cannot be read ({record.failure}); an engine that cannot either loads nothing at all."
    if message is None:
        return f"Its value cannot be used ({record.failure}), so the loader skips the procedure."
    if record.key_type is KeyType.ROLLBACK:
        return "A rollback means: the engine rolls it back when it next starts."
    if message.parent_id is not None:
        return "A step of a child means: only its parent resumes it, the engine by itself does not."
    return f"A step means: the engine resumes it at step {message.step} when it next starts."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
