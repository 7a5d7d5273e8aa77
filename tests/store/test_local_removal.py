"""Guarded removals in a directory: rivals at every system call, killed removers, and what is no file."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.blobs import files_below, fill, keys_of, listed
from support.children import child, received, stop_in_guarded_removal
from support.privileges import let_others_in, ordinary_user
from support.rivals import interfere, put_there, refuse_links, replace_with
from support.tiny_disk import tiny_disk

from procdash.store import BlobMetadata, Determinate, Indeterminate
from procdash.store.backends.local import LocalBlob

KEY = "d/k"


@pytest.fixture
def blob(tmp_path: Path) -> LocalBlob:
    return LocalBlob(tmp_path / "root", sync=False)


MOMENTS = [(function, when) for function in ("rename", "link", "unlink") for when in ("before", "after")]


@pytest.mark.parametrize(("function", "when"), MOMENTS)
@pytest.mark.parametrize("rival", [replace_with, Path.write_bytes], ids=["replaces", "truncates"])
async def test_a_newer_value_is_never_lost(
    blob: LocalBlob,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    when: str,
    rival: Callable[[Path, bytes], object],
) -> None:
    """It comes at each moment of a removal; and where one has come already, a still newer one."""
    came: list[bytes] = []

    def write(value: bytes) -> None:
        came.append(value)
        rival(blob.root / KEY, value)

    for comes_twice in (False, True):
        came.clear()
        await blob.set(KEY, b"seen")
        seen = await listed(blob, KEY)
        if comes_twice:
            interfere(monkeypatch, "rename", "before", lambda: write(b"newer"))
        interfere(monkeypatch, function, when, lambda: write(b"newest"))
        removed = await blob.delete_if_unchanged(seen)
        monkeypatch.undo()
        assert await blob.get(KEY) == (came[-1] if came else None)
        assert removed or came
        assert [name for name in files_below(blob.root) if name not in ("d", KEY)] == []


async def test_rivals_in_threads_never_lose_their_value(blob: LocalBlob) -> None:
    path = blob.root / KEY
    outcomes = set()
    for turn in range(400):
        await blob.set(KEY, b"old")
        seen = await listed(blob, KEY)
        start = threading.Barrier(2)

        def write(start: threading.Barrier = start, turn: int = turn) -> None:
            beside = path.with_name("beside")
            beside.write_bytes(b"%d" % turn)
            start.wait()
            for _ in range(turn):
                os.getpid()
            beside.replace(path)

        rival = threading.Thread(target=write)
        rival.start()
        removing = LocalBlob(blob.root).delete_if_unchanged(seen)
        await asyncio.to_thread(start.wait)
        outcomes.add(await removing)
        await asyncio.to_thread(rival.join)
        assert await blob.get(KEY) == b"%d" % turn
        assert files_below(blob.root) == ["d", KEY]
    assert True in outcomes


async def test_of_racing_removers_one_succeeds(blob: LocalBlob) -> None:
    for _ in range(50):
        await blob.set(KEY, b"1")
        seen = await listed(blob, KEY)
        removed = await asyncio.gather(*(LocalBlob(blob.root).delete_if_unchanged(seen) for _ in range(8)))
        assert sum(removed) == 1
    await blob.delete("d/")
    assert files_below(blob.root) == []


async def test_what_has_changed_is_never_moved(blob: LocalBlob, monkeypatch: pytest.MonkeyPatch) -> None:
    await blob.set(KEY, b"v")
    seen = (await listed(blob, KEY))._replace(version="another")
    for function in ("rename", "link", "unlink"):
        monkeypatch.delattr(os, function)
    assert await blob.delete_if_unchanged(seen) is False
    assert await blob.delete_if_unchanged(seen._replace(key="nope")) is False
    assert await blob.delete_if_unchanged(seen._replace(key=f"{KEY}/below")) is False


@pytest.mark.parametrize("kind", ["directory", "full directory", "link", "pipe"])
async def test_only_a_file_is_removed_or_stands_for_a_value(blob: LocalBlob, kind: str) -> None:
    await blob.set("other", b"v")
    path = blob.root / "k"
    put_there(path, kind)
    before = files_below(blob.root)
    status = path.lstat()
    assert await blob.delete_if_unchanged(BlobMetadata("k", status.st_size)) is False
    assert files_below(blob.root) == before
    if kind == "directory":
        assert await blob.set_if_absent("k", b"new") is True
        assert await blob.get("k") == b"new"
        return
    text = "it is a directory that holds other keys" if kind == "full directory" else "no regular file"
    with pytest.raises(Determinate, match=rf"cannot write 'k': .*{text}"):
        await blob.set_if_absent("k", b"new")
    assert files_below(blob.root) == before


@pytest.mark.parametrize("kind", ["directory", "full directory", "link", "pipe"])
async def test_what_took_the_place_of_a_file_comes_back(
    blob: LocalBlob, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A file that is replaced by something else right before it is taken."""
    await fill(blob, {"other": b"v", "k": b"v"})
    path = blob.root / "k"

    def replace() -> None:
        path.unlink()
        put_there(path, kind)

    interfere(monkeypatch, "rename", "before", replace)
    assert await blob.delete_if_unchanged(await listed(blob, "k")) is False
    names = ["k", "k/sub", "k/sub/file", "other"] if kind == "full directory" else ["k", "other"]
    assert files_below(blob.root) == names
    assert path.is_dir() == ("directory" in kind)
    assert path.is_symlink() == (kind == "link")


async def test_what_cannot_go_back_is_kept_and_named(blob: LocalBlob, monkeypatch: pytest.MonkeyPatch) -> None:
    await blob.set(KEY, b"seen")
    path = blob.root / KEY
    interfere(monkeypatch, "rename", "before", lambda: replace_with(path, b"newer"))
    interfere(monkeypatch, "rename", "after", path.mkdir)
    with pytest.raises(Indeterminate, match=r"'k' changed while it was being deleted .* move it back by hand"):
        await blob.delete_if_unchanged(await listed(blob, KEY))
    monkeypatch.undo()
    await blob.delete(f"{KEY}/")
    with pytest.raises(Determinate, match=r"'d' still holds '.*\.taken\.procdash-tmp'"):
        await blob.delete("d/")
    [kept] = (blob.root / "d").iterdir()
    assert kept.read_bytes() == b"newer"


@pytest.mark.parametrize(("function", "when"), [("rename", "before"), ("rename", "after"), ("unlink", "before")])
async def test_a_remover_that_is_killed(blob: LocalBlob, function: str, when: str) -> None:
    await blob.set(KEY, b"v")
    seen = await listed(blob, KEY)
    with child(stop_in_guarded_removal, str(blob.root), seen, function, when) as (process, connection):
        assert received(connection) == "stopped"
        process.kill()
        process.join()
    is_taken = (function, when) != ("rename", "before")
    assert await keys_of(blob) == ([] if is_taken else [KEY])
    assert await blob.delete_if_unchanged(seen) is not is_taken
    await blob.delete("d/")
    assert files_below(blob.root) == []


async def test_a_directory_may_be_emptied_while_a_remover_is_at_work(
    blob: LocalBlob, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blob.set(KEY, b"v")
    directory = blob.root / "d"

    def empty() -> None:
        asyncio.run(LocalBlob(blob.root).delete("d/"))

    seen = await listed(blob, KEY)
    interfere(monkeypatch, "rename", "after", empty)
    assert await blob.delete_if_unchanged(seen) is True
    assert not directory.exists()


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
async def test_a_file_system_without_hard_links(
    blob: LocalBlob, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    refuse_links(monkeypatch, code)
    assert await blob.set_if_absent(KEY, b"1") is True
    assert await blob.set_if_absent(KEY, b"2") is False
    assert await blob.get(KEY) == b"1"
    seen = await listed(blob, KEY)
    path = blob.root / KEY
    interfere(monkeypatch, "rename", "before", lambda: replace_with(path, b"newer"))
    assert await blob.delete_if_unchanged(seen) is False
    assert await blob.get(KEY) == b"newer"
    assert files_below(blob.root) == ["d", KEY]


async def test_a_full_disk_and_a_place_that_may_not_be_written(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", kibibytes=256) as disk:
        blob = LocalBlob(disk)
        await blob.set(KEY, b"v")
        with pytest.raises(Determinate, match="cannot write 'd/new': No space left on device"):
            await blob.set_if_absent("d/new", b"x" * 300_000)
        assert files_below(disk) == ["d", KEY]
        seen = await listed(blob, KEY)
        let_others_in(tmp_path)
        disk.chmod(0o755)
        with ordinary_user():
            with pytest.raises(Determinate, match="cannot write 'd/new': Permission denied"):
                await blob.set_if_absent("d/new", b"x")
            with pytest.raises(Determinate, match="cannot delete 'd/k': Permission denied"):
                await blob.delete_if_unchanged(seen)
        assert await blob.get(KEY) == b"v"
