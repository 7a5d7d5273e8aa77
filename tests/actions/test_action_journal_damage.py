"""A journal that cannot be used: it says so, and nothing is written to any store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.actions import bench, steps_of
from support.blobs import RecordingBlob
from support.journals import written
from support.privileges import let_others_in, ordinary_user
from support.stores import procedure_id
from support.tiny_disk import tiny_disk

from procdash.actions.entries import EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.journal_tables import SCHEMA

ID = procedure_id(1)


@pytest.mark.parametrize("damage", ["foreign", "newer", "text", "directory", "cut off", "table gone"])
async def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "journal.db"
    await harm(path, damage)
    before = path.read_bytes() if path.is_file() else None
    blob = RecordingBlob()
    await blob.set(f"procedure/{ID}/0000000000.step", b"{}")
    blob.calls.clear()
    async with bench(blob, path) as on:
        with pytest.raises(JournalError, match=r"journal\.db"):
            await on.executor.apply(await on.planner.plan_delete([ID]))
        with pytest.raises(JournalError, match=r"journal\.db"):
            await on.journal.entries()
    assert blob.calls == []
    if damage != "cut off":
        assert (path.read_bytes() if path.is_file() else None) == before


async def harm(path: Path, damage: str) -> None:
    if damage == "directory":
        path.mkdir()
    elif damage == "text":
        path.write_text("this is no database at all, " * 100, encoding="utf-8")
    elif damage in ("foreign", "newer", "table gone"):
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE entry (number INTEGER)")
        if damage != "foreign":
            database.execute(f"PRAGMA application_id = {SCHEMA.application_id}")
            database.execute(f"PRAGMA user_version = {SCHEMA.format_version + (damage == 'newer')}")
        database.commit()
        database.close()
    else:
        journal = Journal(path)
        for _ in range(20):
            await written(journal, 2_000)
        await journal.close()
        os.truncate(path, path.stat().st_size // 2)


async def test_a_damaged_entry_is_named(journal: Journal) -> None:
    await written(journal, 1)
    database = sqlite3.connect(journal.path)
    database.execute("UPDATE entry SET plan = '{}'")
    database.commit()
    database.close()
    with pytest.raises(JournalError, match="an entry in it is damaged"):
        await journal.entries()


async def test_a_removed_file_is_noticed(journal: Journal) -> None:
    await written(journal, 1)
    Path(journal.path).unlink()
    with pytest.raises(JournalError, match="was removed or replaced"):
        await written(journal, 1)
    assert await journal.entries() == []


@contextmanager
def unwritable(tmp_path: Path, kind: str) -> Iterator[Path]:
    """Where no journal can be written."""
    if kind == "full disk":
        with tiny_disk(tmp_path / "disk", kibibytes=64) as disk:
            (disk / "filling").write_bytes(bytes(60 * 1_024))
            yield disk / "state/journal.db"
    else:
        directory = tmp_path / "state"
        directory.mkdir(mode=0o555)
        let_others_in(tmp_path)
        with ordinary_user():
            yield directory / "journal.db" if kind == "directory" else directory / "below/journal.db"


@pytest.mark.parametrize("kind", ["directory", "directory above", "full disk"])
async def test_without_a_journal_nothing_is_written(tmp_path: Path, kind: str) -> None:
    blob = RecordingBlob()
    for key, value in steps_of(ID, 3).items():
        await blob.set(f"procedure/{key}", value)
    blob.calls.clear()
    with unwritable(tmp_path, kind) as path:
        async with bench(blob, path) as on:
            for plan in (await on.planner.plan_delete([ID]), await on.planner.plan_commit([ID])):
                with pytest.raises(JournalError, match=r"journal\.db|state"):
                    await on.executor.apply(plan)
    assert blob.calls == []


async def test_values_that_do_not_fit_are_not_removed(tmp_path: Path) -> None:
    """The disk is full only once the values are being saved."""
    blob = RecordingBlob()
    await blob.set(f"procedure/{ID}/0000000000.step", os.urandom(400_000))
    blob.calls.clear()
    with tiny_disk(tmp_path / "disk", kibibytes=300) as disk:
        async with bench(blob, disk / "state/journal.db") as on:
            with pytest.raises(JournalError, match="full"):
                await on.executor.apply(await on.planner.plan_delete([ID]))
            [entry] = await on.journal.entries()
            assert entry.state in (EntryState.PREPARING, EntryState.NOTHING_DONE)
            assert not entry.is_undoable
            assert not entry.is_resumable
    assert blob.calls == []
