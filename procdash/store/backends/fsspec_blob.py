"""Any file system that fsspec knows and that writes a file whole or not at all, as a `Blob`."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

from procdash.store.backends.s3_versions import restore_version
from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate, ExternalError, Indeterminate, external_error
from procdash.store.key_rules import check_path_key, shown

WHOLE_WRITES: Final = frozenset({"memory", "s3", "s3a"})
"""Protocols whose `pipe_file` puts the whole value in one step; others write in place, and readers see halves."""

_BUCKET_PROTOCOLS = frozenset({"s3", "s3a"})
_CALL_SECONDS = 60.0
_LONGEST_KEY = 1_024
_Result = TypeVar("_Result")
_memory_lock = threading.RLock()
"""fsspec's memory file system is one per process, and its files have one position that all readers share."""


class FsspecBlob(Blob):
    """A `Blob` below a path of an fsspec file system.

    Its synchronous calls run in threads: they block, and an asynchronous file system runs them on a loop of its
    own. Listings are never cached, since another writer's keys would be missing from them.

    Args:
        file_system: where the values live.
        path: what stands before `/` and the key; empty where the keys are the paths.
        place: the location in words, without secrets.
        timeout: how long one call may take, in seconds; a call that takes longer goes on unseen.
    """

    def __init__(self, file_system: Any, path: str, place: str, *, timeout: float = _CALL_SECONDS) -> None:
        self.file_system = file_system
        self.path = path
        self.place = place
        self._timeout = timeout
        self._keeps_versions = not _BUCKET_PROTOCOLS.isdisjoint(_protocols_of(file_system))
        self._lock = _memory_lock if isinstance(file_system, MemoryFileSystem) else nullcontext()

    @classmethod
    async def open(cls, protocol: str, path: str, **options: Any) -> Self:
        """Open a path of a file system.

        Args:
            protocol: fsspec's name of the kind of file system.
            path: where the keys begin, without a slash at its end.
            **options: what the file system takes (credentials, endpoints …).

        Raises:
            Determinate: if the file system does not exist, cannot write values whole, or refuses the options.
        """
        place = f"{protocol}://{path}"
        if protocol not in WHOLE_WRITES:
            raise Determinate(f"cannot open {place}: fsspec does not write values there whole or not at all")
        try:
            file_system = await asyncio.to_thread(
                fsspec.filesystem, protocol, use_listings_cache=False, skip_instance_cache=True, **options
            )
        except ImportError as error:
            raise Determinate(f"cannot open {place}: {error}") from error
        except Exception as error:
            raise _external(error, f"cannot open {place}") from error
        blob = cls(file_system, path.strip("/"), place)
        if blob.path:
            check_path_key(blob.path, longest=_LONGEST_KEY)
        if protocol in _BUCKET_PROTOCOLS:
            await blob._look_for_bucket()
        return blob

    async def get(self, key: str) -> bytes | None:
        path = self._path_of(key)
        try:
            return bytes(await self._call(f"read {shown(key)}", lambda: self.file_system.cat_file(path)))
        except _Missing:
            return None

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        folder = key_prefix.rpartition("/")[0]
        if (folder or key_prefix.startswith("/")) and not _is_path(folder):
            return
        below = f"{self.path}/" if self.path else ""
        root = f"{below}{folder}" if folder else self.path
        try:
            found = await self._call(f"list {shown(key_prefix)}", lambda: self._find(root))
        except _Missing:
            return
        for path in sorted(found):
            # Some file systems put a slash before every path, and others do not.
            key = path.removeprefix("/").removeprefix(below)
            # A file that is itself the folder asked for, and a folder's own marker, are no keys below it.
            if found[path]["type"] == "file" and key.startswith(key_prefix) and not path.endswith("/"):
                yield _metadata(key, found[path])

    async def set(self, key: str, value: bytes) -> None:
        path = self._path_of(key)
        await self._call(f"write {shown(key)}", lambda: self._pipe(path, bytes(value)))

    async def delete(self, key: str) -> int | None:
        """Remove `key`, as the contract says; of two that delete at once, both may be told the size.

        A key that ends with `/` names a directory, of which these file systems keep none: that gives None.
        """
        path = self._path_of(key.removesuffix("/"))
        if key.endswith("/"):
            return None
        try:
            status = await self._call(f"look at {shown(key)}", lambda: self.file_system.info(path))
            if status["type"] != "file":
                return None
            await self._call(f"delete {shown(key)}", lambda: self.file_system.rm_file(path))
        except _Missing:
            return None
        return int(status["size"])

    async def restore(self, key: str) -> None:
        """Bring a deleted key back, where it is in a bucket that keeps versions."""
        if await self.get(key) is not None:
            return
        path = self._path_of(key)
        if self._keeps_versions and await self._call(
            f"restore {shown(key)}", lambda: restore_version(self.file_system, path)
        ):
            return
        if await self.get(key) is None:
            raise Determinate(f"unable to restore {shown(key)} in {self.place}: no deleted values are kept")

    def _path_of(self, key: str) -> str:
        check_path_key(key, longest=_LONGEST_KEY)
        return f"{self.path}/{key}" if self.path else key

    async def _look_for_bucket(self) -> None:
        """Reading a key would not tell a missing bucket from a missing key."""
        bucket = self.path.partition("/")[0]
        if not await self._call("look for the bucket", lambda: self.file_system.exists(bucket)):
            raise Determinate(f"cannot open {self.place}: there is no such bucket")

    def _pipe(self, path: str, value: bytes) -> None:
        if isinstance(self.file_system, MemoryFileSystem) and self.file_system.isdir(path):
            raise IsADirectoryError(errno.EISDIR, "it is a directory that holds other keys")
        self.file_system.pipe_file(path, value)

    def _find(self, root: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.file_system.find(root, detail=True)
        return found

    async def _call(self, doing: str, call: Callable[[], _Result]) -> _Result:
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._locked, call), self._timeout)
        except FileNotFoundError as error:
            raise _Missing(f"cannot {doing} in {self.place}: there is no such file") from error
        except Exception as error:
            raise _external(error, f"cannot {doing} in {self.place}") from error

    def _locked(self, call: Callable[[], _Result]) -> _Result:
        with self._lock:
            return call()


def _protocols_of(file_system: Any) -> tuple[str, ...]:
    protocol = file_system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


class _Missing(Determinate):
    """There is nothing at a path."""


def _is_path(folder: str) -> bool:
    try:
        check_path_key(folder, longest=_LONGEST_KEY)
    except Determinate:
        return False
    return True


def _metadata(key: str, status: dict[str, Any]) -> BlobMetadata:
    modified_at = status.get("LastModified") or status.get("modified") or status.get("created")
    if isinstance(modified_at, int | float):
        modified_at = datetime.fromtimestamp(modified_at, UTC)
    if not isinstance(modified_at, datetime):
        modified_at = None
    elif modified_at.tzinfo is None:
        modified_at = modified_at.replace(tzinfo=UTC)
    tag = status.get("ETag") or status.get("etag")
    parts = ([str(tag).strip('"')] if tag else []) + ([f"{modified_at.timestamp():.6f}"] if modified_at else [])
    return BlobMetadata(key, int(status["size"] or 0), modified_at, "-".join(parts) or None)


def _external(error: Exception, doing: str) -> ExternalError:
    if isinstance(error, TimeoutError):
        return Indeterminate(f"{doing}: timeout: no reply in time", is_timeout=True)
    if isinstance(error, FileExistsError):
        return Determinate(f"{doing}: a part of its path is itself a key")
    if isinstance(error, PermissionError | TypeError | ValueError | NotImplementedError):
        return Determinate(f"{doing}: {str(error) or type(error).__name__}")
    return external_error(error, doing)
