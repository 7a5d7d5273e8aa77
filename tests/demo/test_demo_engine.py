"""The simulated engine on a store: every state it leaves is one that the real runner could have left."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from random import Random

import pytest

from procdash.demo import Engine, seed_store
from procdash.demo.adoption import adoptable_ids
from procdash.demo.scripts import waits_for_children
from procdash.store import (
    Determinate,
    Indeterminate,
    KeyType,
    ParsedKey,
    ProcedureMessage,
    ProcedureStore,
    StateStore,
)
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.memory import MemoryBlob
from procdash.store.blob import Blob

PREFIX = "procedure/"
NOW = 1_795_292_160.0
FAMILY_MARGIN = 12
"""How far the last family may take the population beyond its size."""


class RecordingBlob(MemoryBlob):
    """Remembers every write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[tuple[str, bytes | None]] = []

    async def set(self, key: str, value: bytes) -> None:
        await super().set(key, value)
        self.writes.append((key, value))

    async def delete(self, key: str) -> int | None:
        self.writes.append((key, None))
        return await super().delete(key)


class FailingBlob(MemoryBlob):
    """Fails now and then: half of the failed writes have taken place."""

    def __init__(self, failing_share: float) -> None:
        super().__init__()
        self._rng = Random(1)  # noqa: S311 - a simulation, not a secret
        self._failing_share = failing_share
        self.failures = 0

    async def set(self, key: str, value: bytes) -> None:
        if self._rng.random() >= self._failing_share:
            await super().set(key, value)
            return
        self.failures += 1
        if self._rng.random() < 0.5:
            await super().set(key, value)
            raise Indeterminate("the reply was lost")
        raise Determinate("refused")

    async def delete(self, key: str) -> int | None:
        if self._rng.random() < self._failing_share:
            self.failures += 1
            raise Indeterminate("the reply was lost")
        return await super().delete(key)


Check = Callable[[int], Awaitable[None]]


async def run_engine(
    blob: Blob,
    turns: int,
    *,
    seed: int = 1,
    rate: float = 1.5,
    adopt_ids: Collection[str] = (),
    population: int | None = None,
    check: Check | None = None,
) -> None:
    """Let an engine have `turns` turns on `blob`, without waiting; `check` gets the number of each turn."""
    taken = 0

    async def take_turn(_: float) -> None:
        nonlocal taken
        taken += 1
        if check is not None:
            await check(taken)
        if taken == turns:
            raise asyncio.CancelledError

    engine = Engine(
        ProcedureStore(StateStore(blob)),
        rate=rate,
        seed=seed,
        adopt_ids=adopt_ids,
        population=population,
        sleep=take_turn,
        clock=lambda: 0.0,
    )
    with pytest.raises(asyncio.CancelledError):
        await engine.run()


async def read_procedures(blob: Blob) -> dict[str, dict[ParsedKey, bytes]]:
    procedures: defaultdict[str, dict[ParsedKey, bytes]] = defaultdict(dict)
    async for metadata in blob.list_keys_and_metadata(PREFIX):
        key = ParsedKey.parse(PREFIX, metadata.key)
        value = await blob.get(metadata.key)
        assert key is not None
        assert value is not None
        procedures[key.procedure_id][key] = value
    return dict(procedures)


def check_procedure(keys: dict[ParsedKey, bytes]) -> None:
    """The keys of one procedure are such as the runner leaves."""
    steps = sorted(key.step for key in keys if key.key_type is KeyType.STEP)
    markers = [key for key in keys if key.key_type is not KeyType.STEP]
    messages = {
        key: ProcedureMessage.from_json(value) for key, value in keys.items() if key.key_type is not KeyType.COMMIT
    }

    assert steps == list(range(len(steps)))
    assert [marker.step for marker in markers] in ([], [len(steps)])
    assert all(value == b"" for key, value in keys.items() if key.key_type is KeyType.COMMIT)
    assert all(message.step == key.step for key, message in messages.items())
    assert all(
        (message.error is not None) == (key.key_type is KeyType.ROLLBACK) for key, message in messages.items()
    )
    assert all(isinstance(json.loads(message.data), dict) for message in messages.values())
    assert (
        len({(message.type_name, message.parent_id, str(message.context)) for message in messages.values()}) <= 1
    )


def check_families(procedures: dict[str, dict[ParsedKey, bytes]]) -> None:
    """Children have parents, which wait for them."""
    for keys in procedures.values():
        first = min(keys, key=lambda key: key.step)
        if first.key_type is KeyType.COMMIT:
            continue
        parent_id = ProcedureMessage.from_json(keys[first]).parent_id
        if parent_id is None:
            continue
        assert parent_id in procedures
        has_ended = any(key.key_type is not KeyType.STEP for key in keys)
        parent_keys = procedures[parent_id]
        last = max(parent_keys, key=lambda key: key.step)
        if not has_ended and last.key_type is KeyType.STEP:
            message = ProcedureMessage.from_json(parent_keys[last])
            assert waits_for_children(message.type_name, message.data)


def invariant(blob: Blob, *, every: int = 7, at_most: int | None = None) -> Check:
    async def check(turn: int) -> None:
        if turn % every:
            return
        procedures = await read_procedures(blob)
        for keys in procedures.values():
            check_procedure(keys)
        check_families(procedures)
        assert at_most is None or len(procedures) <= at_most

    return check


class TestTheRunnerCouldHaveLeftThis:
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("rate", [1.5, 1_000.0])
    async def test_at_every_moment(self, seed: int, rate: float) -> None:
        blob = MemoryBlob()
        check = invariant(blob, at_most=20 + FAMILY_MARGIN)

        await run_engine(blob, 1_500, seed=seed, rate=rate, population=20, check=check)

        assert len(await read_procedures(blob)) > 10

    async def test_after_every_single_turn(self) -> None:
        blob = MemoryBlob()

        await run_engine(blob, 400, seed=9, population=30, check=invariant(blob, every=1))

    async def test_also_when_every_fifth_write_fails(self) -> None:
        blob = FailingBlob(0.2)

        async def check(turn: int) -> None:
            if turn % 50:
                return
            for keys in (await read_procedures(blob)).values():
                if min(key.step for key in keys) == 0:  # a removal that failed midway leaves what it leaves
                    check_procedure(keys)

        await run_engine(blob, 1_500, population=20, check=check)

        assert blob.failures > 200

    async def test_a_store_that_takes_nothing_does_not_end_the_engine(self) -> None:
        blob = FailingBlob(1.0)

        await run_engine(blob, 3_000, population=3)

        assert blob.failures > 50


class TestDeterminism:
    async def test_the_same_seed_writes_the_same(self) -> None:
        first, second = RecordingBlob(), RecordingBlob()
        for blob in (first, second):
            await run_engine(blob, 1_000, seed=4)

        assert first.writes == second.writes
        assert any(value is None for _, value in first.writes)

    async def test_another_seed_writes_something_else(self) -> None:
        first, second = RecordingBlob(), RecordingBlob()
        await run_engine(first, 50, seed=4)
        await run_engine(second, 50, seed=5)

        assert first.writes != second.writes


class TestAnOperatorUnderneath:
    async def test_a_directory_that_vanished_comes_back_with_the_next_step(self) -> None:
        blob = RecordingBlob()
        removed: list[str] = []
        removed_after = 0

        async def remove_one(turn: int) -> None:
            nonlocal removed_after
            if turn != 60:
                return
            running = [
                procedure_id
                for procedure_id, keys in (await read_procedures(blob)).items()
                if all(key.key_type is KeyType.STEP for key in keys)
            ]
            removed.extend(running[:5])
            for procedure_id in removed:
                await ProcedureStore(StateStore(blob)).delete_procedure(procedure_id)
            removed_after = len(blob.writes)

        await run_engine(blob, 600, check=remove_one)

        again = [key for key, value in blob.writes[removed_after:] if value is not None]
        assert len(removed) == 5
        for procedure_id in removed:
            keys = [parsed for key in again if (parsed := ParsedKey.parse(PREFIX, key))]
            assert min(key.step for key in keys if key.procedure_id == procedure_id) > 0

    async def test_a_foreign_file_keeps_the_directory_and_not_the_engine(self, tmp_path: Path) -> None:
        async def litter(turn: int) -> None:
            if turn == 30:
                for directory in (tmp_path / "procedure").iterdir():
                    (directory / "notes.txt").write_text("mine")

        await run_engine(LocalBlob(tmp_path, sync=False), 150, check=litter)

        contents = [
            [path.name for path in directory.iterdir()] for directory in (tmp_path / "procedure").iterdir()
        ]
        assert ["notes.txt"] in contents
        assert any("notes.txt" not in names for names in contents)


class TestSeededStore:
    async def test_it_goes_on_with_what_is_healthy_and_leaves_the_rest(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=24, seed=0, now=NOW)
        adopted = await adoptable_ids_at(tmp_path)
        left_alone = {
            path: path.read_bytes()
            for path in (tmp_path / "procedure").rglob("*")
            if path.is_file() and path.parent.name.lower() not in adopted
        }
        sizes: list[int] = []

        async def check(_: int) -> None:
            sizes.append(len(list((tmp_path / "procedure").iterdir())))

        await run_engine(LocalBlob(tmp_path, sync=False), 400, adopt_ids=adopted, check=check)

        assert len(adopted) > 10
        assert {path: path.read_bytes() for path in left_alone} == left_alone
        assert min(sizes) >= 12
        assert max(sizes) <= 24 + FAMILY_MARGIN
        names = {path.name for path in (tmp_path / "procedure").iterdir()}
        assert not names & set(adopted)  # all of them have had their time

    async def test_adopted_families_leave_no_orphans(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=24, seed=0, now=NOW)
        adopted = await adoptable_ids_at(tmp_path)
        blob = LocalBlob(tmp_path, sync=False)

        async def check(turn: int) -> None:
            if turn % 20:
                return
            directories = {path.name for path in (tmp_path / "procedure").iterdir()}
            for procedure_id in directories & set(adopted):
                first = (tmp_path / "procedure" / procedure_id / "0000000000.step").read_bytes()
                parent_id = ProcedureMessage.from_json(first).parent_id
                assert parent_id is None or parent_id in directories

        await run_engine(blob, 200, adopt_ids=adopted, check=check)

    async def test_of_a_large_store_only_what_stands_alone_is_adopted(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=700, seed=0, now=NOW)
        adopted = await adoptable_ids_at(tmp_path)

        assert len(adopted) == 128
        for procedure_id in adopted:
            directory = tmp_path / "procedure" / procedure_id
            message = ProcedureMessage.from_json((directory / "0000000000.step").read_bytes())
            assert message.parent_id is None
            assert message.type_name not in {
                "metasrv-procedure::Repartition",
                "metasrv-procedure::ReconcileDatabase",
            }
            assert not list(directory.glob("*.commit"))

    async def test_ids_that_are_not_there_are_no_matter(self) -> None:
        blob = MemoryBlob()

        await run_engine(blob, 20, adopt_ids=["9f805a1f-05f7-490c-9f91-bd56e3cc54c1"])

        assert "9f805a1f-05f7-490c-9f91-bd56e3cc54c1" not in await read_procedures(blob)


async def adoptable_ids_at(root: Path) -> list[str]:
    return await adoptable_ids(str(root), now=NOW)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, turns: int) -> None:
        self.now = 0.0
        self.naps: list[float] = []
        self._turns = turns

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        if len(self.naps) == self._turns:
            raise asyncio.CancelledError

    def __call__(self) -> float:
        return self.now


class TestPace:
    @pytest.mark.parametrize("rate", [0.5, 1.5, 50.0, 1_000.0, 20_000.0])
    async def test_it_writes_at_the_rate_on_average(self, rate: float) -> None:
        clock = Clock(3_000)
        blob = RecordingBlob()
        await self.run(blob, clock, rate)
        written = sum(1 for _, value in blob.writes if value is not None)

        assert written / clock.now == pytest.approx(rate, rel=0.05)

    async def test_it_never_sleeps_for_less_than_a_timer_can_tell(self) -> None:
        clock = Clock(3_000)
        await self.run(MemoryBlob(), clock, 1_000.0)

        assert {nap for nap in clock.naps if nap < 0.01} == {0.0}

    async def test_a_long_pause_is_not_made_up_for(self) -> None:
        clock = Clock(400)

        async def sleep(seconds: float) -> None:
            await clock.sleep(seconds)
            if len(clock.naps) == 200:
                clock.now += 3_600.0  # the machine was suspended

        await self.run(MemoryBlob(), clock, 10.0, sleep)

        assert clock.naps[201:].count(0.0) < 15

    @pytest.mark.parametrize("rate", [0.0, -1.0])
    def test_a_rate_is_above_zero(self, rate: float) -> None:
        with pytest.raises(ValueError, match="above zero"):
            Engine(ProcedureStore(StateStore(MemoryBlob())), rate=rate, seed=0)

    async def run(
        self, blob: Blob, clock: Clock, rate: float, sleep: Callable[[float], Awaitable[None]] | None = None
    ) -> None:
        store = ProcedureStore(StateStore(blob))
        with pytest.raises(asyncio.CancelledError):
            await Engine(store, rate=rate, seed=2, sleep=sleep or clock.sleep, clock=clock).run()


class TestCancelling:
    async def test_run_ends_when_it_is_cancelled(self) -> None:
        blob = MemoryBlob()
        running = asyncio.create_task(Engine(ProcedureStore(StateStore(blob)), rate=10_000.0, seed=0).run())
        while not await read_procedures(blob):  # noqa: ASYNC110 - the engine tells nobody what it does
            await asyncio.sleep(0)
        running.cancel()

        with pytest.raises(asyncio.CancelledError):
            await running
