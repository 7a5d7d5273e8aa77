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
