"""What the tests of a PostgreSQL consensus do with the database behind its back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from procdash.store.backends.postgres_consensus import PostgresConsensus
from procdash.store.consensus import SeqNo, VersionedData
from support.services import PASSWORD, PostgresServer

Open = Callable[[str], Awaitable[PostgresConsensus]]

V1 = VersionedData(SeqNo(1), b"one")
V2 = VersionedData(SeqNo(2), b"two")


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def make_reader(given: PostgresServer, database: str, role: str) -> None:
    """Create a role that may log in and, so far, nothing else."""
    await run(given.url(database=database), f"CREATE ROLE {role}_{database} LOGIN PASSWORD '{PASSWORD}'")
