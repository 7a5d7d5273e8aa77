"""Procedure stores in directories, written the way an engine of the time writes them."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from procdash.live.index import ProcedureIndex
from procdash.live.monitor import Monitor
from procdash.store import KeyType, ProcedureMessage, open_procedure_reader


def procedure_id(number: int) -> str:
    """A canonical id that is easy to tell from others."""
    return str(UUID(int=number * 0x0001_0001_0001_0001_0001_0001_0001_0001 & (1 << 128) - 1))


def message_json(
    type_name: str = "metasrv-procedure::CreateTable",
    data: str = "{}",
    parent_id: str | None = None,
    step: int = 0,
    error: str | None = None,
) -> str:
    return ProcedureMessage(type_name, data, parent_id, step, error).to_json()


class PlainStore:
    """A procedure store written with plain file operations, as upstream does: in place, unsynced."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "procedure"
        self.directory.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, value: str = "", *, modified_at: float | None = None) -> Path:
        """Write a key relative to `procedure/`."""
        path = self.directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value, encoding="utf-8")
        if modified_at is not None:
            os.utime(path, (modified_at, modified_at))
        return path

    def step(self, identity: str, step: int, **message: str | None) -> Path:
        value = message_json(step=step, **message)  # type: ignore[arg-type] # texts only
        return self.put(f"{identity}/{step:010}.{KeyType.STEP}", value)

    def commit(self, identity: str, step: int) -> Path:
        return self.put(f"{identity}/{step:010}.{KeyType.COMMIT}")

    def delete(self, identity: str) -> None:
        """Delete as the engine does: steps, then markers, then the directory."""
        directory = self.directory / identity
        for suffix in ("step", "commit", "rollback"):
            for path in sorted(directory.glob(f"*.{suffix}")):
                path.unlink()
        directory.rmdir()


async def fresh_index(root: Path) -> ProcedureIndex:
    """What a newly started procdash makes of a directory."""
    monitor = Monitor(open_procedure_reader(str(root)))
    await monitor.read_once()
    return monitor.index


def picture(index: ProcedureIndex) -> dict[str, object]:
    """An index as plain data, to compare two of them."""
    return {
        "records": {record.procedure_id: record for record in index.records()},
        "counts": {verdict: count for verdict, count in index.counts.items() if count},
        "unknown_keys": index.unknown_keys(),
    }
