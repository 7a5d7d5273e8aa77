"""A fresh blob of each kind that procedures are stored in."""

from __future__ import annotations

from pathlib import Path

import pytest

from procdash.store import Blob
from support.blobs import BACKENDS, Backend, make_blob


@pytest.fixture(params=BACKENDS)
def blob(request: pytest.FixtureRequest, tmp_path: Path) -> Blob:
    """An empty blob: in memory, and in a directory."""
    backend: Backend = request.param
    return make_blob(backend, tmp_path)
