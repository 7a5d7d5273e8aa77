"""The action log: everything that was done to this location, from the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.getters import query_one

from procdash.actions.entries import JournalError
from procdash.present.journal_view import entry_body, entry_title
from procdash.present.spans import Line
from procdash.tui.acting.bindings import WRITING_ACTIONS
from procdash.tui.acting.flow import ActionFlow
from procdash.tui.acting.history import Written
from procdash.tui.acting.proposals import Resume
from procdash.tui.picture import Picture
from procdash.tui.screens.acting import ActingScreen
from procdash.tui.widgets.detail_title import DetailTitle
from procdash.tui.widgets.entry_list import EntryList, EntryTitles
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.result_line import ResultLine
from procdash.tui.widgets.status_bar import StatusBar
from procdash.tui.widgets.text_view import TextView


class ActionLogScreen(ActingScreen, inherit_bindings=False):
    """Entries of the journal, and one of them in full.

    Args:
        flow: takes an action from its key to its result.
        picture: the live picture.
        now: the wall clock, in Unix seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="log.back", tooltip="Go back"),
        Binding("u", "undo", "Undo", id="log.undo", tooltip="Take this entry back"),
        Binding(
            "R", "resume", "Resume", id="log.resume", tooltip="Do what is left of an entry that was interrupted"
        ),
        Binding("tab", "switch_pane", "Detail", id="log.pane", tooltip="Move between the entries and the detail"),
    ]

    status_bar = query_one(StatusBar)
    entries = query_one(EntryList)
    rule = query_one(DetailTitle)
    detail = query_one(TextView)

    def __init__(self, flow: ActionFlow, picture: Picture, now: Callable[[], float]) -> None:
        super().__init__(flow)
        self._picture = picture
        self._now = now
        self._shown: Written | None = None
        self._ops_done: frozenset[int] = frozenset()

    def compose(self) -> ComposeResult:
        yield StatusBar(self._picture.reader.location, self._now, read_only=not self._flow.can_write)
        yield EntryTitles()
        yield EntryList()
        yield DetailTitle()
        yield TextView()
        yield ResultLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self.status_bar.show(self._picture.status, self._picture.index.unknown_key_count)
        self.entries.focus()
        self._read_all()

    def show_action(self) -> None:
        """Show what became of the last action, and the journal as it is then."""
        super().show_action()
        if self._flow.applying is None:
            self._read_all()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in WRITING_ACTIONS:
            return True
        written = self._shown
        if action == "undo" and (written is None or not written.entry.is_undoable or written.is_held):
            return False
        if action == "resume" and (written is None or not written.entry.is_resumable or written.is_held):
            return False
        return super().check_action(action, parameters)

    def action_undo(self) -> None:
        """Propose to take back the entry under the cursor."""
        if self._shown is not None:
            self._flow.undo(self._shown.entry)

    def action_resume(self) -> None:
        """Propose to do what is left of the entry under the cursor."""
        if self._shown is not None:
            self._flow.propose(Resume(self._shown.entry, self._ops_done))

    def action_switch_pane(self) -> None:
        """Move the keyboard between the entries and the detail."""
        (self.detail if self.entries.has_focus else self.entries).focus()

    @on(EntryList.CursorMoved)
    def _cursor_moved(self) -> None:
        self.run_worker(self._read_one(), group="journal", exclusive=True, exit_on_error=False)

    def _read_all(self) -> None:
        self.run_worker(self._read_entries(), group="journal list", exclusive=True, exit_on_error=False)

    async def _read_entries(self) -> None:
        try:
            self.entries.show(await self._flow.history.entries())
        except JournalError as error:
            self.entries.say_failure(str(error))

    async def _read_one(self) -> None:
        written = self.entries.written
        if written is not None:
            try:
                self._ops_done = await self._flow.history.ops_done(written.entry.number)
            except JournalError:
                self._ops_done = frozenset()
        is_another = self._shown is None or written is None or self._shown.entry.number != written.entry.number
        self._shown = written
        heading = () if written is None else entry_title(written.entry)
        self.rule.show(heading, (), "", is_focused=False)
        self.detail.show(self._lay_out, from_top=is_another)
        self.refresh_bindings()

    def _lay_out(self, width: int) -> list[Line]:
        if self._shown is None:
            return []
        return entry_body(self._shown.entry, self._ops_done, is_held=self._shown.is_held, width=width)
