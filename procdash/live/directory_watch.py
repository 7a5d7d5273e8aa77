"""Watching a local directory, by way of a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from procdash.live.watch import OnHint, Watch, WatchUnavailable

_SILENT_FILE_SYSTEMS = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)
"""File systems on which the kernel sees no change that another machine makes."""

_LONGEST_LINE = 1 << 26


class DirectoryWatch(Watch):
    """Watches the directory that holds the entries of a procedure store.

    Args:
        directory: the `procedure/` directory.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory

    async def run(self, on_hint: OnHint) -> None:  # noqa: D102 - the contract documents it
        reason = await asyncio.to_thread(why_silent, self._directory)
        if reason is not None:
            raise WatchUnavailable(reason)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "procdash.live.watch_process",
                self._directory,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a key press such as ctrl+c is not meant for it
                limit=_LONGEST_LINE,
            )
        except OSError as error:
            raise WatchUnavailable(f"the watching process cannot be started ({error.strerror})") from error
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            async for line in process.stdout:
                message = msgspec.json.decode(line, type=list[str] | str | None)
                if isinstance(message, str):
                    raise WatchUnavailable(message)
                on_hint(message)
            raise WatchUnavailable("the watching process ended")
        finally:
            if process.returncode is None:
                process.kill()
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a killed process also while this is cancelled, as a loop that closes does once more."""
    cancelled: asyncio.CancelledError | None = None
    while process.returncode is None:
        try:
            await process.wait()
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def why_silent(directory: str) -> str | None:
    """Why watching `directory` would not notice every change, or None where it would."""
    if os.environ.get("WATCHFILES_FORCE_POLLING"):
        return "WATCHFILES_FORCE_POLLING is set"
    file_system = file_system_of(directory)
    if file_system is not None and file_system.partition(".")[0] in _SILENT_FILE_SYSTEMS:
        return f"a {file_system} file system gives no notice of changes made elsewhere"
    return None


def file_system_of(directory: str) -> str | None:
    """The type of the file system that `directory` lies on (`ext4`, `nfs4` …), or None where nothing tells."""
    try:
        status = Path(directory).stat()
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split(" ")[2] == device:
            return source.partition(" ")[0]
    return None
