"""Whose file a SQLite consensus opens: its own; of others it says what they are, and leaves them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.blobs import files_below
from support.children import child, received, try_to_write
from support.consensuses import fill_log, seqnos_of, version
from support.privileges import let_others_in, ordinary_user
from support.sqlite_files import plain

from procdash.store import Determinate, open_consensus
from procdash.store.backends.sqlite_consensus import SCHEMA, SqliteConsensus


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "versions.db"


def _write_foreign(path: Path, statement: str) -> None:
    with plain(path) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute(statement)


FOREIGN = [
    pytest.param("INSERT INTO t VALUES (1)", "not one that procdash made", id="another table"),
    pytest.param("DROP TABLE t", "not one that procdash made", id="no table"),
    pytest.param(f"PRAGMA application_id = {0x0678EF32}", "not one that procdash made", id="upstream's"),
    pytest.param("PRAGMA user_version = 1", "not one that procdash made", id="another program's version"),
    pytest.param("PRAGMA journal_mode = WAL", "not one that procdash made", id="with a write-ahead log"),
]


async def test_an_empty_file_is_taken(path: Path) -> None:
    path.touch()
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 1)
    await consensus.close()


@pytest.mark.parametrize(("statement", "text"), FOREIGN)
async def test_another_programs_database_is_refused_and_not_touched(path: Path, statement: str, text: str) -> None:
    _write_foreign(path, statement)
    before = path.read_bytes()
    for operation in (SqliteConsensus.open(path), open_consensus(f"sqlite://{path}")):
        with pytest.raises(Determinate, match=f"cannot open {path}: it is a SQLite database, but {text}"):
            await operation
    consensus = SqliteConsensus(path)
    for _ in range(2):
        with pytest.raises(Determinate, match=text):
            await consensus.compare_and_set("k", None, version(1))
    await consensus.close()
    assert path.read_bytes() == before
    assert files_below(path.parent) == ["versions.db"]


async def test_another_programs_log_is_not_merged(path: Path) -> None:
    """The write-ahead log that a crashed program left holds writes that only that program should take over."""
    with plain(path.with_name("origin.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x)")
        for suffix in ("", "-wal", "-shm"):
            path.with_name(f"versions.db{suffix}").write_bytes(path.with_name(f"origin.db{suffix}").read_bytes())
    before = {found.name: found.read_bytes() for found in path.parent.iterdir()}
    with pytest.raises(Determinate, match="not one that procdash made"):
        await SqliteConsensus.open(path)
    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("number", "text"),
    [(SCHEMA.format_version + 1, "a newer procdash made it, in format 2"), (0, "its format 0 is unknown")],
)
async def test_another_format_is_refused_and_not_touched(path: Path, number: int, text: str) -> None:
    _write_foreign(path, f"PRAGMA application_id = {SCHEMA.application_id}")
    with plain(path) as database:
        database.execute(f"PRAGMA user_version = {number}")
    before = path.read_bytes()
    with pytest.raises(Determinate, match=text):
        await SqliteConsensus.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("table", ["t (x)", "consensus (shard, data)"])
async def test_a_database_without_the_table(path: Path, table: str) -> None:
    with plain(path) as database:
        database.execute(f"CREATE TABLE {table}")
        database.execute(f"PRAGMA application_id = {SCHEMA.application_id}")
        database.execute(f"PRAGMA user_version = {SCHEMA.format_version}")
    before = path.read_bytes()
    with pytest.raises(Determinate, match=r"it lacks procdash's tables \(no such (table|column)"):
        await SqliteConsensus.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"hello", b"hello " * 10_000, b"SQLite format 3\0" + b"\xff" * 5_000, b"\0" * 4_096]
)
async def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Determinate, match=f"cannot open {path}: it is (not )?a SQLite database"):
        await SqliteConsensus.open(path)
    assert path.read_bytes() == content
    assert files_below(path.parent) == ["versions.db"]


async def test_places_that_are_no_file(tmp_path: Path) -> None:
    cases = {
        tmp_path: f"it is a directory; name a file, such as {tmp_path}/consensus.db",
        tmp_path / "no" / "such.db": f"there is no directory {tmp_path}/no",
        Path("/dev/null"): "it is not a file",
        tmp_path / ("x" * 300): "File name too long",
    }
    (tmp_path / "file").touch()
    cases[tmp_path / "file" / "x.db"] = "Not a directory"
    for place, text in cases.items():
        with pytest.raises(Determinate) as raised:
            await SqliteConsensus.open(place)
        assert raised.value.message == f"cannot open {place}: {text}"
    with pytest.raises(Determinate, match="without a NUL"):
        await SqliteConsensus.open(f"{tmp_path}/a\0b")
    assert files_below(tmp_path) == ["file"]


async def test_a_place_that_may_not_be_written_or_read(path: Path) -> None:
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 1)
    await consensus.close()
    let_others_in(path.parent)
    with ordinary_user():
        with pytest.raises(Determinate, match=r"no file may be created in .* \(permission denied\)"):
            await SqliteConsensus.open(path.with_name("new.db"))
        for read_only in (False, True):
            with pytest.raises(
                Determinate, match=r"cannot open .*: the database file, or the directory it is in, may"
            ):
                await SqliteConsensus.open(path, read_only=read_only)
    path.chmod(0)
    with ordinary_user(), pytest.raises(Determinate, match=r"it may not be read \(permission denied\)"):
        await SqliteConsensus.open(path)
    assert files_below(path.parent) == ["versions.db"]


async def test_a_database_that_may_not_be_written(path: Path) -> None:
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 1, 2)
    let_others_in(path.parent)
    path.parent.chmod(0o777)
    with ordinary_user():
        reader = await SqliteConsensus.open(path)
        assert await seqnos_of(reader, "k") == [1, 2]
        for operation in (reader.compare_and_set("k", 2, version(3)), reader.truncate("k", 2)):
            with pytest.raises(
                Determinate, match="the database file, or the directory it is in, may not be written"
            ):
                await operation
        await reader.close()
    assert await seqnos_of(consensus, "k") == [1, 2]
    await consensus.close()


async def test_opening_does_not_take_a_lock_away(path: Path) -> None:
    """Closing a file ends every POSIX lock that a process has on it, whichever way it was opened."""
    consensus = await SqliteConsensus.open(path)
    await fill_log(consensus, "k", 1)
    await consensus.close()
    with plain(path) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        opening = SqliteConsensus(path, busy_seconds=0.0)
        with pytest.raises(Determinate, match="another process keeps the database locked"):
            await opening.head("k")
        await opening.close()
        with child(try_to_write, str(path)) as (_, connection):
            assert "another process keeps the database locked" in received(connection)
        holder.execute("COMMIT")


async def test_names_of_files_that_a_url_would_take_apart(tmp_path: Path) -> None:
    for name in ("a?mode=memory", "a#b", "a%20b", ":memory:", "é", "a b", "file:x"):
        path = tmp_path / name
        consensus = await SqliteConsensus.open(path)
        await fill_log(consensus, "k", 1)
        await consensus.close()
        assert path.stat().st_size > 0
    assert len(files_below(tmp_path)) == 7
