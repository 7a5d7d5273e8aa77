"""What clients did to one log and what they were told, and whether one order of events explains it all."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from procdash.store import CaSResult, Consensus, Determinate, ExternalError, VersionedData

Versions = tuple[VersionedData, ...]
"""A log, oldest first."""

TOO_HIGH = "upper bound too high"
"""Stands for the error of a truncation that was refused."""

UNKNOWN = "unknown"
"""Stands for the result of an operation that may have happened, or may happen yet."""


class Call(NamedTuple):
    """One operation as it was asked for, and what it does to a log: the new log and the result."""

    words: str
    start: Callable[[Consensus, str], Awaitable[object]]
    effect: Callable[[Versions], tuple[Versions, object]]


def head() -> Call:
    return Call("head", lambda store, key: store.head(key), lambda log: (log, log[-1] if log else None))


def scan(from_seqno: int, limit: int) -> Call:
    def effect(log: Versions) -> tuple[Versions, object]:
        return log, [version for version in log if version.seqno >= from_seqno][:limit]

    return Call(f"scan({from_seqno}, {limit})", lambda store, key: store.scan(key, from_seqno, limit), effect)


def cas(expected: int | None, new: VersionedData) -> Call:
    def effect(log: Versions) -> tuple[Versions, object]:
        if (log[-1].seqno if log else None) != expected:
            return log, CaSResult.EXPECTATION_MISMATCH
        return (*log, new), CaSResult.COMMITTED

    return Call(f"cas({expected}, {new})", lambda store, key: store.compare_and_set(key, expected, new), effect)


def truncate(seqno: int) -> Call:
    def effect(log: Versions) -> tuple[Versions, object]:
        if not log or log[-1].seqno < seqno:
            return log, TOO_HIGH
        kept = tuple(version for version in log if version.seqno >= seqno)
        return kept, len(log) - len(kept)

    return Call(f"truncate({seqno})", lambda store, key: store.truncate(key, seqno), effect)


class Event(NamedTuple):
    """An operation that was carried out."""

    call: Call
    result: object
    began: int
    ended: float


@dataclass
class History:
    """Records operations on one key and looks for an order that explains them."""

    key: str
    before: Versions = ()
    events: list[Event] = field(default_factory=list)
    _clock: count[int] = field(default_factory=count)

    async def run(self, consensus: Consensus, call: Call) -> object:
        """Carry out an operation through any handle and record it.

        Returns:
            Its result; `UNKNOWN` where it may have happened, and the error where it did not.
        """
        event = Event(call, UNKNOWN, next(self._clock), math.inf)
        self.events.append(event)
        result: object = UNKNOWN
        try:
            result = await call.start(consensus, self.key)
        except Determinate as error:
            self.events.remove(event)  # nothing may show it
            return error
        except ExternalError as error:
            if TOO_HIGH in error.message:
                result = TOO_HIGH
        if result is not UNKNOWN:
            self.events[self.events.index(event)] = event._replace(result=result, ended=next(self._clock))
        return result

    def is_linearizable(self) -> bool:
        """Whether some order of the operations, each at one moment between its call and its end, explains all."""
        certain = sum(1 << index for index, event in enumerate(self.events) if event.result is not UNKNOWN)
        seen: set[tuple[int, Versions]] = set()
        pending = [(0, self.before)]
        while pending:
            done, log = pending.pop()
            if done & certain == certain:
                return True
            if (done, log) in seen:
                continue
            seen.add((done, log))
            left = [(index, event) for index, event in enumerate(self.events) if not done >> index & 1]
            first_end = min(event.ended for _, event in left)
            for index, event in left:
                if event.began < first_end:
                    after, result = event.call.effect(log)
                    if event.result in (UNKNOWN, result):
                        pending.append((done | 1 << index, after))
        return False

    def __str__(self) -> str:
        lines = [
            f"{event.began:3} … {event.ended:3}  {event.call.words} → {event.result}" for event in self.events
        ]
        return "\n".join([f"before: {self.before}", *lines])
