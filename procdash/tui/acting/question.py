"""The words of the question before anything is written. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from procdash.actions.families import Scope
from procdash.actions.legality import CONFIRMING_LENGTH, is_typed
from procdash.actions.plans import ActionKind, Plan
from procdash.present.action_words import ACTION_WORDS, counted
from procdash.present.plan_view import headline
from procdash.present.spans import Line, Role, span
from procdash.tui.acting.proposals import Act, Proposal, Resume


def question(proposal: Proposal, plan: Plan) -> Line:
    """What is to be done, in one line."""
    line = headline(plan)
    if isinstance(proposal, Resume):
        return (span(f"Resume entry {proposal.entry.number} · ", Role.STRONG), *line)
    return line


def answer(proposal: Proposal, plan: Plan) -> str:
    """What stands on the button that does it."""
    if isinstance(proposal, Resume):
        return "Resume"
    order = ACTION_WORDS[plan.kind].order
    return order if plan.kind is ActionKind.UNDO else f"{order} {counted(len(plan.targets), 'procedure')}"


def choice(proposal: Proposal, plan: Plan) -> Line:
    """What could be chosen instead, and with which key; empty where there is no choice."""
    if not isinstance(proposal, Act):
        return ()
    if proposal.kind is ActionKind.TRUNCATE:
        kept = counted(proposal.keep, "step")
        return (span(f"Keeps the newest {kept} of each · + keeps more, - fewer", Role.MUTED),)
    if proposal.kind is not ActionKind.DELETE:
        return ()
    if proposal.scope is Scope.ONLY:
        return (span("Only what was named · f: with all descendants", Role.MUTED),)
    has_relatives = any(not target.is_requested for target in plan.targets)
    if has_relatives or plan.refusals:
        return (span("With all descendants · f: only what was named", Role.MUTED),)
    return ()


def phrase(ids_to_type: Sequence[str]) -> str:
    """What must be typed: the beginning of the one id, or how many are abandoned; empty for nothing."""
    if not ids_to_type:
        return ""
    return ids_to_type[0][:CONFIRMING_LENGTH] if len(ids_to_type) == 1 else f"abandon {len(ids_to_type)}"


def is_phrase(ids_to_type: Sequence[str], text: str) -> bool:
    """Whether what had to be typed was typed; more of the one id will do."""
    if len(ids_to_type) == 1:
        return is_typed(ids_to_type[0], text)
    return not ids_to_type or text.strip().lower() == phrase(ids_to_type)
