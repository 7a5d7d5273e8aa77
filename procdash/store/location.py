"""From what a user gives (a path or a URL) to an opened store."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from procdash.store.backends.files import TEMPORARY_SUFFIX
from procdash.store.backends.memory import MemoryBlob
from procdash.store.blob import Blob
from procdash.store.bucket_locations import is_bucket_url, open_bucket
from procdash.store.errors import Determinate, external_error
from procdash.store.keys import PROCEDURE_DIRECTORY, parse_procedure_id
from procdash.store.procedure_store import ProcedureStore
from procdash.store.reader import BlobProcedureReader, ProcedureReader
from procdash.store.state_store import StateStore
from procdash.store.tombstones import Tombstones, split_off_tombstone
from procdash.store.wrappers import ReadOnly, Tasked

_DIRECTORY_NAME = PROCEDURE_DIRECTORY.rstrip("/")
URL_FORM = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://")
"""How a URL begins; what does not match is a path."""
_HARMLESS_OPTION = re.compile(r"(?:endpoint|region|anon|table|prefix|layout|tombstone)\b")
_DELETED_NAME = f".deleted{TEMPORARY_SUFFIX}"
"""Ends as the name of a temporary file does, which listings leave out."""


class Location(NamedTuple):
    """What a user's path or URL names."""

    scheme: str
    """`file` or `memory`."""
    path: str
    """An absolute path, or a memory store's name."""


def parse_location(text: str) -> Location:
    """Understand a path, `file://` or `memory://NAME`.

    Raises:
        Determinate: if it is neither, or asks for an option that does not exist.
    """
    if not text:
        raise Determinate("a location must not be empty: give a directory, or a URL such as file:///var/lib/db")
    url = URL_FORM.match(text)
    if url is None:
        return Location("file", _absolute(os.path.expanduser(text)))  # noqa: PTH111 - bytes that are no text stay
    scheme = url["scheme"].lower()
    if scheme not in ("file", "memory"):
        raise Determinate(_unsupported(scheme))
    if "#" in text:
        raise Determinate(f"write '#' as %23 in a {scheme}:// location")
    place, _, query = text[url.end() :].partition("?")
    if query:
        raise Determinate(f"unknown location option {query.partition('=')[0]!r} in a {scheme}:// location")
    if scheme == "memory":
        return Location("memory", unquote(place))
    host, _, path = place.partition("/")
    if host not in ("", "localhost"):
        host = host.rpartition("@")[2]  # what comes before may hold a password
        raise Determinate(f"a file:// location names no host; for an absolute path write file:///{host}…")
    return Location("file", _absolute(os.fsdecode(unquote_to_bytes(os.fsencode(f"/{path}")))))


def without_secrets(url: str) -> str:
    """A path or URL without a password or the value of an option that may be one: to be shown and kept."""
    found = URL_FORM.match(url)
    if found is None:
        return url
    place, mark, query = url[found.end() :].partition("?")
    host, slash, path = place.partition("/")
    user, at, address = host.rpartition("@")
    host = f"{user.partition(':')[0]}{at}{address}"
    options = [
        option if _HARMLESS_OPTION.match(option) else f"{option.partition('=')[0]}=…"
        for option in query.split("&")
    ]
    return f"{found.group()}{host}{slash}{path}{mark}{'&'.join(options) if query else ''}"


async def open_blob(url: str) -> Blob:
    """Open the key-value view of a location; a directory need not exist yet.

    Args:
        url: a path, `file://` or `memory://`, where `?tombstone` keeps deleted values for `Blob.restore`; or what
            `open_bucket` opens.

    Raises:
        Determinate: if the location is not understood, or refuses.
        Indeterminate: if it cannot be reached.
    """
    if is_bucket_url(url):
        return await open_bucket(url)
    url, keeps_deleted = split_off_tombstone(url)
    location = parse_location(url)
    blob = _open_blob(location)
    return Tasked(Tombstones(blob, _open_blob(_place_of_deleted(location)))) if keeps_deleted else blob


async def open_procedure_store(url: str, *, read_only: bool = False) -> ProcedureStore:
    """Open the procedure store at a location.

    Args:
        url: for a directory: the one that holds `procedure/`, that directory itself, or a data home.
        read_only: whether to refuse every write.

    Raises:
        Determinate: if the location is not understood, or there is no procedure store.
    """
    location = parse_location(url)
    if location.scheme == "file":
        location = location._replace(path=str(find_procedure_root(Path(location.path))))
    blob = _open_blob(location)
    return ProcedureStore(StateStore(ReadOnly(blob) if read_only else blob))


def open_procedure_reader(url: str) -> ProcedureReader:
    """Open a location for looking only: what the dashboard and the read commands use.

    Raises:
        Determinate: as `open_procedure_store` does.
    """
    location = parse_location(url)
    if location.scheme == "memory":
        return BlobProcedureReader(MemoryBlob.named(location.path), url)
    from procdash.store.backends.local_reader import LocalProcedureReader  # noqa: PLC0415 - only for directories

    return LocalProcedureReader(find_procedure_root(Path(location.path)))


def find_procedure_root(path: Path) -> Path:
    """The directory that holds `procedure/`, for what the user gave.

    Accepted: that directory, `procedure/` itself, a data home (`data/procedure`), and the historic
    `cluster/dn-<n>/procedure` of one node.

    Raises:
        Determinate: if there is no procedure store; the text says what was looked for.
    """
    try:
        if not path.exists():
            raise Determinate(f"no such directory: {path}")
        if not path.is_dir():
            raise Determinate(f"not a directory: {path}")
        if (path / _DIRECTORY_NAME).is_dir():
            return path
        if path.name == _DIRECTORY_NAME:
            return path.parent
        if (path / "data" / _DIRECTORY_NAME).is_dir():
            return path / "data"
        nodes = sorted(found.parent for found in path.glob(f"cluster/dn-*/{_DIRECTORY_NAME}") if found.is_dir())
        if len(nodes) == 1:
            return nodes[0]
        if nodes:
            choices = ", ".join(str(node) for node in nodes)
            raise Determinate(f"{path} holds the procedures of {len(nodes)} nodes; open one of them: {choices}")
        raise Determinate(_not_a_procedure_store(path))
    except OSError as error:
        raise external_error(error, f"cannot open {path}") from error


def _open_blob(location: Location) -> Blob:
    if location.scheme == "memory":
        return MemoryBlob.named(location.path)
    from procdash.store.backends.local import LocalBlob  # noqa: PLC0415 - aiofiles loads where a file is written

    return Tasked(LocalBlob(location.path))


def _absolute(path: str) -> str:
    if "\0" in path:
        raise Determinate(f"a path must not hold a NUL: {path!r}")
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise Determinate(f"a path must be text that a file name can hold: {path!r}") from error
    return os.path.abspath(path)  # noqa: PTH100 - no resolving


def _place_of_deleted(location: Location) -> Location:
    """Where a location's deleted values are kept: a directory in it that no listing shows."""
    if location.scheme == "memory":
        return location._replace(path=f"{location.path}\0{_DELETED_NAME}")
    return location._replace(path=f"{location.path}/{_DELETED_NAME}")


def _not_a_procedure_store(path: Path) -> str:
    looked_for = f"looked for procedure/, data/procedure/ and cluster/dn-*/procedure/ in {path}"
    holds_ids = any(parse_procedure_id(name) for name in os.listdir(path))  # noqa: PTH208 - names are enough
    if holds_ids:
        return f"no procedure store: {looked_for}. It holds procedures, but is not itself named 'procedure'"
    return f"no procedure store: {looked_for}"


def _unsupported(scheme: str) -> str:
    from fsspec.registry import known_implementations  # noqa: PLC0415 - slow to load, needed only to explain

    supported = "supported are a directory, file:// and memory://"
    if scheme in known_implementations or scheme in ("etcd", "postgresql", "mysql", "sqlite"):
        return f"{scheme}:// locations cannot be opened by this version of procdash; {supported}"
    return f"unknown kind of location {scheme}://; {supported}"
