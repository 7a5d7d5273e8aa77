"""What every `Blob` must do that Materialize's suite does not test."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from support.blob_openers import BlobBackend, OpenPath
from support.blobs import keys_of

from procdash.store import Determinate, ExternalError

pytestmark = pytest.mark.suite("beyond")

KEYS = ["a.b", "ab/c", "ab/c.d", "ab/cd/e", "ab/d", "b/a/b", "b c/%41", "é/😀"]
PREFIXES = ["", "a", "a.", "ab", "ab/", "ab/c", "ab/cd", "ab/cd/", "ab/cd/e", "ab/cd/ef", "b/", "b", "é", "A", "z"]
IMPOSSIBLE_PREFIXES = ["/", "//", ".", "..", "../", "./a", "ab//", "ab/../", "ab/c\0", "ab/\0/x", "\ud800/x"]
BAD_KEYS = ["", "/etc/passwd", "..", "../up", "a/../b", "a/./b", "a//b", "a\0b", "\ud800", "x" * (1 << 20)]


async def test_a_prefix_is_one_of_the_whole_key(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    await asyncio.gather(*(blob.set(key, b"") for key in KEYS))
    for prefix in [*PREFIXES, *IMPOSSIBLE_PREFIXES, "x" * 300, "x" * 300 + "/y"]:
        expected = sorted(key for key in KEYS if key.startswith(prefix))
        assert (prefix, await keys_of(blob, prefix)) == (prefix, expected)


async def test_places_do_not_see_each_other(open_path: OpenPath) -> None:
    one, other, longer = await open_path("path"), await open_path("other"), await open_path("path2")
    await one.set("k", b"1")
    assert await other.get("k") is None
    assert await keys_of(other) == await keys_of(longer) == []
    assert await other.delete("k") is None
    assert await one.get("k") == b"1"


async def test_what_a_listing_says(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    before = datetime.now(UTC)
    await blob.set("a/b", b"12345")
    [first] = [metadata async for metadata in blob.list_keys_and_metadata("")]
    assert (first.key, first.size_in_bytes) == ("a/b", 5)
    assert first.modified_at is not None
    assert abs(first.modified_at - before) < timedelta(seconds=30)
    await blob.set("a/b", b"54321")
    [second] = [metadata async for metadata in blob.list_keys_and_metadata("a/")]
    assert first.version != second.version
    [again] = [metadata async for metadata in blob.list_keys_and_metadata("a")]
    assert again == second


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 23) + 1])
async def test_values_of_every_size(open_path: OpenPath, size: int) -> None:
    blob = await open_path("path0")
    value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    await blob.set("k", value)
    assert await blob.get("k") == value
    assert await blob.delete("k") == size


async def test_a_reader_never_sees_half_a_value(open_path: OpenPath) -> None:
    writer, reader = await open_path("path0"), await open_path("path0")
    values = [bytes([number]) * 100_000 for number in range(1, 21)]
    await writer.set("k", values[0])
    done = asyncio.Event()

    async def write() -> None:
        for value in values:
            await writer.set("k", value)
        done.set()

    async def read() -> list[bytes | None]:
        seen = [await reader.get("k")]
        while not done.is_set():
            seen.append(await reader.get("k"))
        return seen

    _, *seen = await asyncio.gather(write(), read(), read())
    assert {value for values_of_one in seen for value in values_of_one} <= set(values)


async def test_keys_may_come_and_go_during_a_listing(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    for number in range(20):
        await blob.set(f"d{number % 4}/{number}", b"")
    listing = blob.list_keys_and_metadata("")
    first = await anext(listing)
    await asyncio.gather(*(blob.delete(f"d{number % 4}/{number}") for number in range(20)))
    await blob.set("z", b"")
    rest = {metadata.key async for metadata in listing}
    assert {first.key, *rest} <= {"z", *(f"d{number % 4}/{number}" for number in range(20))}


async def test_a_cancelled_write_is_whole_or_not_there(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    await blob.set("k", b"old")
    writing = asyncio.create_task(blob.set("k", b"new" * 100_000))
    await asyncio.sleep(0)
    writing.cancel()
    with suppress(asyncio.CancelledError):  # a store in memory was done at once
        await writing
    assert await blob.get("k") in (b"old", b"new" * 100_000)
    assert await keys_of(blob) == ["k"]


async def test_deleting_a_directory_touches_no_key(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    await blob.set("a", b"1")
    await blob.delete("b/")
    assert await blob.get("a") == b"1"


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: ascii(key[:12]))
async def test_keys_that_no_store_can_hold(open_path: OpenPath, blob_backend: BlobBackend, key: str) -> None:
    blob = await open_path("path0")
    if blob_backend.takes_any_key and key:
        await blob.set(key, b"v")
        assert await blob.delete(key) == 1
        return
    with pytest.raises(Determinate) as caught:
        await blob.set(key, b"v")
    assert len(str(caught.value)) < 1_000
    assert "\0" not in str(caught.value)
    for operation in (blob.get, blob.delete):
        try:
            assert await operation(key) is None
        except ExternalError as error:
            assert isinstance(error, Determinate)  # noqa: PT017 - finding nothing is as good
    assert await keys_of(blob) == []


async def test_a_name_that_is_a_bit_long_is_kept_or_refused(open_path: OpenPath) -> None:
    blob = await open_path("path0")
    key = "é" * 200
    try:
        await blob.set(key, b"v")
    except Determinate:
        assert await keys_of(blob) == []
    except ExternalError:
        assert await keys_of(blob) in ([], [key])  # it may have happened
    else:
        assert await keys_of(blob) == [key]
        assert await blob.get(key) == b"v"


async def test_what_was_deleted_comes_back_as_it_was(open_path: OpenPath, blob_backend: BlobBackend) -> None:
    blob, other = await open_path("path0"), await open_path("path0")
    await blob.set("a/b", b"deep")
    assert await blob.delete("a/b") == 4
    await blob.delete("a/")
    if not blob_backend.restores:
        with pytest.raises(Determinate, match="unable to restore"):
            await blob.restore("a/b")
        return
    await blob.set("a", b"shallow")
    assert await blob.delete("a") == 7
    await blob.set("a", b"newer")
    assert await blob.delete("a") == 5
    assert await keys_of(other) == []
    await other.restore("a")
    assert await blob.get("a") == b"newer"
    await blob.restore("a")
    await blob.delete("a")
    await other.restore("a/b")
    assert await blob.get("a/b") == b"deep"
    with pytest.raises(Determinate):
        await blob.restore("never was")
