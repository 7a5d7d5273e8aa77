"""Opening what is neither a directory nor memory: `s3://` and `fsspec+PROTOCOL://`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from procdash.store.blob import Blob
from procdash.store.consensus import Consensus
from procdash.store.errors import Determinate
from procdash.store.wrappers import Tasked

if TYPE_CHECKING:  # it loads an optional package
    from procdash.store.backends.object_store_blob import ObjectStoreBlob

_BUCKET_URL = re.compile(r"(?P<scheme>s3|fsspec\+(?P<protocol>[a-z0-9]+))://(?P<place>[^?]*)(?:\?(?P<query>.*))?")
_FSSPEC_OPTIONS = {"endpoint": "endpoint_url", "key": "key", "secret": "secret", "anon": "anon"}


def is_bucket_url(url: str) -> bool:
    """Whether `open_bucket` opens this."""
    return _BUCKET_URL.fullmatch(url) is not None


async def open_bucket(url: str) -> Blob:
    """Open a bucket, or a file system that fsspec knows.

    Args:
        url: `s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME]`, through obstore; or `fsspec+memory://PATH` and
            `fsspec+s3://BUCKET[/PREFIX][?endpoint=URL]`, through fsspec.

    Raises:
        Determinate: if the URL, the credentials or the bucket are refused, or a package is missing.
        Indeterminate: if the server cannot be reached.
    """
    found = _BUCKET_URL.fullmatch(url)
    if found is None:
        raise Determinate("not a bucket: give s3://BUCKET/PREFIX")
    if found["scheme"] == "s3":
        return Tasked(await _open_s3(found["place"], found["query"] or ""))
    from procdash.store.backends.fsspec_blob import FsspecBlob  # noqa: PLC0415 - loads fsspec

    options = _fsspec_options(found["query"] or "")
    return Tasked(await FsspecBlob.open(found["protocol"], unquote(found["place"]), **options))


async def open_bucket_consensus(url: str, *, read_only: bool = False) -> Consensus:
    """Open a bucket as logs of versions, made of slots that are created once.

    Args:
        url: `s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME]`.
        read_only: whether to leave it untried; it then must not be written to.

    Raises:
        Determinate: as `open_bucket` does, and if the server ignores the conditions on a write.
        Indeterminate: if the server cannot be reached.
    """
    found = _BUCKET_URL.fullmatch(url)
    if found is None or found["scheme"] != "s3":
        raise Determinate("only s3:// buckets can hold a consensus: fsspec creates no value in one step")
    from procdash.store.backends.slot_consensus import SlotConsensus  # noqa: PLC0415 - only where it is used

    blob = await _open_s3(found["place"], found["query"] or "")
    from procdash.store.backends.bucket_slots import BucketSlots  # noqa: PLC0415 - it needs what a blob needs

    slots = BucketSlots(blob)
    return SlotConsensus(slots) if read_only else await SlotConsensus.open(slots)


async def _open_s3(place: str, query: str) -> ObjectStoreBlob:
    try:
        from procdash.store.backends.object_store_blob import ObjectStoreBlob  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise Determinate(f"s3:// needs the package {error.name}: pip install 'procdash[s3]'") from error
    return await ObjectStoreBlob.open_s3(place, query)


def _fsspec_options(query: str) -> dict[str, Any]:
    options = {}
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        if name not in _FSSPEC_OPTIONS:
            known = ", ".join(_FSSPEC_OPTIONS)
            raise Determinate(f"unknown location option {name!r} in a fsspec+… location; known: {known}")
        options[_FSSPEC_OPTIONS[name]] = unquote(value)
    return options
