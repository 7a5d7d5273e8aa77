"""Applying plans: check, journal, write, verify."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple

from procdash.actions.author import author as current_author
from procdash.actions.entries import Entry, EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.op_writer import OpResult, OpWriter
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.planner import Planner
from procdash.actions.planning import states_of
from procdash.actions.plans import Difference, KeyState, Op, OpKind, Plan, Target
from procdash.actions.progress import differences, progress_of, unknown_key_differences
from procdash.insight.verdict import verdict_of
from procdash.store.blob import Blob
from procdash.store.errors import ExternalError, Indeterminate
from procdash.store.records import ProcedureDetail
from procdash.store.tasks import OwnTasks

_log = logging.getLogger(__name__)

_VALUES_IN_FLIGHT = 32
_READ_ATTEMPTS = 3

_CHANGED = "It has changed since the plan was made; nothing of it was written."
_TOGETHER = "It goes together with a procedure that could not be done, so it was left alone."

Numbered = Sequence[tuple[int, Op]]
"""Ops with their numbers in the plan."""


class Pace(NamedTuple):
    """How fast a plan is applied, and who is told."""

    ops_per_second: float | None = None
    """At most so many ops a second; None does not hold back."""
    on_progress: Callable[[int, int], None] | None = None
    """Told after each op: how many are done, of how many."""


class Executor:
    """Applies plans to one store, one plan at a time.

    A plan is written to the journal, with every byte that it removes, before the first write. An op that has begun
    is finished even where the caller is cancelled; what is then left of the plan can be resumed.

    Args:
        planner: reads the procedures of the same store.
        blob: where to write.
        journal: where plans are kept.
        now: the wall clock, in Unix seconds.
        author: who is at the keyboard; found out where it is not given.
        sleep: waits for some seconds, to hold the pace.
    """

    def __init__(
        self,
        planner: Planner,
        blob: Blob,
        journal: Journal,
        *,
        now: Callable[[], float] = time.time,
        author: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.journal = journal
        """Where plans are kept."""
        self._planner = planner
        self._blob = blob
        self._writer = OpWriter(blob)
        self._now = now
        self._author = author
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._tasks = OwnTasks()

    async def apply(self, plan: Plan, *, reason: str = "", pace: Pace | None = None) -> Report:
        """Apply a plan, if the store is still as the plan has it.

        Args:
            plan: what to do.
            reason: why, in the operator's words.
            pace: how fast.

        Returns:
            What became of each target. Where anything is different from the plan at the start, nothing is written.

        Raises:
            JournalError: if the journal cannot be written: then nothing is written to the store.
            ExternalError: if the store cannot be read at the start: then nothing is written either.
        """
        async with self._turn:
            changes = await self._changes(plan)
            if any(changes):
                return _report_changed(plan, changes)
            if not plan.ops:
                return _report_nothing_to_do(plan)
            author = self._author or current_author()
            number = await self.journal.prepare(plan, author=author, reason=reason, now=self._now())
            async with self.journal.held(number):
                try:
                    changes = await self._save_values(number, plan)
                    if not any(changes):
                        await self.journal.begin(number)
                except BaseException:
                    await self._give_up(number)
                    raise
                if any(changes):
                    await self._give_up(number)
                    return _report_changed(plan, changes)
                return await self._run(plan, number, frozenset(), pace or Pace())

    async def resume(self, entry: Entry, *, pace: Pace | None = None) -> Report:
        """Apply what is left of an entry that was interrupted, or ended before it was complete.

        Args:
            entry: which.
            pace: how fast.

        Raises:
            JournalError: if it cannot be resumed, or another process is at it.
            ExternalError: if the store cannot be read; nothing is written then.
        """
        async with self._turn, self.journal.held(entry.number):
            current = await self.journal.entry(entry.number)
            if current is None or not current.is_resumable:
                raise JournalError(f"there is nothing left to resume in entry {entry.number}")
            done = set(await self.journal.ops_done(entry.number))
            done = {number for number in done if current.plan.ops[number].kind is OpKind.REMOVE_DIRECTORY}
            changes: list[tuple[Difference, ...]] = []
            for target, ops in current.plan.numbered:
                found = states_of(await self._planner.read(target.procedure_id))
                progress = progress_of(target, ops, found)
                done |= progress.done
                foreign = await self._foreign_values(current.plan, ops, progress.done, found)
                changes.append((*progress.differences, *foreign))
            if any(changes):
                return _report_changed(current.plan, changes, entry.number)
            await self.journal.begin(entry.number)
            return await self._run(current.plan, entry.number, frozenset(done), pace or Pace())

    async def wait_idle(self) -> None:
        """Wait until no op is under way any more."""
        await self._tasks.wait_idle()

    async def _changes(self, plan: Plan) -> list[tuple[Difference, ...]]:
        """For each target, where the store is no longer as the plan has it."""
        return [_changes_of(target, await self._planner.read(target.procedure_id)) for target in plan.targets]

    async def _save_values(self, number: int, plan: Plan) -> list[tuple[Difference, ...]]:
        """Save every value that is going to be removed; returns what changed while they were read."""
        changes: list[tuple[Difference, ...]] = []
        for target, ops in plan.numbered:
            removals = [(op_number, op) for op_number, op in ops if op.kind is OpKind.DELETE]
            for start in range(0, len(removals), _VALUES_IN_FLIGHT):
                batch = removals[start : start + _VALUES_IN_FLIGHT]
                values = await asyncio.gather(*(self._blob.get(op.key) for _, op in batch))
                found = {op_number: value for (op_number, _), value in zip(batch, values, strict=True)}
                await self.journal.save_values(
                    number, {op_number: value for op_number, value in found.items() if value is not None}
                )
            # The versions are still the planned ones, so these are the values that are removed.
            changes.append(_changes_of(target, await self._planner.read(target.procedure_id)))
        return changes

    async def _foreign_values(
        self, plan: Plan, ops: Numbered, done: Collection[int], found: Sequence[KeyState]
    ) -> list[Difference]:
        """The keys of puts that seem to be done, and hold somebody else's value."""
        now = {state.key: state for state in found}
        return [
            Difference(op.key, None, now[op.key])
            for op_number, op in ops
            if op.kind is OpKind.PUT
            and op_number in done
            and await self._blob.get(op.key) != await self._value_of(plan, op)
        ]

    async def _value_of(self, plan: Plan, op: Op) -> bytes:
        """What a put writes."""
        if op.source is None or plan.undoes is None:
            return b""
        return await self.journal.value(plan.undoes, op.source)

    async def _give_up(self, number: int) -> None:
        with contextlib.suppress(JournalError):
            await self.journal.end(number, EntryState.NOTHING_DONE, (), self._now())

    async def _run(self, plan: Plan, number: int, done: frozenset[int], pace: Pace) -> Report:
        run = _Run(plan, number, set(done), pace)
        results: list[TargetResult] = []
        broken: set[str] = set()
        stopped = ""
        try:
            for target, ops in plan.numbered:
                if stopped or target.family in broken:
                    results.append(_skipped(target, ops, done, stopped or _TOGETHER))
                    continue
                result = await self._apply_target(run, target, ops)
                results.append(result)
                if result.outcome is not Outcome.DONE:
                    broken.add(target.family)
                if result.outcome is Outcome.UNKNOWN:
                    stopped = "The store could not be reached any more, so it was not begun."
        finally:
            await self._tasks.wait_idle()  # where this is cancelled, the op that has begun still ends
        report = Report(plan, tuple(results), number)
        try:
            await self.journal.end(number, _state_after(report), results, self._now())
        except JournalError as error:
            return report._replace(journal_failure=str(error))
        return report

    async def _apply_target(self, run: _Run, target: Target, ops: Numbered) -> TargetResult:
        try:
            detail = await self._read(target.procedure_id)
        except ExternalError as error:
            return _result(target, ops, run.done, Outcome.FAILED, f"It cannot be read: {error.message}")
        progress = progress_of(target, ops, states_of(detail))
        known = {
            op_number for op_number, op in ops if op_number in run.done and op.kind is not OpKind.REMOVE_DIRECTORY
        }
        if progress.differences or progress.done != known:
            found = progress.differences or _changes_of(target, detail)
            return _result(target, ops, known, Outcome.CHANGED, _CHANGED, differences=found, detail=detail)
        stopped: OpResult | None = None
        directories_left: list[str] = []
        for op_number, op in ops:
            if op_number in run.done:
                continue
            result = await self._tasks.run(self._do(run, op_number, op))
            if result.outcome is Outcome.DONE:
                await self._hold_pace(run)
            elif op.kind is OpKind.REMOVE_DIRECTORY:
                directories_left.append(f"{op.key} ({result.message})")
            else:
                stopped = result
                break
        return await self._verify(run, target, ops, stopped, directories_left)

    async def _do(self, run: _Run, op_number: int, op: Op) -> OpResult:
        try:
            value = await self._value_of(run.plan, op)
        except JournalError as error:
            return OpResult(Outcome.FAILED, str(error))
        result = await self._writer.do(op, value)
        if result.outcome is Outcome.DONE:
            run.done.add(op_number)
            try:
                await self.journal.note_done(run.number, [op_number])
            except JournalError as error:  # the plan is safe in the journal, and the store shows what is done
                _log.warning("%s", error)
        return result

    async def _hold_pace(self, run: _Run) -> None:
        if run.pace.on_progress is not None:
            run.pace.on_progress(len(run.done), len(run.plan.ops))
        if run.pace.ops_per_second:
            await self._sleep(1 / run.pace.ops_per_second)

    async def _verify(
        self, run: _Run, target: Target, ops: Numbered, stopped: OpResult | None, directories_left: list[str]
    ) -> TargetResult:
        """Read the procedure once more, and say what is true."""
        try:
            detail = await self._read(target.procedure_id)
        except ExternalError as error:
            message = stopped.message if stopped else "Every write was confirmed"
            message = f"{message}; but the store cannot be read to verify it: {error.message}"
            return _result(target, ops, run.done, Outcome.UNKNOWN, message)
        progress = progress_of(target, ops, states_of(detail))
        directories = {op_number for op_number, op in ops if op.kind is OpKind.REMOVE_DIRECTORY}
        done = progress.done | (directories & run.done)
        run.done.update(done)
        outcome, message = Outcome.DONE, ""
        is_written = progress.done >= {op_number for op_number, _ in ops} - directories
        if progress.differences:
            outcome = Outcome.CHANGED
            message = "Something else was written to it meanwhile; look at what is different."
        elif not is_written and stopped is not None:
            outcome = Outcome.FAILED if stopped.outcome is Outcome.UNKNOWN else stopped.outcome
            message = stopped.message
        elif not is_written:
            outcome, message = Outcome.CHANGED, "What was written has been taken back by somebody else."
        leftovers = (*target.kept, *directories_left) if target.result is None else ()
        return _result(
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

    async def _read(self, procedure_id: str) -> ProcedureDetail | None:
        for _ in range(_READ_ATTEMPTS - 1):
            with contextlib.suppress(Indeterminate):
                return await self._planner.read(procedure_id)
        return await self._planner.read(procedure_id)


class _Run(NamedTuple):
    """One plan as it is applied."""

    plan: Plan
    number: int
    """Of its entry."""
    done: set[int]
    """The numbers of the ops that are done."""
    pace: Pace


def _changes_of(target: Target, detail: ProcedureDetail | None) -> tuple[Difference, ...]:
    kept = () if detail is None else detail.record.unknown_keys
    return (
        *differences(target.before, states_of(detail)),
        *unknown_key_differences(target.kept if detail is not None else (), kept),
    )


def _state_after(report: Report) -> EntryState:
    if report.is_complete:
        return EntryState.DONE
    is_certain = all(result.outcome is not Outcome.UNKNOWN for result in report.results)
    return EntryState.NOTHING_DONE if is_certain and not report.ops_done else EntryState.INCOMPLETE


def _result(
    target: Target,
    ops: Numbered,
    done: Collection[int],
    outcome: Outcome,
    message: str = "",
    *,
    differences: tuple[Difference, ...] = (),
    detail: ProcedureDetail | None = None,
    leftovers: tuple[str, ...] = (),
    is_verified: bool = False,
) -> TargetResult:
    puts = {op.key for _, op in ops if op.kind is OpKind.PUT}
    return TargetResult(
        procedure_id=target.procedure_id,
        outcome=outcome,
        ops_done=sum(op_number in done for op_number, _ in ops),
        ops_total=len(ops),
        message=message,
        differences=differences,
        leftovers=leftovers,
        written=tuple(state for state in states_of(detail) if state.key in puts),
        verdict=None if detail is None else verdict_of(detail.record),
        is_verified=is_verified,
    )


def _skipped(target: Target, ops: Numbered, done: Collection[int], why: str) -> TargetResult:
    return _result(target, ops, done, Outcome.SKIPPED, why)


def _report_changed(plan: Plan, changes: Sequence[tuple[Difference, ...]], entry: int | None = None) -> Report:
    results = [
        _result(target, ops, (), Outcome.CHANGED, _CHANGED, differences=found)
        if found
        else _skipped(target, ops, (), "Another procedure of the plan has changed, so nothing was written.")
        for (target, ops), found in zip(plan.numbered, changes, strict=True)
    ]
    return Report(plan, tuple(results), entry)


def _report_nothing_to_do(plan: Plan) -> Report:
    results = [_result(target, ops, (), Outcome.DONE, "There is nothing to do.") for target, ops in plan.numbered]
    return Report(plan, tuple(results))
