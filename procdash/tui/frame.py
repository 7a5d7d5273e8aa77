"""Writes only the cells of the terminal that change, with as few escape sequences as that takes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

_Cell = tuple[str, Style]
_Row = list[_Cell | None]

_JOIN_GAPS_BELOW = 6
"""Fewer equal cells than this between two changes are written again: moving the cursor costs more."""
_PLAIN = Style()
_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("reverse", "7"),
    ("strike", "9"),
)


class Piece(NamedTuple):
    """A part of a line, as it should look."""

    y: int
    x: int
    strip: Strip


class Frame:
    """Remembers what the terminal shows, so that an update can leave out what stands there already."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []

    def forget(self) -> None:
        """Something else has written to the terminal: write everything next time."""
        self._rows = []

    def update(self, pieces: Iterable[Piece], width: int, height: int, colors: ColorSystem) -> str:
        """What to write so that the terminal shows `pieces`; empty where it does already.

        Args:
            pieces: what is to be seen where; the rest of the screen stays.
            width: columns of the terminal.
            height: its lines.
            colors: what the terminal understands.
        """
        if len(self._rows) != height or (self._rows and len(self._rows[0]) != width):
            self._rows = [[None] * width for _ in range(height)]
        pen = _Pen(colors)
        for y, x, strip in pieces:
            if 0 <= y < height and 0 <= x < width:
                self._write(pen, y, x, strip)
        return pen.finished()

    def _write(self, pen: _Pen, y: int, x: int, strip: Strip) -> None:
        row = self._rows[y]
        cells, is_simple = _cells_of(strip)
        cells = cells[: len(row) - x]
        end = x + len(cells)
        old = row[x:end]
        if old == cells:
            return
        row[x:end] = cells
        # How wide a terminal draws what is not one plain cell a character is not certain, so such a line is
        # written as a whole.
        if not is_simple or not all(cell is None or len(cell[0]) == 1 for cell in old):
            pen.write(y, x, cells)
            return
        start = None
        last = 0
        for offset, (before, now) in enumerate(zip(old, cells, strict=True)):
            if before == now:
                continue
            if start is not None and offset - last > _JOIN_GAPS_BELOW:
                pen.write(y, x + start, cells[start : last + 1])
                start = None
            if start is None:
                start = offset
            last = offset
        if start is not None:
            pen.write(y, x + start, cells[start : last + 1])


class _Pen:
    """Makes terminal sequences, knowing where the cursor is and what it writes like."""

    def __init__(self, colors: ColorSystem) -> None:
        self._colors = colors
        self._output: list[str] = []
        self._style = _PLAIN
        self._at = (-1, -1)

    def write(self, y: int, x: int, cells: Iterable[_Cell]) -> None:
        if self._at != (y, x):
            self._output.append(f"\x1b[{x + 1}G" if self._at[0] == y else f"\x1b[{y + 1};{x + 1}H")
        count = 0
        for text, style in cells:
            count += 1
            if style is not self._style:
                self._output.append(_change_of_style(self._style, style, self._colors))
                self._style = style
            self._output.append(text)
        self._at = (y, x + count)

    def finished(self) -> str:
        if self._output and self._style != _PLAIN:
            self._output.append("\x1b[0m")
        return "".join(self._output)


def _cells_of(strip: Strip) -> tuple[list[_Cell], bool]:
    """The cells of a strip, and whether each is one plain character.

    A wide character is followed by empty cells; what has no width belongs to the cell before it.
    """
    cells: list[_Cell] = []
    is_simple = True
    for segment in strip:
        text, style = segment.text, segment.style or _PLAIN
        if text.isascii():
            cells.extend([(character, style) for character in text])
            continue
        before = len(cells)
        for character in text:
            width = _width_of(character)
            if width:
                cells.append((character, style))
                cells.extend([("", style)] * (width - 1))
            elif cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
            is_simple = is_simple and width == 1
        expected = segment.cell_length
        if len(cells) - before != expected:  # a cluster of characters that is narrower than its parts
            del cells[before:]
            cells.append((text, style))
            cells.extend([("", style)] * (expected - 1))
            is_simple = False
    return cells, is_simple


@lru_cache(maxsize=4096)
def _width_of(character: str) -> int:
    return cell_len(character)


@lru_cache(maxsize=4096)
def _change_of_style(before: Style, now: Style, colors: ColorSystem) -> str:
    """The shortest sequence that makes a terminal that writes like `before` write like `now`."""
    old, new = _attributes_of(before), _attributes_of(now)
    codes: list[str] = []
    if old - new:
        codes.append("0")
        before, old = _PLAIN, frozenset()
    codes += sorted(new - old)
    old_foreground, old_background = _colors_of(before, colors)
    foreground, background = _colors_of(now, colors)
    if foreground != old_foreground:
        codes += foreground or ("39",)
    if background != old_background:
        codes += background or ("49",)
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _attributes_of(style: Style) -> frozenset[str]:
    return frozenset(code for name, code in _ATTRIBUTES if getattr(style, name))


def _colors_of(style: Style, colors: ColorSystem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    foreground = style.color.downgrade(colors).get_ansi_codes(foreground=True) if style.color else ()
    background = style.bgcolor.downgrade(colors).get_ansi_codes(foreground=False) if style.bgcolor else ()
    return foreground, background
