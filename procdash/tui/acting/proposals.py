"""What an operator asks for, until it is confirmed: how it is planned, changed and applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from procdash.actions.entries import Entry
from procdash.actions.executor import Executor
from procdash.actions.families import Scope
from procdash.actions.legality import ids_to_type
from procdash.actions.outcomes import Report
from procdash.actions.planner import Planner
from procdash.actions.planning import Cut
from procdash.actions.plans import ActionKind, Plan
from procdash.actions.target_writer import Pace


class Proposal(Protocol):
    """One thing to do."""

    @property
    def done(self) -> frozenset[int] | None:
        """The numbers of the ops that are done already; None for something that was never begun."""

    async def plan(self, planner: Planner) -> Plan:
        """Plan it, from the store as it is now. Raises `ExternalError`."""

    async def apply(self, executor: Executor, plan: Plan, reason: str, pace: Pace) -> Report:
        """Do it. Raises `ExternalError` and `JournalError`: then nothing was written."""

    def ids_to_type(self, plan: Plan) -> tuple[str, ...]:
        """The ids of which the beginning must be typed first."""

    def with_other_scope(self) -> Proposal | None:
        """The same with whole families, or without; None where that makes no difference."""

    def with_steps_kept(self, by: int) -> Proposal | None:
        """The same, keeping so many more steps of each procedure; None where it keeps no number of steps."""


class _New:
    """Something that was never begun."""

    @property
    def done(self) -> frozenset[int] | None:
        """Nothing."""
        return None


class _Fixed:
    """Something that can only be done as it is."""

    def with_other_scope(self) -> Proposal | None:
        """Nothing else."""
        return None

    def with_steps_kept(self, by: int) -> Proposal | None:
        """Nothing else."""
        del by
        return None


@dataclass(frozen=True)
class Act(_New):
    """Commit, delete or truncate some procedures."""

    kind: ActionKind
    procedure_ids: tuple[str, ...]
    scope: Scope = Scope.FAMILY
    """How far a deletion reaches."""
    keep: int = 1
    """How many steps a truncation keeps of each."""

    async def plan(self, planner: Planner) -> Plan:
        """Plan it, from the store as it is now. Raises `ExternalError`."""
        if self.kind is ActionKind.COMMIT:
            return await planner.plan_commit(self.procedure_ids)
        if self.kind is ActionKind.DELETE:
            return await planner.plan_delete(self.procedure_ids, self.scope)
        return await planner.plan_truncate(self.procedure_ids, Cut(keep=self.keep))

    async def apply(self, executor: Executor, plan: Plan, reason: str, pace: Pace) -> Report:
        """Do it. Raises `ExternalError` and `JournalError`: then nothing was written."""
        return await executor.apply(plan, reason=reason, pace=pace)

    def ids_to_type(self, plan: Plan) -> tuple[str, ...]:
        """The ids of which the beginning must be typed first."""
        return ids_to_type(plan)

    def with_other_scope(self) -> Proposal | None:
        """The same with whole families, or without; None where that makes no difference."""
        if self.kind is not ActionKind.DELETE:
            return None
        return replace(self, scope=Scope.ONLY if self.scope is Scope.FAMILY else Scope.FAMILY)

    def with_steps_kept(self, by: int) -> Proposal | None:
        """The same, keeping so many more steps of each procedure; None where it keeps no number of steps."""
        if self.kind is not ActionKind.TRUNCATE or self.keep + by < 0:
            return None
        return replace(self, keep=self.keep + by)


@dataclass(frozen=True)
class Undo(_New, _Fixed):
    """Take back what an entry of the journal has done."""

    entry: Entry

    async def plan(self, planner: Planner) -> Plan:
        """Plan it, from the store as it is now. Raises `ExternalError`."""
        return await planner.plan_undo(self.entry)

    async def apply(self, executor: Executor, plan: Plan, reason: str, pace: Pace) -> Report:
        """Do it. Raises `ExternalError` and `JournalError`: then nothing was written."""
        return await executor.apply(plan, reason=reason, pace=pace)

    def ids_to_type(self, plan: Plan) -> tuple[str, ...]:
        """None: what is taken back was there before."""
        del plan
        return ()


@dataclass(frozen=True)
class Resume(_Fixed):
    """Do what is left of an entry of the journal."""

    entry: Entry
    done: frozenset[int]
    """The numbers of its ops that were noted as done."""

    async def plan(self, planner: Planner) -> Plan:
        """The plan that was confirmed once; what is left of it is found out when it is applied."""
        del planner
        return self.entry.plan

    async def apply(self, executor: Executor, plan: Plan, reason: str, pace: Pace) -> Report:
        """Do it. Raises `ExternalError` and `JournalError`: then nothing more was written."""
        del plan, reason
        return await executor.resume(self.entry, pace=pace)

    def ids_to_type(self, plan: Plan) -> tuple[str, ...]:
        """None: they were typed when it was confirmed."""
        del plan
        return ()
