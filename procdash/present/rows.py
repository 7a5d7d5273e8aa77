"""One line of the list: which columns fit, and what stands in each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from procdash.insight.problems import STUCK_AFTER_SECONDS, Problem, Surroundings, problems_of
from procdash.insight.verdict import verdict_of
from procdash.present.sanitise import blanks, fit, fit_right, safe
from procdash.present.spans import Line, Role, Span, merged, span
from procdash.present.units import age, whole_age
from procdash.present.words import SHORT_ID_LENGTH, UNKNOWN, VERDICT_WORDS, problem_note, short_id, short_type
from procdash.store.records import ProcedureRecord


class Column(StrEnum):
    """A column of the list."""

    STATE = "state"
    TYPE = "type"
    ID = "id"
    STEP = "step"
    KEYS = "keys"
    AGE = "age"
    NOTE = "note"


COLUMN_GAP = 2
"""Blank cells between two columns, and before the first: the cursor's mark stands there."""

_RIGHT_ALIGNED = frozenset({Column.STEP, Column.KEYS, Column.AGE})
_STATE_WIDTH = 14
_ID_WIDTH = 36
_FULL_ID_FROM = 150
_TYPE_WIDTHS = ((160, 28), (100, 24), (40, 16), (0, 8))
"""From which width of the list on a type gets how many cells."""
_NARROWEST_NOTE = 20


class Slot(NamedTuple):
    """A column as it is laid out."""

    column: Column
    start: int
    width: int

    @property
    def is_right_aligned(self) -> bool:
        """Whether it holds numbers."""
        return self.column in _RIGHT_ALIGNED


@lru_cache(maxsize=16)
def layout(width: int) -> tuple[Slot, ...]:
    """The columns that fit into `width` cells; the least important go first, and none ever wraps."""
    widths: dict[Column, int] = {
        Column.STATE: _STATE_WIDTH,
        Column.TYPE: next(type_width for above, type_width in _TYPE_WIDTHS if width >= above),
        Column.ID: _ID_WIDTH if width >= _FULL_ID_FROM else SHORT_ID_LENGTH,
        Column.STEP: 4,
        Column.KEYS: 4,
        Column.AGE: 4,
    }
    for dropped in (None, Column.KEYS, Column.STEP, Column.ID, Column.AGE, Column.TYPE):
        if dropped is not None:
            del widths[dropped]
        left = width - sum(widths.values()) - COLUMN_GAP * (len(widths) + 1)
        if left >= _NARROWEST_NOTE or (left >= -COLUMN_GAP and dropped in (Column.ID, Column.AGE, Column.TYPE)):
            break
    if left >= _NARROWEST_NOTE:
        widths[Column.NOTE] = left
    elif Column.TYPE in widths:
        widths[Column.TYPE] += max(left + COLUMN_GAP, 0)
    slots: list[Slot] = []
    start = COLUMN_GAP
    for column, column_width in widths.items():
        slots.append(Slot(column, start, column_width))
        start += column_width + COLUMN_GAP
    return tuple(slots)


def titles(slots: Sequence[Slot], sorted_by: Column, *, descending: bool) -> Line:
    """The line above the list; the sorted column is marked."""
    pieces: list[Span] = []
    for slot in slots:
        is_sorted = slot.column is sorted_by
        name = slot.column.value.upper() + ("▼" if descending else "▲") * is_sorted
        pieces.append(Span(blanks(COLUMN_GAP), Role.TITLE))
        fitted = fit_right(safe(name), slot.width) if slot.is_right_aligned else fit(safe(name), slot.width)
        pieces.append(Span(fitted, Role.ACTIVE if is_sorted else Role.TITLE))
    return tuple(pieces)


def cells(
    record: ProcedureRecord,
    surroundings: Surroundings,
    slots: Sequence[Slot],
    *,
    now: float,
    stuck_after: float = STUCK_AFTER_SECONDS,
    pending: str | None = None,
) -> Line:
    """A procedure's line, without the mark of the cursor.

    Args:
        record: the procedure.
        surroundings: its family.
        slots: the columns, from `layout`.
        now: the time, in Unix seconds.
        stuck_after: as `problems_of` takes it.
        pending: what is being done to it, in a word; stands in place of the note, or of the state without one.
    """
    problems = problems_of(record, surroundings, now=now, stuck_after=stuck_after)
    has_note = any(slot.column is Column.NOTE for slot in slots)
    pending_column = None if pending is None else Column.NOTE if has_note else Column.STATE
    pieces: list[Span] = []
    for slot in slots:
        content = (
            span(f"… {pending}", Role.ACTIVE)
            if slot.column is pending_column
            else _cell(slot.column, record, problems, now, slot.width)
        )
        text = fit_right(content.text, slot.width) if slot.is_right_aligned else fit(content.text, slot.width)
        if pieces:
            pieces.append(Span(blanks(COLUMN_GAP)))
        pieces.append(Span(text, content.role))
    return merged(pieces)


def note(record: ProcedureRecord, problems: Sequence[Problem]) -> Span:
    """The most important thing about a procedure, in a few words."""
    if problems:
        text = f"! {', '.join(map(problem_note, problems))}"
        error = record.message.error if record.message else record.failure
        return span(f"{text}: {error}" if error else text, Role.PROBLEM)
    if record.message is not None and record.message.error is not None:
        return span(record.message.error)
    if record.message is not None and record.message.parent_id is not None:
        return span(f"child of {short_id(record.message.parent_id)}", Role.MUTED)
    return span("")


def _cell(column: Column, record: ProcedureRecord, problems: Sequence[Problem], now: float, width: int) -> Span:
    match column:
        case Column.STATE:
            words = VERDICT_WORDS[verdict_of(record)]
            cell = span(words.label, words.role)
        case Column.TYPE:
            cell = span(UNKNOWN if record.message is None else short_type(record.message.type_name))
        case Column.ID:
            is_whole = width >= _ID_WIDTH
            cell = span(record.procedure_id if is_whole else short_id(record.procedure_id), Role.MUTED)
        case Column.STEP:
            cell = span(UNKNOWN if record.step is None else str(record.step))
        case Column.KEYS:
            cell = span(str(record.key_count))
        case Column.AGE:
            cell = span(UNKNOWN if record.modified_at is None else age(whole_age(now, record.modified_at)))
        case Column.NOTE:
            cell = note(record, problems)
    return cell


def mark(is_cursor: bool, *, is_marked: bool = False) -> Line:
    """What stands before the first column: the cursor's glyph and that of a marked procedure."""
    cursor = span("▌", Role.ACTIVE) if is_cursor else Span(blanks(1))
    return (cursor, span("*", Role.ACTIVE) if is_marked else Span(blanks(1)))
