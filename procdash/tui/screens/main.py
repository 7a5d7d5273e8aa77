"""The main screen: status, counts, the list, and the detail of the procedure under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.getters import query_one
from textual.timer import Timer

from procdash.insight.verdict import Verdict
from procdash.live.index import RowEvent
from procdash.live.monitor import StoreState
from procdash.live.view import Order, RowFilter, View
from procdash.tui.acting.bindings import ACTION_BINDINGS
from procdash.tui.acting.flow import ActionFlow
from procdash.tui.clipboard import COPY_BINDINGS, copy_id, copy_value
from procdash.tui.picture import Picture
from procdash.tui.repaint_pace import RepaintPace
from procdash.tui.screens.acting import ActingScreen
from procdash.tui.screens.detail import DetailScreen
from procdash.tui.widgets.column_titles import ColumnTitles
from procdash.tui.widgets.detail_panel import VIEW_BINDINGS, DetailPanel
from procdash.tui.widgets.empty_text import empty_text
from procdash.tui.widgets.filter_tabs import FilterTabs
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.procedure_list import ProcedureList
from procdash.tui.widgets.result_line import ResultLine
from procdash.tui.widgets.status_bar import Marked, StatusBar

_FIRST_DESCENDING = frozenset({Order.STEP, Order.KEYS})
"""Columns of which the largest values are looked for."""


def _filter_binding(key: str, name: str, description: str) -> Binding:
    return Binding(
        key,
        f"filter('{name}')",
        description,
        show=False,
        id=f"filter.{name}",
        tooltip=f"{description}",
        key_display="!" if key == "exclamation_mark" else key,
    )


class MainScreen(ActingScreen, inherit_bindings=False):
    """Everything at one glance.

    Args:
        flow: takes an action from its key to its result.
        picture: the live picture.
        now: the wall clock, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
        read_only: whether to say that nothing can be written.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "Open",
            key_display="enter",
            id="main.open",
            tooltip="Show the procedure on the whole screen",
        ),
        Binding("space", "mark", "Mark", id="marks.mark", tooltip="Mark this procedure, or take its mark away"),
        Binding(
            "v",
            "mark_up_to",
            "Mark up to here",
            show=False,
            id="marks.range",
            tooltip="Mark every procedure from the last mark to this one",
        ),
        *ACTION_BINDINGS,
        Binding("tab", "switch_pane", "Detail", id="main.pane", tooltip="Move between the list and the detail"),
        Binding("s", "sort(1)", "Sort", id="sort.next", tooltip="Sort by the next column"),
        Binding("S", "sort(-1)", "Sort back", show=False, id="sort.previous", tooltip="Sort by the column before"),
        Binding("r", "reverse", "Reverse", id="sort.reverse", tooltip="Turn the order round"),
        _filter_binding("1", "all", "Show all procedures"),
        _filter_binding("2", "loaded", "Show what is loaded"),
        _filter_binding("3", "rolling_back", "Show what is rolling back"),
        _filter_binding("4", "finished", "Show what is finished"),
        _filter_binding("5", "unreadable", "Show what is unreadable"),
        _filter_binding("exclamation_mark", "problems", "Show only what has a problem"),
        *VIEW_BINDINGS,
        *COPY_BINDINGS,
        Binding(
            "escape",
            "back",
            "Clear",
            show=False,
            id="main.back",
            tooltip="Clear what is said of the last action, then the marks",
        ),
    ]

    status_bar = query_one(StatusBar)
    tabs = query_one(FilterTabs)
    titles = query_one(ColumnTitles)
    rows = query_one(ProcedureList)
    panel = query_one(DetailPanel)

    def __init__(
        self,
        flow: ActionFlow,
        picture: Picture,
        now: Callable[[], float],
        stuck_after: float,
        *,
        read_only: bool,
    ) -> None:
        super().__init__(flow)
        self._picture = picture
        self._now = now
        self._stuck_after = stuck_after
        self._read_only = read_only
        self._view = View(picture.index, now, stuck_after)
        self._pace = RepaintPace(self, self._repaint)
        self._stuck_timer: Timer | None = None
        self._is_composed = False
        self._unsubscribe = picture.subscribe(self._on_events)

    @property
    def view(self) -> View:
        """The rows that are shown."""
        return self._view

    @property
    def is_settled(self) -> bool:
        """Whether every change that is known is on the screen."""
        return self._pace.is_settled and self.panel.is_settled

    def compose(self) -> ComposeResult:
        yield StatusBar(self._picture.reader.location, self._now, read_only=self._read_only)
        yield FilterTabs()
        with Vertical(id="list"):
            yield ColumnTitles()
            yield ProcedureList(self._picture.index, self._view, self._now, self._stuck_after, self._flow)
        with Vertical(id="below"):
            yield DetailPanel(self._picture, self._now, self._stuck_after)
            yield ResultLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self._is_composed = True
        self.rows.focus()
        self._repaint()

    def on_unmount(self) -> None:
        self._unsubscribe()

    def action_open(self) -> None:
        """Show the procedure on the whole screen."""
        if self.rows.cursor_id is not None:
            detail = DetailScreen(
                self._flow,
                self._picture,
                self.rows.cursor_id,
                self._now,
                self._stuck_after,
                self.panel.shown,
                read_only=self._read_only,
            )
            self.app.push_screen(detail)

    def action_switch_pane(self) -> None:
        """Move the keyboard between the list and the detail."""
        if self.rows.has_focus:
            self.panel.first_view.focus()
        else:
            self.rows.focus()

    def action_turn(self, by: int) -> None:
        """Show another view in the detail."""
        self.panel.turn(by)

    def action_sort(self, by: int) -> None:
        """Sort by the next column, or one before."""
        orders = list(Order)
        self._sort_by(orders[(orders.index(self._view.order) + by) % len(orders)])

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._sort_by(self._view.order)

    def action_filter(self, name: str) -> None:
        """Show only some procedures."""
        verdict = Verdict(name) if name in set(map(str, Verdict)) else None
        self._show_only(RowFilter(verdict, problems_only=name == "problems"))

    def action_copy_id(self) -> None:
        """Send the procedure's id to the terminal's clipboard."""
        copy_id(self.app, self.rows.cursor_id)

    def action_copy_value(self) -> None:
        """Send the value that is shown to the terminal's clipboard."""
        copy_value(self.app, self.panel.shown)

    @property
    def chosen_ids(self) -> tuple[str, ...]:
        """What is marked, or else the procedure under the cursor."""
        if self._flow.marks:
            return tuple(self._flow.marks)
        return () if self.rows.cursor_id is None else (self.rows.cursor_id,)

    def show_action(self) -> None:
        """Show what became of the last action, or how far this one is."""
        super().show_action()
        self._repaint()

    def action_mark(self) -> None:
        """Mark the procedure under the cursor, or take its mark away."""
        self.rows.mark()
        self._show_status()

    def action_mark_up_to(self) -> None:
        """Mark every procedure from the last mark to the one under the cursor."""
        self.rows.mark_up_to()
        self._show_status()

    def action_back(self) -> None:
        """Clear the result line, or else the marks."""
        if not self._flow.clear():
            self._flow.marks.clear()
            self._repaint()

    @on(FilterTabs.Chosen)
    def _filter_chosen(self, event: FilterTabs.Chosen) -> None:
        self._show_only(event.row_filter)

    @on(ColumnTitles.Chosen)
    def _order_chosen(self, event: ColumnTitles.Chosen) -> None:
        self._sort_by(event.order)

    @on(ProcedureList.CursorMoved)
    def _cursor_moved(self, event: ProcedureList.CursorMoved) -> None:
        self.panel.show(event.procedure_id)

    @on(ProcedureList.Opened)
    def _row_opened(self) -> None:
        self.action_open()

    def _sort_by(self, order: Order) -> None:
        is_same = order is self._view.order
        descending = not self._view.descending if is_same else order in _FIRST_DESCENDING
        self._view.set_order(order, descending=descending)
        self.rows.place_cursor()
        self._repaint()

    def _show_only(self, row_filter: RowFilter) -> None:
        self._view.set_filter(row_filter)
        self._repaint()

    def _on_events(self, events: Sequence[RowEvent]) -> None:
        self._view.apply(events)
        if self._is_composed:
            self._pace.ask()

    def _show_status(self) -> None:
        marks = self._flow.marks
        shows_all = len(self._view) == len(self._picture.index)
        marked = Marked(len(marks), 0 if shows_all else marks.hidden_from(self._view))
        self.status_bar.show(self._picture.status, self._picture.index.unknown_key_count, marked)

    def _repaint(self) -> None:
        self._view.advance()
        self._show_status()
        status = self._picture.status
        index = self._picture.index
        self.tabs.show(index.counts, len(index), self._view.problem_count, self._view.row_filter)
        self.titles.show(self._view.order, descending=self._view.descending)
        self.rows.draw_dimly(is_dim=status.state is StoreState.LOST)
        self.rows.say_when_empty(*empty_text(status, self._view.row_filter, len(index)))
        self.rows.follow()
        if status.state is not StoreState.OPENING:
            self.rows.place_cursor()
        self._wake_when_stuck()

    def _wake_when_stuck(self) -> None:
        """Repaint when the next procedure begins to count as stuck."""
        if self._stuck_timer is not None:
            self._stuck_timer.stop()
            self._stuck_timer = None
        at = self._view.next_stuck_at
        if at is not None:
            self._stuck_timer = self.set_timer(max(at - self._now(), 0.01), self._repaint)
