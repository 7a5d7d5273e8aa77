"""A Textual app that sends the terminal only what differs from what it shows.

Textual repaints whole regions: opening a screen takes 40 KB where a few hundred cells differ. It offers no public
place to hook in, so this leans on internals of the pinned release; a test holds it to what Textual itself draws.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import ColorSystem
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from procdash.tui.frame import Frame, Piece


class _Sequence(CompositorUpdate):
    """What to write, worked out already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._text

    def render_segments(self, console: Console) -> str:
        del console
        return self._text


class FrugalApp(App[None]):
    """Remembers the terminal's cells and writes only those that change."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = Frame()

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())

    def action_redraw(self) -> None:
        """Write the whole screen again, should something else have written to the terminal."""
        self._frame.forget()
        self.screen.refresh()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        will_be_written = self._running and not self._closed and not self._batch_count and not self.is_headless
        if will_be_written and not self.is_inline and isinstance(renderable, ChopsUpdate | LayoutUpdate):
            colors = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Strip.render does
            size = self.size
            text = self._frame.update(pieces_of(renderable), size.width, size.height, colors)
            super()._display(screen, _Sequence(text) if text else None)
        else:
            super()._display(screen, renderable)


def pieces_of(update: ChopsUpdate | LayoutUpdate) -> Iterator[Piece]:
    """The parts of the screen that an update of Textual's writes."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield Piece(y, x, strip)
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (start, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and start <= x2 and end > x1:
                yield Piece(y, start, chop)
