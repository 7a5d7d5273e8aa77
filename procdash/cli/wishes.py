"""How a writing command is to be carried out: the options that all of them share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

from procdash.cli.options import json_option

Command = TypeVar("Command", bound=Callable[..., Any])


class Words(NamedTuple):
    """What the user named: a place, an entry of the journal, both or neither."""

    location: str | None = None
    number: int | None = None


class Wishes(NamedTuple):
    """What the user wants beside the action itself."""

    yes: bool
    """Whether to apply the plan without asking."""
    as_json: bool
    """Whether to print JSON."""
    throttle: float | None
    """At most so many ops a second; None does not hold back."""
    dry_run: bool = False
    """Whether to print the plan and leave it at that."""
    reason: str = ""
    """Why, for the journal."""

    def require_answer(self) -> None:
        """See that somebody can be asked, where somebody has to be.

        Raises:
            click.UsageError: if there is no terminal to ask on.
        """
        if not (self.yes or self.dry_run or (sys.stdin.isatty() and sys.stderr.isatty())):
            raise click.UsageError(
                "there is no terminal to ask for a confirmation on. Add --yes to apply the plan without asking, "
                "or --dry-run to see it only."
            )


_yes_option = click.option(
    "-y",
    "--yes",
    is_flag=True,
    allow_from_autoenv=False,  # consent is given for one call, not for a whole session
    help="Apply the plan without asking; what abandons a procedure needs 8 characters of its id for that.",
)
_throttle_option = click.option(
    "--throttle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="OPS",
    help="Write at most so many keys a second.",
)
_dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Print the plan and write nothing; also where all is read-only."
)
_reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, for the journal.")


def applying_options(command: Command) -> Command:
    """The options of a command that applies a plan which is there already."""
    for option in (_throttle_option, json_option, _yes_option):
        command = option(command)
    return command


def planning_options(command: Command) -> Command:
    """The options of a command that makes a plan and applies it."""
    command = applying_options(command)
    for option in (_reason_option, _dry_run_option):
        command = option(command)
    return command
