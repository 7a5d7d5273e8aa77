"""A SQLite file of procdash's: how it is recognised, created and used by one thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from procdash.store.backends.sqlite_errors import primary_code, why_not_opened, words_of
from procdash.store.errors import Determinate, Indeterminate


class Schema(NamedTuple):
    """What makes a database one of a kind."""

    application_id: int
    """In the header of each database of this kind, so that no other is taken for one."""
    format_version: int
    """In the header too: of the tables' layout."""
    statements: tuple[str, ...]
    """Create the tables."""
    probe: str
    """A SELECT that fails where a table is missing."""


_FAILURES = (sqlite3.Error, OverflowError, MemoryError)


class SqliteDatabase:
    """One connection, made by the first use.

    Args:
        path: the file, absolute.
        schema: what is in it.
        busy_seconds: how long to wait for a lock that another process holds.
        read_only: whether to refuse a file that is missing or empty, instead of making it a database.
    """

    def __init__(self, path: str, schema: Schema, busy_seconds: float, *, read_only: bool = False) -> None:
        self.path = path
        self._schema = schema
        self._busy_seconds = busy_seconds
        self._read_only = read_only
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def read(self, doing: str, statement: str, arguments: Sequence[object] = ()) -> list[Any]:
        """The rows of one SELECT.

        Args:
            doing: what is being done, to begin an error's message with.
            statement: the SELECT.
            arguments: what its question marks stand for.

        Raises:
            Determinate: if it cannot be read.
        """
        connection = self._open(doing)
        try:
            return connection.execute(statement, arguments).fetchall()
        except _FAILURES as error:
            raise Determinate(f"{doing}: {words_of(error, self.path)}") from error

    @contextlib.contextmanager
    def write(self, doing: str, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction that alone may write: committed at the end, rolled back by an exception.

        Args:
            doing: what is being done, to begin an error's message with.
            waits_for_disk: whether it is on the disk at the end. Where not, a power cut may lose it; a crash of
                the process does not.

        Raises:
            Determinate: if it fails before it is committed: nothing happened.
            Indeterminate: if it fails while it is committed.
        """
        connection = self._open(doing)
        try:
            connection.execute(f"PRAGMA synchronous = {'FULL' if waits_for_disk else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
        except _FAILURES as error:
            self._roll_back(connection)
            raise Determinate(f"{doing}: {words_of(error, self.path)}") from error
        except BaseException:
            self._roll_back(connection)
            raise
        try:
            connection.execute("COMMIT")
        except _FAILURES as error:
            self._roll_back(connection)
            # A commit that waits for a lock has not begun; any other failure may come after it reached the disk.
            kind = Determinate if primary_code(error) == sqlite3.SQLITE_BUSY else Indeterminate
            raise kind(f"{doing}: {words_of(error, self.path)}") from error

    def open(self) -> None:
        """Connect now.

        Raises:
            Determinate: if there is no such place, or the file is not a database of procdash's: it stays as it is.
        """
        self._open(f"cannot open {self.path}")

    def close(self) -> None:
        """Close the connection; the last one to be closed leaves a single file."""
        connection, self._connection = self._connection, None
        _close(connection)

    def _open(self, doing: str) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connected()
        elif _identity(self.path) != self._file:
            # SQLite would go on with the removed file, and every write would be lost.
            raise Determinate(f"{doing}: the database file was removed or replaced since it was opened")
        return self._connection

    def _connected(self) -> sqlite3.Connection:
        doing = f"cannot open {self.path}"
        reason = why_not_opened(self.path)
        if reason is not None:
            raise Determinate(f"{doing}: {reason}")
        has_content = _has_content(self.path)
        if self._read_only and not has_content:
            raise Determinate(f"{doing}: there is no such file, or an empty one")
        connection: sqlite3.Connection | None = None
        try:
            if has_content:
                _refuse_foreign(self.path, self._schema)
            connection = sqlite3.connect(
                f"{Path(self.path).as_uri()}?mode={'rw' if self._read_only else 'rwc'}",
                uri=True,
                timeout=self._busy_seconds,
                isolation_level=None,
            )
            if not self._read_only:
                _create_where_new(connection, self._schema)
            _check_database(connection, self._schema)
            _set_up(connection, read_only=self._read_only)
            self._file = _identity(self.path)
        except Determinate as error:
            _close(connection)
            raise Determinate(f"{doing}: {error.message}") from error
        except _FAILURES as error:
            _close(connection)
            raise Determinate(f"{doing}: {words_of(error, self.path)}") from error
        return connection

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.rollback()
        except sqlite3.Error:
            self._connection = None
            _close(connection)


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def _refuse_foreign(path: str, schema: Schema) -> None:
    """Refuse what is not a database of procdash's, without touching it.

    Opened in the ordinary way, a database with a write-ahead log would get files beside it, and its log would be
    merged when it is closed. `immutable` reads the file alone; one of procdash's has its mark there as soon as it
    is not empty. It is SQLite that reads it, since closing a file that was opened in another way would take away
    the locks that other connections of this process have on it.
    """
    with contextlib.closing(
        sqlite3.connect(f"{Path(path).as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    ) as connection:
        _check_mark(*_mark(connection), schema)


def _create_where_new(connection: sqlite3.Connection, schema: Schema) -> None:
    if _is_new(connection):
        connection.execute("BEGIN IMMEDIATE")
        if _is_new(connection):  # nobody else was quicker
            for statement in schema.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {schema.application_id}")
            connection.execute(f"PRAGMA user_version = {schema.format_version}")
        connection.execute("COMMIT")


def _check_database(connection: sqlite3.Connection, schema: Schema) -> None:
    _check_mark(*_mark(connection), schema)
    try:
        connection.execute(schema.probe)
    except sqlite3.OperationalError as error:
        if primary_code(error) != sqlite3.SQLITE_ERROR:
            raise
        raise Determinate(f"it lacks procdash's tables ({error})") from error


def _set_up(connection: sqlite3.Connection, *, read_only: bool) -> None:
    if read_only:
        connection.execute("PRAGMA query_only = ON")
        return
    connection.execute("PRAGMA synchronous = FULL")
    # Without a write-ahead log (on a read-only or a remote disk) everything holds as well, only slower.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _is_new(connection: sqlite3.Connection) -> bool:
    [[tables]] = connection.execute("SELECT count(*) FROM sqlite_master")
    return _mark(connection) == (0, 0) and tables == 0


def _mark(connection: sqlite3.Connection) -> tuple[int, int]:
    [[application_id]] = connection.execute("PRAGMA application_id")
    [[version]] = connection.execute("PRAGMA user_version")
    return application_id, version


def _check_mark(application_id: int, version: int, schema: Schema) -> None:
    if application_id != schema.application_id:
        raise Determinate("it is a SQLite database, but not one that procdash made for this")
    if version > schema.format_version:
        raise Determinate(f"a newer procdash made it, in format {version}; this one knows {schema.format_version}")
    if version < schema.format_version:
        raise Determinate(f"its format {version} is unknown")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(sqlite3.Error):
            connection.close()
