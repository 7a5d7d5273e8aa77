"""A disk that is full soon, where the machine lets a test mount one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tiny_disk(directory: Path, *, kibibytes: int) -> Iterator[Path]:
    """Mount a file system of that size; skips the test where that is not allowed."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root may mount a tiny disk")
    directory.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={kibibytes}k", "none", str(directory)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a tiny disk cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run([umount, "-l", str(directory)], check=True)
