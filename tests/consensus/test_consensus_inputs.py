"""What a caller may ask for by mistake: every backend refuses it in words, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from support.consensuses import (
    COMMITTED,
    MISMATCH,
    ConsensusOpener,
    all_keys,
    fill_log,
    seqnos_of,
    version,
)

from procdash.store import Consensus, Determinate, ExternalError, Indeterminate, open_consensus

ODD_KEYS = [
    "/",
    "//",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "a//b",
    "a/../b",
    "a\\b",
    " ",
    " a ",
    "a\nb",
    "a\tb",
    "%2F",
    "%",
    "%%41",
    "a%2fb",
    "A",
    "a",
    "é",
    "e\u0301",
    "\u2215",
    "日本語",
    "😀",
    "'; DROP TABLE consensus; --",
    '"',
    "a?b#c",
    ".hidden",
    ".probe-0",
    "x.procdash-tmp",
    "CON",
    "-rf",
    "~",
    "$HOME",
    "*",
    "\x01\x7f",
    "k" * 255,
]

BAD_KEYS = [
    pytest.param("", "a key must not be empty", id="empty"),
    pytest.param("\0", "a key must not hold a NUL", id="NUL"),
    pytest.param("a\0b", "a key must not hold a NUL", id="NUL inside"),
    pytest.param("a\ud800b", "UTF-8", id="half a character"),
]

OPERATIONS: list[Callable[[Consensus, str], Awaitable[object]]] = [
    lambda consensus, key: consensus.head(key),
    lambda consensus, key: consensus.scan(key, 0),
    lambda consensus, key: consensus.compare_and_set(key, None, version(0)),
    lambda consensus, key: consensus.compare_and_set(key, 0, version(1)),
    lambda consensus, key: consensus.truncate(key, 0),
]


async def test_any_text_is_a_key_of_its_own(consensus_opener: ConsensusOpener) -> None:
    consensus, other = await consensus_opener(), await consensus_opener()
    for seqno, key in enumerate(ODD_KEYS):
        assert await consensus.head(key) is None
        assert await consensus.compare_and_set(key, None, version(seqno, key.encode())) is COMMITTED
    assert await all_keys(other) == sorted(ODD_KEYS)
    for seqno, key in enumerate(ODD_KEYS):
        assert await other.scan(key, 0) == [version(seqno, key.encode())]


@pytest.mark.parametrize(("key", "text"), BAD_KEYS)
async def test_what_is_no_key(consensus: Consensus, key: str, text: str) -> None:
    for operation in OPERATIONS:
        with pytest.raises(Determinate, match=text) as raised:
            await operation(consensus, key)
        assert len(str(raised.value)) < 300
    assert await all_keys(consensus) == []


@pytest.mark.parametrize("length", [256, 10_000, 1 << 20])
async def test_a_long_key_is_kept_whole_or_refused(consensus: Consensus, length: int) -> None:
    key = "k" * length
    refusal: Determinate | None = None
    try:
        await consensus.compare_and_set(key, None, version(0, b"v"))
    except Determinate as error:
        refusal = error
    if refusal is not None:
        assert len(str(refusal)) < 500
        assert await all_keys(consensus) == []
    else:
        assert await consensus.head(key) == version(0, b"v")
        assert await consensus.head(key[:-1]) is None
        assert await all_keys(consensus) == [key]


@pytest.mark.parametrize("seqno", [-1, -(2**63), -(2**70), 2**63, 2**64 - 1, 2**64, 2**100])
async def test_a_new_number_out_of_range_writes_nothing(consensus: Consensus, seqno: int) -> None:
    with pytest.raises(Indeterminate, match=r"sequence numbers must fit within \[0, i64::MAX\]"):
        await consensus.compare_and_set("k", None, version(seqno))
    assert await all_keys(consensus) == []
    await fill_log(consensus, "k", 5)
    with pytest.raises(ExternalError):
        await consensus.compare_and_set("k", 5, version(seqno))
    assert await seqnos_of(consensus, "k") == [5]


@pytest.mark.parametrize("expected", [-1, -(2**70), 2**63 - 2])
async def test_an_expected_number_that_no_head_has_is_a_mismatch(consensus: Consensus, expected: int) -> None:
    assert await consensus.compare_and_set("k", expected, version(2**63 - 1)) is MISMATCH
    await fill_log(consensus, "k", 5)
    assert await consensus.compare_and_set("k", expected, version(2**63 - 1)) is MISMATCH
    assert await seqnos_of(consensus, "k") == [5]


@pytest.mark.parametrize("expected", [2**63, 2**64])
async def test_nothing_can_follow_the_largest_number(consensus: Consensus, expected: int) -> None:
    with pytest.raises(Indeterminate):
        await consensus.compare_and_set("k", expected, version(expected + 1))
    assert await all_keys(consensus) == []


async def test_a_scan_takes_any_number(consensus: Consensus) -> None:
    await fill_log(consensus, "k", 0, 5, 2**63 - 1)
    for below in (-1, -(2**63) - 1, -(2**100)):
        assert [int(found.seqno) for found in await consensus.scan("k", below)] == [0, 5, 2**63 - 1]
    for above in (2**63, 2**64, 2**100):
        assert await consensus.scan("k", above) == []
    for nothing in (0, -1, -(2**100)):
        assert await consensus.scan("k", 0, nothing) == []
    assert [int(found.seqno) for found in await consensus.scan("k", 1, 2**100)] == [5, 2**63 - 1]
    assert await consensus.scan("no such key", -1, 2**100) == []


async def test_a_truncation_takes_any_number(consensus: Consensus) -> None:
    with pytest.raises(Indeterminate, match=r"upper bound too high for truncate: SeqNo\(-1\)"):
        await consensus.truncate("k", -1)
    await fill_log(consensus, "k", 0, 5)
    for above in (6, 2**63, 2**100):
        with pytest.raises(Indeterminate, match=rf"upper bound too high for truncate: SeqNo\({above}\)"):
            await consensus.truncate("k", above)
    for below in (0, -1, -(2**63) - 1, -(2**100)):
        assert await consensus.truncate("k", below) == 0
    assert await seqnos_of(consensus, "k") == [0, 5]


async def test_keys_do_not_touch_each_other(consensus: Consensus) -> None:
    keys = ["k", "k/", "k/a", "k0", "K", "kk", "%6B"]
    for key in keys:
        await fill_log(consensus, key, 1, 2, 3)
    assert await consensus.truncate("k", 3) == 2
    assert await consensus.compare_and_set("k/", 3, version(9)) is COMMITTED
    assert {key: await seqnos_of(consensus, key) for key in keys} == {
        "k": [3],
        "k/": [1, 2, 3, 9],
        **{key: [1, 2, 3] for key in keys[2:]},
    }


async def test_places_do_not_touch_each_other(consensus: Consensus, other_consensus_url: str) -> None:
    other = await open_consensus(other_consensus_url)
    await fill_log(consensus, "k", 1, 2)
    assert await all_keys(other) == []
    await fill_log(other, "k", 7)
    await fill_log(other, "of the other", 8)
    assert await other.truncate("k", 7) == 0
    assert await seqnos_of(consensus, "k") == [1, 2]
    assert await all_keys(consensus) == ["k"]
    await other.close()


async def test_a_closed_handle_stays_closed_and_may_be_closed_again(consensus_opener: ConsensusOpener) -> None:
    consensus = await consensus_opener()
    await fill_log(consensus, "k", 1)
    await consensus.close()
    await consensus.close()
    other = await consensus_opener()
    assert await seqnos_of(other, "k") == [1]
