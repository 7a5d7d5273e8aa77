"""File operations without threads, for a process that has nothing else to do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class InlineExecutor(ThreadPoolExecutor):
    """An event loop's default executor that does the work at once, where it is asked to.

    Handing one small file operation to a thread costs more than the operation; without, an engine writes three
    times as much. It is a thread pool only by name, because an event loop takes no other kind.
    """

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> Future[_Result]:
        """Call `fn` and return the future of what it returned or raised."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            future.set_exception(error)
        return future
