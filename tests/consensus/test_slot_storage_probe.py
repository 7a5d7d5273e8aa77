"""The probe of a place that is to hold slots: what it finds, what it says, and that it leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.memory_slots import MemorySlots

from procdash.store import Determinate, Indeterminate
from procdash.store.backends.local_slots import LocalSlots
from procdash.store.backends.slot_consensus import SlotConsensus
from procdash.store.backends.slot_storage import probe_slot_storage


class Overwriting(MemorySlots):
    """Ignores the condition, as some S3 servers and clients do."""

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        self.slots.setdefault(name, {})[slot] = payload
        return True


class OverwritingQuietly(MemorySlots):
    """Says that the slot was taken, and overwrites it."""

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        was_free = slot not in self.slots.setdefault(name, {})
        self.slots[name][slot] = payload
        return was_free


class OverwritingEmpty(MemorySlots):
    """Protects values that are not empty."""

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        if not self.slots.setdefault(name, {}).get(slot):
            self.slots[name].pop(slot, None)
        return await super().create(name, slot, payload)


class LosingEmpty(MemorySlots):
    """Reads an empty value as none."""

    async def read(self, name: str, slot: int) -> bytes | None:
        return await super().read(name, slot) or None


class NeverFree(MemorySlots):
    """Says that every slot was taken."""

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        await super().create(name, slot, payload)
        return False


class Cached(MemorySlots):
    """Lists what it listed the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[int] | None = None

    async def list_slots(self, name: str) -> list[int]:
        if self.listed is None:
            self.listed = await super().list_slots(name)
        return self.listed


class NeverListing(MemorySlots):
    """Lists nothing."""

    async def list_slots(self, name: str) -> list[int]:
        assert name
        return []


class Unreachable(MemorySlots):
    """Times out."""

    async def before(self, operation: str, slot: int | None = None) -> None:  # noqa: ARG002 - all alike
        raise Indeterminate.timeout(operation)


class Closed(MemorySlots):
    """Refuses to be written."""

    async def before(self, operation: str, slot: int | None = None) -> None:  # noqa: ARG002 - all alike
        raise Determinate("permission denied")


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        (Overwriting, "it overwrites a value although it was asked to create only"),
        (OverwritingQuietly, "a value does not read back as it was written"),
        (OverwritingEmpty, "it overwrites an empty value although it was asked to create only"),
        (LosingEmpty, "an empty value does not read back as it was written"),
        (NeverFree, "it says that a value is there already where nothing was written"),
        (NeverListing, "a listing does not show what has just been written"),
        (Cached, "a listing still shows what has just been deleted"),
        (Closed, "permission denied"),
    ],
)
async def test_a_place_that_cannot_hold_a_consensus(storage: type[MemorySlots], reason: str) -> None:
    place = storage()
    for _ in range(2):  # a refusal is not remembered: the place may be put right
        with pytest.raises(Determinate) as raised:
            await SlotConsensus.open(place)
        assert raised.value.message == f"{place.location} cannot hold a consensus: {reason}"
    assert not any(place.slots.values())


async def test_a_place_that_cannot_be_reached() -> None:
    with pytest.raises(Indeterminate, match="timeout") as raised:
        await probe_slot_storage(Unreachable())
    assert raised.value.is_timeout


async def test_a_place_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = MemorySlots()
    calls: list[str] = []

    async def count(operation: str, slot: int | None = None) -> None:  # noqa: ARG001 - all alike
        calls.append(operation)

    monkeypatch.setattr(place, "before", count)
    await probe_slot_storage(place)
    assert calls.count("create") == 4
    calls.clear()
    await probe_slot_storage(place)
    assert calls == []


async def test_a_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    await SlotConsensus.open(LocalSlots(tmp_path / "new" / "place"))
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["new", "new/place"]
