"""Local writes are whole or not at all: under readers, cancellation, a kill, rivals and a full disk."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.blobs import files_below, keys_of
from support.tiny_disk import tiny_disk

from procdash.store import Determinate, Indeterminate
from procdash.store.backends.files import TEMPORARY_SUFFIX
from procdash.store.backends.local import LocalBlob

BIG = 300_000
OLD, NEW = b"o" * BIG, b"n" * (BIG + 7)


def _temporaries(directory: Path) -> list[str]:
    return [path for path in files_below(directory) if path.endswith(TEMPORARY_SUFFIX)]


async def test_a_reader_never_sees_a_torn_value(tmp_path: Path) -> None:
    """A plain write in place tears nearly every read here."""
    blob = LocalBlob(tmp_path, sync=False)
    await blob.set("k", OLD)
    seen: set[bytes] = set()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.add((tmp_path / "k").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(150):
            await blob.set("k", NEW)
            await blob.set("k", OLD)
            assert await blob.get("k") == OLD
            assert await keys_of(blob) == ["k"]
    finally:
        ended.set()
        reader.join()
    assert seen <= {OLD, NEW}
    assert seen


_WRITER = """
import asyncio, sys
from procdash.store.backends.local import LocalBlob

async def write_for_ever():
    blob = LocalBlob(sys.argv[1], sync=False)
    print("ready", flush=True)
    while True:
        await blob.set("k", b"o" * 300_000)
        await blob.set("k", b"n" * 300_007)

asyncio.run(write_for_ever())
"""


async def test_another_process_is_read_whole_and_a_kill_leaves_a_whole_value(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path)
    await blob.set("k", OLD)
    chance = random.Random(5)  # noqa: S311 - only to kill at different moments
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", _WRITER, tmp_path], stdout=subprocess.PIPE) as writer:  # noqa: ASYNC220 - our own text
            assert writer.stdout is not None
            writer.stdout.readline()
            for _ in range(chance.randrange(3, 60)):
                assert await blob.get("k") in (OLD, NEW)
            writer.send_signal(signal.SIGKILL)
        assert await blob.get("k") in (OLD, NEW)
        assert await keys_of(blob) == ["k"]
        [metadata] = [metadata async for metadata in blob.list_keys_and_metadata("")]
        assert metadata.size_in_bytes in (len(OLD), len(NEW))


async def test_a_cancelled_write_leaves_nothing_behind(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path, sync=False)
    await blob.set("k", OLD)
    for turns in [*range(40), *range(40)]:
        writing = asyncio.ensure_future(blob.set("k", NEW if turns % 2 else OLD))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        assert await blob.get("k") in (OLD, NEW)
    await asyncio.get_running_loop().shutdown_default_executor()  # every write has ended
    assert (tmp_path / "k").read_bytes() in (OLD, NEW)
    assert files_below(tmp_path) == ["k"]


async def test_rivals_on_one_key_leave_one_whole_value(tmp_path: Path) -> None:
    blobs = [LocalBlob(tmp_path, sync=False) for _ in range(3)]
    values = [bytes([number]) * 50_000 for number in range(30)]
    await asyncio.gather(*(blobs[number % 3].set("d/k", value) for number, value in enumerate(values)))
    assert await blobs[0].get("d/k") in values
    assert files_below(tmp_path) == ["d", "d/k"]


async def test_writes_and_removals_of_their_directory_do_not_disturb_each_other(tmp_path: Path) -> None:
    writer, remover = LocalBlob(tmp_path, sync=False), LocalBlob(tmp_path, sync=False)

    async def write() -> None:
        for number in range(100):
            await writer.set("a/b/k", str(number).encode())
            await writer.delete("a/b/k")

    async def remove() -> None:
        for _ in range(400):
            with contextlib.suppress(Determinate):
                await remover.delete("a/b/")
                await remover.delete("a/")

    await asyncio.gather(write(), remove())
    assert await keys_of(writer) == []
    assert _temporaries(tmp_path) == []


async def test_writing_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before it is moved into place, and the directory after that."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def recording_fsync(descriptor: int) -> None:
        done.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name[-4:])
        fsync(descriptor)

    def recording_replace(source: str, target: str) -> None:
        done.append("move")
        replace(source, target)

    blob = LocalBlob(tmp_path)
    await blob.set("sub/first", b"")
    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "replace", recording_replace)
    await blob.set("sub/k", b"")
    assert done == ["sync -tmp", "move", "sync sub"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
async def test_a_write_that_fails_keeps_the_old_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    blob = LocalBlob(tmp_path)
    await blob.set("k", OLD)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, failing, fail)
        with pytest.raises(Determinate, match="cannot write 'k': No space left on device"):
            await blob.set("k", NEW)
    assert await blob.get("k") == OLD
    assert files_below(tmp_path) == ["k"]


async def test_a_directory_that_cannot_be_synced_leaves_it_open_what_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = LocalBlob(tmp_path)
    await blob.set("k", OLD)
    fsync = os.fsync

    def fail_for_directories(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112 - a descriptor, not a path
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_for_directories)
    with pytest.raises(Indeterminate, match="cannot sync 'k'"):
        await blob.set("k", NEW)
    assert await blob.get("k") == NEW


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with tiny_disk(tmp_path / "disk", kibibytes=256) as directory:
        yield directory


async def test_a_full_disk_refuses_the_new_value_and_keeps_the_old(small: Path) -> None:
    blob = LocalBlob(small)
    await blob.set("k", b"old")
    with pytest.raises(Determinate, match="cannot write 'k': No space left on device"):
        await blob.set("k", NEW)
    with pytest.raises(Determinate, match="No space left on device"):
        await blob.set("d/new", NEW)
    assert await blob.get("k") == b"old"
    assert await keys_of(blob) == ["k"]
    assert _temporaries(small) == []
    await blob.set("k", b"new")
    assert await blob.get("k") == b"new"
    assert await blob.delete("k") == 3
