"""Applying plans: check, journal, write, verify."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from procdash.actions.author import author as current_author
from procdash.actions.entries import Entry, EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.planner import Planner
from procdash.actions.planning import states_of
from procdash.actions.plans import Difference, KeyState, OpKind, Plan
from procdash.actions.progress import progress_of
from procdash.actions.reporting import (
    Numbered,
    changes_of,
    report_changed,
    report_nothing_to_do,
    skipped,
    state_after,
)
from procdash.actions.target_writer import Pace, Run, TargetWriter
from procdash.store.blob import Blob

_log = logging.getLogger(__name__)

_VALUES_IN_FLIGHT = 32
_READ_ATTEMPTS = 3

_TOGETHER = "It goes together with a procedure that could not be done, so it was left alone."


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
        self._target_writer = TargetWriter(planner, blob, journal, sleep)
        self._now = now
        self._author = author
        self._turn = asyncio.Lock()

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
        async with self._turn, self._held(plan.undoes):
            await self._check_undoable(plan)
            changes = await self._changes(plan)
            if any(changes):
                return report_changed(plan, changes)
            if not plan.ops:
                if plan.undoes is not None and not plan.refusals:
                    await self._close_untouched(plan.undoes)
                return report_nothing_to_do(plan)
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
                    return report_changed(plan, changes)
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
        async with self._turn, self._held(entry.undoes), self.journal.held(entry.number):
            current = await self.journal.entry(entry.number)
            if current is None or not current.is_resumable:
                raise JournalError(f"there is nothing left to resume in entry {entry.number}")
            await self._check_undoable(current.plan)
            done: set[int] = set()  # as the store shows it; a directory is removed once more, which does no harm
            changes: list[tuple[Difference, ...]] = []
            for target, ops in current.plan.numbered:
                found = states_of(await self._planner.read_target(target))
                progress = progress_of(target, ops, found)
                done |= progress.done
                foreign = await self._foreign_values(current.plan, ops, progress.done, found)
                changes.append((*progress.differences, *foreign))
            if any(changes):
                return report_changed(current.plan, changes, entry.number, done)
            await self.journal.begin(entry.number)
            return await self._run(current.plan, entry.number, frozenset(done), pace or Pace())

    async def wait_idle(self) -> None:
        """Wait until no op is under way any more."""
        await self._target_writer.wait_idle()

    def _held(self, number: int | None) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold an entry that is undone, since nobody may go on with it meanwhile."""
        return contextlib.nullcontext() if number is None else self.journal.held(number)

    async def _check_undoable(self, plan: Plan) -> None:
        """Refuse an undo for which the journal no longer has the values."""
        if plan.undoes is None:
            return
        entry = await self.journal.entry(plan.undoes)
        if entry is None or entry.kept_bytes < entry.plan.bytes_removed:
            raise JournalError(f"the journal no longer holds what entry {plan.undoes} removed")

    async def _changes(self, plan: Plan) -> list[tuple[Difference, ...]]:
        """For each target, where the store is no longer as the plan has it."""
        return [changes_of(target, await self._planner.read_target(target)) for target in plan.targets]

    async def _save_values(self, number: int, plan: Plan) -> list[tuple[Difference, ...]]:
        """Save every value that is going to be removed; returns what changed while they were read."""
        changes: list[tuple[Difference, ...]] = []
        for target, ops in plan.numbered:
            removals = [(op_number, op) for op_number, op in ops if op.kind is OpKind.DELETE]
            lost: list[Difference] = []
            for start in range(0, len(removals), _VALUES_IN_FLIGHT):
                batch = removals[start : start + _VALUES_IN_FLIGHT]
                values = await asyncio.gather(*(self._blob.get(op.key) for _, op in batch))
                found: dict[int, bytes] = {}
                for (op_number, op), value in zip(batch, values, strict=True):
                    if value is not None and len(value) == op.size_in_bytes:
                        found[op_number] = value
                    else:
                        lost.append(Difference(op.key, KeyState(op.key, op.size_in_bytes, op.version), None))
                await self.journal.save_values(number, found)
            # The versions are still the planned ones, so these are the values that are removed.
            changes.append(changes_of(target, await self._planner.read_target(target)) or tuple(lost))
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
            and await self._blob.get(op.key) != await self._target_writer.value_of(plan, op)
        ]

    async def _close_untouched(self, number: int) -> None:
        """End an entry that was interrupted and of which the store shows nothing; it is held by the caller."""
        entry = await self.journal.entry(number)
        if entry is not None and entry.is_resumable:
            await self.journal.end(number, EntryState.NOTHING_DONE, entry.results, self._now())

    async def _give_up(self, number: int) -> None:
        with contextlib.suppress(JournalError):
            await self.journal.end(number, EntryState.NOTHING_DONE, (), self._now())

    async def _run(self, plan: Plan, number: int, done: frozenset[int], pace: Pace) -> Report:
        run = Run(plan, number, set(done), pace)
        results: list[TargetResult] = []
        broken: set[str] = set()
        stopped = ""
        try:
            for target, ops in plan.numbered:
                if stopped or target.family in broken:
                    results.append(skipped(target, ops, done, stopped or _TOGETHER))
                    continue
                result = await self._target_writer.apply(run, target, ops)
                results.append(result)
                if result.outcome is not Outcome.DONE:
                    broken.add(target.family)
                if result.outcome is Outcome.UNKNOWN:
                    stopped = "The store could not be reached any more, so it was not begun."
        finally:
            await self._target_writer.wait_idle()  # where this is cancelled, the op that has begun still ends
        report = Report(plan, tuple(results), number)
        try:
            await self.journal.end(number, state_after(report), results, self._now())
        except JournalError as error:
            return report._replace(journal_failure=str(error))
        return report
