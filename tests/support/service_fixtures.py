"""Fixtures of the real services: one of each per test process, started when a test asks for it.

A service that is not installed skips the tests that ask for it. `REQUIRE_SERVICES=all`, or a comma list such as
`REQUIRE_SERVICES=s3,postgres`, makes that a failure instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest

from support.services import (
    PostgresServer,
    S3Server,
    Unavailable,
    careless_s3,
    postgres,
    seaweedfs,
)

_Service = TypeVar("_Service")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that honours conditional writes."""
    yield from _served("s3", lambda: seaweedfs(tmp_path_factory.mktemp("s3")))


@pytest.fixture(scope="session")
def careless_s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that ignores the conditions on a write."""
    yield from _served("careless_s3", lambda: careless_s3(tmp_path_factory.mktemp("careless_s3")))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    yield from _served("postgres", postgres)


def is_required(service: str) -> bool:
    """Whether `REQUIRE_SERVICES` asks for `service`."""
    asked = {name.strip() for name in os.environ.get("REQUIRE_SERVICES", "").split(",")}
    return "all" in asked or service in asked


def _served(service: str, start: Callable[[], AbstractContextManager[_Service]]) -> Iterator[_Service]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(start())
        except Exception as error:
            if is_required(service):
                raise
            reason = str(error) if isinstance(error, Unavailable) else f"did not start: {error}"
            pytest.skip(f"{service}: {reason}")
        yield server
