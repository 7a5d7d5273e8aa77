"""Files and directories that are there after a power cut."""

from __future__ import annotations

import contextlib
import os
import stat

_ATTEMPTS = 100


def sync_directory(directory: str | os.PathLike[str]) -> None:
    """Wait until the names in a directory are on the disk.

    Raises:
        OSError: if it cannot be opened, or the disk fails.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(directory: str | os.PathLike[str], *, sync: bool) -> None:
    """Create a directory and those above it, where they are missing.

    Args:
        directory: an absolute path.
        sync: whether to wait until each new name is on the disk.

    Raises:
        OSError: if one cannot be created.
    """
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(directory).st_mode):
            return
    parent = os.path.dirname(directory)
    make_directories(parent, sync=sync)
    try:
        os.mkdir(directory)
    except FileExistsError:
        if not os.path.isdir(directory):
            raise
    if sync:
        sync_directory(parent)


def write_new_file(path: str | os.PathLike[str], content: bytes, *, sync: bool) -> None:
    """Write a file that must not be there yet, making its directory first, which others may remove in between.

    Nothing is left behind on failure.

    Args:
        path: an absolute path.
        content: what to write.
        sync: whether to wait until the content is on the disk; the file's name is not yet.

    Raises:
        OSError: if it cannot be written.
    """
    descriptor = _create(path, sync=sync)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def _create(path: str | os.PathLike[str], *, sync: bool) -> int:
    for attempt in range(_ATTEMPTS):
        try:
            make_directories(os.path.dirname(path), sync=sync)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError  # the last attempt returns or raises
