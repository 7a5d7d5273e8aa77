"""A store in which something happens right before a write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from procdash.store import Blob, BlobMetadata


class Interrupted(Blob):
    """Calls something right before the n-th write, counted from 1.

    Args:
        inner: what does the work.
        at: which write.
        interruption: what is called; what it raises ends the write.
    """

    def __init__(self, inner: Blob, at: int, interruption: Callable[[], object]) -> None:
        self.inner = inner
        self.writes: list[str] = []
        self._at = at
        self._interruption = interruption

    def _note(self, key: str) -> None:
        self.writes.append(key)
        if len(self.writes) == self._at:
            self._interruption()

    async def get(self, key: str) -> bytes | None:
        return await self.inner.get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self.inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> None:
        raise AssertionError((key, value))

    async def delete(self, key: str) -> int | None:
        self._note(key)
        return await self.inner.delete(key)

    async def restore(self, key: str) -> None:
        raise AssertionError(key)

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        self._note(key)
        return await self.inner.set_if_absent(key, value)

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        self._note(seen.key)
        return await self.inner.delete_if_unchanged(seen)
