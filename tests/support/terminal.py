"""A real pseudo-terminal around `procdash`: what is written to it, byte for byte, and keys typed into it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping

import pyte

PATIENCE_SECONDS = 30.0
_BEYOND_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")
"""Sequences of newer terminals that the emulator would print."""


class Terminal:
    """One end of a pseudo-terminal with a process at the other, and what its screen would show."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes], columns: int, lines: int) -> None:
        self._descriptor = descriptor
        self.process = process
        self.written = bytearray()
        """Everything that was written so far."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(self._screen.display)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Read until the screen shows what a regular expression finds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while re.search(pattern, self.text) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"{pattern!r} never came to the screen:\n{self.text}")

    def wait_until_gone(self, pattern: str) -> None:
        """Read until the screen no longer shows what a regular expression finds."""
        self.wait_for(rf"(?s)\A(?!.*{pattern})")

    def exit_code(self) -> int:
        """Read until the process ends, and give its exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.05)
        self.read_until_quiet(0.05)
        return self.process.wait(timeout=1)

    def read_for(self, seconds: float) -> bytes:
        """Everything that is written within some seconds."""
        start = len(self.written)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return bytes(self.written[start:])

    def read_until_quiet(self, seconds: float = 0.4) -> bytes:
        """Everything that is written until nothing is for some seconds."""
        start = len(self.written)
        while self._read(seconds):
            pass
        return bytes(self.written[start:])

    def _read(self, timeout: float) -> bool:
        if not select.select([self._descriptor], [], [], timeout)[0]:
            return False
        with contextlib.suppress(OSError):  # the other end is closed
            data = os.read(self._descriptor, 1 << 16)
            self.written += data
            self._stream.feed(_BEYOND_PYTE.sub(b"", data))
            return bool(data)
        return False


@contextlib.contextmanager
def terminal(
    *arguments: str, columns: int = 120, lines: int = 40, environment: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run `procdash` with these arguments in a terminal of this size, and end it afterwards."""
    own_end, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "procdash", *arguments],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
    )
    os.close(its_end)
    try:
        yield Terminal(own_end, process, columns, lines)
    finally:
        process.kill()
        process.wait()
        os.close(own_end)
