"""The bottom line: the keys that are valid now; where it is narrow, the first ones and the app's own."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import App
from textual.binding import ActiveBinding
from textual.events import Click
from textual.screen import Screen

from procdash.present.sanitise import blanks
from procdash.present.spans import Line, Role, Span, line_width, span
from procdash.tui.widgets.span_lines import SpanLines

_GAP = 2


class KeyLine(SpanLines, can_focus=False):
    """Keys with what they do; a click on one presses it."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def line_at(self, number: int) -> Line:
        del number
        gap = Span(blanks(_GAP))
        return tuple(piece for _, pieces in self._fitting() for piece in (*pieces, gap))

    def on_click(self, event: Click) -> None:
        x = 0
        for active, pieces in self._fitting():
            x += line_width(pieces)
            if event.x < x:
                self.app.simulate_key(active.binding.key)
                return
            x += _GAP

    def _bindings_updated(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.repaint_changed()

    def _fitting(self) -> Iterator[tuple[ActiveBinding, Line]]:
        """The keys that there is room for: the app's own always stand, the others as long as they fit."""
        shown = [active for active in self.screen.active_bindings.values() if active.binding.show]
        last = [(active, self._key(active)) for active in shown if isinstance(active.node, App)]
        left = self.cells - sum(line_width(pieces) + _GAP for _, pieces in last)
        for active in shown:
            if isinstance(active.node, App):
                continue
            pieces = self._key(active)
            left -= line_width(pieces) + _GAP
            if left < -_GAP:
                break
            yield active, pieces
        yield from last

    def _key(self, active: ActiveBinding) -> Line:
        key = self.app.get_key_display(active.binding)
        return (
            span(key, Role.ACTIVE if active.enabled else Role.MUTED),
            span(f" {active.binding.description}", Role.TITLE if active.enabled else Role.MUTED),
        )
