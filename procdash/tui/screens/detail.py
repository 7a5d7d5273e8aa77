"""One procedure on the whole screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.getters import query_one

from procdash.tui.acting.bindings import ACTION_BINDINGS
from procdash.tui.acting.flow import ActionFlow
from procdash.tui.clipboard import COPY_BINDINGS, copy_id, copy_value
from procdash.tui.picture import Picture
from procdash.tui.screens.acting import ActingScreen
from procdash.tui.widgets.detail_panel import VIEW_BINDINGS, DetailPanel
from procdash.tui.widgets.detail_reader import Shown
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.result_line import ResultLine
from procdash.tui.widgets.status_bar import StatusBar


class DetailScreen(ActingScreen, inherit_bindings=False):
    """The detail panel with all the room there is.

    Args:
        flow: takes an action from its key to its result.
        picture: the live picture.
        procedure_id: whose detail.
        now: the wall clock, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
        known: what was shown of it before, so that nothing is blank at first.
        read_only: whether to say that nothing can be written.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="detail.back", tooltip="Go back to the list"),
        Binding(
            "tab", "next_view", "Other side", id="detail.pane", tooltip="Move between the steps and the message"
        ),
        *ACTION_BINDINGS,
        *VIEW_BINDINGS,
        *COPY_BINDINGS,
    ]

    status_bar = query_one(StatusBar)
    panel = query_one(DetailPanel)

    def __init__(
        self,
        flow: ActionFlow,
        picture: Picture,
        procedure_id: str,
        now: Callable[[], float],
        stuck_after: float,
        known: Shown | None,
        *,
        read_only: bool,
    ) -> None:
        super().__init__(flow)
        self._picture = picture
        self._procedure_id = procedure_id
        self._now = now
        self._stuck_after = stuck_after
        self._read_only = read_only
        self._is_composed = False
        self._unsubscribe = picture.subscribe(lambda _: self._show_status())
        self._known = known if known is not None and known.procedure_id == procedure_id else None

    @property
    def chosen_ids(self) -> tuple[str, ...]:
        """The procedure that is shown."""
        return (self._procedure_id,)

    @property
    def is_settled(self) -> bool:
        """Whether every change that is known is on the screen."""
        return self.panel.is_settled

    def compose(self) -> ComposeResult:
        yield StatusBar(self._picture.reader.location, self._now, read_only=self._read_only)
        yield DetailPanel(self._picture, self._now, self._stuck_after)
        yield ResultLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self._is_composed = True
        self._show_status()
        self.panel.start_with(self._known)
        self.panel.show(self._procedure_id, at_once=True)
        self.panel.first_view.focus()

    def on_unmount(self) -> None:
        self._unsubscribe()

    def action_turn(self, by: int) -> None:
        """Show another view."""
        self.panel.turn(by)

    def action_next_view(self) -> None:
        """Move the keyboard to the other view, where there are two."""
        self.focus_next("TextView")

    def action_copy_id(self) -> None:
        """Send the procedure's id to the terminal's clipboard."""
        copy_id(self.app, self._procedure_id)

    def action_copy_value(self) -> None:
        """Send the value that is shown to the terminal's clipboard."""
        copy_value(self.app, self.panel.shown)

    def _show_status(self) -> None:
        if self._is_composed:
            self.status_bar.show(self._picture.status, self._picture.index.unknown_key_count)
