"""Finding out what became of a write of unknown outcome."""

from __future__ import annotations

import pytest

from procdash.store import (
    ExternalError,
    Indeterminate,
    Unreliable,
    UnreliableHandle,
    new_token,
    was_committed,
    was_deleted,
    was_written,
)
from procdash.store.backends.memory import MemoryBlob
from procdash.store.backends.memory_consensus import MemoryConsensus
from procdash.store.consensus import SeqNo, VersionedData


@pytest.mark.parametrize("happens", [True, False])
async def test_of_a_timed_out_write(happens: bool) -> None:
    inner = MemoryBlob()
    blob = Unreliable(inner, UnreliableHandle(0, float(happens), 1.0))
    value = new_token().encode()
    with pytest.raises(Indeterminate):
        await blob.set("k", value)
    assert await was_written(inner, "k", value) is happens
    assert await was_deleted(inner, "k") is not happens


async def test_of_a_timed_out_deletion() -> None:
    inner = MemoryBlob()
    await inner.set("k", b"")
    blob = Unreliable(inner, UnreliableHandle(0, 1.0, 1.0))
    with pytest.raises(Indeterminate):
        await blob.delete("k")
    assert await was_deleted(inner, "k")


async def test_a_store_that_cannot_be_read_leaves_it_unknown() -> None:
    handle = UnreliableHandle(0)
    handle.totally_unavailable()
    blob = Unreliable(MemoryBlob(), handle)
    with pytest.raises(ExternalError):
        await was_written(blob, "k", b"")
    with pytest.raises(ExternalError):
        await was_deleted(blob, "k")


async def test_of_a_compare_and_set() -> None:
    consensus = MemoryConsensus()
    mine = VersionedData(SeqNo(5), new_token().encode())
    assert await was_committed(consensus, "k", mine) is False
    await consensus.compare_and_set("k", None, mine)
    assert await was_committed(consensus, "k", mine) is True
    assert await was_committed(consensus, "k", mine._replace(data=b"another's")) is False
    await consensus.compare_and_set("k", 5, VersionedData(SeqNo(9), b"later"))
    assert await was_committed(consensus, "k", mine) is True
    assert await was_committed(consensus, "k", VersionedData(SeqNo(7), b"skipped")) is False
    await consensus.truncate("k", 9)
    assert await was_committed(consensus, "k", mine) is None


def test_tokens_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {32}
