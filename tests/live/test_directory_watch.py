"""The watching process and what it is told by the file system."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from procdash.live.directory_watch import DirectoryWatch, file_system_of, why_silent
from procdash.live.watch import WatchUnavailable
from procdash.live.watch_process import entries_of, why_not_watched


@pytest.mark.parametrize(
    ("paths", "entries"),
    [
        (["/s/procedure/a/0.step"], {"a"}),
        (["/s/procedure/a", "/s/procedure/b/c/d"], {"a", "b"}),
        (["/s/procedure/..a/x"], {"..a"}),
        (["/s/procedure/a/x", "/s/procedure"], None),
        (["/s"], None),
        ([], set()),
    ],
)
def test_paths_become_entries(paths: list[str], entries: set[str] | None) -> None:
    assert entries_of(paths, "/s/procedure") == entries


def test_the_watch_limit_is_explained_with_what_helps() -> None:
    error = OSError("OS file watch limit reached. about [...]")
    assert why_not_watched(error) == (
        "the limit of inotify watches is reached (raise fs.inotify.max_user_watches)"
    )


def test_knows_the_file_system_of_a_directory() -> None:
    assert file_system_of("/proc") == "proc"
    assert file_system_of("/does/not/exist") is None


@pytest.mark.parametrize("file_system", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_silent_file_systems_are_not_watched(file_system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("procdash.live.directory_watch.file_system_of", lambda _directory: file_system)
    assert why_silent("/anywhere") == f"a {file_system} file system gives no notice of changes made elsewhere"


async def test_hints_name_the_entry_that_changed(tmp_path: Path) -> None:
    hints: asyncio.Queue[Collection[str] | None] = asyncio.Queue()
    watching = asyncio.create_task(DirectoryWatch(str(tmp_path)).run(hints.put_nowait))
    async with asyncio.timeout(30):
        assert await hints.get() is None
        (tmp_path / "entry").mkdir()
        assert await hints.get() == ["entry"]
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching


async def test_a_missing_directory_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(WatchUnavailable, match="the directory cannot be watched"):
        await DirectoryWatch(str(tmp_path / "missing")).run(lambda _entries: None)


def test_the_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "procdash.live.watch_process", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"null\n"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
