"""Wrappers: operations that a cancelled caller does not cut short, and blobs that refuse every write."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest
from support.blobs import ID, fill, keys_of, message, store_on

from procdash.store import Blob, BlobMetadata, Determinate, Indeterminate, ReadOnly, Tasked
from procdash.store.backends.memory import MemoryBlob


class HeldBlob(MemoryBlob):
    """A memory blob whose operations wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = asyncio.Event()
        self.let_go = asyncio.Event()
        self.error: Exception | None = None

    async def _hold(self) -> None:
        self.started.set()
        await self.let_go.wait()
        if self.error is not None:
            raise self.error

    async def get(self, key: str) -> bytes | None:
        await self._hold()
        return await super().get(key)

    async def set(self, key: str, value: bytes) -> None:
        await self._hold()
        await super().set(key, value)

    async def delete(self, key: str) -> int | None:
        await self._hold()
        return await super().delete(key)

    async def restore(self, key: str) -> None:
        await self._hold()
        await super().restore(key)


async def _cancelled_in_the_middle(held: HeldBlob, operation: Awaitable[object]) -> None:
    caller = asyncio.ensure_future(operation)
    await held.started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_a_cancelled_caller_does_not_cut_a_write_short() -> None:
    held = HeldBlob()
    blob = Tasked(held)
    await _cancelled_in_the_middle(held, blob.set("k", b"v"))
    held.let_go.set()
    await blob.wait_idle()
    assert await blob.get("k") == b"v"


async def test_a_cancelled_caller_does_not_cut_a_delete_short() -> None:
    held = HeldBlob()
    blob = Tasked(held)
    await MemoryBlob.set(held, "k", b"v")
    await _cancelled_in_the_middle(held, blob.delete("k"))
    held.let_go.set()
    await blob.wait_idle()
    assert await keys_of(blob) == []


async def test_a_cancelled_caller_does_not_cut_a_guarded_write_short() -> None:
    held = HeldBlob()
    blob = Tasked(held)
    await MemoryBlob.set(held, "old", b"v")
    await _cancelled_in_the_middle(held, blob.set_if_absent("new", b"v"))
    held.started.clear()
    await _cancelled_in_the_middle(held, blob.delete_if_unchanged(BlobMetadata("old", 1)))
    held.let_go.set()
    await blob.wait_idle()
    assert await keys_of(blob) == ["new"]


async def test_wait_idle_waits_for_every_operation() -> None:
    held = HeldBlob()
    blob = Tasked(held)
    await blob.wait_idle()
    callers = [asyncio.ensure_future(operation) for operation in (blob.set("a", b""), blob.set("b", b""))]
    await held.started.wait()
    waiting = asyncio.ensure_future(blob.wait_idle())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    held.let_go.set()
    await waiting
    assert await keys_of(blob) == ["a", "b"]
    await asyncio.gather(*callers)


async def test_an_error_that_no_caller_waits_for_is_no_noise(recwarn: pytest.WarningsRecorder) -> None:
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    held = HeldBlob()
    held.error = Indeterminate("lost")
    blob = Tasked(held)
    await _cancelled_in_the_middle(held, blob.set("k", b"v"))
    held.let_go.set()
    await blob.wait_idle()
    gc.collect()
    await asyncio.sleep(0)
    assert reported == []
    assert not recwarn.list


async def test_errors_reach_the_caller() -> None:
    held = HeldBlob()
    held.let_go.set()
    held.error = Determinate("no")
    blob = Tasked(held)
    for operation in (blob.get("k"), blob.set("k", b""), blob.delete("k"), blob.restore("k")):
        with pytest.raises(Determinate, match="no"):
            await operation


async def test_each_operation_is_a_task_of_its_own_and_a_listing_is_not() -> None:
    tasks: list[asyncio.Task[object] | None] = []

    class Watching(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            tasks.append(asyncio.current_task())
            return await super().get(key)

    blob = Tasked(Watching())
    await blob.get("k")
    await blob.get("k")
    assert len({*tasks, asyncio.current_task()}) == 3
    assert type(blob.list_keys_and_metadata("")) is type(MemoryBlob().list_keys_and_metadata(""))


WRITES: list[Callable[[Blob], Awaitable[object]]] = [
    lambda blob: blob.set("k", b"new"),
    lambda blob: blob.set("other", b"new"),
    lambda blob: blob.delete("k"),
    lambda blob: blob.delete("k/"),
    lambda blob: blob.delete("not there"),
    lambda blob: blob.restore("k"),
    lambda blob: blob.set_if_absent("k", b"new"),
    lambda blob: blob.set_if_absent("other", b"new"),
    lambda blob: blob.delete_if_unchanged(BlobMetadata("k", 1)),
    lambda blob: blob.delete_if_unchanged(BlobMetadata("not there", 1)),
    lambda blob: store_on(blob).store_procedure(ID, 1, "T", "d"),
    lambda blob: store_on(blob).commit_procedure(ID, 1),
    lambda blob: store_on(blob).delete_procedure(ID),
]


@pytest.mark.parametrize("write", range(len(WRITES)))
async def test_read_only_refuses_every_write_before_it_is_sent(write: int) -> None:
    inner = MemoryBlob()
    await fill(inner, {"k": b"v", f"procedure/{ID}/0000000000.step": message()})
    before = [metadata async for metadata in inner.list_keys_and_metadata("")]
    with pytest.raises(Determinate, match="read-only"):
        await WRITES[write](ReadOnly(inner))
    assert [metadata async for metadata in inner.list_keys_and_metadata("")] == before


async def test_read_only_reads() -> None:
    inner = MemoryBlob()
    await fill(inner, {"k": b"v"})
    blob = ReadOnly(inner)
    assert await blob.get("k") == b"v"
    assert await blob.get("nope") is None
    listed = [metadata async for metadata in blob.list_keys_and_metadata("")]
    assert listed == [metadata async for metadata in inner.list_keys_and_metadata("")]
    await inner.set("k", b"changed behind it")
    assert await blob.get("k") == b"changed behind it"
