"""The entries of the journal, one line each; the cursor stays with its entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message

from procdash.actions.entries import Entry
from procdash.present.journal_view import journal_row, journal_titles
from procdash.present.rows import COLUMN_GAP, mark
from procdash.present.spans import Line, Role, span
from procdash.tui.acting.history import Written
from procdash.tui.widgets.span_lines import SpanLines


class EntryTitles(SpanLines, can_focus=False):
    """The names of the columns."""

    def line_at(self, number: int) -> Line:
        del number
        return (*mark(is_cursor=False), *journal_titles(self.cells - COLUMN_GAP))


class EntryList(SpanLines, can_focus=True):
    """Shows entries, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="entries.up", tooltip="Go to the newer entry"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="entries.down", tooltip="Go to the older entry"),
        Binding(
            "pageup,ctrl+b,ctrl+u",
            "page(-1)",
            "Page up",
            show=False,
            id="entries.page_up",
            tooltip="Go up one page",
        ),
        Binding(
            "pagedown,ctrl+f",
            "page(1)",
            "Page down",
            show=False,
            id="entries.page_down",
            tooltip="Go down one page",
        ),
        Binding(
            "home,g", "cursor(-100000)", "First", show=False, id="entries.first", tooltip="Go to the newest entry"
        ),
        Binding(
            "end,G", "cursor(100000)", "Last", show=False, id="entries.last", tooltip="Go to the oldest entry"
        ),
    ]

    class CursorMoved(Message):
        """Another entry is under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._written: Sequence[Written] = ()
        self._cursor = 0
        self._empty: Line = ()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return None if self.written is None else self.written.entry

    @property
    def written(self) -> Written | None:
        """The entry under the cursor with what stands beside it."""
        return self._written[self._cursor] if self._cursor < len(self._written) else None

    def show(self, written: Sequence[Written]) -> None:
        """Show other entries."""
        before = self.entry
        self._written = written
        numbers = [one.entry.number for one in written]
        if before is not None and before.number in numbers and self._cursor > 0:
            self._cursor = numbers.index(before.number)
        self._cursor = max(min(self._cursor, len(written) - 1), 0)
        self._empty = (span("  Nothing was done to this location yet.", Role.STRONG),)
        self.virtual_size = Size(0, max(len(written), 1))
        self._moved()

    def say_failure(self, why: str) -> None:
        """Say why there are no entries to show."""
        self._written = ()
        self._empty = (span(f"  ✗ {why}", Role.ERROR),)
        self._moved()

    def line_at(self, number: int) -> Line:
        if number >= len(self._written):
            return self._empty if number == 0 else ()
        entry, is_held = self._written[number]
        row = journal_row(entry, is_held=is_held, width=self.cells - COLUMN_GAP)
        return (*mark(is_cursor=number == self._cursor), *row)

    def is_chosen(self, number: int) -> bool:
        return number == self._cursor and number < len(self._written)

    def action_cursor(self, by: int) -> None:
        """Move the cursor by some lines."""
        self._cursor = max(min(self._cursor + by, len(self._written) - 1), 0)
        top = round(self.scroll_target_y)
        height = max(self.size.height, 1)
        self.scroll_to(y=min(max(top, self._cursor - height + 1), self._cursor), animate=False)
        self._moved()

    def action_page(self, by: int) -> None:
        """Move the cursor by some pages."""
        self.action_cursor(by * max(self.size.height - 1, 1))

    def on_click(self, event: Click) -> None:
        self.action_cursor(event.y + self.scroll_offset.y - self._cursor)

    def _moved(self) -> None:
        self.repaint_changed()
        self.post_message(self.CursorMoved())
