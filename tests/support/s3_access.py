"""How a test gets at an S3 server."""

from __future__ import annotations

import pytest

from support.services import S3Server


def let_in(request: pytest.FixtureRequest, service: str) -> S3Server:
    """The S3 server of a fixture, with its credentials in the environment for the length of a test."""
    server: S3Server = request.getfixturevalue(service)
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server
