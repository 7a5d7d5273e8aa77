"""A lock on one entry of the journal, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


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
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let the lock go, and remove its file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                Path(self._path).unlink()
            os.close(self._descriptor)
            self._descriptor = None

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
