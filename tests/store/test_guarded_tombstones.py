"""Guarded removals from a blob that keeps what it deletes."""

from __future__ import annotations

import pytest
from support.blobs import keys_of, listed

from procdash.store import Blob, Tombstones
from procdash.store.backends.memory import MemoryBlob


class RivalAtRead(MemoryBlob):
    """A memory blob in which a rival sets another value right after the first one was read."""

    rival = b""

    async def get(self, key: str) -> bytes | None:
        value = await super().get(key)
        rival, self.rival = self.rival, b""
        if rival:
            await self.set(key, rival)
        return value


@pytest.fixture
def inner() -> RivalAtRead:
    return RivalAtRead()


@pytest.fixture
def kept() -> MemoryBlob:
    return MemoryBlob()


@pytest.fixture
def blob(inner: RivalAtRead, kept: MemoryBlob) -> Tombstones:
    return Tombstones(inner, kept)


async def values_of(blob: Blob) -> list[bytes | None]:
    return [await blob.get(key) for key in await keys_of(blob)]


async def test_what_is_removed_is_what_is_kept(blob: Tombstones, kept: MemoryBlob) -> None:
    await blob.set("k", b"v")
    assert await blob.delete_if_unchanged(await listed(blob, "k")) is True
    assert await values_of(kept) == [b"v"]


@pytest.mark.parametrize("is_version_known", [True, False])
async def test_what_a_rival_sets_after_the_old_value_was_kept_stays(
    blob: Tombstones, inner: RivalAtRead, *, is_version_known: bool
) -> None:
    await blob.set("k", b"1")
    seen = await listed(blob, "k")
    inner.rival = b"2"
    assert await blob.delete_if_unchanged(seen if is_version_known else seen._replace(version=None)) is False
    assert await blob.get("k") == b"2"


async def test_what_is_not_removed_keeps_nothing(blob: Tombstones, kept: MemoryBlob) -> None:
    await blob.set("k", b"before")
    seen = await listed(blob, "k")
    assert await blob.delete("k") == 6
    assert await blob.delete_if_unchanged(seen) is False
    await blob.set("k", b"now")
    assert await blob.delete_if_unchanged(seen) is False
    assert await values_of(kept) == [b"before"]


async def test_where_something_is_nothing_is_written(blob: Tombstones, inner: RivalAtRead) -> None:
    assert await blob.set_if_absent("k", b"1") is True
    assert await blob.set_if_absent("k", b"2") is False
    assert await values_of(inner) == [b"1"]
