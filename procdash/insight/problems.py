"""Problems: what an operator should look at, each with a fixed code, one plain sentence and the next step."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.keys import KeyType
from procdash.store.records import ProcedureRecord

STUCK_AFTER_SECONDS = 15 * 60.0
"""How long without a new key is too long, by default: longer than upstream's retries (6 to 8 minutes)."""


class ProblemCode(StrEnum):
    """The fixed name of a kind of problem; the order is that of severity."""

    UNREADABLE = "unreadable"
    AMBIGUOUS_TIE = "ambiguous_tie"
    ORPHAN = "orphan"
    STUCK = "stuck"
    STRAY_KEY = "stray_key"
    NON_CANONICAL_ID = "non_canonical_id"


class Problem(NamedTuple):
    """One thing that is wrong."""

    code: ProblemCode
    sentence: str
    """What is wrong, in one plain sentence."""
    next_step: str
    """What to do about it."""


class Surroundings(NamedTuple):
    """What the rest of the store says about one procedure."""

    parent_is_present: bool = True
    """Whether its parent is in the store; True for a root."""
    newest_child_key_at: float | None = None
    """When the newest key of any of its children was written, in Unix seconds."""


def problems_of(
    record: ProcedureRecord,
    surroundings: Surroundings,
    *,
    now: float,
    stuck_after: float = STUCK_AFTER_SECONDS,
) -> list[Problem]:
    """Everything that is wrong with one procedure, the worst first.

    Args:
        record: the procedure.
        surroundings: its family.
        now: the time, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
    """
    found = [
        _unreadable(record),
        _ambiguous_tie(record),
        _orphan(record, surroundings),
        _stuck(record, surroundings, now, stuck_after),
        _stray_key(record),
        _non_canonical_id(record),
    ]
    return [problem for problem in found if problem is not None]


def stuck_at(record: ProcedureRecord, surroundings: Surroundings, stuck_after: float) -> float | None:
    """When the procedure begins to count as stuck, in Unix seconds; None where it never does.

    A parent that waits for its children is not stuck while they move.
    """
    if record.modified_at is None or verdict_of(record) not in (Verdict.LOADED, Verdict.ROLLING_BACK):
        return None
    return max(record.modified_at, surroundings.newest_child_key_at or 0.0) + stuck_after


def _unreadable(record: ProcedureRecord) -> Problem | None:
    if verdict_of(record) is not Verdict.UNREADABLE:
        return None
    if not record.is_readable:
        what = (
            "Its directory cannot be listed" if record.file_name is None else f"{record.file_name} cannot be read"
        )
        return Problem(
            ProblemCode.UNREADABLE,
            f"{what}: {record.failure}.",
            "Give this user permission to read it; an engine that cannot read it either loads nothing at all.",
        )
    return Problem(
        ProblemCode.UNREADABLE,
        f"The value of {record.file_name} does not decode: {record.failure}; the loader skips the procedure.",
        "Look at the raw value; the older steps are still there, but no engine falls back to them.",
    )


def _ambiguous_tie(record: ProcedureRecord) -> Problem | None:
    if record.file_name is None or not record.tied_keys:
        return None
    file_names = (record.file_name, *(key.rpartition("/")[2] for key in record.tied_keys))
    tied = ", ".join(record.tied_names)
    only_steps = {file_name.split(".")[1] for file_name in file_names} == {KeyType.STEP.value}
    outcome = "which of the values counts" if only_steps else "what becomes of the procedure"
    return Problem(
        ProblemCode.AMBIGUOUS_TIE,
        f"{record.file_name} and {tied} stand at the same step: the order of listing decides {outcome}, "
        "and a directory has none.",
        "Where the engine lists in byte order the verdict shown holds; else remove the key that should not count.",
    )


def _orphan(record: ProcedureRecord, surroundings: Surroundings) -> Problem | None:
    if surroundings.parent_is_present or record.message is None or verdict_of(record) is Verdict.FINISHED:
        return None
    return Problem(
        ProblemCode.ORPHAN,
        f"Its parent {record.message.parent_id} is not in the store, so no engine ever resumes or deletes it.",
        "Once no engine is running its parent, delete it.",
    )


def _stuck(record: ProcedureRecord, surroundings: Surroundings, now: float, stuck_after: float) -> Problem | None:
    begins = stuck_at(record, surroundings, stuck_after)
    if begins is None or now < begins:
        return None
    return Problem(
        ProblemCode.STUCK,
        f"No new key for {_in_words(now - begins + stuck_after)} (going by modification times).",
        "See in the engine's log whether it still retries; a restart resumes it from the deciding step.",
    )


def _stray_key(record: ProcedureRecord) -> Problem | None:
    if not record.unknown_keys:
        return None
    names = ", ".join(key.rpartition("/")[2] for key in record.unknown_keys[:3])
    more = f" and {len(record.unknown_keys) - 3} more" if len(record.unknown_keys) > 3 else ""  # noqa: PLR2004
    return Problem(
        ProblemCode.STRAY_KEY,
        f"Among its keys stands something that is none: {names}{more}.",
        "Move it away: in a directory it keeps the engine from removing the procedure when it ends.",
    )


def _non_canonical_id(record: ProcedureRecord) -> Problem | None:
    if not record.non_canonical_keys:
        return None
    directory = record.non_canonical_keys[0].rpartition("/")[0]
    return Problem(
        ProblemCode.NON_CANONICAL_ID,
        f"Its id is spelled {directory} instead of procedure/{record.procedure_id}: loaded, but never deleted.",
        "Once no engine is running, rename the directory to the canonical id.",
    )


def _in_words(seconds: float) -> str:
    """A time span in its largest whole unit of which there are at least two."""
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds)} seconds"
