"""Many writers at once, in one process and in two: of those that expect the same head exactly one commits."""

from __future__ import annotations

import asyncio
import random
from contextlib import ExitStack
from itertools import accumulate, groupby
from operator import itemgetter

import pytest
from support.children import RACE_ROUNDS, child, race, race_keys, received, start_of_race, write_until_told
from support.consensuses import (
    COMMITTED,
    ConsensusBackend,
    ConsensusOpener,
    fill_log,
    seqnos_of,
    version,
)
from support.history import History, cas, head, scan, truncate

from procdash.store import Consensus, ExternalError, SeqNo
from procdash.store.wrappers import TaskedConsensus

WRITERS = 8


@pytest.mark.timeout(300)  # the S3 server lets conflicting writes wait
async def test_racing_writers_in_two_processes(
    consensus: Consensus, consensus_backend: ConsensusBackend, consensus_url: str
) -> None:
    if not consensus_backend.shared_by_processes:
        pytest.skip("it is not shared by processes")
    barrier, lanes = start_of_race(2), consensus_backend.race_lanes
    numbers = list(range(1, WRITERS + 1))
    with ExitStack() as processes:
        connections = [
            processes.enter_context(child(race, consensus_url, barrier, lanes, half))[1]
            for half in (numbers[::2], numbers[1::2])
        ]
        won = sorted(victory for connection in connections for victory in received(connection))
    turns = range(RACE_ROUNDS // lanes)
    assert [(key, turn) for key, turn, _ in won] == [
        (key, turn) for key in sorted(race_keys(lanes)) for turn in turns
    ]
    for key, victories in groupby(won, key=itemgetter(0)):
        seqnos = accumulate(number for _, _, number in victories)
        assert await consensus.scan(key, 0) == [version(seqno, b"%d" % seqno) for seqno in seqnos]


@pytest.mark.timeout(300)  # the same
async def test_racing_writers_in_one_process(
    consensus_opener: ConsensusOpener, consensus_backend: ConsensusBackend
) -> None:
    writers = [await consensus_opener() for _ in range(WRITERS)]
    lanes = consensus_backend.race_lanes

    async def run_lane(key: str) -> None:
        expected = None
        for _ in range(RACE_ROUNDS // lanes):
            base = expected or 0
            writes = [write_until_told(writer, key, expected, base + 1 + n) for n, writer in enumerate(writers)]
            results = await asyncio.gather(*writes)
            assert results.count(COMMITTED) == 1
            expected = base + 1 + results.index(COMMITTED)
        found = await writers[0].head(key)
        assert found is not None
        assert found.seqno == expected
        assert len(await seqnos_of(writers[0], key)) == RACE_ROUNDS // lanes

    await asyncio.gather(*map(run_lane, race_keys(lanes)))


@pytest.mark.parametrize("seed", range(20))
async def test_one_order_of_events_explains_writes_against_truncations(
    consensus_opener: ConsensusOpener, seed: int
) -> None:
    handles = [await consensus_opener(), await consensus_opener()]
    history = History("k", before=tuple(version(seqno, b"%d" % seqno) for seqno in (1, 2, 3)))
    await fill_log(handles[0], "k", 1, 2, 3)
    chance = random.Random(seed)  # noqa: S311 - it must be repeatable

    async def client(handle: Consensus) -> None:
        known: int | None = 3
        for _ in range(4):
            calls = [
                cas(known, version((known or 0) + chance.randint(1, 3), b"%d" % chance.getrandbits(32))),
                truncate((known or 0) + chance.randint(-1, 1)),
                scan((known or 0) - 1, 3),
            ]
            await history.run(handle, chance.choice(calls))
            newest = await history.run(handle, head())
            assert isinstance(newest, tuple)
            known = int(newest[0])

    await asyncio.gather(*(client(handles[number % 2]) for number in range(4)))
    await history.run(handles[0], scan(0, 100))
    assert history.is_linearizable(), str(history)


async def test_a_reader_never_sees_a_log_that_never_was(consensus_opener: ConsensusOpener) -> None:
    """Whatever is truncated meanwhile: a scan has no holes, begins where a log began, and never goes back."""
    writer, reader = await consensus_opener(), await consensus_opener()
    await fill_log(writer, "k", 0)
    done = asyncio.Event()

    async def write() -> None:
        for seqno in range(1, 150):
            assert await writer.compare_and_set("k", seqno - 1, version(seqno, b"%d" % seqno)) is COMMITTED
            if seqno % 7 == 0:
                await writer.truncate("k", seqno - 3)
        done.set()

    async def read() -> None:
        first = newest = 0
        while not done.is_set():
            seen = await reader.scan("k", 0)
            assert [int(found.seqno) for found in seen] == list(range(seen[0].seqno, seen[-1].seqno + 1))
            assert [found.data for found in seen] == [b"%d" % found.seqno for found in seen]
            assert seen[0].seqno >= first
            assert seen[-1].seqno >= newest
            first, newest = seen[0].seqno, seen[-1].seqno

    await asyncio.gather(write(), read())
    assert (await seqnos_of(reader, "k"))[-1] == 149


async def test_cancelled_callers_leave_a_log_that_was_or_is(consensus_opener: ConsensusOpener) -> None:
    """A caller that goes away in the middle neither blocks the next one nor writes a half."""
    consensus, other = await consensus_opener(), await consensus_opener()
    assert isinstance(consensus, TaskedConsensus)
    expected: int | None = None
    for yields in range(30):
        seqno = (expected if expected is not None else -1) + 1
        caller = asyncio.ensure_future(consensus.compare_and_set("k", expected, version(seqno, b"v" * 1_000)))
        for _ in range(yields):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])
        await consensus.wait_idle()
        newest = await other.head("k")
        assert newest is None or newest.seqno in (expected, SeqNo(seqno))
        expected = None if newest is None else int(newest.seqno)
    assert all(found.data == b"v" * 1_000 for found in await other.scan("k", 0))


async def test_the_first_writers_of_a_place_may_race(consensus_opener: ConsensusOpener) -> None:
    handles = await asyncio.gather(*(consensus_opener() for _ in range(WRITERS)))
    results = await asyncio.gather(
        *(handle.compare_and_set("k", None, version(n)) for n, handle in enumerate(handles)),
        return_exceptions=True,
    )
    assert results.count(COMMITTED) == 1
    assert not [
        result for result in results if isinstance(result, BaseException) and not isinstance(result, ExternalError)
    ]
    assert await seqnos_of(handles[0], "k") == [results.index(COMMITTED)]
