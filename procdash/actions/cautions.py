"""What an operator should know before an action is applied, in words."""

from __future__ import annotations

from procdash.actions.families import UNFINISHED, Relatives, Scope, unfinished_children, unfinished_parent
from procdash.actions.plans import ActionKind
from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.records import ProcedureRecord

FRESH_SECONDS = 60.0
"""A key that was written less than this ago suggests that an engine is at work."""

_POISONING_TYPE = "AlterTable"
"""The one type that leaves a poison key when it is given up half-way."""

_ENGINE_GOES_ON = (
    "An engine that is running it does not notice and goes on; its next step brings the procedure back. "
    "Stop every engine first."
)
_MAY_BE_POISONED = (
    "An interrupted AlterTable may have left a key under /__procedure_poison/table/; until that is removed by "
    "hand, its table cannot be altered again."
)


def cautions(
    kind: ActionKind, record: ProcedureRecord, relatives: Relatives, *, scope: Scope, now: float
) -> tuple[str, ...]:
    """The warnings of one target, the gravest first.

    Args:
        kind: commit, delete or truncate.
        record: the procedure, as listed.
        relatives: every procedure of the store.
        scope: how far a deletion reaches.
        now: the time, in Unix seconds.
    """
    found = [
        *_abandons(kind, record),
        *_is_fresh(record, now),
        *_poisons(kind, record),
        *_tears_family_apart(kind, record, relatives, scope),
        *_keeps_unknown(kind, record),
    ]
    return tuple(found)


def _abandons(kind: ActionKind, record: ProcedureRecord) -> list[str]:
    verdict = verdict_of(record)
    if kind is ActionKind.TRUNCATE or verdict not in UNFINISHED:
        return []
    doing = "is loaded" if verdict is Verdict.LOADED else "is rolling back"
    outcome = (
        "no engine will resume it or roll it back, and what it has done so far stays as it is"
        if verdict is Verdict.LOADED
        else "no engine will finish rolling it back, and what is not undone yet stays as it is"
    )
    return [f"It {doing}: this abandons it without rollback: {outcome}.", _ENGINE_GOES_ON]


def _is_fresh(record: ProcedureRecord, now: float) -> list[str]:
    if record.modified_at is None or verdict_of(record) not in UNFINISHED:
        return []
    ago = now - record.modified_at
    if not 0 <= ago < FRESH_SECONDS:
        return []
    return [f"Its deciding key was written {int(ago)} seconds ago: an engine is probably running it right now."]


def _poisons(kind: ActionKind, record: ProcedureRecord) -> list[str]:
    if kind is ActionKind.TRUNCATE or record.message is None or verdict_of(record) not in UNFINISHED:
        return []
    if record.message.type_name.rpartition("::")[2] != _POISONING_TYPE:
        return []
    return [_MAY_BE_POISONED]


def _tears_family_apart(
    kind: ActionKind, record: ProcedureRecord, relatives: Relatives, scope: Scope
) -> list[str]:
    if kind is ActionKind.TRUNCATE:
        return []
    found: list[str] = []
    children = unfinished_children(record.procedure_id, relatives)
    if children and (kind is ActionKind.COMMIT or scope is Scope.ONLY):
        noun = "child stays" if len(children) == 1 else "children stay"
        found.append(f"{len(children)} unfinished {noun} behind as orphans: no engine resumes or deletes them.")
    parent_id = unfinished_parent(record, relatives)
    if parent_id is not None and (kind is ActionKind.COMMIT or scope is Scope.ONLY):
        found.append(f"Its parent {parent_id} is unfinished and may start it anew under another id.")
    return found


def _keeps_unknown(kind: ActionKind, record: ProcedureRecord) -> list[str]:
    if kind is not ActionKind.DELETE or not record.unknown_keys:
        return []
    noun = "key that is none of its" if len(record.unknown_keys) == 1 else "keys that are none of its"
    return [f"{len(record.unknown_keys)} {noun} stay, and so does the directory that holds them."]
