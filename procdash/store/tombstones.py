"""Deleted values that are kept, so that `Blob.restore` brings them back: what `?tombstone` asks for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate
from procdash.store.key_rules import shown

_OPTION = "tombstone"
_DIGEST_LENGTH = 16


class Tombstones(Blob):
    """A `Blob` that puts every value it deletes into another one first.

    Of each key the value that was deleted last is kept, until it is restored; nothing else removes it. Deleting
    is two steps, so a value that another writer sets between them is deleted and not kept.

    Args:
        inner: where the values live.
        kept: where deleted values go; nothing that lists `inner` may list it.
    """

    def __init__(self, inner: Blob, kept: Blob) -> None:
        self.inner = inner
        self.kept = kept

    async def get(self, key: str) -> bytes | None:
        return await self.inner.get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self.inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> None:
        await self.inner.set(key, value)

    async def delete(self, key: str) -> int | None:
        await self._keep(key)
        return await self.inner.delete(key)

    async def restore(self, key: str) -> None:
        if await self.inner.get(key) is not None:
            return
        value = await self.kept.get(_kept_key(key))
        if value is None:
            raise Determinate(f"unable to restore {shown(key)}: no deleted value of it is kept")
        await self.inner.set(key, value)
        await self.kept.delete(_kept_key(key))

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        return await self.inner.set_if_absent(key, value)

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        # As strong as the inner blob's: it removes nothing but the version that was there all the while, and so
        # was kept. The look keeps what was deleted before where it is plain that nothing will be removed.
        found = await self._look(seen.key)
        if found is None or not found.has_value_of(seen):
            return False
        await self._keep(seen.key)
        return await self.inner.delete_if_unchanged(found)

    async def _keep(self, key: str) -> None:
        value = None if key.endswith("/") else await self.inner.get(key)
        if value is not None:
            await self.kept.set(_kept_key(key), value)


def split_off_tombstone(url: str) -> tuple[str, bool]:
    """A location without its `?tombstone`, and whether deleted values are to be kept.

    `?tombstone` and `?tombstone=true` ask for it, `?tombstone=false` does not.

    Raises:
        Determinate: if it has another value.
    """
    address, _, query = url.partition("?")
    others: list[str] = []
    keeps = False
    for option in query.split("&") if "://" in url else [query]:
        name, _, value = option.partition("=")
        if name != _OPTION or "://" not in url:
            others.append(option)
        elif value in ("", "true"):
            keeps = True
        elif value == "false":
            keeps = False
        else:
            raise Determinate(f"?{_OPTION} is true or false, not {value!r}")
    rest = "&".join(filter(None, others))
    return (f"{address}?{rest}" if rest else address), keeps


def _kept_key(key: str) -> str:
    """Where a key's value is kept: in a directory of its own, since `a` and `a/b` may have been keys in turn."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{digest}/{key}"
