"""Every kind of `Blob` that the suites of tests/blob run on, and how a test opens one."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from procdash.store import Blob, open_blob
from procdash.store.backends.local import LocalBlob
from support.s3_access import let_in

OpenPath = Callable[[str], Awaitable[Blob]]
"""Opens a new handle on the place that a name stands for."""


class BlobBackend(NamedTuple):
    """One kind of `Blob`."""

    name: str
    prepare: Callable[[pytest.FixtureRequest], OpenPath]
    """Gives a test places of its own; starts the service that they need."""
    restores: bool = False
    """Whether a deleted value can be brought back."""
    takes_any_key: bool = False
    """Whether a key may be anything but empty; else it is a relative path."""
    creates_once: bool = True
    """Whether of several that write only where nothing is, exactly one does."""


def _memory(request: pytest.FixtureRequest) -> OpenPath:
    del request
    own = uuid4().hex
    return lambda name: open_blob(f"memory://{own}/{name}")


def _memory_tombstone(request: pytest.FixtureRequest) -> OpenPath:
    del request
    own = uuid4().hex
    return lambda name: open_blob(f"memory://{own}/{name}?tombstone")


def _local(request: pytest.FixtureRequest) -> OpenPath:
    directory: Path = request.getfixturevalue("tmp_path")
    return lambda name: open_blob((directory / name).as_uri())


def _local_unsynced(request: pytest.FixtureRequest) -> OpenPath:
    directory: Path = request.getfixturevalue("tmp_path")

    async def opened(name: str) -> Blob:
        return LocalBlob(directory / name, sync=False)

    return opened


def _local_tombstone(request: pytest.FixtureRequest) -> OpenPath:
    directory: Path = request.getfixturevalue("tmp_path")
    return lambda name: open_blob(f"{(directory / name).as_uri()}?tombstone")


def _fsspec_memory(request: pytest.FixtureRequest) -> OpenPath:
    del request
    own = uuid4().hex
    return lambda name: open_blob(f"fsspec+memory://{own}/{name}")


def _s3(request: pytest.FixtureRequest) -> OpenPath:
    server = let_in(request, "s3_server")
    own = uuid4().hex
    return lambda name: open_blob(server.url(f"{own}/{name}"))


def _fsspec_s3(request: pytest.FixtureRequest) -> OpenPath:
    bucket, endpoint = _fsspec_bucket(request)
    own = uuid4().hex
    return lambda name: open_blob(f"fsspec+s3://{bucket}/{own}/{name}?endpoint={endpoint}")


def _versioned_s3(request: pytest.FixtureRequest) -> OpenPath:
    _, endpoint = _fsspec_bucket(request)
    import s3fs  # noqa: PLC0415 - an optional package

    bucket = f"versions-{uuid4().hex}"
    administrator = s3fs.S3FileSystem(endpoint_url=endpoint, skip_instance_cache=True)
    administrator.call_s3("create_bucket", Bucket=bucket)
    status = {"Status": "Enabled"}
    administrator.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration=status)
    return lambda name: open_blob(f"fsspec+s3://{bucket}/{name}?endpoint={endpoint}")


def _fsspec_bucket(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A bucket and its server's URL."""
    if importlib.util.find_spec("s3fs") is None:
        pytest.skip("s3fs not found: pip install s3fs")
    server = let_in(request, "s3_server")
    return server.bucket, server.endpoint_url


BLOB_BACKENDS = (
    BlobBackend("memory", _memory, takes_any_key=True),
    BlobBackend("memory ?tombstone", _memory_tombstone, restores=True, takes_any_key=True),
    BlobBackend("directory", _local),
    BlobBackend("directory, unsynced", _local_unsynced),
    BlobBackend("directory ?tombstone", _local_tombstone, restores=True),
    BlobBackend("fsspec memory", _fsspec_memory, creates_once=False),
    BlobBackend("S3", _s3),
    BlobBackend("S3 through fsspec", _fsspec_s3, creates_once=False),
    BlobBackend("S3 with versions", _versioned_s3, restores=True, creates_once=False),
)
