"""A process that is killed at every op of a plan: nothing changes verdict unplanned, and all of it comes back.

Each test takes every op of the plan; `python -m support.killing DIRECTORY delete 50 0 0` takes both sides of each.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.killing import run_kills

from procdash.actions.plans import ActionKind


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """An empty directory, in memory where there is one: thousands of files come and go."""
    shared = Path("/dev/shm")  # noqa: S108 - a directory of its own is made in it
    if not shared.is_dir():
        yield tmp_path
        return
    directory = Path(tempfile.mkdtemp(dir=shared))
    yield directory
    shutil.rmtree(directory)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_killed_while_deleting(in_memory: Path, part: int) -> None:
    run_kills(in_memory, ActionKind.DELETE, part=part, parts=3)


@pytest.mark.parametrize("part", [0, 1])
def test_killed_while_undoing(in_memory: Path, part: int) -> None:
    run_kills(in_memory, ActionKind.UNDO, part=part, parts=2)


def test_killed_while_truncating(in_memory: Path) -> None:
    run_kills(in_memory, ActionKind.TRUNCATE, parts=1)


def test_killed_while_committing(in_memory: Path) -> None:
    run_kills(in_memory, ActionKind.COMMIT, parts=1)
