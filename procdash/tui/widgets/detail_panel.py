"""The detail of one procedure: verdict and steps, its message, its raw keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus, Resize
from textual.getters import query_one
from textual.reactive import reactive
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from procdash.live.index import RowEvent
from procdash.present.detail_view import title_of
from procdash.present.spans import Line
from procdash.tui.picture import Picture
from procdash.tui.widgets.detail_lines import message, overview, raw_keys
from procdash.tui.widgets.detail_reader import Shown, first_shown, read_shown
from procdash.tui.widgets.detail_title import DetailTitle
from procdash.tui.widgets.text_view import TextView

TWO_COLUMNS_FROM = 100
"""From this width on the steps and the message stand side by side."""

_REST = 0.05
"""The cursor must rest for this long before anything is read."""
_PATIENCE = 0.2
"""When reading takes longer than this, what is known already is shown meanwhile."""

_MINUTE = 60.0
"""How often what is said in minutes is looked over."""

_WIDE_TABS = ("Overview", "Keys")
_NARROW_TABS = ("Steps", "Data", "Keys")


VIEW_BINDINGS = (
    Binding(
        "left_square_bracket",
        "turn(-1)",
        "Previous view",
        id="view.previous",
        key_display="[",
        show=False,
        tooltip="Show the view before: steps, data, keys",
    ),
    Binding(
        "right_square_bracket",
        "turn(1)",
        "View",
        id="view.next",
        key_display="]",
        tooltip="Show the next view: steps, data, keys",
    ),
)
"""The keys of every screen that has a detail panel; the screen's `action_turn` calls the panel's `turn`."""


class DetailPanel(Vertical):
    """Shows one procedure and keeps it current.

    Args:
        picture: the live picture.
        now: the wall clock, in Unix seconds.
        stuck_after: seconds without a new key after which an unfinished procedure counts as stuck.
    """

    tab: reactive[str] = reactive("Steps", init=False)
    """The view that is shown, as the narrow layout names it."""

    title = query_one(DetailTitle)
    steps = query_one("#steps", TextView)
    data = query_one("#data", TextView)
    keys = query_one("#keys", TextView)

    def __init__(self, picture: Picture, now: Callable[[], float], stuck_after: float) -> None:
        super().__init__()
        self._picture = picture
        self._now = now
        self._stuck_after = stuck_after
        self._wanted: str | None = None
        self._shown: Shown | None = None
        self._timer: Timer | None = None
        self._worker: Worker[None] | None = None
        self._is_outdated = False
        self._unsubscribe: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        yield DetailTitle()
        with Horizontal():
            yield TextView(id="steps")
            yield TextView(id="data")
            yield TextView(id="keys")

    def on_mount(self) -> None:
        self._unsubscribe = self._picture.subscribe(self._on_events)
        self.set_interval(_MINUTE, lambda: self.steps.show(self._overview, from_top=False))
        self._arrange()

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    @property
    def shown(self) -> Shown | None:
        """What is shown."""
        return self._shown

    @property
    def is_settled(self) -> bool:
        """Whether what was asked for is shown."""
        worker = self._worker  # one that is cancelled before it begins never comes to an end
        return self._timer is None and (worker is None or worker.is_cancelled or worker.is_finished)

    def show(self, procedure_id: str | None, *, at_once: bool = False) -> None:
        """Show another procedure, once the cursor rests.

        Args:
            procedure_id: whose detail; None for none.
            at_once: whether to read it without waiting.
        """
        if procedure_id == self._wanted and not at_once:
            return
        self._wanted = procedure_id
        self._stop_timer()
        if procedure_id is None:
            self.workers.cancel_group(self, "detail")
            self._present(None)
        elif at_once:
            self._read()
        else:
            self._timer = self.set_timer(_REST, self._read)

    def start_with(self, shown: Shown | None) -> None:
        """Show what is known already, until it is read."""
        if shown is not None:
            self._present(shown)

    def watch_tab(self) -> None:
        """Show another view."""
        self._arrange()

    def turn(self, by: int) -> None:
        """Show the next view, or one before."""
        tabs = self._tabs
        self._choose(tabs[(tabs.index(self._active_tab) + by) % len(tabs)])

    @on(DetailTitle.Chosen)
    def _tab_clicked(self, event: DetailTitle.Chosen) -> None:
        self._choose(event.tab)

    def on_resize(self, event: Resize) -> None:
        del event
        self._arrange()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        del event
        self._present_title()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        del event
        self._present_title()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failure of procdash itself is said in words too, instead of ending the dashboard."""
        if event.state is WorkerState.ERROR and self._wanted is not None:
            last = self._last_of(self._wanted) or first_shown(self._picture, self._wanted)
            self._present(last._replace(failure=f"procdash could not show it: {event.worker.error!r}"))

    @property
    def first_view(self) -> TextView:
        """The view that the keyboard goes to."""
        return {"Keys": self.keys, "Data": self.data}.get(self._active_tab, self.steps)

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= TWO_COLUMNS_FROM

    @property
    def _tabs(self) -> Sequence[str]:
        return _WIDE_TABS if self._is_wide else _NARROW_TABS

    @property
    def _active_tab(self) -> str:
        return "Overview" if self._is_wide and self.tab != "Keys" else self.tab

    def _choose(self, tab: str) -> None:
        had_focus = self.has_focus_within
        self.tab = "Steps" if tab == "Overview" else tab
        if had_focus:
            self.first_view.focus()

    def _arrange(self) -> None:
        active = self._active_tab
        self.steps.display = active in ("Overview", "Steps")
        self.data.display = active in ("Overview", "Data")
        self.keys.display = active == "Keys"
        self.set_class(active == "Overview", "-two-columns")
        self._present_title()

    def _on_events(self, events: Sequence[RowEvent]) -> None:
        if self._wanted is not None and any(_concerns(event, self._wanted) for event in events):
            self._read_again()

    def _read_again(self) -> None:
        if self._worker is not None and self._worker.is_running:
            self._is_outdated = True
        elif self._timer is None:
            self._timer = self.set_timer(_REST, self._read)

    def _read(self) -> None:
        self._stop_timer()
        self._is_outdated = False
        if self._wanted is not None:
            self._worker = self.run_worker(
                self._read_and_present(self._wanted), group="detail", exclusive=True, exit_on_error=False
            )

    async def _read_and_present(self, procedure_id: str) -> None:
        last = self._last_of(procedure_id)
        reading = asyncio.ensure_future(read_shown(self._picture, procedure_id, last))
        try:
            done, _ = await asyncio.wait({reading}, timeout=_PATIENCE)
            if not done and last is None:
                self._present(first_shown(self._picture, procedure_id))
            self._present(await reading)
        finally:
            reading.cancel()
        if self._is_outdated:
            self._is_outdated = False
            self._timer = self.set_timer(_REST, self._read)

    def _last_of(self, procedure_id: str) -> Shown | None:
        return self._shown if self._shown is not None and self._shown.procedure_id == procedure_id else None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _present(self, shown: Shown | None) -> None:
        is_another = shown is None or self._shown is None or shown.procedure_id != self._shown.procedure_id
        self._shown = shown
        for view in (self.steps, self.data, self.keys):
            view.draw_dimly(is_dim=shown is not None and shown.is_gone)
        self.steps.show(self._overview, from_top=is_another)
        self.data.show(self._message, from_top=is_another)
        self.keys.show(self._raw_keys, from_top=is_another)
        self._present_title()

    def _present_title(self) -> None:
        heading: Line = ()
        shown = self._shown
        if shown is not None and shown.record is not None:
            heading = title_of(shown.record, shown.type_name)
        self.title.show(heading, self._tabs, self._active_tab, is_focused=self.has_focus_within)

    def _overview(self, width: int) -> list[Line]:
        return overview(self._shown, self._picture, self._now(), self._stuck_after, width)

    def _message(self, width: int) -> list[Line]:
        return message(self._shown, width)

    def _raw_keys(self, width: int) -> list[Line]:
        return raw_keys(self._shown, width)


def _concerns(event: RowEvent, procedure_id: str) -> bool:
    """Whether an event is about a procedure or one of its children."""
    if event.procedure_id == procedure_id:
        return True
    messages = [record.message for record in (event.before, event.after) if record is not None]
    return any(message is not None and message.parent_id == procedure_id for message in messages)
