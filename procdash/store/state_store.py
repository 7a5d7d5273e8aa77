"""GreptimeDB's `StateStore` over any `Blob`: put, walk, delete, with segments where a key-value store has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from procdash.store.blob import Blob
from procdash.store.errors import Determinate
from procdash.store.keys import listing_order
from procdash.store.segments import KeySet, merge_segments, split_value

_READS_IN_FLIGHT = 32


class StateStore:
    """Keys and values of procedures, as the procedure framework sees them.

    Args:
        blob: where the values live.
        prefix: what every physical key begins with (`/__procedure__/` in a metasrv's key-value store); walks
            give keys without it.
        max_value_size: the longest value in bytes that is kept under one key; longer ones are split. None never
            splits.
        merge_segments: whether a walk merges segment keys, as upstream's key-value state store does and its
            object-store one does not. By default it does where a `prefix` or a `max_value_size` says that this
            is a key-value store.
    """

    def __init__(
        self,
        blob: Blob,
        prefix: str = "",
        max_value_size: int | None = None,
        *,
        merge_segments: bool | None = None,
    ) -> None:
        self.blob = blob
        self._prefix = prefix
        self._max_value_size = max_value_size
        self._merges = bool(prefix or max_value_size) if merge_segments is None else merge_segments

    async def put(self, key: str, value: bytes) -> None:
        """Write `value` under `key`, split where it is too long.

        A split value is **not** written atomically: the bare key comes last, so that a crash leaves segments
        without a head, which every reader ignores.
        """
        *segments, (head_key, head) = reversed(split_value(self._prefix + key, value, self._max_value_size))
        writes = (self.blob.set(segment_key, chunk) for segment_key, chunk in segments)
        # All of them end before this does: a write left under way could land on top of a later one.
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        await self.blob.set(head_key, head)

    async def walk_top_down(self, path: str) -> AsyncIterator[tuple[KeySet, bytes]]:
        """Every key under `path` with its value, in byte order.

        Args:
            path: ends with `/`; `/` alone is the whole store.

        Raises:
            Determinate: if `path` does not end with `/`, or segments are corrupt. What was collected for the
                corrupt key is not given.
        """
        if not path.endswith("/"):
            raise Determinate(f"a path to walk must end with '/': {path!r}")
        pairs = self._values_under("" if path == "/" else path)
        if self._merges:
            async for key_set, value in merge_segments(pairs):
                yield key_set, value
        else:
            async for key, value in pairs:
                yield KeySet(key), value

    async def batch_delete(self, keys: Iterable[str]) -> None:
        """Delete each of `keys`; the ones that do not exist are fine."""
        for key in keys:
            await self.delete(key)

    async def delete(self, key: str) -> None:
        """Delete `key`; fine where it does not exist.

        A key that ends with `/` is a directory: on a local directory it is removed if it is empty, elsewhere
        there is nothing to remove.
        """
        await self.blob.delete(self._prefix + key)

    async def _values_under(self, path: str) -> AsyncIterator[tuple[str, bytes]]:
        listing = self.blob.list_keys_and_metadata(self._prefix + path)
        keys = sorted([metadata.key async for metadata in listing], key=listing_order)
        for start in range(0, len(keys), _READS_IN_FLIGHT):
            batch = keys[start : start + _READS_IN_FLIGHT]
            for key, value in zip(batch, await asyncio.gather(*map(self.blob.get, batch)), strict=True):
                if value is not None:  # it vanished since the listing, as if it had been listed later
                    yield self._without_prefix(key), value

    def _without_prefix(self, key: str) -> str:
        while self._prefix and key.startswith(self._prefix):
            key = key[len(self._prefix) :]
        return key
