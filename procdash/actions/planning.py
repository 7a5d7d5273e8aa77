"""Planning: from what was listed to ordered ops. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from procdash.actions.cautions import cautions
from procdash.actions.families import UNFINISHED, Relatives, Scope, unfinished_parent
from procdash.actions.legality import highest_step, refusal_of_detail
from procdash.actions.plans import ActionKind, KeyState, Op, OpKind, Refusal, Target
from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.keys import PROCEDURE_DIRECTORY, KeyType, ParsedKey, listing_order
from procdash.store.reader import find_deciding
from procdash.store.records import ProcedureDetail, StoredKey


class Circumstances(NamedTuple):
    """What planning needs to know beside the procedure itself."""

    relatives: Relatives
    """Every procedure of the store."""
    now: float
    """The time, in Unix seconds."""
    has_directories: bool
    """Whether a procedure's directory is something that remains when it is empty, and must be removed."""
    scope: Scope = Scope.FAMILY
    """How far a deletion reaches."""


class Cut(NamedTuple):
    """Which steps a truncation keeps: exactly one of the two is given."""

    keep: int | None = None
    """So many of the newest steps."""
    below: int | None = None
    """Every step from this one on."""


def plan_commit(detail: ProcedureDetail, about: Circumstances) -> Target | Refusal:
    """Plan one empty commit key above every key of a procedure."""
    refusal = refusal_of_detail(ActionKind.COMMIT, detail)
    if refusal is not None:
        return refusal
    procedure_id = detail.record.procedure_id
    key = ParsedKey(PROCEDURE_DIRECTORY, procedure_id, highest_step(detail) + 1, KeyType.COMMIT)
    ops = (Op(OpKind.PUT, str(key)),)
    return _target(ActionKind.COMMIT, detail, about, ops, result=Verdict.FINISHED)


def plan_delete(
    detail: ProcedureDetail,
    about: Circumstances,
    *,
    family: str | None = None,
    is_requested: bool = True,
    with_parent: bool = False,
) -> Target | Refusal:
    """Plan the removal of every key of a procedure, in an order in which no older key ever comes to decide.

    Args:
        detail: the procedure.
        about: its circumstances.
        family: the id of the procedure that it is deleted together with; itself if none is given.
        is_requested: whether it was asked for by name.
        with_parent: whether its parent is deleted as well.
    """
    refusal = refusal_of_detail(ActionKind.DELETE, detail)
    record = detail.record
    is_torn_out = about.scope is Scope.FAMILY and not with_parent and verdict_of(record) in UNFINISHED
    if refusal is None and is_torn_out:
        refusal = _child_of_unfinished(detail, about.relatives)
    if refusal is not None:
        return refusal
    ops = (
        *removals(deletion_order(detail.keys)),
        *directory_removals(
            [key.metadata.key for key in detail.keys], record.unknown_keys, has_directories=about.has_directories
        ),
    )
    target = _target(ActionKind.DELETE, detail, about, ops, result=None, family=family)
    return target if is_requested else msgspec.structs.replace(target, is_requested=False)


def plan_truncate(detail: ProcedureDetail, about: Circumstances, cut: Cut) -> Target | Refusal:
    """Plan the removal of older steps; the deciding key never goes, nor do commits and rollbacks.

    A target without ops says that there is nothing to remove.
    """
    refusal = refusal_of_detail(ActionKind.TRUNCATE, detail)
    if refusal is not None:
        return refusal
    deciding = find_deciding(detail.keys)
    lowest_kept = _lowest_kept(detail.keys, cut)
    if lowest_kept > deciding.parsed.step:
        return Refusal(
            detail.record.procedure_id,
            f"Step {lowest_kept} is above its deciding step {deciding.parsed.step}, which must stay.",
            f"Keep at least one step, or give at most --below {deciding.parsed.step}.",
        )
    gone = [
        key
        for key in deletion_order(detail.keys)
        if key is not deciding and key.parsed.key_type is KeyType.STEP and key.parsed.step < lowest_kept
    ]
    ops = tuple(removals(gone))
    return _target(ActionKind.TRUNCATE, detail, about, ops, result=verdict_of(detail.record))


def deletion_order(keys: Sequence[StoredKey]) -> list[StoredKey]:
    """One procedure's keys in the order in which they are removed.

    Steps come first, oldest first, then markers, and the deciding key last of all: it decides until the procedure
    is gone. Upstream's order, steps and then markers, differs only where a step decides over an older marker;
    there a crash would bring that marker's verdict back.
    """
    if not keys:
        return []
    deciding = find_deciding(keys)
    others = [key for key in keys if key is not deciding]
    others.sort(key=lambda key: (key.parsed.key_type is not KeyType.STEP, key.parsed.step, _order(key)))
    return [*others, deciding]


def removals(keys: Iterable[StoredKey]) -> Iterable[Op]:
    """The deletion of some keys with their segments.

    A key's head goes before its segments: a segment without its head is ignored by every loader, while a value
    that lacks its last segment looks like one that does not decode.
    """
    for key in keys:
        for metadata in (key.metadata, *key.segments):
            yield Op(OpKind.DELETE, metadata.key, metadata.size_in_bytes, metadata.version)


def directory_removals(keys: Iterable[str], kept: Sequence[str], *, has_directories: bool) -> list[Op]:
    """The removal of the directories that `keys` leave empty, the deepest first.

    Args:
        keys: every key that goes.
        kept: keys that stay, and keep their directories.
        has_directories: whether an empty directory is something that remains.
    """
    if not has_directories:
        return []
    directories = {f"{key.rpartition('/')[0]}/" for key in keys}
    empty = [directory for directory in directories if not any(key.startswith(directory) for key in kept)]
    empty.sort(key=lambda directory: (-directory.count("/"), listing_order(directory)))
    return [Op(OpKind.REMOVE_DIRECTORY, directory) for directory in empty]


def states_of(detail: ProcedureDetail | None) -> tuple[KeyState, ...]:
    """Every key of a procedure with its segments, as listed; none where it is gone."""
    if detail is None:
        return ()
    return tuple(
        KeyState(metadata.key, metadata.size_in_bytes, metadata.version)
        for key in detail.keys
        for metadata in (key.metadata, *key.segments)
    )


def _target(
    kind: ActionKind,
    detail: ProcedureDetail,
    about: Circumstances,
    ops: tuple[Op, ...],
    *,
    result: Verdict | None,
    family: str | None = None,
) -> Target:
    record = detail.record
    return Target(
        procedure_id=record.procedure_id,
        type_name=None if record.message is None else record.message.type_name,
        verdict=verdict_of(record),
        result=result,
        before=states_of(detail),
        kept=record.unknown_keys,
        ops=ops,
        family=family or record.procedure_id,
        warnings=cautions(kind, record, about.relatives, scope=about.scope, now=about.now) if ops else (),
    )


def _child_of_unfinished(detail: ProcedureDetail, relatives: Relatives) -> Refusal | None:
    parent_id = unfinished_parent(detail.record, relatives)
    if parent_id is None:
        return None
    return Refusal(
        detail.record.procedure_id,
        f"It is a child of {parent_id}, which is unfinished and waits for it.",
        "Delete the parent with its whole family, or ask for this one only.",
    )


def _lowest_kept(keys: Sequence[StoredKey], cut: Cut) -> int:
    if cut.below is not None:
        return cut.below
    keep = cut.keep or 0
    steps = sorted({key.parsed.step for key in keys if key.parsed.key_type is KeyType.STEP}, reverse=True)
    if keep == 0:
        deciding = find_deciding(keys).parsed
        return deciding.step + (deciding.key_type is KeyType.STEP)
    return steps[keep - 1] if keep <= len(steps) else 0


def _order(key: StoredKey) -> bytes:
    return listing_order(key.metadata.key)
