"""From a URL to an opened `Consensus`."""

from __future__ import annotations

import os
from urllib.parse import unquote

from procdash.store.bucket_locations import is_bucket_url, open_bucket_consensus
from procdash.store.consensus import Consensus
from procdash.store.errors import Determinate
from procdash.store.location import Location, parse_location
from procdash.store.wrappers import ReadOnly, Tasked


async def open_consensus(url: str, *, read_only: bool = False) -> Consensus:
    """Open a location as logs of versions.

    Args:
        url: `memory://NAME`; `sqlite:///file` (absolute, or relative with two slashes); a directory as a path or
            `file://`, created if it is missing; `postgresql://…`, see `PostgresConsensus.open`; or `s3://…`, see
            `open_bucket_consensus`.
        read_only: whether to refuse every write. Nothing is then created or tried out.

    Raises:
        Determinate: if the location is not understood, cannot hold a consensus, or refuses.
        Indeterminate: if it cannot be reached.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else "file"
    consensus: Consensus
    if scheme == "sqlite":
        from procdash.store.backends.sqlite_consensus import SqliteConsensus  # noqa: PLC0415 - only where it is used

        consensus = await SqliteConsensus.open(_sqlite_path(url), read_only=read_only)
    elif scheme in ("postgresql", "postgres"):
        consensus = await _open_postgres(url, read_only=read_only)
    elif is_bucket_url(url):
        consensus = await open_bucket_consensus(url, read_only=read_only)
    elif scheme in ("file", "memory"):
        consensus = await _open_plain_consensus(parse_location(url), read_only=read_only)
    else:
        raise Determinate(
            f"{scheme}:// cannot hold a consensus with this version of procdash; "
            "supported are a directory, file://, memory://, sqlite://, postgresql:// and s3://"
        )
    return ReadOnly(consensus) if read_only else Tasked(consensus)


async def _open_plain_consensus(location: Location, *, read_only: bool) -> Consensus:
    if location.scheme == "memory":
        from procdash.store.backends.memory_consensus import MemoryConsensus  # noqa: PLC0415 - only where it is used

        return MemoryConsensus.named(location.path)
    from procdash.store.backends.local_slots import LocalSlots  # noqa: PLC0415 - only where it is used
    from procdash.store.backends.slot_consensus import SlotConsensus  # noqa: PLC0415 - only where it is used

    slots = LocalSlots(_directory_path(location))
    return SlotConsensus(slots) if read_only else await SlotConsensus.open(slots)


def _directory_path(location: Location) -> str:
    if os.path.exists(location.path) and not os.path.isdir(location.path):  # noqa: PTH110, PTH112 - they never raise
        raise Determinate(f"not a directory: {location.path}; a SQLite file is opened as sqlite://{location.path}")
    return location.path


async def _open_postgres(url: str, *, read_only: bool) -> Consensus:
    try:
        from procdash.store.backends.postgres_consensus import PostgresConsensus  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise Determinate(
            f"postgresql:// needs the package {error.name}: pip install 'procdash[postgres]'"
        ) from error
    return await PostgresConsensus.open(url, may_create=not read_only)


def _sqlite_path(url: str) -> str:
    place, question_mark, _ = url.partition("://")[2].partition("?")
    if question_mark or "#" in place:
        raise Determinate("a sqlite:// location has no options; write '?' as %3F and '#' as %23")
    path = unquote(place)
    if path.strip("/") in ("", ":memory:"):
        raise Determinate("a sqlite:// location names a file, as in sqlite:///var/lib/consensus.db")
    # Others write an absolute path with one slash more; without it, `//` would be a root of its own.
    return f"/{path.lstrip('/')}" if path.startswith("/") else path
