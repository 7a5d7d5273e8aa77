"""Several procdash processes on one journal."""

from __future__ import annotations

import asyncio
import os
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from support.children import child, received, start_of_race
from support.journals import written
from support.stores import procedure_id

from procdash.actions.entries import EntryState, JournalError
from procdash.actions.entry_lock import EntryLock
from procdash.actions.journal import Journal

ID = procedure_id(1)


def write_many(connection: Connection, path: str, barrier: object, rounds: int) -> None:
    """Write entries as fast as another process does, and send their numbers."""

    async def write() -> list[int]:
        journal = Journal(path)
        barrier.wait(60)  # type: ignore[attr-defined] # a barrier of another process
        numbers = [await written(journal, 10) for _ in range(rounds)]
        await journal.close()
        return numbers

    connection.send(asyncio.run(write()))


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "state/journal.db")
    barrier = start_of_race(2)
    with child(write_many, path, barrier, 25) as (_, one), child(write_many, path, barrier, 25) as (_, other):
        numbers = [*received(one), *received(other)]
    assert sorted(numbers) == list(range(1, 51))

    async def read() -> list[EntryState]:
        journal = Journal(path)
        states = [
            entry.state for entry in await journal.entries() if await journal.value(entry.number, 0) == b"x" * 10
        ]
        await journal.close()
        return states

    assert asyncio.run(read()) == [EntryState.DONE] * 50


def hold_entry(connection: Connection, path: str, number: int) -> None:
    """Hold an entry until this process is killed."""

    async def hold() -> None:
        async with Journal(path).held(number):
            connection.send("held")
            await asyncio.to_thread(connection.recv)

    asyncio.run(hold())


async def test_an_entry_is_held_by_one_and_freed_by_a_crash(journal: Journal) -> None:
    number = await written(journal, 1, EntryState.APPLYING)
    with child(hold_entry, journal.path, number) as (process, connection):
        assert received(connection) == "held"
        assert await journal.is_held(number)
        with pytest.raises(JournalError, match="is being applied by another procdash"):
            async with journal.held(number):
                pass
        process.kill()
        process.join(30)
        assert not await journal.is_held(number)
    async with journal.held(number):
        assert await journal.is_held(number)
    assert not await journal.is_held(number)
    assert not list(Path(journal.path).parent.glob("*.lock"))


async def test_a_lock_on_a_removed_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opened the file before its holder removed it locks a file that is no longer there."""
    path = str(tmp_path / "lock")
    holder, second, third = EntryLock(path), EntryLock(path), EntryLock(path)
    assert holder.acquire()
    opening = os.open

    def opened(*arguments: object, **options: object) -> int:
        descriptor = opening(*arguments, **options)  # type: ignore[arg-type] # passed on
        holder.release()
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    assert second.acquire()
    monkeypatch.undo()
    assert not third.acquire()
    assert third.is_taken()
    second.release()
    assert not third.is_taken()


async def test_a_cancelled_caller_holds_nothing(journal: Journal) -> None:
    number = await written(journal, 1, EntryState.APPLYING)

    async def hold() -> None:
        async with journal.held(number):
            raise AssertionError

    for _ in range(20):
        task = asyncio.create_task(hold())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for _ in range(1_000):
        if not await journal.is_held(number):
            return
    raise AssertionError("it is held for ever")
