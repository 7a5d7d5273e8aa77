"""Random operations on every backend, each compared with a model that is small enough to be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support.consensuses import COMMITTED, MISMATCH, ConsensusBackend, all_keys, version

from procdash.store import SCAN_ALL, ExternalError, VersionedData, open_consensus

_Result = TypeVar("_Result")

MAX = 2**63 - 1
numbers = st.integers(0, 12)
odd_numbers = numbers | st.sampled_from([-1, MAX - 1, MAX, MAX + 1, 2**64])
names = st.sampled_from(["a", "a/b", "A"])


class LogModel:
    """What a `Consensus` promises, with lists."""

    def __init__(self) -> None:
        self.logs: dict[str, list[VersionedData]] = {}

    def head(self, key: str) -> VersionedData | None:
        return self.logs[key][-1] if key in self.logs else None

    def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> object:
        if not 0 <= new.seqno <= MAX or (expected is not None and new.seqno <= expected):
            return ExternalError
        head = self.head(key)
        if (None if head is None else head.seqno) != expected:
            return MISMATCH
        self.logs.setdefault(key, []).append(new)
        return COMMITTED

    def scan(self, key: str, from_seqno: int, limit: int) -> list[VersionedData]:
        return [found for found in self.logs.get(key, []) if found.seqno >= from_seqno][: max(limit, 0)]

    def truncate(self, key: str, seqno: int) -> object:
        head = self.head(key)
        if head is None or head.seqno < seqno:
            return ExternalError
        kept = self.scan(key, seqno, SCAN_ALL)
        removed = len(self.logs[key]) - len(kept)
        self.logs[key] = kept
        return removed


class ConsensusMachine(RuleBasedStateMachine):
    """Random operations through two handles on one place, under keys of this run's own."""

    url: str
    """Where the place is; set by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.run_id = str(uuid4())
        self.model = LogModel()
        self.runner = asyncio.Runner()
        self.handles = [self.done(open_consensus(self.url)) for _ in range(2)]

    def teardown(self) -> None:
        for handle in self.handles:
            self.done(handle.close())
        self.runner.close()

    def done(self, operation: Awaitable[_Result]) -> _Result:
        async def awaited() -> _Result:
            return await operation

        return self.runner.run(awaited())

    def outcome(self, operation: Awaitable[object]) -> object:
        try:
            return self.done(operation)
        except ExternalError:
            return ExternalError

    def key(self, name: str) -> str:
        return f"{self.run_id}/{name}"

    @rule(name=names, above=st.integers(1, 3), data=st.binary(max_size=20), by=st.sampled_from([0, 1]))
    def append(self, name: str, above: int, data: bytes, by: int) -> None:
        head = self.model.head(name)
        expected = None if head is None else int(head.seqno)
        self.compare_and_set(name, expected, (-1 if expected is None else expected) + above, data, by)

    @rule(
        name=names,
        expected=st.none() | odd_numbers,
        seqno=odd_numbers,
        data=st.binary(max_size=20),
        by=st.sampled_from([0, 1]),
    )
    def compare_and_set(self, name: str, expected: int | None, seqno: int, data: bytes, by: int) -> None:
        new = version(seqno, data)
        outcome = self.outcome(self.handles[by].compare_and_set(self.key(name), expected, new))
        assert outcome == self.model.compare_and_set(name, expected, new)

    @rule(name=names, from_seqno=odd_numbers, limit=numbers | st.sampled_from([-1, SCAN_ALL, 2**64]))
    def scan(self, name: str, from_seqno: int, limit: int) -> None:
        found = self.done(self.handles[0].scan(self.key(name), from_seqno, limit))
        assert found == self.model.scan(name, from_seqno, limit)

    @rule(name=names, seqno=odd_numbers, by=st.sampled_from([0, 1]))
    def truncate(self, name: str, seqno: int, by: int) -> None:
        assert self.outcome(self.handles[by].truncate(self.key(name), seqno)) == self.model.truncate(name, seqno)

    @rule(name=names)
    def truncate_to_head(self, name: str) -> None:
        head = self.model.head(name)
        self.truncate(name, 0 if head is None else int(head.seqno), 1)

    @invariant()
    def heads_and_keys_agree(self) -> None:
        for name in ("a", "a/b", "A"):
            assert self.done(self.handles[1].head(self.key(name))) == self.model.head(name)
        mine = [key for key in self.done(all_keys(self.handles[0])) if key.startswith(self.run_id)]
        assert mine == sorted(self.key(name) for name in self.model.logs)


def test_a_backend_does_what_the_model_does(consensus_backend: ConsensusBackend, consensus_url: str) -> None:
    class Machine(ConsensusMachine):
        url = consensus_url

    quick = settings(
        max_examples=consensus_backend.examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Machine, settings=quick)
