"""What holds for every test: a clean environment, deterministic property tests, and the real services."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from support.conformance_table import ConformanceTable

pytest_plugins = [
    "support.blob_fixtures",
    "support.consensus_fixtures",
    "support.journals",
    "support.postgres_fixtures",
    "support.service_fixtures",
    "support.store_fixtures",
]

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")

_CLEARED = ("NO_COLOR", "COLUMNS", "COLORTERM")
_CLEARED_PREFIXES = ("TEXTUAL_", "PROCDASH_")
_KEPT = "TEXTUAL_SNAPSHOT_TEMPDIR"
"""Where the snapshot plugin keeps its reports."""
_HOMES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")


def pytest_configure(config: pytest.Config) -> None:
    """Print the table of backends and suites at the end."""
    config.pluginmanager.register(ConformanceTable(), "conformance_table")


@pytest.fixture(scope="session")
def _fresh_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directories that nobody has used; whoever writes to one makes it."""
    return map(tmp_path_factory.mktemp("homes").joinpath, map(str, count()))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _fresh_homes: Iterator[Path]) -> None:
    """Keep the developer's own variables and files out of a test, and out of the processes that it starts."""
    home = next(_fresh_homes)
    for name in _HOMES:
        monkeypatch.setenv(name, str(home / name))
    for name in list(os.environ):
        if name in _CLEARED or (name.startswith(_CLEARED_PREFIXES) and name != _KEPT):
            monkeypatch.delenv(name)
