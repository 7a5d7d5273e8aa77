"""Slots under a storage that lets every step of every client happen in any order: each history must be explained.

The clients of one run share a log, append to it, truncate it and read it. What they were told must be what a log
with operations that happen one after another could have told them.
"""

from __future__ import annotations

import random

import pytest
from support.consensuses import fill_log, version
from support.history import Call, History, cas, head, scan, truncate
from support.stepped_slots import SteppedSlots

from procdash.store import CaSResult, Consensus, SeqNo
from procdash.store.backends.slot_consensus import SlotConsensus
from procdash.store.backends.slot_log import SlotLog
from procdash.store.backends.slot_records import Slot, SlotRecord, encode_slot

KEY = "k"
SEEDS_AT_ONCE = 100
FAULTS = 0.3


class Run:
    """One run: a few clients on one log, all choices made by a seed."""

    def __init__(self, seed: int, faults: float) -> None:
        self.random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self.storage = SteppedSlots(seed, faults)
        self.consensus = SlotConsensus(self.storage)
        self.history = History(KEY)
        self.refused: list[object] = []
        self.head: int | None = None

    async def carry_out(self) -> None:
        starting = list(range(self.random.randrange(5)))
        await self.storage.run(self._fill(self.consensus, starting))
        self.history.before = tuple(version(seqno, b"%d" % seqno) for seqno in starting)
        self.head = starting[-1] if starting else None
        clients = [self._client(7, busy=True), *(self._client(2) for _ in range(self.random.randint(2, 3)))]
        await self.storage.run(*clients)
        await self.storage.run(self._look())

    async def _fill(self, consensus: Consensus, seqnos: list[int]) -> None:
        faults, self.storage.faults = self.storage.faults, 0.0
        await fill_log(consensus, KEY, *seqnos)
        self.storage.faults = faults

    async def _client(self, most_calls: int, *, busy: bool = False) -> None:
        for number in range(self.random.randint(1, most_calls)):
            call = self._call(number % 2 if busy else self.random.randrange(6))
            result = await self.history.run(self.consensus, call)
            if isinstance(result, Exception):
                self.refused.append(result)
            if result is CaSResult.COMMITTED:
                self.head = max(self.head or 0, int(call.words.partition("SeqNo(")[2].partition(")")[0]))

    async def _look(self) -> None:
        for call in (scan(0, 100), head()):
            await self.history.run(self.consensus, call)

    def _call(self, kind: int) -> Call:
        known = -1 if self.head is None else self.head
        match kind:
            case 0 | 5:
                new = SeqNo(known + self.random.randint(1, 2))
                return cas(self.head, version(new, b"%d" % self.random.getrandbits(32)))
            case 1:
                return truncate(max(0, known - self.random.choice((0, 0, 0, 1))))
            case 2 | 3:
                return scan(max(0, known - self.random.randrange(4)), self.random.randint(1, 5))
            case _:
                return head()


async def runs_that_nothing_explains(seeds: range, faults: float) -> list[str]:
    unexplained = []
    for seed in seeds:
        run = Run(seed, faults)
        await run.carry_out()
        if run.refused or not run.history.is_linearizable():
            unexplained.append(f"seed {seed}, refused: {run.refused}\n{run.history}")
    return unexplained


@pytest.mark.parametrize("first", range(0, 300, SEEDS_AT_ONCE))
@pytest.mark.parametrize("faults", [0.0, FAULTS])
async def test_one_order_of_events_explains_what_every_client_was_told(first: int, faults: float) -> None:
    assert await runs_that_nothing_explains(range(first, first + SEEDS_AT_ONCE), faults) == []


async def test_the_search_finds_a_writer_that_does_not_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def believe(log: SlotLog, record: SlotRecord, data: bytes) -> Slot | None:
        created = await log._storage.create(log.name, record.slot, encode_slot(record, data))
        return None if created else await log.newest()

    monkeypatch.setattr(SlotLog, "append", believe)
    assert await runs_that_nothing_explains(range(SEEDS_AT_ONCE), FAULTS) != []
