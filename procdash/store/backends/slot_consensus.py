"""A `Consensus` on any storage that creates a value only where there is none; `SlotLog` says why it holds."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Self

from procdash.store.backends.slot_log import SlotLog
from procdash.store.backends.slot_records import Slot, SlotRecord, key_to_name, name_to_key
from procdash.store.backends.slot_storage import SlotStorage, probe_slot_storage
from procdash.store.consensus import (
    SCAN_ALL,
    CaSResult,
    Consensus,
    SeqNo,
    VersionedData,
    check_new_version,
    truncate_too_high,
)


class SlotConsensus(Consensus):
    """A `Consensus` made of numbered slots below each key, each of which is created once.

    Args:
        storage: where the slots are; `open` tries first whether it keeps what it promises.
    """

    def __init__(self, storage: SlotStorage) -> None:
        self.storage = storage

    @classmethod
    async def open(cls, storage: SlotStorage) -> Self:
        """Use a storage after trying whether it keeps what it promises.

        Raises:
            Determinate: if it cannot hold a consensus; the text says why.
            Indeterminate: if it cannot be reached.
        """
        await probe_slot_storage(storage)
        return cls(storage)

    async def list_keys(self) -> AsyncIterator[str]:
        async for name in self.storage.list_names():
            key = name_to_key(name)
            if key is not None:
                yield key

    async def head(self, key: str) -> VersionedData | None:
        log = self._log(key)
        while True:
            newest = await log.newest()
            if newest is None or newest.record.is_version:
                return None if newest is None else _version(newest)
            version = await log.gather(newest.record, log.read([newest.record.newest]))
            if version is not None:
                return _version(version[0])

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        check_new_version(expected, new)
        log = self._log(key)
        newest = await log.newest()
        while True:
            head = None if newest is None else newest.record.seqno
            if head != expected:
                return CaSResult.EXPECTATION_MISMATCH
            slot = 0 if newest is None else newest.record.slot + 1
            record = SlotRecord(
                slot=slot,
                token=secrets.token_hex(16),
                seqno=int(new.seqno),
                newest=slot,
                oldest=0 if newest is None else newest.record.oldest,
                ordinal=1 if newest is None else newest.record.ordinal + 1,
            )
            newest = await log.append(record, bytes(new.data))
            if newest is None:
                return CaSResult.COMMITTED
            # Where it was a truncation that took the slot, the head is still the expected one.

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        log = self._log(key)
        while True:
            newest = await log.newest()
            if newest is None or newest.record.seqno < from_seqno or limit <= 0:
                return []
            versions = await log.gather(newest.record, _scan(log, newest.record, from_seqno, limit))
            if versions is not None:
                return [_version(slot) for slot in versions]

    async def truncate(self, key: str, seqno: int) -> int:
        log = self._log(key)
        while True:
            newest = await log.newest()
            if newest is None or newest.record.seqno < seqno:
                raise truncate_too_high(seqno)
            found = await log.gather(newest.record, _oldest_and_first_kept(log, newest.record, seqno))
            if found is None:
                continue
            oldest, first_kept = found
            removed = first_kept.ordinal - oldest.ordinal
            if removed:
                record = SlotRecord(
                    slot=newest.record.slot + 1,
                    token=secrets.token_hex(16),
                    seqno=newest.record.seqno,
                    newest=newest.record.newest,
                    oldest=first_kept.slot,
                    ordinal=newest.record.ordinal,
                )
                if await log.append(record, b"") is not None:
                    continue
            await log.remove_below(first_kept.slot)
            return removed

    def _log(self, key: str) -> SlotLog:
        return SlotLog(self.storage, key_to_name(key))


async def _scan(log: SlotLog, newest: SlotRecord, from_seqno: int, limit: int) -> list[Slot]:
    first = await log.find(newest, from_seqno)
    return await log.read_versions(first.record.slot, newest.newest, limit)


async def _oldest_and_first_kept(log: SlotLog, newest: SlotRecord, seqno: int) -> tuple[SlotRecord, SlotRecord]:
    [oldest] = await log.read([newest.oldest])
    first_kept = await log.find(newest, seqno)
    return oldest.record, first_kept.record


def _version(slot: Slot) -> VersionedData:
    return VersionedData(SeqNo(slot.record.seqno), slot.data)
