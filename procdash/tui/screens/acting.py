"""What every screen has from which something can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.events import Key
from textual.getters import query_one
from textual.screen import Screen

from procdash.actions.plans import ActionKind
from procdash.present.spans import Role
from procdash.tui.acting.bindings import WRITING_ACTIONS
from procdash.tui.widgets.result_line import ResultLine

if TYPE_CHECKING:
    from procdash.tui.acting.flow import ActionFlow


class ActingScreen(Screen[None], inherit_bindings=False):
    """A screen with a result line and the keys that write.

    Args:
        flow: takes an action from its key to its result.
    """

    result = query_one(ResultLine)

    def __init__(self, flow: ActionFlow) -> None:
        super().__init__()
        self._flow = flow
        self._end_of_telling: Callable[[], None] | None = None

    @property
    def chosen_ids(self) -> tuple[str, ...]:
        """The procedures that the next action is about."""
        return ()

    def on_mount(self) -> None:
        self._end_of_telling = self._flow.subscribe(self.show_action)
        self.result.show(self._flow.said)

    def on_unmount(self) -> None:
        if self._end_of_telling is not None:
            self._end_of_telling()

    def show_action(self) -> None:
        """Show what became of the last action, or how far this one is."""
        self.result.show(self._flow.said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "again" and not self._flow.has_again:
            return False
        return None if action in WRITING_ACTIONS and not self._flow.can_write else True

    def on_key(self, event: Key) -> None:
        """Say why a key that is greyed does nothing."""
        active = self.active_bindings.get(event.key)
        if active is not None and not active.enabled and not self._flow.can_write:
            event.stop()
            self._flow.say(f"○ {self._flow.means.why_not}", Role.PROBLEM)

    def action_act(self, kind: str) -> None:
        """Propose to commit, delete or truncate what is chosen."""
        self._flow.act(ActionKind(kind), self.chosen_ids)

    def action_undo(self) -> None:
        """Propose to take back the last action on this location."""
        self._flow.undo_last()

    def action_again(self) -> None:
        """Plan anew what could not be done."""
        self._flow.act_again()
