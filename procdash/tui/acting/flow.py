"""The way of an action from a key to its result: plan, confirm, apply, and say what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from textual.app import App
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from procdash.actions.entries import Entry, JournalError
from procdash.actions.legality import refusal_of
from procdash.actions.outcomes import Outcome, Report
from procdash.actions.plans import ActionKind, Plan
from procdash.actions.target_writer import Pace
from procdash.live.index import RowEvent, RowEventKind
from procdash.present.spans import Role
from procdash.store.errors import ExternalError
from procdash.tui.acting.history import History
from procdash.tui.acting.marks import Marks
from procdash.tui.acting.means import Means
from procdash.tui.acting.pending import Pending
from procdash.tui.acting.proposals import Act, Proposal, Resume
from procdash.tui.acting.said import SEE_LOG, Applying, Said, can_be_planned_anew, said, said_of
from procdash.tui.picture import Picture
from procdash.tui.repaint_pace import RepaintPace
from procdash.tui.screens.confirm import Confirmed, ConfirmScreen

_PATIENCE = 0.2
"""When planning takes longer than this, it is said meanwhile."""
_PENDING_SECONDS = 10.0
"""So long after an action rows are pending at most, should the store never show what was done."""


class ActionFlow:
    """Takes one action at a time from a key to its result; there is one for all screens.

    Args:
        app: shows the screens and runs the workers.
        picture: the live picture.
        means: what actions are done with.
        now: the wall clock, in Unix seconds.
    """

    def __init__(self, app: App[None], picture: Picture, means: Means, now: Callable[[], float]) -> None:
        self.means = means
        """What actions are done with."""
        self.history = History(means.journal, means.planner.location)
        """What was done to this location before."""
        self.marks = Marks()
        """What the next action is about."""
        self.pending = Pending(picture.index)
        """What is being written to."""
        self._app = app
        self._picture = picture
        self._now = now
        self._said = Said()
        self._applying: Applying | None = None
        self._again: Proposal | None = None
        self._worker: Worker[None] | None = None
        self._is_asking = False
        self._listeners: list[Callable[[], None]] = []
        self._pace = RepaintPace(app, self._tell)
        picture.subscribe(self._on_events)

    @property
    def said(self) -> Said:
        """What there is to say: how far an action is, or what became of the last one."""
        return self._said if self._applying is None else self._applying.said

    @property
    def applying(self) -> Applying | None:
        """What is being applied."""
        return self._applying

    @property
    def can_write(self) -> bool:
        """Whether anything may be written."""
        return self.means.executor is not None

    @property
    def has_again(self) -> bool:
        """Whether there is something to plan anew, because the store had changed."""
        return self._again is not None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being planned, read or applied, but for what a person is asked."""
        return self._pace.is_settled and not any(
            worker.group in ("plan", "write", "journal", "leave") and not worker.is_finished
            for worker in self._app.workers
            if not (worker.group == "plan" and self._is_asking)
        )

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever there is something else to show; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def say(self, text: str, role: Role = Role.PLAIN, hint: str = "") -> None:
        """Say something in the result line."""
        self._said = said(text, role, hint)
        self._tell()

    def clear(self) -> bool:
        """Say nothing any more; returns whether there was something."""
        was_saying = bool(self._said.line)
        self._said, self._again = Said(), None
        if was_saying:
            self._tell()
        return was_saying and self._applying is None

    def act(self, kind: ActionKind, procedure_ids: Sequence[str]) -> None:
        """Propose to commit, delete or truncate some procedures."""
        if len(procedure_ids) == 1:
            record = self._picture.index.get(procedure_ids[0])
            refusal = None if record is None else refusal_of(kind, record)
            if refusal is not None:
                self._again = None
                self.say(f"✗ {refusal.procedure_id[:8]}: {refusal.reason} → {refusal.next_step}", Role.PROBLEM)
                return
        if procedure_ids:
            self.propose(Act(kind, tuple(procedure_ids)))

    def act_again(self) -> None:
        """Plan anew what could not be done, because the store had changed."""
        if self._again is not None:
            self.propose(self._again)

    def undo_last(self) -> None:
        """Propose to take back the newest entry of this location that can be."""
        self._begin(self.history.undo_of_the_last())

    def undo(self, entry: Entry) -> None:
        """Propose to take back an entry."""
        self._begin(self.history.undo_of(entry))

    def propose(self, proposal: Proposal) -> None:
        """Plan something, and ask whether to do it."""
        self._begin(_known(proposal))

    def log_was_opened(self) -> None:
        """What was said to be seen there is seen."""
        if self._said.hint == SEE_LOG:
            self.clear()

    def look_for_interrupted(self) -> None:
        """Say whether an entry of this location was interrupted."""
        self._run(self._say_interrupted(), "journal")

    async def announce_leaving(self) -> bool:
        """Say what quitting means while something is being applied.

        Returns:
            Whether there is something to say: quit only when asked again.
        """
        applying = self._applying
        if applying is None or applying.is_leaving:
            return False
        number = applying.number or await self.history.newest_number()
        if self._applying is not None:
            self._applying = self._applying._replace(number=number, is_leaving=True)
            self._tell()
        return self._applying is not None

    async def leave(self) -> str:
        """Stop applying; what has begun is finished.

        Returns:
            What to know after quitting; empty where nothing is left to do.
        """
        applying, executor = self._applying, self.means.executor
        if applying is None or executor is None or self._worker is None:
            return ""
        self._worker.cancel()
        with contextlib.suppress(WorkerCancelled, WorkerFailed):
            await self._worker.wait()
        await executor.wait_idle()
        return await self.history.parting_words(applying.number)

    def fail(self, error: BaseException | None) -> None:
        """Say that procdash itself failed."""
        self._applying = None
        self.pending.forget()
        self.say(f"✗ procdash could not do it: {error!r}. Please report this.", Role.ERROR)

    def _begin(self, finding: Coroutine[Any, Any, Proposal | str]) -> None:
        if self._applying is not None:  # the result line says so
            finding.close()
            return
        self.clear()
        self._run(self._propose(finding), "plan")

    async def _propose(self, finding: Coroutine[Any, Any, Proposal | str]) -> None:
        screen = self._app.screen
        try:
            proposal = await finding
            if isinstance(proposal, str):
                self.say(f"○ {proposal}")
                return
            plan = await self._planned(proposal)
        except JournalError as error:
            self.say(f"✗ {error}", Role.ERROR)
            return
        except ExternalError as error:
            self.say(f"✗ It cannot be planned: {error.message}", Role.ERROR)
            return
        if not plan.targets and not plan.refusals:
            self.say("○ There is nothing to do.")
            return
        self.clear()
        if self._app.screen is not screen:  # whoever asked has gone elsewhere
            return
        self._is_asking = True
        try:
            answer = await self._app.push_screen_wait(
                ConfirmScreen(proposal, plan, self.means.planner, self._picture, self._now)
            )
        finally:
            self._is_asking = False
        if answer is not None:
            self._worker = self._run(self._apply(answer), "write")

    async def _planned(self, proposal: Proposal) -> Plan:
        planning = asyncio.ensure_future(proposal.plan(self.means.planner))
        try:
            done, _ = await asyncio.wait({planning}, timeout=_PATIENCE)
            if not done:
                self.say("… planning", Role.ACTIVE)
            return await planning
        finally:
            planning.cancel()

    async def _apply(self, confirmed: Confirmed) -> None:
        proposal, plan, reason = confirmed
        executor = self.means.executor
        if executor is None:
            return
        number = proposal.entry.number if isinstance(proposal, Resume) else None
        self._applying = Applying(plan, 0, number)
        self.pending.begin(plan)
        self._tell()
        report: Report | None = None
        try:
            report = await proposal.apply(executor, plan, reason, Pace(on_progress=self._on_progress))
        except (ExternalError, JournalError) as error:
            self._said = said(f"✗ Not applied, nothing was written: {_words(error)}", Role.ERROR)
        else:
            self._take_in(proposal, report)
        finally:
            self._applying = None
            self.pending.end(report)
            self._app.set_timer(_PENDING_SECONDS, self._stop_waiting)
        self._tell()

    def _take_in(self, proposal: Proposal, report: Report) -> None:
        if report.outcome is Outcome.DONE:
            self.marks.discard(target.procedure_id for target in report.plan.targets)
        if can_be_planned_anew(report) and isinstance(proposal, Act):
            self._again = proposal
        self._said = said_of(report)

    def _on_progress(self, done: int, _total: int) -> None:
        if self._applying is not None:
            self._applying = self._applying._replace(done=done)
            self._pace.ask()

    async def _say_interrupted(self) -> None:
        try:
            line = await self.history.interrupted()
        except JournalError as error:
            self.say(f"✗ {error}", Role.ERROR)
            return
        if line and not self.said.line:
            self._said = Said(line, SEE_LOG)
            self._tell()

    def _on_events(self, events: Sequence[RowEvent]) -> None:
        self.marks.discard(event.procedure_id for event in events if event.kind is RowEventKind.REMOVED)
        self.pending.look_at(event.procedure_id for event in events)

    def _stop_waiting(self) -> None:
        if self._applying is None and self.pending:
            self.pending.forget()
            self._tell()

    def _run(self, work: Coroutine[Any, Any, None], group: str) -> Worker[None]:
        return self._app.run_worker(work, group=group, exclusive=group == "plan", exit_on_error=False)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _words(error: ExternalError | JournalError) -> str:
    return error.message if isinstance(error, ExternalError) else str(error)


async def _known(proposal: Proposal) -> Proposal | str:
    return proposal
