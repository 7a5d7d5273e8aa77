"""Random work over stores that fail: what the history of each run must never show.

Every run prints its seed in its name. What is acknowledged must stay, what was refused must never show, and what
is of unknown outcome may have happened or not, but not half.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from support.blobs import keys_of, loaded_from, store_on

from procdash.store import (
    Blob,
    Determinate,
    Indeterminate,
    ParsedKey,
    Unreliable,
    UnreliableHandle,
    was_committed,
    was_written,
)
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.memory import MemoryBlob
from procdash.store.backends.memory_consensus import MemoryConsensus
from procdash.store.consensus import CaSResult, Consensus, SeqNo, VersionedData
from procdash.store.verify import new_token

Result = TypeVar("Result")

SEEDS = range(20)
STEPS = 60
PROCEDURE_DIRECTORY = "procedure/"


class ProcedureHistory:
    """A worker that runs procedures over a store that fails, and what it was told about each write."""

    def __init__(self, inner: Blob, seed: int) -> None:
        self.inner = inner
        self.random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self.handle = UnreliableHandle(seed, should_happen=0.8, should_timeout=0.2)
        self.store = store_on(Unreliable(inner, self.handle))
        self.ids = [str(UUID(int=self.random.getrandbits(128))) for _ in range(3)]
        self.acknowledged: dict[str, str] = {}
        """Of each key that was said to be written, the data."""
        self.refused: set[str] = set()
        """Keys of which every write was said not to have happened."""
        self.unknown: dict[str, set[str]] = {}
        """Of each key with a write of unknown outcome, the data that it may hold."""

    async def step(self, number: int) -> None:
        """One write of a random procedure, or a change of the weather."""
        if self.random.random() < 0.05:
            self.handle.totally_unavailable()
        elif self.random.random() < 0.3:
            self.handle.should_happen, self.handle.should_timeout = 0.8, 0.2
        procedure = self.random.choice(self.ids)
        data = f"{number}"
        key = f"{PROCEDURE_DIRECTORY}{procedure}/{number:010}.step"
        try:
            await self.store.store_procedure(procedure, number, "T", data)
        except Determinate:
            self.refused.add(key)
        except Indeterminate:
            self.unknown.setdefault(key, set()).add(data)
        else:
            self.acknowledged[key] = data

    async def check(self) -> None:
        """Look at what is there, without faults."""
        there = {key: await self.inner.get(key) for key in await keys_of(self.inner)}
        for key, data in self.acknowledged.items():
            value = there.pop(key, None)
            assert value is not None, f"an acknowledged write is lost: {key}"
            assert f'"data":"{data}"'.encode() in value
        for key in self.refused:
            assert key not in there, f"a refused write is there: {key}"
        assert there.keys() <= self.unknown.keys()
        for key, value in there.items():
            [data] = self.unknown[key]
            assert value is not None
            assert f'"data":"{data}"'.encode() in value, "half of a value is there"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["memory", "directory"])
async def test_procedures_over_a_store_that_fails(kind: str, seed: int, tmp_path: Path) -> None:
    inner: Blob = MemoryBlob() if kind == "memory" else LocalBlob(tmp_path, sync=False)
    history = ProcedureHistory(inner, seed)
    for number in range(STEPS):
        await history.step(number)
    await history.check()
    assert history.acknowledged
    assert history.refused
    assert history.unknown
    # A loader sees of each procedure the newest step that is there, whatever its writer was told.
    newest: dict[str, str] = {}
    for key in sorted(await keys_of(inner)):
        parsed = ParsedKey.parse(PROCEDURE_DIRECTORY, key)
        assert parsed is not None
        newest[parsed.procedure_id] = f"loaded {parsed.step}"
    assert await loaded_from(inner) == newest


class Forgetful(MemoryBlob):
    """Says that it wrote, and now and then did not."""

    async def set(self, key: str, value: bytes) -> None:
        if not key.endswith("7.step"):
            await super().set(key, value)


class Haunted(UnreliableHandle):
    """Says that nothing happened, and it did."""

    async def run(self, what: str, operation: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        result = await operation()
        if what == "set" and random.random() < 0.5:  # noqa: S311 - half of them
            raise Determinate("unreliable")
        return result


async def test_the_check_notices_a_lost_write() -> None:
    history = ProcedureHistory(Forgetful(), 0)
    history.handle.totally_available()
    for number in range(10):
        await history.step(number)
    with pytest.raises(AssertionError, match="an acknowledged write is lost"):
        await history.check()


async def test_the_check_notices_a_refused_write_that_shows() -> None:
    history = ProcedureHistory(MemoryBlob(), 0)
    history.store = store_on(Unreliable(history.inner, Haunted(0)))
    for number in range(20):
        await history.step(number)
    with pytest.raises(AssertionError, match="a refused write is there"):
        await history.check()


@pytest.mark.parametrize("seed", SEEDS)
async def test_commits_and_deletions_over_a_store_that_fails(seed: int) -> None:
    """A crash or a failure at any point leaves a procedure that is resumed or finished, never an older step."""
    inner = MemoryBlob()
    handle = UnreliableHandle(seed)
    store = store_on(Unreliable(inner, handle))
    procedure = str(UUID(int=seed + 1))
    handle.totally_available()
    for step in range(5):
        await store.store_procedure(procedure, step, "T", str(step))
    handle.should_happen, handle.should_timeout = 0.7, 0.3
    said_committed = False
    for _ in range(10):
        try:
            await store.commit_procedure(procedure, 5)
        except Indeterminate:
            said_committed = await was_written(inner, f"{PROCEDURE_DIRECTORY}{procedure}/0000000005.commit", b"")
        except Determinate:
            pass
        else:
            said_committed = True
        verdict = await loaded_from(inner)
        assert verdict == {procedure: "finished" if said_committed else "loaded 4"}
        if said_committed:
            break
    assert said_committed
    handle.should_happen, handle.should_timeout = 0.9, 0.1
    for _ in range(500):
        try:
            await store.delete_procedure(procedure)
        except (Determinate, Indeterminate):
            assert await loaded_from(inner) in ({}, {procedure: "finished"})
        else:
            break
    assert await keys_of(inner) == []


class Counter:
    """Counts up in a consensus, and finds out what became of each attempt of unknown outcome."""

    def __init__(self, consensus: Consensus, key: str) -> None:
        self.consensus = consensus
        self.key = key
        self.committed: list[VersionedData] = []
        self.refused: list[VersionedData] = []

    async def add_one(self) -> None:
        """One attempt upon whatever the head is."""
        head = await self._persistently_head()
        seqno = SeqNo(0) if head is None else head.seqno.next()
        new = VersionedData(seqno, new_token().encode())
        try:
            result = await self.consensus.compare_and_set(self.key, head and head.seqno, new)
        except Determinate:
            self.refused.append(new)
        except Indeterminate:
            (self.committed if await self._persistently_found(new) else self.refused).append(new)
        else:
            (self.committed if result is CaSResult.COMMITTED else self.refused).append(new)

    async def _persistently_head(self) -> VersionedData | None:
        while True:
            try:
                return await self.consensus.head(self.key)
            except (Determinate, Indeterminate):
                await asyncio.sleep(0)

    async def _persistently_found(self, new: VersionedData) -> bool:
        while True:
            try:
                return bool(await was_committed(self.consensus, self.key, new))
            except (Determinate, Indeterminate):
                await asyncio.sleep(0)


class Interleaved(MemoryConsensus):
    """Lets others run before and after each operation, so that their order differs from run to run."""

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        for _ in range(new.data[0] % 4):
            await asyncio.sleep(0)
        try:
            return await super().compare_and_set(key, expected, new)
        finally:
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", SEEDS)
async def test_racing_counters_over_a_consensus_that_fails(seed: int) -> None:
    inner = Interleaved()
    handle = UnreliableHandle(seed, should_happen=0.7, should_timeout=0.3)
    counters = [Counter(Unreliable(inner, handle), "k") for _ in range(4)]

    async def work(counter: Counter) -> None:
        for _ in range(30):
            await counter.add_one()

    await asyncio.gather(*map(work, counters))
    written = await inner.scan("k", 0)
    committed = [version for counter in counters for version in counter.committed]
    refused = {version for counter in counters for version in counter.refused}
    assert sorted(committed) == written  # none lost, none unknown, one winner for each number
    assert [version.seqno for version in written] == list(range(len(written)))
    assert not refused & set(written)
    assert len(written) > 10
    assert refused
