from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.fake_picture import a_busy_store
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.widget import Widget

from procdash.tui.app import HELP_TOPICS, ProcdashApp
from procdash.tui.screens.help import HelpScreen, keys_of, own_bindings
from procdash.tui.widgets.key_line import KeyLine
from procdash.tui.widgets.text_view import TextView

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]

OWNERS = [owner for topic in HELP_TOPICS for owner in topic.owners]
BINDINGS = own_bindings(OWNERS)


def our_classes() -> list[type[DOMNode]]:
    found: list[type[DOMNode]] = [ProcdashApp]
    queue: list[type[DOMNode]] = [Widget]
    while queue:
        for subclass in queue.pop().__subclasses__():
            queue.append(subclass)
            if subclass.__module__.startswith("procdash."):
                found.append(subclass)
    return found


def test_everything_with_bindings_is_in_the_help() -> None:
    with_bindings = {owner for owner in our_classes() if owner.__dict__.get("BINDINGS")}
    assert with_bindings == set(OWNERS)


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda binding: binding.id)
def test_every_binding_says_what_it_does(binding: Binding) -> None:
    assert binding.id
    assert binding.description
    assert binding.tooltip


def test_ids_are_unique_but_for_shared_keys() -> None:
    by_id: dict[str | None, Binding] = {}
    for binding in BINDINGS:
        assert by_id.setdefault(binding.id, binding) is binding


async def test_the_help_names_every_key(opened: Opened) -> None:
    async with opened(a_busy_store(), (120, 100)) as pilot:
        await pilot.press("question_mark")
        view = pilot.app.screen.query_one(TextView)
        text = "\n".join(view.render_line(y).text for y in range(view.size.height))
        for binding in BINDINGS:
            assert keys_of(binding) in text
            assert binding.tooltip in text


def key_line(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(KeyLine).render_line(0).text


async def test_the_bottom_line_shows_the_most_useful_keys(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        shown = "enter Open  space Mark  ^d Delete  ^k Commit  u Undo  L Log  ^t Truncate  tab Detail  s Sort"
        assert key_line(pilot).rstrip() == f"{shown}  ? Help  q Quit"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100])
async def test_where_it_is_narrow_the_way_out_still_stands(opened: Opened, width: int) -> None:
    async with opened(a_busy_store(), (width, 24)) as pilot:
        text = key_line(pilot)
        assert text.rstrip().endswith("? Help  q Quit")
        assert text.startswith("enter Open") or width == 20


async def test_a_click_on_a_key_presses_it(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        line = key_line(pilot)
        await pilot.click(KeyLine, offset=(line.index("? Help") + 1, 0))
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.click(KeyLine, offset=(key_line(pilot).index("esc Back") + 5, 0))
        assert not isinstance(pilot.app.screen, HelpScreen)
