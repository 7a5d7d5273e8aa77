"""What the writing commands and the journal print as JSON: plain dicts, in a fixed order of fields.

The number of an op is its place in the plan, from 0, as in the journal.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from procdash.actions.entries import Entry, EntryState
from procdash.actions.legality import ids_to_type
from procdash.actions.outcomes import Report, TargetResult
from procdash.actions.plans import Difference, KeyState, Op, Plan, Refusal
from procdash.present.documents import text_of_key, utc_text

REFUSED = "refused"
"""The outcome of a plan of which nothing was begun."""


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan, as a dry run prints it."""
    numbers = iter(range(len(plan.ops)))
    return {
        "kind": plan.kind.value,
        "location": text_of_key(plan.location),
        "undoes": plan.undoes,
        "targets": [
            {
                "id": target.procedure_id,
                "type_name": target.type_name,
                "verdict": target.verdict,
                "result": target.result,
                "family": target.family,
                "requested": target.is_requested,
                "ops": [_op(next(numbers), op) for op in target.ops],
                "kept": list(map(text_of_key, target.kept)),
                "warnings": list(target.warnings),
            }
            for target in plan.targets
        ],
        "refusals": [_refusal(refusal) for refusal in plan.refusals],
        "keys_removed": plan.keys_removed,
        "bytes_removed": plan.bytes_removed,
        "keys_written": plan.keys_written,
        "must_type": list(ids_to_type(plan)),
    }


def report_document(report: Report) -> dict[str, Any]:
    """A plan with what became of it; `refused` as the outcome of one without any target."""
    is_refused = bool(report.plan.refusals) and not report.results
    return {
        **plan_document(report.plan),
        "entry": report.entry,
        "outcome": REFUSED if is_refused else report.outcome.value,
        "results": [_result(result) for result in report.results],
        "journal_failure": _text(report.journal_failure),
    }


def refused_document(plan: Plan, reason: str) -> dict[str, Any]:
    """A plan that was not confirmed, with the reason, in the form of `report_document`."""
    return {**report_document(Report(plan, ())), "outcome": REFUSED, "reason": reason}


def entry_document(entry: Entry, *, is_held: bool) -> dict[str, Any]:
    """One entry of the journal, for a list.

    Args:
        entry: which.
        is_held: whether a process is applying it right now.
    """
    plan = entry.plan
    return {
        "entry": entry.number,
        "kind": entry.kind.value,
        "location": text_of_key(entry.location),
        "written_at": utc_text(entry.written_at),
        "ended_at": None if entry.ended_at is None else utc_text(entry.ended_at),
        "author": text_of_key(entry.author),
        "reason": entry.reason,
        "state": entry.state.value,
        "interrupted": entry.state is EntryState.APPLYING and not is_held and entry.undone_by is None,
        "resumable": entry.is_resumable and not is_held,
        "undoable": entry.is_undoable and not is_held,
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
        "procedures": [target.procedure_id for target in plan.targets],
        "keys_removed": plan.keys_removed,
        "bytes_removed": plan.bytes_removed,
        "keys_written": plan.keys_written,
        "kept_bytes": entry.kept_bytes,
    }


def entry_detail_document(entry: Entry, ops_done: Collection[int], *, is_held: bool) -> dict[str, Any]:
    """One entry of the journal with its plan and what became of it.

    Args:
        entry: which.
        ops_done: the numbers of its ops that were noted as done.
        is_held: whether a process is applying it right now.
    """
    return {
        **entry_document(entry, is_held=is_held),
        "plan": plan_document(entry.plan),
        "ops_done": sorted(ops_done),
        "results": [_result(result) for result in entry.results],
    }


def _op(number: int, op: Op) -> dict[str, Any]:
    return {
        "op": number,
        "kind": op.kind.value,
        "key": text_of_key(op.key),
        "size_in_bytes": op.size_in_bytes,
        "version": op.version,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "id": text_of_key(refusal.procedure_id),
        "reason": text_of_key(refusal.reason),
        "next_step": text_of_key(refusal.next_step),
        "differences": list(map(_difference, refusal.differences)),
    }


def _result(result: TargetResult) -> dict[str, Any]:
    return {
        "id": result.procedure_id,
        "outcome": result.outcome.value,
        "ops_done": result.ops_done,
        "ops_total": result.ops_total,
        "message": text_of_key(result.message),
        "verdict": result.verdict,
        "differences": list(map(_difference, result.differences)),
        "leftovers": list(map(text_of_key, result.leftovers)),
        "verified": result.is_verified,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "key": text_of_key(difference.key),
        "what": difference.word,
        "expected": _state(difference.expected),
        "found": _state(difference.found),
    }


def _state(state: KeyState | None) -> dict[str, Any] | None:
    return None if state is None else {"size_in_bytes": state.size_in_bytes, "version": state.version}


def _text(text: str | None) -> str | None:
    return None if text is None else text_of_key(text)
