"""Materialize's `Consensus` conformance suite (C1 to C42), over every backend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
from support.consensuses import COMMITTED, MISMATCH, ConsensusOpener, all_keys, seqnos_of, version

from procdash.store import SCAN_ALL, Consensus, ExternalError, VersionedData

KEY = "8f6fb2a3-3f6e-4d37-8a0c-2b9f3d1f0001"
OTHER_KEY = "8f6fb2a3-3f6e-4d37-8a0c-2b9f3d1f0002"
LARGEST_KEY = "8f6fb2a3-3f6e-4d37-8a0c-2b9f3d1f0003"

LARGEST = 2**63 - 1
NOT_GREATER = (
    "indeterminate: new seqno must be strictly greater than expected. Got new: SeqNo({}) expected: SeqNo(5)"
)
TOO_HIGH = "indeterminate: upper bound too high for truncate: SeqNo({})"
OUT_OF_RANGE = "indeterminate: sequence numbers must fit within [0, i64::MAX], received: SeqNo({})"

ABC, DEF = version(5, b"abc"), version(10, b"def")
LARGE, EMPTY = version(11, b"a" * 10_240), version(12)


class Fails(NamedTuple):
    """What is expected is an error with this text."""

    text: str


class Step(NamedTuple):
    """One line of the suite."""

    number: str
    operation: Callable[[Consensus], Awaitable[object]]
    expected: object


def head(key: str) -> Callable[[Consensus], Awaitable[object]]:
    return lambda consensus: consensus.head(key)


def scan(from_seqno: int, limit: int = SCAN_ALL) -> Callable[[Consensus], Awaitable[object]]:
    return lambda consensus: consensus.scan(KEY, from_seqno, limit)


def cas(expected: int | None, new: VersionedData, key: str = KEY) -> Callable[[Consensus], Awaitable[object]]:
    return lambda consensus: consensus.compare_and_set(key, expected, new)


def truncate(seqno: int) -> Callable[[Consensus], Awaitable[object]]:
    return lambda consensus: consensus.truncate(KEY, seqno)


STEPS = [
    Step("C1", head(KEY), None),
    Step("C2", scan(0), []),
    Step("C3", truncate(0), Fails(TOO_HIGH.format(0))),
    Step("C4", cas(0, ABC), MISMATCH),
    Step("C5", cas(None, ABC), COMMITTED),
    Step("C6", all_keys, [KEY]),
    Step("C7", head(KEY), ABC),
    Step("C8", scan(0), [ABC]),
    Step("C9", scan(5), [ABC]),
    Step("C10", scan(6), []),
    Step("C11", truncate(0), 0),
    Step("C12", truncate(5), 0),
    Step("C13", truncate(6), Fails(TOO_HIGH.format(6))),
    Step("C14", cas(7, DEF), MISMATCH),
    Step("C15", cas(3, DEF), MISMATCH),
    Step("C16", cas(5, version(5, b"invalid")), Fails(NOT_GREATER.format(5))),
    Step("C17", cas(5, version(3, b"invalid")), Fails(NOT_GREATER.format(3))),
    Step("C18", cas(5, DEF), COMMITTED),
    Step("C19", head(KEY), DEF),
    Step("C20", scan(5), [ABC, DEF]),
    Step("C21", scan(6), [DEF]),
    Step("C22", scan(10), [DEF]),
    Step("C23", scan(11), []),
    Step("C24", scan(0, 1), [ABC]),
    Step("C25", scan(5, 1), [ABC]),
    Step("C26", scan(0, 2), [ABC, DEF]),
    Step("C27", scan(4, 100), [ABC, DEF]),
    Step("C28", truncate(6), 1),
    Step("C29", scan(0), [DEF]),
    Step("C30", truncate(6), 0),
    Step("C31", head(OTHER_KEY), None),
    Step("C32", cas(None, version(1, b"einszweidrei"), OTHER_KEY), COMMITTED),
    Step("C33", head(OTHER_KEY), version(1, b"einszweidrei")),
    Step("C34", head(KEY), DEF),
    Step("C35", cas(1, version(11, b"invalid")), MISMATCH),
    Step("C36", cas(10, LARGE), COMMITTED),
    Step("C37", cas(11, EMPTY), COMMITTED),
    Step("C38", truncate(12), 2),
    Step("C39", cas(None, version(0), LARGEST_KEY), COMMITTED),
    Step("C40", cas(None, version(LARGEST), "new"), COMMITTED),
    Step("after another version", cas(0, version(LARGEST), LARGEST_KEY), COMMITTED),
    Step("C41", cas(None, version(2**63), "newer"), Fails(OUT_OF_RANGE.format(2**63))),
    Step("C42", cas(None, version(2**64 - 1), "newer"), Fails(OUT_OF_RANGE.format(2**64 - 1))),
]


async def _outcome(operation: Awaitable[object]) -> object:
    try:
        return await operation
    except ExternalError as error:
        return Fails(str(error))


async def test_consensus_suite(consensus_opener: ConsensusOpener) -> None:
    """Every second step goes through another handle on the same place."""
    handles = [await consensus_opener(), await consensus_opener()]
    outcomes = [await _outcome(step.operation(handles[index % 2])) for index, step in enumerate(STEPS)]
    assert [(step.number, outcome) for step, outcome in zip(STEPS, outcomes, strict=True)] == [
        (step.number, step.expected) for step in STEPS
    ]
    for handle in handles:
        assert await all_keys(handle) == sorted([KEY, OTHER_KEY, LARGEST_KEY, "new"])
        assert await handle.head(KEY) == EMPTY
        assert await seqnos_of(handle, LARGEST_KEY) == [0, LARGEST]


async def test_a_place_opened_anew_has_what_was_written(consensus_opener: ConsensusOpener) -> None:
    first = await consensus_opener()
    await first.compare_and_set(KEY, None, ABC)
    await first.compare_and_set(KEY, 5, DEF)
    await first.truncate(KEY, 6)
    await first.close()
    second = await consensus_opener()
    assert await second.scan(KEY, 0) == [DEF]
    assert await second.compare_and_set(KEY, 10, LARGE) is COMMITTED


async def test_numbers_come_back_as_seqnos_and_data_as_bytes(consensus_opener: ConsensusOpener) -> None:
    consensus = await consensus_opener()
    assert await consensus.compare_and_set("k", None, VersionedData(3, bytearray(b"v"))) is COMMITTED  # type: ignore[arg-type]  # a caller without types
    found = await consensus.head("k")
    [scanned] = await consensus.scan("k", 0)
    assert found is not None
    assert (repr(found.seqno), type(found.data)) == ("SeqNo(3)", bytes)
    assert (repr(scanned.seqno), type(scanned.data)) == ("SeqNo(3)", bytes)


@pytest.mark.parametrize("size", [1, 255, 4_096, 1 << 20, (1 << 22) + 1])
async def test_values_of_every_size(consensus: Consensus, size: int) -> None:
    value = bytes(range(256)) * (size // 256) + b"\n" * (size % 256)
    assert await consensus.compare_and_set("k", None, version(0, value)) is COMMITTED
    assert await consensus.head("k") == version(0, value)
    assert await consensus.scan("k", 0) == [version(0, value)]


async def test_a_log_of_many_versions(consensus: Consensus) -> None:
    expected = None
    for seqno in range(0, 200, 2):
        assert await consensus.compare_and_set("k", expected, version(seqno, b"%d" % seqno)) is COMMITTED
        expected = seqno
    for first, limit in ((0, SCAN_ALL), (51, 7), (100, 1), (197, 5), (198, SCAN_ALL), (199, 1)):
        found = [int(each.seqno) for each in await consensus.scan("k", first, limit)]
        assert found == [seqno for seqno in range(0, 200, 2) if seqno >= first][:limit]
    assert await consensus.truncate("k", 101) == 51
    assert await consensus.truncate("k", 150) == 24
    assert await seqnos_of(consensus, "k") == list(range(150, 200, 2))
    assert await consensus.compare_and_set("k", 198, version(200, b"200")) is COMMITTED
    assert await consensus.truncate("k", 200) == 25
    assert await consensus.head("k") == version(200, b"200")
    assert await all_keys(consensus) == ["k"]
