"""Which table a PostgreSQL consensus uses, and what it makes of what stands in it."""

from __future__ import annotations

import asyncio

import pytest
from support.postgres_tables import V1, Open, rows, run
from support.services import PostgresServer

from procdash.store import CaSResult, Determinate
from procdash.store.backends.postgres_consensus import PostgresConsensus
from procdash.store.backends.postgres_table import quoted_table

pytestmark = pytest.mark.suite("its own", backend="PostgreSQL")


async def test_its_own_table_is_created_once(postgres_url: str, open_postgres: Open) -> None:
    opened = await asyncio.gather(*(open_postgres(postgres_url) for _ in range(8)))
    assert await opened[0].compare_and_set("k", None, V1) is CaSResult.COMMITTED
    assert [await each.head("k") for each in opened] == [V1] * 8
    names = await rows(postgres_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert names == [("procdash_consensus",)]


@pytest.mark.parametrize(
    "table", ["named", "Named Table", '"it""s"', "far.away", '"dotted.schema".t', "droptable;--"]
)
async def test_a_named_table_is_used_as_it_is(
    postgres_server: PostgresServer, postgres_database: str, open_postgres: Open, table: str
) -> None:
    url = postgres_server.url(database=postgres_database)
    named = postgres_server.url(database=postgres_database, table=table)
    with pytest.raises(Determinate, match="there is no table"):
        await PostgresConsensus.open(named)
    quoted = quoted_table(table)
    if "." in quoted.rpartition('"."')[1]:
        await run(url, f"CREATE SCHEMA {quoted.rpartition('.')[0]}")
    await run(url, f"CREATE TABLE {quoted} (shard text, sequence_number bigint, data bytea)")
    consensus = await open_postgres(named)
    assert await consensus.compare_and_set("k", None, V1) is CaSResult.COMMITTED
    assert await rows(url, f"TABLE {quoted}") == [("k", 1, b"one")]


@pytest.mark.parametrize("table", ["", "a.b.c", '"', "a.", "x" * 64, "a\0b"])
async def test_what_is_no_table_name(postgres_server: PostgresServer, table: str) -> None:
    with pytest.raises(Determinate, match="not a table's name"):
        await PostgresConsensus.open(postgres_server.url(table=table))


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("(k text)", 'column "shard" does not exist'),
        ("(shard text, sequence_number text, data bytea)", "sequence_number is text, not int8"),
        ("(shard text, sequence_number bigint, data text)", "data is text, not bytea"),
    ],
)
async def test_another_kind_of_table_is_refused(
    postgres_server: PostgresServer, postgres_database: str, definition: str, reason: str
) -> None:
    await run(postgres_server.url(database=postgres_database), f"CREATE TABLE other {definition}")
    with pytest.raises(Determinate, match=reason):
        await PostgresConsensus.open(postgres_server.url(database=postgres_database, table="other"))


async def test_the_search_path_of_the_url_counts(
    postgres_server: PostgresServer, postgres_database: str, open_postgres: Open
) -> None:
    url = postgres_server.url(database=postgres_database)
    await run(url, "CREATE SCHEMA mine")
    as_documented_upstream = f"{url}&options=--search_path=mine"
    consensus = await open_postgres(as_documented_upstream)
    await consensus.compare_and_set("k", None, V1)
    assert await rows(url, "SELECT shard FROM mine.procdash_consensus") == [("k",)]


async def test_markers_of_newer_upstreams_stay(
    postgres_server: PostgresServer, postgres_database: str, open_postgres: Open
) -> None:
    url = postgres_server.url(database=postgres_database)
    await run(
        url,
        "CREATE TABLE consensus (shard text, sequence_number bigint, data bytea)",
        "INSERT INTO consensus SELECT 'k', number, '' FROM generate_series(-1, 3) AS number",
        "INSERT INTO consensus VALUES ('only a marker', -1, '')",
    )
    consensus = await open_postgres(postgres_server.url(database=postgres_database, table="consensus"))
    assert [key async for key in consensus.list_keys()] == ["k"]
    assert await consensus.truncate("k", 2) == 2
    left = "SELECT sequence_number FROM consensus WHERE shard = 'k' ORDER BY 1"
    assert await rows(url, left) == [(-1,), (2,), (3,)]
    assert [version.seqno for version in await consensus.scan("k", -5)] == [2, 3]
    assert await consensus.head("only a marker") is None
    assert await consensus.compare_and_set("only a marker", -1, V1) is CaSResult.EXPECTATION_MISMATCH


async def test_every_key_is_listed_once(postgres_url: str, open_postgres: Open) -> None:
    consensus = await open_postgres(postgres_url)
    insert = "INSERT INTO procdash_consensus SELECT 'k' || (n / 2), n, '' FROM generate_series(0, 4999) AS n"
    await run(postgres_url, insert)
    keys = [key async for key in consensus.list_keys()]
    assert len(keys) == len(set(keys)) == 2_500


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800", "".join(chr(0x4E00 + n % 20_000) for n in range(350_000))])
async def test_keys_that_no_table_can_hold(postgres_url: str, open_postgres: Open, key: str) -> None:
    consensus = await open_postgres(postgres_url)
    with pytest.raises(Determinate) as caught:
        await consensus.compare_and_set(key, None, V1)
    assert len(str(caught.value)) < 600
    assert await rows(postgres_url, "TABLE procdash_consensus") == []
