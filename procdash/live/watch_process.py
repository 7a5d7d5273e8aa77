"""The process that watches one directory: `python -m procdash.live.watch_process DIRECTORY`.

It is a process of its own because setting up a recursive watch holds the interpreter for 18 µs a directory, two
seconds for 100,000, during which no key would answer. It prints JSON lines: `null` once watching has begun and
where changes may have been lost, a list of entries that may have changed, or a string that says why watching is
not possible. It ends when its standard input is closed, so it never outlives who started it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable

import watchfiles

_DEBOUNCE_MILLISECONDS = 60
_STEP_MILLISECONDS = 20
_STARTED_MILLISECONDS = 200
_BURST = 2_000
"""From this many paths at once on, some may have been lost in the kernel's queue."""


def entries_of(paths: Iterable[str], directory: str) -> set[str] | None:
    """The names right below `directory` that `paths` lie in, or None where the directory itself is meant."""
    entries: set[str] = set()
    for path in paths:
        entry = os.path.relpath(path, directory).partition(os.sep)[0]
        if entry in (os.curdir, os.pardir):
            return None
        entries.add(entry)
    return entries


def why_not_watched(error: OSError | RuntimeError) -> str:
    """What to tell a user when the operating system refuses to watch."""
    text = str(error)
    if "limit" in text:
        return "the limit of inotify watches is reached (raise fs.inotify.max_user_watches)"
    return f"the directory cannot be watched ({text})"


def _say(message: object) -> None:
    print(json.dumps(message), flush=True)  # noqa: T201 - standard output is this process's only way to speak


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Watch the directory named on the command line until standard input ends."""
    directory = os.path.abspath(sys.argv[1])  # noqa: PTH100 - relpath below compares plain texts
    threading.Thread(target=_end_with_parent, daemon=True).start()
    started = False
    try:
        os.scandir(directory).close()  # a missing directory would be ignored like one without permission below it
        for changes in watchfiles.watch(
            directory,
            watch_filter=None,
            debounce=_DEBOUNCE_MILLISECONDS,
            step=_STEP_MILLISECONDS,
            rust_timeout=_STARTED_MILLISECONDS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
            raise_interrupt=False,
        ):
            entries = entries_of((path for _, path in changes), directory)
            if not started or entries is None or len(changes) > _BURST:
                started = True
                _say(None)
            if entries:
                _say(sorted(entries))
    except (OSError, RuntimeError) as error:
        _say(why_not_watched(error))


if __name__ == "__main__":
    main()
