"""Segments as they are found in a key-value store: through the walk, through loading and through deletion."""

from __future__ import annotations

import itertools

import pytest
from support.blobs import ID, OTHER_ID, ListedBlob, fill, keys_of, message, summary

from procdash.store import Determinate, KeySet, ProcedureStore, StateStore
from procdash.store.backends.memory import MemoryBlob

PREFIX = "/__procedure__/"
STEP = f"procedure/{ID}/0000000000.step"
WHOLE = message("one text that is long enough to be cut into three")
HEAD, FIRST, SECOND = WHOLE[:20], WHOLE[20:40], WHOLE[40:]


def _key_value_store(blob: MemoryBlob, limit: int | None = None) -> ProcedureStore:
    return ProcedureStore(StateStore(blob, PREFIX, limit))


async def _walk(store: ProcedureStore) -> list[tuple[KeySet, bytes]]:
    return [found async for found in store.state_store.walk_top_down("procedure/")]


@pytest.mark.parametrize("names", [("1", "2"), ("0000000001", "0000000002"), ("0001", "0002")])
async def test_whole_segments_are_merged(names: tuple[str, str]) -> None:
    blob = MemoryBlob()
    first, second = names
    await fill(
        blob,
        {
            f"{PREFIX}{STEP}": HEAD,
            f"{PREFIX}{STEP}/{second}": SECOND,
            f"{PREFIX}{STEP}/{first}": FIRST,
        },
    )
    store = _key_value_store(blob)
    assert await _walk(store) == [(KeySet(STEP, 2), WHOLE)]
    assert list((await store.load_messages()).messages) == [ID]


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        ({f"{STEP}/0000000002": SECOND}, r"Corrupted segment keys.*\[2\]"),
        ({f"{STEP}/0000000001": FIRST, f"{STEP}/1": FIRST}, r"Corrupted segment keys.*\[1, 1\]"),
        ({f"{STEP}.bak": b""}, "Failed to parse segment key"),
        ({f"{STEP}X": b""}, "Failed to parse segment key"),
        ({"procedure/": b""}, "Failed to parse segment key"),
        ({f"procedure/{ID}/": b""}, "Failed to parse segment key"),
    ],
)
async def test_one_corrupt_key_fails_the_whole_load(others: dict[str, bytes], problem: str) -> None:
    blob = MemoryBlob()
    healthy = f"procedure/{OTHER_ID}/0000000000.step"
    values = {STEP: HEAD, healthy: message(), **others}
    await fill(blob, {PREFIX + key: value for key, value in values.items()})
    store = _key_value_store(blob)
    with pytest.raises(Determinate, match=problem):
        await _walk(store)
    with pytest.raises(Determinate, match=problem):
        await store.load_messages()


async def test_a_missing_last_segment_cuts_the_value_short() -> None:
    blob = MemoryBlob()
    await fill(blob, {f"{PREFIX}{STEP}": HEAD, f"{PREFIX}{STEP}/0000000001": FIRST})
    store = _key_value_store(blob)
    assert await _walk(store) == [(KeySet(STEP, 1), HEAD + FIRST)]
    assert summary(await store.load_messages()) == {}


async def test_a_stale_last_segment_makes_the_value_unreadable() -> None:
    blob = MemoryBlob()
    store = _key_value_store(blob, limit=60)
    await store.store_procedure(ID, 0, "T", "x" * 100)
    await store.store_procedure(ID, 0, "T", "x")
    assert len(await keys_of(blob)) > 2
    assert summary(await store.load_messages()) == {}


async def test_segments_without_a_head_are_unknown_keys_and_stay() -> None:
    blob = MemoryBlob()
    values = {f"{STEP}/0000000001": FIRST, f"{STEP}/0000000002": SECOND}
    await fill(blob, {PREFIX + key: value for key, value in values.items()})
    store = _key_value_store(blob)
    assert await _walk(store) == [(KeySet(key), value) for key, value in sorted(values.items())]
    assert summary(await store.load_messages()) == {}
    await store.delete_procedure(ID)
    assert await keys_of(blob) == sorted(PREFIX + key for key in values)


async def test_an_object_store_does_not_merge() -> None:
    blob = MemoryBlob()
    await fill(blob, {STEP: WHOLE, f"{STEP}/0000000002": b"", f"{STEP}.bak": b""})
    store = ProcedureStore(StateStore(blob))
    assert summary(await store.load_messages()) == {ID: "loaded one text that is long enough to be cut into three"}


@pytest.mark.parametrize("key_type", ["step", "rollback"])
async def test_delete_procedure_deletes_every_segment(key_type: str) -> None:
    blob = MemoryBlob()
    store = _key_value_store(blob, limit=64)
    await store.store_procedure(OTHER_ID, 0, "T", "y" * 300)
    kept = await keys_of(blob)
    for step in range(3):
        await store.store_procedure(ID, step, "T", "x" * 300)
    if key_type == "rollback":
        rolled_back = (await store.load_messages()).messages[ID]
        await store.rollback_procedure(ID, rolled_back)
    else:
        await store.commit_procedure(ID, 3)
    assert len(await keys_of(blob)) > len(kept) + 12
    await store.delete_procedure(ID)
    assert await keys_of(blob) == kept
    assert summary(await store.load_messages()) == {OTHER_ID: "loaded " + "y" * 300}


async def test_truncate_procedure_removes_every_segment() -> None:
    blob = MemoryBlob()
    store = _key_value_store(blob, limit=64)
    for step in range(3):
        await store.store_procedure(ID, step, "T", "x" * 300)
    assert await store.truncate_procedure(ID, 2) == 2
    left = await keys_of(blob)
    assert left
    assert all(f"{ID}/0000000002.step" in key for key in left)


@pytest.mark.parametrize("order", list(itertools.permutations(["", "/1", "/2"])))
async def test_merging_does_not_rest_on_the_order_of_the_listing(order: tuple[str, ...]) -> None:
    blob = ListedBlob([f"{PREFIX}{STEP}{suffix}" for suffix in order])
    await fill(blob, {f"{PREFIX}{STEP}": HEAD, f"{PREFIX}{STEP}/1": FIRST, f"{PREFIX}{STEP}/2": SECOND})
    assert await _walk(_key_value_store(blob)) == [(KeySet(STEP, 2), WHOLE)]
