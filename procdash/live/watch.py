"""Hints that something changed. A hint says where to look again; the listing says what is true."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection

OnHint = Callable[[Collection[str] | None], None]
"""Takes the entries that may have changed, or None where anything may have."""


class WatchUnavailable(Exception):  # noqa: N818 - it is a state of affairs, which polling mends
    """The store cannot be watched here; the text says why, and what would help."""


class Watch(ABC):
    """Notices changes of a procedure store as they happen."""

    @abstractmethod
    async def run(self, on_hint: OnHint) -> None:
        """Give hints until cancelled.

        `on_hint(None)` is called once watching has begun, since anything may have changed before, and whenever
        changes may have been lost.

        Raises:
            WatchUnavailable: if the store cannot be watched, or no longer.
        """
