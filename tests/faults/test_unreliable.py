"""`UnreliableHandle` and the stores it makes fail: upstream's own tests, and each of the four outcomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from procdash.store import (
    Blob,
    BlobMetadata,
    Determinate,
    ExternalError,
    Indeterminate,
    Unreliable,
    UnreliableHandle,
)
from procdash.store.backends.memory import MemoryBlob
from procdash.store.backends.memory_consensus import MemoryConsensus
from procdash.store.consensus import CaSResult, Consensus, SeqNo, VersionedData

V1 = VersionedData(SeqNo(1), b"one")


async def successes(operation: Callable[[], Awaitable[object]]) -> int:
    """How many of 100 attempts succeed."""
    count = 0
    for _ in range(100):
        try:
            await operation()
        except ExternalError:
            continue
        count += 1
    return count


async def test_upstreams_own_test_of_a_blob() -> None:
    handle = UnreliableHandle(0)
    blob = Unreliable(MemoryBlob(), handle)
    assert 50 < await successes(lambda: blob.get("a")) < 99
    handle.totally_available()
    assert await successes(lambda: blob.get("a")) == 100
    handle.totally_unavailable()
    assert await successes(lambda: blob.get("a")) == 0


async def test_upstreams_own_test_of_a_consensus() -> None:
    handle = UnreliableHandle(0)
    consensus = Unreliable(MemoryConsensus(), handle)
    assert 50 < await successes(lambda: consensus.head("key")) < 99
    handle.totally_available()
    assert await successes(lambda: consensus.head("key")) == 100
    handle.totally_unavailable()
    assert await successes(lambda: consensus.head("key")) == 0


@pytest.mark.parametrize(
    ("should_happen", "should_timeout", "error", "value"),
    [
        (1.0, 0.0, None, b"v"),
        (1.0, 1.0, Indeterminate, b"v"),
        (0.0, 1.0, Indeterminate, None),
        (0.0, 0.0, Determinate, None),
    ],
)
async def test_the_four_outcomes(
    should_happen: float, should_timeout: float, error: type[ExternalError] | None, value: bytes | None
) -> None:
    inner = MemoryBlob()
    blob = Unreliable(inner, UnreliableHandle(0, should_happen, should_timeout))
    if error is None:
        await blob.set("k", b"v")
    else:
        with pytest.raises(error) as caught:
            await blob.set("k", b"v")
        assert caught.value.is_timeout is (error is Indeterminate)
        assert (
            str(caught.value)
            == {
                Determinate: "determinate: unreliable",
                Indeterminate: "indeterminate: timeout at set",
            }[error]
        )
    assert await inner.get("k") == value


BLOB_OPERATIONS: dict[str, Callable[[Blob], Awaitable[object]]] = {
    "get": lambda blob: blob.get("k"),
    "list_keys_and_metadata": lambda blob: anext(blob.list_keys_and_metadata("")),
    "set": lambda blob: blob.set("k", b""),
    "delete": lambda blob: blob.delete("k"),
    "restore": lambda blob: blob.restore("k"),
    "set_if_absent": lambda blob: blob.set_if_absent("k", b""),
    "delete_if_unchanged": lambda blob: blob.delete_if_unchanged(BlobMetadata("k", 0)),
}

CONSENSUS_OPERATIONS: dict[str, Callable[[Consensus], Awaitable[object]]] = {
    "list_keys": lambda consensus: anext(consensus.list_keys()),
    "head": lambda consensus: consensus.head("k"),
    "compare_and_set": lambda consensus: consensus.compare_and_set("k", None, V1),
    "scan": lambda consensus: consensus.scan("k", 0),
    "truncate": lambda consensus: consensus.truncate("k", 0),
}


@pytest.mark.parametrize("name", BLOB_OPERATIONS)
async def test_every_operation_of_a_blob_can_fail(name: str) -> None:
    handle = UnreliableHandle(0)
    handle.totally_unavailable()
    with pytest.raises(Indeterminate, match=f"timeout at {name}"):
        await BLOB_OPERATIONS[name](Unreliable(MemoryBlob(), handle))


@pytest.mark.parametrize("name", CONSENSUS_OPERATIONS)
async def test_every_operation_of_a_consensus_can_fail(name: str) -> None:
    handle = UnreliableHandle(0)
    handle.totally_unavailable()
    with pytest.raises(Indeterminate, match=f"timeout at {name}"):
        await CONSENSUS_OPERATIONS[name](Unreliable(MemoryConsensus(), handle))


async def test_the_same_seed_gives_the_same_ends() -> None:
    async def ends(seed: int) -> list[str]:
        blob = Unreliable(MemoryBlob(), UnreliableHandle(seed, 0.5, 0.5))
        found = []
        for number in range(50):
            try:
                await blob.set("k", str(number).encode())
            except ExternalError as error:
                found.append(str(error))
            else:
                found.append("done")
        return found

    assert await ends(7) == await ends(7)
    assert await ends(7) != await ends(8)
    assert len(set(await ends(7))) == 3


async def test_one_handle_rules_over_every_store_that_shares_it() -> None:
    handle = UnreliableHandle(0)
    handle.totally_available()
    blob, consensus = Unreliable(MemoryBlob(), handle), Unreliable(MemoryConsensus(), handle)
    await blob.set("k", b"")
    assert await consensus.compare_and_set("k", None, V1) is CaSResult.COMMITTED
    assert [key async for key in consensus.list_keys()] == ["k"]
    handle.totally_unavailable()
    for operation in (lambda: blob.get("k"), lambda: consensus.head("k")):
        assert await successes(operation) == 0
