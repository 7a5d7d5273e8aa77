"""Reads what an action is about, and plans it. Nothing here writes, so a dry run needs no right to."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from procdash.actions.entries import Entry, EntryState
from procdash.actions.families import Relatives, Scope, with_descendants
from procdash.actions.outcomes import Outcome
from procdash.actions.planning import Circumstances, Cut, plan_commit, plan_delete, plan_truncate, states_of
from procdash.actions.plans import ActionKind, KeyState, Plan, Refusal, Target
from procdash.actions.progress import progress_of
from procdash.actions.undoing import plan_undo
from procdash.store.errors import Determinate
from procdash.store.reader import entry_of
from procdash.store.records import ProcedureDetail


class Source(Protocol):
    """Reads procedures; `procdash.live.monitor.Monitor` is one."""

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        """All keys of one procedure, freshly listed; None where it is gone. Raises `ExternalError`.

        Args:
            procedure_id: which.
            entries: where keys of it may stand as well, beside the places where some were found before.
        """


class Planner:
    """Plans actions on one store.

    Args:
        source: reads procedures.
        relatives: every procedure of the store.
        location: where the store is, without secrets.
        has_directories: whether a procedure's directory remains when it is empty, and must be removed.
        now: the wall clock, in Unix seconds.

    Every method raises `ExternalError` where the store cannot be read.
    """

    def __init__(
        self,
        source: Source,
        relatives: Relatives,
        *,
        location: str,
        has_directories: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.location = location
        """Where the store is, without secrets."""
        self._source = source
        self._relatives = relatives
        self._has_directories = has_directories
        self._now = now

    async def plan_commit(self, procedure_ids: Iterable[str]) -> Plan:
        """Plan to mark procedures as finished."""
        about = self._circumstances()
        return await self._plan_each(ActionKind.COMMIT, procedure_ids, lambda detail: plan_commit(detail, about))

    async def plan_truncate(self, procedure_ids: Iterable[str], cut: Cut) -> Plan:
        """Plan to remove older steps of procedures."""
        about = self._circumstances()
        return await self._plan_each(
            ActionKind.TRUNCATE, procedure_ids, lambda detail: plan_truncate(detail, about, cut)
        )

    async def plan_delete(self, procedure_ids: Iterable[str], scope: Scope = Scope.FAMILY) -> Plan:
        """Plan to remove procedures, with their descendants unless `scope` says otherwise.

        Where one of a family cannot be deleted, none of it is.
        """
        about = self._circumstances(scope)
        requested = dict.fromkeys(procedure_ids)
        family_of = (
            with_descendants(requested, self._relatives)
            if scope is Scope.FAMILY
            else {procedure_id: procedure_id for procedure_id in requested}
        )
        planned: list[Target | Refusal] = []
        for procedure_id, family in family_of.items():
            is_requested = procedure_id in requested
            detail = await self.read(procedure_id)
            if detail is not None:
                with_parent = _parent_of(detail) in family_of
                planned.append(
                    plan_delete(detail, about, family=family, is_requested=is_requested, with_parent=with_parent)
                )
            elif is_requested:
                planned.append(_missing(procedure_id))
        refused = {family_of[step.procedure_id] for step in planned if isinstance(step, Refusal)}
        refusals = [
            step
            if isinstance(step, Refusal)
            else Refusal(step.procedure_id, "A procedure that it goes together with cannot be deleted.")
            for step in planned
            if family_of[step.procedure_id] in refused
        ]
        targets = [step for step in planned if isinstance(step, Target) and step.family not in refused]
        return self._plan(ActionKind.DELETE, targets, refusals)

    async def plan_undo(self, entry: Entry) -> Plan:
        """Plan to take back what an entry of the journal has done, as far as that is done."""
        details = {target.procedure_id: await self.read_target(target) for target in entry.plan.targets}
        written = _written_by(entry)
        progress = {
            target.procedure_id: progress_of(
                target, ops, states_of(details[target.procedure_id]), written.get(target.procedure_id)
            )
            for target, ops in entry.plan.numbered
        }
        return plan_undo(entry.number, entry.plan, progress, details, has_directories=self._has_directories)

    async def read(self, procedure_id: str) -> ProcedureDetail | None:
        """All keys of one procedure, freshly listed; None where it is gone.

        Raises:
            ExternalError: if it cannot be listed.
        """
        return await self._read(procedure_id, ())

    async def read_target(self, target: Target) -> ProcedureDetail | None:
        """The same for what a plan is about, wherever the plan found or writes keys of it.

        A procedure that is gone is found again only by that, where its id was not spelled in the usual way.

        Raises:
            ExternalError: if it cannot be listed.
        """
        keys = (*(state.key for state in target.before), *(op.key for op in target.ops))
        return await self._read(target.procedure_id, {entry_of(key) for key in keys} - {target.procedure_id})

    async def _read(self, procedure_id: str, entries: Collection[str]) -> ProcedureDetail | None:
        detail = await self._source.read_detail(procedure_id, entries)
        if detail is not None and detail.record.file_name is None:
            raise Determinate(detail.record.failure or f"{procedure_id} cannot be listed")
        return detail

    async def _plan_each(
        self,
        kind: ActionKind,
        procedure_ids: Iterable[str],
        plan: Callable[[ProcedureDetail], Target | Refusal],
    ) -> Plan:
        planned: list[Target | Refusal] = []
        for procedure_id in dict.fromkeys(procedure_ids):
            detail = await self.read(procedure_id)
            planned.append(_missing(procedure_id) if detail is None else plan(detail))
        targets = [step for step in planned if isinstance(step, Target)]
        return self._plan(kind, targets, [step for step in planned if isinstance(step, Refusal)])

    def _plan(self, kind: ActionKind, targets: Iterable[Target], refusals: Iterable[Refusal]) -> Plan:
        return Plan(kind=kind, location=self.location, targets=tuple(targets), refusals=tuple(refusals))

    def _circumstances(self, scope: Scope = Scope.FAMILY) -> Circumstances:
        return Circumstances(self._relatives, self._now(), self._has_directories, scope)


def _written_by(entry: Entry) -> dict[str, tuple[KeyState, ...]]:
    """What an entry wrote, by procedure, as far as that was noted when it ended."""
    if entry.state is EntryState.APPLYING:
        return {}
    return {
        result.procedure_id: result.written
        for result in entry.results
        if result.is_verified or (not result.ops_done and result.outcome is not Outcome.UNKNOWN)
    }


def _missing(procedure_id: str) -> Refusal:
    return Refusal(procedure_id, "It is not in the store.", "It may have ended meanwhile; look at the list again.")


def _parent_of(detail: ProcedureDetail) -> str | None:
    return None if detail.record.message is None else detail.record.message.parent_id
