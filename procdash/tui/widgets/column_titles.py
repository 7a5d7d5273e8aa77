"""The line above the list: the columns' names, and a mark on the one that the list is sorted by."""

from __future__ import annotations

from textual.events import Click
from textual.message import Message

from procdash.live.view import Order
from procdash.present.rows import COLUMN_GAP, Column, layout, titles
from procdash.present.spans import Line
from procdash.tui.widgets.span_lines import SpanLines


class ColumnTitles(SpanLines, can_focus=False):
    """Names of columns that sort when clicked."""

    class Chosen(Message):
        """A title was clicked."""

        def __init__(self, order: Order) -> None:
            super().__init__()
            self.order = order
            """What to sort by."""

    def __init__(self) -> None:
        super().__init__()
        self._order = Order.AGE
        self._descending = False

    def show(self, order: Order, *, descending: bool) -> None:
        """Mark another column as the sorted one."""
        self._order, self._descending = order, descending
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        del number
        slots = layout(self.cells)
        return titles(slots, Column(self._order.value), descending=self._descending)

    def on_click(self, event: Click) -> None:
        for slot in layout(self.cells):
            if slot.start - COLUMN_GAP // 2 <= event.x < slot.start + slot.width + COLUMN_GAP // 2:
                self.post_message(self.Chosen(Order(slot.column.value)))
                return
