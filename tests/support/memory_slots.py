"""Slots in memory, where a test decides what happens before and after each operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, TypeVar
from uuid import uuid4

from procdash.store import ExternalError, Indeterminate
from procdash.store.backends.slot_storage import SlotStorage

_Result = TypeVar("_Result")


class MemorySlots(SlotStorage):
    """A storage in dicts."""

    def __init__(self) -> None:
        self.location = f"memory slots {uuid4()}"
        self.slots: dict[str, dict[int, bytes]] = {}

    async def before(self, operation: str, slot: int | None = None) -> None:
        """Awaited by each operation before it takes effect; for subclasses."""

    async def list_names(self) -> AsyncIterator[str]:
        await self.before("list_names")
        for name in [name for name, slots in self.slots.items() if slots]:
            yield name

    async def list_slots(self, name: str) -> list[int]:
        await self.before("list_slots")
        return list(self.slots.get(name, {}))

    async def read(self, name: str, slot: int) -> bytes | None:
        await self.before("read", slot)
        return self.slots.get(name, {}).get(slot)

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        await self.before("create", slot)
        return self.put(name, slot, payload)

    async def delete(self, name: str, slots: Iterable[int]) -> None:
        for slot in slots:
            await self.before("delete", slot)
            self.slots.get(name, {}).pop(slot, None)

    def put(self, name: str, slot: int, payload: bytes) -> bool:
        """Create a slot at once; returns whether it was free."""
        slots = self.slots.setdefault(name, {})
        if slot in slots:
            return False
        slots[slot] = payload
        return True


class Gate:
    """Where one operation waits until the test lets it through."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.opened.wait()


class ScriptedSlots(MemorySlots):
    """Slots of which single operations wait at a gate, or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.lose_replies = 0
        """How many creates are done and then seem to be lost."""
        self.repeat_requests = 0
        """How many creates are done twice by a client underneath, which meets its own slot."""
        self.lose_requests = 0
        """How many creates seem to be lost and are not done."""
        self._gate_in: tuple[int, Gate] | None = None
        self._gates: dict[tuple[str, int | None], list[Gate]] = {}
        self._failures: dict[str, list[ExternalError]] = {}

    def hold(self, operation: str, slot: int | None = None) -> Gate:
        """Let the next such operation wait."""
        gate = Gate()
        self._gates.setdefault((operation, slot), []).append(gate)
        return gate

    def hold_call(self, number: int) -> Gate:
        """Let the `number`th operation from now on wait, whatever it is; the next one is the first."""
        gate = Gate()
        self._gate_in = (number, gate)
        return gate

    def hold_no_more(self) -> None:
        """Forget the gates that nothing has reached."""
        self._gate_in = None
        self._gates.clear()

    def fail(self, operation: str, *errors: ExternalError) -> None:
        """Let the next operations of a kind fail."""
        self._failures.setdefault(operation, []).extend(errors)

    async def before(self, operation: str, slot: int | None = None) -> None:
        if self._gate_in is not None:
            number, gate = self._gate_in
            self._gate_in = (number - 1, gate) if number > 1 else None
            if number == 1:
                await gate.pass_through()
        gates = self._gates.get((operation, slot))
        if gates:
            await gates.pop(0).pass_through()
        failures = self._failures.get(operation)
        if failures:
            raise failures.pop(0)

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        await self.before("create", slot)
        if self.lose_requests:
            self.lose_requests -= 1
            raise Indeterminate("the request was lost")
        created = self.put(name, slot, payload)
        if self.repeat_requests:
            self.repeat_requests -= 1
            return False
        if self.lose_replies:
            self.lose_replies -= 1
            raise Indeterminate("the reply was lost")
        return created


async def started(operation: Coroutine[Any, Any, _Result], gate: Gate) -> asyncio.Task[_Result]:
    """An operation that waits at a gate."""
    task = asyncio.ensure_future(operation)
    await gate.reached.wait()
    return task


async def let_go(task: asyncio.Task[_Result], gate: Gate) -> _Result:
    """What an operation that waits at a gate gives in the end."""
    gate.opened.set()
    return await task
