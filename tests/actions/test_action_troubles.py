"""Stores and journals that fail in the middle: what is reported is true, and the rest can be taken up again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.actions import (
    Bench,
    bench,
    contents,
    memory_of,
    steps_of,
    tree,
    write_tree,
)
from support.interrupting import Interrupted
from support.privileges import let_others_in, ordinary_user
from support.stores import procedure_id
from support.tiny_disk import tiny_disk

from procdash.actions.entries import EntryState, JournalError
from procdash.actions.outcomes import Outcome
from procdash.actions.planning import Cut
from procdash.actions.plans import OpKind
from procdash.actions.target_writer import Pace
from procdash.store import Determinate, Indeterminate, ReadOnly
from procdash.store.backends.files import TEMPORARY_SUFFIX
from procdash.store.backends.local import LocalBlob

ONE, TWO, THREE = map(procedure_id, (1, 2, 3))
KEYS = {**steps_of(ONE, 3), **steps_of(TWO, 3), **steps_of(THREE, 3)}
ALL = [ONE, TWO, THREE]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "store", KEYS)


@pytest.fixture
async def on(root: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(root, tmp_path / "state/journal.db") as opened:
        yield opened


@pytest.mark.parametrize("at", [1, 2, 4, 5, 8])
async def test_a_location_that_vanishes_and_comes_back(root: Path, tmp_path: Path, at: int) -> None:
    before = tree(root)
    away = root.with_name("away")
    blob = Interrupted(LocalBlob(root, sync=False), at, lambda: root.rename(away))
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_delete(ALL))
        assert [result.outcome for result in report.results].count(Outcome.DONE) == (at - 1) // 4
        assert report.outcome is Outcome.UNKNOWN
        assert not root.exists() or not any(path.is_file() for path in root.rglob("*"))
    if root.exists():
        root.rmdir()
    away.rename(root)
    async with bench(root, tmp_path / "state/journal.db") as on:
        [entry] = await on.journal.entries()
        if at == 1:
            assert tree(root) == before
        if at % 2:
            assert entry.is_undoable
            assert (await on.undo(entry.number)).outcome is Outcome.DONE
            assert tree(root) == before
        else:
            resumed = await on.resume(entry.number)
            assert resumed.outcome is Outcome.DONE
            assert tree(root) == {"procedure": None}


async def test_a_directory_that_may_not_be_written(root: Path, tmp_path: Path) -> None:
    before = tree(root)
    state = tmp_path / "state"
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    let_others_in(tmp_path)
    for directory in (root / "procedure" / name for name in ALL):
        directory.chmod(0o555)
    with ordinary_user():
        async with bench(root, state / "journal.db") as on:
            for plan in (
                await on.planner.plan_delete(ALL),
                await on.planner.plan_commit(ALL),
                await on.planner.plan_truncate(ALL, Cut(keep=1)),
            ):
                report = await on.executor.apply(plan)
                assert [result.outcome for result in report.results] == [Outcome.FAILED] * 3
                assert all("Permission denied" in result.message for result in report.results)
                assert report.ops_done == 0
                entry = await on.journal.entry(report.entry or 0)
                assert entry is not None
                assert entry.state is EntryState.NOTHING_DONE
    assert tree(root) == before


async def test_a_store_that_is_read_only_is_never_written(tmp_path: Path) -> None:
    blob = await memory_of(KEYS)
    before = await contents(blob)
    async with bench(blob, tmp_path / "state/journal.db", through=ReadOnly(blob)) as on:
        report = await on.executor.apply(await on.planner.plan_delete(ALL))
    assert {result.outcome for result in report.results} == {Outcome.FAILED}
    assert all("read-only" in result.message for result in report.results)
    assert await contents(blob) == before


async def test_a_disk_that_is_full_while_undoing(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", kibibytes=256) as disk:
        root = disk / "store"
        long = {key: value + b" " * 20_000 for key, value in KEYS.items()}
        write_tree(root, {key: value for key, value in long.items() if not key.startswith(THREE)})
        before = tree(root)
        async with bench(root, tmp_path / "state/journal.db") as on:
            report = await on.executor.apply(await on.planner.plan_delete([ONE, TWO]))
            assert report.outcome is Outcome.DONE
            filling = disk / "filling"
            filling.write_bytes(bytes(160_000))
            undo = await on.undo(report.entry or 0)
            failed = [result for result in undo.results if result.outcome is Outcome.FAILED]
            assert failed
            assert all("No space left" in result.message for result in failed)
            assert 0 < undo.ops_done < len(undo.plan.ops)
            assert not [path for path in root.rglob("*") if path.name.endswith(TEMPORARY_SUFFIX)]
            filling.unlink()
            assert (await on.resume(undo.entry or 0)).outcome is Outcome.DONE
            assert tree(root) == before
            entry = await on.journal.entry(report.entry or 0)
            assert entry is not None
            assert entry.undone_by == undo.entry


@pytest.mark.parametrize("broken", ["note_done", "end"])
async def test_a_journal_that_fails_once_it_is_applied(on: Bench, root: Path, broken: str) -> None:
    before = tree(root)
    working = getattr(on.journal, broken)

    async def fail(*arguments: object) -> None:
        raise JournalError(f"the disk is full ({len(arguments)})")

    setattr(on.journal, broken, fail)
    report = await on.executor.apply(await on.planner.plan_delete([ONE, TWO]))
    assert report.outcome is Outcome.DONE
    assert report.is_complete
    assert (report.journal_failure is not None) is (broken == "end")
    setattr(on.journal, broken, working)
    entry = await on.journal.entry(report.entry or 0)
    assert entry is not None
    assert entry.state is (EntryState.APPLYING if broken == "end" else EntryState.DONE)
    assert entry.is_undoable
    if broken == "end":
        assert not await on.journal.is_held(entry.number)
        assert (await on.resume(entry.number)).outcome is Outcome.DONE
    assert (await on.undo(entry.number)).outcome is Outcome.DONE
    assert tree(root) == before


@pytest.mark.parametrize("broken", ["prepare", "save_values", "begin"])
async def test_a_journal_that_fails_before_it_is_applied(tmp_path: Path, broken: str) -> None:
    memory = await memory_of(KEYS)
    blob = Interrupted(memory, 0, lambda: None)
    async with bench(memory, tmp_path / "state/journal.db", through=blob) as on:

        async def fail(*arguments: object, **options: object) -> None:
            raise JournalError(f"the disk is full ({arguments}, {options})")

        setattr(on.journal, broken, fail)
        with pytest.raises(JournalError, match="the disk is full"):
            await on.executor.apply(await on.planner.plan_delete(ALL))
        for entry in await on.journal.entries():
            assert entry.state is EntryState.NOTHING_DONE
            assert not entry.is_undoable
    assert blob.writes == []


async def test_the_pace_and_the_progress(root: Path, tmp_path: Path) -> None:
    waits: list[float] = []
    told: list[tuple[int, int]] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with bench(root, tmp_path / "state/journal.db", sleep=sleep) as on:
        plan = await on.planner.plan_delete([ONE, TWO])
        await on.executor.apply(plan, pace=Pace(4.0, lambda done, total: told.append((done, total))))
        assert waits == [0.25] * 8
        assert told == [(done, 8) for done in range(1, 9)]
        waits.clear()
        await on.undo(1)
        assert waits == []


@pytest.mark.parametrize("error", [Determinate("no"), Indeterminate("perhaps")])
async def test_a_directory_that_cannot_be_removed(
    root: Path, tmp_path: Path, error: Determinate | Indeterminate
) -> None:
    class Refusing(LocalBlob):
        async def delete(self, key: str) -> int | None:
            assert key == f"procedure/{ONE}/"
            raise error

    async with bench(root, tmp_path / "state/journal.db", through=Refusing(root, sync=False)) as on:
        plan = await on.planner.plan_delete([ONE])
        assert plan.ops[-1].kind is OpKind.REMOVE_DIRECTORY
        [result] = (await on.executor.apply(plan)).results
    assert result.outcome is Outcome.DONE
    assert result.leftovers == (f"procedure/{ONE}/ ({error.message})",)
