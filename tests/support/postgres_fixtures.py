"""Fixtures of a PostgreSQL database of its own for a test, and of consensuses that are closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest

from procdash.store.backends.postgres_consensus import PostgresConsensus
from support.postgres_tables import Open
from support.services import PostgresServer


@pytest.fixture
async def postgres_database(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a new database."""
    name = f"d{uuid4().hex}"
    connection = await asyncpg.connect(postgres_server.url())
    await connection.execute(f"CREATE DATABASE {name}")
    yield name
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer, postgres_database: str) -> str:
    """Its URL."""
    return postgres_server.url(database=postgres_database)


@pytest.fixture
async def open_postgres() -> AsyncIterator[Open]:
    """Opens a consensus and closes it after the test."""
    async with AsyncExitStack() as stack:

        async def opened(url: str) -> PostgresConsensus:
            consensus = await PostgresConsensus.open(url)
            stack.push_async_callback(consensus.close)
            return consensus

        yield opened
