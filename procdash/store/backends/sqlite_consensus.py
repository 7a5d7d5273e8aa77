"""A SQLite file as a `Consensus`: one file that an operator can move, shared by any number of processes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Final, Self

from procdash.store.backends.sqlite_database import Schema, SqliteDatabase
from procdash.store.consensus import (
    SCAN_ALL,
    CaSResult,
    Consensus,
    SeqNo,
    VersionedData,
    check_new_version,
    truncate_too_high,
)
from procdash.store.errors import Determinate
from procdash.store.key_rules import check_key, shown
from procdash.store.tasks import OwnThread

SCHEMA: Final = Schema(
    application_id=int.from_bytes(b"pdCS", "big"),
    format_version=1,
    statements=(
        """
        CREATE TABLE consensus (
            shard text NOT NULL, sequence_number integer NOT NULL, data blob NOT NULL,
            PRIMARY KEY (shard, sequence_number)
        )""",
    ),
    probe="SELECT shard, sequence_number, data FROM consensus LIMIT 0",
)
"""One table of versions."""

_BUSY_SECONDS = 10.0
_MAX_SEQNO: Final = 2**63 - 1
_HEAD = "SELECT max(sequence_number) FROM consensus WHERE shard = ?"


class SqliteConsensus(Consensus):
    """A `Consensus` in a table of a SQLite database.

    A write takes the database's one write lock before it looks at the head, so that compare-and-set holds between
    processes; it is on the disk when it returns. A cancelled caller never cuts one short: it runs in a thread.

    Args:
        path: the file; created if it is missing or empty. Another program's database is refused and not touched.
        busy_seconds: how long to wait for a lock that another process holds.
        read_only: whether to refuse writes, and a file that is missing or empty.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, busy_seconds: float = _BUSY_SECONDS, read_only: bool = False
    ) -> None:
        self.path = os.path.abspath(path)
        self._database = SqliteDatabase(self.path, SCHEMA, busy_seconds, read_only=read_only)
        self._thread = OwnThread(self.path)

    @classmethod
    async def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Self:
        """Open a file at once, where the constructor leaves that to the first use.

        Raises:
            Determinate: if there is no such directory, it may not be read, or it is not procdash's.
        """
        consensus = cls(path, read_only=read_only)
        try:
            await consensus._thread.run(consensus._database.open)
        except BaseException:
            await consensus.close()
            raise
        return consensus

    async def close(self) -> None:
        """Close the file once what is under way has ended; the last process to do so leaves a single file."""
        await self._thread.close(self._database.close)

    async def list_keys(self) -> AsyncIterator[str]:
        def read() -> list[str]:
            statement = "SELECT DISTINCT shard FROM consensus ORDER BY shard"
            return [shard for [shard] in self._database.read(f"cannot list the keys in {self.path}", statement)]

        for key in await self._thread.run(read):
            yield key

    async def head(self, key: str) -> VersionedData | None:
        check_key(key)
        newest = "ORDER BY sequence_number DESC LIMIT 1"
        versions = await self._thread.run(self._read_versions, f"read the head of {shown(key)}", newest, key)
        return versions[0] if versions else None

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        check_new_version(expected, new)
        check_key(key)
        row = (key, int(new.seqno), bytes(new.data))

        def write() -> CaSResult:
            with self._database.write(
                f"cannot write {SeqNo(new.seqno)} of {shown(key)} in {self.path}"
            ) as database:
                [[head]] = database.execute(_HEAD, (key,))
                if head != expected:
                    return CaSResult.EXPECTATION_MISMATCH
                database.execute("INSERT INTO consensus (shard, sequence_number, data) VALUES (?, ?, ?)", row)
                return CaSResult.COMMITTED

        return await self._thread.run(write)

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        check_key(key)
        if from_seqno > _MAX_SEQNO or limit <= 0:
            return []
        bounds = (max(int(from_seqno), 0), min(int(limit), SCAN_ALL))
        ascending = "AND sequence_number >= ? ORDER BY sequence_number LIMIT ?"
        return await self._thread.run(self._read_versions, f"scan {shown(key)}", ascending, key, *bounds)

    async def truncate(self, key: str, seqno: int) -> int:
        check_key(key)

        def write() -> int:
            with self._database.write(f"cannot truncate {shown(key)} in {self.path}") as database:
                [[head]] = database.execute(_HEAD, (key,))
                if head is None or head < seqno:
                    raise truncate_too_high(seqno)
                statement = "DELETE FROM consensus WHERE shard = ? AND sequence_number < ?"
                return database.execute(statement, (key, max(int(seqno), 0))).rowcount

        return await self._thread.run(write)

    def _read_versions(self, doing: str, condition: str, *arguments: object) -> list[VersionedData]:
        doing = f"cannot {doing} in {self.path}"
        statement = f"SELECT sequence_number, data FROM consensus WHERE shard = ? {condition}"  # noqa: S608 - ours
        rows = self._database.read(doing, statement, arguments)
        if not all(isinstance(seqno, int) and isinstance(data, bytes) for seqno, data in rows):
            raise Determinate(f"{doing}: its versions were written by another program")
        return [VersionedData(SeqNo(seqno), data) for seqno, data in rows]
