"""Slots in a local directory: killed writers, refusals, full disks, and what others put there."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from pathlib import Path

import pytest
from support.blobs import files_below
from support.children import child, received, stop_in_slot
from support.consensuses import COMMITTED, all_keys, fill_log, seqnos_of, version
from support.privileges import let_others_in, ordinary_user
from support.tiny_disk import tiny_disk

from procdash.store import Determinate, ExternalError, Indeterminate, open_consensus
from procdash.store.backends import local_slots
from procdash.store.backends.local_slots import LocalSlots
from procdash.store.backends.slot_consensus import SlotConsensus


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "slots"


@pytest.fixture
def consensus(root: Path) -> SlotConsensus:
    return SlotConsensus(LocalSlots(root))


def slot_names(*slots: int) -> list[str]:
    return [f"{slot:020d}" for slot in slots]


async def test_where_versions_are(root: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "a/B", 5, 7)
    assert files_below(root) == ["a%2F%42", *(f"a%2F%42/{name}" for name in slot_names(0, 1))]
    assert (root / "a%2F%42" / slot_names(1)[0]).read_bytes().endswith(b"\n7")


IN_A_WRITE = [("fsync", 1), ("link", 1), ("unlink", 1), ("listdir", 1), ("listdir", 2)]
IN_A_TRUNCATION = [("fsync", 3), ("link", 2), ("unlink", 2), ("unlink", 3), ("unlink", 5)]


@pytest.mark.parametrize(
    ("length", "function", "call"),
    [(length, *where) for length in (0, 3) for where in IN_A_WRITE] + [(3, *where) for where in IN_A_TRUNCATION],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_writer_that_is_killed(root: Path, length: int, function: str, call: int, when: str) -> None:
    """Half-way through its write or its truncation: nothing half is seen, and nobody is held up."""
    consensus = await open_consensus(str(root))
    await fill_log(consensus, "k", *range(length))
    with child(stop_in_slot, str(root), function, call, when) as (process, connection):
        assert received(connection) == "stopped"
        process.kill()
        process.join()
    found = await seqnos_of(consensus, "k")
    assert found in (list(range(length)), list(range(length + 1)), [length])
    assert await all_keys(consensus) == (["k"] if found else [])
    assert await consensus.compare_and_set("k", found[-1] if found else None, version(99, b"next")) is COMMITTED
    assert await consensus.truncate("k", 99) == len(found)
    assert await consensus.scan("k", 0) == [version(99, b"next")]


async def test_what_a_killed_writer_left_is_removed_later(root: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1)
    old, young = root / "k" / ".old.procdash-tmp", root / "k" / ".young.procdash-tmp"
    for path in (old, young):
        path.write_bytes(b"half a ver")
    two_hours_ago = time.time() - 7_200
    os.utime(old, (two_hours_ago, two_hours_ago))
    assert await consensus.compare_and_set("k", 1, version(2)) is COMMITTED
    assert await consensus.truncate("k", 2) == 1
    assert not old.exists()
    assert young.exists()
    assert await seqnos_of(consensus, "k") == [2]


async def test_an_empty_directory_is_no_key(root: Path, consensus: SlotConsensus) -> None:
    (root / "k").mkdir(parents=True)
    assert await all_keys(consensus) == []
    assert await consensus.head("k") is None
    await fill_log(consensus, "k", 1)
    assert await all_keys(consensus) == ["k"]


async def test_what_others_put_beside_the_slots(root: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1)
    (root / "readme.txt").write_text("hello")
    (root / "procedure").mkdir()
    (root / "procedure" / "0000000000.step").write_text("{}")
    (root / "k" / "notes").write_text("hello")
    (root / "k" / "1").write_text("hello")
    (root / "k" / f"{slot_names(7)[0]}~").write_text("hello")
    assert await all_keys(consensus) == ["k"]
    assert await seqnos_of(consensus, "k") == [1]


@pytest.mark.parametrize("kind", ["directory", "broken link", "pipe"])
async def test_what_is_no_file_in_the_place_of_a_slot(root: Path, consensus: SlotConsensus, kind: str) -> None:
    await fill_log(consensus, "k", 1)
    path = root / "k" / slot_names(1)[0]
    match kind:
        case "directory":
            path.mkdir()
        case "broken link":
            path.symlink_to("nowhere")
        case _:
            os.mkfifo(path)
    for operation in (consensus.head("k"), consensus.compare_and_set("k", 1, version(2)), consensus.scan("k", 0)):
        with pytest.raises(
            Determinate, match="the log of 'k' is damaged in slot 1: it is listed, but cannot be read"
        ):
            await operation


async def test_a_slot_that_somebody_removed(root: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1, 2, 3)
    (root / "k" / slot_names(1)[0]).unlink()
    assert await consensus.head("k") == version(3, b"3")
    for operation in (consensus.scan("k", 0), consensus.truncate("k", 2)):
        with pytest.raises(Determinate, match="the log of 'k' is damaged in slot 1: it is missing"):
            await operation


async def test_a_slot_that_somebody_overwrote(root: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1)
    (root / "k" / slot_names(0)[0]).write_bytes(b"")
    with pytest.raises(Determinate, match="the log of 'k' is damaged in slot 0"):
        await consensus.head("k")


async def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("hello")
    with pytest.raises(Determinate, match=f"not a directory: {path}; a SQLite file is opened as sqlite://{path}"):
        await open_consensus(str(path))
    assert path.read_text() == "hello"


async def test_a_file_where_a_log_should_be(root: Path, consensus: SlotConsensus) -> None:
    root.mkdir()
    (root / "k").write_text("hello")
    assert await all_keys(consensus) == []
    with pytest.raises(Determinate, match="cannot write"):
        await consensus.compare_and_set("k", None, version(1))
    assert (root / "k").read_text() == "hello"


async def test_a_place_that_may_not_be_written(root: Path, tmp_path: Path) -> None:
    consensus = await open_consensus(str(root))
    await fill_log(consensus, "k", 1, 2)
    (root / "never opened").mkdir()
    let_others_in(tmp_path)
    before = files_below(root)
    with ordinary_user():
        for place in (root / "never opened", root / "new" / "er"):
            with pytest.raises(Determinate, match=r"cannot hold a consensus: cannot write .*: Permission denied"):
                await open_consensus(str(place))
        reader = await open_consensus(str(root), read_only=True)
        assert await seqnos_of(reader, "k") == [1, 2]
        with pytest.raises(Determinate, match="read-only"):
            await reader.compare_and_set("k", 2, version(3))
        plain = SlotConsensus(LocalSlots(root))
        for operation in (
            plain.compare_and_set("k", 2, version(3)),
            plain.compare_and_set("new", None, version(3)),
            plain.truncate("k", 2),
        ):
            with pytest.raises(Determinate, match="Permission denied"):
                await operation
    assert files_below(root) == before


async def test_a_place_that_may_not_be_read(root: Path, tmp_path: Path, consensus: SlotConsensus) -> None:
    await fill_log(consensus, "k", 1)
    let_others_in(tmp_path)
    (root / "k" / slot_names(0)[0]).chmod(0)
    with ordinary_user(), pytest.raises(Determinate, match=r"cannot read .*: Permission denied"):
        await consensus.head("k")
    (root / "k").chmod(0)
    with ordinary_user():
        for operation in (consensus.head("k"), all_keys(consensus)):
            with pytest.raises(Determinate, match=r"cannot list .*: Permission denied"):
                await operation
    (root / "k").chmod(0o755)


async def test_a_full_disk(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", kibibytes=256) as disk:
        consensus = await open_consensus(str(disk / "slots"))
        await fill_log(consensus, "k", 0)
        with pytest.raises(Determinate, match=r"cannot write .*: No space left on device"):
            await consensus.compare_and_set("k", 0, version(1, b"x" * 300_000))
        assert files_below(disk / "slots") == ["k", f"k/{slot_names(0)[0]}"]
        assert await consensus.compare_and_set("k", 0, version(1, b"x" * 1_000)) is COMMITTED
        assert await seqnos_of(consensus, "k") == [0, 1]


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (errno.EPERM, Determinate, "its file system has no hard links"),
        (errno.EOPNOTSUPP, Determinate, "its file system has no hard links"),
        (errno.EROFS, Determinate, "Read-only file system"),
        (errno.ENOSPC, Determinate, "No space left on device"),
        (errno.EIO, Indeterminate, "Input/output error"),
    ],
)
async def test_a_link_that_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[ExternalError], text: str
) -> None:
    def refuse(_source: str, _target: str) -> None:
        raise OSError(code, os.strerror(code))

    await fill_log(SlotConsensus(LocalSlots(root)), "k", 1)
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(kind, match=text):
        await SlotConsensus(LocalSlots(root)).compare_and_set("k", 1, version(2))
    with pytest.raises(kind, match=text):
        await SlotConsensus.open(LocalSlots(root / "another"))
    assert files_below(root) == ["another", "k", f"k/{slot_names(0)[0]}"]


async def test_a_directory_that_cannot_be_synced(
    consensus: SlotConsensus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot is there, but a power cut may take it away again."""
    await fill_log(consensus, "k", 1)

    def fail(_directory: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(local_slots, "sync_directory", fail)
    with pytest.raises(Indeterminate, match=r"cannot sync .*: .*Input/output error"):
        await consensus.storage.create("k", 1, b"")


async def test_a_file_system_without_locks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(
        Determinate, match=r"cannot hold a consensus: cannot lock .*: its file system has no locks"
    ):
        await SlotConsensus.open(LocalSlots(root))


async def test_a_deletion_has_the_directory_alone_and_listings_share_it(
    consensus: SlotConsensus, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    lock_kinds = {fcntl.LOCK_EX: "alone", fcntl.LOCK_SH: "shared"}

    def note(module: object, name: str) -> None:
        original = getattr(module, name)

        def noted(*arguments: object) -> object:
            steps.append(f"locked {lock_kinds[arguments[1]]}" if name == "flock" else name)  # type: ignore[index]  # a kind
            return original(*arguments)

        monkeypatch.setattr(module, name, noted)

    await fill_log(consensus, "k", 1, 2)
    note(fcntl, "flock")
    note(os, "listdir")
    note(os, "unlink")
    await consensus.storage.list_slots("k")
    assert steps == ["locked shared", "listdir"]
    steps.clear()
    await consensus.storage.delete("k", [0])
    assert steps == ["locked alone", "unlink", "listdir"]


async def test_a_value_is_on_the_disk_before_its_name_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("fsync", "link"):
        original = getattr(os, name)

        def noted(*arguments: object, name: str = name, original: object = original) -> object:
            is_directory = name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode)  # type: ignore[arg-type]  # a descriptor
            steps.append(f"{name} {'directory' if is_directory else 'file'}")
            return original(*arguments)  # type: ignore[operator]  # an os function

        monkeypatch.setattr(os, name, noted)
    await fill_log(SlotConsensus(LocalSlots(root)), "k", 1)
    new_directories = 2
    assert steps == ["fsync directory"] * new_directories + ["fsync file", "link file", "fsync directory"]
