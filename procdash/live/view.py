"""The rows on screen: which procedures pass the filter, in which order, and which have problems.

Plain and synchronous. One change costs O(log n), however many rows there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from enum import StrEnum
from math import inf
from operator import itemgetter
from typing import NamedTuple

from sortedcontainers import SortedList

from procdash.insight.problems import STUCK_AFTER_SECONDS, ProblemCode, problems_of, stuck_at
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex, RowEvent, RowEventKind
from procdash.store.records import ProcedureRecord


class Order(StrEnum):
    """What the rows can be sorted by."""

    STATE = "state"
    TYPE = "type"
    ID = "id"
    STEP = "step"
    KEYS = "keys"
    AGE = "age"
    NOTE = "note"


class RowFilter(NamedTuple):
    """Which rows to show."""

    verdict: Verdict | None = None
    """Only those of this verdict; None for all."""
    problems_only: bool = False
    """Only those with a problem."""


_VERDICT_RANKS = {verdict: rank for rank, verdict in enumerate(Verdict)}
_PROBLEM_RANKS = {code: rank for rank, code in enumerate(ProblemCode)}
_SPARE_SCHEDULE = 1024
_ERROR_RANK = len(_PROBLEM_RANKS)
_NOTHING_RANK = _ERROR_RANK + 1

_Entry = tuple[float | str, str]
"""What a row is sorted by, and its id. A list in descending order is read from its end."""


class View:
    """The rows of an index that pass a filter, sorted; ties are broken by id, in the same direction.

    It starts with the index as it is and follows it by `apply`; `advance` takes in what time alone changes.

    Args:
        index: the procedures.
        now: the wall clock, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
    """

    def __init__(
        self, index: ProcedureIndex, now: Callable[[], float], stuck_after: float = STUCK_AFTER_SECONDS
    ) -> None:
        self._index = index
        self._now = now
        self._stuck_after = stuck_after
        self._order = Order.AGE
        self._descending = False
        self._filter = RowFilter()
        self._problems: dict[str, ProblemCode] = {}
        self._stuck_at: dict[str, float] = {}
        self._schedule: list[tuple[float, str]] = []
        self._entries: dict[str, _Entry] = {}
        self._ids: SortedList = SortedList(index)
        self._rows: SortedList = SortedList()
        self._refresh_problems(index, now())
        self._rebuild()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        """The ids, in order."""
        return iter(self.rows(0, len(self)))

    @property
    def order(self) -> Order:
        """What the rows are sorted by."""
        return self._order

    @property
    def descending(self) -> bool:
        """Whether the order is turned round."""
        return self._descending

    @property
    def row_filter(self) -> RowFilter:
        """Which rows are shown."""
        return self._filter

    @property
    def problem_count(self) -> int:
        """How many procedures have a problem, filtered out or not."""
        return len(self._problems)

    @property
    def next_stuck_at(self) -> float | None:
        """When the next procedure begins to count as stuck, in Unix seconds, if nothing happens."""
        while self._schedule and self._stuck_at.get(self._schedule[0][1]) != self._schedule[0][0]:
            heapq.heappop(self._schedule)
        return self._schedule[0][0] if self._schedule else None

    def row(self, position: int) -> str:
        """The id at a position, which must exist."""
        procedure_id: str = self._rows[~position if self._descending else position][1]
        return procedure_id

    def rows(self, start: int, stop: int) -> list[str]:
        """The ids at some positions; those that do not exist are left out."""
        count = len(self._rows)
        start, stop = min(max(start, 0), count), min(max(stop, 0), count)
        if self._descending:
            start, stop = count - stop, count - start
        return [procedure_id for _, procedure_id in self._rows.islice(start, stop, reverse=self._descending)]

    def position_of(self, procedure_id: str) -> int | None:
        """Where a procedure stands; None where it is not shown."""
        entry = self._entries.get(procedure_id)
        if entry is None:
            return None
        position: int = self._rows.index(entry)
        return len(self._rows) - 1 - position if self._descending else position

    def worst_problem(self, procedure_id: str) -> ProblemCode | None:
        """The worst problem of a procedure, or None."""
        return self._problems.get(procedure_id)

    def set_order(self, order: Order, *, descending: bool) -> None:
        """Sort by something else, or the other way round."""
        self._order, self._descending = order, descending
        self._rebuild()

    def set_filter(self, row_filter: RowFilter) -> None:
        """Show other rows."""
        self._filter = row_filter
        self._rebuild()

    def apply(self, events: Iterable[RowEvent]) -> None:
        """Take in what happened in the index, which has it already."""
        touched: dict[str, None] = {}
        came_or_went: dict[str, None] = {}
        for event in events:
            touched[event.procedure_id] = None
            if event.kind is not RowEventKind.CHANGED:
                came_or_went[event.procedure_id] = None
            for record in (event.before, event.after):
                if record is not None and record.message is not None and record.message.parent_id is not None:
                    touched[record.message.parent_id] = None  # a parent is not stuck while its children move
        self._note_ids(came_or_went)
        self._refresh_problems(touched, self._now())
        self._place(touched)

    def advance(self) -> bool:
        """Take in what the clock alone changes; returns whether anything did."""
        now = self._now()
        begun: list[str] = []
        while (at := self.next_stuck_at) is not None and at <= now:
            begun.append(heapq.heappop(self._schedule)[1])
        for procedure_id in begun:
            self._stuck_at.pop(procedure_id, None)
        self._refresh_problems(begun, now)
        self._place(begun)
        return bool(begun)

    def _note_ids(self, procedure_ids: Iterable[str]) -> None:
        """Take in which procedures there are."""
        added: list[str] = []
        for procedure_id in procedure_ids:
            if procedure_id not in self._index:
                self._ids.discard(procedure_id)
            elif procedure_id not in self._ids:
                added.append(procedure_id)
        self._ids.update(added)

    def _refresh_problems(self, procedure_ids: Iterable[str], now: float) -> None:
        for procedure_id in procedure_ids:
            record = self._index.get(procedure_id)
            self._stuck_at.pop(procedure_id, None)
            self._problems.pop(procedure_id, None)
            if record is None:
                continue
            surroundings = self._index.surroundings_of(record)
            problems = problems_of(record, surroundings, now=now, stuck_after=self._stuck_after)
            if problems:
                self._problems[procedure_id] = problems[0].code
            at = stuck_at(record, surroundings, self._stuck_after)
            if at is not None and at > now:
                self._stuck_at[procedure_id] = at
                heapq.heappush(self._schedule, (at, procedure_id))
        if len(self._schedule) > 2 * len(self._stuck_at) + _SPARE_SCHEDULE:  # mostly outdated
            self._schedule = [(at, procedure_id) for procedure_id, at in self._stuck_at.items()]
            heapq.heapify(self._schedule)

    def _place(self, procedure_ids: Collection[str]) -> None:
        """Move rows to where they belong now; many at once are cheaper sorted anew."""
        if len(procedure_ids) > max(len(self._rows) // 4, 64):
            self._rebuild()
            return
        sort_value = self._sort_value()
        for procedure_id in procedure_ids:
            old = self._entries.get(procedure_id)
            record = self._index.get(procedure_id)
            new = None
            if record is not None and self._passes(record):
                new = (sort_value(record), procedure_id)
            if old == new:
                continue
            if old is not None:
                self._rows.remove(old)
                del self._entries[procedure_id]
            if new is not None:
                self._rows.add(new)
                self._entries[procedure_id] = new

    def _rebuild(self) -> None:
        """Sort everything anew; starting from the order of the ids, equal rows need no comparing of ids."""
        records: Iterable[ProcedureRecord] = filter(None, map(self._index.get, self._ids))
        if self._filter != RowFilter():
            records = filter(self._passes, records)
        sort_value = self._sort_value()
        entries = [(sort_value(record), record.procedure_id) for record in records]
        entries.sort(key=itemgetter(0))
        self._entries = {entry[1]: entry for entry in entries}
        self._rows = SortedList(entries)

    def _passes(self, record: ProcedureRecord) -> bool:
        verdict, problems_only = self._filter
        if problems_only and record.procedure_id not in self._problems:
            return False
        return verdict is None or verdict_of(record) is verdict

    def _sort_value(self) -> Callable[[ProcedureRecord], float | str]:
        """What a row is sorted by; what is not known stands last in both directions."""
        last_number = -inf if self._descending else inf
        last_text = "" if self._descending else "\U0010ffff"
        values: dict[Order, Callable[[ProcedureRecord], float | str]] = {
            Order.STATE: lambda record: _VERDICT_RANKS[verdict_of(record)],
            Order.TYPE: lambda record: _bare_type(record.message.type_name) if record.message else last_text,
            Order.ID: lambda _: 0.0,
            Order.STEP: lambda record: last_number if record.step is None else record.step,
            Order.KEYS: lambda record: record.key_count,
            Order.AGE: lambda record: last_number if record.modified_at is None else -record.modified_at,
            Order.NOTE: self._note_rank,
        }
        return values[self._order]

    def _note_rank(self, record: ProcedureRecord) -> float:
        problem = self._problems.get(record.procedure_id)
        if problem is not None:
            return _PROBLEM_RANKS[problem]
        return _ERROR_RANK if record.message is not None and record.message.error is not None else _NOTHING_RANK


def _bare_type(type_name: str) -> str:
    return type_name.rpartition("::")[2]
