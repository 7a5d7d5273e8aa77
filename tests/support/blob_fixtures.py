"""Fixtures that run a test over every kind of blob."""

from __future__ import annotations

import pytest

from support.blob_openers import BLOB_BACKENDS, BlobBackend, OpenPath


@pytest.fixture(params=BLOB_BACKENDS, ids=lambda backend: backend.name)
def blob_backend(request: pytest.FixtureRequest) -> BlobBackend:
    """The kind of blob that the test runs on."""
    chosen: BlobBackend = request.param
    return chosen


@pytest.fixture
def open_path(blob_backend: BlobBackend, request: pytest.FixtureRequest) -> OpenPath:
    """Opens a handle on the place that a name stands for, a new one at each call."""
    return blob_backend.prepare(request)
