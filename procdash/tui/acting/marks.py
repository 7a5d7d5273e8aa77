"""Marks on procedures: kept by id, whatever the list shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol


class Rows(Protocol):
    """The rows of a list; `procdash.live.view.View` is one."""

    def rows(self, start: int, stop: int) -> Sequence[str]:
        """The ids at some positions."""

    def position_of(self, procedure_id: str) -> int | None:
        """Where a procedure stands; None where it is not shown."""


class Marks:
    """The procedures that the next action is about, instead of the one under the cursor."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order in which they were marked."""
        return iter(self._ids)

    def __contains__(self, procedure_id: str) -> bool:
        return procedure_id in self._ids

    def toggle(self, procedure_id: str) -> None:
        """Mark a procedure, or take its mark away."""
        if procedure_id in self._ids:
            self.discard([procedure_id])
        else:
            self._ids[procedure_id] = None
            self._last = procedure_id

    def mark_up_to(self, procedure_id: str, rows: Rows) -> None:
        """Mark every row from the one that was marked last to this one; only this one where there is none."""
        start = None if self._last is None else rows.position_of(self._last)
        stop = rows.position_of(procedure_id)
        if stop is None:
            return
        first, last = (stop, stop) if start is None else sorted((start, stop))
        self._ids.update(dict.fromkeys(rows.rows(first, last + 1)))
        self._last = procedure_id

    def discard(self, procedure_ids: Iterable[str]) -> None:
        """Take some marks away."""
        for procedure_id in procedure_ids:
            self._ids.pop(procedure_id, None)
            if procedure_id == self._last:
                self._last = None

    def clear(self) -> None:
        """Take every mark away."""
        self.discard(list(self._ids))

    def hidden_from(self, rows: Rows) -> int:
        """How many marked procedures some rows do not show."""
        return sum(rows.position_of(procedure_id) is None for procedure_id in self._ids)
