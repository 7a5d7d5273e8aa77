"""The table of a `PostgresConsensus`: its name, the statements on it, and how it is found or created."""
# ruff: noqa: S608 - the only thing put into a statement is the table's quoted name

from __future__ import annotations

import re
from typing import Final, NamedTuple

import asyncpg

from procdash.store.backends.postgres_errors import CREATED_MEANWHILE, sqlstate_of
from procdash.store.errors import Determinate

OWN_TABLE: Final = "procdash_consensus"
"""The table where the user names none; never `consensus`, which is upstream's own."""

_LONGEST_NAME = 63
_IDENTIFIER = r'(?:"(?:[^"\0]|"")+"|[^".\0]+)'
_TABLE_NAME = re.compile(rf"(?:(?P<schema>{_IDENTIFIER})\.)?(?P<table>{_IDENTIFIER})")
_COLUMNS = (("shard", ("text", "varchar")), ("sequence_number", ("int8",)), ("data", ("bytea",)))


class Statements(NamedTuple):
    """Every statement that a consensus sends. Each is a transaction of its own.

    A sequence number below zero is a marker that newer versions of upstream keep; it is no version.
    """

    list_keys: str
    head: str
    scan: str
    compare_and_set: str
    truncate: str


def quoted_table(name: str) -> str:
    """A table's name as the user wrote it (`table`, `schema.table`, either in quotes), safe to put into SQL.

    Raises:
        Determinate: if it is no name of a table.
    """
    found = _TABLE_NAME.fullmatch(name)
    if found is None:
        raise Determinate(f"not a table's name: {name!r}; write table or schema.table")
    parts = [part for part in (found["schema"], found["table"]) if part is not None]
    return ".".join(map(_quoted, parts))


def statements_on(table: str) -> Statements:
    """The statements on a table.

    Args:
        table: its quoted name.
    """
    greatest = f"SELECT max(sequence_number) FROM {table} WHERE shard = $1"
    versions = f"SELECT sequence_number, data FROM {table} WHERE shard = $1 AND sequence_number >= 0"
    return Statements(
        list_keys=(
            f"SELECT DISTINCT shard FROM {table} WHERE sequence_number >= 0 AND ($1::text IS NULL OR shard > $1)"
            " ORDER BY shard LIMIT $2"
        ),
        head=f"{versions} ORDER BY sequence_number DESC LIMIT 1",
        scan=f"{versions} AND sequence_number >= $2 ORDER BY sequence_number LIMIT $3",
        # The guard includes the isolation level itself: without it, racing writers would all commit.
        compare_and_set=(
            "WITH inserted AS ("
            f"INSERT INTO {table} (shard, sequence_number, data) SELECT $1::text, $2::bigint, $3::bytea"
            " WHERE current_setting('transaction_isolation') = 'serializable'"
            f" AND ({greatest}) IS NOT DISTINCT FROM $4::bigint"
            " ON CONFLICT DO NOTHING RETURNING 1)"
            " SELECT current_setting('transaction_isolation') AS isolation,"
            " (SELECT count(*) FROM inserted) AS written"
        ),
        # Both parts see the table as it was before the statement, so that the head is never a stale one.
        truncate=(
            "WITH deleted AS ("
            f"DELETE FROM {table} WHERE shard = $1 AND sequence_number >= 0 AND sequence_number < $2"
            f" AND ({greatest}) >= $2 RETURNING 1)"
            f" SELECT (SELECT count(*) FROM deleted) AS removed, ({greatest}) AS head"
        ),
    )


async def ensure_table(connection: asyncpg.Connection, table: str, *, may_create: bool) -> None:
    """Look that the table is there and has the right columns.

    Args:
        connection: to the database.
        table: its quoted name.
        may_create: whether to create it where it is missing; never for a table that the user named.

    Raises:
        Determinate: if it is missing, or is another kind of table.
        asyncpg.PostgresError: if the server refuses to tell, or to create it.
    """
    try:
        await _check_columns(connection, table)
    except asyncpg.UndefinedTableError:
        if not may_create:
            raise Determinate(f"there is no table {table}; it is created with: {_definition(table)}") from None
    else:
        return
    try:
        await connection.execute(_definition(table))
    except asyncpg.PostgresError as error:
        if sqlstate_of(error) not in CREATED_MEANWHILE:
            raise
    await _check_columns(connection, table)


def _definition(table: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {table} (shard text NOT NULL, sequence_number bigint NOT NULL,"
        " data bytea NOT NULL, PRIMARY KEY (shard, sequence_number))"
    )


async def _check_columns(connection: asyncpg.Connection, table: str) -> None:
    try:
        prepared = await connection.prepare(f"SELECT shard, sequence_number, data FROM {table} WHERE false")
        await prepared.fetch()  # a statement that is prepared and never run keeps the table locked
    except asyncpg.UndefinedColumnError as error:
        raise Determinate(f"{table} is not a consensus table: {error}") from error
    for attribute, (name, types) in zip(prepared.get_attributes(), _COLUMNS, strict=True):
        if attribute.type.name not in types:
            raise Determinate(
                f"{table} is not a consensus table: its column {name} is {attribute.type.name}, not {types[0]}"
            )


def _quoted(identifier: str) -> str:
    bare = identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
    if len(bare.encode(errors="replace")) > _LONGEST_NAME:
        raise Determinate(f"not a table's name: {bare!r} is longer than {_LONGEST_NAME} bytes")
    return '"' + bare.replace('"', '""') + '"'
