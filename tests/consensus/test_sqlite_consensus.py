"""A SQLite file as a consensus: what goes wrong with it, in which class, and that it is one file in the end."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.blobs import files_below
from support.children import child, received, stop_in_transaction
from support.consensuses import COMMITTED, MISMATCH, all_keys, fill_log, seqnos_of, version
from support.sqlite_files import plain
from support.tiny_disk import tiny_disk

from procdash.store import Determinate, ExternalError, Indeterminate
from procdash.store.backends.sqlite_consensus import SCHEMA, SqliteConsensus


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "versions.db"


@pytest.fixture
async def consensus(path: Path) -> AsyncIterator[SqliteConsensus]:
    opened = SqliteConsensus(path, busy_seconds=0.05)
    yield opened
    await opened.close()


async def test_the_file_that_it_makes(path: Path, consensus: SqliteConsensus) -> None:
    await fill_log(consensus, "k", 5, 2**63 - 1)
    await consensus.close()
    assert files_below(path.parent) == ["versions.db"]
    with plain(path) as database:
        rows = database.execute("SELECT shard, sequence_number, data FROM consensus").fetchall()
        marks = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        [[journal_mode]] = database.execute("PRAGMA journal_mode")
    assert rows == [("k", 5, b"5"), ("k", 2**63 - 1, b"%d" % (2**63 - 1))]
    assert marks == [SCHEMA.application_id, SCHEMA.format_version] == [0x70644353, 1]
    assert journal_mode == "wal"


async def test_every_commit_waits_for_the_disk(consensus: SqliteConsensus) -> None:
    await fill_log(consensus, "k", 1)
    connection = consensus._database._connection
    assert connection is not None
    full = await consensus._thread.run(lambda: connection.execute("PRAGMA synchronous").fetchone())
    assert full == (2,)


async def test_a_full_disk(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", kibibytes=512) as disk:
        consensus = await SqliteConsensus.open(disk / "versions.db")
        await fill_log(consensus, "k", 0)
        with pytest.raises(Indeterminate, match="the disk is full"):
            await consensus.compare_and_set("k", 0, version(1, b"x" * 800_000))
        assert await seqnos_of(consensus, "k") == [0]
        assert await consensus.compare_and_set("k", 0, version(1, b"x" * 1_000)) is COMMITTED
        await consensus.close()
        again = await SqliteConsensus.open(disk / "versions.db")
        assert await seqnos_of(again, "k") == [0, 1]
        await again.close()


async def test_a_failure_before_the_commit_is_determinate(consensus: SqliteConsensus) -> None:
    await fill_log(consensus, "k", 0)
    connection = consensus._database._connection
    assert connection is not None
    await consensus._thread.run(lambda: connection.execute("PRAGMA max_page_count = 4").fetchall())
    with pytest.raises(Determinate, match=r"cannot write v1 of 'k' in .*: the disk is full"):
        await consensus.compare_and_set("k", 0, version(1, b"x" * 100_000))
    assert await seqnos_of(consensus, "k") == [0]


class Failing(sqlite3.Connection):
    """A connection on which a statement fails."""

    fails_at = "nothing"
    happens = False

    def execute(self, statement: str, *arguments: object) -> sqlite3.Cursor:
        if statement != self.fails_at:
            return super().execute(statement, *arguments)  # type: ignore[arg-type]  # as it was given
        if self.happens:
            super().execute(statement)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error


@pytest.mark.parametrize(
    ("statement", "happens", "kind"),
    [
        ("BEGIN IMMEDIATE", False, Determinate),
        ("COMMIT", False, Indeterminate),
        ("COMMIT", True, Indeterminate),
    ],
)
async def test_a_failing_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, kind: type[ExternalError], *, happens: bool
) -> None:
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 0)
    await consensus.close()
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Failing, **options))
    failing = await SqliteConsensus.open(path)
    monkeypatch.setattr(Failing, "happens", happens)
    monkeypatch.setattr(Failing, "fails_at", statement)
    with pytest.raises(kind, match=r"cannot write v1 of 'k' in .*: the disk could not be read or written"):
        await failing.compare_and_set("k", 0, version(1))
    monkeypatch.setattr(Failing, "fails_at", "nothing")
    assert await seqnos_of(failing, "k") == ([0, 1] if happens else [0])
    assert await failing.truncate("k", 0) == 0
    await failing.close()


async def test_a_lock_that_another_process_holds(path: Path, consensus: SqliteConsensus) -> None:
    await fill_log(consensus, "k", 1, 2)
    with child(stop_in_transaction, str(path)) as (process, connection):
        assert received(connection) == "stopped"
        assert await seqnos_of(consensus, "k") == [1, 2]
        for operation in (consensus.compare_and_set("k", 2, version(3)), consensus.truncate("k", 2)):
            with pytest.raises(Determinate, match="another process keeps the database locked"):
                await operation
        process.kill()
        process.join()
    assert await seqnos_of(consensus, "k") == [1, 2]
    assert await consensus.compare_and_set("k", 2, version(3)) is COMMITTED


async def test_a_writer_that_is_killed_leaves_nothing(path: Path) -> None:
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 1)
    await consensus.close()
    with child(stop_in_transaction, str(path)) as (process, connection):
        assert received(connection) == "stopped"
        process.kill()
        process.join()
    consensus = await SqliteConsensus.open(path)
    assert await seqnos_of(consensus, "k") == [1]
    assert await all_keys(consensus) == ["k"]
    await consensus.close()
    assert files_below(path.parent) == ["versions.db"]


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_was_removed_or_replaced(
    path: Path, consensus: SqliteConsensus, *, replaced: bool
) -> None:
    await fill_log(consensus, "k", 1)
    path.rename(path.with_name("moved.db"))
    if replaced:
        path.touch()
    for operation in (
        consensus.compare_and_set("k", 1, version(2)),
        consensus.head("k"),
        consensus.truncate("k", 1),
    ):
        with pytest.raises(Determinate, match="the database file was removed or replaced since it was opened"):
            await operation
    assert path.exists() is replaced
    path.with_name("moved.db").rename(path)
    assert await consensus.compare_and_set("k", 1, version(2)) is COMMITTED


async def test_a_damaged_database(path: Path) -> None:
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", *range(200))
    await consensus.close()
    content = bytearray(path.read_bytes())
    content[4_096:] = b"\xff" * (len(content) - 4_096)
    path.write_bytes(content)
    damaged = SqliteConsensus(path)
    for operation in (damaged.head("k"), damaged.compare_and_set("k", 199, version(200)), all_keys(damaged)):
        with pytest.raises(Determinate, match="the database is damaged; restore it from a copy"):
            await operation
    await damaged.close()


async def test_versions_that_another_program_wrote(path: Path, consensus: SqliteConsensus) -> None:
    await fill_log(consensus, "k", 1)
    with plain(path) as database:
        database.execute("INSERT INTO consensus VALUES ('k', 2, 'text')")
    with pytest.raises(Determinate, match="its versions were written by another program"):
        await consensus.head("k")


async def test_a_closed_handle(path: Path) -> None:
    consensus = SqliteConsensus(path)
    await consensus.close()
    assert not path.exists()
    with pytest.raises(Determinate, match=f"{path} was closed"):
        await consensus.head("k")


async def test_closing_waits_for_what_is_under_way(path: Path) -> None:
    consensus = await SqliteConsensus.open(path)
    writes = [asyncio.ensure_future(consensus.compare_and_set("k", None, version(n))) for n in range(5)]
    await asyncio.sleep(0)
    await consensus.close()
    assert [await write for write in writes] == [COMMITTED, *[MISMATCH] * 4]
