"""What is left out of an update makes no difference to what a terminal shows."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from procdash.present.sanitise import fit, safe
from procdash.tui.frame import Frame, Piece

WIDTH, HEIGHT = 20, 4
STYLES = st.sampled_from(
    [
        Style(),
        Style(color="#ff0000", bgcolor="#101010"),
        Style(color="#00ff00", bgcolor="#101010", bold=True),
        Style(color="#00ff00", bgcolor="#202020", underline=True),
        Style(italic=True, reverse=True),
    ]
)
TEXTS = st.text(st.sampled_from("ab ─▶表é"), min_size=1, max_size=6).map(safe)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    y = draw(st.integers(0, HEIGHT - 1))
    x = draw(st.sampled_from([0, 7, 10]))
    width = draw(st.sampled_from([3, WIDTH - 10]))
    segments: list[Segment] = []
    left = width
    while left:
        text = fit(draw(TEXTS), min(left, draw(st.integers(1, 6))))
        segments.append(Segment(text, draw(STYLES)))
        left = width - Strip(segments).cell_length
    return Piece(y, x, Strip(segments))


class Terminal:
    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)

    def cells(self) -> list[list[pyte.screens.Char]]:
        return [[self.screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


@given(st.lists(st.lists(pieces(), max_size=4), max_size=8))
def test_a_terminal_shows_the_same_as_if_everything_were_written(updates: list[list[Piece]]) -> None:
    frugal, lavish = Terminal(), Terminal()
    frame = Frame()
    for update in updates:
        frugal.stream.feed(frame.update(update, WIDTH, HEIGHT, ColorSystem.TRUECOLOR))
        for piece in update:
            lavish.stream.feed(Frame().update([piece], WIDTH, HEIGHT, ColorSystem.TRUECOLOR))
        assert frugal.cells() == lavish.cells()


@given(st.lists(pieces(), min_size=1, max_size=4))
def test_full_writes_show_what_textual_would_write(update: list[Piece]) -> None:
    ours, theirs = Terminal(), Terminal()
    for piece in update:
        ours.stream.feed(Frame().update([piece], WIDTH, HEIGHT, ColorSystem.TRUECOLOR))
        rendered = "".join(
            segment.text if segment.style is None else segment.style.render(segment.text)
            for segment in piece.strip
        )
        theirs.stream.feed(f"\x1b[{piece.y + 1};{piece.x + 1}H{rendered}")
    assert ours.cells() == theirs.cells()


def strip(text: str) -> Strip:
    return Strip([Segment(text, Style(color="#ff0000"))])


def test_nothing_is_written_twice() -> None:
    frame = Frame()
    update = [Piece(0, 0, strip("hello"))]
    assert frame.update(update, WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert frame.update(update, WIDTH, HEIGHT, ColorSystem.TRUECOLOR) == ""


def test_only_what_changed_is_written() -> None:
    frame = Frame()
    frame.update([Piece(1, 2, strip("one 12 changes"))], WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    written = frame.update([Piece(1, 2, strip("one 13 changeZ"))], WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert written == "\x1b[2;8H\x1b[38;2;255;0;0m3\x1b[16GZ\x1b[0m"


def test_another_size_or_foreign_output_means_writing_everything() -> None:
    frame = Frame()
    update = [Piece(0, 0, strip("hello"))]
    frame.update(update, WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert "hello" in frame.update(update, WIDTH + 1, HEIGHT, ColorSystem.TRUECOLOR)
    frame.forget()
    assert "hello" in frame.update(update, WIDTH + 1, HEIGHT, ColorSystem.TRUECOLOR)


def test_lines_with_wide_characters_are_written_whole() -> None:
    frame = Frame()
    frame.update([Piece(0, 0, strip("名称 a"))], WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    assert "名称 b" in frame.update([Piece(0, 0, strip("名称 b"))], WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
