"""What became of a plan, per procedure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from procdash.actions.plans import Difference, KeyState, Plan
from procdash.insight.verdict import Verdict


class Outcome(StrEnum):
    """What became of one procedure of a plan; the order is that of gravity."""

    DONE = "done"
    """Everything was written, and the store shows it."""
    CHANGED = "changed"
    """The store was no longer as the plan had it: the rest was left alone."""
    FAILED = "failed"
    """The store refused a write: it did not happen, and the rest was left alone."""
    SKIPPED = "skipped"
    """It was not begun, because something it goes together with could not be done, or the plan was ended."""
    UNKNOWN = "unknown"
    """A write may have happened, or not: the store could not be read again."""


class TargetResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one procedure of a plan."""

    procedure_id: str
    outcome: Outcome
    ops_done: int
    """How many of its ops are known to be done."""
    ops_total: int
    message: str = ""
    """What to know beside the outcome, in a sentence: why it was not done, or what is left."""
    differences: tuple[Difference, ...] = ()
    """Where the store was not as planned."""
    leftovers: tuple[str, ...] = ()
    """Keys and directories of it that are still there after a deletion."""
    verdict: Verdict | None = None
    """The loader's verdict now, as the store was read last; None where it is gone or could not be read."""
    written: tuple[KeyState, ...] = ()
    """The keys that were written, as they were listed afterwards."""
    is_verified: bool = False
    """Whether the store was read after the last write."""


class Report(NamedTuple):
    """What became of a plan."""

    plan: Plan
    results: tuple[TargetResult, ...]
    """One for each target, in the plan's order."""
    entry: int | None = None
    """The number of its entry in the journal; None where nothing was written."""
    journal_failure: str | None = None
    """Why the journal could not note what happened, though it holds the plan."""

    @property
    def outcome(self) -> Outcome:
        """The gravest outcome of any procedure."""
        ranks = list(Outcome)
        return max((result.outcome for result in self.results), key=ranks.index, default=Outcome.DONE)

    @property
    def ops_done(self) -> int:
        """How many ops are known to be done."""
        return sum(result.ops_done for result in self.results)

    @property
    def is_complete(self) -> bool:
        """Whether every op of the plan is done."""
        return all(result.ops_done == result.ops_total for result in self.results)


def results_to_json(results: Sequence[TargetResult]) -> str:
    """Results as JSON in ASCII."""
    return json.dumps(msgspec.to_builtins(list(results)), separators=(",", ":"))


def results_from_json(text: str) -> tuple[TargetResult, ...]:
    """The results that `results_to_json` gave.

    Raises:
        ValueError: if they are none.
    """
    return msgspec.convert(json.loads(text), tuple[TargetResult, ...])
