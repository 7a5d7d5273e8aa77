"""Removing a file only if it is still the one that was seen, although a file system has no such operation."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from procdash.store.backends.files import TEMPORARY_SUFFIX, version_of
from procdash.store.errors import Indeterminate

TAKEN_SUFFIX: Final = f".taken{TEMPORARY_SUFFIX}"
"""Ends the name of a file that is being removed; no listing shows one."""


def remove_file_if(path: Path, is_expected: Callable[[os.stat_result], bool]) -> bool:
    """Remove a regular file if its status is the expected one, and lose nothing that others put in its place.

    The file is taken: renamed to a name that no listing shows. Then nobody can replace it any more, and it is
    looked at again. If it is another one by now, it goes back, unless a still newer one has come: that one stays.
    Until it is back, readers miss it for a moment, and whoever removes it finds nothing to remove. A writer that
    opens and truncates it, instead of replacing it, changes its status before that look, or makes a new file.

    Args:
        path: an absolute path.
        is_expected: whether a file with this status may go; a new name must not change the answer.

    Returns:
        False where nothing is there, or something else.

    Raises:
        OSError: if it cannot be looked at or taken.
        Indeterminate: if it was taken and cannot be put back; the message says where it is.
    """
    try:
        status = path.lstat()
        if not _is_file(status) or not is_expected(status):
            return False
        taken = path.with_name(f".{version_of(status)}.{secrets.token_hex(8)}{TAKEN_SUFFIX}")
        path.rename(taken)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        status = taken.lstat()
        if _is_file(status) and is_expected(status):
            _discard(taken)
            return True
    except FileNotFoundError:
        return True  # whoever empties the directory was faster, and knows from the name that it may go
    except OSError as error:
        raise _kept_aside(taken, path, error) from error
    try:
        _put_back(taken, path)
    except OSError as error:
        raise _kept_aside(taken, path, error) from error
    return False


def is_left_taken(path: Path, status: os.stat_result) -> bool:
    """Whether a file was taken to be removed and only its removal is missing.

    Its name says which version was to go. So it may be removed at any age, also while its remover is at work. A
    taken file of another version may not: it was on its way back when its remover was killed.

    Args:
        path: a file whose name ends with `TAKEN_SUFFIX`.
        status: its status.
    """
    return path.name.startswith(f".{version_of(status)}.")


def _is_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _discard(taken: Path) -> None:
    """Remove a file that is gone under its own name; what cannot be removed goes with its directory."""
    with contextlib.suppress(OSError):
        taken.unlink()


def _put_back(taken: Path, path: Path) -> None:
    try:
        _move_where_nothing_is(taken, path)
    except FileExistsError:
        with contextlib.suppress(FileNotFoundError):  # what has come is gone again
            if not _is_file(path.lstat()):
                raise
        _discard(taken)  # a newer one has come, as if it had replaced this one


def _move_where_nothing_is(source: Path, target: Path) -> None:
    """Rename by a hard link, which replaces nothing; where there is none to be had, by a look and a rename."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # no hard links here, or no room for one, or it is a directory
        if os.path.lexists(target):
            raise FileExistsError(f"{target} is there") from None
        source.rename(target)
    else:
        _discard(source)


def _kept_aside(taken: Path, path: Path, error: OSError) -> Indeterminate:
    return Indeterminate(
        f"{path.name!r} changed while it was being deleted and cannot be put back ({error.strerror or error}):"
        f" it is kept as {str(taken)!r}, move it back by hand"
    )
