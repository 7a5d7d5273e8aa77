"""The simulated engine: writes to a store what a GreptimeDB that runs procedures would write to it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from random import Random

from procdash.demo.adoption import find_procedure
from procdash.demo.simulation import MAX_RUNNING, Simulation, Write
from procdash.store.errors import ExternalError
from procdash.store.keys import KeyType
from procdash.store.procedure_store import ProcedureStore

_log = logging.getLogger(__name__)

_FEWEST_PROCEDURES = 12
_WRITES_PER_LIFE = 4
_LINGERING_SHARE = 0.2
_LONGEST_LINGER_SECONDS = 6.0

_TIMER_RESOLUTION_SECONDS = 0.01
_LONGEST_LAG_SECONDS = 1.0


class Engine:
    """Runs believable procedures in a store: submits them, moves them step by step, and removes what has ended.

    It never reads back what it wrote, as the real runner does not: a directory that an operator removes comes back
    with the next step. A write that fails is tried again, and a procedure whose retries are used up rolls back. A
    removal that fails is given up, and the keys stay.

    Args:
        store: where to write; usually one that does not sync.
        rate: how many keys to write a second, on average; removals come on top.
        seed: decides everything but the timing. An engine that works on a store in which an earlier one left
            procedures needs another seed, since the same one gives the same ids.
        adopt_ids: procedures of the store to go on with. They are read once, at the start, a few hundred a second.
            What the demo does not know, and children without their parents, are left alone.
        population: how many procedures to keep in the store, beside those that are not its own. By default as many
            as were adopted, at least 12 and at most 128; a family may exceed it by a few.
        sleep: waits for some seconds.
        clock: tells the time, in seconds since whenever.

    Raises:
        ValueError: if `rate` is not above zero.
    """

    def __init__(
        self,
        store: ProcedureStore,
        *,
        rate: float,
        seed: int,
        adopt_ids: Collection[str] = (),
        population: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if rate <= 0:
            raise ValueError(f"a rate must be above zero, got {rate}")
        if population is None:
            population = min(max(len(adopt_ids), _FEWEST_PROCEDURES), MAX_RUNNING)
        life = population * _WRITES_PER_LIFE / rate
        linger = min(life * _LINGERING_SHARE, _LONGEST_LINGER_SECONDS)
        self._store = store
        self._simulation = Simulation(seed, population=population, linger=linger)
        self._adopt_ids = adopt_ids
        self._mean_interval = 1 / rate
        self._intervals = Random(seed)  # noqa: S311 - a simulation, not a secret
        self._sleep = sleep
        self._clock = clock
        self._scheduled = 0.0
        """Seconds since the start, going by the intervals: the time by which everything is decided."""
        self._started_at = 0.0
        """When it would have started had it never fallen far behind."""

    async def run(self) -> None:
        """Run until cancelled."""
        await self._adopt()
        self._started_at = self._clock()
        while True:
            await self._remove_ended()
            write = self._simulation.next_write(self._scheduled)
            if write is not None:
                await self._carry_out(write)
            await self._pause()

    async def _adopt(self) -> None:
        found = []
        for procedure_id in self._adopt_ids:
            try:
                procedure = await find_procedure(self._store, procedure_id)
            except ExternalError as error:
                _log.warning("Failed to read procedure %s: %s", procedure_id, error)
            else:
                found.extend([procedure] if procedure is not None else [])
        self._simulation.adopt(found, self._scheduled)

    async def _remove_ended(self) -> None:
        for procedure_ids in self._simulation.take_removals(self._scheduled):
            for procedure_id in procedure_ids:
                try:
                    await self._store.delete_procedure(procedure_id)
                except ExternalError as error:
                    _log.warning("Failed to delete procedure %s: %s", procedure_id, error)

    async def _carry_out(self, write: Write) -> None:
        message = write.message
        try:
            match write.key_type:
                case KeyType.STEP:
                    await self._store.store_procedure(
                        write.procedure_id,
                        message.step,
                        message.type_name,
                        message.data,
                        message.parent_id,
                        message.context,
                    )
                case KeyType.COMMIT:
                    await self._store.commit_procedure(write.procedure_id, message.step)
                case KeyType.ROLLBACK:
                    await self._store.rollback_procedure(write.procedure_id, message)
        except ExternalError as error:
            _log.warning("Failed to write %s of procedure %s: %s", write.key_type, write.procedure_id, error)
            self._simulation.failed(write, self._scheduled)
        else:
            self._simulation.succeeded(write, self._scheduled)

    async def _pause(self) -> None:
        """Wait for the next write's turn; several go together where they are closer than a timer can tell."""
        self._scheduled += self._mean_interval * self._intervals.uniform(0.5, 1.5)
        ahead = self._started_at + self._scheduled - self._clock()
        if ahead < -_LONGEST_LAG_SECONDS:  # a slow disk or a suspended process is not made up for
            self._started_at -= ahead + _LONGEST_LAG_SECONDS
        await self._sleep(ahead if ahead >= _TIMER_RESOLUTION_SECONDS else 0.0)
