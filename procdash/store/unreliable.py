"""A store that fails on purpose, after Materialize `persist` `unreliable.rs`: for tests of what stands on it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Generic, TypeVar, overload

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.consensus import SCAN_ALL, CaSResult, Consensus, VersionedData
from procdash.store.errors import Determinate, Indeterminate

_Result = TypeVar("_Result")
_Inner = TypeVar("_Inner", bound=Blob | Consensus)
_SHOULD_HAPPEN = 0.95
_SHOULD_TIMEOUT = 0.05


class UnreliableHandle:
    """Decides how each operation of the stores that share it ends.

    Two independent draws per operation give four ends: it is done and said so; it is done and times out; it is
    not done and times out; it is not done, and that is said.

    Args:
        seed: the same seed and the same order of operations give the same ends.
        should_happen: the share of operations that take effect, 0 to 1.
        should_timeout: the share of operations that seem to time out, 0 to 1.
    """

    def __init__(
        self, seed: int, should_happen: float = _SHOULD_HAPPEN, should_timeout: float = _SHOULD_TIMEOUT
    ) -> None:
        self.should_happen = should_happen
        """The share of operations that take effect from now on, 0 to 1."""
        self.should_timeout = should_timeout
        """The share of operations that seem to time out from now on, 0 to 1."""
        self._random = random.Random(seed)  # noqa: S311 - it must be repeatable

    def totally_available(self) -> None:
        """From now on everything is done and said so."""
        self.should_happen, self.should_timeout = 1.0, 0.0

    def totally_unavailable(self) -> None:
        """From now on nothing is done, and everything times out."""
        self.should_happen, self.should_timeout = 0.0, 1.0

    async def run(self, what: str, operation: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Do an operation, or not, and say so, or not.

        Args:
            what: its name for the error.
            operation: starts it; called only if it is to happen.

        Raises:
            Indeterminate: if it times out, whether it was done or not.
            Determinate: if it is not done.
        """
        happens = self._random.random() < self.should_happen
        times_out = self._random.random() < self.should_timeout
        if happens:
            result = await operation()
            if not times_out:
                return result
        if times_out:
            raise Indeterminate.timeout(what)
        raise Determinate("unreliable")


class _Failing(Generic[_Inner]):
    def __init__(self, inner: _Inner, handle: UnreliableHandle) -> None:
        self.inner = inner
        """The store that does what is done."""
        self.handle = handle
        """What decides."""


class Unreliable(_Failing[_Inner]):
    """A store whose operations fail as its handle decides.

    Args:
        inner: the blob or the consensus that does what is done; what is made is one of the same kind.
        handle: decides; may be shared with other stores and changed at any time.
    """

    @overload
    def __new__(cls, inner: Blob, handle: UnreliableHandle) -> UnreliableBlob: ...
    @overload
    def __new__(cls, inner: Consensus, handle: UnreliableHandle) -> UnreliableConsensus: ...
    def __new__(cls, inner: Blob | Consensus, handle: UnreliableHandle) -> Unreliable[Any]:
        del handle
        return object.__new__(UnreliableBlob if isinstance(inner, Blob) else UnreliableConsensus)


class UnreliableBlob(Unreliable[Blob], Blob):
    """A `Blob` that fails on purpose; made by `Unreliable(blob, handle)`."""

    async def get(self, key: str) -> bytes | None:
        return await self.handle.run("get", lambda: self.inner.get(key))

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        async def collected() -> list[BlobMetadata]:
            return [metadata async for metadata in self.inner.list_keys_and_metadata(key_prefix)]

        for metadata in await self.handle.run("list_keys_and_metadata", collected):
            yield metadata

    async def set(self, key: str, value: bytes) -> None:
        await self.handle.run("set", lambda: self.inner.set(key, value))

    async def delete(self, key: str) -> int | None:
        return await self.handle.run("delete", lambda: self.inner.delete(key))

    async def restore(self, key: str) -> None:
        await self.handle.run("restore", lambda: self.inner.restore(key))

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        return await self.handle.run("set_if_absent", lambda: self.inner.set_if_absent(key, value))

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        return await self.handle.run("delete_if_unchanged", lambda: self.inner.delete_if_unchanged(seen))


class UnreliableConsensus(Unreliable[Consensus], Consensus):
    """A `Consensus` that fails on purpose; made by `Unreliable(consensus, handle)`."""

    async def list_keys(self) -> AsyncIterator[str]:
        async def collected() -> list[str]:
            return [key async for key in self.inner.list_keys()]

        for key in await self.handle.run("list_keys", collected):
            yield key

    async def head(self, key: str) -> VersionedData | None:
        return await self.handle.run("head", lambda: self.inner.head(key))

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        return await self.handle.run("compare_and_set", lambda: self.inner.compare_and_set(key, expected, new))

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        return await self.handle.run("scan", lambda: self.inner.scan(key, from_seqno, limit))

    async def truncate(self, key: str, seqno: int) -> int:
        return await self.handle.run("truncate", lambda: self.inner.truncate(key, seqno))

    async def close(self) -> None:
        await self.inner.close()
