"""The line above the footer: what became of the last action. It is there only when there is something to say."""

from __future__ import annotations

from procdash.present.spans import Line
from procdash.tui.acting.said import Said
from procdash.tui.widgets.span_lines import SpanLines


class ResultLine(SpanLines, can_focus=False):
    """One line with a result and what to do about it."""

    def __init__(self) -> None:
        super().__init__()
        self._said = Said()
        self.display = False

    def show(self, said: Said) -> None:
        """Say something else, or nothing."""
        self._said = said
        self.display = bool(said.line)
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        del number
        return self._said.fitted(self.cells)
