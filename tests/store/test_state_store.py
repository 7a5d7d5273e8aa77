"""The state store: put, walk and delete, over an object store and over a key-value store."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.blobs import ListedBlob, RecordingBlob, fill, keys_of, make_blob

from procdash.store import Blob, Determinate, Indeterminate, KeySet, StateStore
from procdash.store.backends.memory import MemoryBlob


async def _walk(store: StateStore, path: str) -> list[tuple[str, bytes]]:
    return [(key_set.key, value) async for key_set, value in store.walk_top_down(path)]


async def _put_three(store: StateStore) -> None:
    await store.put("a/1", b"v1")
    await store.put("a/2", b"v2")
    await store.put("b/1", b"v3")


@pytest.mark.parametrize("prefix", ["", "/__procedure__/", "gt1/__procedure__/"])
async def test_meta_state_store(prefix: str) -> None:
    await _check_state_store(StateStore(MemoryBlob(), prefix))


async def test_object_state_store(blob: Blob) -> None:
    await _check_state_store(StateStore(blob))


async def _check_state_store(store: StateStore) -> None:
    assert await _walk(store, "/") == []
    await _put_three(store)
    assert await _walk(store, "/") == [("a/1", b"v1"), ("a/2", b"v2"), ("b/1", b"v3")]
    assert await _walk(store, "a/") == [("a/1", b"v1"), ("a/2", b"v2")]
    await store.batch_delete(["a/2", "b/1"])
    assert await _walk(store, "a/") == [("a/1", b"v1")]
    assert await _walk(store, "/") == [("a/1", b"v1")]


async def test_object_state_store_delete(blob: Blob) -> None:
    store = StateStore(blob)
    await _put_three(store)
    for _ in range(2):
        await store.delete("b/1")
        assert await _walk(store, "a/") == [("a/1", b"v1"), ("a/2", b"v2")]


async def test_a_directory_is_removed_once_it_is_empty(tmp_path: Path) -> None:
    store = StateStore(make_blob("local", tmp_path))
    await store.put("a/1", b"")
    with pytest.raises(Determinate, match="Directory not empty"):
        await store.delete("a/")
    await store.delete("a/1")
    for _ in range(2):
        await store.delete("a/")
        assert not (tmp_path / "a").exists()


async def test_a_put_replaces_the_value(blob: Blob) -> None:
    store = StateStore(blob)
    await store.put("a/1", b"long long ago")
    await store.put("a/1", b"")
    assert await _walk(store, "a/") == [("a/1", b"")]


async def test_the_walk_is_recursive_and_in_byte_order(blob: Blob) -> None:
    keys = ["a/1/x", "a/1.b", "a/10", "a/é", "a/b/c/d"]
    store = StateStore(blob)
    for key in keys:
        await store.put(key, key.encode())
    expected = sorted(keys, key=str.encode)
    assert await _walk(store, "a/") == [(key, key.encode()) for key in expected]


@pytest.mark.parametrize("path", ["a", "", "a/b"])
async def test_a_path_to_walk_ends_with_a_slash(path: str) -> None:
    with pytest.raises(Determinate, match="must end with"):
        await _walk(StateStore(MemoryBlob()), path)


async def test_a_key_that_vanishes_during_the_walk_is_left_out() -> None:
    class Vanishing(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            return None if key == "a/2" else await super().get(key)

    store = StateStore(Vanishing())
    await _put_three(store)
    assert await _walk(store, "a/") == [("a/1", b"v1")]


async def test_a_value_that_cannot_be_read_fails_the_walk() -> None:
    class Broken(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            raise Indeterminate(f"{key} is lost")

    store = StateStore(Broken())
    await _put_three(store)
    with pytest.raises(Indeterminate, match="a/1 is lost"):
        await _walk(store, "/")


async def test_a_doubled_prefix_is_stripped_as_upstream_strips_it() -> None:
    blob = MemoryBlob()
    await fill(blob, {"/p/a/1": b"1", "/p//p/a/2": b"2"})
    assert await _walk(StateStore(blob, "/p/"), "/") == [("a/2", b"2"), ("a/1", b"1")]


async def test_keys_outside_the_prefix_are_not_seen_and_stay() -> None:
    blob = MemoryBlob()
    await fill(blob, {"/__procedure_poison/table/1": b"", "/__procedure__": b"", "a/1": b""})
    store = StateStore(blob, "/__procedure__/")
    assert await _walk(store, "/") == []
    await store.delete("a/1")
    assert len(await keys_of(blob)) == 3


@st.composite
def _split_values(draw: st.DrawFn) -> tuple[int, list[bytes]]:
    limit = draw(st.integers(128, 512))
    sizes = draw(st.lists(st.integers(0, 8_192) | st.sampled_from([limit, 2 * limit, 2 * limit + 1]), max_size=8))
    return limit, [bytes([index]) * size for index, size in enumerate(sizes)]


@given(_split_values())
@settings(max_examples=40)
async def test_meta_state_store_split_value(limit_and_values: tuple[int, list[bytes]]) -> None:
    limit, values = limit_and_values
    blob = MemoryBlob()
    store = StateStore(blob, "/__procedure__/", limit)
    for letter, value in zip("abcdefgh", values, strict=False):
        await store.put(f"{letter}/00000000-0000-0000-0000-000000000000.commit", value)
    for letter, value in zip("abcdefgh", values, strict=False):
        found = [found async for found in store.walk_top_down(f"{letter}/")]
        assert [whole for _, whole in found] == [value]
        keys = found[0][0].keys()
        assert len(keys) == max(1, -(-len(value) // limit))
        assert await keys_of(blob, f"/__procedure__/{letter}/") == [f"/__procedure__/{key}" for key in keys]
        await store.batch_delete(keys)
        assert [found async for found in store.walk_top_down(f"{letter}/")] == []
    assert await keys_of(blob) == []


@pytest.mark.parametrize("size", [0, 1, 1_535_999, 1_536_000, 1_536_001, 3 * 1_536_000])
async def test_a_metasrv_splits_at_1500_kib(size: int) -> None:
    """Upstream's `test_etcd_store_split_value`, whose chunks leave a kilobyte for the key."""
    limit = 1_536_000 - 1_024
    value = os.urandom(size)
    blob = MemoryBlob()
    store = StateStore(blob, "test_etcd_store_split_value/", limit)
    await store.put("procedure/x", value)
    found = [found async for found in store.walk_top_down("procedure/")]
    assert found == [(KeySet("procedure/x", max(0, -(-size // limit) - 1)), value)]


async def test_the_head_of_a_split_value_is_written_last() -> None:
    blob = RecordingBlob()
    await StateStore(blob, max_value_size=1).put("k", b"abc")
    assert blob.calls[-1] == ("set", "k")
    assert sorted(key for _, key in blob.calls) == ["k", "k/0000000001", "k/0000000002"]


async def test_a_put_that_fails_leaves_no_write_under_way() -> None:
    class Slow(MemoryBlob):
        under_way = 0

        async def set(self, key: str, value: bytes) -> None:
            if key == "k/0000000001":
                raise Indeterminate("lost")
            self.under_way += 1
            for _ in range(5):
                await asyncio.sleep(0)
            self.under_way -= 1
            await super().set(key, value)

    blob = Slow()
    with pytest.raises(Indeterminate, match="lost"):
        await StateStore(blob, max_value_size=1).put("k", b"abcd")
    assert blob.under_way == 0
    assert await blob.get("k") is None


@pytest.mark.parametrize(("prefix", "limit", "merges"), [("", None, False), ("/p/", None, True), ("", 9, True)])
async def test_only_a_key_value_store_merges_by_default(prefix: str, limit: int | None, merges: bool) -> None:
    blob = ListedBlob([f"{prefix}a/k", f"{prefix}a/k/1"])
    await fill(blob, {f"{prefix}a/k": b"0", f"{prefix}a/k/1": b"1"})
    expected = [("a/k", b"01")] if merges else [("a/k", b"0"), ("a/k/1", b"1")]
    assert await _walk(StateStore(blob, prefix, limit), "a/") == expected
    assert len(await _walk(StateStore(blob, prefix, limit, merge_segments=False), "a/")) == 2
    assert len(await _walk(StateStore(blob, prefix, limit, merge_segments=True), "a/")) == 1
