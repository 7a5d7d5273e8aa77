"""Putting into results what became of a plan. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from procdash.actions.entries import EntryState
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.planning import states_of
from procdash.actions.plans import Difference, Op, OpKind, Plan, Target
from procdash.actions.progress import differences, unknown_key_differences
from procdash.insight.verdict import verdict_of
from procdash.store.records import ProcedureDetail

CHANGED = "It has changed since the plan was made; nothing of it was written."

Numbered = Sequence[tuple[int, Op]]
"""Ops with their numbers in the plan."""


def changes_of(target: Target, detail: ProcedureDetail | None) -> tuple[Difference, ...]:
    """Where a procedure is no longer as a plan has it.

    Args:
        target: what the plan has.
        detail: the procedure as it is; None where it is gone.
    """
    kept = () if detail is None else detail.record.unknown_keys
    return (
        *differences(target.before, states_of(detail)),
        *unknown_key_differences(target.kept if detail is not None else (), kept),
    )


def state_after(report: Report) -> EntryState:
    """How an entry has ended whose plan came to this."""
    if all(result.outcome is Outcome.DONE for result in report.results):
        return EntryState.DONE  # a directory that could not be removed is a leftover
    is_certain = all(result.outcome is not Outcome.UNKNOWN for result in report.results)
    return EntryState.NOTHING_DONE if is_certain and not report.ops_done else EntryState.INCOMPLETE


def result_of(
    target: Target,
    ops: Numbered,
    done: Collection[int],
    outcome: Outcome,
    message: str = "",
    *,
    differences: tuple[Difference, ...] = (),
    detail: ProcedureDetail | None = None,
    leftovers: tuple[str, ...] = (),
    is_verified: bool = False,
) -> TargetResult:
    """What became of one procedure.

    Args:
        target: what was planned.
        ops: its ops with their numbers.
        done: the numbers of the ops, also of others, that are done.
        outcome: how it ended.
        message: what to know beside that.
        differences: where the store was not as planned.
        detail: the procedure, as it was read last; None where it is gone or was not read.
        leftovers: what is still there after a deletion.
        is_verified: whether it was read after the last write.
    """
    puts = {op.key for op_number, op in ops if op.kind is OpKind.PUT and op_number in done}
    return TargetResult(
        procedure_id=target.procedure_id,
        outcome=outcome,
        ops_done=sum(op_number in done for op_number, _ in ops),
        ops_total=len(ops),
        message=message,
        differences=differences,
        leftovers=leftovers,
        written=tuple(state for state in states_of(detail) if state.key in puts),
        verdict=verdict_of(detail.record) if detail is not None and detail.record.is_readable else None,
        is_verified=is_verified,
    )


def skipped(target: Target, ops: Numbered, done: Collection[int], why: str) -> TargetResult:
    """What became of a procedure that was not begun."""
    return result_of(target, ops, done, Outcome.SKIPPED, why)


def report_changed(
    plan: Plan,
    changes: Sequence[tuple[Difference, ...]],
    entry: int | None = None,
    done: Collection[int] = (),
) -> Report:
    """What became of a plan that was not begun, or not gone on with, because the store has changed.

    Args:
        plan: the plan.
        changes: for each target, where it has; for one at least.
        entry: the number of its entry in the journal, if there is one.
        done: the numbers of the ops that had been done before.
    """
    results = [
        result_of(target, ops, done, Outcome.CHANGED, CHANGED, differences=found)
        if found
        else skipped(target, ops, done, "Another procedure of the plan has changed, so nothing was written.")
        for (target, ops), found in zip(plan.numbered, changes, strict=True)
    ]
    return Report(plan, tuple(results), entry)


def report_nothing_to_do(plan: Plan) -> Report:
    """What became of a plan without ops."""
    results = [
        result_of(target, ops, (), Outcome.DONE, "There is nothing to do.") for target, ops in plan.numbered
    ]
    verdicts = [target.verdict for target in plan.targets]  # the store was read just now, and is as planned
    return Report(
        plan,
        tuple(
            msgspec.structs.replace(result, verdict=verdict, is_verified=True)
            for result, verdict in zip(results, verdicts, strict=True)
        ),
    )
