"""A local directory as a `SlotStorage`: a directory for each log, a file for each slot."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final

from procdash.store.backends.durable import LinkError, create_file, link_error, sync_directory
from procdash.store.backends.files import TEMPORARY_SUFFIX, read_regular_file
from procdash.store.backends.slot_storage import SlotStorage
from procdash.store.errors import Determinate, external_error

_DIGITS: Final = 20
_SLOT_NAME = re.compile(rf"[0-9]{{{_DIGITS}}}", re.ASCII)
_STALE_TEMPORARY_SECONDS = 3_600.0
_NO_LOCKS = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK, errno.EINVAL})


class LocalSlots(SlotStorage):
    """Slots below a directory, which is created by the first write.

    A value is written to a temporary file, synced, and given the slot's name by a hard link: the one way to create
    a file that is exclusive and never shows a part of its contents. What a killed writer leaves is a temporary
    file that no listing shows; a later deletion in the same log removes it.

    It is meant for the file systems of one machine: a directory that several machines have mounted may be listed
    from a cache, which breaks what `list_slots` promises, and no probe from one machine can see that.

    Args:
        root: the directory that holds one directory for each log.
        sync: whether writes wait for the disk; only throw-away stores do without.
    """

    def __init__(self, root: str | os.PathLike[str], *, sync: bool = True) -> None:
        self.root = os.path.abspath(root)
        self.location = self.root
        self._sync = sync

    async def list_names(self) -> AsyncIterator[str]:
        for name in await asyncio.to_thread(self._list_names):
            yield name

    async def list_slots(self, name: str) -> list[int]:
        return await asyncio.to_thread(self._list_slots, name)

    async def read(self, name: str, slot: int) -> bytes | None:
        try:
            found = await asyncio.to_thread(read_regular_file, self._path(name, slot))
        except OSError as error:
            raise external_error(error, f"cannot read {self._path(name, slot)}") from error
        return None if found is None else found[0]

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        return await asyncio.to_thread(self._create, name, slot, payload)

    async def delete(self, name: str, slots: Iterable[int]) -> None:
        await asyncio.to_thread(self._delete, name, slots)

    def _directory(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _path(self, name: str, slot: int) -> str:
        return f"{self.root}/{name}/{slot:0{_DIGITS}d}"

    def _list_names(self) -> list[str]:
        try:
            names = os.listdir(self.root)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise external_error(error, f"cannot list {self.root}") from error
        return [name for name in sorted(names) if not name.startswith(".") and self._list_slots(name)]

    def _list_slots(self, name: str) -> list[int]:
        try:
            with _locked(self._directory(name), fcntl.LOCK_SH) as descriptor:
                return [int(entry) for entry in os.listdir(descriptor) if _SLOT_NAME.fullmatch(entry)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise external_error(error, f"cannot list {self._directory(name)}") from error

    def _create(self, name: str, slot: int, payload: bytes) -> bool:
        path = self._path(name, slot)
        if os.path.lexists(path):
            return False
        temporary = f"{self._directory(name)}/.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        try:
            if not create_file(path, temporary, payload, sync=self._sync):
                return False
        except LinkError as error:
            raise link_error(error, f"cannot write {path}") from error
        except OSError as error:  # nothing has touched the slot, whatever it was
            raise Determinate(f"cannot write {path}: {error.strerror or error}") from error
        self._sync_created(name, path)
        return True

    def _sync_created(self, name: str, path: str) -> None:
        if not self._sync:
            return
        try:
            sync_directory(self._directory(name))
        except OSError as error:
            raise external_error(OSError(errno.EIO, str(error)), f"cannot sync {path}") from error

    def _delete(self, name: str, slots: Iterable[int]) -> None:
        directory = self._directory(name)
        try:
            with _locked(directory, fcntl.LOCK_EX):
                for slot in slots:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(self._path(name, slot))
                _remove_stale_temporaries(directory)
            with contextlib.suppress(OSError):  # it still holds slots, as a rule
                os.rmdir(directory)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise external_error(error, f"cannot delete in {directory}") from error


@contextlib.contextmanager
def _locked(directory: str, kind: int) -> Iterator[int]:
    """Keep a directory locked: listings share it, a deletion has it alone, and so no listing misses the newest.

    The lock ends with the process that holds it.

    Raises:
        Determinate: if the file system has no locks.
        OSError: if the directory cannot be opened.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, kind)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise Determinate(f"cannot lock {directory}: its file system has no locks") from error
            raise
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_stale_temporaries(directory: str) -> None:
    """Remove what killed writers left; a younger file may belong to a writer that is at work."""
    for entry in os.listdir(directory):
        path = f"{directory}/{entry}"
        if entry.endswith(TEMPORARY_SUFFIX):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - os.lstat(path).st_mtime > _STALE_TEMPORARY_SECONDS:
                    os.unlink(path)
