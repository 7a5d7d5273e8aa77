"""Wrappers that give any `Blob` or `Consensus` one more property."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Generic, Never, TypeVar, overload

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.consensus import SCAN_ALL, CaSResult, Consensus, VersionedData
from procdash.store.errors import Determinate
from procdash.store.key_rules import shown
from procdash.store.tasks import OwnTasks

_Inner = TypeVar("_Inner", bound=Blob | Consensus)


class _Wrapper(Generic[_Inner]):
    def __init__(self, inner: _Inner) -> None:
        self.inner = inner
        """The store that does the work."""


class _Runner(_Wrapper[_Inner]):
    def __init__(self, inner: _Inner) -> None:
        super().__init__(inner)
        self._tasks = OwnTasks()

    async def wait_idle(self) -> None:
        """Wait until every operation has ended, also those whose callers were cancelled."""
        await self._tasks.wait_idle()


class Tasked(_Runner[_Inner]):
    """Runs each operation in a task of its own, so that a cancelled caller never cuts one short.

    The listings are the exception, as upstream: they change nothing and end with their caller.

    Args:
        inner: the blob or the consensus that does the work; what is made is one of the same kind.
    """

    @overload
    def __new__(cls, inner: Blob) -> TaskedBlob: ...
    @overload
    def __new__(cls, inner: Consensus) -> TaskedConsensus: ...
    def __new__(cls, inner: Blob | Consensus) -> Tasked[Any]:
        return object.__new__(TaskedBlob if isinstance(inner, Blob) else TaskedConsensus)


class TaskedBlob(Tasked[Blob], Blob):
    """A `Blob` whose operations are not cut short; made by `Tasked(blob)`."""

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

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        return await self._tasks.run(self.inner.set_if_absent(key, value))

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        return await self._tasks.run(self.inner.delete_if_unchanged(seen))


class TaskedConsensus(Tasked[Consensus], Consensus):
    """A `Consensus` whose operations are not cut short; made by `Tasked(consensus)`."""

    def list_keys(self) -> AsyncIterator[str]:
        return self.inner.list_keys()

    async def head(self, key: str) -> VersionedData | None:
        return await self._tasks.run(self.inner.head(key))

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        return await self._tasks.run(self.inner.compare_and_set(key, expected, new))

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        return await self._tasks.run(self.inner.scan(key, from_seqno, limit))

    async def truncate(self, key: str, seqno: int) -> int:
        return await self._tasks.run(self.inner.truncate(key, seqno))

    async def close(self) -> None:
        await self.wait_idle()
        await self.inner.close()


class ReadOnly(_Wrapper[_Inner]):
    """Reads as the store it wraps, and refuses every write before anything is sent.

    Args:
        inner: the blob or the consensus that is read; what is made is one of the same kind.
    """

    @overload
    def __new__(cls, inner: Blob) -> ReadOnlyBlob: ...
    @overload
    def __new__(cls, inner: Consensus) -> ReadOnlyConsensus: ...
    def __new__(cls, inner: Blob | Consensus) -> ReadOnly[Any]:
        return object.__new__(ReadOnlyBlob if isinstance(inner, Blob) else ReadOnlyConsensus)


class ReadOnlyBlob(ReadOnly[Blob], Blob):
    """A `Blob` that refuses every write; made by `ReadOnly(blob)`."""

    async def get(self, key: str) -> bytes | None:
        return await self.inner.get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self.inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> Never:  # noqa: ARG002 - refused whatever it is
        raise Determinate(f"read-only: {shown(key)} was not written")

    async def delete(self, key: str) -> Never:
        raise Determinate(f"read-only: {shown(key)} was not deleted")

    async def restore(self, key: str) -> Never:
        raise Determinate(f"read-only: {shown(key)} was not restored")

    async def set_if_absent(self, key: str, value: bytes) -> Never:  # noqa: ARG002 - refused whatever it is
        raise Determinate(f"read-only: {shown(key)} was not written")

    async def delete_if_unchanged(self, seen: BlobMetadata) -> Never:
        raise Determinate(f"read-only: {shown(seen.key)} was not deleted")


class ReadOnlyConsensus(ReadOnly[Consensus], Consensus):
    """A `Consensus` that refuses every write; made by `ReadOnly(consensus)`."""

    def list_keys(self) -> AsyncIterator[str]:
        return self.inner.list_keys()

    async def head(self, key: str) -> VersionedData | None:
        return await self.inner.head(key)

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> Never:  # noqa: ARG002 - refused whatever it is
        raise Determinate(f"read-only: {shown(key)} was not written")

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        return await self.inner.scan(key, from_seqno, limit)

    async def truncate(self, key: str, seqno: int) -> Never:  # noqa: ARG002 - refused whatever it is
        raise Determinate(f"read-only: {shown(key)} was not truncated")

    async def close(self) -> None:
        await self.inner.close()
