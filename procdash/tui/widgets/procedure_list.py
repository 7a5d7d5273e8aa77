"""The list: a window on a `View`, whose cursor and place stay with the procedures, not with line numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer

from procdash.live.index import ProcedureIndex
from procdash.live.view import View
from procdash.present.rows import cells, layout, mark
from procdash.present.spans import Line, Role, span
from procdash.present.units import seconds_until_age_changes, whole_age
from procdash.tui.acting.marks import Marks
from procdash.tui.widgets.span_lines import SpanLines

_SHORTEST_TICK = 0.01


class Drawn(Protocol):
    """What is drawn beside what the store says."""

    @property
    def marks(self) -> Marks:
        """The procedures that are marked."""

    @property
    def pending(self) -> Mapping[str, str]:
        """What is being done to procedures, in a word, by id."""


class ProcedureList(SpanLines, can_focus=True):
    """One line a procedure.

    Args:
        index: the procedures.
        view: which of them are shown, in which order.
        now: the wall clock, in Unix seconds.
        stuck_after: as the view takes it.
        drawn: what is drawn beside what the store says.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="list.up", tooltip="Go to the procedure above"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="list.down", tooltip="Go to the procedure below"),
        Binding(
            "pageup,ctrl+b,ctrl+u", "page(-1)", "Page up", show=False, id="list.page_up", tooltip="Go up one page"
        ),
        Binding(
            "pagedown,ctrl+f", "page(1)", "Page down", show=False, id="list.page_down", tooltip="Go down one page"
        ),
        Binding("home,g", "first", "First", show=False, id="list.first", tooltip="Go to the first procedure"),
        Binding("end,G", "last", "Last", show=False, id="list.last", tooltip="Go to the last procedure"),
    ]

    class CursorMoved(Message):
        """Another procedure is under the cursor, or none."""

        def __init__(self, procedure_id: str | None) -> None:
            super().__init__()
            self.procedure_id = procedure_id
            """Whose line it is; None in an empty list."""

        def can_replace(self, message: object) -> bool:
            return isinstance(message, ProcedureList.CursorMoved)

    class Opened(Message):
        """The procedure under the cursor was clicked once more."""

    def __init__(
        self, index: ProcedureIndex, view: View, now: Callable[[], float], stuck_after: float, drawn: Drawn
    ) -> None:
        super().__init__()
        self._drawn = drawn
        self._index = index
        self._view = view
        self._now = now
        self._stuck_after = stuck_after
        self._cursor_id: str | None = None
        self._cursor = 0
        self._is_cursor_placed = False
        self._rows_in_sight: list[str] = []
        self._rows_from = 0
        self._empty_text: tuple[str, str] = ("", "")
        self._timer: Timer | None = None

    @property
    def cursor_id(self) -> str | None:
        """The procedure under the cursor."""
        return self._cursor_id

    @property
    def cursor(self) -> int:
        """The cursor's position in the view."""
        return self._cursor

    @property
    def is_cursor_placed(self) -> bool:
        """Whether the cursor belongs to a procedure, rather than to the top of the list as it fills."""
        return self._is_cursor_placed

    def place_cursor(self) -> None:
        """From now on the cursor stays with its procedure."""
        self._is_cursor_placed = self._cursor_id is not None

    def say_when_empty(self, what: str, next_step: str) -> None:
        """What to say where there are no lines."""
        if self._empty_text != (what, next_step):
            self._empty_text = (what, next_step)
            self.repaint_changed()

    def follow(self) -> None:
        """Take in that the view has other rows, or the same in another order."""
        height = self._height
        top = round(self.scroll_target_y)
        offset = self._cursor - top
        anchor = self._rows_in_sight[0] if self._rows_in_sight else None
        self._find_cursor()
        count = len(self._view)
        self._set_height(max(count, 1))
        if top > 0 and 0 <= offset < height:
            top = self._cursor - offset
        elif top > 0 and anchor is not None:
            top = position if (position := self._view.position_of(anchor)) is not None else top
        elif self._is_cursor_placed and self._cursor >= height and offset < height:
            top = self._cursor - height + 1
        self._scroll(top)
        self._repaint()

    def line_at(self, number: int) -> Line:
        if not len(self._view):
            return self._empty_line(number)
        procedure_id = self._id_at(number)
        record = None if procedure_id is None else self._index.get(procedure_id)
        if record is None:
            return ()
        row = cells(
            record,
            self._index.surroundings_of(record),
            layout(self.cells),
            now=self._now(),
            stuck_after=self._stuck_after,
            pending=self._drawn.pending.get(record.procedure_id),
        )
        is_marked = record.procedure_id in self._drawn.marks
        return (*mark(is_cursor=number == self._cursor, is_marked=is_marked), *row)

    def is_chosen(self, number: int) -> bool:
        return number == self._cursor and len(self._view) > 0

    def action_cursor(self, by: int) -> None:
        """Move the cursor by some lines."""
        self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor and the window by some pages."""
        step = by * max(self._height - 1, 1)
        self._scroll(round(self.scroll_target_y) + step)
        self._move_to(self._cursor + step)

    def action_first(self) -> None:
        """Move the cursor to the first line."""
        self._move_to(0)

    def action_last(self) -> None:
        """Move the cursor to the last line."""
        self._move_to(len(self._view) - 1)

    def mark(self) -> None:
        """Mark the procedure under the cursor, or take its mark away."""
        if self._cursor_id is not None:
            self.place_cursor()
            self._drawn.marks.toggle(self._cursor_id)
            self._repaint()

    def mark_up_to(self) -> None:
        """Mark every procedure from the last mark to the one under the cursor."""
        if self._cursor_id is not None:
            self.place_cursor()
            self._drawn.marks.mark_up_to(self._cursor_id, self._view)
            self._repaint()

    def on_click(self, event: Click) -> None:
        position = event.y + self.scroll_offset.y
        if position >= len(self._view):
            return
        if position == self._cursor:
            self.post_message(self.Opened())
        self._move_to(position)

    def on_resize(self, event: Resize) -> None:
        del event
        self._scroll_to_cursor()
        self._repaint()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._remember_rows()
        self._arm_timer()

    @property
    def _height(self) -> int:
        return max(self.size.height, 1)

    def _id_at(self, number: int) -> str | None:
        offset = number - self._rows_from
        return self._rows_in_sight[offset] if 0 <= offset < len(self._rows_in_sight) else None

    def _remember_rows(self) -> None:
        self._rows_from = round(self.scroll_y)
        self._rows_in_sight = self._view.rows(self._rows_from, self._rows_from + self._height)

    def _find_cursor(self) -> None:
        """Where the cursor's procedure stands now; if it is gone, the one that took its place has the cursor."""
        position = None
        if self._is_cursor_placed and self._cursor_id is not None:
            position = self._view.position_of(self._cursor_id)
        elif not self._is_cursor_placed:
            position = 0
        self._set_cursor(self._cursor if position is None else position)

    def _set_cursor(self, position: int) -> None:
        self._cursor = max(0, min(position, len(self._view) - 1))
        procedure_id = self._view.row(self._cursor) if len(self._view) else None
        if procedure_id != self._cursor_id:
            self._cursor_id = procedure_id
            self.post_message(self.CursorMoved(procedure_id))

    def _move_to(self, position: int) -> None:
        self._set_cursor(position)
        self.place_cursor()
        self._scroll_to_cursor()
        self._repaint()

    def _scroll_to_cursor(self) -> None:
        top = round(self.scroll_target_y)
        self._scroll(min(max(top, self._cursor - self._height + 1), self._cursor))

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=max(0, min(top, len(self._view) - self._height)), animate=False)

    def _set_height(self, lines: int) -> None:
        if self.virtual_size.height != lines:
            self.virtual_size = Size(0, lines)

    def _repaint(self) -> None:
        self._remember_rows()
        self.repaint_changed()
        self._arm_timer()

    def _arm_timer(self) -> None:
        """Wake up when the first age in sight shows another text, and not before."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        now = self._now()
        records = map(self._index.get, self._rows_in_sight)
        times = [record.modified_at for record in records if record is not None and record.modified_at is not None]
        if times:
            wait = min(seconds_until_age_changes(whole_age(now, then)) for then in times) - now % 1
            self._timer = self.set_timer(max(wait, _SHORTEST_TICK), self._repaint)

    def _empty_line(self, number: int) -> Line:
        what, next_step = self._empty_text
        first = max(self._height // 3, 0)
        if number == first:
            return (span("  "), span(what, Role.STRONG))
        if number == first + 1:
            return (span("  "), span(next_step, Role.MUTED))
        return ()
