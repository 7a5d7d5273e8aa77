"""What tests run in processes of their own: racing writers, and writers that are killed half-way."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from typing import Any

from procdash.store import BlobMetadata, CaSResult, Consensus, Determinate, open_consensus
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.sqlite_consensus import SCHEMA
from procdash.store.backends.sqlite_database import SqliteDatabase
from support.consensuses import COMMITTED, version

RACE_ROUNDS = 200
PATIENCE_SECONDS = 110.0

_context = multiprocessing.get_context("spawn")


@contextmanager
def child(target: Callable[..., None], *arguments: object) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process that runs `target(connection, *arguments)`; killed at the end if it still runs."""
    ours, theirs = _context.Pipe()
    process = _context.Process(target=target, args=(theirs, *arguments))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join(PATIENCE_SECONDS)
        process.close()
        ours.close()


def received(connection: Connection) -> Any:
    """What a child sends next."""
    assert connection.poll(PATIENCE_SECONDS), "the child process says nothing"
    return connection.recv()


def start_of_race(processes: int) -> Barrier:
    """Where the processes of a race wait for each other."""
    return _context.Barrier(processes)


def race_keys(lanes: int) -> list[str]:
    """The logs that are raced for at the same time."""
    return [f"race {lane}" for lane in range(lanes)]


def race(connection: Connection, url: str, barrier: Barrier, lanes: int, numbers: list[int]) -> None:
    """Write in every round of a race, once for each of `numbers`, and send which of them committed.

    All writers of a round expect the same head, and each writes another number above it. What is sent are tuples
    of log, turn and number; there are `RACE_ROUNDS` rounds, a turn on each log being one.
    """
    connection.send(asyncio.run(_race(url, barrier, lanes, numbers)))


async def _race(url: str, barrier: Barrier, lanes: int, numbers: list[int]) -> list[tuple[str, int, int]]:
    writers = [await open_consensus(url) for _ in numbers]
    won: list[tuple[str, int, int]] = []
    for turn in range(RACE_ROUNDS // lanes):
        barrier.wait(PATIENCE_SECONDS)
        heads = await asyncio.gather(*map(writers[0].head, race_keys(lanes)))
        barrier.wait(PATIENCE_SECONDS)
        starts = [
            (key, None if head is None else int(head.seqno), number, writer)
            for key, head in zip(race_keys(lanes), heads, strict=True)
            for number, writer in zip(numbers, writers, strict=True)
        ]
        writes = (
            write_until_told(writer, key, expected, (expected or 0) + number)
            for key, expected, number, writer in starts
        )
        for (key, _, number, _), result in zip(starts, await asyncio.gather(*writes), strict=True):
            if result is COMMITTED:
                won.append((key, turn, number))
    for writer in writers:
        await writer.close()
    return won


async def write_until_told(writer: Consensus, key: str, expected: int | None, seqno: int) -> CaSResult:
    """Write, and once more after each error that says that nothing happened."""
    while True:
        try:
            return await writer.compare_and_set(key, expected, version(seqno, b"%d" % seqno))
        except Determinate:
            continue


def stop_in_slot(connection: Connection, root: str, function: str, call: int, when: str) -> None:
    """Append a version to the log `k` and truncate it, and stop for ever at some call of a function of `os`.

    Args:
        connection: hears when it has stopped.
        root: the directory that the log is in.
        function: the name of the function.
        call: at which of its calls; the first is 1.
        when: `before` or `after` that call.
    """
    asyncio.run(_append_and_truncate(root, lambda: _stop_at(connection, function, call, when)))


async def _append_and_truncate(root: str, prepare: Callable[[], None]) -> None:
    consensus = await open_consensus(root)
    prepare()
    head = await consensus.head("k")
    seqno = 0 if head is None else int(head.seqno) + 1
    await consensus.compare_and_set("k", None if head is None else head.seqno, version(seqno, b"of the child"))
    await consensus.truncate("k", seqno)


def stop_in_guarded_removal(
    connection: Connection, root: str, seen: BlobMetadata, function: str, when: str
) -> None:
    """Remove a key of a directory if it is unchanged, and stop for ever at the first call of a function of `os`.

    Args:
        connection: hears when it has stopped.
        root: the directory.
        seen: what is to be removed.
        function: the name of the function.
        when: `before` or `after` that call.
    """
    _stop_at(connection, function, 1, when)
    asyncio.run(LocalBlob(root, sync=False).delete_if_unchanged(seen))


def stop_in_transaction(connection: Connection, path: str) -> None:
    """Begin to append a version to the log `k` of a SQLite file, and stop for ever before the commit."""
    database = SqliteDatabase(path, SCHEMA, 10.0)
    with database.write("append") as transaction:
        transaction.execute("INSERT INTO consensus VALUES ('k', 1000, ?)", (b"x" * 100_000,))
        _stop(connection)


def try_to_write(connection: Connection, path: str) -> None:
    """Try to take the write lock of a SQLite file without waiting, and send what came of it."""
    try:
        with SqliteDatabase(path, SCHEMA, 0.0).write("write"):
            connection.send("written")
    except Determinate as error:
        connection.send(error.message)


def _stop_at(connection: Connection, function: str, call: int, when: str) -> None:
    original = getattr(os, function)
    calls = count(1)

    def stop(*arguments: object, **options: object) -> object:
        stops = next(calls) == call
        if stops and when == "before":
            _stop(connection)
        result = original(*arguments, **options)
        if stops and when == "after":
            _stop(connection)
        return result

    setattr(os, function, stop)


def _stop(connection: Connection) -> None:
    connection.send("stopped")
    connection.recv()
