"""One log of numbered slots, each created once: a register whose contents are its newest slot.

The newest slot says everything about its log (`SlotRecord`). To change the log, by a compare-and-set or by a
truncation, is to create the slot after the newest, and the change takes effect in the moment of that creation.
Four rules make it linearizable; to remove a slot is to delete it from the storage.

1. A slot is created only by a writer that has seen the one before it as the newest, so they come in order.
2. A slot is removed only after a slot above it was created that says it no longer counts. So the newest slot ever
   created is never removed; and `oldest`, which each slot copies from the one before it or raises, never falls.
3. A listing that begins after a slot was created gives that one or a greater one (`SlotStorage.list_slots`). So
   where the greatest listed is n, nothing above n had been created when the listing began, and n had never been
   removed: what was read from n before that listing is what was first put there.
4. The number of a removed slot is free again, and a writer that listed long ago may fill it once more. Such a late
   slot is below `oldest`; by rule 3 nobody takes it for the newest. Its writer looks again after creating: a slot
   has never been removed, and was in time, if it is the greatest listed or if the newest slot's `oldest` is not
   above it. Otherwise nothing tells a late slot from one that was in time and truncated since: `Indeterminate`.

What is gathered from several slots counts if `oldest` is the same afterwards: by rule 2 none of them was removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from procdash.store.backends.slot_records import Slot, SlotRecord, damaged, decode_slot, encode_slot
from procdash.store.backends.slot_storage import SlotStorage
from procdash.store.errors import ExternalError, Indeterminate

_Gathered = TypeVar("_Gathered")

_READ_AT_ONCE = 16


class _SlotMissingError(Exception):
    """A slot is not there any more, or was never created."""

    def __init__(self, slot: int) -> None:
        super().__init__(slot)
        self.slot = slot


class SlotLog:
    """One log in a storage.

    Args:
        storage: where the slots are.
        name: the log's name there.
    """

    def __init__(self, storage: SlotStorage, name: str) -> None:
        self.name = name
        self._storage = storage

    async def newest(self) -> Slot | None:
        """The newest slot at some moment during this call; None where there is none.

        Raises:
            ExternalError: if the storage fails, or the slot is damaged (`Determinate`).
        """
        listed = await self._greatest()
        while listed is not None:
            payload = await self._storage.read(self.name, listed)
            before, listed = listed, await self._greatest()
            if listed == before:  # by rule 3, the value is the one that was first put there
                if payload is None:
                    raise damaged(self.name, listed, "it is listed, but cannot be read")
                return decode_slot(self.name, listed, payload)
        return None

    async def append(self, record: SlotRecord, data: bytes) -> Slot | None:
        """Create the slot after the newest.

        Args:
            record: continues the newest slot that the caller has seen, with a new token.
            data: the version's value; empty for a truncation.

        Returns:
            None where the slot was created in time. Where another writer was quicker nothing happened: the newest
            slot as it is now.

        Raises:
            Determinate: if the storage refuses it.
            Indeterminate: if it may have been created, and reading back does not tell.
        """
        lost_reply: Indeterminate | None = None
        created = False
        try:
            created = await self._storage.create(self.name, record.slot, encode_slot(record, data))
        except Indeterminate as error:
            lost_reply = error
        try:
            if created and await self._greatest() == record.slot:
                return None
            # Also where the storage said "taken": a client that repeats a request may have met its own slot.
            payload = await self._storage.read(self.name, record.slot)
            newest = await self.newest()  # after reading, for rule 4 to say whose slot that was
            if payload is not None and newest is not None and newest.record.oldest <= record.slot:
                is_own = decode_slot(self.name, record.slot, payload).record.token == record.token
                return None if is_own else newest
        except ExternalError as error:
            raise Indeterminate(f"{error.message}; what was just written may be there or not") from error
        why = lost_reply.message if lost_reply else "others went on and truncated the log meanwhile"
        raise Indeterminate(f"{why}; what was just written may have taken effect or not") from lost_reply

    async def gather(self, newest: SlotRecord, reading: Coroutine[Any, Any, _Gathered]) -> _Gathered | None:
        """Run `reading`, which reads slots that count according to `newest`.

        Returns:
            What it returned; None where a truncation came in between, and it may have read what does not count.

        Raises:
            ExternalError: if the storage fails, or a slot is missing that nobody truncated (`Determinate`).
        """
        gathered: _Gathered | None = None
        missing: int | None = None
        try:
            gathered = await reading
        except _SlotMissingError as error:
            missing = error.slot
        if await self._greatest() != newest.slot:
            now = await self.newest()
            if now is None or now.record.oldest != newest.oldest:
                return None
        if missing is not None:
            raise damaged(self.name, missing, "it is missing")
        return gathered

    async def read(self, slots: Sequence[int]) -> list[Slot]:
        """Several slots, in the order given; only within `gather`."""
        return list(await asyncio.gather(*map(self._read, slots)))

    async def read_versions(self, first: int, last: int, limit: int) -> list[Slot]:
        """The versions in the slots from `first` to `last`, at most `limit`; only within `gather`."""
        versions: list[Slot] = []
        start = first
        while start <= last and len(versions) < limit:
            end = min(start + min(_READ_AT_ONCE, limit - len(versions)), last + 1)
            versions.extend(slot for slot in await self.read(range(start, end)) if slot.record.is_version)
            start = end
        return versions

    async def find(self, newest: SlotRecord, seqno: int) -> Slot:
        """The oldest version that counts whose number is at least `seqno`; only within `gather`.

        Args:
            newest: the newest slot; its number must be at least `seqno`.
            seqno: the number looked for.
        """
        low, high = newest.oldest, newest.newest
        while low < high:  # numbers rise from slot to slot, and a truncation has that of the version before it
            middle = (low + high) // 2
            if (await self._read(middle)).record.seqno < seqno:
                low = middle + 1
            else:
                high = middle
        return await self._read(low)

    async def remove_below(self, slot: int) -> None:
        """Remove what no longer counts: the slots below `slot`, which is or was the newest slot's `oldest`.

        Raises:
            Indeterminate: if some could not be removed; the truncation itself has taken effect.
        """
        try:
            removable = [number for number in await self._storage.list_slots(self.name) if number < slot]
            if removable:
                await self._storage.delete(self.name, removable)
        except ExternalError as error:
            raise Indeterminate(
                f"truncated, but the space was not freed: {error.message}; truncating again frees it"
            ) from error

    async def _greatest(self) -> int | None:
        return max(await self._storage.list_slots(self.name), default=None)

    async def _read(self, slot: int) -> Slot:
        payload = await self._storage.read(self.name, slot)
        if payload is None:
            raise _SlotMissingError(slot)
        return decode_slot(self.name, slot, payload)
