"""Consensus made of slots: replies that are lost, operations in between, truncations that break off."""

from __future__ import annotations

import asyncio

import pytest
from support.consensuses import COMMITTED, MISMATCH, all_keys, fill_log, seqnos_of, version
from support.memory_slots import ScriptedSlots, let_go, started

from procdash.store import Determinate, Indeterminate
from procdash.store.backends.slot_consensus import SlotConsensus
from procdash.store.backends.slot_records import key_to_name

KEY = "k"


@pytest.fixture
def storage() -> ScriptedSlots:
    return ScriptedSlots()


@pytest.fixture
def consensus(storage: ScriptedSlots) -> SlotConsensus:
    return SlotConsensus(storage)


def slots_in(storage: ScriptedSlots) -> list[int]:
    return sorted(storage.slots.get(KEY, {}))


async def test_a_version_takes_one_slot_whatever_its_number(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 5, 10, 2**63 - 1)
    assert slots_in(storage) == [0, 1, 2]
    assert storage.slots[KEY][1].endswith(b"\n10")


async def test_a_lost_reply_of_a_committed_write(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    for expected, seqno in ((None, 1), (1, 5)):
        storage.lose_replies = 1
        assert await consensus.compare_and_set(KEY, expected, version(seqno, b"v")) is COMMITTED
    assert await seqnos_of(consensus, KEY) == [1, 5]


async def test_a_repeated_request_that_meets_its_own_slot(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    storage.repeat_requests = 2
    assert await consensus.compare_and_set(KEY, None, version(1)) is COMMITTED
    assert await consensus.compare_and_set(KEY, 1, version(2)) is COMMITTED
    assert await seqnos_of(consensus, KEY) == [1, 2]


async def test_a_lost_request_is_indeterminate_and_may_be_tried_again(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1)
    storage.lose_requests = 1
    with pytest.raises(Indeterminate, match=r"the request was lost; .* may have taken effect or not"):
        await consensus.compare_and_set(KEY, 1, version(2, b"v"))
    assert await seqnos_of(consensus, KEY) == [1]
    assert await consensus.compare_and_set(KEY, 1, version(2, b"v")) is COMMITTED


async def test_a_lost_request_where_another_writer_was_quicker(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1)
    gate = storage.hold("create", 1)
    slow = await started(consensus.compare_and_set(KEY, 1, version(2, b"slow")), gate)
    assert await consensus.compare_and_set(KEY, 1, version(2, b"quick")) is COMMITTED
    storage.lose_requests = 1
    assert await let_go(slow, gate) is MISMATCH
    assert await consensus.head(KEY) == version(2, b"quick")


async def test_a_lost_reply_that_cannot_be_looked_up(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    await fill_log(consensus, KEY, 1)
    storage.lose_replies = 1
    gate = storage.hold("create", 1)
    writer = await started(consensus.compare_and_set(KEY, 1, version(2)), gate)
    storage.fail("read", Determinate("permission denied"))
    with pytest.raises(Indeterminate, match=r"permission denied; what was just written may be there or not"):
        await let_go(writer, gate)
    assert await seqnos_of(consensus, KEY) == [1, 2]


async def test_a_refused_write_did_not_happen(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    await fill_log(consensus, KEY, 1, 2)
    storage.fail("create", Determinate("no"), Determinate("no"))
    with pytest.raises(Determinate, match="no"):
        await consensus.compare_and_set(KEY, 2, version(3))
    with pytest.raises(Determinate, match="no"):
        await consensus.truncate(KEY, 2)
    assert await seqnos_of(consensus, KEY) == [1, 2]


async def test_a_truncation_in_between_is_no_mismatch(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    await fill_log(consensus, KEY, 1, 2)
    gate = storage.hold("create", 2)
    writer = await started(consensus.compare_and_set(KEY, 2, version(3)), gate)
    assert await consensus.truncate(KEY, 2) == 1
    assert await let_go(writer, gate) is COMMITTED
    assert await seqnos_of(consensus, KEY) == [2, 3]


async def test_a_write_in_between_does_not_stop_a_truncation(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1, 2)
    gate = storage.hold("create", 2)
    truncation = await started(consensus.truncate(KEY, 2), gate)
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    assert await let_go(truncation, gate) == 1
    assert await seqnos_of(consensus, KEY) == [2, 3]


async def test_each_version_is_counted_by_one_of_two_truncations(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1, 2, 3, 4)
    gate = storage.hold("create", 4)
    slow = await started(consensus.truncate(KEY, 4), gate)
    assert await consensus.truncate(KEY, 3) == 2
    assert await let_go(slow, gate) == 1
    assert await consensus.truncate(KEY, 4) == 0


async def test_a_scan_during_writes_shows_the_log_at_one_moment(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1, 2)
    reading = storage.hold("read", 0)
    scan = await started(consensus.scan(KEY, 0), reading)
    assert await consensus.compare_and_set(KEY, 2, version(3)) is COMMITTED
    assert await let_go(scan, reading) == [version(1, b"1"), version(2, b"2")]


async def test_a_truncation_that_broke_off_is_finished_by_the_next(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1, 2, 3)
    storage.fail("delete", Determinate("permission denied"), Determinate("permission denied"))
    text = r"truncated, but the space was not freed: permission denied; truncating again frees it"
    with pytest.raises(Indeterminate, match=text):
        await consensus.truncate(KEY, 3)
    assert await seqnos_of(consensus, KEY) == [3]
    with pytest.raises(Indeterminate, match=text):
        await consensus.truncate(KEY, 3)
    assert slots_in(storage) == [0, 1, 2, 3]
    assert await consensus.truncate(KEY, 3) == 0
    assert slots_in(storage) == [2, 3]


async def test_a_truncation_that_was_cancelled_is_finished_by_the_next(
    storage: ScriptedSlots, consensus: SlotConsensus
) -> None:
    await fill_log(consensus, KEY, 1, 2, 3)
    gate = storage.hold("delete", 1)
    truncation = await started(consensus.truncate(KEY, 3), gate)
    truncation.cancel()
    await asyncio.wait([truncation])
    assert slots_in(storage) == [1, 2, 3]
    assert await seqnos_of(consensus, KEY) == [3]
    assert await consensus.truncate(KEY, 3) == 0
    assert slots_in(storage) == [2, 3]


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("operation", ["compare-and-set", "truncation"])
async def test_a_caller_cancelled_at_any_step(
    storage: ScriptedSlots, consensus: SlotConsensus, operation: str, call: int
) -> None:
    """The log is as it was or as it was to be, and the next caller is not held up."""
    await fill_log(consensus, KEY, 0, 1)
    gate = storage.hold_call(call)
    task: asyncio.Task[object]
    if operation == "truncation":
        task, after = asyncio.ensure_future(consensus.truncate(KEY, 1)), [1]
    else:
        task, after = asyncio.ensure_future(consensus.compare_and_set(KEY, 1, version(2))), [0, 1, 2]
    await asyncio.wait([task, asyncio.ensure_future(gate.reached.wait())], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await asyncio.wait([task])
    storage.hold_no_more()
    found = await seqnos_of(consensus, KEY)
    assert found in ([0, 1], after)
    assert await consensus.compare_and_set(KEY, found[-1], version(9)) is COMMITTED
    assert await consensus.truncate(KEY, 9) == len(found)
    assert await seqnos_of(consensus, KEY) == [9]


async def test_names_that_are_no_keys_are_left_out(storage: ScriptedSlots, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1)
    for name in ("A", "%6b", "%4g", "%41%", "é", "%FF", "%00"):
        storage.put(name, 0, storage.slots[key_to_name("k")][0])
    assert await all_keys(consensus) == ["k"]
