"""What became of a plan: in one line, and procedure by procedure."""

from __future__ import annotations

from collections.abc import Sequence

from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.plans import ActionKind
from procdash.present.action_words import ACTION_WORDS, OUTCOME_WORDS, counted, verdict_word
from procdash.present.plan_view import difference_lines
from procdash.present.sanitise import blanks, fit, safe
from procdash.present.spans import Line, Role, Span, span, wrapped
from procdash.present.units import thousands

_INDENT = 2


def result_line(report: Report) -> Line:
    """What became of a plan, in one line that promises no more than is known."""
    words = OUTCOME_WORDS[report.outcome]
    pieces = [span(f"{words.glyph} {_sentence(report)}", words.role)]
    if report.entry is not None:
        pieces.append(span(f" · entry {report.entry}", Role.PLAIN))
    if report.journal_failure is not None:
        pieces.append(span(f" · the journal could not note it: {report.journal_failure}", Role.PROBLEM))
    return tuple(pieces)


def report_lines(report: Report, width: int) -> list[Line]:
    """What became of each procedure of a plan, in lines of at most `width` cells."""
    return results_lines(report.results, width)


def results_lines(results: Sequence[TargetResult], width: int) -> list[Line]:
    """What became of each procedure, in lines of at most `width` cells."""
    label_width = max((len(OUTCOME_WORDS[result.outcome].label) for result in results), default=0)
    return [line for result in results for line in _result_lines(result, label_width, width)]


def _result_lines(result: TargetResult, label_width: int, width: int) -> list[Line]:
    words = OUTCOME_WORDS[result.outcome]
    pieces = [
        Span(fit(safe(words.label), label_width), words.role),
        span("  "),
        span(result.procedure_id, Role.STRONG),
        span(f"  {_state(result)}"),
    ]
    lines = wrapped(tuple(pieces), width, _INDENT)
    if result.message:
        lines += wrapped((Span(blanks(_INDENT)), span(result.message, words.role)), width, _INDENT)
    lines += difference_lines(result.differences, width)
    for leftover in result.leftovers:
        lines += wrapped(
            (Span(blanks(2 * _INDENT)), span("stays  ", Role.MUTED), span(leftover)), width, 3 * _INDENT
        )
    return lines


def _state(result: TargetResult) -> str:
    done = f"{thousands(result.ops_done)} of {counted(result.ops_total, 'op')}"
    return f"{done}, now {verdict_word(result.verdict)}" if result.is_verified else done


def _sentence(report: Report) -> str:
    plan = report.plan
    done, total = report.ops_done, len(plan.ops)
    far = f"{thousands(done)} of {counted(total, 'op')} done" if done else "nothing was written"
    doing = ACTION_WORDS[plan.kind]
    match report.outcome:
        case Outcome.DONE if not total:
            return "There was nothing to do"
        case Outcome.DONE:
            if plan.kind is ActionKind.UNDO:
                return f"Entry {plan.undoes} is undone"
            return f"{doing.done} {counted(len(plan.targets), 'procedure')}"
        case Outcome.CHANGED:
            return f"Changed since you looked: {far}"
        case Outcome.UNKNOWN:
            return f"It may have happened, re-reading: {_first_message(report)} · {far} for certain"
        case _:
            return f"{doing.order} failed: {_first_message(report)} · {far}"


def _first_message(report: Report) -> str:
    """Why the gravest outcome came about."""
    return next((result.message for result in report.results if result.outcome is report.outcome), "")
