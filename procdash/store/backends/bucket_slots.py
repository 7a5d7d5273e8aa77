"""A bucket as a `SlotStorage`: a folder for each log, an object for each slot, created by a conditional put."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import Final

from procdash.store.backends.object_store_blob import ObjectStoreBlob
from procdash.store.backends.slot_storage import SlotStorage

_DIGITS: Final = 20
_SLOT_NAME = re.compile(rf"[0-9]{{{_DIGITS}}}", re.ASCII)


class BucketSlots(SlotStorage):
    """Slots in a bucket, on a server that honours `If-None-Match: *`.

    A bucket lists the objects of a folder in ascending order of their names, so that a listing needs no lock.

    Args:
        blob: the bucket and the prefix that the logs stand below.
    """

    def __init__(self, blob: ObjectStoreBlob) -> None:
        self.blob = blob
        self.location = blob.place

    async def list_names(self) -> AsyncIterator[str]:
        for name in await self.blob.list_folders():
            if not name.startswith(".") and await self.list_slots(name):
                yield name

    async def list_slots(self, name: str) -> list[int]:
        found = [metadata.key async for metadata in self.blob.list_keys_and_metadata(f"{name}/")]
        slots = [key.removeprefix(f"{name}/") for key in found]
        return [int(slot) for slot in slots if _SLOT_NAME.fullmatch(slot)]

    async def read(self, name: str, slot: int) -> bytes | None:
        return await self.blob.get(_key(name, slot))

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        return await self.blob.set_if_absent(_key(name, slot), payload)

    async def delete(self, name: str, slots: Iterable[int]) -> None:
        for slot in slots:
            await self.blob.delete(_key(name, slot))


def _key(name: str, slot: int) -> str:
    return f"{name}/{slot:0{_DIGITS}d}"
