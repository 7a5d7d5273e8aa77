"""Which action is legal for which verdict: one table for the command line, the screen and the planner."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.plans import ActionKind, Plan, Refusal
from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.keys import MAX_STEP
from procdash.store.records import ProcedureDetail, ProcedureRecord

CONFIRMING_LENGTH = 8
"""So many characters of an id must be typed where an action abandons a procedure."""


class Rule(NamedTuple):
    """What holds for one action on procedures of one verdict."""

    refusal: str | None = None
    """Why it is refused; None where it is allowed."""
    next_step: str = ""
    """What to do instead, where it is refused."""
    must_type_id: bool = False
    """Whether the beginning of the id must be typed, since the action abandons work half-way."""


_ALLOWED = Rule()
_ABANDONS = Rule(must_type_id=True)

RULES: dict[ActionKind, dict[Verdict, Rule]] = {
    ActionKind.COMMIT: {
        Verdict.LOADED: _ABANDONS,
        Verdict.ROLLING_BACK: _ABANDONS,
        Verdict.FINISHED: Rule(
            "It is finished already.", "The engine deletes its keys at its next start; or delete it now."
        ),
        Verdict.UNREADABLE: _ALLOWED,
    },
    ActionKind.DELETE: {
        Verdict.LOADED: _ABANDONS,
        Verdict.ROLLING_BACK: _ABANDONS,
        Verdict.FINISHED: _ALLOWED,
        Verdict.UNREADABLE: _ALLOWED,
    },
    ActionKind.TRUNCATE: {
        Verdict.LOADED: _ALLOWED,
        Verdict.ROLLING_BACK: _ALLOWED,
        Verdict.FINISHED: _ALLOWED,
        Verdict.UNREADABLE: Rule(
            "Its deciding value does not decode, so the older steps are all that is left of it.",
            "Look at the older steps first; to give it up, delete it.",
        ),
    },
}
"""Every action of an operator on every verdict."""


def refusal_of(kind: ActionKind, record: ProcedureRecord) -> Refusal | None:
    """Why an action is refused for a procedure, or None where it is legal.

    Args:
        kind: commit, delete or truncate.
        record: the procedure, as listed.
    """
    rule = RULES[kind][verdict_of(record)]
    reason, next_step = rule.refusal, rule.next_step
    if not record.is_readable:
        reason = f"It cannot be read ({record.failure}), so what is removed could not be kept for an undo."
        next_step = "Give this user permission to read it."
    elif kind is ActionKind.COMMIT and reason is None:
        reason, next_step = _why_not_committed(record)
    return None if reason is None else Refusal(record.procedure_id, reason, next_step)


def refusal_of_detail(kind: ActionKind, detail: ProcedureDetail) -> Refusal | None:
    """As `refusal_of`, with what all the keys say in addition."""
    refusal = refusal_of(kind, detail.record)
    if refusal is None and kind is ActionKind.COMMIT and highest_step(detail) >= MAX_STEP:
        return Refusal(
            detail.record.procedure_id, f"There is no step above {MAX_STEP} to commit at.", "Delete it instead."
        )
    return refusal


def highest_step(detail: ProcedureDetail) -> int:
    """The highest step of any key; -1 where there are no keys."""
    return max((key.parsed.step for key in detail.keys), default=-1)


def ids_to_type(plan: Plan) -> tuple[str, ...]:
    """The procedures asked for that would be abandoned half-way: the beginning of each id must be typed."""
    if plan.kind not in RULES:
        return ()
    return tuple(
        target.procedure_id
        for target in plan.targets
        if target.is_requested and target.verdict is not None and RULES[plan.kind][target.verdict].must_type_id
    )


def is_typed(procedure_id: str, text: str) -> bool:
    """Whether `text` is enough of an id to show that this very procedure is meant."""
    text = text.strip().lower()
    return len(text) >= CONFIRMING_LENGTH and procedure_id.startswith(text)


def _why_not_committed(record: ProcedureRecord) -> tuple[str | None, str]:
    if not record.non_canonical_keys:
        return None, ""
    reason = (
        "Its id is spelled in a way that the engine never deletes: once it had removed the commit, "
        "the procedure would be loaded again."
    )
    return reason, "Delete it instead."
