"""A local directory as a `Blob`: keys are relative paths, values are files."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

import aiofiles.os

from procdash.store.backends.durable import (
    NO_LINKS,
    LinkError,
    create_file,
    link_error,
    sync_directory,
    write_new_file,
)
from procdash.store.backends.files import TEMPORARY_SUFFIX, metadata_of, read_regular_file, walk_files
from procdash.store.backends.local_removal import TAKEN_SUFFIX, is_left_taken, remove_file_if
from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate, external_error
from procdash.store.key_rules import shown

_in_thread = aiofiles.os.wrap

_LISTED_AT_ONCE = 1_000
_STALE_TEMPORARY_SECONDS = 3_600.0
_MAX_NAME_BYTES = 255


class LocalBlob(Blob):
    """A `Blob` below a directory, which is created by the first write.

    A value is written to a temporary file in the directory it belongs to, synced, renamed into place, and the
    directory is synced: a reader sees the old value or the new one, and so does whoever comes after a crash.

    Args:
        root: the directory that the keys are relative to.
        sync: whether writes wait for the disk; only throw-away stores do without.
    """

    def __init__(self, root: str | os.PathLike[str], *, sync: bool = True) -> None:
        self.root = Path(root)
        self._sync = sync

    async def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            found = await _in_thread(read_regular_file)(path)
        except OSError as error:
            raise external_error(error, f"cannot read {shown(key)}") from error
        return None if found is None else found[0]

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        walk = walk_files(self.root, key_prefix)
        while batch := await _in_thread(lambda: list(islice(walk, _LISTED_AT_ONCE)))():
            for metadata in batch:
                yield metadata

    async def set(self, key: str, value: bytes) -> None:
        # One thread does it all, so a caller that is cancelled never cuts it short.
        await _in_thread(self._write)(key, self._path(key), value)

    def _write(self, key: str, path: Path, value: bytes) -> None:
        temporary = _temporary_beside(path)
        try:
            write_new_file(temporary, value, sync=self._sync)
            try:
                _move_into_place(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            # Up to the rename, only a temporary file was touched: nothing has happened to the key.
            raise Determinate(_why_not_written(key, path, error)) from error
        self._sync_directory_of(key, path)

    def _sync_directory_of(self, key: str, path: Path) -> None:
        if self._sync:
            try:
                sync_directory(path.parent)
            except OSError as error:
                raise external_error(OSError(errno.EIO, str(error)), f"cannot sync {shown(key)}") from error

    async def delete(self, key: str) -> int | None:
        """Remove `key`, as the contract says.

        A key that ends with `/` names a directory, which is removed if it is empty; that gives None.
        """
        path = self._path(key.removesuffix("/"))
        try:
            remove = _remove_directory if key.endswith("/") else _remove_file
            return await _in_thread(remove)(path)
        except OSError as error:
            raise external_error(error, f"cannot delete {shown(key)}") from error

    async def restore(self, key: str) -> None:
        if await self.get(key) is None:
            raise Determinate(f"unable to restore {key}: this directory keeps no deleted values")

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        """Write as the contract says, in one step; where there are no hard links, it looks and then writes."""
        return await _in_thread(self._create)(key, self._path(key), value)

    def _create(self, key: str, path: Path, value: bytes) -> bool:
        try:
            if not _is_free(key, path):
                return False
            if not create_file(path, _temporary_beside(path), value, sync=self._sync):
                return False
        except LinkError as error:
            if error.errno not in NO_LINKS:
                raise link_error(error, f"cannot write {shown(key)}") from error
            if os.path.lexists(path):
                return False
            self._write(key, path, value)
            return True
        except OSError as error:
            raise Determinate(_why_not_written(key, path, error)) from error
        self._sync_directory_of(key, path)
        return True

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        """Remove as the contract says: what others write meanwhile stays, as `remove_file_if` explains."""
        path = self._path(seen.key)
        try:
            return await _in_thread(remove_file_if)(
                path, lambda status: metadata_of(seen.key, status).has_value_of(seen)
            )
        except OSError as error:
            raise external_error(error, f"cannot delete {shown(seen.key)}") from error

    def _path(self, key: str) -> Path:
        if not key:
            raise Determinate("a key must not be empty")
        if "\0" in key:
            raise Determinate(f"a key must not hold a NUL: {shown(key)}")
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise Determinate(f"a key must be a relative path without '.', '..' or empty parts: {shown(key)}")
        for part in key.split("/"):
            _check_name(key, part)
        return self.root / key


def _check_name(key: str, name: str) -> None:
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError as error:
        raise Determinate(f"a key must be text that a file name can hold: {shown(key)}") from error
    if length > _MAX_NAME_BYTES:
        raise Determinate(f"File name too long: {length} bytes, at most {_MAX_NAME_BYTES} will do: {shown(key)}")
    if name.endswith(TEMPORARY_SUFFIX):
        raise Determinate(f"a name that ends with {TEMPORARY_SUFFIX!r} is that of a temporary file: {shown(key)}")


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")


def _is_free(key: str, path: Path) -> bool:
    """Whether no key's file is at `path`; removes empty directories there, which are no key of anybody's.

    Raises:
        Determinate: if what is there is neither a file nor a directory, so that no listing shows it.
        OSError: if it is a directory that is not empty, or cannot be looked at.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return True
    if stat.S_ISREG(mode):
        return False
    if not stat.S_ISDIR(mode):
        raise Determinate(f"cannot write {shown(key)}: what is in its place is no regular file")
    _remove_empty_tree(path)
    return True


def _move_into_place(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except IsADirectoryError:
        _remove_empty_tree(path)
        temporary.replace(path)


def _remove_empty_tree(directory: Path) -> None:
    """Remove a directory in which there are only directories: none of them is a key of anybody's."""
    tree = list(os.walk(directory, topdown=False))
    if any(file_names for _, _, file_names in tree):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
    for path, _, _ in tree:
        os.rmdir(path)


def _remove_file(path: Path) -> int | None:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return None  # a listing does not show it, so it is no key
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size


def _remove_directory(path: Path) -> None:
    try:
        path.rmdir()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        left = _remove_stale_temporaries(path)
        if left:
            names = ", ".join(repr(name) for name in sorted(left)[:3])
            more = f" and {len(left) - 3} more" if len(left) > 3 else ""  # noqa: PLR2004 - the three named above
            raise Determinate(f"Directory not empty: {path.name!r} still holds {names}{more}") from error
        path.rmdir()


def _remove_stale_temporaries(directory: Path) -> list[str]:
    """Remove what crashed writers and removers left in `directory`; returns the names of everything else in it."""
    left: list[str] = []
    for path in directory.iterdir():
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if _is_stale_temporary(path, status):
            path.unlink(missing_ok=True)
        else:
            left.append(path.name)
    return left


def _is_stale_temporary(path: Path, status: os.stat_result) -> bool:
    if path.name.endswith(TAKEN_SUFFIX):
        return is_left_taken(path, status)
    return path.name.endswith(TEMPORARY_SUFFIX) and time.time() - status.st_mtime > _STALE_TEMPORARY_SECONDS


def _why_not_written(key: str, path: Path, error: OSError) -> str:
    if os.path.isdir(path):  # other than `Path.is_dir`, it never raises
        return f"cannot write {shown(key)}: it is a directory that holds other keys"
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"cannot write {shown(key)}: a part of its path is itself a key"
    return f"cannot write {shown(key)}: {error.strerror or error}"
