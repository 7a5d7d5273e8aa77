"""Materialize's `Blob` conformance suite (B1 to B25), over every backend and over wrapped ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.blobs import keys_of

from procdash.store import Blob, Determinate, Tasked, open_blob
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.memory import MemoryBlob

Opener = Callable[[str], Awaitable[Blob]]


@pytest.fixture(params=["memory", "memory url", "local", "local without sync", "local url", "tasked"])
def open_path(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens a handle on the place that a name stands for, a new one at each call."""

    async def opened(name: str) -> Blob:
        match request.param:
            case "memory":
                return MemoryBlob.named(f"{tmp_path}/{name}")
            case "memory url":
                return await open_blob(f"memory://{tmp_path}/{name}")
            case "local":
                return LocalBlob(tmp_path / name)
            case "local without sync":
                return LocalBlob(tmp_path / name, sync=False)
            case "local url":
                return await open_blob((tmp_path / name).as_uri())
            case _:
                return Tasked(LocalBlob(tmp_path / name))

    return opened


K0 = "foo/bar/k0"
V0, V1 = b"v0", b"v1"


async def test_blob_suite(open_path: Opener) -> None:
    blob0 = await open_path("path0")
    await open_path("path1")
    blob1 = await open_path("path0")

    async def both_read(key: str, value: bytes | None) -> bool:
        return await blob0.get(key) == value and await blob1.get(key) == value

    async def both_list(prefix: str, *keys: str) -> bool:
        return await keys_of(blob0, prefix) == await keys_of(blob1, prefix) == sorted(keys)

    assert await both_read(K0, None)  # B4, B5
    assert await both_list("")

    for key in (K0, "k0a"):  # B6, B7
        await blob0.set(key, V0)
        assert await both_read(key, V0)
    assert await both_list("", K0, "k0a")  # B8
    for key in (K0, "k0a"):  # B9, B10
        await blob0.set(key, V1)
        assert await both_read(key, V1)

    assert await blob0.delete(K0) == 2  # B11 to B15
    assert await both_read(K0, None)
    assert await blob0.delete(K0) is None
    assert await blob0.delete("nope") is None
    await blob0.set("empty", b"")
    assert await blob0.delete("empty") == 0

    await blob0.set("undelete", b"data")  # B16 to B19
    await blob0.restore("undelete")
    assert await blob0.get("undelete") == b"data"
    assert await blob0.delete("undelete") == 4
    try:
        await blob0.restore("undelete")
    except Determinate:
        assert await blob0.get("undelete") is None
    else:
        assert await blob0.get("undelete") == b"data"
    await blob0.delete("undelete")

    await blob0.delete("k0a")  # B20
    assert await both_list("")
    await blob0.set(K0, V1)  # B21
    assert await both_read(K0, V1)

    numbered = [f"k{number}" for number in range(1, 6)]
    for key in numbered:  # B22
        await blob0.set(key, V0)
    assert await both_list("", K0, *numbered)
    prefixed = [f"k-prefix-{number}" for number in range(1, 4)]
    for key in prefixed:  # B23, B24
        await blob0.set(key, V0)
    assert await both_list("k-prefix", *prefixed)
    assert await both_list("k", *numbered, *prefixed)

    blob3 = await open_path("path0")  # B25
    assert await blob3.get(K0) == V1


PREFIX_KEYS = ["a", "a.b", "ab/c", "ab/c.d", "ab/cd/e", "ab/d", "b/a/b", "é/x"]
PREFIXES = [
    "",
    "a",
    "a.",
    "ab",
    "ab/",
    "ab/c",
    "ab/cd",
    "ab/cd/",
    "ab/cd/e",
    "ab/cd/ef",
    "b/",
    "b/a",
    "é",
    "A",
    "z",
]
IMPOSSIBLE_PREFIXES = ["/", "//", ".", "..", "../", "./a", "ab//", "ab/../", "ab/c\0", "ab/\0/x", "\ud800/x"]
LONG_PREFIXES = [pytest.param("x" * 300, id="long"), pytest.param("x" * 300 + "/y", id="long directory")]


@pytest.mark.parametrize("prefix", [*PREFIXES, *IMPOSSIBLE_PREFIXES, *LONG_PREFIXES])
async def test_a_prefix_is_one_of_the_whole_key(open_path: Opener, prefix: str) -> None:
    blob = await open_path("path0")
    for key in PREFIX_KEYS:
        await blob.set(key, b"")
    found = [metadata.key async for metadata in blob.list_keys_and_metadata(prefix)]
    assert sorted(found) == sorted(key for key in PREFIX_KEYS if key.startswith(prefix))


async def test_a_listing_is_in_byte_order(open_path: Opener) -> None:
    blob = await open_path("path0")
    ordered = ["a", "a!b", "a.b", "a/b", "a/b-c", "a/b/c", "a0", "ab", "b", "é", "\uffff", "😀"]
    for key in reversed([key for key in ordered if key not in ("a", "a/b")]):
        await blob.set(key, b"")
    found = [metadata.key async for metadata in blob.list_keys_and_metadata("")]
    assert found == [key for key in ordered if key not in ("a", "a/b")]


async def test_what_a_listing_says(open_path: Opener) -> None:
    blob = await open_path("path0")
    await blob.set("a", b"12345")
    [first] = [metadata async for metadata in blob.list_keys_and_metadata("")]
    assert (first.key, first.size_in_bytes) == ("a", 5)
    assert first.modified_at is not None
    assert first.modified_at.utcoffset() is not None
    await blob.set("a", b"54321")
    [second] = [metadata async for metadata in blob.list_keys_and_metadata("")]
    assert second.version != first.version
    [again] = [metadata async for metadata in blob.list_keys_and_metadata("a")]
    assert again == second


async def test_keys_may_come_and_go_during_a_listing(open_path: Opener) -> None:
    blob = await open_path("path0")
    for number in range(20):
        await blob.set(f"d{number % 4}/{number}", b"")
    listing = blob.list_keys_and_metadata("")
    first = await anext(listing)
    for number in range(20):
        await blob.delete(f"d{number % 4}/{number}")
    await blob.set("z", b"")
    rest = [metadata.key async for metadata in listing]
    assert first.key == "d0/0"
    assert set(rest) <= {"z", *(f"d{number % 4}/{number}" for number in range(20))}


async def test_a_key_may_take_the_place_of_a_deleted_deeper_one(open_path: Opener) -> None:
    blob = await open_path("path0")
    await blob.set("foo/bar/k0", b"deep")
    await blob.set("foo/baz/k1", b"deep")
    await blob.delete("foo/bar/k0")
    await blob.delete("foo/baz/k1")
    await blob.set("foo", b"shallow")
    assert await blob.get("foo") == b"shallow"
    assert await keys_of(blob) == ["foo"]


@pytest.mark.parametrize("size", [0, 1, 4_096, 1 << 20, (1 << 22) + 1])
async def test_values_of_every_size(open_path: Opener, size: int) -> None:
    blob = await open_path("path0")
    value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    await blob.set("k", value)
    assert await blob.get("k") == value
    assert await blob.delete("k") == size


async def test_an_empty_key_is_refused(open_path: Opener) -> None:
    blob = await open_path("path0")
    with pytest.raises(Determinate):
        await blob.set("", b"")
    assert await keys_of(blob) == []


async def test_a_memory_blob_keeps_its_own_copy() -> None:
    blob = MemoryBlob()
    value = bytearray(b"before")
    await blob.set("k", value)  # type: ignore[arg-type]  # what a caller without types may pass
    value[:] = b"after!"
    assert await blob.get("k") == b"before"
