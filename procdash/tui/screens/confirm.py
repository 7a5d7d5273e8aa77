"""The question before anything is written: the whole plan, what it needs, and Cancel under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.getters import query_one
from textual.screen import Screen
from textual.widgets import Button, Input
from textual.worker import Worker, WorkerState

from procdash.actions.planner import Planner
from procdash.actions.plans import Plan
from procdash.live.index import RowEvent
from procdash.present.plan_view import plan_body
from procdash.present.sanitise import safe
from procdash.present.spans import Line, Role, span
from procdash.store.errors import ExternalError
from procdash.tui.acting.bindings import CONFIRM_BINDINGS
from procdash.tui.acting.outdated import is_outdated_by
from procdash.tui.acting.proposals import Proposal
from procdash.tui.acting.question import answer, choice, is_phrase, phrase, question
from procdash.tui.picture import Picture
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.one_line import OneLine
from procdash.tui.widgets.status_bar import StatusBar
from procdash.tui.widgets.text_view import TextView


class Confirmed(NamedTuple):
    """What is to be done."""

    proposal: Proposal
    plan: Plan
    reason: str
    """Why, in the operator's words."""


class ConfirmScreen(Screen[Confirmed | None], inherit_bindings=False):
    """Shows a plan and asks whether to apply it.

    Args:
        proposal: what was asked for.
        plan: the plan of it.
        planner: plans anew.
        picture: the live picture.
        now: the wall clock, in Unix seconds.
    """

    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [*CONFIRM_BINDINGS]

    status_bar = query_one(StatusBar)
    headline = query_one("#headline", OneLine)
    body = query_one(TextView)
    notice = query_one("#notice", OneLine)
    typed = query_one("#typed", Input)
    reason = query_one("#reason", Input)
    cancel = query_one("#cancel", Button)
    apply = query_one("#apply", Button)

    def __init__(
        self, proposal: Proposal, plan: Plan, planner: Planner, picture: Picture, now: Callable[[], float]
    ) -> None:
        super().__init__()
        self._proposal = proposal
        self._plan = plan
        self._planner = planner
        self._picture = picture
        self._now = now
        self._trouble = ""
        self._is_outdated = False
        self._is_planning = False
        self._unsubscribe = picture.subscribe(self._on_events)

    @property
    def plan(self) -> Plan:
        """What is shown."""
        return self._plan

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being planned."""
        return not self._is_planning

    def compose(self) -> ComposeResult:
        yield StatusBar(self._picture.reader.location, self._now, read_only=False)
        yield OneLine(id="headline")
        body = TextView()
        body.can_focus = False
        yield body
        with Vertical(id="form"):
            yield OneLine(id="notice")
            with Horizontal(id="typed-row"):
                yield OneLine(id="typed-label")
                yield Input(id="typed", compact=True)
            with Horizontal(id="reason-row"):
                yield OneLine(id="reason-label")
                yield Input(id="reason", compact=True, placeholder="optional; kept in the journal", max_length=500)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("", id="apply", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#reason-label", OneLine).show((span("Reason", Role.MUTED),))
        self._show_plan()

    def on_unmount(self) -> None:
        self._unsubscribe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        is_offered = {
            "confirm": bool(self._plan.ops) and not self._ids_to_type,
            "plan_anew": self._is_outdated or bool(self._trouble),
            "scope": self._proposal.with_other_scope() is not None,
            "keep": self._proposal.with_steps_kept(1) is not None,
        }
        if not is_offered.get(action, True):
            return False
        return None if action == "confirm" and not self._may_apply else True

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def action_confirm(self) -> None:
        """Apply the plan."""
        if self._may_apply:
            self.dismiss(Confirmed(self._proposal, self._plan, self.reason.value.strip()))

    def action_plan_anew(self) -> None:
        """Plan anew, from the store as it is now."""
        self._replan(self._proposal)

    def action_scope(self) -> None:
        """Delete whole families, or only what was named."""
        self._replan(self._proposal.with_other_scope())

    def action_keep(self, by: int) -> None:
        """Keep more or fewer steps of each."""
        self._replan(self._proposal.with_steps_kept(by))

    def action_scroll(self, by: int) -> None:
        """Scroll the plan by some lines."""
        self.body.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll the plan by some pages."""
        self.body.scroll_relative(y=by * max(self.body.size.height - 1, 1), animate=False)

    @on(Button.Pressed, "#cancel")
    def _cancel_pressed(self) -> None:
        self.action_cancel()

    @on(Button.Pressed, "#apply")
    def _apply_pressed(self) -> None:
        self.action_confirm()

    @on(Input.Changed, "#typed")
    def _typing(self) -> None:
        self._enable()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failure of procdash itself is said in words too, instead of ending the dashboard."""
        if event.state is WorkerState.ERROR:
            self._is_planning = False
            self._trouble = f"procdash could not plan it: {event.worker.error!r}"
            self._show_question()

    @property
    def _ids_to_type(self) -> tuple[str, ...]:
        return self._proposal.ids_to_type(self._plan)

    @property
    def _may_apply(self) -> bool:
        """Whether everything that is needed is there."""
        is_current = not (self._is_outdated or self._is_planning or self._trouble)
        return is_current and bool(self._plan.ops) and is_phrase(self._ids_to_type, self.typed.value)

    def _replan(self, proposal: Proposal | None) -> None:
        if proposal is not None:
            self._is_planning = True
            self.run_worker(self._plan_again(proposal), group="replan", exclusive=True, exit_on_error=False)
            self._enable()

    async def _plan_again(self, proposal: Proposal) -> None:
        self._is_outdated = False
        self._trouble = ""
        try:
            plan = await proposal.plan(self._planner)
        except ExternalError as error:
            self._trouble = f"It cannot be planned: {error.message}"
        else:
            self._proposal, self._plan = proposal, plan
        self._is_planning = False
        self._show_plan()

    def _on_events(self, events: Sequence[RowEvent]) -> None:
        if not self._is_outdated and any(is_outdated_by(event, self._plan, self._proposal) for event in events):
            self._is_outdated = True
            if self.is_mounted:
                self._show_question()
        elif self.is_mounted:
            self.status_bar.show(self._picture.status, self._picture.index.unknown_key_count)

    def _show_plan(self) -> None:
        self.headline.show((span(" "), *question(self._proposal, self._plan)))
        self.body.show(lambda width: plan_body(self._plan, width, self._proposal.done), from_top=True)
        self._show_question()

    def _show_question(self) -> None:
        self.status_bar.show(self._picture.status, self._picture.index.unknown_key_count)
        notice = self._notice
        self.notice.show(notice)
        self.notice.display = bool(notice)
        ids = self._ids_to_type if self._plan.ops else ()
        self.query_one("#typed-row").display = bool(ids)
        self.query_one("#reason-row").display = bool(self._plan.ops)
        self.query_one("#typed-label", OneLine).show(
            (span("Type", Role.MUTED), span(f" {phrase(ids)}", Role.STRONG))
        )
        self.cancel.label = safe("Cancel" if self._plan.ops else "Close")
        self.apply.label = safe(answer(self._proposal, self._plan))
        self.apply.display = bool(self._plan.ops)
        self._enable()

    @property
    def _notice(self) -> Line:
        if self._trouble:
            return (span(f"✗ {self._trouble} · r tries again", Role.ERROR),)
        if self._is_outdated:
            return (span("≠ Changed since you looked · r plans anew", Role.PROBLEM),)
        return choice(self._proposal, self._plan)

    def _enable(self) -> None:
        """Offer what can be done now."""
        if not self._may_apply and self.apply.has_focus:
            self.cancel.focus()
        self.apply.disabled = not self._may_apply
        self.refresh_bindings()
