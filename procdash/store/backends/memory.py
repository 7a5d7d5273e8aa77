"""Values in this process's memory, for tests and for trying things out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate

_named: dict[str, MemoryBlob] = {}


class _Value(NamedTuple):
    data: bytes
    modified_at: datetime
    version: str


class MemoryBlob(Blob):
    """A `Blob` in a dict, listed in byte order."""

    def __init__(self) -> None:
        self._values: dict[str, _Value] = {}
        self._versions = count(1)

    @classmethod
    def named(cls, name: str) -> MemoryBlob:
        """The one blob of this process that goes by `name`."""
        return _named.setdefault(name, cls())

    async def get(self, key: str) -> bytes | None:
        value = self._values.get(key)
        return None if value is None else value.data

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        for key in sorted(key for key in self._values if key.startswith(key_prefix)):
            value = self._values.get(key)
            if value is not None:
                yield _metadata(key, value)

    async def set(self, key: str, value: bytes) -> None:
        if not key:
            raise Determinate("a key must not be empty")
        self._values[key] = _Value(bytes(value), datetime.now(UTC), str(next(self._versions)))

    async def delete(self, key: str) -> int | None:
        value = self._values.pop(key, None)
        return None if value is None else len(value.data)

    async def restore(self, key: str) -> None:
        if key not in self._values:
            raise Determinate(f"unable to restore {key} from in-memory state")

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        """Write as the contract says, in one step: nothing here lets another task run in between."""
        if key in self._values:
            return False
        await self.set(key, value)
        return True

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        """Remove as the contract says, in one step: nothing here lets another task run in between."""
        value = self._values.get(seen.key)
        if value is None or not _metadata(seen.key, value).has_value_of(seen):
            return False
        return await self.delete(seen.key) is not None


def _metadata(key: str, value: _Value) -> BlobMetadata:
    return BlobMetadata(key, len(value.data), value.modified_at, value.version)
