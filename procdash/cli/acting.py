"""From ids as a user writes them to a plan that is carried out."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import click
import msgspec

from procdash.actions.planner import Planner
from procdash.actions.plans import Plan, Refusal
from procdash.cli.applying import carry_out
from procdash.cli.procedures import UnresolvedId, resolve_id
from procdash.cli.wishes import Wishes
from procdash.cli.workplace import Workplace, open_session, refuse_where_read_only

_STANDARD_INPUT = "-"

MakePlan = Callable[[Planner, Iterable[str]], Coroutine[Any, Any, Plan]]
"""Plans an action on the procedures with some full ids."""


def act(ctx: click.Context, location: str, words: Iterable[str], make_plan: MakePlan, wishes: Wishes) -> None:
    """Plan an action, and carry it out; ends the command with the exit code that says what became of it.

    Args:
        ctx: the context of the command.
        location: a path or URL.
        words: ids, or beginnings of ids; `-` stands for those on standard input.
        make_plan: what to do.
        wishes: how.

    Raises:
        click.UsageError: if nobody can be asked for a confirmation.
        click.ClickException: if the location is read-only, or the journal cannot be used.
        ExternalError: if the store cannot be read.
    """
    if _STANDARD_INPUT in words and not (wishes.yes or wishes.dry_run):
        raise click.UsageError("where ids come from standard input nobody can be asked: add --yes or --dry-run")
    wishes.require_answer()
    if not wishes.dry_run:
        refuse_where_read_only(ctx, location)
    with open_session() as session:
        place = Workplace(session, location)
        place.warn_of_interrupted(is_dry_run=wishes.dry_run)
        given: defaultdict[str, list[str]] = defaultdict(list)
        refusals: list[Refusal] = []
        for text in _given_ids(words):
            try:
                given[resolve_id(text, place.monitor)].append(text)
            except UnresolvedId as error:
                refusals.append(Refusal(text or "(empty)", _sentence(error.reason), _sentence(error.next_step)))
        plan = session.run(make_plan(place.planner, given))
        plan = msgspec.structs.replace(plan, refusals=(*refusals, *plan.refusals))
        code = carry_out(place, plan, wishes, given)
    ctx.exit(code)


def _given_ids(words: Iterable[str]) -> list[str]:
    """The ids as the user wrote them, with those from standard input where `-` stands."""
    ids: list[str] = []
    for word in words:
        if word == _STANDARD_INPUT:
            text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
            lines = (line.partition("#")[0].strip() for line in text.splitlines())
            ids += [line for line in lines if line]
        else:
            ids.append(word)
    return ids


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
