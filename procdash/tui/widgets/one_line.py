"""A line of spans that says one thing."""

from __future__ import annotations

from procdash.present.spans import Line, cut
from procdash.tui.widgets.span_lines import SpanLines


class OneLine(SpanLines, can_focus=False):
    """Shows one line, cut to its width."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._line: Line = ()

    def show(self, line: Line) -> None:
        """Show another line."""
        self._line = line
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        return cut(self._line, self.cells) if number == 0 else ()
