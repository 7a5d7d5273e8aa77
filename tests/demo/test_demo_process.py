"""The engine as a process: it ends with whoever started it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from watchfiles import watch

from procdash.demo import seed_store

TIMEOUT_SECONDS = 30.0

pytestmark = pytest.mark.timeout(120)


@contextmanager
def started(root: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "procdash.demo", str(root), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_a_write(root: Path) -> None:
    milliseconds = int(TIMEOUT_SECONDS * 1_000)
    changes = next(watch(root, debounce=50, step=10, rust_timeout=milliseconds, yield_on_timeout=True))
    assert changes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    seed_store(tmp_path, procedures=24, seed=0, now=time.time())
    return tmp_path


def test_it_ends_when_its_input_is_closed(root: Path) -> None:
    with started(root, "--rate", "100", "--seed", "1") as process:
        wait_for_a_write(root)
        stdout, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

        assert (process.returncode, stdout, stderr) == (0, b"", b"")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly(root: Path, signal_number: signal.Signals) -> None:
    with started(root, "--rate", "100") as process:
        wait_for_a_write(root)
        process.send_signal(signal_number)

        assert process.wait(TIMEOUT_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_it_does_not_outlive_a_parent_that_was_killed(root: Path) -> None:
    parent_code = (
        "import subprocess, sys, threading\n"
        f"command = [sys.executable, '-m', 'procdash.demo', {str(root)!r}, '--rate', '100']\n"
        "engine = subprocess.Popen(command, stdin=subprocess.PIPE)\n"
        "threading.Event().wait()\n"
    )
    command = [sys.executable, "-c", parent_code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        wait_for_a_write(root)
        parent.kill()
        # The engine has inherited the pipe, so that its end is the end of both.
        stdout, _ = parent.communicate(timeout=TIMEOUT_SECONDS)

        assert stdout == b""


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    with started(tmp_path / "nowhere") as process:
        _, stderr = process.communicate(timeout=TIMEOUT_SECONDS)

        assert process.returncode == 3
        assert stderr.decode() == f"no such directory: {tmp_path / 'nowhere'}\n"


def test_importing_the_demo_loads_neither_textual_nor_rich() -> None:
    code = "import sys, procdash.demo; print(*sorted({'textual', 'rich', 'aiofiles', 'click'} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_SECONDS)

    assert result.stdout.strip() == b""
