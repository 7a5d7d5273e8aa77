"""Reading a store as a whole, and finding in it the procedures that a user names."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from procdash.live.index import RowEvent
from procdash.live.monitor import Monitor

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # click does not export the type

_NAMED_AT_MOST = 5
_SLOW_FROM_ENTRIES = 5_000


class UnresolvedId(click.ClickException):
    """Some text does not tell which procedure is meant.

    Args:
        reason: why.
        next_step: what to do.
    """

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(f"{reason}; {next_step}")
        self.reason = reason
        self.next_step = next_step


async def read_with_progress(monitor: Monitor) -> None:
    """Read a store once; one that takes its time shows a progress bar, where standard error is a terminal."""
    with contextlib.ExitStack() as stack:
        bar: ProgressBar[int] | None = None

        def advance(_events: Sequence[RowEvent]) -> None:
            nonlocal bar
            done, total = monitor.status.progress or (0, 0)
            if bar is None and total >= _SLOW_FROM_ENTRIES and sys.stderr.isatty():
                bar = stack.enter_context(click.progressbar(length=total, label="Reading", file=sys.stderr))
            if bar is not None:
                bar.update(done - bar.pos)

        stack.callback(monitor.subscribe(advance))
        await monitor.read_once()


def resolve_id(text: str, monitor: Monitor) -> str:
    """The one procedure whose id begins with `text`, in a store that was read.

    Raises:
        UnresolvedId: if there is none, or more than one.
    """
    beginning = text.strip().lower()
    if not beginning:
        raise UnresolvedId("an empty id names no procedure", "write at least the beginning of one")
    found = sorted(procedure_id for procedure_id in monitor.index if procedure_id.startswith(beginning))
    if not found:
        raise UnresolvedId(f"no procedure {text!r} in {monitor.reader.location}", "'procdash list' shows all")
    if len(found) > 1:
        named = ", ".join(found[:_NAMED_AT_MOST])
        more = f" and {len(found) - _NAMED_AT_MOST} more" if len(found) > _NAMED_AT_MOST else ""
        raise UnresolvedId(f"{text!r} begins {len(found)} ids: {named}{more}", "write more of it")
    return found[0]
