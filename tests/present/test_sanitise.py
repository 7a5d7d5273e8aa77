from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from procdash.present.sanitise import (
    cells_of,
    decode,
    fit,
    fit_right,
    safe,
    safe_lines,
    shorten,
    shorten_middle,
    split_cells,
)

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Ünïcode 表", "Ünïcode 表"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("user\u202egpj", "user⟨U+202E⟩gpj"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("line\u2028end", "line⟨U+2028⟩end"),
        ("lone \udc80", "lone ⟨U+DC80⟩"),
        ("non-breaking\u00a0space", "non-breaking⟨U+00A0⟩space"),
        ("heart\ufe0f", "heart⟨U+FE0F⟩"),
        ("\u3164", "⟨U+3164⟩"),
        ("[red]markup[/]", "[red]markup[/]"),
    ],
)
def test_what_is_not_plainly_visible_becomes_a_picture(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(ANY_TEXT)
def test_nothing_that_drives_a_terminal_gets_through(text: str) -> None:
    for character in safe(text):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert character.isprintable()


@given(ANY_TEXT)
def test_safe_text_is_left_alone(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@given(ANY_TEXT)
def test_lines_keep_their_order_and_are_safe(text: str) -> None:
    lines = safe_lines(text)
    assert len(lines) == text.count("\n") + 1
    assert all(line.isprintable() for line in lines)


def test_tabs_are_expanded_in_lines() -> None:
    assert safe_lines("a\tb\r\nc") == ["a   b␍", "c"]


@given(st.binary())
def test_any_bytes_decode(value: bytes) -> None:
    assert safe(decode(value)).isprintable()


@given(ANY_TEXT, st.integers(0, 40))
@example("表表表", 4)
@example("e\u0301" * 10, 5)
@example("👩\u200d👩\u200d👧", 3)
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(safe(text), width)) == width
    assert cell_len(fit_right(safe(text), width)) == width


@given(ANY_TEXT, st.integers(0, 40))
def test_shortened_text_is_never_too_wide(text: str, width: int) -> None:
    assert cell_len(shorten(safe(text), width)) <= width
    assert cell_len(shorten_middle(safe(text), width)) <= width


def test_where_it_is_cut_stands_an_ellipsis() -> None:
    assert fit(safe("procedure"), 6) == "proce…"
    assert fit(safe("表格名称"), 6) == "表格 …"
    assert fit_right(safe("12"), 4) == "  12"
    assert shorten_middle(safe("/var/lib/greptimedb/data"), 13) == "/var…edb/data"


@given(ANY_TEXT, st.integers(0, 40))
def test_splitting_loses_nothing(text: str, width: int) -> None:
    shown = safe(text)
    head, rest = split_cells(shown, width)
    assert head + rest == shown
    assert cells_of(head) <= width
