"""From a plan to its end: show it, have it confirmed, apply it, say what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from procdash.actions.entries import Entry
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.plans import Plan
from procdash.cli.confirming import is_agreed, why_not_confirmed
from procdash.cli.exit_codes import ExitCode
from procdash.cli.report import print_lines, width_of
from procdash.cli.wishes import Wishes
from procdash.cli.workplace import Workplace
from procdash.present.action_words import ACTION_WORDS, counted
from procdash.present.documents import encode
from procdash.present.journal_view import entry_lines
from procdash.present.plan_documents import plan_document, refused_document, report_document
from procdash.present.plan_view import plan_lines, refusal_lines
from procdash.present.report_view import report_lines, result_line
from procdash.present.spans import Line, Role, line, span

_JSON_INDENT = 2


def carry_out(
    place: Workplace, plan: Plan, wishes: Wishes, given: Mapping[str, Sequence[str]] | None = None
) -> ExitCode:
    """Show a plan, and apply it unless that is not wanted.

    Args:
        place: the store.
        plan: what to do.
        wishes: how.
        given: for each procedure, how its id was written by the user.
    """
    if wishes.dry_run:
        if wishes.as_json:
            print_json(plan_document(plan))
        else:
            _print_plan(plan)
        return ExitCode.DONE if plan.targets else _code_of_refusals(plan)
    if wishes.yes or not plan.ops:
        print_lines(refusal_lines(plan.refusals, width_of(err=True)), err=True)
    else:
        _print_plan(plan, err=True)
    if plan.refusals and not plan.targets:
        return _finish(Report(plan, ()), wishes)
    why = why_not_confirmed(plan, given or {}, wishes) if plan.ops else None
    if why is not None:
        if wishes.as_json:
            print_json(refused_document(plan, why))
        click.echo(f"Nothing was written: {why}.", err=True)
        return ExitCode.REFUSED
    report = place.execute(
        lambda executor, pace: executor.apply(plan, reason=wishes.reason, pace=pace),
        op_count=len(plan.ops),
        ops_per_second=wishes.throttle,
    )
    return _finish(report, wishes)


def finish_entry(place: Workplace, entry: Entry, wishes: Wishes) -> ExitCode:
    """Do what is left of an entry of the journal.

    Args:
        place: the store that it is about.
        entry: which; it can be resumed.
        wishes: how.
    """
    ops_done = place.session.run(place.session.journal.ops_done(entry.number))
    if wishes.dry_run and wishes.as_json:
        print_json(plan_document(entry.plan))
        return ExitCode.DONE
    if wishes.dry_run or not wishes.yes:
        err = not wishes.dry_run
        print_lines(entry_lines(entry, ops_done, is_held=False, width=width_of(err=err)), err=err)
    if wishes.dry_run:
        return ExitCode.DONE
    left = len(entry.plan.ops) - len(ops_done)
    if not wishes.yes and not is_agreed(f"\nDo the {counted(left, 'op')} left of entry {entry.number}?"):
        if wishes.as_json:
            print_json(refused_document(entry.plan, "not confirmed"))
        click.echo("Nothing was written: not confirmed.", err=True)
        return ExitCode.REFUSED
    report = place.execute(
        lambda executor, pace: executor.resume(entry, pace=pace),
        op_count=len(entry.plan.ops),
        ops_per_second=wishes.throttle,
        resumes=entry.number,
    )
    return _finish(report, wishes)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a document for programs."""
    click.echo(encode(document, indent=_JSON_INDENT))


def code_of(report: Report) -> ExitCode:
    """The exit code that says what became of a plan: the gravest that any of its procedures has."""
    codes = {_code_of_refusals(report.plan), *map(_code_of_result, report.results)}
    by_weight = (ExitCode.UNREACHABLE, ExitCode.CHANGED, ExitCode.REFUSED, ExitCode.DONE)
    return next(code for code in by_weight if code in codes)


def _code_of_result(result: TargetResult) -> ExitCode:
    match result.outcome:
        case Outcome.DONE:
            return ExitCode.DONE
        case Outcome.CHANGED:
            return ExitCode.CHANGED
        case Outcome.UNKNOWN:
            return ExitCode.UNREACHABLE
        case Outcome.FAILED if not result.is_verified:
            return ExitCode.UNREACHABLE
        case _:
            return ExitCode.REFUSED


def _code_of_refusals(plan: Plan) -> ExitCode:
    if any(refusal.differences for refusal in plan.refusals):
        return ExitCode.CHANGED
    return ExitCode.REFUSED if plan.refusals else ExitCode.DONE


def _print_plan(plan: Plan, *, err: bool = False) -> None:
    print_lines([line(span(plan.location, Role.MUTED)), *plan_lines(plan, width_of(err=err)), ()], err=err)


def _finish(report: Report, wishes: Wishes) -> ExitCode:
    if wishes.as_json:
        print_json(report_document(report))
    else:
        print_lines(report_lines(report, width_of()))
    print_lines([_summary(report)], err=True)
    return code_of(report)


def _summary(report: Report) -> Line:
    refusals = report.plan.refusals
    if refusals and not report.results:
        order = ACTION_WORDS[report.plan.kind].order
        return line(span(f"✗ {order} refused: nothing was written", Role.ERROR))
    pieces = [*result_line(report)]
    if refusals:
        pieces.append(span(f" · {len(refusals)} refused", Role.PROBLEM))
    if report.entry is not None and report.ops_done:
        pieces.append(span(f" · 'procdash undo {report.entry}' takes it back"))
    return tuple(pieces)
