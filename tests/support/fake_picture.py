"""A live picture under a test's control: real reader and index over keys whose times the test chooses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from procdash.live.index import ProcedureIndex, RowEvent
from procdash.live.monitor import Status, StoreState
from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import ExternalError
from procdash.store.reader import BlobProcedureReader
from procdash.store.records import ProcedureDetail

NOW = datetime(2026, 11, 21, 20, 16, 0, tzinfo=UTC).timestamp()
"""The moment at which tests look at the screen."""

LOCATION = "/var/lib/greptimedb/metasrv-0/data"


class TimedBlob(Blob):
    """Values in memory, written when the test says so."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, float, str]] = {}
        self._versions = count(1)

    def write(self, key: str, value: bytes, at: float) -> None:
        self.values[key] = (value, at, str(next(self._versions)))

    async def get(self, key: str) -> bytes | None:
        found = self.values.get(key)
        return None if found is None else found[0]

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        for key in sorted(key for key in self.values if key.startswith(key_prefix)):
            value, at, version = self.values[key]
            yield BlobMetadata(key, len(value), datetime.fromtimestamp(at, UTC), version)

    async def set(self, key: str, value: bytes) -> None:
        self.write(key, value, NOW)

    async def delete(self, key: str) -> int | None:
        found = self.values.pop(key, None)
        return None if found is None else len(found[0])

    async def restore(self, key: str) -> None:
        raise NotImplementedError(key)


class FakePicture:
    """Has the interface of `Monitor`; changes are seen when `look_at` is called."""

    def __init__(self, *, location: str = LOCATION, status: Status | None = None) -> None:
        self.blob = TimedBlob()
        self.reader = BlobProcedureReader(self.blob, location)
        self.index = ProcedureIndex()
        self.status = Status(StoreState.OPENING)
        self.failure: ExternalError | None = None
        self._status_when_open = status or Status(StoreState.LIVE)
        self._listeners: list[Callable[[Sequence[RowEvent]], None]] = []

    def subscribe(self, listener: Callable[[Sequence[RowEvent]], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        await self.look_at(*await self.reader.list_entries())
        self.say(self._status_when_open)
        await asyncio.Event().wait()

    async def look_at(self, *entries: str) -> None:
        """Read some entries, as a monitor does after a hint."""
        self.tell(self.index.apply_reading(await self.reader.read_entries(entries)))

    def say(self, status: Status) -> None:
        self.status = status
        self.tell(())

    def tell(self, events: Sequence[RowEvent]) -> None:
        for listener in tuple(self._listeners):
            listener(events)

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        if self.failure is not None:
            raise self.failure
        return await self.reader.read_detail(procedure_id, entries)

    async def read_value(self, key: str) -> bytes | None:
        if self.failure is not None:
            raise self.failure
        return await self.reader.read_value(key)

    def step(self, procedure_id: str, step: int, type_name: str, data: Any, ago: float, **more: Any) -> None:
        """Write a step that is `ago` seconds old."""
        self._message(procedure_id, step, "step", type_name, data, ago, more)

    def rollback(self, procedure_id: str, step: int, type_name: str, data: Any, ago: float, **more: Any) -> None:
        """Write a rollback that is `ago` seconds old."""
        self._message(procedure_id, step, "rollback", type_name, data, ago, more)

    def commit(self, procedure_id: str, step: int, ago: float) -> None:
        """Write a commit that is `ago` seconds old."""
        self.raw(f"{procedure_id}/{step:010}.commit", b"", ago)

    def raw(self, name: str, value: bytes, ago: float) -> None:
        """Write anything below `procedure/`."""
        self.blob.write(f"procedure/{name}", value, NOW - ago)

    def _message(
        self, procedure_id: str, step: int, kind: str, type_name: str, data: Any, ago: float, more: dict[str, Any]
    ) -> None:
        message = {"type_name": type_name, "data": json.dumps(data), "parent_id": None, "step": step, **more}
        self.raw(f"{procedure_id}/{step:010}.{kind}", json.dumps(message).encode(), ago)


def procedure_id(number: int) -> str:
    """An id that looks like one and is the same in every run."""
    mixed = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 0x1234567) % 2**128
    digits = f"{mixed:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def a_busy_store(**options: Any) -> FakePicture:
    """A store in the middle of things: every verdict, every usual problem, a family."""
    picture = FakePicture(**options)
    table = {"catalog_name": "greptime", "schema_name": "public", "table_name": "http_requests", "table_id": 1042}
    names = ("CreateTable", "AlterTable", "DropTable", "CreateFlow", "TruncateTable", "AlterLogicalTables")
    for number in range(10):
        one = procedure_id(number)
        name = f"metasrv-procedure::{names[number % len(names)]}"
        for step in range(number % 4 + 1):
            state = ("Prepare", "DatanodeCreateRegions", "CreateMetadata", "SubmitAlterRegionRequests")[step]
            data = {
                "state": state,
                "task": {**table, "table_id": 1042 + number},
                "region_routes": [],
                "cluster_id": 0,
            }
            picture.step(one, step, name, data, 6.5 * number**2 + 4 + 9 * (4 - step))
    for number in range(10, 18):
        one = procedure_id(number)
        for step in range(3):
            picture.step(
                one,
                step,
                "metasrv-procedure::CreateTable",
                {"state": "Prepare", "task": table},
                900 * number - step,
            )
        picture.commit(one, 3, 900 * number - 5)
    region = {
        "persistent_ctx": {
            "catalog": "greptime",
            "schema": "public",
            "region_id": 4398046511104,
            "from_peer": {"id": 1, "addr": "10.0.3.14:4001"},
            "to_peer": {"id": 2, "addr": "10.0.3.15:4001"},
            "timeout": "120s",
        },
        "state": {"region_migration_state": "DowngradeLeaderRegion"},
    }
    rolling = procedure_id(30)
    for step in range(3):
        picture.step(rolling, step, "metasrv-procedure::RegionMigration", region, 260 - step * 30)
    picture.rollback(
        rolling,
        3,
        "metasrv-procedure::RegionMigration",
        region,
        140,
        error="Region 4398046511104(1024, 0) is not found on datanode 2: deadline has elapsed",
    )
    picture.rollback(
        procedure_id(31), 7, "metasrv-procedure::DropDatabase", {"state": "End"}, 5400, error="table lock is held"
    )
    parent = procedure_id(40)
    picture.step(parent, 4, "metasrv-procedure::DropDatabase", {"state": "Cursor", "catalog": "greptime"}, 2500)
    for number in (41, 42):
        picture.step(
            procedure_id(number),
            1,
            "metasrv-procedure::DropTable",
            {"state": "OnPrepare"},
            31 + number,
            parent_id=parent,
        )
    picture.step(procedure_id(43), 2, "metasrv-procedure::DropTable", {}, 7300, parent_id=procedure_id(99))
    picture.step(procedure_id(50), 0, "metasrv-procedure::AlterTable", {"state": "Prepare"}, 4000)
    picture.raw(f"{procedure_id(50)}/{1:010}.step", b'{"type_name":"metasrv-procedure::AlterTable","da', 3990)
    picture.step(procedure_id(60), 5, "metasrv-procedure::WalPrune", {"topics": ["wal_0", "wal_1"]}, 86400 * 3)
    picture.rollback(
        procedure_id(60), 5, "metasrv-procedure::WalPrune", {}, 86400 * 3, error="kafka is unreachable"
    )
    return picture


HOSTILE = "\x1b]52;c;aGFja2Vk\x07\x1b[2J\x9b31m\u202egnp.exe\u200b\r\n\t[/oops] [red]x[/red] [1,2]"
"""Drives a terminal's clipboard, screen and colours, hides its order, and breaks markup."""


def a_hostile_store(**options: Any) -> FakePicture:
    """Hostile text wherever a store can hold any."""
    options.setdefault("location", f"/data/{HOSTILE}")
    picture = FakePicture(**options)
    one = procedure_id(1)
    picture.rollback(one, 2, f"evil::{HOSTILE}", {HOSTILE: [HOSTILE, {"x": HOSTILE}]}, 30, error=HOSTILE)
    picture.raw(f"{one}/stray{HOSTILE.replace('/', '_')}", b"", 20)
    two = procedure_id(2)
    picture.raw(f"{two}/0000000001.step", f'{{"type_name": "{HOSTILE}'.encode(), 90)
    three = procedure_id(3)
    picture.raw(f"{three}/0000000001.step.{HOSTILE.replace('/', '_').replace('.', '_')}", b"\xff\xfe\x1b[31m", 100)
    picture.step(procedure_id(4), 1, f"表格::{'数据库' * 20}", {"名称": "数据" * 60, "e\u0301": "u\u0308ber"}, 120)
    return picture


def many(count_of: int, **options: Any) -> FakePicture:
    """So many loaded procedures, each a minute older than the one before it."""
    picture = FakePicture(**options)
    for number in range(count_of):
        picture.step(
            procedure_id(number), 1, "metasrv-procedure::CreateTable", {"number": number}, 60.0 * number + 30
        )
    return picture
