"""A scrolling view of lines that are laid out for its width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size

from procdash.present.spans import Line
from procdash.tui.widgets.span_lines import SpanLines

LayOut = Callable[[int], Sequence[Line]]
"""Makes the lines for a width in cells."""


class TextView(SpanLines, can_focus=True):
    """Shows lines and scrolls by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, id="text.up", tooltip="Scroll up one line"),
        Binding("down,j", "scroll_down", "Down", show=False, id="text.down", tooltip="Scroll down one line"),
        Binding(
            "pageup,ctrl+b,ctrl+u",
            "page_up",
            "Page up",
            show=False,
            id="text.page_up",
            tooltip="Scroll up one page",
        ),
        Binding(
            "pagedown,ctrl+f,space",
            "page_down",
            "Page down",
            show=False,
            id="text.page_down",
            tooltip="Scroll down one page",
        ),
        Binding("home,g", "scroll_home", "Top", show=False, id="text.home", tooltip="Scroll to the beginning"),
        Binding("end,G", "scroll_end", "End", show=False, id="text.end", tooltip="Scroll to the end"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lay_out: LayOut = lambda _: ()
        self._lines: Sequence[Line] = ()

    def show(self, lay_out: LayOut, *, from_top: bool) -> None:
        """Show other lines; what stays the same is not painted again.

        Args:
            lay_out: makes the lines, now and whenever the width changes.
            from_top: whether to scroll back to the beginning.
        """
        self._lay_out = lay_out
        self._lay_out_again()
        if from_top:
            self.scroll_to(0, 0, animate=False)
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        return self._lines[number] if number < len(self._lines) else ()

    def on_resize(self, event: Resize) -> None:
        del event
        self._lay_out_again()
        self.repaint_changed()

    def action_page_up(self) -> None:
        """Scroll up one page."""
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """Scroll down one page."""
        self.scroll_page_down(animate=False)

    def _lay_out_again(self) -> None:
        width = self.cells
        if width > 0:
            self._lines = self._lay_out(width)
            self.virtual_size = Size(width, len(self._lines))
