"""Reading a directory tree as keys and values: what the local blob and the local reader share."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from procdash.store.blob import BlobMetadata
from procdash.store.errors import external_error

TEMPORARY_SUFFIX = ".procdash-tmp"
"""Ends the name of a file that is still being written; no listing shows one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MICROSECOND = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST_MICROSECOND = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_A_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO})
_NO_SUCH_PLACE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


def read_regular_file(path: str | os.PathLike[str]) -> tuple[bytes, os.stat_result] | None:
    """A regular file's content and status.

    None where there is none, or where a directory, a symbolic link, a pipe or a device stands: upstream's walk
    skips those, and opening a pipe would wait for ever.

    Raises:
        OSError: if it is there and cannot be read.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            return None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        content = os.read(descriptor, status.st_size + 1)
        if len(content) != status.st_size:  # it grows, or is longer than one read gives
            parts = [content]
            while part := os.read(descriptor, 1 << 20):
                parts.append(part)
            content = b"".join(parts)
        return content, status
    finally:
        os.close(descriptor)


def walk_files(root: Path, key_prefix: str) -> Iterator[BlobMetadata]:
    """The regular files below `root` whose keys start with `key_prefix`, in byte order of the keys.

    Directories are read as the walk comes to them; what vanishes meanwhile is left out. The directory that the
    prefix names may be a symbolic link, those below it are not followed.

    Raises:
        ExternalError: if a directory is there and cannot be listed.
    """
    start = key_prefix.rpartition("/")[0]
    if start and not _is_relative_path(start):
        return
    pending = [_entries(root, start)]
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
            continue
        key, is_directory = entry
        if is_directory:
            if key.startswith(key_prefix) or key_prefix.startswith(key):
                pending.append(_entries(root, key.removesuffix("/")))
        elif key.startswith(key_prefix):
            try:
                status = os.lstat(root / key)
            except OSError as error:
                if error.errno in _NO_SUCH_PLACE:
                    continue
                raise external_error(error, f"cannot look at {key!r}") from error
            if stat.S_ISREG(status.st_mode):
                yield metadata_of(key, status)


def _is_relative_path(directory: str) -> bool:
    try:
        parts = os.fsencode(directory).split(b"/")
    except UnicodeEncodeError:
        return False
    return all(part not in (b"", b".", b"..") and b"\0" not in part for part in parts)


def _entries(root: Path, directory: str) -> Iterator[tuple[str, bool]]:
    """The keys right below `directory`, in byte order; those of directories end with `/`."""
    prefix = f"{directory}/" if directory else ""
    try:
        with os.scandir(root / directory) as entries:
            found = [
                (f"{prefix}{entry.name}/", True)
                if entry.is_dir(follow_symlinks=False)
                else (f"{prefix}{entry.name}", False)
                for entry in entries
                if not entry.name.endswith(TEMPORARY_SUFFIX)
            ]
    except OSError as error:
        if error.errno in _NO_SUCH_PLACE:
            return iter(())
        raise external_error(error, f"cannot list {directory or str(root)!r}") from error
    return iter(sorted(found, key=lambda key_and_kind: os.fsencode(key_and_kind[0])))


def metadata_of(key: str, status: os.stat_result) -> BlobMetadata:
    """What a listing says about the file with this `status`."""
    modified_at = _EPOCH + timedelta(microseconds=_modified_microseconds(status))
    return BlobMetadata(key, status.st_size, modified_at, version_of(status))


def modified_seconds(status: os.stat_result) -> float:
    """The modification time in Unix seconds, equal to what `metadata_of` gives as a `datetime`."""
    return _modified_microseconds(status) / 1_000_000


def _modified_microseconds(status: os.stat_result) -> int:
    """The modification time, kept within the years that a `datetime` can hold in every time zone."""
    return min(max(status.st_mtime_ns // 1_000, _FIRST_MICROSECOND), _LAST_MICROSECOND)


def version_of(status: os.stat_result) -> str:
    """A token that differs whenever a file was written anew.

    The modification time alone does not: two writes within one tick of the file system's clock share it.
    """
    return f"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"
