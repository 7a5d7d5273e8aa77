"""A lock on one entry of the journal, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

_ATTEMPTS = 3
_LOOK_SECONDS = 0.005
"""So long may another process hold the lock only to look whether it is free."""


class EntryLock:
    """An advisory lock on a file that is there only while somebody holds it.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another process, or another lock of this one, holds it.

        Raises:
            OSError: if the file cannot be created or locked.
        """
        for _ in range(_ATTEMPTS):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_at_path(descriptor):
                    self._descriptor = descriptor
                    return True
            except BlockingIOError:
                time.sleep(_LOOK_SECONDS)
            finally:
                if self._descriptor != descriptor:
                    os.close(descriptor)
        return False

    def release(self) -> None:
        """Let the lock go, and remove its file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                Path(self._path).unlink()
            os.close(self._descriptor)
            self._descriptor = None

    def _is_at_path(self, descriptor: int) -> bool:
        """Whether the locked file is still the one at the path: whoever held it before has removed it by now."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))  # noqa: PTH116 - beside `fstat`
        return False

    def is_taken(self) -> bool:
        """Whether somebody holds the lock; what cannot be looked at counts as free."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False
