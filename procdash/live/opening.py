"""From a location to its live picture."""

from __future__ import annotations

import time
from collections.abc import Callable

from procdash.live.monitor import Monitor
from procdash.store.location import open_procedure_reader


def open_monitor(location: str, *, now: Callable[[], float] = time.time) -> Monitor:
    """Open a location for following it.

    Args:
        location: a path or URL, as `procdash.store.open_procedure_reader` takes it.
        now: the wall clock, in Unix seconds.

    Raises:
        Determinate: if the location is not understood, or there is no procedure store.
    """
    reader = open_procedure_reader(location)
    if reader.directory is None:
        return Monitor(reader, now=now)
    from procdash.live.directory_watch import DirectoryWatch  # noqa: PLC0415 - only directories are watched

    return Monitor(reader, DirectoryWatch(reader.directory), now=now)
