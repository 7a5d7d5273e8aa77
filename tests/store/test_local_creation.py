"""Creating a key in a directory only where nothing is: rivals, and file systems that refuse."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
from support.blobs import files_below
from support.rivals import refuse_links, replace_with

from procdash.store import Determinate, ExternalError, Indeterminate
from procdash.store.backends.local import LocalBlob

KEY = "d/k"


@pytest.fixture
def blob(tmp_path: Path) -> LocalBlob:
    return LocalBlob(tmp_path / "root", sync=False)


async def test_of_racing_creators_one_succeeds(blob: LocalBlob) -> None:
    for turn in range(50):
        key = f"{turn}/k"
        created = await asyncio.gather(
            *(LocalBlob(blob.root, sync=False).set_if_absent(key, bytes([number])) for number in range(8))
        )
        assert sum(created) == 1
        assert await blob.get(key) == bytes([created.index(True)])
        assert files_below(blob.root / str(turn)) == ["k"]


async def test_without_hard_links_it_looks_once_more(blob: LocalBlob, monkeypatch: pytest.MonkeyPatch) -> None:
    await blob.set("d/other", b"")
    refuse_links(monkeypatch, errno.EPERM, lambda: replace_with(blob.root / KEY, b"newer"))
    assert await blob.set_if_absent(KEY, b"1") is False
    assert await blob.get(KEY) == b"newer"


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, Determinate), (errno.EIO, Indeterminate)])
async def test_a_link_that_fails(
    blob: LocalBlob, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[ExternalError]
) -> None:
    refuse_links(monkeypatch, code)
    with pytest.raises(kind, match=rf"cannot write 'd/k': {os.strerror(code)}"):
        await blob.set_if_absent(KEY, b"1")
    assert files_below(blob.root) == ["d"]


async def test_a_creation_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def recording_fsync(descriptor: int) -> None:
        done.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name[-4:])
        fsync(descriptor)

    def recording_link(source: str, target: str) -> None:
        done.append("link")
        link(source, target)

    blob = LocalBlob(tmp_path)
    await blob.set("sub/first", b"")
    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "link", recording_link)
    assert await blob.set_if_absent("sub/k", b"") is True
    assert await blob.set_if_absent("sub/k", b"") is False
    assert done == ["sync -tmp", "link", "sync sub"]


async def test_a_key_below_another_key_is_refused(blob: LocalBlob) -> None:
    await blob.set("a", b"file")
    for key in ("a/b", "a/b/c"):
        with pytest.raises(Determinate, match="a part of its path is itself a key"):
            await blob.set_if_absent(key, b"v")
    assert files_below(blob.root) == ["a"]
