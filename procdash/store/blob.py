"""The `Blob` contract: a map from keys to values, after Materialize `persist` `location.rs`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple


class BlobMetadata(NamedTuple):
    """What a listing says about one key."""

    key: str
    """The whole key."""
    size_in_bytes: int
    """Size of the value, in bytes."""
    modified_at: datetime | None = None
    """When the value was last written, in UTC; None where the backend does not know."""
    version: str | None = None
    """An opaque token that differs whenever the value was written anew; None where the backend has none."""

    def has_value_of(self, seen: BlobMetadata) -> bool:
        """Whether the value is still the one that was `seen`, by its size and its version.

        A version that is None on either side is not compared, and the modification time never is.
        """
        is_same_version = None in (self.version, seen.version) or self.version == seen.version
        return self.size_in_bytes == seen.size_in_bytes and is_same_version


class Blob(ABC):
    """A durable map from keys to values, shared by every handle and process that opened the same place.

    Linearizable: what one handle wrote, every handle reads at once. Each method raises `Determinate` where
    nothing happened and `Indeterminate` where it may have.
    """

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """The value under `key`, or None where there is none."""

    @abstractmethod
    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        """List the keys that start with `key_prefix`, in no promised order.

        The prefix is a plain string prefix of the whole key, also where it contains `/`. Temporary files and
        kept deletions never appear. A key that vanishes meanwhile may or may not appear.
        """

    @abstractmethod
    async def set(self, key: str, value: bytes) -> None:
        """Write `value` under `key`, whole or not at all; the old value stays intact on failure."""

    @abstractmethod
    async def delete(self, key: str) -> int | None:
        """Remove `key`; returns the size in bytes of what was removed, or None where there was nothing."""

    @abstractmethod
    async def restore(self, key: str) -> None:
        """Bring a deleted `key` back; does nothing where it exists.

        Raises:
            Determinate: if it cannot be brought back.
        """

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        """Write `value` where nothing is under `key`; False where something is, which stays untouched.

        Unless a backend says better, it looks and then writes: what another writer sets in between is overwritten.
        """
        if await self._look(key) is not None:
            return False
        await self.set(key, value)
        return True

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        """Remove `seen.key` if it still has the size and the version that `seen` says.

        Unless a backend says better, it looks and then removes: what another writer sets in between is removed.

        Args:
            seen: what a listing said, or as much of it as is known: `modified_at` is not compared, nor is a
                version of None.

        Returns:
            True where it was removed; False where it is gone or is another one, which stays untouched.
        """
        found = await self._look(seen.key)
        if found is None or not found.has_value_of(seen):
            return False
        return await self.delete(seen.key) is not None

    async def _look(self, key: str) -> BlobMetadata | None:
        """What a listing says about one key; None where it does not show it."""
        found = [metadata async for metadata in self.list_keys_and_metadata(key) if metadata.key == key]
        return found[0] if found else None
