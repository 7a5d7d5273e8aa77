"""What only a consensus in a bucket has: servers that ignore conditions, and what stands in the bucket."""

from __future__ import annotations

import pytest
from support.blobs import keys_of
from support.s3_access import let_in

from procdash.store import Determinate, SeqNo, VersionedData, open_blob, open_consensus

pytestmark = pytest.mark.suite("its own", backend="slots on S3")

V1 = VersionedData(SeqNo(1), b"one")


async def test_a_server_that_ignores_conditions_is_refused(request: pytest.FixtureRequest) -> None:
    url = let_in(request, "careless_s3_server").url("careless")
    with pytest.raises(Determinate, match="cannot hold a consensus: it overwrites"):
        await open_consensus(url)
    assert await keys_of(await open_blob(url)) == []


async def test_a_reader_tries_nothing_out(request: pytest.FixtureRequest) -> None:
    url = let_in(request, "careless_s3_server").url("read only")
    consensus = await open_consensus(url, read_only=True)
    assert await consensus.head("k") is None
    with pytest.raises(Determinate, match="read-only"):
        await consensus.compare_and_set("k", None, V1)


async def test_opening_leaves_nothing_behind(request: pytest.FixtureRequest) -> None:
    url = let_in(request, "s3_server").url("left behind")
    await open_consensus(url)
    assert await keys_of(await open_blob(url)) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://", "names a bucket"),
        ("s3:///prefix", "names a bucket"),
        ("s3://[secret", "names a bucket of letters"),
        ("s3://me:secret/with-a-slash@bucket", "names a bucket of letters"),
        ("s3://bucket/a//b", "relative path"),
        ("s3://bucket/../b", "relative path"),
        ("s3://bucket?colour=red", "unknown location option 'colour'"),
        ("s3://bucket?endpoint=localhost:9000", "an http:// or https:// URL"),
        ("s3://bucket?endpoint=http://me:secret@localhost", "an http:// or https:// URL"),
    ],
)
async def test_locations_that_are_not_understood(url: str, words: str) -> None:
    for opening in (open_blob, open_consensus):
        with pytest.raises(Determinate, match=words) as caught:
            await opening(url)
        assert "secret" not in str(caught.value)


async def test_a_bucket_that_refuses(request: pytest.FixtureRequest) -> None:
    server = let_in(request, "s3_server")
    with pytest.raises(Determinate, match="NoSuchBucket"):
        await open_blob(server.url().replace("s3://procdash", "s3://another-bucket"))
    for credentials, words in (("procdash:wrong", "SignatureDoesNotMatch"), ("me:wrong", "InvalidAccessKeyId")):
        with pytest.raises(Determinate, match=words) as caught:
            await open_blob(server.url().replace("s3://", f"s3://{credentials}@"))
        assert "wrong" not in str(caught.value)
