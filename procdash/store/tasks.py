"""Operations that run to their end whatever becomes of their callers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class OwnTasks:
    """Runs each operation in a task of its own, so that a cancelled caller never cuts one short."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, operation: Coroutine[Any, Any, _Result]) -> _Result:
        """Start `operation` and wait for its result; a cancellation ends only the waiting."""
        task = asyncio.ensure_future(operation)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def wait_idle(self) -> None:
        """Wait until every operation has ended, also those whose callers were cancelled."""
        while self._running:
            await asyncio.wait(self._running)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # a caller that was cancelled will not ask for it
