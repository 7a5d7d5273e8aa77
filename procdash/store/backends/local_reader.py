"""The fast way to look at procedures in a local directory.

A plain procedure (its directory named by its canonical id, holding canonical keys and nothing else) costs one
directory listing, one `stat` and one read, or two `stat`s where it is finished. Everything unusual takes the
general way of `ListingReader`.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from procdash.store.backends.files import (
    TEMPORARY_SUFFIX,
    metadata_of,
    modified_seconds,
    read_regular_file,
    version_of,
    walk_files,
)
from procdash.store.blob import BlobMetadata
from procdash.store.errors import ExternalError, external_error
from procdash.store.keys import PROCEDURE_DIRECTORY, KeyType
from procdash.store.reader import EntryListing, ListingReader, decode_header, sort_out
from procdash.store.records import EntryReading, ProcedureRecord

_CANONICAL_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CANONICAL_NAMES = re.compile(r"(?:[0-3][0-9]{9}\.(?:step|commit|rollback)\n)+")
_STEP_DIGITS = 10
_LINKS_WITHOUT_SUBDIRECTORY = 2
_CLOCK_TICK_NANOSECONDS = 1_000_000_000
_UNSURE = 0
"""Stands for the time of a directory that changed so recently that a further change could go unseen."""


class LocalProcedureReader(ListingReader):
    """Reads procedures from the directory that holds `procedure/`.

    Args:
        root: that directory.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.location = str(root)
        self.directory: str = f"{root}/{PROCEDURE_DIRECTORY}"
        self._seen_directories: dict[str, int] = {}
        self._seen_files: dict[str, tuple[str, int]] = {}

    async def identity(self) -> str:
        try:
            status = await asyncio.to_thread(os.stat, self.directory)
        except OSError as error:
            raise external_error(error, f"cannot open {self.directory}") from error
        return f"{status.st_dev:x}-{status.st_ino:x}"

    async def list_entries(self) -> list[str]:
        return await asyncio.to_thread(self._list_entries)

    async def read_entries(self, entries: Sequence[str]) -> EntryReading:
        records, unusual = await asyncio.to_thread(self._read_plain, entries)
        if not unusual:
            return EntryReading(tuple(records))
        reading = await super().read_entries(unusual)
        return reading._replace(records=(*records, *reading.records))

    async def find_changed_entries(self) -> list[str]:
        return await asyncio.to_thread(self._find_changed)

    async def read_value(self, key: str) -> bytes | None:
        try:
            found = await asyncio.to_thread(read_regular_file, self.root / key)
        except OSError as error:
            raise external_error(error, f"cannot read {key!r}") from error
        return None if found is None else found[0]

    async def _list_entry(self, entry: str) -> EntryListing:
        return await asyncio.to_thread(self._list_entry_now, entry)

    def _list_entries(self) -> list[str]:
        try:
            names = os.listdir(self.directory)
        except OSError as error:
            raise external_error(error, f"cannot open {self.directory}") from error
        return sorted(name for name in names if not name.endswith(TEMPORARY_SUFFIX))

    def _read_plain(self, entries: Sequence[str]) -> tuple[list[ProcedureRecord], list[str]]:
        """Records of the plain procedures among `entries`, and the entries that are anything else."""
        records: list[ProcedureRecord] = []
        unusual: list[str] = []
        for entry in entries:
            record = self._read_plain_procedure(entry)
            if record is None:
                unusual.append(entry)
            else:
                records.append(record)
        return records, unusual

    def _read_plain_procedure(self, entry: str) -> ProcedureRecord | None:  # noqa: PLR0911 - each is a way out
        if _CANONICAL_ID.fullmatch(entry) is None or not self._is_plain(entry):
            return None
        path = f"{self.directory}{entry}"
        try:
            directory_status = os.stat(path)
            if directory_status.st_nlink != _LINKS_WITHOUT_SUBDIRECTORY:
                return None
            names = os.listdir(path)
            if _CANONICAL_NAMES.fullmatch("\n".join([*names, ""])) is None:
                return None
            names.sort()
            file_name = _deciding_name(names)
            key_type = KeyType(file_name[_STEP_DIGITS + 1 :])
            if key_type is KeyType.COMMIT:
                message, failure = None, None
                status = os.lstat(f"{path}/{file_name}")
                if not stat.S_ISREG(status.st_mode):
                    return None
            else:
                found = read_regular_file(f"{path}/{file_name}")
                if found is None:
                    return None
                value, status = found
                message, failure = decode_header(value)
        except OSError:
            return None  # the general way says what is wrong
        self._remember(entry, directory_status, None if key_type is KeyType.COMMIT else (file_name, status))
        digits = file_name[:_STEP_DIGITS]
        return ProcedureRecord(
            procedure_id=entry,
            directory=entry,
            file_name=sys.intern(file_name),
            step=int(digits),
            key_type=key_type,
            key_count=len(names),
            modified_at=modified_seconds(status),
            version=version_of(status),
            message=message,
            failure=failure,
            tied_keys=tuple(
                f"{PROCEDURE_DIRECTORY}{entry}/{name}"
                for name in names
                if name.startswith(digits) and name != file_name
            ),
        )

    def _list_entry_now(self, entry: str) -> EntryListing:
        path = f"{self.directory}{entry}"
        key = f"{PROCEDURE_DIRECTORY}{entry}"
        self._seen_files.pop(entry, None)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            self._seen_directories.pop(entry, None)
            return EntryListing()
        except OSError as error:
            return EntryListing(failure=external_error(error, f"cannot look at {key!r}").message)
        # Further directories below may change unseen by this one's time, so such an entry is always looked at.
        plain = status.st_nlink == _LINKS_WITHOUT_SUBDIRECTORY
        self._seen_directories[entry] = _settled_time(status) if plain else _UNSURE
        if stat.S_ISREG(status.st_mode):
            return sort_out([metadata_of(key, status)])
        found: list[BlobMetadata] = []
        try:
            found.extend(walk_files(self.root, f"{key}/"))
        except ExternalError as error:
            return sort_out(found, error.message)
        return sort_out(found)

    def _find_changed(self) -> list[str]:
        entries = self._list_entries()
        changed = list(self._seen_directories.keys() - set(entries))
        for entry in entries:
            seen = self._seen_directories.get(entry, _UNSURE)
            path = f"{self.directory}{entry}"
            try:
                if seen == _UNSURE or os.stat(path).st_mtime_ns != seen:
                    changed.append(entry)
                elif entry in self._seen_files:
                    file_name, modified = self._seen_files[entry]
                    if modified == _UNSURE or os.stat(f"{path}/{file_name}").st_mtime_ns != modified:
                        changed.append(entry)
            except OSError:
                changed.append(entry)
        return sorted(changed)

    def _remember(
        self, entry: str, directory_status: os.stat_result, file: tuple[str, os.stat_result] | None
    ) -> None:
        self._seen_directories[entry] = _settled_time(directory_status)
        if file is None:
            self._seen_files.pop(entry, None)
        else:
            self._seen_files[entry] = (sys.intern(file[0]), _settled_time(file[1]))


def _deciding_name(names: Sequence[str]) -> str:
    """The deciding one of canonical file names in byte order: the first of those with the highest step."""
    digits = names[-1][:_STEP_DIGITS]
    first = len(names) - 1
    while first and names[first - 1].startswith(digits):
        first -= 1
    return names[first]


def _settled_time(status: os.stat_result) -> int:
    """A modification time to compare with later, in nanoseconds; `_UNSURE` while the clock may still show it."""
    modified = status.st_mtime_ns
    return modified if time.time_ns() - modified > _CLOCK_TICK_NANOSECONDS else _UNSURE
