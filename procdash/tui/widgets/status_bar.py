"""The top line: where the store is, and how the picture stands to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.timer import Timer

from procdash.live.monitor import Status, StoreState
from procdash.present.sanitise import blanks, safe, shorten, shorten_middle
from procdash.present.spans import Line, Role, Span, line, line_width, span
from procdash.present.units import age, seconds_until_age_changes, thousands, whole_age
from procdash.tui.widgets.span_lines import SpanLines

_NAME = " procdash "
_BAR_CELLS = 16
_LEAST_LOCATION = 12
_SPACING = 4


class Marked(NamedTuple):
    """How much is marked."""

    total: int = 0
    hidden: int = 0
    """How many of them are not in this view."""


_NOTHING = Marked()


class StatusBar(SpanLines, can_focus=False):
    """Name, location and badges.

    Args:
        location: where the store is.
        now: the wall clock, in Unix seconds.
        read_only: whether to say that nothing can be written.
    """

    def __init__(self, location: str, now: Callable[[], float], *, read_only: bool) -> None:
        super().__init__()
        self._location = location
        self._now = now
        self._read_only = read_only
        self._status = Status(StoreState.OPENING)
        self._unknown_keys = 0
        self._marked = Marked()
        self._timer: Timer | None = None

    def show(self, status: Status, unknown_keys: int, marked: Marked = _NOTHING) -> None:
        """Show another status; while the store is lost, its age is kept up to date.

        Args:
            status: how the picture stands to the store.
            unknown_keys: how many keys of the store belong to no procedure.
            marked: how much is marked.
        """
        self._status = status
        self._marked = marked
        self._unknown_keys = unknown_keys
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if status.state is StoreState.LOST and status.since is not None:
            now = self._now()
            delay = seconds_until_age_changes(whole_age(now, status.since)) - now % 1
            self._timer = self.set_timer(delay, lambda: self.show(status, unknown_keys, marked))
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        del number
        width = self.cells
        name = span(_NAME, Role.BADGE)
        badges = [span("read-only", Role.STRONG), span("  ")] if self._read_only else []
        if self._unknown_keys:
            noun = "unknown key" if self._unknown_keys == 1 else "unknown keys"
            badges = [span(f"! {thousands(self._unknown_keys)} {noun}", Role.PROBLEM), span("  "), *badges]
        badges = [*self._marks(), *badges]
        room = max(width - line_width((name, *badges)) - _SPACING, 0)
        whole = safe(self._location)
        location = Span(shorten_middle(whole, max(room * 2 // 5, min(room, _LEAST_LOCATION))))
        status = status_line(self._status, self._now(), max(room - line_width((location,)), 0))
        location = Span(shorten_middle(whole, max(room - line_width(status), 0)))
        gap = Span(blanks(max(width - line_width((name, location, *badges, *status)) - 2, 1)))
        return line(name, " ", location, gap, *badges, *status)

    def _marks(self) -> Line:
        if not self._marked.total:
            return ()
        hidden = f" ({thousands(self._marked.hidden)} not in this view)" if self._marked.hidden else ""
        return (
            span(f"* {thousands(self._marked.total)} marked", Role.ACTIVE),
            span(hidden, Role.PROBLEM),
            span("  "),
        )


def status_line(status: Status, now: float, width: int) -> Line:
    """A status in at most `width` cells: a glyph, a word, and what a user wants to know about it."""
    reason = status.reason or ""
    match status.state:
        case StoreState.LIVE:
            return line(span("● live", Role.FINISHED))
        case StoreState.POLLING:
            badge = span("◐ polling", Role.ROLLING_BACK)
        case StoreState.LOST:
            lost_for = "" if status.since is None else f" {age(whole_age(now, status.since))}"
            badge = span(f"○ lost{lost_for}", Role.ERROR)
        case StoreState.OPENING:
            return _opening(status.progress, width)
    room = width - line_width((badge,)) - 3
    if not reason or room < _LEAST_LOCATION:
        return line(badge)
    return line(badge, span(" · ", Role.MUTED), Span(shorten(safe(reason), room), Role.MUTED))


def _opening(progress: tuple[int, int] | None, width: int) -> Line:
    if progress is None:
        return line(span("◌ opening", Role.LOADED))
    done, total = progress
    badge = span(f"◌ opening {thousands(done)} / {thousands(total)}", Role.LOADED)
    if line_width((badge,)) + 2 + _BAR_CELLS > width:
        return line(badge)
    filled = _BAR_CELLS * done // total if total else _BAR_CELLS
    bar = (span("━" * filled, Role.LOADED), span("─" * (_BAR_CELLS - filled), Role.MUTED))
    return line(badge, "  ", *bar)
