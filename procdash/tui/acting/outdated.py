"""Whether what happens in the store makes a plan outdated that somebody is looking at. Pure functions."""

from __future__ import annotations

from procdash.actions.families import Scope
from procdash.actions.plans import ActionKind, Plan, Target
from procdash.live.index import RowEvent
from procdash.store.records import ProcedureRecord
from procdash.tui.acting.proposals import Act, Proposal


def is_outdated_by(event: RowEvent, plan: Plan, proposal: Proposal) -> bool:
    """Whether a procedure of the plan is no longer as planned, or a family of it has a new member.

    The picture may lag behind the plan, which was read freshly: an event that only catches up changes nothing.
    """
    if event.before == event.after:
        return False
    target = next((target for target in plan.targets if target.procedure_id == event.procedure_id), None)
    if target is not None:
        return not _is_as_planned(target, event.after)
    if any(refusal.procedure_id == event.procedure_id for refusal in plan.refusals):
        return True
    takes_family = (
        isinstance(proposal, Act) and proposal.kind is ActionKind.DELETE and proposal.scope is Scope.FAMILY
    )
    message = None if event.after is None else event.after.message
    return (
        takes_family
        and message is not None
        and any(target.procedure_id == message.parent_id for target in plan.targets)
    )


def _is_as_planned(target: Target, record: ProcedureRecord | None) -> bool:
    if record is None:
        return not target.before
    versions = {state.key: state.version for state in target.before}
    is_same_size = record.key_count == len(target.before)
    return (
        is_same_size and record.version is not None and versions.get(record.deciding_key or "") == record.version
    )
