"""Versions in this process's memory, for tests and for trying things out."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import AsyncIterator

from procdash.store.consensus import (
    SCAN_ALL,
    CaSResult,
    Consensus,
    SeqNo,
    VersionedData,
    check_new_version,
    truncate_too_high,
)
from procdash.store.key_rules import check_key

_named: dict[str, MemoryConsensus] = {}


class MemoryConsensus(Consensus):
    """A `Consensus` in a dict, whose keys are listed in the order of their first versions."""

    def __init__(self) -> None:
        self._versions: dict[str, list[VersionedData]] = {}
        # No operation awaits in the middle, so one loop needs no lock; a second one may run in another thread.
        self._lock = threading.Lock()

    @classmethod
    def named(cls, name: str) -> MemoryConsensus:
        """The one consensus of this process that goes by `name`."""
        return _named.setdefault(name, cls())

    async def list_keys(self) -> AsyncIterator[str]:
        with self._lock:
            keys = list(self._versions)
        for key in keys:
            yield key

    async def head(self, key: str) -> VersionedData | None:
        check_key(key)
        with self._lock:
            versions = self._versions.get(key)
            return versions[-1] if versions else None

    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        check_new_version(expected, new)
        check_key(key)
        with self._lock:
            versions = self._versions.get(key)
            head = versions[-1].seqno if versions else None
            if head != expected:
                return CaSResult.EXPECTATION_MISMATCH
            self._versions.setdefault(key, []).append(VersionedData(SeqNo(new.seqno), bytes(new.data)))
            return CaSResult.COMMITTED

    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        check_key(key)
        with self._lock:
            versions = self._versions.get(key, [])
            first = _position(versions, from_seqno)
            return versions[first : first + max(limit, 0)]

    async def truncate(self, key: str, seqno: int) -> int:
        check_key(key)
        with self._lock:
            versions = self._versions.get(key)
            if not versions or versions[-1].seqno < seqno:
                raise truncate_too_high(seqno)
            removed = _position(versions, seqno)
            del versions[:removed]
            return removed


def _position(versions: list[VersionedData], seqno: int) -> int:
    """Where the first version with a number of at least `seqno` is."""
    return bisect_left(versions, seqno, key=lambda version: version.seqno)
