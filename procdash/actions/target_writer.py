"""Writing one target of a plan: look once more, write, verify."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from procdash.actions.entries import JournalError
from procdash.actions.journal import Journal
from procdash.actions.op_writer import OpResult, OpWriter
from procdash.actions.outcomes import Outcome, TargetResult
from procdash.actions.planner import Planner
from procdash.actions.planning import states_of
from procdash.actions.plans import Op, OpKind, Plan, Target
from procdash.actions.progress import progress_of
from procdash.actions.reporting import CHANGED, Numbered, changes_of, result_of
from procdash.store.blob import Blob
from procdash.store.errors import ExternalError, Indeterminate
from procdash.store.records import ProcedureDetail
from procdash.store.tasks import OwnTasks

_log = logging.getLogger(__name__)

_READ_ATTEMPTS = 3


class Pace(NamedTuple):
    """How fast a plan is applied, and who is told."""

    ops_per_second: float | None = None
    """At most so many ops a second; None does not hold back."""
    on_progress: Callable[[int, int], None] | None = None
    """Told after each op: how many are done, of how many."""


class Run(NamedTuple):
    """One plan as it is applied."""

    plan: Plan
    number: int
    """Of its entry."""
    done: set[int]
    """The numbers of the ops that are done."""
    pace: Pace


class _Stop(NamedTuple):
    """The op at which a target was left alone."""

    number: int
    op: Op
    result: OpResult

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else has written what the op was to write, perhaps the very same value."""
        return self.op.kind is OpKind.PUT and self.result.outcome is Outcome.CHANGED


class TargetWriter:
    """Writes targets to one store, and notes in the journal what is done.

    Args:
        planner: reads the procedures of the same store.
        blob: where to write.
        journal: where progress is noted, and the values of an undo come from.
        sleep: waits for some seconds, to hold the pace.
    """

    def __init__(
        self, planner: Planner, blob: Blob, journal: Journal, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._planner = planner
        self._journal = journal
        self._writer = OpWriter(blob)
        self._sleep = sleep
        self._tasks = OwnTasks()

    async def wait_idle(self) -> None:
        """Wait until no op is under way any more, also those whose callers were cancelled."""
        await self._tasks.wait_idle()

    async def value_of(self, plan: Plan, op: Op) -> bytes:
        """What a put writes."""
        if op.source is None or plan.undoes is None:
            return b""
        return await self._journal.value(plan.undoes, op.source)

    async def apply(self, run: Run, target: Target, ops: Numbered) -> TargetResult:
        """Write what is left of one target, if the store is still as the plan has it.

        Args:
            run: the plan as it is applied; what is done is added to it.
            target: which of its targets.
            ops: the target's ops with their numbers.
        """
        try:
            detail = await self._read(target)
        except ExternalError as error:
            return result_of(target, ops, run.done, Outcome.FAILED, f"It cannot be read: {error.message}")
        progress = progress_of(target, ops, states_of(detail))
        known = {
            op_number for op_number, op in ops if op_number in run.done and op.kind is not OpKind.REMOVE_DIRECTORY
        }
        if progress.differences or progress.done != known:
            found = progress.differences or changes_of(target, detail)
            return result_of(target, ops, known, Outcome.CHANGED, CHANGED, differences=found, detail=detail)
        stopped: _Stop | None = None
        directories_left: list[str] = []
        doubts: list[str] = []
        for op_number, op in ops:
            if op_number in run.done:
                continue
            result = await self._tasks.run(self._do(run, op_number, op))
            if result.outcome is Outcome.DONE:
                doubts += filter(None, [result.message])
                await self._hold_pace(run)
            elif op.kind is OpKind.REMOVE_DIRECTORY:
                directories_left.append(f"{op.key} ({result.message})")
            else:
                stopped = _Stop(op_number, op, result)
                break
        verified = await self._verify(run, target, ops, stopped, directories_left)
        message = " ".join(filter(None, [verified.message, *doubts]))
        return msgspec.structs.replace(verified, message=message)

    async def _do(self, run: Run, op_number: int, op: Op) -> OpResult:
        try:
            value = await self.value_of(run.plan, op)
        except JournalError as error:
            return OpResult(Outcome.FAILED, str(error))
        result = await self._writer.do(op, value)
        if result.outcome is Outcome.DONE:
            run.done.add(op_number)
            try:
                await self._journal.note_done(run.number, [op_number])
            except JournalError as error:  # the plan is safe in the journal, and the store shows what is done
                _log.warning("%s", error)
        return result

    async def _hold_pace(self, run: Run) -> None:
        if run.pace.on_progress is not None:
            run.pace.on_progress(len(run.done), len(run.plan.ops))
        if run.pace.ops_per_second:
            await self._sleep(1 / run.pace.ops_per_second)

    async def _verify(
        self, run: Run, target: Target, ops: Numbered, stopped: _Stop | None, directories_left: list[str]
    ) -> TargetResult:
        """Read the procedure once more, and say what is true."""
        try:
            detail = await self._read(target)
        except ExternalError as error:
            message = stopped.result.message if stopped else "Every write was confirmed"
            message = f"{message}; but the store cannot be read to verify it: {error.message}"
            return result_of(target, ops, run.done, Outcome.UNKNOWN, message)
        progress = progress_of(target, ops, states_of(detail))
        directories = {op_number for op_number, op in ops if op.kind is OpKind.REMOVE_DIRECTORY}
        written = progress.done
        if stopped is not None and stopped.is_foreign:
            written -= {stopped.number}
        done = written | (directories & run.done)
        run.done.update(done)
        outcome, message = Outcome.DONE, ""
        is_written = written >= {op_number for op_number, _ in ops} - directories
        if progress.differences:
            outcome = Outcome.CHANGED
            message = "Something else was written to it meanwhile; look at what is different."
        elif not is_written and stopped is not None:
            outcome = Outcome.FAILED if stopped.result.outcome is Outcome.UNKNOWN else stopped.result.outcome
            message = stopped.result.message
        elif not is_written:
            outcome, message = Outcome.CHANGED, "What was written has been taken back by somebody else."
        leftovers = (*target.kept, *directories_left) if target.result is None else ()
        return result_of(
            target,
            ops,
            done,
            outcome,
            message,
            differences=progress.differences,
            detail=detail,
            leftovers=leftovers,
            is_verified=True,
        )

    async def _read(self, target: Target) -> ProcedureDetail | None:
        for _ in range(_READ_ATTEMPTS - 1):
            with contextlib.suppress(Indeterminate):
                return await self._planner.read_target(target)
        return await self._planner.read_target(target)
