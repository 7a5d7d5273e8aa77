"""What holds for every test: a clean environment and deterministic property tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")

_CLEARED = ("NO_COLOR", "COLUMNS", "COLORTERM")
_CLEARED_PREFIXES = ("TEXTUAL_", "PROCDASH_")
_KEPT = "TEXTUAL_SNAPSHOT_TEMPDIR"
"""Where the snapshot plugin keeps its reports."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in _CLEARED or (name.startswith(_CLEARED_PREFIXES) and name != _KEPT):
            monkeypatch.delenv(name)
