"""Waiting for a monitor to notice something, without sleeping."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from procdash.live.index import RowEvent
from procdash.live.monitor import Monitor

PATIENCE_SECONDS = 30.0


async def wait_until(monitor: Monitor, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looking whenever the monitor has something to tell."""
    told = asyncio.Event()
    unsubscribe = monitor.subscribe(lambda _events: told.set())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                told.clear()
                await told.wait()
    finally:
        unsubscribe()


@contextlib.asynccontextmanager
async def following(monitor: Monitor) -> AsyncIterator[list[RowEvent]]:
    """Run a monitor; gives the list that its events are added to."""
    events: list[RowEvent] = []

    def remember(batch: Sequence[RowEvent]) -> None:
        events.extend(batch)

    monitor.subscribe(remember)
    task = asyncio.create_task(monitor.run())
    try:
        yield events
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
