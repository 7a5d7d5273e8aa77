"""The live index: the current record of every procedure, fed one procedure at a time.

Plain and synchronous. One change costs the same however large the store is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from procdash.insight.problems import Surroundings
from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.records import EntryReading, ProcedureRecord


class RowEventKind(StrEnum):
    """What happened to a row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class RowEvent(NamedTuple):
    """One row came, changed or went."""

    kind: RowEventKind
    procedure_id: str
    before: ProcedureRecord | None
    """The record until now; None for a row that was added."""
    after: ProcedureRecord | None
    """The record from now on; None for a row that was removed. Equal to `before` where only the family changed."""


class ProcedureIndex:
    """Every procedure's record, the counts per verdict, and who is whose child."""

    def __init__(self) -> None:
        self._records: dict[str, ProcedureRecord] = {}
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        self._unknown_keys: dict[str, tuple[str, ...]] = {}
        self.counts: Counter[Verdict] = Counter()
        """How many procedures there are of each verdict."""

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __contains__(self, procedure_id: str) -> bool:
        return procedure_id in self._records

    def get(self, procedure_id: str) -> ProcedureRecord | None:
        """The record of one procedure, or None."""
        return self._records.get(procedure_id)

    def records(self) -> Collection[ProcedureRecord]:
        """Every record, in no promised order."""
        return self._records.values()

    def children_of(self, procedure_id: str) -> Collection[str]:
        """The ids of the procedures that name this one as their parent."""
        return self._children.get(procedure_id, ())

    @property
    def unknown_key_count(self) -> int:
        """How many keys in the store belong to no procedure."""
        return sum(map(len, self._unknown_keys.values()))

    def entries(self) -> set[str]:
        """The names right below `procedure/` that something is known of."""
        return {record.directory.partition("/")[0] for record in self.records()}.union(self._unknown_keys)

    def unknown_keys(self) -> list[str]:
        """Every key in the store that belongs to no procedure, sorted."""
        return sorted(key for keys in self._unknown_keys.values() for key in keys)

    def surroundings_of(self, record: ProcedureRecord) -> Surroundings:
        """What the rest of the store says about one procedure; costs as much as it has children."""
        parent_id = record.message.parent_id if record.message else None
        child_times = [
            child.modified_at
            for child in map(self._records.get, self.children_of(record.procedure_id))
            if child is not None and child.modified_at is not None
        ]
        return Surroundings(
            parent_is_present=parent_id is None or parent_id in self._records,
            newest_child_key_at=max(child_times, default=None),
        )

    def apply(self, procedure_id: str, record: ProcedureRecord | None) -> list[RowEvent]:
        """Take in what one procedure is now; None means that it is gone.

        Returns:
            What changed: nothing, the procedure itself, and its children where their parent came or went.
        """
        before = self._records.get(procedure_id)
        if record == before:
            return []
        if before is not None:
            self._forget(before)
        if record is None:
            kind = RowEventKind.REMOVED
        else:
            kind = RowEventKind.ADDED if before is None else RowEventKind.CHANGED
            self._remember(record)
        events = [RowEvent(kind, procedure_id, before, record)]
        if kind is not RowEventKind.CHANGED:
            events.extend(self._touch(child for child in self.children_of(procedure_id) if child != procedure_id))
        return events

    def apply_reading(self, reading: EntryReading) -> list[RowEvent]:
        """Take in everything that reading some entries gave."""
        events: list[RowEvent] = []
        for record in reading.records:
            events.extend(self.apply(record.procedure_id, record))
        for procedure_id in reading.removed:
            events.extend(self.apply(procedure_id, None))
        for entry, keys in reading.unknown_keys:
            if keys:
                self._unknown_keys[entry] = keys
            else:
                self._unknown_keys.pop(entry, None)
        return events

    def _touch(self, procedure_ids: Iterable[str]) -> Iterator[RowEvent]:
        for procedure_id in procedure_ids:
            record = self._records[procedure_id]
            yield RowEvent(RowEventKind.CHANGED, procedure_id, record, record)

    def _remember(self, record: ProcedureRecord) -> None:
        self._records[record.procedure_id] = record
        self.counts[verdict_of(record)] += 1
        if record.message is not None and record.message.parent_id is not None:
            self._children[record.message.parent_id].add(record.procedure_id)

    def _forget(self, record: ProcedureRecord) -> None:
        del self._records[record.procedure_id]
        self.counts[verdict_of(record)] -= 1
        if record.message is not None and record.message.parent_id is not None:
            siblings = self._children[record.message.parent_id]
            siblings.discard(record.procedure_id)
            if not siblings:
                del self._children[record.message.parent_id]
