"""How much the journal keeps: the oldest goes first, and never what has not ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.actions import NOW, bench, contents, memory_of, steps_of
from support.journals import kept, written
from support.stores import procedure_id

from procdash.actions.entries import EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.outcomes import Outcome

ID = procedure_id(1)


async def test_the_oldest_that_have_ended_are_dropped_first(journal: Journal) -> None:
    first, second, third = [await written(journal, 300) for _ in range(3)]
    assert set((await kept(journal)).values()) == {300}
    fourth = await written(journal, 300)
    assert await kept(journal) == {first: 0, second: 300, third: 300, fourth: 300}
    dropped = await journal.entry(first)
    assert dropped is not None
    assert not dropped.is_undoable
    with pytest.raises(JournalError, match=f"no longer holds what op 0 of entry {first}"):
        await journal.value(first, 0)


@pytest.mark.parametrize("state", [EntryState.APPLYING, EntryState.INCOMPLETE])
async def test_what_has_not_ended_is_never_dropped(journal: Journal, state: EntryState) -> None:
    unended = [await written(journal, 500, state) for _ in range(3)]
    ended = await written(journal, 10)
    last = await written(journal, 400)
    assert await kept(journal) == {**dict.fromkeys(unended, 500), ended: 0, last: 400}


async def test_old_entries_go_when_there_are_too_many(journal: Journal) -> None:
    unended = await written(journal, 1, EntryState.APPLYING)
    for _ in range(8):
        last = await written(journal, 1)
    assert list(await kept(journal)) == [last, last - 1, last - 2, last - 3, unended]
    assert await journal.entry(2) is None


async def test_what_an_undo_needs_is_kept_for_it(journal: Journal) -> None:
    """Also where it alone is more than the journal keeps."""
    huge = await written(journal, 5_000)
    undo = await written(journal, 0, EntryState.APPLYING, undoes=huge)
    await written(journal, 900)
    assert (await kept(journal))[huge] == 5_000
    assert await journal.value(huge, 0) == b"x" * 5_000
    await journal.end(undo, EntryState.DONE, (), NOW)
    await written(journal, 0)
    assert (await kept(journal))[huge] == 0


async def test_a_deletion_larger_than_the_journal_can_be_undone(tmp_path: Path) -> None:
    blob = await memory_of(steps_of(ID, 3))
    before = await contents(blob)
    async with bench(blob, tmp_path / "state/journal.db", max_bytes=10) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ID]))
        assert report.entry is not None
        assert (await on.undo(report.entry)).outcome is Outcome.DONE
    assert await contents(blob) == before


async def test_an_undo_without_its_values_writes_nothing(tmp_path: Path) -> None:
    blob = await memory_of({**steps_of(ID, 3), **steps_of(procedure_id(2), 3)})
    async with bench(blob, tmp_path / "state/journal.db", max_bytes=10) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ID]))
        entry = await on.journal.entry(report.entry or 0)
        assert entry is not None
        undo = await on.planner.plan_undo(entry)
        await on.executor.apply(await on.planner.plan_delete([procedure_id(2)]))
        with pytest.raises(JournalError, match=f"no longer holds what entry {entry.number} removed"):
            await on.executor.apply(undo)
        assert await contents(blob) == {}
        current = await on.journal.entry(entry.number)
        assert current is not None
        assert not current.is_undoable


async def test_what_was_abandoned_while_it_was_prepared_is_dropped(journal: Journal) -> None:
    abandoned = await written(journal, 800, None, now=NOW - 3_600)
    beginning = await written(journal, 100, None, now=NOW)
    async with journal.held(held := await written(journal, 50, None, now=NOW - 3_600)):
        await written(journal, 10)
        assert (await kept(journal))[abandoned] == 0
        assert (await kept(journal))[beginning] == 100
        assert (await kept(journal))[held] == 50
    entry = await journal.entry(abandoned)
    assert entry is not None
    assert entry.state is EntryState.NOTHING_DONE
    with pytest.raises(JournalError, match=f"entry {abandoned} of the journal .* was ended by somebody else"):
        await journal.begin(abandoned)
