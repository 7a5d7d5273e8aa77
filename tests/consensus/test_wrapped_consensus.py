"""Wrapped consensus: operations that no cancelled caller cuts short (T7), and ones that refuse every write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from support.consensuses import COMMITTED, all_keys, fill_log, seqnos_of, version

from procdash.store import (
    SCAN_ALL,
    Blob,
    CaSResult,
    Consensus,
    Determinate,
    Indeterminate,
    ReadOnly,
    Tasked,
    VersionedData,
)
from procdash.store.backends.memory import MemoryBlob
from procdash.store.backends.memory_consensus import MemoryConsensus


class Watched(MemoryConsensus):
    """Notes in which task each operation runs; operations wait until they are let go, and then may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, asyncio.Task[object] | None] = {}
        self.started = asyncio.Event()
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.error: Exception | None = None
        self.closed = 0

    async def _watch(self, operation: str) -> None:
        self.tasks[operation] = asyncio.current_task()
        self.started.set()
        await self.let_go.wait()
        if self.error is not None:
            raise self.error

    async def list_keys(self) -> AsyncIterator[str]:
        await self._watch("list_keys")
        async for key in super().list_keys():
            yield key

    async def head(self, key: str) -> VersionedData | None:
        await self._watch("head")
        return await super().head(key)

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        await self._watch("compare_and_set")
        return await super().compare_and_set(key, expected, new)

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        await self._watch("scan")
        return await super().scan(key, from_seqno, limit)

    async def truncate(self, key: str, seqno: int) -> int:
        await self._watch("truncate")
        return await super().truncate(key, seqno)

    async def close(self) -> None:
        self.closed += 1


async def test_each_operation_is_a_task_of_its_own_and_a_listing_is_not() -> None:  # T7
    watched = Watched()
    consensus = Tasked(watched)
    await consensus.compare_and_set("k", None, version(1))
    await consensus.head("k")
    await consensus.scan("k", 0)
    await consensus.truncate("k", 1)
    await all_keys(consensus)
    ours = asyncio.current_task()
    assert watched.tasks.pop("list_keys") is ours
    assert len(watched.tasks) == len({*watched.tasks.values(), ours}) - 1 == 4


WRITES: list[Callable[[Consensus], Awaitable[object]]] = [
    lambda consensus: consensus.compare_and_set("k", 2, version(3)),
    lambda consensus: consensus.compare_and_set("new", None, version(3)),
    lambda consensus: consensus.compare_and_set("k", 2, version(2)),
    lambda consensus: consensus.truncate("k", 2),
    lambda consensus: consensus.truncate("nope", 0),
]


@pytest.mark.parametrize(("write", "after"), [(WRITES[0], [1, 2, 3]), (WRITES[3], [2])])
async def test_a_cancelled_caller_does_not_cut_a_write_short(
    write: Callable[[Consensus], Awaitable[object]], after: list[int]
) -> None:
    watched = Watched()
    consensus = Tasked(watched)
    await fill_log(consensus, "k", 1, 2)
    watched.let_go.clear()
    watched.started.clear()
    caller = asyncio.ensure_future(write(consensus))
    await watched.started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    watched.let_go.set()
    await consensus.wait_idle()
    assert await seqnos_of(consensus, "k") == after


async def test_closing_waits_for_every_operation() -> None:
    watched = Watched()
    consensus = Tasked(watched)
    watched.let_go.clear()
    write = asyncio.ensure_future(consensus.compare_and_set("k", None, version(1)))
    await watched.started.wait()
    closing = asyncio.ensure_future(consensus.close())
    for _ in range(3):
        await asyncio.sleep(0)
    assert watched.closed == 0
    watched.let_go.set()
    await closing
    assert watched.closed == 1
    assert await write is COMMITTED


async def test_errors_reach_the_caller() -> None:
    watched = Watched()
    consensus = Tasked(watched)
    watched.error = Indeterminate("lost")
    for operation in (consensus.head("k"), consensus.scan("k", 0), *(write(consensus) for write in WRITES)):
        with pytest.raises(Indeterminate, match="lost"):
            await operation


@pytest.mark.parametrize("write", WRITES)
async def test_read_only_refuses_every_write_before_it_is_sent(
    write: Callable[[Consensus], Awaitable[object]],
) -> None:
    watched = Watched()
    await fill_log(watched, "k", 1, 2)
    watched.tasks.clear()
    consensus = ReadOnly(watched)
    with pytest.raises(Determinate, match=r"read-only: '(k|new|nope)' was not (written|truncated)"):
        await write(consensus)
    assert watched.tasks == {}
    assert await seqnos_of(watched, "k") == [1, 2]


async def test_read_only_reads() -> None:
    watched = Watched()
    await fill_log(watched, "k", 1, 2)
    consensus = ReadOnly(watched)
    assert await consensus.head("k") == version(2, b"2")
    assert await consensus.scan("k", 1, 1) == [version(1, b"1")]
    assert await all_keys(consensus) == ["k"]
    await consensus.close()
    assert watched.closed == 1


def test_what_a_wrapper_makes_is_of_the_kind_it_wraps() -> None:
    for wrapper in (Tasked, ReadOnly):
        blob, consensus = wrapper(MemoryBlob()), wrapper(MemoryConsensus())
        assert isinstance(blob, Blob)
        assert not isinstance(blob, Consensus)
        assert isinstance(consensus, Consensus)
        assert not isinstance(consensus, Blob)
        assert isinstance(blob, wrapper)
        assert isinstance(consensus, wrapper)
    assert isinstance(ReadOnly(Tasked(MemoryConsensus())).inner, Tasked)
