"""A PostgreSQL table as a `Consensus`, with upstream's guarded statements."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Final, Self
from urllib.parse import unquote

import asyncpg

from procdash.store.backends.postgres_errors import RETRYABLE_STATES, sqlstate_of, translated, without_secrets
from procdash.store.backends.postgres_table import OWN_TABLE, ensure_table, quoted_table, statements_on
from procdash.store.consensus import (
    SCAN_ALL,
    CaSResult,
    Consensus,
    SeqNo,
    VersionedData,
    check_new_version,
    truncate_too_high,
)
from procdash.store.errors import Determinate
from procdash.store.key_rules import check_key, shown

_MAX_CONNECTIONS = 8
_CONNECT_SECONDS = 10.0
_STATEMENT_SECONDS = 30
_REPLY_SECONDS = _STATEMENT_SECONDS + 5.0
_CLOSE_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.004
_ATTEMPTS = 8
_KEYS_AT_ONCE = 1_000
_MAX_SEQNO: Final = 2**63 - 1
_SERIALIZABLE = "serializable"
_SET_UP_SESSION = f"""
    SELECT set_config('default_transaction_isolation', '{_SERIALIZABLE}', false),
           CASE WHEN current_setting('statement_timeout') = '0'
                THEN set_config('statement_timeout', '{_STATEMENT_SECONDS}s', false) END
"""


class PostgresConsensus(Consensus):
    """A `Consensus` in a table of a PostgreSQL database; made by `open`.

    Every statement is one transaction, and every transaction is SERIALIZABLE: under a weaker level, upstream's
    guarded insert lets more than one of racing writers commit. A transaction that loses to another one is tried
    again a few times, since nothing happened.

    Args:
        pool: connections to the database.
        table: the table's quoted name.
        place: the database in words, without secrets.
    """

    def __init__(self, pool: asyncpg.Pool, table: str, place: str) -> None:
        self.table = table
        self.place = place
        self._pool = pool
        self._sql = statements_on(table)

    @classmethod
    async def open(cls, url: str, *, may_create: bool = True) -> Self:
        """Connect to a database.

        Args:
            url: `postgresql://user@host/database`, with what libpq knows as its query. `?table=` names the table
                (`table` or `schema.table`), which must exist; without it the table is `procdash_consensus`,
                created where it is missing. What the URL leaves out comes from `PGHOST`, `~/.pgpass` and so on.
            may_create: whether the table that procdash calls its own may be created.

        Raises:
            Determinate: if the URL, the credentials or the table are refused.
            Indeterminate: if the server cannot be reached.
        """
        dsn, named_table = _split_off_table(url)
        table = quoted_table(OWN_TABLE if named_table is None else named_table)
        place = without_secrets(dsn)
        pool: asyncpg.Pool | None = None
        try:
            pool = asyncpg.create_pool(
                dsn,
                min_size=0,
                max_size=_MAX_CONNECTIONS,
                timeout=_CONNECT_SECONDS,
                command_timeout=_REPLY_SECONDS,
                init=_set_up_session,
                reset=_keep_session,
            )
            await pool
            async with pool.acquire() as connection:
                await ensure_table(connection, table, may_create=may_create and named_table is None)
        except (ValueError, asyncpg.ClientConfigurationError):
            # The client quotes what it cannot parse, which may be a piece of the password.
            raise Determinate(
                f"cannot open {place}: not a PostgreSQL URL; a password with /, @, : or % must be percent-encoded"
            ) from None
        except Exception as error:
            await _close(pool)
            raise translated(error, f"cannot open {place}") from error
        return cls(pool, table, place)

    async def close(self) -> None:
        """Close every connection."""
        await _close(self._pool)

    async def list_keys(self) -> AsyncIterator[str]:
        last: str | None = None
        while True:
            rows = await self._fetch("list the keys", self._sql.list_keys, last, _KEYS_AT_ONCE)
            for row in rows:
                last = row["shard"]
                yield row["shard"]
            if len(rows) < _KEYS_AT_ONCE:
                return

    async def head(self, key: str) -> VersionedData | None:
        check_key(key)
        rows = await self._fetch(f"read the head of {shown(key)}", self._sql.head, key)
        return _version(rows[0]) if rows else None

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        check_new_version(expected, new)
        check_key(key)
        if expected is not None and expected < 0:
            return CaSResult.EXPECTATION_MISMATCH  # not sent, since it would match a marker of upstream's
        doing = f"write {SeqNo(new.seqno)} of {shown(key)}"
        arguments = (key, int(new.seqno), bytes(new.data), None if expected is None else int(expected))
        [row] = await self._fetch(doing, self._sql.compare_and_set, *arguments)
        if row["isolation"] != _SERIALIZABLE:
            raise Determinate(f"cannot {doing} in {self.place}: {_not_serializable(row['isolation'])}")
        return CaSResult.COMMITTED if row["written"] else CaSResult.EXPECTATION_MISMATCH

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        check_key(key)
        if from_seqno > _MAX_SEQNO or limit <= 0:
            return []
        first, most = max(int(from_seqno), 0), min(int(limit), SCAN_ALL)
        return [_version(row) for row in await self._fetch(f"scan {shown(key)}", self._sql.scan, key, first, most)]

    async def truncate(self, key: str, seqno: int) -> int:
        check_key(key)
        if seqno > _MAX_SEQNO:
            raise truncate_too_high(seqno)
        bound = max(int(seqno), 0)
        [row] = await self._fetch(f"truncate {shown(key)} below {SeqNo(seqno)}", self._sql.truncate, key, bound)
        if row["head"] is None or row["head"] < bound:
            raise truncate_too_high(seqno)
        removed: int = row["removed"]
        return removed

    async def _fetch(self, doing: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                rows: list[asyncpg.Record] = await self._pool.fetch(statement, *arguments)
            except Exception as error:
                if sqlstate_of(error) not in RETRYABLE_STATES or attempt == _ATTEMPTS:
                    raise translated(error, f"cannot {doing} in {self.place}") from error
            else:
                return rows
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - it only spreads writers out
            pause *= 2
        raise AssertionError("the last attempt returns or raises")


async def _set_up_session(connection: asyncpg.Connection) -> None:
    """Make every transaction of a new connection SERIALIZABLE, and look that it is: a pooler may drop settings."""
    await connection.fetchrow(_SET_UP_SESSION)
    isolation = await connection.fetchval("SELECT current_setting('transaction_isolation')")
    if isolation != _SERIALIZABLE:
        raise Determinate(_not_serializable(isolation))


async def _keep_session(connection: asyncpg.Connection) -> None:
    """Leave a connection as it is when it goes back to the pool: asyncpg's own reset drops the isolation level."""


def _not_serializable(isolation: str) -> str:
    return (
        f"its transactions are {isolation.upper()} where SERIALIZABLE was asked for; "
        "a pooler between may drop the settings of a session"
    )


async def _close(pool: asyncpg.Pool | None) -> None:
    if pool is None:
        return
    try:
        await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)
    except Exception:  # noqa: BLE001 - what does not close in good order is cut
        pool.terminate()


def _split_off_table(url: str) -> tuple[str, str | None]:
    """The URL as the client takes it, and the table that it names.

    Everything else in the query stays as it is spelled: `?options=--search_path=…` would not survive being parsed
    and put together again by every client.
    """
    address, question_mark, query = url.partition("?")
    kept: list[str] = []
    table: str | None = None
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if name == "table":
            table = unquote(value)
        elif option:
            kept.append(option)
    return address + (question_mark + "&".join(kept) if kept else ""), table


def _version(row: asyncpg.Record) -> VersionedData:
    return VersionedData(SeqNo(row["sequence_number"]), row["data"])
