"""The tables of the journal: what they hold, how an entry is read from a row, and how room is made."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from procdash.actions.entries import ENDED, Entry, EntryState
from procdash.actions.outcomes import results_from_json
from procdash.actions.plans import ActionKind, Plan
from procdash.store.backends.sqlite_database import Schema

SCHEMA: Final = Schema(
    application_id=int.from_bytes(b"pdJN", "big"),
    format_version=1,
    statements=(
        """
        CREATE TABLE entry (
            number INTEGER PRIMARY KEY AUTOINCREMENT, written_at REAL NOT NULL, ended_at REAL,
            author TEXT NOT NULL, location TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
            state TEXT NOT NULL,
            plan TEXT NOT NULL, results TEXT NOT NULL, undoes INTEGER, kept_bytes INTEGER NOT NULL
        )""",
        "CREATE INDEX entry_by_location ON entry (location, number)",
        "CREATE INDEX entry_by_undone ON entry (undoes)",
        """
        CREATE TABLE removed_value (
            entry INTEGER NOT NULL, op INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (entry, op)
        )""",
        """
        CREATE TABLE op_done (
            entry INTEGER NOT NULL, op INTEGER NOT NULL, PRIMARY KEY (entry, op)
        ) WITHOUT ROWID""",
    ),
    probe="SELECT number, plan, value, op_done.op FROM entry, removed_value, op_done LIMIT 0",
)

_LONG_AGO_SECONDS = 60.0
"""An entry that is being prepared is not looked at for so long: its process may be about to take its lock."""

COLUMNS = (
    "number, written_at, ended_at, author, location, kind, reason, state, plan, results, undoes, kept_bytes,"
    " (SELECT max(later.number) FROM entry AS later WHERE later.undoes = entry.number AND later.state = 'done')"
)
"""The columns of a row that `entry_of` takes."""


def drop_oldest(
    database: sqlite3.Connection, new_bytes: int, max_bytes: int, max_entries: int, *, undoes: int | None = None
) -> None:
    """Make room: drop the values of the oldest entries that have ended, and the oldest of too many entries.

    What an undo needs is spared until that has ended, too.

    Args:
        database: the journal, in a transaction.
        new_bytes: how many bytes are going to be saved.
        max_bytes: how many to keep.
        max_entries: how many entries to keep.
        undoes: the number of an entry that is going to be undone.
    """
    states = ", ".join(f"'{state.value}'" for state in ENDED)
    ended = (
        f"state IN ({states}) AND number IS NOT {int(undoes or 0)} AND number NOT IN"  # noqa: S608 - ours
        f" (SELECT undoes FROM entry WHERE undoes IS NOT NULL AND state NOT IN ({states}))"
    )
    [[kept]] = database.execute("SELECT coalesce(sum(kept_bytes), 0) FROM entry")
    too_many = kept + new_bytes - max_bytes
    droppable = database.execute(
        f"SELECT number, kept_bytes FROM entry WHERE kept_bytes > 0 AND {ended} ORDER BY number"  # noqa: S608 - ours
    ).fetchall()
    for number, size in droppable:
        if too_many <= 0:
            break
        database.execute("DELETE FROM removed_value WHERE entry = ?", (number,))
        database.execute("UPDATE entry SET kept_bytes = 0 WHERE number = ?", (number,))
        too_many -= size
    [[count]] = database.execute("SELECT count(*) FROM entry")
    old = database.execute(
        f"SELECT number FROM entry WHERE {ended} ORDER BY number LIMIT ?",  # noqa: S608 - ours
        (max(count + 1 - max_entries, 0),),
    ).fetchall()
    for [number] in old:
        database.execute("DELETE FROM removed_value WHERE entry = ?", (number,))
        database.execute("DELETE FROM op_done WHERE entry = ?", (number,))
        database.execute("DELETE FROM entry WHERE number = ?", (number,))


def abandoned(database: sqlite3.Connection, now: float) -> list[int]:
    """The entries whose process may have ended while it prepared them: nothing was written for them."""
    rows = database.execute(
        "SELECT number FROM entry WHERE state = ? AND written_at < ?",
        (EntryState.PREPARING.value, now - _LONG_AGO_SECONDS),
    )
    return [number for [number] in rows]


def give_up(database: sqlite3.Connection, number: int) -> None:
    """End an entry that was abandoned, and drop what was saved for it."""
    database.execute("DELETE FROM removed_value WHERE entry = ?", (number,))
    database.execute(
        "UPDATE entry SET state = ?, kept_bytes = 0 WHERE number = ?", (EntryState.NOTHING_DONE.value, number)
    )


def entry_of(row: tuple[Any, ...]) -> Entry:
    """The entry in a row of `COLUMNS`.

    Raises:
        ValueError: if it is damaged.
    """
    (
        number,
        written_at,
        ended_at,
        author,
        location,
        kind,
        reason,
        state,
        plan,
        results,
        undoes,
        kept,
        undone_by,
    ) = row
    return Entry(
        number,
        written_at,
        ended_at,
        author,
        json.loads(location),
        ActionKind(kind),
        reason,
        EntryState(state),
        Plan.from_json(plan),
        results_from_json(results),
        undoes,
        kept,
        undone_by,
    )
