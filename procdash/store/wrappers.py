"""Wrappers that give any `Blob` one more property."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Never

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate
from procdash.store.tasks import OwnTasks


class Tasked(Blob):
    """Runs each operation in a task of its own, so that a cancelled caller never cuts one short.

    The listing is the exception, as upstream: it changes nothing and ends with its caller.

    Args:
        inner: the blob that does the work.
    """

    def __init__(self, inner: Blob) -> None:
        self.inner = inner
        self._tasks = OwnTasks()

    async def get(self, key: str) -> bytes | None:
        return await self._tasks.run(self.inner.get(key))

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self.inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> None:
        await self._tasks.run(self.inner.set(key, value))

    async def delete(self, key: str) -> int | None:
        return await self._tasks.run(self.inner.delete(key))

    async def restore(self, key: str) -> None:
        await self._tasks.run(self.inner.restore(key))

    async def wait_idle(self) -> None:
        """Wait until every operation has ended, also those whose callers were cancelled."""
        await self._tasks.wait_idle()


class ReadOnly(Blob):
    """Reads as the blob it wraps, and refuses every write before anything is sent.

    Args:
        inner: the blob that is read.
    """

    def __init__(self, inner: Blob) -> None:
        self.inner = inner

    async def get(self, key: str) -> bytes | None:
        return await self.inner.get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self.inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> Never:  # noqa: ARG002 - refused whatever it is
        raise Determinate(f"read-only: {key!r} was not written")

    async def delete(self, key: str) -> Never:
        raise Determinate(f"read-only: {key!r} was not deleted")

    async def restore(self, key: str) -> Never:
        raise Determinate(f"read-only: {key!r} was not restored")
