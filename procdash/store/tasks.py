"""Operations that run to their end whatever becomes of their callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from procdash.store.errors import Determinate

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


class OwnThread:
    """One thread for one resource: a wait in it holds up no other work, and the resource has one user.

    What was begun runs to its end, whatever becomes of the caller.

    Args:
        name: what the resource is called, for an error.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="procdash")
        self._is_closed = False

    async def run(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Call `function` in the thread.

        Raises:
            Determinate: if the thread was closed.
        """
        if self._is_closed:
            raise Determinate(f"{self._name} was closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    async def close(self, last: Callable[[], None]) -> None:
        """End the thread once what is under way has ended, and `last` is called; later calls do nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        closing = asyncio.get_running_loop().run_in_executor(self._executor, last)
        self._executor.shutdown(wait=False)
        await asyncio.shield(closing)
