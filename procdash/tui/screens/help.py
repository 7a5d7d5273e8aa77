"""Help, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

from procdash.present.sanitise import fit, safe
from procdash.present.spans import Line, Role, Span, span, wrapped
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.text_view import TextView

_KEYS_WIDTH = 26


class Topic(NamedTuple):
    """A heading of the help, with what has its bindings."""

    heading: str
    owners: Sequence[type[DOMNode]]


class HelpScreen(Screen[None], inherit_bindings=False):
    """Every key, grouped by where it works.

    Args:
        topics: what to explain.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="help.back", tooltip="Close this help"),
    ]

    def __init__(self, topics: Sequence[Topic]) -> None:
        super().__init__()
        self._topics = topics

    def compose(self) -> ComposeResult:
        yield TextView()
        yield KeyLine()

    def on_mount(self) -> None:
        view = self.query_one(TextView)
        view.show(self._lay_out, from_top=True)
        view.focus()

    def _lay_out(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for topic in self._topics:
            lines.append((span(topic.heading, Role.STRONG),))
            for binding in own_bindings(topic.owners):
                keys = Span(fit(safe(keys_of(binding)), _KEYS_WIDTH), Role.ACTIVE)
                lines += wrapped((span("  "), keys, span(binding.tooltip)), width, _KEYS_WIDTH + 2)
            lines.append(())
        return lines


def own_bindings(owners: Iterable[type[DOMNode]]) -> list[Binding]:
    """The bindings that some widgets and screens declare themselves."""
    return [
        binding
        for owner in owners
        for binding in owner.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
    ]


def keys_of(binding: Binding) -> str:
    """The keys of a binding, as they are printed on a keyboard."""
    return binding.key_display or ", ".join(format_key(key.strip()) for key in binding.key.split(","))
