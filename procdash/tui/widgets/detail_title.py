"""The rule above the detail panel: whose detail it is, and which views of it there are."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Click
from textual.message import Message

from procdash.present.sanitise import SafeText, fit, safe
from procdash.present.spans import Line, Role, Span, cut, line_width, span
from procdash.tui.widgets.span_lines import SpanLines


class DetailTitle(SpanLines, can_focus=False):
    """A rule with a heading and tabs."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab
            """Its name."""

    def __init__(self) -> None:
        super().__init__()
        self._heading: Line = ()
        self._tabs: Sequence[str] = ()
        self._active = ""
        self._is_focused = False

    def show(self, heading: Line, tabs: Sequence[str], active: str, *, is_focused: bool) -> None:
        """Show another heading, or other tabs."""
        self._heading, self._tabs, self._active, self._is_focused = heading, tabs, active, is_focused
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        del number
        tabs = self._tab_spans()
        width = self.cells
        room = width - line_width(tabs) - 3
        heading = (span(" "), *cut(self._heading, room - 4), span(" ")) if self._heading else ()
        fill = width - line_width((*heading, *tabs)) - 2
        return (self._rule(1), *heading, self._rule(max(fill, 0)), *tabs, self._rule(1))

    def on_click(self, event: Click) -> None:
        x = self.cells - 1 - line_width(self._tab_spans())
        for tab in self._tabs:
            x += len(tab) + 2
            if event.x < x:
                self.post_message(self.Chosen(tab))
                return

    def _tab_spans(self) -> Line:
        return tuple(
            span(f" {tab} ", Role.ACTIVE_TAB if tab == self._active else Role.MUTED) for tab in self._tabs
        )

    def _rule(self, cells: int) -> Span:
        return Span(_rule_of(cells), Role.ACTIVE if self._is_focused else Role.RULE)


def _rule_of(cells: int) -> SafeText:
    return fit(safe("─" * cells), cells)
