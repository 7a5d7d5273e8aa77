from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from procdash.present.spans import Line, Role, Span, cut, line, line_width, merged, span, wrapped

ROLES = st.sampled_from(list(Role))
LINES = st.lists(st.builds(span, st.text(max_size=30), ROLES), max_size=6).map(tuple)


def text_of(pieces: Line) -> str:
    return "".join(piece.text for piece in pieces)


def test_a_span_goes_through_the_door() -> None:
    assert span("\x1b[31m").text == "␛[31m"
    assert line("\x07", span("x", Role.ERROR)) == (Span(span("\x07").text), span("x", Role.ERROR))


@given(LINES)
def test_merging_keeps_the_text(pieces: Line) -> None:
    assert text_of(merged(pieces)) == text_of(pieces)


def test_blanks_do_not_take_on_a_background() -> None:
    assert merged((span("tab", Role.ACTIVE_TAB), span(" "))) == (span("tab", Role.ACTIVE_TAB), span(" "))
    assert merged((span("a", Role.ERROR), span("  "))) == (span("a  ", Role.ERROR),)


@given(LINES, st.integers(0, 30))
def test_a_cut_line_is_never_too_wide(pieces: Line, width: int) -> None:
    assert line_width(cut(pieces, width)) <= width


@given(LINES, st.integers(4, 30), st.integers(0, 3))
def test_wrapped_lines_fit_and_lose_no_word(pieces: Line, width: int, indent: int) -> None:
    lines = wrapped(pieces, width, min(indent, width - 3))
    assert all(line_width(broken) <= width for broken in lines)
    assert "".join("".join(map(text_of, lines)).split()) == "".join(text_of(pieces).split())


def test_lines_break_between_words() -> None:
    lines = wrapped((span("▶ loaded  "), span("the engine resumes it")), 16, 2)
    assert [text_of(broken) for broken in lines] == ["▶ loaded  the", "  engine resumes", "  it"]


def test_a_word_longer_than_a_line_is_broken() -> None:
    assert [text_of(broken) for broken in wrapped((span("abcdefghij"),), 4)] == ["abcd", "efgh", "ij"]
