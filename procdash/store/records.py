"""What is read of a procedure: enough for a list in `ProcedureRecord`, everything in `ProcedureDetail`."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from procdash.store.blob import BlobMetadata
from procdash.store.keys import PROCEDURE_DIRECTORY, KeyType, ParsedKey


class MessageHeader(msgspec.Struct, frozen=True, gc=False):
    """A deciding message without its `data`, which may be large."""

    type_name: str
    parent_id: str | None
    error: str | None
    step: int
    """The step to resume at, as the message says."""


class ProcedureRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One procedure as a list needs it. Two equal records look the same to a user.

    The deciding key is kept as its parts, since parts are shared between records and a whole key is not.
    """

    procedure_id: str
    """Canonical id."""
    directory: str
    """Where the deciding key stands, relative to `procedure/`; the id itself where that is canonical."""
    file_name: str | None
    """The deciding key's file name; None where the directory could not be listed."""
    step: int | None
    """The step number in the deciding key."""
    key_type: KeyType | None
    """What kind of key decides."""
    key_count: int
    """How many keys the procedure has."""
    modified_at: float | None
    """When the deciding key was written, in Unix seconds; None where the backend does not know."""
    version: str | None
    """The deciding key's version token."""
    message: MessageHeader | None = None
    """What the deciding value says; None for a commit, whose value is not read, and where it does not decode."""
    failure: str | None = None
    """Why the deciding value could not be used: it does not decode, or could not be read."""
    is_readable: bool = True
    """Whether what decides could be read at all; where not, an engine without the right to read it fails too."""
    tied_keys: tuple[str, ...] = ()
    """The other keys at the deciding step, which lost the tie, as stored."""
    non_canonical_keys: tuple[str, ...] = ()
    """Keys whose id is not spelled canonically: loaded, but never deleted by the engine."""
    unknown_keys: tuple[str, ...] = ()
    """Keys below this procedure's directory that are no procedure keys."""

    @property
    def deciding_key(self) -> str | None:
        """The deciding key as stored, beginning with `procedure/`."""
        if self.file_name is None:
            return None
        return f"{PROCEDURE_DIRECTORY}{self.directory}/{self.file_name}"

    @property
    def tied_names(self) -> tuple[str, ...]:
        """The tied keys by file name, or whole where they stand in another directory than the deciding key."""
        here = f"{PROCEDURE_DIRECTORY}{self.directory}/"
        return tuple(key.removeprefix(here) for key in self.tied_keys)


class StoredKey(NamedTuple):
    """One key of a procedure, with what the listing said of it."""

    metadata: BlobMetadata
    """The key as stored, beginning with `procedure/`, its size, time and version."""
    parsed: ParsedKey
    segments: tuple[BlobMetadata, ...] = ()
    """The further segments of a value that a key-value store has split, in order."""


class ProcedureDetail(NamedTuple):
    """All keys of one procedure, in byte order; values are read one by one with `ProcedureReader.read_value`."""

    record: ProcedureRecord
    keys: tuple[StoredKey, ...]


class EntryReading(NamedTuple):
    """What reading some top-level entries below `procedure/` gave."""

    records: tuple[ProcedureRecord, ...] = ()
    """Every procedure in those entries, as it is now."""
    removed: tuple[str, ...] = ()
    """Ids that were in those entries before and are nowhere now."""
    unknown_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By entry, the keys in it that belong to no procedure, as stored; empty where there were some before."""
