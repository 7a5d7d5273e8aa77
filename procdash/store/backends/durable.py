"""Files and directories that are there after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Final

from procdash.store.errors import Determinate, ExternalError, external_error

NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})
"""What a file system without hard links answers to one."""

_REFUSED_BY_LINK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMLINK})
_ATTEMPTS = 100


class LinkError(OSError):
    """A file was written whole, and could not be given its name."""


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


def create_file(
    path: str | os.PathLike[str], temporary: str | os.PathLike[str], content: bytes, *, sync: bool
) -> bool:
    """Create a file with its whole content, unless something is there, even a directory or a broken link.

    It is written under another name and then given its own by a hard link: the one way that is exclusive and never
    shows a part of the content. Nothing is left behind under the other name.

    Args:
        path: an absolute path.
        temporary: another one in the same directory, where nothing is.
        content: what to write.
        sync: whether to wait until the content is on the disk; the file's name is not yet.

    Returns:
        False where something is at `path`, which stays untouched.

    Raises:
        LinkError: if the file system does not make the link; `NO_LINKS` says whether it ever does.
        OSError: if the content cannot be written; nothing has touched `path`.
    """
    try:
        write_new_file(temporary, content, sync=sync)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            raise LinkError(error.errno, error.strerror) from error
        return True
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def link_error(error: LinkError, doing: str) -> ExternalError:
    """Translate a failed link.

    Args:
        error: what `create_file` raised.
        doing: what was being done, to begin the message with ("cannot write 'a/b'").
    """
    if error.errno in NO_LINKS:
        return Determinate(f"{doing}: its file system has no hard links ({error.strerror})")
    if error.errno in _REFUSED_BY_LINK:
        return Determinate(f"{doing}: {error.strerror}")
    return external_error(error, doing)


def _create(path: str | os.PathLike[str], *, sync: bool) -> int:
    for attempt in range(_ATTEMPTS):
        try:
            make_directories(os.path.dirname(path), sync=sync)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError  # the last attempt returns or raises
