"""Rivals that touch a file in the middle of an operation on it, and what else may stand in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest


def replace_with(path: Path, value: bytes) -> None:
    """Replace a file as a careful writer does: the old value or the new one, nothing between."""
    beside = path.with_name("beside")
    beside.write_bytes(value)
    beside.replace(path)


def interfere(monkeypatch: pytest.MonkeyPatch, function: str, when: str, rival: Callable[[], object]) -> None:
    """Let a rival act before or after the first call of a function of `os`."""
    original = getattr(os, function)
    calls = count(1)

    def interrupted(*arguments: object, **options: object) -> object:
        is_first = next(calls) == 1
        if is_first and when == "before":
            rival()
        result = original(*arguments, **options)
        if is_first and when == "after":
            rival()
        return result

    monkeypatch.setattr(os, function, interrupted)


def refuse_links(monkeypatch: pytest.MonkeyPatch, code: int, rival: Callable[[], object] = lambda: None) -> None:
    """Have every hard link refused with an error number, after a rival has acted."""

    def refuse(*_: object, **__: object) -> None:
        rival()
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)


def put_there(path: Path, kind: str) -> None:
    """Put something at a path that is no regular file: a `directory`, a `full directory`, a `link` or a `pipe`."""
    match kind:
        case "directory":
            path.mkdir()
        case "full directory":
            (path / "sub").mkdir(parents=True)
            (path / "sub/file").touch()
        case "link":
            path.symlink_to("other")
        case _:
            os.mkfifo(path)
