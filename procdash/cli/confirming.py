"""Asking for a confirmation, and what counts as one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from procdash.actions.legality import CONFIRMING_LENGTH, ids_to_type, is_typed
from procdash.actions.plans import Plan
from procdash.cli.wishes import Wishes
from procdash.present.action_words import counted
from procdash.present.plan_view import headline

_NAMED_AT_MOST = 20
_DECLINED = "not confirmed"


def why_not_confirmed(plan: Plan, given: Mapping[str, Sequence[str]], wishes: Wishes) -> str | None:
    """Ask whether to apply a plan, unless that was answered on the command line.

    Args:
        plan: what to do; it was shown to the user already.
        given: for each procedure, how its id was written by the user.
        wishes: whether the answer was given.

    Returns:
        Why the plan is not to be applied; None where it is.
    """
    must_type = ids_to_type(plan)
    if not wishes.yes:
        return None if _is_agreed(plan, must_type) else _DECLINED
    short = [
        procedure_id
        for procedure_id in must_type
        if not any(is_typed(procedure_id, text) for text in given.get(procedure_id, ()))
    ]
    if not short:
        return None
    named = ", ".join(short[:_NAMED_AT_MOST])
    more = f" and {len(short) - _NAMED_AT_MOST} more" if len(short) > _NAMED_AT_MOST else ""
    return (
        f"{counted(len(short), 'procedure')} would be abandoned half-way, and with --yes that takes at least "
        f"{CONFIRMING_LENGTH} characters of each id: {named}{more}"
    )


def is_agreed(question: str) -> bool:
    """Ask a question on standard error that is answered with yes or no; anything else is a no."""
    return _answer(f"{question} [y/N] ").lower() in ("y", "yes")


def _is_agreed(plan: Plan, must_type: Sequence[str]) -> bool:
    if not must_type:
        return is_agreed("".join(piece.text for piece in headline(plan)) + "?")
    if len(must_type) == 1:
        [procedure_id] = must_type
        return is_typed(
            procedure_id,
            _answer(
                f"This abandons it half-way. To go on, type the first {CONFIRMING_LENGTH} characters of its id: "
            ),
        )
    phrase = f"abandon {len(must_type)}"
    return _answer(f"This abandons {len(must_type)} procedures half-way. To go on, type '{phrase}': ") == phrase


def _answer(question: str) -> str:
    """What the user types; nothing where the input ends or is no text."""
    click.echo(question, nl=False, err=True)
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        return ""
    if not line.endswith("\n"):
        click.echo(err=True)
    return " ".join(line.split())
