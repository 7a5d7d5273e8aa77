"""What goes wrong with a SQLite database, in words."""

from __future__ import annotations

import os
import sqlite3
import stat

_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the database file, or the directory it is in, may not be written",
    sqlite3.SQLITE_BUSY: "another process keeps the database locked; try again when it has finished",
    sqlite3.SQLITE_LOCKED: "another connection keeps the table locked; try again when it has finished",
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore it from a copy",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite database",
    sqlite3.SQLITE_IOERR: "the disk could not be read or written",
    sqlite3.SQLITE_TOOBIG: "the value is larger than SQLite can hold",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
    sqlite3.SQLITE_NOLFS: "the file system cannot hold a file that large",
}


def words_of(error: Exception, path: str) -> str:
    """Why SQLite failed.

    Args:
        error: what `sqlite3` raised.
        path: the database file.
    """
    code = primary_code(error)
    if code == sqlite3.SQLITE_CANTOPEN:
        return why_not_opened(path) or f"{_WORDS[code]} unless files may be created beside it ({error})"
    words = _WORDS.get(code)
    return str(error) if words is None else f"{words} ({error})"


def primary_code(error: Exception) -> int:
    """SQLite's result code without its extension; SQLITE_ERROR where the error has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else sqlite3.SQLITE_ERROR


def why_not_opened(path: str) -> str | None:
    """What keeps a file from being a database that can be opened, in words; None where nothing is seen to.

    Args:
        path: an absolute path; the file need not exist.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return _why_not_created(os.path.dirname(path))
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return "a path must be text that a file name can hold, without a NUL"
    if stat.S_ISDIR(mode):
        return f"it is a directory; name a file, such as {os.path.join(path, 'consensus.db')}"
    if not stat.S_ISREG(mode):
        return "it is not a file"
    return None if os.access(path, os.R_OK, effective_ids=True) else "it may not be read (permission denied)"


def _why_not_created(directory: str) -> str | None:
    if not os.path.isdir(directory):
        return f"there is no directory {directory}"
    if os.access(directory, os.W_OK | os.X_OK, effective_ids=True):
        return None
    return f"no file may be created in {directory} (permission denied)"
