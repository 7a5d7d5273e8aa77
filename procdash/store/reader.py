"""Looking at procedures cheaply: names first, and values only where they decide something.

A reader has no write methods at all, so whoever is handed one cannot change the store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import ExternalError
from procdash.store.keys import (
    PROCEDURE_DIRECTORY,
    KeyType,
    ParsedKey,
    deciding_key,
    listing_order,
    parse_procedure_id,
)
from procdash.store.messages import MessageError, ProcedureMessage
from procdash.store.records import EntryReading, MessageHeader, ProcedureDetail, ProcedureRecord, StoredKey
from procdash.store.segments import is_segment

_READ_ATTEMPTS = 3


class ProcedureReader(ABC):
    """Reads a procedure store by its *entries*: the names right below `procedure/`.

    An entry is nearly always the directory of one procedure, named by its id; but one id may be spelled by
    several entries, an entry may hold several ids further down, and it may be a foreign file. Calls are made one
    at a time. Every method raises `ExternalError` where the store as a whole cannot be read.
    """

    location: str
    """The location, to show to a user."""
    directory: str | None = None
    """The local directory to watch for changes; None where there is none."""

    async def identity(self) -> str:
        """A token for the store itself, which differs once another one stands in its place."""
        return ""

    @abstractmethod
    async def list_entries(self) -> list[str]:
        """The names right below `procedure/`, sorted."""

    @abstractmethod
    async def read_entries(self, entries: Sequence[str]) -> EntryReading:
        """Read the procedures in `entries` as they are now; entries that are gone give removals."""

    @abstractmethod
    async def find_changed_entries(self) -> list[str]:
        """Sweep the store for entries that came, went or changed since they were last read."""

    @abstractmethod
    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        """All keys of one procedure that was read before; None where it is gone.

        Args:
            procedure_id: which.
            entries: where keys of it may stand as well, beside the places where some were found before.
        """

    @abstractmethod
    async def read_value(self, key: str) -> bytes | None:
        """The value of a key as `StoredKey` gives it; None where it is gone."""


class EntryListing(NamedTuple):
    """What stands in one entry."""

    keys: tuple[StoredKey, ...] = ()
    """Procedure keys, in byte order."""
    unknown_keys: tuple[str, ...] = ()
    """Everything else."""
    failure: str | None = None
    """Why it could not be listed."""
    state: object = None
    """Something that differs once anything in it changed; None where there is nothing."""


class EntryBook:
    """Remembers where the ids are that do not simply stand in the entry that bears their name."""

    def __init__(self) -> None:
        self._entries_of: defaultdict[str, set[str]] = defaultdict(set)
        self._ids_in: dict[str, frozenset[str]] = {}

    def is_plain(self, entry: str) -> bool:
        """Whether nothing out of the ordinary is known of `entry`, nor of the id it bears the name of."""
        return not self._entries_of or (entry not in self._ids_in and entry not in self._entries_of)

    def note(self, entry: str, ids: Iterable[str]) -> frozenset[str]:
        """Remember that exactly `ids` stand in `entry`; returns the ids that stood there before."""
        now = frozenset(ids) - {entry}
        before = self._ids_in.pop(entry, frozenset())
        for procedure_id in before - now:
            self._entries_of[procedure_id].discard(entry)
            if not self._entries_of[procedure_id]:
                del self._entries_of[procedure_id]
        for procedure_id in now:
            self._entries_of[procedure_id].add(entry)
        if now:
            self._ids_in[entry] = now
        return before

    def ids_in(self, entry: str) -> frozenset[str]:
        """The ids that were last found in `entry`, besides the one that it bears the name of."""
        return self._ids_in.get(entry, frozenset())

    def entries_of(self, procedure_id: str) -> list[str]:
        """Every entry that may hold keys of this id."""
        return sorted({procedure_id, *self._entries_of.get(procedure_id, ())}, key=listing_order)


class ListingReader(ProcedureReader):
    """A reader for any backend that can list one entry and read one value.

    It knows nothing of file systems or buckets; `LocalProcedureReader` adds a faster way for plain directories.
    """

    def __init__(self) -> None:
        self._book = EntryBook()
        self._entries_with_unknown_keys: set[str] = set()

    @abstractmethod
    async def _list_entry(self, entry: str) -> EntryListing:
        """List everything in one entry; a failure of this entry alone is part of the listing."""

    @abstractmethod
    def _remember_state(self, entry: str, state: object) -> None:
        """Remember how an entry was when it was read, for `find_changed_entries` to compare with."""

    async def read_entries(self, entries: Sequence[str]) -> EntryReading:
        records: dict[str, ProcedureRecord] = {}
        removed: dict[str, None] = {}
        unknown_keys: list[tuple[str, tuple[str, ...]]] = []
        for entry in entries:
            listing = await self._list_entry(entry)
            self._remember_state(entry, listing.state)
            if listing.unknown_keys:
                self._entries_with_unknown_keys.add(entry)
                unknown_keys.append((entry, listing.unknown_keys))
            elif entry in self._entries_with_unknown_keys:
                self._entries_with_unknown_keys.remove(entry)
                unknown_keys.append((entry, ()))
            for procedure_id in self._ids_touched(entry, listing):
                record = await self._read_record(procedure_id, {entry: listing})
                if record is None:
                    records.pop(procedure_id, None)
                    removed[procedure_id] = None
                else:
                    removed.pop(procedure_id, None)  # it has moved from one entry to another
                    records[procedure_id] = record
        return EntryReading(tuple(records.values()), tuple(removed), tuple(unknown_keys))

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        for entry in entries:
            self._book.note(entry, {procedure_id, *self._book.ids_in(entry)})
        listings = {entry: await self._list_entry(entry) for entry in self._book.entries_of(procedure_id)}
        record = await self._read_record(procedure_id, listings)
        if record is None:
            await self.identity()  # raises where the whole store is gone, and not this procedure alone
            return None
        return ProcedureDetail(record, _keys_of(procedure_id, listings))

    def _is_plain(self, entry: str) -> bool:
        """Whether nothing out of the ordinary was found in `entry` so far, nor for the id that it names."""
        return entry not in self._entries_with_unknown_keys and self._book.is_plain(entry)

    def _ids_touched(self, entry: str, listing: EntryListing) -> set[str]:
        found = {key.parsed.procedure_id for key in listing.keys}
        own_id = parse_procedure_id(entry)
        own_ids = frozenset() if own_id is None else frozenset({own_id})
        if listing.failure is not None:  # what stood there before, or should stand there, may well do so
            found |= self._book.ids_in(entry) | own_ids
        return found | self._book.note(entry, found) | own_ids

    async def _read_record(self, procedure_id: str, listings: dict[str, EntryListing]) -> ProcedureRecord | None:
        for _ in range(_READ_ATTEMPTS):
            entries = self._book.entries_of(procedure_id)
            for entry in entries:
                if entry not in listings:
                    listings[entry] = await self._list_entry(entry)
            keys = _keys_of(procedure_id, listings)
            failure = next((listings[entry].failure for entry in entries if listings[entry].failure), None)
            unknown = tuple(key for entry in entries for key in listings[entry].unknown_keys)
            if not keys:
                return unlistable_record(procedure_id, failure, unknown) if failure else None
            deciding = find_deciding(keys)
            value: bytes | None = None
            if deciding.parsed.key_type is not KeyType.COMMIT:
                try:
                    value = await self.read_value(deciding.metadata.key)
                except ExternalError as error:
                    return make_record(keys, None, failure=error.message, unknown_keys=unknown)
                if value is None:  # it vanished since the listing: look again
                    listings.clear()
                    continue
            return make_record(keys, value, failure=failure, unknown_keys=unknown)
        return None


class BlobProcedureReader(ListingReader):
    """Reads procedures from any `Blob`, which is listed as a whole to find what changed.

    Args:
        blob: where the keys are.
        location: the location, to show to a user.
        merge_segments: whether long values are split over several keys, as upstream's key-value store does and its
            object store does not.
    """

    def __init__(self, blob: Blob, location: str, *, merge_segments: bool = False) -> None:
        super().__init__()
        self.location = location
        self._blob = blob
        self._merges = merge_segments
        self._seen: dict[str, object] = {}

    async def list_entries(self) -> list[str]:
        return sorted(await self._fingerprints())

    async def find_changed_entries(self) -> list[str]:
        now = await self._fingerprints()
        return sorted(entry for entry in {*now, *self._seen} if now.get(entry) != self._seen.get(entry))

    async def read_value(self, key: str) -> bytes | None:
        head = await self._blob.get(key)
        if head is None or not self._merges:
            return head
        listing = self._blob.list_keys_and_metadata(f"{key}/")
        segments = sorted([metadata.key async for metadata in listing if is_segment(key, metadata.key)])
        return b"".join([head, *[await self._blob.get(segment) or b"" for segment in segments]])

    async def _list_entry(self, entry: str) -> EntryListing:
        below = self._blob.list_keys_and_metadata(f"{PROCEDURE_DIRECTORY}{entry}")
        found = [metadata async for metadata in below if entry_of(metadata.key) == entry]
        found.sort(key=lambda metadata: listing_order(metadata.key))
        return sort_out(found, state=_fingerprint(found), merge_segments=self._merges)

    def _remember_state(self, entry: str, state: object) -> None:
        if state is None:
            self._seen.pop(entry, None)
        else:
            self._seen[entry] = state

    async def _fingerprints(self) -> dict[str, object]:
        found: defaultdict[str, list[BlobMetadata]] = defaultdict(list)
        async for metadata in self._blob.list_keys_and_metadata(PROCEDURE_DIRECTORY):
            found[entry_of(metadata.key)].append(metadata)
        return {entry: _fingerprint(keys) for entry, keys in found.items()}


def _fingerprint(found: Iterable[BlobMetadata]) -> object:
    """The keys of one entry with their versions; None where there are none."""
    return frozenset((metadata.key, metadata.version) for metadata in found) or None


def sort_out(
    found: Iterable[BlobMetadata],
    *,
    failure: str | None = None,
    state: object = None,
    merge_segments: bool = False,
) -> EntryListing:
    """Tell procedure keys from unknown ones, in the order given, which is that of the bytes.

    Args:
        found: everything in an entry.
        failure: why it could not be listed as a whole.
        state: what differs once anything in it changed.
        merge_segments: whether a segment belongs to the key before it, rather than to none.
    """
    keys: list[StoredKey] = []
    unknown: list[str] = []
    for metadata in found:
        parsed = ParsedKey.parse(PROCEDURE_DIRECTORY, metadata.key)
        if parsed is None and merge_segments and keys and is_segment(keys[-1].metadata.key, metadata.key):
            keys[-1] = keys[-1]._replace(segments=(*keys[-1].segments, metadata))
        elif parsed is None:
            unknown.append(metadata.key)
        else:
            keys.append(StoredKey(metadata, parsed))
    return EntryListing(tuple(keys), tuple(unknown), failure, state)


def find_deciding(keys: Sequence[StoredKey]) -> StoredKey:
    """The one of `keys` (in byte order, at least one) that decides, by the loader's rule."""
    by_identity = {id(key.parsed): key for key in keys}
    deciding = deciding_key(key.parsed for key in keys)
    return by_identity[id(deciding)]


def make_record(
    keys: Sequence[StoredKey],
    value: bytes | None,
    *,
    failure: str | None = None,
    unknown_keys: tuple[str, ...] = (),
) -> ProcedureRecord:
    """Make a list's record of one procedure.

    Args:
        keys: all its keys in byte order, at least one.
        value: the deciding key's value; not looked at for a commit.
        failure: why the value is missing, where it is.
        unknown_keys: foreign keys that stand in the procedure's directories.
    """
    deciding = find_deciding(keys)
    message: MessageHeader | None = None
    is_readable = value is not None or deciding.parsed.key_type is KeyType.COMMIT
    if value is not None and deciding.parsed.key_type is not KeyType.COMMIT:
        message, failure = decode_header(value)
    directory, _, file_name = deciding.metadata.key.removeprefix(PROCEDURE_DIRECTORY).rpartition("/")
    procedure_id = deciding.parsed.procedure_id
    modified_at = deciding.metadata.modified_at
    return ProcedureRecord(
        procedure_id=procedure_id,
        directory=procedure_id if directory == procedure_id else directory,
        file_name=file_name,
        step=deciding.parsed.step,
        key_type=deciding.parsed.key_type,
        key_count=len(keys),
        modified_at=None if modified_at is None else modified_at.timestamp(),
        version=deciding.metadata.version,
        message=message,
        failure=failure,
        is_readable=is_readable,
        tied_keys=tuple(
            key.metadata.key for key in keys if key is not deciding and key.parsed.step == deciding.parsed.step
        ),
        non_canonical_keys=tuple(
            key.metadata.key
            for key in keys
            if not key.metadata.key.startswith(f"{PROCEDURE_DIRECTORY}{procedure_id}/")
        ),
        unknown_keys=unknown_keys,
    )


def unlistable_record(procedure_id: str, failure: str, unknown_keys: tuple[str, ...] = ()) -> ProcedureRecord:
    """The record of a procedure whose directory is there and cannot be listed."""
    return ProcedureRecord(
        procedure_id=procedure_id,
        directory=procedure_id,
        file_name=None,
        step=None,
        key_type=None,
        key_count=0,
        modified_at=None,
        version=None,
        failure=failure,
        is_readable=False,
        unknown_keys=unknown_keys,
    )


def decode_header(value: bytes) -> tuple[MessageHeader | None, str | None]:
    """The header of a deciding value, or why upstream's loader would not decode it."""
    try:
        message = ProcedureMessage.from_json(value)
    except MessageError as error:
        return None, str(error)
    return MessageHeader(message.type_name, message.parent_id, message.error, message.step), None


def _keys_of(procedure_id: str, listings: dict[str, EntryListing]) -> tuple[StoredKey, ...]:
    found = (
        key for listing in listings.values() for key in listing.keys if key.parsed.procedure_id == procedure_id
    )
    return tuple(sorted(found, key=lambda key: listing_order(key.metadata.key)))


def entry_of(key: str) -> str:
    """The entry that a key, as stored, stands in."""
    return key.removeprefix(PROCEDURE_DIRECTORY).partition("/")[0]
