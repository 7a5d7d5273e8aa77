"""From a URL to an opened consensus."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from support.blobs import files_below
from support.consensuses import COMMITTED, all_keys, fill_log, seqnos_of, version

from procdash.store import Consensus, Determinate, ReadOnly, Tasked, open_consensus
from procdash.store.backends.local_slots import LocalSlots
from procdash.store.backends.memory_consensus import MemoryConsensus
from procdash.store.backends.slot_consensus import SlotConsensus
from procdash.store.backends.sqlite_consensus import SqliteConsensus


def inner(consensus: Consensus) -> Consensus:
    assert isinstance(consensus, Tasked)
    store: Consensus = consensus.inner
    return store


async def test_a_memory_consensus_is_known_by_its_name() -> None:
    one, same, other = [await open_consensus(f"memory://{name}") for name in ("one", "one", "other")]
    assert inner(one) is inner(same) is MemoryConsensus.named("one")
    assert inner(one) is not inner(other)


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "FILE://{path}", "file://localhost{path}"])
async def test_a_directory(tmp_path: Path, form: str) -> None:
    consensus = inner(await open_consensus(form.format(path=tmp_path / "new")))
    assert isinstance(consensus, SlotConsensus)
    assert isinstance(consensus.storage, LocalSlots)
    assert consensus.storage.location == str(tmp_path / "new")
    assert files_below(tmp_path) == ["new"]


async def test_a_relative_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await fill_log(await open_consensus("here"), "k", 1)
    assert await seqnos_of(await open_consensus(str(tmp_path / "here")), "k") == [1]


@pytest.mark.parametrize("form", ["sqlite://{path}", "sqlite:///{path}", "SQLite://{path}", "sqlite://{relative}"])
async def test_a_sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a b%#?.db"
    consensus = await open_consensus(form.format(path=quote(str(path)), relative=quote(path.name)))
    await fill_log(consensus, "k", 1)
    store = inner(consensus)
    assert isinstance(store, SqliteConsensus)
    assert store.path == str(path)
    await consensus.close()
    assert files_below(tmp_path) == [path.name]


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:////", "sqlite://:memory:", "sqlite:///:memory:", "sqlite://%2F"]
)
async def test_a_sqlite_location_names_a_file(url: str) -> None:
    with pytest.raises(Determinate, match=r"a sqlite:// location names a file, as in sqlite:///var/lib"):
        await open_consensus(url)


@pytest.mark.parametrize("url", ["sqlite:///tmp/x.db?mode=memory", "sqlite:///tmp/x.db?", "sqlite:///tmp/x#y.db"])
async def test_a_sqlite_location_has_no_options(url: str) -> None:
    with pytest.raises(Determinate, match="a sqlite:// location has no options"):
        await open_consensus(url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("", "a location must not be empty"),
        ("file:///tmp/x?layout=flat", "unknown location option 'layout'"),
        ("redis://user:secret@host/0?password=secret", "redis:// cannot hold a consensus"),
        ("etcd://user:secret@host:2379", "etcd:// cannot hold a consensus"),
        ("mysql://user:secret@host/db", "mysql:// cannot hold a consensus"),
        ("://secret", "cannot hold a consensus"),
    ],
)
async def test_what_cannot_hold_a_consensus(url: str, text: str) -> None:
    with pytest.raises(Determinate, match=text) as raised:
        await open_consensus(url)
    assert "secret" not in str(raised.value)


async def test_postgres_without_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "procdash.store.backends.postgres_consensus", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(
        Determinate, match=r"needs the package asyncpg: pip install 'procdash\[postgres\]'"
    ) as raised:
        await open_consensus("postgresql://user:secret@host/db")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("place", ["{path}/slots", "sqlite://{path}/versions.db"])
async def test_a_place_that_is_only_read(tmp_path: Path, place: str) -> None:
    url = place.format(path=tmp_path)
    writer = await open_consensus(url)
    await fill_log(writer, "k", 1, 2)
    reader = await open_consensus(url, read_only=True)
    assert isinstance(reader, ReadOnly)
    assert await seqnos_of(reader, "k") == [1, 2]
    assert await reader.head("k") == version(2, b"2")
    assert await all_keys(reader) == ["k"]
    with pytest.raises(Determinate, match="read-only: 'k' was not written"):
        await reader.compare_and_set("k", 2, version(3))
    with pytest.raises(Determinate, match="read-only: 'k' was not truncated"):
        await reader.truncate("k", 2)
    assert await writer.compare_and_set("k", 2, version(3)) is COMMITTED
    assert await seqnos_of(reader, "k") == [1, 2, 3]
    await reader.close()
    await writer.close()


async def test_reading_creates_nothing(tmp_path: Path) -> None:
    reader = await open_consensus(f"{tmp_path}/slots", read_only=True)
    assert await all_keys(reader) == []
    assert await reader.head("k") is None
    path = tmp_path / "versions.db"
    with pytest.raises(Determinate, match=f"cannot open {path}: there is no such file, or an empty one"):
        await open_consensus(f"sqlite://{path}", read_only=True)
    assert files_below(tmp_path) == []
    path.touch()
    with pytest.raises(Determinate, match="there is no such file, or an empty one"):
        await open_consensus(f"sqlite://{path}", read_only=True)
    assert path.stat().st_size == 0
