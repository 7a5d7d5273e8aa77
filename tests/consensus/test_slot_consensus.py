"""Consensus made of slots: replies that are lost, writers that come late, truncations that break off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from support.consensuses import COMMITTED, MISMATCH, all_keys, fill_log, seqnos_of, version
from support.memory_slots import Gate, ScriptedSlots

from procdash.store import CaSResult, Determinate, Indeterminate
from procdash.store.backends.slot_consensus import SlotConsensus
from procdash.store.backends.slot_records import key_to_name

_Result = TypeVar("_Result")

KEY = "k"


@pytest.fixture
def storage() -> ScriptedSlots:
    return ScriptedSlots()


@pytest.fixture
def consensus(storage: ScriptedSlots) -> SlotConsensus:
    return SlotConsensus(storage)


async def started(operation: Coroutine[Any, Any, _Result], gate: Gate) -> asyncio.Task[_Result]:
    """An operation that waits at a gate."""
    task = asyncio.ensure_future(operation)
    await gate.reached.wait()
    return task


async def let_go(task: asyncio.Task[_Result], gate: Gate) -> _Result:
    gate.opened.set()
    return await task


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
