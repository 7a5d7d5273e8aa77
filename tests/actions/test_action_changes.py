"""What others write before a plan and in the middle of it: it stays, and the report says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.actions import (
    Bench,
    bench,
    contents,
    steps_of,
    tree,
    write_tree,
)
from support.interrupting import Interrupted
from support.stores import procedure_id

from procdash.actions.entries import EntryState
from procdash.actions.families import Scope
from procdash.actions.outcomes import Outcome
from procdash.actions.planning import Cut
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.memory import MemoryBlob

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


async def test_unknown_files_stay_and_are_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "store", {**KEYS, f"{ONE}/notes.txt": b"mine", f"{ONE}/sub/more": b"too"})
    before = tree(root)
    async with bench(root, tmp_path / "state/journal.db") as on:
        plan = await on.planner.plan_delete([ONE])
        assert plan.targets[0].kept == (f"procedure/{ONE}/notes.txt", f"procedure/{ONE}/sub/more")
        report = await on.executor.apply(plan)
        [result] = report.results
        assert result.outcome is Outcome.DONE
        assert result.leftovers == plan.targets[0].kept
        assert (root / "procedure" / ONE / "notes.txt").read_bytes() == b"mine"
        assert (await on.undo(report.entry or 0)).outcome is Outcome.DONE
    assert tree(root) == before


async def test_a_directory_with_another_procedure_below_it_stays(tmp_path: Path) -> None:
    """It is a leftover of a deletion that is done, and not something that is left to do."""
    root = write_tree(
        tmp_path / "store", {**steps_of(ONE, 2), **{f"{ONE}/{key}": b"" for key in steps_of(TWO, 1)}}
    )
    async with bench(root, tmp_path / "state/journal.db") as on:
        report = await on.executor.apply(await on.planner.plan_delete([ONE], Scope.ONLY))
        [result] = report.results
        assert result.outcome is Outcome.DONE
        assert [name.partition(" ")[0] for name in result.leftovers] == [f"procedure/{ONE}/"]
        assert "Directory not empty" in result.leftovers[0]
        entry = await on.journal.entry(report.entry or 0)
        assert entry is not None
        assert entry.state is EntryState.DONE


async def test_a_file_that_came_meanwhile_is_a_leftover(root: Path, tmp_path: Path) -> None:
    came = root / "procedure" / ONE / "core.dump"
    blob = Interrupted(LocalBlob(root, sync=False), 3, lambda: came.write_bytes(b"x"))
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ONE]))
        [result] = report.results
        assert result.outcome is Outcome.DONE
        assert result.ops_done == result.ops_total - 1
        assert "core.dump" in result.leftovers[0]
    assert came.read_bytes() == b"x"


async def test_an_unknown_file_that_came_before_is_a_change(on: Bench, root: Path) -> None:
    plan = await on.planner.plan_delete([ONE, TWO])
    (root / "procedure" / ONE / "notes.txt").write_bytes(b"")
    report = await on.executor.apply(plan)
    assert [result.outcome for result in report.results] == [Outcome.CHANGED, Outcome.SKIPPED]
    assert [each.word for each in report.results[0].differences] == ["appeared"]
    assert report.entry is None


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_step_that_an_engine_writes_in_the_middle_stays(root: Path, tmp_path: Path, at: int) -> None:
    new = root / "procedure" / ONE / "0000000003.step"
    blob = Interrupted(LocalBlob(root, sync=False), at, lambda: new.write_bytes(b"new"))
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ONE, TWO]))
        assert [result.outcome for result in report.results] == [Outcome.CHANGED, Outcome.DONE]
        assert [each.key for each in report.results[0].differences] == [f"procedure/{ONE}/{new.name}"]
        assert new.read_bytes() == b"new"
        entry = await on.journal.entry(report.entry or 0)
        assert entry is not None
        undo = await on.planner.plan_undo(entry)
        assert [refusal.procedure_id for refusal in undo.refusals] == [ONE]
        assert (await on.executor.apply(undo)).outcome is Outcome.DONE
    assert {name for name in tree(root) if name.startswith(f"procedure/{TWO}/")} == {
        f"procedure/{key}" for key in steps_of(TWO, 3)
    }


async def test_a_procedure_that_has_moved_on_before_its_turn_is_left_alone(root: Path, tmp_path: Path) -> None:
    new = root / "procedure" / TWO / "0000000003.step"
    blob = Interrupted(LocalBlob(root, sync=False), 2, lambda: new.write_bytes(b"new"))
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ONE, TWO, THREE]))
    assert [result.outcome for result in report.results] == [Outcome.DONE, Outcome.CHANGED, Outcome.DONE]
    assert [result.ops_done for result in report.results] == [4, 0, 4]
    assert {name.rpartition("/")[2] for name in tree(root) if name.endswith(".step")} == {
        f"{step:010}.step" for step in range(4)
    }
    assert not any(TWO in key for key in blob.writes)


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_value_that_is_rewritten_in_place_in_the_middle_stays(root: Path, tmp_path: Path, at: int) -> None:
    rewritten = root / "procedure" / ONE / f"{at - 1:010}.step"
    blob = Interrupted(LocalBlob(root, sync=False), at, lambda: rewritten.write_bytes(b"a longer value"))
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ONE]))
        [result] = report.results
        assert result.outcome is Outcome.CHANGED
        assert result.ops_done == at - 1
        assert [each.word for each in result.differences] == ["rewritten"]
    assert rewritten.read_bytes() == b"a longer value"


async def test_a_value_that_is_rewritten_before_is_a_change(on: Bench, root: Path) -> None:
    plan = await on.planner.plan_truncate(ALL, Cut(keep=1))
    (root / "procedure" / TWO / "0000000000.step").write_bytes(b"another")
    before = tree(root)
    report = await on.executor.apply(plan)
    assert [result.outcome for result in report.results] == [Outcome.SKIPPED, Outcome.CHANGED, Outcome.SKIPPED]
    assert report.results[1].differences[0].word == "rewritten"
    assert report.entry is None
    assert tree(root) == before


async def test_a_value_that_changes_while_it_is_saved_is_not_removed(tmp_path: Path) -> None:
    class Rewriting(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            value = await super().get(key)
            if key.endswith("1.step") and TWO in key:
                await self.set(key, b"new")
            return value

    blob = Rewriting()
    for key, value in KEYS.items():
        await blob.set(f"procedure/{key}", value)
    async with bench(blob, tmp_path / "state/journal.db") as on:
        report = await on.executor.apply(await on.planner.plan_delete(ALL))
        assert [result.outcome for result in report.results] == [Outcome.SKIPPED, Outcome.CHANGED, Outcome.SKIPPED]
        [entry] = await on.journal.entries()
        assert entry.state is EntryState.NOTHING_DONE
    assert len(await contents(blob)) == len(KEYS)


async def test_a_commit_of_somebody_else_is_not_taken_for_ours(root: Path, tmp_path: Path) -> None:
    """The engine ends the procedure at the very moment: undoing must not take its own commit away."""
    commit = root / "procedure" / ONE / "0000000003.commit"
    blob = Interrupted(LocalBlob(root, sync=False), 1, commit.touch)
    async with bench(root, tmp_path / "state/journal.db", through=blob) as on:
        report = await on.executor.apply(await on.planner.plan_commit([ONE, TWO]))
        assert [result.outcome for result in report.results] == [Outcome.CHANGED, Outcome.DONE]
        assert "there is something under" in report.results[0].message
        await on.undo(report.entry or 0)
        assert commit.exists()
        assert not (root / "procedure" / TWO / commit.name).exists()
