"""Writers that come late: they fill a slot whose number is free again after a truncation, and nobody is misled."""

from __future__ import annotations

import asyncio

import pytest
from support.consensuses import COMMITTED, MISMATCH, fill_log, seqnos_of, version
from support.memory_slots import Gate, ScriptedSlots, let_go, started

from procdash.store import CaSResult, Indeterminate
from procdash.store.backends.slot_consensus import SlotConsensus

KEY = "k"


@pytest.fixture
def storage() -> ScriptedSlots:
    return ScriptedSlots()


@pytest.fixture
def consensus(storage: ScriptedSlots) -> SlotConsensus:
    return SlotConsensus(storage)


def slots_in(storage: ScriptedSlots) -> list[int]:
    return sorted(storage.slots.get(KEY, {}))


async def _late_writer(storage: ScriptedSlots, consensus: SlotConsensus) -> tuple[asyncio.Task[CaSResult], Gate]:
    """A writer about to fill slot 2 after version 1, which has stood still since."""
    await fill_log(consensus, KEY, 0, 1)
    gate = storage.hold("create", 2)
    return await started(consensus.compare_and_set(KEY, 1, version(50, b"late")), gate), gate


async def test_a_late_writer_is_not_told_that_it_committed(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    late, gate = await _late_writer(storage, consensus)
    assert await consensus.compare_and_set(KEY, 1, version(2)) is COMMITTED
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    assert await consensus.truncate(KEY, 3) == 3
    assert slots_in(storage) == [3, 4]
    with pytest.raises(Indeterminate, match="others went on and truncated the log meanwhile"):
        await let_go(late, gate)
    assert slots_in(storage) == [2, 3, 4]
    assert await seqnos_of(consensus, KEY) == [3]
    assert await consensus.compare_and_set(KEY, 3, version(4)) is COMMITTED
    assert await consensus.truncate(KEY, 4) == 1
    assert slots_in(storage) == [5, 6]


async def test_a_late_first_writer(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    gate = storage.hold("create", 0)
    late = await started(consensus.compare_and_set(KEY, None, version(50, b"late")), gate)
    await fill_log(consensus, KEY, 1, 2)
    assert await consensus.truncate(KEY, 2) == 1
    with pytest.raises(Indeterminate):
        await let_go(late, gate)
    assert await seqnos_of(consensus, KEY) == [2]


async def test_a_late_writer_behind_a_log_that_was_not_truncated(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    late, gate = await _late_writer(storage, consensus)
    assert await consensus.compare_and_set(KEY, 1, version(2)) is COMMITTED
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    assert await let_go(late, gate) is MISMATCH
    assert await seqnos_of(consensus, KEY) == [0, 1, 2, 3]


async def test_a_write_in_time_that_others_followed_at_once(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 0, 1)
    gate = Gate()

    async def pause_after_the_create(operation: str, slot: int | None = None) -> None:  # noqa: ARG001 - any slot
        if operation == "list_slots" and 2 in storage.slots[KEY] and not gate.reached.is_set():
            await gate.pass_through()

    storage.before = pause_after_the_create  # type: ignore[method-assign]  # one storage, one test
    writer = await started(consensus.compare_and_set(KEY, 1, version(2)), gate)
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    assert await consensus.truncate(KEY, 2) == 2
    assert await let_go(writer, gate) is COMMITTED
    assert await seqnos_of(consensus, KEY) == [2, 3]


async def test_no_reader_takes_a_late_slot_for_the_head(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    late, gate = await _late_writer(storage, consensus)
    assert await consensus.compare_and_set(KEY, 1, version(2)) is COMMITTED
    reading = storage.hold("read", 2)
    reader = await started(consensus.head(KEY), reading)
    assert await consensus.compare_and_set(KEY, 2, version(3, b"newest")) is COMMITTED
    assert await consensus.truncate(KEY, 3) == 3
    with pytest.raises(Indeterminate):
        await let_go(late, gate)
    assert await let_go(reader, reading) == version(3, b"newest")


async def test_a_committed_write_is_not_denied_because_of_a_late_slot(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    late, gate = await _late_writer(storage, consensus)
    storage.lose_replies = 1
    looking_again = storage.hold_call(5)
    writer = await started(consensus.compare_and_set(KEY, 1, version(2)), looking_again)
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    reading = storage.hold("read", 2)
    looking_again.opened.set()
    await reading.reached.wait()
    assert await consensus.truncate(KEY, 3) == 3
    with pytest.raises(Indeterminate):
        await let_go(late, gate)
    with pytest.raises(Indeterminate, match="the reply was lost"):
        await let_go(writer, reading)
    assert await seqnos_of(consensus, KEY) == [3]


async def test_no_scan_shows_a_late_slot(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    late, gate = await _late_writer(storage, consensus)
    assert await consensus.compare_and_set(KEY, 1, version(2)) is COMMITTED
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    reading = storage.hold("read", 2)
    scan = await started(consensus.scan(KEY, 0), reading)
    assert await consensus.truncate(KEY, 3) == 3
    with pytest.raises(Indeterminate):
        await let_go(late, gate)
    assert await let_go(scan, reading) == [version(3)]


async def test_no_truncation_counts_a_late_slot(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    late, gate = await _late_writer(storage, consensus)
    for expected, seqno in ((1, 2), (2, 3), (3, 4)):
        assert await consensus.compare_and_set(KEY, expected, version(seqno)) is COMMITTED
    reading = storage.hold("read", 2)
    truncation = await started(consensus.truncate(KEY, 4), reading)
    assert await consensus.truncate(KEY, 3) == 3
    with pytest.raises(Indeterminate):
        await let_go(late, gate)
    assert await let_go(truncation, reading) == 1
    assert await seqnos_of(consensus, KEY) == [4]
