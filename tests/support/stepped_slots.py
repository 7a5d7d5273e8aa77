"""Slots in memory whose every step waits for its turn, so that a test decides in which order things happen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

from procdash.store import Indeterminate
from support.memory_slots import MemorySlots

_LET_OTHERS_RUN = 12
_NAPS = 0.1
_LONGEST_NAP = 60
_LONGEST_DELAY = 20


class SteppedSlots(MemorySlots):
    """A storage that does exactly what `SlotStorage` promises and nothing better.

    A listing sees some of what comes and goes while it lasts; a create may lose its reply, be repeated by a client
    underneath that then meets its own slot, or arrive late.

    Args:
        seed: of every choice.
        faults: the share of creates that end in one of these ways, 0 to 1.
    """

    def __init__(self, seed: int, faults: float = 0.0) -> None:
        super().__init__()
        self.faults = faults
        self._random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self._step = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._late: set[asyncio.Task[None]] = set()

    async def run(self, *clients: Coroutine[Any, Any, None]) -> None:
        """Let the clients run to their ends, one step of one of them at a time."""
        tasks = [asyncio.ensure_future(client) for client in clients]
        while not all(task.done() for task in (*tasks, *self._late)):
            for _ in range(_LET_OTHERS_RUN):
                await asyncio.sleep(0)
            if self._waiting:
                self._step += 1
                awake = [waiting for waiting in self._waiting if waiting[0] <= self._step]
                chosen = self._random.choice(awake or self._waiting)
                self._waiting.remove(chosen)
                chosen[1].set_result(None)
        await asyncio.gather(*tasks, *self._late)

    async def before(self, operation: str, slot: int | None = None) -> None:  # noqa: ARG002 - all wait alike
        # Some stay behind for long, while others go on: what they do next comes late.
        nap = self._random.randrange(_LONGEST_NAP) if self._random.random() < _NAPS else 0
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((self._step + nap, turn))
        await turn

    async def list_slots(self, name: str) -> list[int]:
        before = set(await super().list_slots(name))
        after = set(await super().list_slots(name))
        seen = {slot for slot in before ^ after if self._random.random() < 0.5} | (before & after)
        if max(seen, default=-1) < max(before, default=-1):
            seen.add(max(after))
        return list(seen)

    async def create(self, name: str, slot: int, payload: bytes) -> bool:
        if self._random.random() >= self.faults:
            return await super().create(name, slot, payload)
        match self._random.randrange(4):
            case 0:  # a client underneath lost the reply and repeats the request
                await super().create(name, slot, payload)
                return await super().create(name, slot, payload)
            case 1:
                await super().create(name, slot, payload)
            case 2:
                self._late.add(asyncio.ensure_future(self._create_late(name, slot, payload)))
        raise Indeterminate("the reply was lost")

    async def _create_late(self, name: str, slot: int, payload: bytes) -> None:
        for _ in range(self._random.randrange(_LONGEST_DELAY)):
            await self.before("create")
        self.put(name, slot, payload)
