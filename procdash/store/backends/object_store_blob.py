"""A bucket as a `Blob`, through obstore's native client, which works on threads of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

import obstore
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import ObjectStore, S3Store

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate, ExternalError, Indeterminate
from procdash.store.key_rules import check_path_key, shown

if TYPE_CHECKING:  # these two are there for type checkers only
    from obstore import ObjectMeta
    from obstore.store import S3Config

_LONGEST_KEY = 1_024
"""Bytes of UTF-8 that S3 allows for a key."""
_ATTEMPT_TIMEOUT = timedelta(seconds=20)
_CONNECT_TIMEOUT = timedelta(seconds=7)
_OPERATION_SECONDS = 60.0
_MAX_RETRIES = 4
_OPTIONS = ("endpoint", "region")
_ENDPOINT = re.compile(r"https?://[^/\s?#@]+/?")
_BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_S3_ERROR = re.compile(r"<Code>(?P<code>\w+)</Code>\s*(?:<Message>(?P<message>[^<]*)</Message>)?")
_STATUS = re.compile(r"status code: (?P<status>\d{3}[\w ]*)")
_OS_ERROR = re.compile(r'message: "(?P<message>[^"]+)"')
_NO_BUCKET = "NoSuchBucket"
_CONFLICT = "ConditionalRequestConflict"
_REFUSED = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidBucketName",
        "InvalidToken",
        "KeyTooLongError",
        "MethodNotAllowed",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        _NO_BUCKET,
    }
)
"""Codes that S3 answers before it does anything."""


class ObjectStoreBlob(Blob):
    """A `Blob` in a bucket.

    A value is put with one request, which the server takes whole or not at all. A key is an object's name below
    the prefix; since the client knows names as paths, a key must be a relative path.

    Args:
        store: the bucket.
        prefix: stands before `/` and the key in an object's name; empty where the keys are the names.
        place: the location in words, without secrets.
    """

    def __init__(self, store: ObjectStore, prefix: str, place: str) -> None:
        self.store = store
        self.prefix = prefix
        self.place = place

    @classmethod
    async def open_s3(cls, place: str, query: str = "") -> Self:
        """Open a bucket on S3 or a server that speaks its protocol.

        Args:
            place: `bucket`, `bucket/prefix` or `key:secret@bucket/prefix`, percent-encoded; without credentials
                in it, those of the environment are used (`AWS_ACCESS_KEY_ID` and so on).
            query: `endpoint=URL` and `region=NAME`, percent-encoded.

        Raises:
            Determinate: if the place is not understood, there is no such bucket, or access is denied.
            Indeterminate: if the server cannot be reached.
        """
        # Only before the first slash: a prefix may hold an @ of its own.
        host, _, path = place.partition("/")
        credentials, _, bucket = host.rpartition("@")
        prefix = unquote(path).removesuffix("/")
        if not bucket:
            raise Determinate("an s3:// location names a bucket: s3://bucket/prefix")
        if _BUCKET_NAME.fullmatch(bucket) is None:  # it is not repeated, since it may be a part of a password
            raise Determinate("an s3:// location names a bucket of letters, digits, '.', '_' and '-'")
        if prefix:
            check_path_key(prefix, longest=_LONGEST_KEY)
        options = _options(query)
        words = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        if "endpoint" in options:
            words += f" at {options['endpoint']}"
        access_key, _, secret_key = credentials.partition(":")
        config: S3Config = {}
        if access_key:
            config["access_key_id"], config["secret_access_key"] = unquote(access_key), unquote(secret_key)
        if "endpoint" in options:
            config["endpoint"] = options["endpoint"]
        if "region" in options:
            config["region"] = options["region"]
        try:
            store = S3Store(
                bucket,
                config=config,
                client_options={
                    "allow_http": options.get("endpoint", "").startswith("http://"),
                    "timeout": _ATTEMPT_TIMEOUT,
                    "connect_timeout": _CONNECT_TIMEOUT,
                },
                retry_config={
                    "max_retries": _MAX_RETRIES,
                    "retry_timeout": timedelta(seconds=_OPERATION_SECONDS),
                },
            )
        except Exception as error:
            raise Determinate(f"cannot open {words}: {_words_of(error)}") from error
        blob = cls(store, prefix, words)
        await blob._look_once()
        return blob

    async def get(self, key: str) -> bytes | None:
        name = self._name(key)
        async with self._translated(f"read {shown(key)} in"):
            try:
                response = await obstore.get_async(self.store, name)
                return bytes(await response.bytes_async())
            except FileNotFoundError as error:
                if _NO_BUCKET in str(error):
                    raise Determinate(f"cannot read {shown(key)}: there is no bucket {self.place}") from error
                return None

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        # The client lists whole folders: the folder that the prefix names, from which what fits is picked.
        if not _is_possible(key_prefix):
            return
        below = f"{self.prefix}/" if self.prefix else ""
        folder = f"{below}{key_prefix}".rpartition("/")[0]
        pages = obstore.list(self.store, prefix=folder or None)
        while True:
            async with self._translated(f"list {shown(key_prefix)} in"):
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
            for item in page:
                key = item["path"].removeprefix(below)
                if key.startswith(key_prefix):
                    yield _metadata(key, item)

    async def set(self, key: str, value: bytes) -> None:
        name = self._name(key)
        async with self._translated(f"write {shown(key)} in"):
            # In one request: of several, a crash would leave parts behind that nobody sees and somebody pays for.
            await obstore.put_async(self.store, name, bytes(value), use_multipart=False)

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        """Write `value` where there is nothing yet, in one step, on a server that honours conditions.

        Returns:
            True where this call wrote it; False where the key was taken, possibly by this very call, since the
            client repeats requests whose replies are lost.

        Raises:
            Determinate: if another conditional write was under way and neither took place.
        """
        name = self._name(key)
        async with self._translated(f"create {shown(key)} in"):
            try:
                await obstore.put_async(self.store, name, bytes(value), mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError) as error:
                if _CONFLICT in str(error):
                    raise Determinate(
                        f"cannot create {shown(key)}: another write is under way, try again"
                    ) from error
                return False
            return True

    async def list_folders(self) -> list[str]:
        """The first parts of the keys that have more than one."""
        async with self._translated("list the folders of"):
            found = await obstore.list_with_delimiter_async(self.store, self.prefix or None)
            return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    async def delete(self, key: str) -> int | None:
        """Remove `key`, as the contract says; of two that delete at once, both may be told the size.

        A key that ends with `/` names a directory, which a bucket does not have: that gives None.
        """
        if key.endswith("/"):
            self._name(key.removesuffix("/"))
            return None
        name = self._name(key)
        async with self._translated(f"delete {shown(key)} in"):
            try:
                size = (await obstore.head_async(self.store, name))["size"]
            except FileNotFoundError:
                return None
            await obstore.delete_async(self.store, name)
            return size

    async def restore(self, key: str) -> None:
        if await self.get(key) is None:
            raise Determinate(
                f"unable to restore {shown(key)} in {self.place}: this client does not reach a bucket's versions; "
                "where the bucket keeps them, open it as fsspec+s3://… (pip install s3fs)"
            )

    def _name(self, key: str) -> str:
        """The object's name for a key."""
        name = f"{self.prefix}/{key}" if self.prefix else key
        check_path_key(key)
        check_path_key(name, longest=_LONGEST_KEY)
        if _CONTROL.search(key):
            raise Determinate(f"a key in a bucket must not hold control characters: {shown(key)}")
        return name

    async def _look_once(self) -> None:
        """Look into the bucket: reading a key would not tell a missing bucket from a missing key."""
        async with self._translated("open"):
            pages = obstore.list(self.store, prefix=self.prefix or None, chunk_size=1)
            async for _ in pages:
                return

    @asynccontextmanager
    async def _translated(self, doing: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_OPERATION_SECONDS + _ATTEMPT_TIMEOUT.total_seconds()):
                yield
        except Exception as error:
            raise _external(error, f"cannot {doing} {self.place}") from error


def _options(query: str) -> dict[str, str]:
    found = {}
    for option in filter(None, query.split("&")):
        name, _, value = option.partition("=")
        if name not in _OPTIONS:
            raise Determinate(
                f"unknown location option {name!r} in an s3:// location; known: {', '.join(_OPTIONS)}"
            )
        found[name] = unquote(value)
    if "endpoint" in found and _ENDPOINT.fullmatch(found["endpoint"]) is None:
        raise Determinate(
            "the endpoint of an s3:// location is an http:// or https:// URL without a path or a password"
        )
    return found


def _is_possible(key_prefix: str) -> bool:
    """Whether a key that this client can write may start so; asked for others, it would list elsewhere."""
    folder = key_prefix.rpartition("/")[0]
    if not folder:
        return not key_prefix.startswith("/")
    try:
        check_path_key(folder, longest=_LONGEST_KEY)
    except Determinate:
        return False
    return not _CONTROL.search(folder)


def _metadata(key: str, item: ObjectMeta) -> BlobMetadata:
    e_tag, modified_at = item["e_tag"], item["last_modified"]
    # The tag alone is the same again once the same bytes are written again; a server may tell parts of a second
    # in a listing and whole ones elsewhere.
    version = None if e_tag is None else f"{e_tag.strip(chr(34))}-{int(modified_at.timestamp()):x}"
    return BlobMetadata(key, item["size"], modified_at, version)


def _external(error: Exception, doing: str) -> ExternalError:
    if isinstance(error, ExternalError):
        return error
    message = f"{doing}: {_words_of(error)}"
    answer = _S3_ERROR.search(str(error))
    is_refused = isinstance(error, PermissionDeniedError | UnauthenticatedError | AlreadyExistsError | ValueError)
    if is_refused or (answer and answer["code"] in _REFUSED):
        return Determinate(message)
    is_timeout = isinstance(error, TimeoutError) or "timed out" in str(error)
    return Indeterminate(f"{message} (timeout)" if is_timeout else message, is_timeout=is_timeout)


def _words_of(error: Exception) -> str:
    """The part of the client's text that helps a person: it also holds requests, retries and source lines."""
    text = str(error)
    if answer := _S3_ERROR.search(text):
        return ": ".join(filter(None, (answer["code"], answer["message"])))
    if found := _STATUS.search(text) or _OS_ERROR.search(text):
        return found[1].strip()
    return text.partition("\n")[0] or type(error).__name__
