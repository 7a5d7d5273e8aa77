"""What a backend must offer to hold a `Consensus`, and the probe that finds out whether it does."""

from __future__ import annotations

import contextlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable

from procdash.store.errors import Determinate, ExternalError

PROBE_PREFIX = ".probe-"
"""Begins the name of a log that only a probe writes to; `SlotStorage.list_names` leaves it out."""

_probed: set[str] = set()


class SlotStorage(ABC):
    """Whole values in numbered slots below named logs, with the one guarantee that a slot is written at most once.

    Everything is linearizable: what one caller created or deleted, every caller sees at once. Names are ASCII
    letters, digits and `%-._`, at most 255 of them, and differ in more than the case of a letter. Errors are
    `Determinate` where nothing happened and `Indeterminate` where it may have.
    """

    location: str
    """The place in words, without secrets; two handles on one place have the same."""

    @abstractmethod
    def list_names(self) -> AsyncIterator[str]:
        """The names of the logs that have a slot, without those that start with a dot, in any order."""

    @abstractmethod
    async def list_slots(self, name: str) -> list[int]:
        """The numbers of a log's slots, in any order; empty where there is no such log.

        A slot that is there from the beginning of the call to its end is listed, one that comes or goes meanwhile
        may be. The greatest listed is at least the greatest that was there in the beginning, even if that one
        goes meanwhile, which happens only after a greater one has come. A listing in ascending order holds that
        by itself: it meets the greater one later. A listing in any other order must keep deletions out.
        """

    @abstractmethod
    async def read(self, name: str, slot: int) -> bytes | None:
        """The value in a slot, or None where there is none."""

    @abstractmethod
    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        """Put a value into a slot that is free, whole or not at all.

        Returns:
            True where this call filled the slot, on the disk and for every reader; False where it was taken,
            possibly by this very call where a client underneath repeats requests.
        """

    @abstractmethod
    async def delete(self, name: str, slots: Iterable[int]) -> None:
        """Empty slots, and pass over those that are empty; a log without slots leaves nothing behind."""


async def probe_slot_storage(storage: SlotStorage) -> None:
    """Try whether a place keeps what `SlotStorage` promises; once per place and process.

    Raises:
        Determinate: if it does not; the text says what it lacks.
        Indeterminate: if it cannot be reached.
    """
    if storage.location in _probed:
        return
    name = f"{PROBE_PREFIX}{secrets.token_hex(8)}"
    try:
        lack = await _find_lack(storage, name)
    except Determinate as error:
        raise Determinate(f"{storage.location} cannot hold a consensus: {error.message}") from error
    finally:
        with contextlib.suppress(ExternalError):  # what is left of a probe is never listed
            await storage.delete(name, (0, 1))
    if lack:
        raise Determinate(f"{storage.location} cannot hold a consensus: {lack}")
    _probed.add(storage.location)


async def _find_lack(storage: SlotStorage, name: str) -> str | None:
    """What the place lacks, in words; None where it lacks nothing."""
    # An empty value has a slot of its own: there are clients that protect only those that are not empty.
    for slot, first, kind in ((0, b"first", "a value"), (1, b"", "an empty value")):
        if not await storage.create(name, slot, first):
            return f"it says that {kind} is there already where nothing was written"
        if await storage.create(name, slot, b"second"):
            return f"it overwrites {kind} although it was asked to create only"
        if await storage.read(name, slot) != first:
            return f"{kind} does not read back as it was written"
    if sorted(await storage.list_slots(name)) != [0, 1]:
        return "a listing does not show what has just been written"
    await storage.delete(name, (0, 1))
    if await storage.list_slots(name):
        return "a listing still shows what has just been deleted"
    return None
