"""What the tests of the store share: ids, messages, and small ways to fill and look at a blob."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Literal

from procdash.store import Blob, BlobMetadata, ProcedureMessage, ProcedureMessages, ProcedureStore, StateStore
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.memory import MemoryBlob

ID = "9f805a1f-05f7-490c-9f91-bd56e3cc54c1"
OTHER_ID = "1b2c3d4e-0000-4000-8000-00000000abcd"
THIRD_ID = "00000000-0000-0000-0000-000000000000"

BACKENDS = ("memory", "local")
Backend = Literal["memory", "local"]


def make_blob(backend: Backend, directory: Path) -> Blob:
    return MemoryBlob() if backend == "memory" else LocalBlob(directory, sync=False)


def store_on(blob: Blob, parent_path: str = "") -> ProcedureStore:
    return ProcedureStore(StateStore(blob), parent_path)


def message(data: str = "d", *, step: int = 0, parent_id: str | None = None, error: str | None = None) -> bytes:
    return ProcedureMessage("T", data, parent_id, step, error).to_json().encode()


async def fill(blob: Blob, values: Mapping[str, bytes]) -> None:
    for key, value in values.items():
        await blob.set(key, value)


async def keys_of(blob: Blob, prefix: str = "") -> list[str]:
    return sorted([metadata.key async for metadata in blob.list_keys_and_metadata(prefix)])


async def listed(blob: Blob, key: str) -> BlobMetadata:
    """What a listing says about a key that is there."""
    [found] = [metadata async for metadata in blob.list_keys_and_metadata(key) if metadata.key == key]
    return found


def files_below(directory: Path) -> list[str]:
    """Every name below a directory, also the ones that no listing shows."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def summary(loaded: ProcedureMessages) -> dict[str, str]:
    """Which of the three sets each id is in; the data is beside it where there is any."""
    return {
        **{found: f"loaded {what.data}" for found, what in loaded.messages.items()},
        **{found: f"rolling back {what.data}" for found, what in loaded.rollback_messages.items()},
        **dict.fromkeys(loaded.finished_ids, "finished"),
    }


async def loaded_from(blob: Blob) -> dict[str, str]:
    return summary(await store_on(blob).load_messages())


class ListedBlob(MemoryBlob):
    """A memory blob that lists its keys in an order of the test's choosing."""

    def __init__(self, order: Iterable[str] = ()) -> None:
        super().__init__()
        self.order = list(order)

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        found = {metadata.key: metadata async for metadata in super().list_keys_and_metadata(key_prefix)}
        for key in self.order:
            if key in found:
                yield found[key]


class RecordingBlob(MemoryBlob):
    """A memory blob that remembers the writes it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []

    async def set(self, key: str, value: bytes) -> None:
        self.calls.append(("set", key))
        await super().set(key, value)

    async def delete(self, key: str) -> int | None:
        self.calls.append(("delete", key))
        return await super().delete(key)
