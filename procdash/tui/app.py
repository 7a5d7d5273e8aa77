"""The Textual app: opens the main screen over a live picture, and follows the store as long as it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from procdash.actions.executor import Executor
from procdash.actions.journal import Journal
from procdash.actions.opening import open_planner
from procdash.actions.planner import Planner
from procdash.insight.problems import STUCK_AFTER_SECONDS
from procdash.present.sanitise import safe
from procdash.tui.acting.flow import ActionFlow
from procdash.tui.acting.means import Means
from procdash.tui.frugal_app import FrugalApp
from procdash.tui.picture import Picture
from procdash.tui.screens.action_log import ActionLogScreen
from procdash.tui.screens.confirm import ConfirmScreen
from procdash.tui.screens.detail import DetailScreen
from procdash.tui.screens.help import HelpScreen, Topic
from procdash.tui.screens.main import MainScreen
from procdash.tui.theme import PROCDASH_DARK
from procdash.tui.widgets.entry_list import EntryList
from procdash.tui.widgets.procedure_list import ProcedureList
from procdash.tui.widgets.text_view import TextView


class ProcdashApp(FrugalApp):
    """The dashboard.

    Args:
        monitor: the live picture of a store.
        now: the wall clock, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
        read_only: whether to say that nothing can be written.
        planner: plans actions; one for `monitor` if none is given.
        executor: applies them; None takes every write away.
        journal: what was done before; the executor's if none is given.
        read_only_reason: why there is no executor.
    """

    TITLE = "procdash"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", key_display="?", tooltip="Show every key"),
        Binding(
            "q", "quit", "Quit", id="app.quit", tooltip="Quit at once; while a plan is being applied, press twice"
        ),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True, id="app.interrupt", tooltip="Quit as q does"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Palette",
            show=False,
            id="app.palette",
            tooltip="Open the command palette: themes, a screenshot",
        ),
        Binding("ctrl+l", "redraw", "Redraw", show=False, id="app.redraw", tooltip="Draw the whole screen again"),
    ]

    def __init__(
        self,
        monitor: Picture,
        *,
        now: Callable[[], float] = time.time,
        stuck_after: float = STUCK_AFTER_SECONDS,
        read_only: bool = False,
        planner: Planner | None = None,
        executor: Executor | None = None,
        journal: Journal | None = None,
        read_only_reason: str = "",
    ) -> None:
        super().__init__()
        self.animation_level = "none"  # one page down with animations is 188 KB on the wire
        self.register_theme(PROCDASH_DARK)
        self.theme = PROCDASH_DARK.name
        self._monitor = monitor
        self._now = now
        self._stuck_after = stuck_after
        self._read_only = read_only
        self.parting_words = ""
        """What to say once the terminal is as it was: how to resume what was left half-way."""
        means = Means(
            planner or open_planner(monitor, now=now),
            executor,
            executor.journal if journal is None and executor is not None else journal,
            read_only_reason or "read-only",
        )
        self.flow = ActionFlow(self, monitor, means, now)
        """Takes an action from its key to its result."""

    def on_mount(self) -> None:  # Textual calls the base class's own as well
        self.push_screen(
            MainScreen(self.flow, self._monitor, self._now, self._stuck_after, read_only=self._read_only)
        )
        self.flow.look_for_interrupted()
        self.run_worker(self._monitor.run(), name="monitor", group="monitor", exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say that the picture stands still, should following the store ever fail."""
        if event.worker.group == "monitor" and event.state is WorkerState.ERROR:
            self.notify(
                safe(
                    f"procdash no longer follows the store: {event.worker.error!r}. Restart it, and report this."
                ),
                severity="error",
                timeout=3600,
                markup=False,
            )

        elif event.worker.group in ("plan", "write", "journal", "leave") and event.state is WorkerState.ERROR:
            self.flow.fail(event.worker.error)

    def action_log(self) -> None:
        """Show what was done to this location."""
        self.flow.log_was_opened()
        self.push_screen(ActionLogScreen(self.flow, self._monitor, self._now))

    async def action_quit(self) -> None:
        """Quit; while a plan is being applied, only when asked twice."""
        if not await self.flow.announce_leaving():
            self.run_worker(self._leave(), group="leave", exit_on_error=False)

    async def _leave(self) -> None:
        self.parting_words = await self.flow.leave()
        self.exit()

    def action_help(self) -> None:
        """Show every key."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(HELP_TOPICS))


HELP_TOPICS = (
    Topic("Everywhere", (ProcdashApp,)),
    Topic("Main screen", (MainScreen,)),
    Topic("In the list", (ProcedureList,)),
    Topic("In the detail", (TextView,)),
    Topic("Detail on the whole screen", (DetailScreen,)),
    Topic("Before anything is written", (ConfirmScreen,)),
    Topic("Action log", (ActionLogScreen,)),
    Topic("In the entries of the log", (EntryList,)),
    Topic("In this help", (HelpScreen,)),
)
"""What the help explains."""
