"""The decisions of the simulated engine: which procedure writes what next. No I/O and no clock.

It follows GreptimeDB's procedure runner: nothing is written on submit; step 0 is persisted after the first
execute; a commit or a rollback takes the current step; a write that failed is tried again at the same step;
children are removed with their root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Any, NamedTuple

from procdash.demo.catalogue import choose_context, choose_kind, kind_of
from procdash.demo.names import new_id
from procdash.demo.scripts import (
    EXTERNAL_ERROR,
    RETRY_EXCEEDED,
    SUBPROCEDURE_FAILED,
    can_continue,
    children_at,
    data_at_rollback,
    first_data,
    following,
    waits_for_children,
)
from procdash.demo.shapes import to_json
from procdash.store.keys import KeyType
from procdash.store.messages import ProcedureMessage

MAX_RUNNING = 128
"""How many procedures upstream's manager runs at once."""

MAX_RETRIES = 12
"""How often a metasrv retries one procedure."""

_FIRST_RETRY_SECONDS = 0.5
_LONGEST_RETRY_SECONDS = 60.0
_RETRY_NOISE = 0.25

_SUBMIT_CHANCE = 0.5
_REWRITE_CHANCE = 0.02
_FAILURE_CHANCE = 0.015
_RETRIED_SHARE = 0.5
_ROLLBACK_LINGERS_LONGER = 5.0
_ADOPTED_LINGERS_LONGER = 5.0


class Write(NamedTuple):
    """One key to write."""

    key_type: KeyType
    procedure_id: str
    message: ProcedureMessage
    """What the key says; of a commit, only the step counts."""


class FoundProcedure(NamedTuple):
    """What the store says of a procedure that is to be taken over."""

    procedure_id: str
    key_type: KeyType
    """The kind of the deciding key."""
    last_step: int
    """The highest step number of any key."""
    message: ProcedureMessage
    """Its newest step."""


class _Phase(Enum):
    RUNNING = auto()
    WAITING = auto()
    ENDED = auto()


@dataclass(slots=True, eq=False)
class _Run:
    """One procedure, as the engine has it in memory."""

    procedure_id: str
    type_name: str
    data: str
    """The data of the last persisted step; before that, what the first execute leaves behind."""
    pace: float
    context: dict[str, Any] | None = None
    parent: _Run | None = None
    children: list[_Run] = field(default_factory=list)
    phase: _Phase = _Phase.RUNNING
    step: int = 0
    """The current step: where the next key goes."""
    error: str | None = None
    """Why it cannot go on."""
    rolls_back: bool = False
    """Whether it writes a rollback before it ends."""
    pending: Write | None = None
    """What it is about to write, kept until that succeeds."""
    failures: int = 0
    not_before: float = 0.0


class Simulation:
    """Procedures that come, move on and go.

    Times are in seconds on a scale of the caller's choice, which only has to grow. The same seed and the same
    calls give the same decisions.

    Args:
        seed: decides everything that is left to chance.
        population: how many procedures to keep in the store, those that have ended included.
        linger: how long an ended procedure stays before it is removed, in seconds, on average; one that was rolled
            back stays five times as long.
    """

    def __init__(self, seed: int, *, population: int, linger: float) -> None:
        self._rng = Random(f"procdash demo engine {seed}")  # noqa: S311 - a simulation, not a secret
        self._population = population
        self._linger = linger
        self._runs: dict[str, _Run] = {}
        self._removals: list[tuple[float, _Run]] = []

    def __len__(self) -> int:
        return len(self._runs)

    def adopt(self, found: Sequence[FoundProcedure], now: float) -> None:
        """Go on with procedures that are already in the store.

        Left alone are those of a type or in a state that the demo does not run, and children whose parents are not
        taken over as well. A parent that waits without any child starts its children anew, as after a recovery.
        """
        left = list(found)
        while adopted := [procedure for procedure in left if self._is_welcome(procedure)]:
            for procedure in adopted:
                self._take_over(procedure)
            left = [procedure for procedure in left if procedure.procedure_id not in self._runs]
        for run in list(self._runs.values()):
            if run.phase is _Phase.RUNNING and waits_for_children(run.type_name, run.data):
                self._await_children(run)
            elif run.phase is _Phase.ENDED and run.parent is None:
                at_least = _ROLLBACK_LINGERS_LONGER if run.rolls_back else 1.0
                self._schedule_removal(run, now, at_least * self._rng.uniform(1.0, _ADOPTED_LINGERS_LONGER))

    def next_write(self, now: float) -> Write | None:
        """What is written next; None where every procedure waits for something."""
        while (run := self._choose(now)) is not None:
            if run.pending is None:
                run.pending = self._decide(run, now)
            if run.pending is not None:
                return run.pending
        return None

    def succeeded(self, write: Write, now: float) -> None:
        """`write` is in the store."""
        run = self._runs[write.procedure_id]
        run.pending = None
        if write.key_type is KeyType.COMMIT:
            self._end(run, now, 1.0)
        elif write.key_type is KeyType.ROLLBACK:
            self._end(run, now, _ROLLBACK_LINGERS_LONGER)
        elif write.message.step == run.step:
            run.step += 1
            run.data = write.message.data
            if waits_for_children(run.type_name, run.data):
                self._await_children(run)

    def failed(self, write: Write, now: float) -> None:
        """`write` did not reach the store, or may not have: it is tried again, and in the end given up."""
        run = self._runs[write.procedure_id]
        run.failures += 1
        if run.failures <= MAX_RETRIES:
            delay = min(_FIRST_RETRY_SECONDS * 2 ** (run.failures - 1), _LONGEST_RETRY_SECONDS)
            run.not_before = now + delay * (1 + self._rng.uniform(0.0, _RETRY_NOISE))
        elif write.key_type is KeyType.ROLLBACK:
            run.pending = None
            self._end(run, now, 1.0)
        else:
            run.failures = 0
            run.pending = None
            _fail(run, RETRY_EXCEEDED.format(run.procedure_id), after_retries=True)

    def take_removals(self, now: float) -> list[list[str]]:
        """The families whose time has come: for each, the ids to delete, children before their parents.

        They are forgotten with this, whether or not the deletion succeeds.
        """
        due = [run for at, run in self._removals if at <= now]
        self._removals = [(at, run) for at, run in self._removals if at > now]
        return [self._forget(run) for run in due]

    def _is_welcome(self, found: FoundProcedure) -> bool:
        parent_id = found.message.parent_id
        return (
            found.procedure_id not in self._runs
            and (parent_id is None or parent_id in self._runs)
            and can_continue(found.message.type_name, found.message.data)
        )

    def _take_over(self, found: FoundProcedure) -> None:
        message = found.message
        parent = None if message.parent_id is None else self._runs[message.parent_id]
        run = self._add(message.type_name, message.data, message.context, parent, procedure_id=found.procedure_id)
        run.step = found.last_step + 1
        run.rolls_back = found.key_type is KeyType.ROLLBACK
        if found.key_type is not KeyType.STEP:
            run.phase = _Phase.ENDED

    def _choose(self, now: float) -> _Run | None:
        ready = [run for run in self._runs.values() if run.phase is _Phase.RUNNING and run.not_before <= now]
        missing = (self._population - len(self._runs)) / self._population
        has_room = missing > 0 and len(ready) < MAX_RUNNING
        if has_room and (not ready or self._rng.random() < _SUBMIT_CHANCE + missing):
            kind = choose_kind(self._rng)
            opening = to_json(kind.open(self._rng))
            return self._add(kind.type_name, opening, choose_context(kind, self._rng))
        if not ready:
            return None
        return self._rng.choices(ready, [run.pace for run in ready])[0]

    def _add(
        self,
        type_name: str,
        data: str,
        context: dict[str, Any] | None,
        parent: _Run | None = None,
        *,
        procedure_id: str | None = None,
    ) -> _Run:
        while procedure_id is None or procedure_id in self._runs:
            procedure_id = new_id(self._rng)
        kind = kind_of(type_name)
        run = _Run(procedure_id, type_name, data, kind.pace if kind else 1.0, context, parent)
        self._runs[procedure_id] = run
        if parent is not None:
            parent.children.append(run)
        return run

    def _decide(self, run: _Run, now: float) -> Write | None:
        """What `run` writes next; None where it ends without a trace."""
        if run.error is None and self._rng.random() < _FAILURE_CHANCE:
            if self._rng.random() < _RETRIED_SHARE:
                _fail(run, RETRY_EXCEEDED.format(run.procedure_id), after_retries=True)
            else:
                _fail(run, EXTERNAL_ERROR, after_retries=False)
        if run.rolls_back:
            data = data_at_rollback(run.type_name, run.data)
            return _write(run, KeyType.ROLLBACK, run.step, data, run.error)
        if run.error is not None:
            self._end(run, now, 1.0)
            return None
        if run.step and self._rng.random() < _REWRITE_CHANCE:
            return _write(run, KeyType.STEP, run.step - 1, run.data)
        data_after = following(run.type_name, run.data) if run.step else first_data(run.type_name, run.data)
        if data_after is None:
            return _write(run, KeyType.COMMIT, run.step, run.data)
        return _write(run, KeyType.STEP, run.step, data_after)

    def _await_children(self, run: _Run) -> None:
        if not run.children:
            for type_name, data in children_at(run.type_name, run.data, run.procedure_id, self._rng):
                self._add(type_name, data, None, run)
        if any(child.phase is not _Phase.ENDED for child in run.children):
            run.phase = _Phase.WAITING

    def _end(self, run: _Run, now: float, lingers_longer: float) -> None:
        run.phase = _Phase.ENDED
        parent = run.parent
        if parent is None:
            self._schedule_removal(run, now, lingers_longer)
            return
        if run.error is not None:
            _fail(parent, SUBPROCEDURE_FAILED.format(run.procedure_id), after_retries=False)
        if all(child.phase is _Phase.ENDED for child in parent.children):
            parent.phase = _Phase.RUNNING

    def _schedule_removal(self, run: _Run, now: float, lingers_longer: float) -> None:
        wait = self._linger * lingers_longer * self._rng.uniform(0.5, 1.5)
        self._removals.append((now + wait, run))

    def _forget(self, run: _Run) -> list[str]:
        procedure_ids = [procedure_id for child in run.children for procedure_id in self._forget(child)]
        del self._runs[run.procedure_id]
        return [*procedure_ids, run.procedure_id]


def _fail(run: _Run, error: str, *, after_retries: bool) -> None:
    """`run` ends with `error`; it rolls back where its type can, and always when its retries are used up."""
    kind = kind_of(run.type_name)
    run.error = error
    run.rolls_back = after_retries or (kind is not None and kind.rolls_back)


def _write(run: _Run, key_type: KeyType, step: int, data: str, error: str | None = None) -> Write:
    parent_id = None if run.parent is None else run.parent.procedure_id
    message = ProcedureMessage(run.type_name, data, parent_id, step, error, run.context)
    return Write(key_type, run.procedure_id, message)
