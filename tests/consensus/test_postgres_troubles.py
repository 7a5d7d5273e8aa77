"""What a PostgreSQL consensus says of servers that refuse, lose replies or go away, and of transactions."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from support.postgres_tables import V1, V2, Open, make_reader, rows, run
from support.relay import Relay
from support.services import PostgresServer, postgres

from procdash.store import CaSResult, Determinate, ExternalError, Indeterminate, was_committed
from procdash.store.backends.postgres_consensus import PostgresConsensus
from procdash.store.backends.postgres_errors import without_secrets

pytestmark = pytest.mark.suite("its own", backend="PostgreSQL")

SECRET = "sesame"  # noqa: S105 - a part of the test database's password


async def no_password(given: PostgresServer, database: str) -> str:
    return given.url(database=database, password="wrong" + SECRET)


async def no_database(given: PostgresServer, database: str) -> str:
    return given.url(database=f"not_{database}")


async def no_server(given: PostgresServer, database: str) -> str:
    return given.url(database=database, host=Path("/nowhere"))


async def no_table_rights(given: PostgresServer, database: str) -> str:
    await make_reader(given, database, "nobody")
    return given.url(database=database, user=f"nobody_{database}")


async def bad_escapes(given: PostgresServer, database: str) -> str:
    return given.url(database=database).replace("%2F", "/").replace("%40", "@")


async def bad_port(given: PostgresServer, database: str) -> str:
    return f"postgresql://me:{SECRET}@localhost:port/{database}?host={given.directory}"


async def bad_option(given: PostgresServer, database: str) -> str:
    return given.url(database=database, password_is=SECRET)


@pytest.mark.parametrize(
    ("prepare", "kind", "words"),
    [
        (no_password, Determinate, "password authentication failed for user"),
        (no_database, Determinate, 'database "not_.*" does not exist'),
        (no_server, Indeterminate, "No such file or directory"),
        (no_table_rights, Determinate, "permission denied for schema public"),
        (bad_escapes, ExternalError, "cannot open postgresql://postgres@/"),
        (bad_port, Determinate, "not a PostgreSQL URL"),
        (bad_option, Determinate, "unrecognized configuration parameter"),
    ],
)
async def test_what_cannot_be_opened(
    postgres_server: PostgresServer,
    postgres_database: str,
    prepare: Callable[[PostgresServer, str], Awaitable[str]],
    kind: type[ExternalError],
    words: str,
) -> None:
    url = await prepare(postgres_server, postgres_database)
    with pytest.raises(kind, match=words) as caught:
        await PostgresConsensus.open(url)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    role = re.search(r"nobody_\w+", url)
    if role:
        await run(postgres_server.url(), f"DROP ROLE {role[0]}")


async def test_a_reader_may_read_and_is_told_that_it_may_not_write(
    postgres_server: PostgresServer, postgres_database: str, open_postgres: Open
) -> None:
    url = postgres_server.url(database=postgres_database)
    await (await open_postgres(url)).compare_and_set("k", None, V1)
    await make_reader(postgres_server, postgres_database, "reader")
    role = f"reader_{postgres_database}"
    await run(url, f"GRANT SELECT ON procdash_consensus TO {role}")
    consensus = await PostgresConsensus.open(postgres_server.url(database=postgres_database, user=role))
    assert await consensus.head("k") == V1
    with pytest.raises(Determinate, match="permission denied for table procdash_consensus"):
        await consensus.compare_and_set("k", 1, V2)
    await consensus.close()
    await run(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


async def test_without_serializable_nothing_is_written(postgres_url: str, open_postgres: Open) -> None:
    consensus = await open_postgres(postgres_url)
    async with consensus._pool.acquire() as connection:
        await connection.execute("SET default_transaction_isolation = 'read committed'")
    with pytest.raises(Determinate, match="READ COMMITTED where SERIALIZABLE was asked for"):
        await consensus.compare_and_set("k", None, V1)
    assert await rows(postgres_url, "TABLE procdash_consensus") == []


async def test_every_connection_is_serializable_and_has_a_timeout(postgres_url: str, open_postgres: Open) -> None:
    consensus = await open_postgres(postgres_url)
    await asyncio.gather(*(consensus.head("k") for _ in range(16)))
    levels = [
        await consensus._pool.fetchrow(
            "SELECT current_setting('transaction_isolation'), current_setting($1)", name
        )
        for name in ["statement_timeout"] * 8
    ]
    assert {tuple(level) for level in levels} == {("serializable", "30s")}


async def test_a_lost_reply_is_indeterminate_and_can_be_looked_up(
    postgres_server: PostgresServer,
    postgres_database: str,
    open_postgres: Open,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    name = ".s.PGSQL.5432"
    directory = tmp_path_factory.mktemp("r")
    async with Relay(directory / name, postgres_server.directory / name) as relay:
        consensus = await open_postgres(postgres_server.url(database=postgres_database, host=directory))
        assert await consensus.compare_and_set("k", None, V1) is CaSResult.COMMITTED
        relay.lose_reply_with = b"SELECT 1\0"
        with pytest.raises(Indeterminate):
            await consensus.compare_and_set("k", 1, V2)
        assert relay.lost.is_set()
        assert await was_committed(consensus, "k", V2)
        assert await consensus.compare_and_set("k", 1, V2) is CaSResult.EXPECTATION_MISMATCH
        await consensus.close()


async def test_a_reply_that_never_comes_is_a_timeout(
    postgres_server: PostgresServer,
    postgres_database: str,
    open_postgres: Open,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("procdash.store.backends.postgres_consensus._REPLY_SECONDS", 0.3)
    name = ".s.PGSQL.5432"
    directory = tmp_path_factory.mktemp("r")
    async with Relay(directory / name, postgres_server.directory / name) as relay:
        consensus = await open_postgres(postgres_server.url(database=postgres_database, host=directory))
        await consensus.head("k")
        relay.keep_reply_with = b"SELECT 1\0"
        with pytest.raises(Indeterminate, match="timeout") as caught:
            await consensus.compare_and_set("k", None, V1)
        assert caught.value.is_timeout
        assert await was_committed(consensus, "k", V1)
        await consensus.close()


async def test_a_statement_that_takes_too_long_is_a_timeout(postgres_url: str, open_postgres: Open) -> None:
    await (await open_postgres(postgres_url)).compare_and_set("k", None, V1)
    hurried = await open_postgres(f"{postgres_url}&statement_timeout=100")
    holder = await asyncpg.connect(postgres_url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE procdash_consensus")
        with pytest.raises(Indeterminate, match="timeout") as caught:
            await hurried.compare_and_set("k", 1, V2)
    await holder.close()
    assert caught.value.is_timeout
    assert await hurried.head("k") == V1


async def test_it_recovers_from_a_server_that_went_away() -> None:
    with postgres() as server:
        consensus = await PostgresConsensus.open(server.url())
        await consensus.compare_and_set("k", None, V1)
        await run(
            server.url(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        with suppress(Indeterminate):  # the pool may not have noticed yet
            await consensus.head("k")
        assert await consensus.head("k") == V1
        server.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(server.process.wait)
        with pytest.raises(Indeterminate):
            await consensus.compare_and_set("k", 1, V2)
        await consensus.close()


def test_a_place_in_words_holds_no_secret() -> None:
    assert without_secrets("postgresql://me:s%40t@host:5/db?password=s&host=/run") == (
        "postgresql://me@host:5/db?host=/run"
    )
    assert without_secrets("postgresql://me:a/b@c@host/db") == "postgresql://me@host/db"
    assert without_secrets("postgresql:///db") == "postgresql:///db"
