from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procdash.insight.problems import ProblemCode, Surroundings
from procdash.insight.verdict import Verdict
from procdash.live.view import Order
from procdash.present.rows import Column, cells, layout, mark, titles
from procdash.present.sanitise import safe
from procdash.present.spans import line_width
from procdash.present.words import _PROBLEM_NOTES, _PROBLEM_TITLES, VERDICT_WORDS, short_type
from procdash.store.keys import KeyType
from procdash.store.records import MessageHeader, ProcedureRecord

ID = "1a2b3c4d-0000-4000-8000-000000000000"
PARENT = "9f8e7d6c-0000-4000-8000-000000000000"


def record(
    key_type: KeyType = KeyType.STEP,
    *,
    type_name: str = "metasrv-procedure::AlterTable",
    parent_id: str | None = None,
    error: str | None = None,
) -> ProcedureRecord:
    return ProcedureRecord(
        procedure_id=ID,
        directory=ID,
        file_name=f"0000000003.{key_type.value}",
        step=3,
        key_type=key_type,
        key_count=4,
        modified_at=1000.0,
        version="1",
        message=None if key_type is KeyType.COMMIT else MessageHeader(type_name, parent_id, error, 3),
    )


def row(shown: ProcedureRecord, width: int = 120, now: float = 1090.0, *, parent_is_present: bool = True) -> str:
    pieces = cells(shown, Surroundings(parent_is_present), layout(width), now=now)
    return "".join(piece.text for piece in pieces).rstrip()


def test_every_column_can_be_sorted_by() -> None:
    assert [column.value for column in Column] == [order.value for order in Order]


def test_every_verdict_and_problem_has_words() -> None:
    assert VERDICT_WORDS.keys() == set(Verdict)
    assert _PROBLEM_NOTES.keys() == _PROBLEM_TITLES.keys() == set(ProblemCode)
    assert all(len(words.glyph) == len(words.ascii_glyph) == 1 for words in VERDICT_WORDS.values())


@given(st.integers(1, 300))
def test_columns_never_overlap_and_the_state_always_stands(width: int) -> None:
    slots = layout(width)
    assert slots[0].column is Column.STATE
    for slot, following in pairwise(slots):
        assert slot.start + slot.width + 2 == following.start
    assert width < 18 or slots[-1].start + slots[-1].width <= width


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, "state type id step keys age note"),
        (120, "state type id step keys age note"),
        (79, "state type id step age note"),
        (39, "state type age"),
    ],
)
def test_the_least_important_columns_go_first(width: int, columns: str) -> None:
    assert [slot.column.value for slot in layout(width)] == columns.split()


@given(st.integers(18, 200), st.text(max_size=60), st.text(max_size=60))
def test_a_row_is_as_wide_as_its_columns(width: int, type_name: str, error: str) -> None:
    slots = layout(width)
    shown = record(KeyType.ROLLBACK, type_name=type_name, error=error)
    pieces = (*mark(is_cursor=True), *cells(shown, Surroundings(), slots, now=1090.0))
    assert line_width(pieces) == slots[-1].start + slots[-1].width


@pytest.mark.parametrize(
    ("shown", "now", "parent_is_present", "expected"),
    [
        (record(), 1090.0, True, ["▶ loaded", "AlterTable", "1a2b3c4d", "3", "4", "1m"]),
        (record(KeyType.COMMIT), 1090.0, True, ["✔ finished", "-", "1a2b3c4d", "3", "4", "1m"]),
        (record(parent_id=PARENT), 1005.0, True, ["5s", "child of 9f8e7d6c"]),
        (record(KeyType.ROLLBACK, error="no such region"), 1005.0, True, ["↩ rolling back", "no such region"]),
        (record(parent_id=PARENT), 1005.0, False, ["! orphan"]),
        (record(parent_id=PARENT), 9000.0, False, ["2h", "! orphan, stuck"]),
        (record(KeyType.ROLLBACK, error="E"), 9000.0, True, ["! stuck: E"]),
    ],
)
def test_a_row_says_the_most_important_thing(
    shown: ProcedureRecord, now: float, parent_is_present: bool, expected: list[str]
) -> None:
    text = row(shown, now=now, parent_is_present=parent_is_present)
    for part in expected:
        assert f" {part}" in f" {text}"


def test_the_sorted_column_is_marked() -> None:
    text = "".join(piece.text for piece in titles(layout(120), Column.AGE, descending=True))
    assert " AGE▼" in text
    assert "STATE " in text


def test_types_are_shortened() -> None:
    assert short_type("metasrv-procedure::AlterTable") == "AlterTable"
    assert short_type("AlterTable") == "AlterTable"
    assert short_type("odd::") == "odd::"
    assert safe(short_type("a::\x1b")) == "␛"


def test_marks_take_no_room() -> None:
    texts = [
        "".join(piece.text for piece in mark(is_cursor=is_cursor, is_marked=is_marked))
        for is_cursor in (False, True)
        for is_marked in (False, True)
    ]
    assert texts == ["  ", " *", "▌ ", "▌*"]


@pytest.mark.parametrize(("width", "stands_in"), [(120, "NOTE"), (40, "STATE")])
def test_what_is_being_done_stands_in_the_note_or_else_in_the_state(width: int, stands_in: str) -> None:
    slots = layout(width)
    pieces = cells(record(error="an error"), Surroundings(), slots, now=1090.0, pending="deleting")
    text = "".join(piece.text for piece in (*mark(is_cursor=False), *pieces))
    start = next(slot.start for slot in slots if slot.column is Column[stands_in])
    assert text[start:].startswith("… deleting")
    assert ("▶ loaded" in text) is (stands_in == "NOTE")
