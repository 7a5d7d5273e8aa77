"""Planning an undo: the inverse of what a plan has done, in the opposite order. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from procdash.actions.families import UNFINISHED
from procdash.actions.planning import directory_removals, states_of
from procdash.actions.plans import ActionKind, Op, OpKind, Plan, Refusal, Target
from procdash.actions.progress import Progress
from procdash.insight.verdict import verdict_of
from procdash.store.records import ProcedureDetail


def plan_undo(
    number: int,
    plan: Plan,
    progress: Mapping[str, Progress],
    details: Mapping[str, ProcedureDetail | None],
    *,
    has_directories: bool,
) -> Plan:
    """Plan to take back what a plan has done.

    The order is the opposite one, so that the deciding key comes back first and no older key ever decides. Where
    one procedure has changed since, the whole of its family is refused, with what is different.

    Args:
        number: the number of the entry that is undone.
        plan: its plan.
        progress: how much of it is done, by procedure.
        details: every procedure of it as it is now; None where it is gone.
        has_directories: whether an empty directory is something that remains, and must be removed.
    """
    changed = {target.family for target in plan.targets if progress[target.procedure_id].differences}
    refusals: list[Refusal] = []
    targets: list[Target] = []
    for target, ops in reversed(list(plan.numbered)):
        found = progress[target.procedure_id]
        detail = details[target.procedure_id]
        done = [(op_number, op) for op_number, op in ops if op_number in found.done]
        if target.family in changed:
            if found.differences or done:
                refusals.append(_refusal(target, found))
        elif done:
            targets.append(_inverse(target, done, detail, has_directories=has_directories))
    return Plan(
        kind=ActionKind.UNDO,
        location=plan.location,
        targets=tuple(targets),
        refusals=tuple(refusals),
        undoes=number,
    )


def _inverse(
    target: Target, done: Iterable[tuple[int, Op]], detail: ProcedureDetail | None, *, has_directories: bool
) -> Target:
    before = states_of(detail)
    listed = {state.key: state for state in before}
    kept = () if detail is None else detail.record.unknown_keys
    ops: list[Op] = []
    for number, op in reversed(list(done)):
        if op.kind is OpKind.DELETE:
            ops.append(Op(OpKind.PUT, op.key, op.size_in_bytes, source=number))
        elif op.kind is OpKind.PUT:
            written = listed[op.key]
            ops.append(Op(OpKind.DELETE, op.key, written.size_in_bytes, written.version))
    removed = {op.key for op in ops if op.kind is OpKind.DELETE}
    if removed and removed == listed.keys():
        ops += directory_removals(removed, kept, has_directories=has_directories)
    is_brought_back = target.verdict in UNFINISHED and detail is None
    return Target(
        procedure_id=target.procedure_id,
        type_name=target.type_name,
        verdict=None if detail is None else verdict_of(detail.record),
        result=target.verdict,
        before=before,
        kept=kept,
        ops=tuple(ops),
        family=target.family,
        is_requested=target.is_requested,
        warnings=("It is unfinished: the engine goes on with it at its next start.",) if is_brought_back else (),
    )


def _refusal(target: Target, progress: Progress) -> Refusal:
    if progress.differences:
        reason = "It has changed since, so what was there before is not written over it."
    else:
        reason = "A procedure that it goes together with has changed since."
    return Refusal(
        target.procedure_id,
        reason,
        "Look at what is different; the removed values stay in the journal.",
        progress.differences,
    )
