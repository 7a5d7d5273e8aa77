"""The consensus backends that the suites run over, and small ways to write and read versions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from procdash.store import CaSResult, Consensus, SeqNo, VersionedData
from support.s3_access import let_in
from support.services import PostgresServer

COMMITTED = CaSResult.COMMITTED
MISMATCH = CaSResult.EXPECTATION_MISMATCH

ConsensusOpener = Callable[[], Awaitable[Consensus]]


@dataclass(frozen=True)
class ConsensusBackend:
    """One backend of the suites."""

    name: str
    fresh_url: Callable[[pytest.FixtureRequest], str]
    """Makes the URL of an empty place, another one at each call; may ask for a service's fixture."""
    shared_by_processes: bool = True
    """Whether another process that opens the URL sees the same versions."""
    race_lanes: int = 1
    """How many logs are raced for at the same time; the rounds are shared out among them."""
    examples: int = 25
    """How many random runs a test makes."""


def _directory(request: pytest.FixtureRequest) -> Path:
    directory: Path = request.getfixturevalue("tmp_path")
    return directory


def _postgres_schema(request: pytest.FixtureRequest) -> str:
    """A schema of its own in the database that all tests share."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    schema = f"s{uuid4().hex}"
    server.run_sql(f"CREATE SCHEMA {schema}")
    return server.url(options=f"--search_path={schema}")


def _s3(request: pytest.FixtureRequest) -> str:
    return let_in(request, "s3_server").url(f"consensus/{uuid4()}")


CONSENSUS_BACKENDS = [
    ConsensusBackend("memory", lambda _: f"memory://{uuid4()}", shared_by_processes=False),
    ConsensusBackend("sqlite", lambda request: f"sqlite://{_directory(request)}/{uuid4()}.db"),
    ConsensusBackend("slots", lambda request: f"{_directory(request)}/{uuid4()}"),
    ConsensusBackend("PostgreSQL", _postgres_schema),
    # The test server lets racing conditional puts wait for a second and more, so rounds run side by side.
    ConsensusBackend("slots on S3", _s3, race_lanes=25, examples=4),
]
"""Every backend; one more entry runs every suite over one more."""


def version(seqno: int, data: bytes = b"") -> VersionedData:
    return VersionedData(SeqNo(seqno), data)


async def fill_log(consensus: Consensus, key: str, *seqnos: int) -> None:
    """Append versions whose data are their numbers."""
    expected = None
    for seqno in seqnos:
        assert await consensus.compare_and_set(key, expected, version(seqno, b"%d" % seqno)) is COMMITTED
        expected = seqno


async def seqnos_of(consensus: Consensus, key: str) -> list[int]:
    return [int(found.seqno) for found in await consensus.scan(key, 0)]


async def all_keys(consensus: Consensus) -> list[str]:
    return sorted([key async for key in consensus.list_keys()])
