"""The line of counts: how many procedures of each verdict there are, and which of them are shown."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from textual.events import Click
from textual.message import Message

from procdash.insight.verdict import Verdict
from procdash.live.view import RowFilter
from procdash.present.spans import Line, Role, line_width, merged, span
from procdash.present.units import thousands
from procdash.present.words import VERDICT_WORDS
from procdash.tui.widgets.span_lines import SpanLines


class Tab(NamedTuple):
    """One filter with its key."""

    key: str
    row_filter: RowFilter
    glyph: str
    word: str
    short_word: str
    role: Role


def _verdict_tab(key: str, verdict: Verdict, short_word: str) -> Tab:
    words = VERDICT_WORDS[verdict]
    return Tab(key, RowFilter(verdict), words.glyph, words.word.capitalize(), short_word, words.role)


TABS = (
    Tab("1", RowFilter(), "", "All", "All", Role.STRONG),
    _verdict_tab("2", Verdict.LOADED, "Loaded"),
    _verdict_tab("3", Verdict.ROLLING_BACK, "Rolling"),
    _verdict_tab("4", Verdict.FINISHED, "Done"),
    _verdict_tab("5", Verdict.UNREADABLE, "Unread"),
    Tab("!", RowFilter(problems_only=True), "", "Problems", "Problems", Role.PROBLEM),
)
"""Every filter there is a key for."""


class _Form(NamedTuple):
    """How much of a tab is spelled out."""

    is_short: bool = False
    has_glyph: bool = True
    has_word: bool = True
    gap: int = 0


_FORMS = (
    _Form(gap=1),
    _Form(is_short=True),
    _Form(is_short=True, has_glyph=False),
    _Form(has_word=False),
)


class FilterTabs(SpanLines, can_focus=False):
    """Counts that are filters."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, row_filter: RowFilter) -> None:
            super().__init__()
            self.row_filter = row_filter
            """Which rows to show."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[Verdict] = Counter()
        self._total = 0
        self._problem_count = 0
        self._filter = RowFilter()

    def show(self, counts: Counter[Verdict], total: int, problem_count: int, row_filter: RowFilter) -> None:
        """Show other counts, or another filter as the active one."""
        self._counts, self._total = counts.copy(), total
        self._problem_count, self._filter = problem_count, row_filter
        self.repaint_changed()

    def line_at(self, number: int) -> Line:
        del number
        return merged(piece for tab in self._laid_out() for piece in tab)

    def on_click(self, event: Click) -> None:
        x = 0
        for tab, pieces in zip(TABS, self._laid_out(), strict=True):
            x += line_width(pieces)
            if event.x < x:
                self.post_message(self.Chosen(tab.row_filter))
                return

    def _laid_out(self) -> list[Line]:
        """The tabs in the longest form that fits."""
        for form in _FORMS:
            tabs = [self._tab(tab, form) for tab in TABS]
            if sum(map(line_width, tabs)) <= self.cells:
                break
        return tabs

    def _tab(self, tab: Tab, form: _Form) -> Line:
        count = self._count(tab.row_filter)
        words = (tab.glyph if form.has_glyph else "", tab.short_word if form.is_short else tab.word)
        label = " ".join(filter(None, (*words, thousands(count)))) if form.has_word else f"{tab.glyph}{count}"
        gap = span(" " * form.gap)
        if tab.row_filter == self._filter:
            return (span(f" {tab.key} {label} ", Role.ACTIVE_TAB), gap)
        return (span(f" {tab.key} ", Role.MUTED), span(f"{label} ", tab.role if count else Role.MUTED), gap)

    def _count(self, row_filter: RowFilter) -> int:
        if row_filter.problems_only:
            return self._problem_count
        return self._total if row_filter.verdict is None else self._counts[row_filter.verdict]
