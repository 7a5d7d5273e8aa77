"""Bundles bursts of changes into few repaints."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from textual.timer import Timer

_LEAST_INTERVAL = 0.05


class _SetsTimers(Protocol):
    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer: ...


class RepaintPace:
    """Repaints at once after a quiet time, and at most twenty times a second in a burst.

    Args:
        owner: sets the timers.
        repaint: draws what changed since the last time.
    """

    def __init__(self, owner: _SetsTimers, repaint: Callable[[], None]) -> None:
        self._owner = owner
        self._repaint = repaint
        self._painted_at = float("-inf")
        self._timer: Timer | None = None

    @property
    def is_settled(self) -> bool:
        """Whether everything that was asked for is drawn."""
        return self._timer is None

    def ask(self) -> None:
        """Something changed."""
        if self._timer is not None:
            return
        wait = self._painted_at + _LEAST_INTERVAL - time.monotonic()
        if wait <= 0:
            self._paint()
        else:
            self._timer = self._owner.set_timer(wait, self._paint)

    def _paint(self) -> None:
        self._timer = None
        self._painted_at = time.monotonic()
        self._repaint()
