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
        self._seen_directories: dict[str, object] = {}
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
        # Where an unusual entry holds keys of a plain one's procedure as well, the later record has them all.
        newest = {record.procedure_id: record for record in (*records, *reading.records)}
        for procedure_id in reading.removed:
            newest.pop(procedure_id, None)
        return reading._replace(records=tuple(newest.values()))

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
        looked_at = time.time_ns()
        try:
            directory_status = os.lstat(path)
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
        file = None if key_type is KeyType.COMMIT else (file_name, status)
        self._remember(entry, directory_status, file, looked_at)
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
        looked_at = time.time_ns()
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return EntryListing()
        except OSError as error:
            failure = external_error(error, f"cannot look at {key!r}").message
            return EntryListing(failure=failure, state=_UNSURE)
        if stat.S_ISREG(status.st_mode):
            return sort_out([metadata_of(key, status)], state=_UNSURE)
        if not stat.S_ISDIR(status.st_mode):
            return EntryListing(state=_settled_time(status, looked_at))
        found: list[BlobMetadata] = []
        try:
            found.extend(walk_files(self.root, f"{key}/"))
        except ExternalError as error:
            return sort_out(found, failure=error.message, state=_UNSURE)
        # Values may change unseen by the time of the directory, and so may directories below: all but an empty
        # one is always looked at again.
        is_empty = not found and status.st_nlink == _LINKS_WITHOUT_SUBDIRECTORY
        return sort_out(found, state=_settled_time(status, looked_at) if is_empty else _UNSURE)

    def _remember_state(self, entry: str, state: object) -> None:
        self._seen_files.pop(entry, None)
        if state is None:
            self._seen_directories.pop(entry, None)
        else:
            self._seen_directories[entry] = state

    def _find_changed(self) -> list[str]:
        entries = self._list_entries()
        changed = list(self._seen_directories.keys() - set(entries))
        for entry in entries:
            seen = self._seen_directories.get(entry, _UNSURE)
            path = f"{self.directory}{entry}"
            try:
                if seen == _UNSURE or os.lstat(path).st_mtime_ns != seen:
                    changed.append(entry)
                elif entry in self._seen_files:
                    file_name, modified = self._seen_files[entry]
                    if modified == _UNSURE or os.stat(f"{path}/{file_name}").st_mtime_ns != modified:
                        changed.append(entry)
            except OSError:
                changed.append(entry)
        return sorted(changed)

    def _remember(
        self, entry: str, directory: os.stat_result, file: tuple[str, os.stat_result] | None, looked_at: int
    ) -> None:
        self._seen_directories[entry] = _settled_time(directory, looked_at)
        if file is None:
            self._seen_files.pop(entry, None)
        else:
            self._seen_files[entry] = (sys.intern(file[0]), _settled_time(file[1], looked_at))


def _deciding_name(names: Sequence[str]) -> str:
    """The deciding one of canonical file names in byte order: the first of those with the highest step."""
    digits = names[-1][:_STEP_DIGITS]
    first = len(names) - 1
    while first and names[first - 1].startswith(digits):
        first -= 1
    return names[first]


def _settled_time(status: os.stat_result, looked_at: int) -> int:
    """A modification time to compare with later, in nanoseconds.

    `_UNSURE` where the clock may still have shown it at the time of looking, `looked_at`.
    """
    modified = status.st_mtime_ns
    return modified if looked_at - modified > _CLOCK_TICK_NANOSECONDS else _UNSURE
