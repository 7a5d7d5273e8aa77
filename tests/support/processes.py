"""Server processes for tests: started, waited for, and ended by process id."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_POLL_SECONDS = 0.03
_STOP_SECONDS = 10.0
_LOG_TAIL = 2_000
_PR_SET_PDEATHSIG = 1


class User(NamedTuple):
    """The system user that a server runs as."""

    uid: int
    gid: int


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago: taken together, so that they differ, then released."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def find_script(name: str) -> Path | None:
    """An executable beside this Python, or on the path."""
    beside = Path(sys.executable).with_name(name)
    if beside.exists():
        return beside
    found = shutil.which(name)
    return Path(found) if found else None


def accepts_connections(port: int) -> Callable[[], bool]:
    """A check whether somebody listens on `port`."""

    def check() -> bool:
        with socket.create_connection(("127.0.0.1", port), 0.3):
            return True

    return check


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    is_ready: Callable[[], bool],
    log: Path,
    timeout: float = 60.0,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_seconds: float = _STOP_SECONDS,
    user: User | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process group of its own until the block ends.

    Args:
        command: the program and its arguments.
        is_ready: whether it serves; an exception means not yet.
        log: where its output goes; its end is in the error if it does not come up.
        timeout: how long it may take to come up, in seconds.
        environment: what to add to this process's environment.
        directory: its working directory.
        stop_signal: what asks it to end.
        stop_seconds: how long it may take to end before it is killed.
        user: whom it runs as; None means as this process.
    """
    with log.open("ab") as output:
        server = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - it only sets a flag
            user=user and user.uid,
            group=user and user.gid,
            extra_groups=[] if user else None,
        )
    try:
        _wait_until_ready(server, is_ready, log, timeout)
        yield server
    finally:
        if server.poll() is None:
            server.send_signal(stop_signal)
            try:
                server.wait(stop_seconds)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(_STOP_SECONDS)


def _end_with_parent() -> None:
    """Have Linux end this process when pytest is killed, so that no server is left running."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(
    server: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path, timeout: float
) -> None:
    last: Exception | None = None
    deadline = time.monotonic() + timeout
    while True:
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} exited with {server.returncode}:\n{_tail(log)}")
        try:
            if is_ready():
                return
        except Exception as error:  # noqa: BLE001 - whatever a server that comes up makes its client raise
            last = error
        if time.monotonic() > deadline:
            raise TimeoutError(f"{server.args!r} is not ready: {last!r}\n{_tail(log)}")
        time.sleep(_POLL_SECONDS)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_LOG_TAIL:]
