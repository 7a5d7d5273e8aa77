"""Which procedures are being written to, until the store itself shows what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from procdash.actions.families import Relatives
from procdash.actions.outcomes import Outcome, Report
from procdash.actions.plans import Plan, Target
from procdash.insight.verdict import verdict_of
from procdash.present.action_words import ACTION_WORDS
from procdash.store.records import ProcedureRecord


class _Expected(NamedTuple):
    word: str
    target: Target
    before: ProcedureRecord | None


class Pending(Mapping[str, str]):
    """By id, what is being done to a procedure, in a word.

    Args:
        index: the picture of the store.
    """

    def __init__(self, index: Relatives) -> None:
        self._index = index
        self._expected: dict[str, _Expected] = {}
        self._is_applied = False

    def __getitem__(self, procedure_id: str) -> str:
        return self._expected[procedure_id].word

    def __iter__(self) -> Iterator[str]:
        return iter(self._expected)

    def __len__(self) -> int:
        return len(self._expected)

    def begin(self, plan: Plan) -> None:
        """A plan is about to be applied."""
        word = ACTION_WORDS[plan.kind].doing
        self._is_applied = False
        self._expected = {
            target.procedure_id: _Expected(word, target, self._index.get(target.procedure_id))
            for target in plan.targets
            if target.ops
        }

    def end(self, report: Report | None) -> None:
        """It was applied, or could not be; what is done is still pending until the store shows it."""
        self._is_applied = True
        results = () if report is None else report.results
        done = {result.procedure_id for result in results if result.outcome is Outcome.DONE}
        for procedure_id in set(self._expected) - done:
            del self._expected[procedure_id]
        self.look_at(tuple(self._expected))

    def look_at(self, procedure_ids: Iterable[str]) -> None:
        """The picture of some procedures may have changed."""
        for procedure_id in procedure_ids:
            expected = self._expected.get(procedure_id)
            if expected is not None and self._is_shown(expected):
                del self._expected[procedure_id]

    def forget(self) -> None:
        """Wait for nothing any more: the picture says what is there."""
        self._expected.clear()

    def _is_shown(self, expected: _Expected) -> bool:
        record = self._index.get(expected.target.procedure_id)
        if record is None or expected.target.result is None:
            return record is None and (self._is_applied or expected.target.result is None)
        # While it is being applied, the picture may show it half-way.
        return self._is_applied and record != expected.before and verdict_of(record) is expected.target.result
