"""The base of everything that is painted here: lines of spans, of which only what differs is written again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from procdash.present.spans import Line, Role

_JOIN_GAPS_BELOW = 12
"""Two changes with fewer equal cells between them are written in one go: moving the cursor costs bytes too."""
_KEPT_STRIPS = 1024


class SpanLines(ScrollView, inherit_bindings=False):
    """A widget whose lines are spans; a subclass says what stands in each."""

    ALLOW_SELECT: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"role--{role.value}" for role in Role} | {"line--chosen"}
    """
    | Class | What it styles |
    | :- | :- |
    | `role--<role>` | Text of that role. |
    | `line--chosen` | The line under the cursor. |
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._is_dim = False
        self._painted: dict[int, Strip] = {}
        self._role_styles: dict[tuple[Role, bool], Style] = {}
        self._strips: LRUCache[tuple[Line, bool, int], Strip] = LRUCache(_KEPT_STRIPS)

    @abstractmethod
    def line_at(self, number: int) -> Line:
        """The line that stands at `number`, counted from the top of the content; empty below the end."""

    def is_chosen(self, number: int) -> bool:
        """Whether the line at `number` is under the cursor."""
        del number
        return False

    def draw_dimly(self, is_dim: bool) -> None:
        """Draw everything but errors dimly, because it may be outdated, or as usual again."""
        if is_dim != self._is_dim:
            self._is_dim = is_dim
            self.forget_strips()
            self.refresh()

    def render_line(self, y: int) -> Strip:
        strip = self._painted.get(y)
        if strip is None:
            strip = self._painted[y] = self._strip_at(y, self.cells)
        return strip

    def repaint_changed(self) -> None:
        """Repaint the cells in sight that no longer show what they should, and no others."""
        if not self.is_attached:
            return
        width = self.cells
        for y in range(self.size.height):
            before = self._painted.get(y)
            if before is None:
                self.refresh(Region(0, y, width, 1))
                continue
            now = self._strip_at(y, width)
            if now is not before and now != before:
                self._painted[y] = now
                for start, end in _changes(before, now):
                    self.refresh(Region(start, y, end - start, 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    def on_show(self) -> None:
        """Paint anew: while a widget is away it has no size, and what it should show may have changed."""
        self._painted.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.forget_strips()

    def forget_strips(self) -> None:
        """Make every line anew: it is drawn differently from now on."""
        self._role_styles.clear()
        self._strips.clear()
        self._painted.clear()

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        if size != self._size:
            self._painted.clear()
        return super()._size_updated(size, virtual_size, container_size, layout)

    @property
    def cells(self) -> int:
        """How many cells a line has, beside the scrollbar."""
        return self.scrollable_content_region.width

    def _strip_at(self, y: int, width: int) -> Strip:
        number = y + self.scroll_offset.y
        content = self.line_at(number)
        is_chosen = self.is_chosen(number)
        key = (content, is_chosen, width)
        strip = self._strips.get(key)
        if strip is None:
            base = self._style_of(Role.PLAIN, is_chosen)
            segments = [Segment(text, self._style_of(role, is_chosen)) for text, role in content]
            strip = self._strips[key] = Strip(segments).adjust_cell_length(width, base).simplify()
        return strip

    def _style_of(self, role: Role, is_chosen: bool) -> Style:
        style = self._role_styles.get((role, is_chosen))
        if style is None:
            drawn = Role.MUTED if self._is_dim and role is not Role.ERROR else role
            style = self.get_component_rich_style(f"role--{drawn.value}")
            if is_chosen:
                chosen = self.get_component_rich_style("line--chosen")
                style += Style(bgcolor=chosen.bgcolor, bold=chosen.bold)
            self._role_styles[role, is_chosen] = style
        return style


def _changes(before: Strip, now: Strip) -> Iterator[tuple[int, int]]:
    """The ranges of cells in which two strips differ."""
    start = end = -_JOIN_GAPS_BELOW - 1
    old, new = list(_cells(before)), list(_cells(now))
    if len(old) != len(new):
        yield 0, max(len(old), len(new))
        return
    for x, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        if x - end > _JOIN_GAPS_BELOW:
            if end > start:
                yield start, end
            start = x
        end = x + 1
    if end > start:
        yield start, end


def _cells(strip: Strip) -> Iterator[tuple[str, Style | None]]:
    """Every cell of a strip; a wide character is followed by an empty cell."""
    for text, style, _ in strip:
        if text.isascii():
            yield from ((character, style) for character in text)
            continue
        for character in text:
            width = Segment(character).cell_length
            if width:
                yield character, style
                yield from (("", style),) * (width - 1)
