"""What the result line says."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.outcomes import Outcome, Report
from procdash.actions.plans import ActionKind, Plan
from procdash.present.action_words import ACTION_WORDS, counted
from procdash.present.report_view import result_line
from procdash.present.spans import Line, Role, cut, line_width, span
from procdash.present.units import thousands

SEE_LOG = "L shows it"
"""A hint at the action log."""


class Said(NamedTuple):
    """A result and what to do about it."""

    line: Line = ()
    hint: str = ""
    """A key and what it does, such as `u undoes`; stays where the line is too long."""

    def fitted(self, width: int) -> Line:
        """Both in at most `width` cells."""
        if not self.hint:
            return cut(self.line, width)
        hint = (span(" · ", Role.MUTED), span(self.hint, Role.ACTIVE))
        return (*cut(self.line, width - line_width(hint)), *hint)


def said(text: str, role: Role = Role.PLAIN, hint: str = "") -> Said:
    """Say some text."""
    return Said((span(text, role),), hint)


class Applying(NamedTuple):
    """A plan that is being applied."""

    plan: Plan
    done: int
    """How many of its ops are done."""
    number: int | None
    """The number of its entry, where that is known."""
    is_leaving: bool = False
    """Whether a person has asked to quit meanwhile."""

    @property
    def said(self) -> Said:
        """How far it is."""
        far = f"{thousands(self.done)} of {counted(len(self.plan.ops), 'op')}"
        if self.is_leaving:
            what = "A plan" if self.number is None else f"Entry {self.number}"
            return said(
                f"! {what} is being applied ({far}); press again to leave it, it can be resumed", Role.PROBLEM
            )
        return said(f"… {ACTION_WORDS[self.plan.kind].doing} · {far}", Role.ACTIVE)


def said_of(report: Report) -> Said:
    """What became of a plan, and what to do about it."""
    is_undo = report.plan.kind is ActionKind.UNDO
    hint = ""
    if report.outcome is Outcome.DONE:
        hint = "u undoes" if report.entry is not None and not is_undo else ""
    elif can_be_planned_anew(report) and not is_undo:
        hint = "R plans anew"
    elif report.entry is not None:
        hint = SEE_LOG
    return Said(result_line(report), hint)


def can_be_planned_anew(report: Report) -> bool:
    """Whether nothing was written, because the store had changed."""
    return report.outcome is Outcome.CHANGED and not report.ops_done
