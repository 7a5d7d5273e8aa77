"""Writes that happen only where nothing came in between: what every `Blob` promises about them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from support.blob_openers import BlobBackend, OpenPath
from support.blobs import fill, keys_of, listed

from procdash.store import BlobMetadata, Determinate, ExternalError

pytestmark = pytest.mark.suite("guarded")

CREATORS = 8
BAD_KEYS = ["", "/etc/passwd", "..", "a/../b", "a//b", "a/", "a\0b", "\ud800"]
BIG = b"new" * 100_000


async def test_where_nothing_is_it_is_written(open_path: OpenPath) -> None:
    blob, other = await open_path("path0"), await open_path("path0")
    await fill(blob, {"ab": b"longer", "b/a": b"deeper"})
    assert await blob.set_if_absent("a", b"1") is True
    assert await other.get("a") == b"1"
    assert await keys_of(other) == ["a", "ab", "b/a"]


@pytest.mark.parametrize("value", [b"", b"old"])
async def test_where_something_is_it_stays_untouched(open_path: OpenPath, value: bytes) -> None:
    blob, other = await open_path("path0"), await open_path("path0")
    await blob.set("d/k", value)
    before = await listed(blob, "d/k")
    assert await other.set_if_absent("d/k", b"new") is False
    assert await other.set_if_absent("d/k", value) is False
    assert await blob.get("d/k") == value
    assert await listed(blob, "d/k") == before


async def test_what_was_deleted_may_be_written_again(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    for value in (b"1", b"2"):
        assert await blob.set_if_absent("d/k", value) is True
        assert await blob.delete_if_unchanged(await listed(blob, "d/k")) is True
        assert await blob.get("d/k") is None
        await blob.delete("d/")
    assert await keys_of(blob) == []


async def test_of_racing_creators_one_succeeds(open_path: OpenPath, blob_backend: BlobBackend) -> None:
    blobs = [await open_path("path0") for _ in range(CREATORS)]
    for turn in range(2):
        values = [f"{turn} {number}".encode() * 1_000 for number in range(CREATORS)]
        created = await asyncio.gather(
            *(blob.set_if_absent(f"d/{turn}", value) for blob, value in zip(blobs, values, strict=True))
        )
        winners = [value for value, was_created in zip(values, created, strict=True) if was_created]
        assert await blobs[0].get(f"d/{turn}") in winners
        assert len(winners) == 1 or not blob_backend.creates_once
    assert await keys_of(blobs[0]) == ["d/0", "d/1"]


async def test_what_is_as_it_was_seen_is_removed(open_path: OpenPath) -> None:
    blob, other = await open_path("path0"), await open_path("path0")
    await fill(blob, {"a/b": b"12345", "a/bc": b"12345", "empty": b""})
    for key in ("a/b", "empty"):
        seen = await listed(blob, key)
        assert await other.delete_if_unchanged(seen) is True
        assert await blob.get(key) is None
        assert await other.delete_if_unchanged(seen) is False
    assert await keys_of(blob) == ["a/bc"]


@pytest.mark.parametrize("value", [b"54321", b"123456", b""])
async def test_what_has_changed_stays_untouched(open_path: OpenPath, value: bytes) -> None:
    blob, other = await open_path("path0"), await open_path("path0")
    await blob.set("k", b"12345")
    seen = await listed(other, "k")
    await blob.set("k", value)
    changed = await listed(blob, "k")
    assert await other.delete_if_unchanged(seen) is False
    assert await blob.get("k") == value
    assert await listed(blob, "k") == changed


async def test_only_what_is_known_is_compared(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    for takes_version in (True, False):
        await blob.set("k", b"12345")
        seen = await listed(blob, "k")
        known = BlobMetadata("k", 5, None, seen.version if takes_version else None)
        for other in (
            known._replace(size_in_bytes=4),
            known._replace(size_in_bytes=6),
            known._replace(version=""),
        ):
            assert await blob.delete_if_unchanged(other) is False
        assert await listed(blob, "k") == seen
        assert await blob.delete_if_unchanged(known) is True
        assert await keys_of(blob) == []


async def test_of_racing_removers_none_removes_what_came_later(open_path: OpenPath) -> None:
    blobs = [await open_path("path0") for _ in range(4)]
    await blobs[0].set("k", b"1")
    first = await listed(blobs[0], "k")
    removed = await asyncio.gather(*(blob.delete_if_unchanged(first) for blob in blobs))
    assert any(removed)
    await blobs[0].set("k", b"2")
    assert not any(await asyncio.gather(*(blob.delete_if_unchanged(first) for blob in blobs)))
    assert await blobs[0].get("k") == b"2"


async def test_what_was_removed_comes_back(open_path: OpenPath, blob_backend: BlobBackend) -> None:
    blob = await open_path("path0")
    await blob.set("k", b"1")
    seen = await listed(blob, "k")
    assert await blob.delete_if_unchanged(seen) is True
    if not blob_backend.restores:
        with pytest.raises(Determinate, match="unable to restore"):
            await blob.restore("k")
        return
    assert await blob.delete_if_unchanged(seen) is False
    await blob.restore("k")
    assert await blob.get("k") == b"1"


@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
async def test_keys_that_no_store_can_hold(open_path: OpenPath, blob_backend: BlobBackend, key: str) -> None:
    blob = await open_path("path0")
    if blob_backend.takes_any_key and key:
        assert await blob.set_if_absent(key, b"v") is True
        assert await blob.delete_if_unchanged(BlobMetadata(key, 1)) is True
        return
    await blob.set("a b", b"v")
    with pytest.raises(Determinate):
        await blob.set_if_absent(key, b"v")
    try:
        assert await blob.delete_if_unchanged(BlobMetadata(key, 1)) is False
    except ExternalError as error:
        assert isinstance(error, Determinate)  # noqa: PT017 - finding nothing is as good
    assert await keys_of(blob) == ["a b"]


async def test_a_cancelled_caller_leaves_it_whole_or_not_there(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    creating = asyncio.create_task(blob.set_if_absent("k", BIG))
    await asyncio.sleep(0)
    creating.cancel()
    with suppress(asyncio.CancelledError):  # a store in memory was done at once
        await creating
    assert await blob.get("k") in (None, BIG)
    await blob.set("other", b"old")
    removing = asyncio.create_task(blob.delete_if_unchanged(await listed(blob, "other")))
    await asyncio.sleep(0)
    removing.cancel()
    with suppress(asyncio.CancelledError):
        await removing
    assert await blob.get("other") in (None, b"old")
    assert set(await keys_of(blob)) <= {"k", "other"}
