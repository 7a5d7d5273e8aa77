"""The journal: every plan that was applied, with the bytes it removed, on the disk before the first write."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from procdash.actions.entries import ENDED, Entry, EntryState, JournalError
from procdash.actions.entry_lock import EntryLock
from procdash.actions.journal_tables import COLUMNS, SCHEMA, abandoned, drop_oldest, entry_of, give_up
from procdash.actions.outcomes import TargetResult, results_to_json
from procdash.actions.plans import Plan
from procdash.store.backends.durable import make_directories
from procdash.store.backends.sqlite_database import SqliteDatabase
from procdash.store.errors import Determinate, ExternalError
from procdash.store.tasks import OwnThread

_Result = TypeVar("_Result")

MAX_BYTES: Final = 256 * 1024 * 1024
"""So many bytes of removed values are kept, unless plans that are not yet done need more."""

MAX_ENTRIES: Final = 10_000
"""So many entries are kept."""

_BUSY_SECONDS = 10.0


class Journal:
    """A journal in a SQLite file, which any number of processes share.

    Where more than `max_bytes` of removed values would be kept, those of the oldest entries that have ended are
    dropped first; an entry that is not yet wholly applied loses nothing.

    Args:
        path: the file, absolute; created with its directory by the first write.
        max_bytes: how many bytes of removed values to keep.
        max_entries: how many entries to keep.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES
    ) -> None:
        self.path = os.fspath(path)
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._database = SqliteDatabase(self.path, SCHEMA, _BUSY_SECONDS)
        self._thread = OwnThread(f"the journal {self.path}")
        self._is_made = False

    async def close(self) -> None:
        """Close the file."""
        await self._thread.close(self._database.close)

    async def prepare(self, plan: Plan, *, author: str, reason: str, now: float) -> int:
        """Begin an entry: nothing may be written to the store before `begin`.

        Returns:
            Its number.

        Raises:
            JournalError: if it cannot be written.
        """

        def write() -> int:
            if not self._is_made:
                _make_private(Path(self.path))
                self._is_made = True
            with self._writing(waits_for_disk=False) as database:
                self._give_up_abandoned(database, now)
                drop_oldest(database, plan.bytes_removed, self._max_bytes, self._max_entries, undoes=plan.undoes)
                row = (
                    now,
                    _as_text(author),
                    json.dumps(plan.location),
                    plan.kind.value,
                    _as_text(reason),
                    EntryState.PREPARING.value,
                    plan.to_json(),
                    "[]",
                    plan.undoes,
                )
                number = database.execute(
                    "INSERT INTO entry (written_at, author, location, kind, reason, state, plan, results, undoes,"
                    " kept_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                    row,
                ).lastrowid
            assert number is not None  # noqa: S101 - an insert gives one
            return number

        return await self._run(write)

    async def save_values(self, number: int, values: Mapping[int, bytes]) -> None:
        """Save the values that some ops of an entry are going to remove, by op number.

        Raises:
            JournalError: if they cannot be written.
        """

        def write() -> None:
            with self._writing(waits_for_disk=False) as database:
                database.executemany(
                    "INSERT OR REPLACE INTO removed_value (entry, op, value) VALUES (?, ?, ?)",
                    [(number, op, value) for op, value in values.items()],
                )
                database.execute(
                    "UPDATE entry SET kept_bytes = kept_bytes + ? WHERE number = ?",
                    (sum(map(len, values.values())), number),
                )

        await self._run(write)

    async def begin(self, number: int) -> None:
        """Wait until the entry and its values are on the disk: from now on the store may be written.

        Raises:
            JournalError: if they are not.
        """
        await self._run(self._begin, number)

    async def note_done(self, number: int, ops: Iterable[int]) -> None:
        """Note that some ops are done.

        Raises:
            JournalError: if it cannot be noted; the store shows it all the same.
        """

        def write() -> None:
            with self._writing(waits_for_disk=False) as database:
                database.executemany(
                    "INSERT OR IGNORE INTO op_done (entry, op) VALUES (?, ?)", [(number, op) for op in ops]
                )

        await self._run(write)

    async def end(self, number: int, state: EntryState, results: Iterable[TargetResult], now: float) -> None:
        """Note what became of an entry.

        Raises:
            JournalError: if it cannot be noted.
        """

        def write() -> None:
            with self._writing() as database:
                database.execute(
                    "UPDATE entry SET state = ?, results = ?, ended_at = ? WHERE number = ?",
                    (state.value, results_to_json(list(results)), now, number),
                )

        await self._run(write)

    async def entries(
        self,
        location: str | None = None,
        *,
        state: EntryState | None = None,
        undoes: int | None = None,
        limit: int = 100,
    ) -> list[Entry]:
        """The newest entries, the newest first.

        Args:
            location: only those about this place.
            state: only those that have come so far.
            undoes: only those that undo the entry of this number.
            limit: how many at most.

        Raises:
            JournalError: if the journal cannot be read.
        """
        wanted = {
            "location": None if location is None else json.dumps(location),
            "state": None if state is None else state.value,
            "undoes": undoes,
        }
        wanted = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(["TRUE", *(f"{column} = ?" for column in wanted)])
        condition = f"WHERE {where} ORDER BY number DESC LIMIT ?"
        return await self._run(self._read, condition, *wanted.values(), limit)

    async def entry(self, number: int) -> Entry | None:
        """One entry, or None.

        Raises:
            JournalError: if the journal cannot be read.
        """
        found = await self._run(self._read, "WHERE number = ?", number)
        return found[0] if found else None

    async def ops_done(self, number: int) -> frozenset[int]:
        """The numbers of the ops of an entry that were noted as done.

        Raises:
            JournalError: if the journal cannot be read.
        """

        def read() -> frozenset[int]:
            rows = self._database.read(
                f"cannot read the journal {self.path}", "SELECT op FROM op_done WHERE entry = ?", (number,)
            )
            return frozenset(op for [op] in rows)

        return await self._run(read)

    async def value(self, number: int, op: int) -> bytes:
        """The value that an op of an entry has removed.

        Raises:
            JournalError: if it is not there, or the journal cannot be read.
        """

        def read() -> bytes:
            rows = self._database.read(
                f"cannot read the journal {self.path}",
                "SELECT value FROM removed_value WHERE entry = ? AND op = ?",
                (number, op),
            )
            if not rows:
                raise Determinate(f"the journal no longer holds what op {op} of entry {number} removed")
            return bytes(rows[0][0])

        return await self._run(read)

    @contextlib.asynccontextmanager
    async def held(self, number: int) -> AsyncIterator[None]:
        """Hold an entry, so that no other process applies or undoes it meanwhile; a crash lets it go.

        Raises:
            JournalError: if another process holds it.
        """
        lock = self._lock_of(number)
        try:
            is_ours = await _acquired(lock)
        except OSError as error:
            raise JournalError(
                f"cannot lock entry {number} of the journal {self.path}: {error.strerror}"
            ) from error
        if not is_ours:
            raise JournalError(f"entry {number} is being applied by another procdash; wait until it has ended")
        try:
            yield
        finally:
            lock.release()

    async def is_held(self, number: int) -> bool:
        """Whether a process is applying an entry right now."""
        return await asyncio.to_thread(self._lock_of(number).is_taken)

    def _lock_of(self, number: int) -> EntryLock:
        return EntryLock(f"{self.path}.entry-{number}.lock")

    def _begin(self, number: int) -> None:
        with self._writing() as database:
            changed = database.execute(
                "UPDATE entry SET state = ? WHERE number = ? AND state IN (?, ?, ?)",
                (EntryState.APPLYING.value, number, *(state.value for state in EntryState if state not in ENDED)),
            )
            if not changed.rowcount:
                raise Determinate(f"entry {number} of the journal {self.path} was ended by somebody else")

    def _give_up_abandoned(self, database: sqlite3.Connection, now: float) -> None:
        for number in abandoned(database, now):
            lock = self._lock_of(number)
            if lock.acquire():
                give_up(database, number)
                lock.release()

    def _read(self, condition: str, *arguments: object) -> list[Entry]:
        if not Path(self.path).exists():
            return []
        doing = f"cannot read the journal {self.path}"
        rows = self._database.read(doing, f"SELECT {COLUMNS} FROM entry {condition}", arguments)  # noqa: S608 - ours
        try:
            return [entry_of(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise Determinate(f"{doing}: an entry in it is damaged ({error})") from error

    @contextlib.contextmanager
    def _writing(self, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        doing = f"cannot write the journal {self.path}"
        with self._database.write(doing, waits_for_disk=waits_for_disk) as database:
            yield database

    async def _run(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        try:
            return await self._thread.run(function, *arguments)
        except ExternalError as error:
            raise JournalError(error.message) from error
        except OSError as error:
            raise JournalError(f"cannot write the journal {self.path}: {error.strerror or error}") from error


async def _acquired(lock: EntryLock) -> bool:
    acquiring = asyncio.ensure_future(asyncio.to_thread(lock.acquire))
    try:
        return await asyncio.shield(acquiring)
    except asyncio.CancelledError:
        acquiring.add_done_callback(lambda _: lock.release())  # nobody will, if it is taken in spite of that
        raise


def _make_private(path: Path) -> None:
    """Make the file for this user alone, since it holds what the store holds; SQLite's files beside it follow."""
    directory = path.parent
    if not directory.is_dir():
        make_directories(directory.parent, sync=True)
        with contextlib.suppress(FileExistsError):
            directory.mkdir(0o700)
    with contextlib.suppress(FileExistsError):
        path.touch(0o600, exist_ok=False)


def _as_text(text: str) -> str:
    """Text that a database takes: what the terminal or the environment gave may be no Unicode."""
    return text.encode("utf-8", "replace").decode()
