"""A caller that is cancelled, wherever it waits: no op is cut short, and what is left can be resumed or undone."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.actions import Bench, bench, tree, write_tree
from support.actions import steps_of as steps
from support.stores import procedure_id

from procdash.actions.entries import EntryState, JournalError
from procdash.actions.outcomes import Outcome, Report
from procdash.actions.plans import ActionKind, Plan
from procdash.demo.inline import InlineExecutor
from procdash.store import BlobMetadata, tasks
from procdash.store.backends.local import LocalBlob

IDS = [procedure_id(1), procedure_id(2)]
KEYS = {**steps(IDS[0], 2), **steps(IDS[1], 1)}


class HalfWay(LocalBlob):
    """Stops in the middle of one write until it is told to go on.

    Args:
        root: the directory.
        at: in which write, counted from 1; 0 stops in none.
    """

    def __init__(self, root: Path, at: int = 0) -> None:
        super().__init__(root, sync=False)
        self.begun = 0
        self.ended = 0
        self.at = at
        self.stopped = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def _half(self) -> None:
        self.begun += 1
        if self.begun == self.at:
            self.stopped.set()
            await self.goes_on.wait()

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        await self._half()
        is_done = await super().set_if_absent(key, value)
        self.ended += 1
        return is_done

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        await self._half()
        is_done = await super().delete_if_unchanged(seen)
        self.ended += 1
        return is_done


async def start(on: Bench, kind: ActionKind) -> Plan:
    """A plan of a kind; before an undo, a deletion is applied."""
    if kind is ActionKind.COMMIT:
        return await on.planner.plan_commit(IDS)
    plan = await on.planner.plan_delete(IDS)
    if kind is ActionKind.DELETE:
        return plan
    report = await on.executor.apply(plan)
    entry = await on.journal.entry(report.entry or 0)
    assert entry is not None
    return await on.planner.plan_undo(entry)


async def stops(blob: HalfWay, working: asyncio.Task[Report]) -> bool:
    """Wait until a write has stopped in its middle; False where all ended without that."""
    stopping = asyncio.create_task(blob.stopped.wait())
    await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return not working.done()


@pytest.mark.parametrize("kind", [ActionKind.DELETE, ActionKind.COMMIT, ActionKind.UNDO])
async def test_cancelled_in_the_middle_of_every_write(tmp_path: Path, kind: ActionKind) -> None:
    at = 0
    is_at_work = True
    while is_at_work:
        at += 1
        base = tmp_path / str(at)
        root = write_tree(base / "store", KEYS)
        whole = tree(root)
        blob = HalfWay(root)
        async with bench(root, base / "state/journal.db", through=blob) as on:
            plan = await start(on, kind)
            before = tree(root)
            blob.begun, blob.ended, blob.at = 0, 0, at
            working = asyncio.create_task(on.executor.apply(plan))
            is_at_work = await stops(blob, working)
            if is_at_work:
                working.cancel()
                blob.goes_on.set()
                with pytest.raises(asyncio.CancelledError):
                    await working
                assert blob.begun == blob.ended == at, "what has begun has ended, and nothing else has begun"
                await check_taken_up(on, root, before, whole, kind, resumes=bool(at % 2))
    assert at > 2


async def check_taken_up(
    on: Bench,
    root: Path,
    before: dict[str, bytes | None],
    whole: dict[str, bytes | None],
    kind: ActionKind,
    *,
    resumes: bool,
) -> None:
    """Resume the newest entry, or undo it; the executor can be used on."""
    [entry, *_] = await on.journal.entries()
    assert not await on.journal.is_held(entry.number)
    assert entry.state is EntryState.APPLYING
    if resumes or kind is ActionKind.UNDO:
        report = await on.resume(entry.number)
        assert report.outcome is Outcome.DONE
        assert report.is_complete
        if kind is ActionKind.UNDO:
            assert tree(root) == whole
    else:
        assert (await on.undo(entry.number)).outcome is Outcome.DONE
        assert tree(root) == before


async def test_cancelled_at_every_await(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each number of turns of the event loop, from the first look at the store to the last."""
    monkeypatch.setattr(tasks, "ThreadPoolExecutor", InlineExecutor)  # so that turns can be counted
    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    states: Counter[EntryState | None] = Counter()
    turns = 0
    is_at_work = True
    while is_at_work:
        base = tmp_path / str(turns)
        root = write_tree(base / "store", KEYS)
        before = tree(root)
        async with bench(root, base / "state/journal.db") as on:
            working = asyncio.create_task(on.executor.apply(await start(on, ActionKind.DELETE)))
            for _ in range(turns):
                await asyncio.sleep(0)
            is_at_work = working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            entries = await on.journal.entries()
            states[entries[0].state if entries else None] += 1
            await check_any_moment(on, root, before)
        shutil.rmtree(base)
        turns += 1
    assert states[None] > 1
    assert all(states[state] > 1 for state in (EntryState.NOTHING_DONE, EntryState.APPLYING)), states
    assert states[EntryState.DONE]


async def check_any_moment(on: Bench, root: Path, before: dict[str, bytes | None]) -> None:
    entries = await on.journal.entries()
    if not entries or entries[0].state in (EntryState.PREPARING, EntryState.NOTHING_DONE):
        assert tree(root) == before
        return
    assert not await on.journal.is_held(entries[0].number)
    assert (await on.undo(entries[0].number)).outcome is Outcome.DONE
    assert tree(root) == before


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(write_tree(tmp_path / "store", KEYS), tmp_path / "state/journal.db") as opened:
        yield opened


async def test_an_executor_takes_one_plan_at_a_time(on: Bench) -> None:
    plans = [await on.planner.plan_delete([identity]) for identity in IDS]
    reports = await asyncio.gather(*map(on.executor.apply, plans))
    assert [report.outcome for report in reports] == [Outcome.DONE] * 2
    first, second = [await on.journal.entry(report.entry or 0) for report in reports]
    assert first is not None
    assert second is not None
    assert first.ended_at is not None


async def test_two_executors_on_the_same_procedures(tmp_path: Path) -> None:
    """Of two that delete the same, each op is done by one; both say what is true."""
    for turn in range(10):
        base = tmp_path / str(turn)
        root = write_tree(base / "store", KEYS)
        before = tree(root)
        journal = base / "state/journal.db"
        async with bench(root, journal) as one, bench(root, journal) as other:
            plans = [await each.planner.plan_delete(IDS) for each in (one, other)]
            reports = await asyncio.gather(
                *(each.executor.apply(plan) for each, plan in zip((one, other), plans, strict=True))
            )
            assert tree(root) == {"procedure": None}
            outcomes = {result.outcome for report in reports for result in report.results}
            assert outcomes <= {Outcome.DONE, Outcome.CHANGED, Outcome.SKIPPED}
            assert any(Outcome.DONE in {result.outcome for result in report.results} for report in reports)
            begun = [report.entry for report in reports if report.entry is not None]
            entry = await one.journal.entry(begun[0])
            assert entry is not None
            if len(begun) == 1:
                assert (await other.undo(begun[0])).outcome is Outcome.DONE
                assert tree(root) == before


async def test_nobody_undoes_what_is_being_applied(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "store", KEYS)
    journal = tmp_path / "state/journal.db"
    blob = HalfWay(root, at=2)
    async with bench(root, journal, through=blob) as one, bench(root, journal) as other:
        applying = asyncio.create_task(one.executor.apply(await one.planner.plan_delete(IDS)))
        assert await stops(blob, applying)
        entry = await other.journal.entry(1)
        assert entry is not None
        undo = await other.planner.plan_undo(entry)
        assert undo.ops
        with pytest.raises(JournalError, match="entry 1 is being applied by another procdash"):
            await other.executor.apply(undo)
        with pytest.raises(JournalError, match="entry 1 is being applied by another procdash"):
            await other.executor.resume(entry)
        blob.goes_on.set()
        assert (await applying).outcome is Outcome.DONE
        assert tree(root) == {"procedure": None}
        assert (await other.undo(1)).outcome is Outcome.DONE


async def test_what_is_done_is_not_resumed(on: Bench) -> None:
    report = await on.executor.apply(await on.planner.plan_delete(IDS))
    with pytest.raises(JournalError, match=f"there is nothing left to resume in entry {report.entry}"):
        await on.resume(report.entry or 0)
