"""Keeps an index current: the first scan, hints, sweeps, and what to do when the store is lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from procdash.live.index import ProcedureIndex, RowEvent
from procdash.live.watch import Watch, WatchUnavailable
from procdash.store.errors import Determinate, ExternalError
from procdash.store.reader import ProcedureReader
from procdash.store.records import ProcedureDetail, ProcedureRecord

Listener = Callable[[Sequence[RowEvent]], None]
"""Told of every batch of row events, and with none where only the status changed."""


class StoreState(StrEnum):
    """How the picture stands to the store."""

    OPENING = "opening"
    """The first scan is under way; rows appear as they are read."""
    LIVE = "live"
    """Changes are noticed as they happen."""
    POLLING = "polling"
    """Changes are looked for from time to time."""
    LOST = "lost"
    """The store cannot be read; the picture is the last one known."""


class Status(NamedTuple):
    """The state of the picture, with what a user wants to know about it."""

    state: StoreState
    reason: str | None = None
    """Why it is polling or lost, in a person's words."""
    since: float | None = None
    """Since when it is lost, in Unix seconds."""
    progress: tuple[int, int] | None = None
    """While opening: how many entries are read, of how many."""


class Pace(NamedTuple):
    """How often things are done, in seconds."""

    sweep_when_watched: float = 30.0
    """At least this long between two sweeps while a watch gives hints."""
    sweep_when_polling: float = 1.0
    """At least this long between two sweeps without a watch."""
    sweep_share: float = 0.02
    """At most this share of the time is spent sweeping."""
    second_look: float = 0.3
    """A hinted entry is read again after this long: the first file in a new directory may come without a hint."""
    settling: float = 1.0
    """For this long after it was written, a value that does not decode counts as half-written."""
    settling_look: float = 0.1
    """A half-written value is read again after this long."""
    presence: float = 1.0
    """How often to look whether the store is still there and still the same one."""
    retry: tuple[float, float] = (0.5, 5.0)
    """The first and the longest wait before a lost store is tried again."""
    watch_retry: float = 60.0
    """How long to poll before watching is tried again."""


_FIRST_BATCH = 64
_BATCH = 512
_NOT_WATCHABLE = "this kind of store gives no notice of changes"


class Monitor:
    """The live picture of one store.

    Args:
        reader: how to look at the store.
        watch: gives hints; None where the store cannot be watched.
        pace: how often things are done.
        now: the wall clock, in Unix seconds.
    """

    def __init__(
        self,
        reader: ProcedureReader,
        watch: Watch | None = None,
        *,
        pace: Pace | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.reader = reader
        self.index = ProcedureIndex()
        """The current picture."""
        self.status = Status(StoreState.OPENING)
        """How the picture stands to the store."""
        self._watch = watch
        self._not_watched: str | None = _NOT_WATCHABLE
        self._watch_is_pending = watch is not None
        self._pace = pace or Pace()
        self._now = now
        self._listeners: list[Listener] = []
        self._identity: str | None = None
        self._is_open = False
        self._reading = asyncio.Lock()
        self._hinted: set[str] = set()
        self._due: dict[str, float] = {}
        self._undecoded_since: dict[str, float] = {}
        self._sweep_at = 0.0
        self._wake = asyncio.Event()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every change from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        """All keys of one procedure, freshly listed; None where it is gone. Raises `ExternalError`.

        Args:
            procedure_id: which.
            entries: where keys of it may stand as well, beside the places where some were found before.
        """
        async with self._reading:
            detail = await self.reader.read_detail(procedure_id, entries)
        # What is missing is only gone if the store itself is still there.
        if self._identity is not None and not await self._is_still_there():
            raise Determinate(f"{self.reader.location} has been replaced by another store")
        return detail

    async def read_value(self, key: str) -> bytes | None:
        """The value of one stored key; None where it is gone. Raises `ExternalError`."""
        return await self.reader.read_value(key)

    async def read_once(self) -> None:
        """Read the whole store once, without following it.

        Raises:
            ExternalError: if the store cannot be read.
        """
        self._identity = await self.reader.identity()
        await self._scan()
        while self._due:  # half-written values get the time to be finished
            await self._sleep_until(min(self._due.values()))
            await self._read(self._take_due())

    async def run(self) -> None:
        """Follow the store until cancelled; a store that is lost is tried again until it comes back."""
        wait, longest = self._pace.retry
        while True:
            try:
                self._identity = await self.reader.identity()
                self._is_open = False
                async with self._watching():
                    await self._scan()
                    wait, _ = self._pace.retry
                    await self._follow()
            except ExternalError as error:
                since = self.status.since if self.status.state is StoreState.LOST else self._now()
                self._say(Status(StoreState.LOST, error.message, since))
                await asyncio.sleep(wait)
                wait = min(wait * 2, longest)

    async def _scan(self) -> None:
        """Read every entry, in batches, so that the first rows show at once."""
        async with self._reading:
            listed = await self.reader.list_entries()
        # What was there before the store was lost may be gone.
        entries = sorted(self.index.entries().union(listed))
        done = 0
        while done < len(entries):
            batch = entries[done : done + (_BATCH if done else _FIRST_BATCH)]
            await self._read(batch)
            done += len(batch)
            self._say(Status(StoreState.OPENING, progress=(done, len(entries))))
        self._sweep_at = 0.0  # for what came or went while the scan ran, or while the store was lost
        self._is_open = True
        self._say_opened()

    async def _follow(self) -> None:
        """Read what hints and sweeps point at, until the store is lost or has become another."""
        look_at = 0.0
        while True:
            now = time.monotonic()
            if now >= look_at:
                if not await self._is_still_there():
                    return
                look_at = now + self._pace.presence
            if now >= self._sweep_at:
                await self._sweep()
            entries = self._take_due()
            for start in range(0, len(entries), _BATCH):
                await self._read(entries[start : start + _BATCH])
            await self._sleep_until(min([look_at, self._sweep_at, *self._due.values()]))

    async def _sweep(self) -> None:
        began = time.monotonic()
        async with self._reading:
            changed = await self.reader.find_changed_entries()
        ended = time.monotonic()
        base = self._pace.sweep_when_polling if self._not_watched else self._pace.sweep_when_watched
        self._sweep_at = ended + max(base, (ended - began) / self._pace.sweep_share)
        self._due.update(dict.fromkeys(changed, ended))

    def _take_due(self) -> list[str]:
        """The entries to read now; the hinted ones are looked at once more a little later."""
        now = time.monotonic()
        due = self._hinted | {entry for entry, at in self._due.items() if at <= now}
        for entry in due:
            self._due.pop(entry, None)
        self._due.update(dict.fromkeys(self._hinted, now + self._pace.second_look))
        self._hinted.clear()
        return sorted(due)

    async def _read(self, entries: Sequence[str]) -> None:
        async with self._reading:
            reading = await self.reader.read_entries(entries)
        # What is missing is only gone if the store itself is still there.
        if reading.removed and not await self._is_still_there():
            return
        for procedure_id in reading.removed:
            self._undecoded_since.pop(procedure_id, None)
        whole = tuple(record for record in reading.records if not self._is_half_written(record))
        events = self.index.apply_reading(reading._replace(records=whole))
        if events:
            self._tell(events)

    def _is_half_written(self, record: ProcedureRecord) -> bool:
        """Whether a value that does not decode is so fresh that it is read again before it is believed."""
        if record.failure is None or record.modified_at is None or not record.is_readable:
            self._undecoded_since.pop(record.procedure_id, None)
            return False
        now = time.monotonic()
        since = self._undecoded_since.setdefault(record.procedure_id, now)
        written_ago = self._now() - record.modified_at
        if written_ago > self._pace.settling or now - since > self._pace.settling:
            return False
        self._due[record.directory.partition("/")[0]] = now + self._pace.settling_look
        return True

    async def _is_still_there(self) -> bool:
        return await self.reader.identity() == self._identity

    async def _sleep_until(self, moment: float) -> None:
        """Sleep until a moment of the monotonic clock, or until there is something to do."""
        self._wake.clear()
        if not self._hinted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, moment - time.monotonic())):
                    await self._wake.wait()

    @contextlib.asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        self._not_watched = _NOT_WATCHABLE
        self._watch_is_pending = self._watch is not None
        watching = asyncio.create_task(self._run_watch())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _run_watch(self) -> None:
        while self._watch is not None:
            try:
                await self._watch.run(self._on_hint)
            except WatchUnavailable as unavailable:
                self._not_watched = str(unavailable)
                self._watch_is_pending = False
                self._say_opened()
                self._sweep_soon()
            await asyncio.sleep(self._pace.watch_retry)

    def _on_hint(self, entries: Collection[str] | None) -> None:
        if entries is not None:
            self._hinted.update(entries)
            self._wake.set()
            return
        self._not_watched = None
        self._watch_is_pending = False
        self._say_opened()
        self._sweep_soon()

    def _sweep_soon(self) -> None:
        self._sweep_at = 0.0
        self._wake.set()

    def _say_opened(self) -> None:
        """Say how the store is followed, once the first scan is over and it is known whether it can be watched."""
        if not self._is_open or self._watch_is_pending:
            return
        is_live = self._not_watched is None
        self._say(Status(StoreState.LIVE) if is_live else Status(StoreState.POLLING, self._not_watched))

    def _say(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self._tell(())

    def _tell(self, events: Sequence[RowEvent]) -> None:
        for listener in tuple(self._listeners):
            listener(events)
