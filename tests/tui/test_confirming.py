"""From a key to a plan that is confirmed: nothing is written by a slip."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.acting import Acting, look_at_everything, screen_text
from support.fake_picture import FakePicture, a_busy_store, many, procedure_id
from textual.pilot import Pilot

from procdash.actions.plans import ActionKind
from procdash.store.errors import Determinate
from procdash.tui.screens.confirm import ConfirmScreen
from procdash.tui.screens.detail import DetailScreen
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Press = Callable[..., Awaitable[None]]
Settle = Callable[[Pilot[None]], Awaitable[None]]

LOADED = procedure_id(3)
PARENT, CHILD = procedure_id(40), procedure_id(41)
FINISHED = procedure_id(10)


def keys_of(picture: FakePicture) -> dict[str, bytes]:
    return {key: value for key, (value, _, _) in picture.blob.values.items()}


def confirm(pilot: Pilot[None]) -> ConfirmScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ConfirmScreen)
    return screen


async def go_to(pilot: Pilot[None], procedure_id: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    position = screen.view.position_of(procedure_id)
    assert position is not None
    screen.rows.action_cursor(position - screen.rows.cursor)
    await pilot.pause()


@pytest.mark.parametrize(
    ("key", "kind", "target"),
    [
        ("ctrl+d", ActionKind.DELETE, FINISHED),
        ("ctrl+k", ActionKind.COMMIT, LOADED),
        ("ctrl+t", ActionKind.TRUNCATE, LOADED),
    ],
)
async def test_a_trigger_shows_the_plan_with_cancel_focused_and_writes_nothing(
    opened: Opened, press: Press, key: str, kind: ActionKind, target: str
) -> None:
    picture = a_busy_store()
    before = keys_of(picture)
    async with opened(picture) as pilot:
        await go_to(pilot, target)
        await press(pilot, key)
        screen = confirm(pilot)
        assert screen.plan.kind is kind
        assert [one.procedure_id for one in screen.plan.targets] == [target]
        assert screen.cancel.has_focus
        assert target in screen_text(pilot.app)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, MainScreen)
        assert keys_of(picture) == before


@pytest.mark.parametrize("key", ["ctrl+d", "ctrl+k", "ctrl+t", "space", "enter", "escape", "d", "x"])
async def test_no_trigger_confirms(opened: Opened, press: Press, key: str) -> None:
    picture = a_busy_store()
    before = keys_of(picture)
    async with opened(picture) as pilot:
        await go_to(pilot, FINISHED)
        await press(pilot, "ctrl+d", key)
        assert keys_of(picture) == before


@pytest.mark.parametrize(
    "keys", [["y"], ["tab", "enter"], ["right", "enter"], ["right", "left", "right", "enter"]]
)
async def test_y_or_the_button_confirms(opened: Opened, press: Press, keys: list[str]) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, FINISHED)
        await press(pilot, "ctrl+d", *keys)
        assert not [key for key in keys_of(picture) if FINISHED in key]
        assert "✔ Deleted 1 procedure · entry 1 · u undoes" in screen_text(pilot.app)


async def test_what_is_abandoned_must_be_typed_and_y_is_just_text(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    before = keys_of(picture)
    async with opened(picture) as pilot:
        await go_to(pilot, LOADED)
        await press(pilot, "ctrl+k", "y")
        assert confirm(pilot).apply.disabled
        assert f"Type {LOADED[:8]}" in screen_text(pilot.app)
        await press(pilot, "tab", "y")
        assert confirm(pilot).typed.value == "y"
        await press(pilot, "backspace", *LOADED[:7])
        assert confirm(pilot).apply.disabled
        assert keys_of(picture) == before
        await press(pilot, LOADED[7])
        assert not confirm(pilot).apply.disabled
        await press(pilot, "backspace")
        assert confirm(pilot).apply.disabled
        await press(pilot, LOADED[7], "enter", "enter", "right", "enter")
        assert isinstance(pilot.app.screen, MainScreen)
        assert keys_of(picture) == {**before, f"procedure/{LOADED}/0000000004.commit": b""}


async def test_several_that_are_abandoned_are_counted(opened: Opened, press: Press) -> None:
    picture = many(4)
    async with opened(picture) as pilot:
        await press(pilot, "space", "j", "j", "v", "ctrl+d")
        assert "Type abandon 3" in screen_text(pilot.app)
        await press(pilot, "tab", *"abandon", "space", "4")
        assert confirm(pilot).apply.disabled
        await press(pilot, "backspace", "3", "enter", "enter", "right", "enter")
        assert sorted(keys_of(picture)) == [f"procedure/{procedure_id(3)}/0000000001.step"]


async def test_marked_procedures_are_one_plan_and_lose_their_marks(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await press(pilot, "4", "space", "j", "space", "j", "j", "ctrl+d")
        assert len(confirm(pilot).plan.targets) == 2
        await press(pilot, "y")
        assert "Deleted 2 procedures" in screen_text(pilot.app)
        assert "marked" not in screen_text(pilot.app)


async def test_cancelling_keeps_the_marks(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "4", "space", "j", "space", "ctrl+d", "escape")
        assert "* 2 marked" in screen_text(pilot.app)


async def test_f_leaves_the_family_out_or_takes_it_in(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, PARENT)
        await press(pilot, "ctrl+d")
        assert len(confirm(pilot).plan.targets) == 3
        assert "With all descendants" in screen_text(pilot.app)
        await press(pilot, "f")
        assert len(confirm(pilot).plan.targets) == 1
        assert "2 unfinished children stay behind" in " ".join(screen_text(pilot.app).split())
        await press(pilot, "f")
        assert len(confirm(pilot).plan.targets) == 3


async def test_a_child_of_an_unfinished_parent_is_refused_until_f_asks_for_it_only(
    opened: Opened, press: Press
) -> None:
    async with opened(a_busy_store()) as pilot:
        await go_to(pilot, CHILD)
        await press(pilot, "ctrl+d")
        assert "which is unfinished and waits for it" in screen_text(pilot.app)
        assert "Close" in screen_text(pilot.app)
        assert not confirm(pilot).apply.display
        await press(pilot, "f")
        assert [target.procedure_id for target in confirm(pilot).plan.targets] == [CHILD]
        assert confirm(pilot).apply.display


async def test_plus_and_minus_change_how_many_steps_are_kept(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, LOADED)
        await press(pilot, "ctrl+t")
        assert "Keeps the newest 1 step of each" in screen_text(pilot.app)
        assert confirm(pilot).plan.keys_removed == 3
        await press(pilot, "plus")
        assert confirm(pilot).plan.keys_removed == 2
        await press(pilot, "minus", "minus")
        assert "must stay" in screen_text(pilot.app)
        await press(pilot, "minus")
        assert "Keeps the newest 0 steps" in screen_text(pilot.app)
        await press(pilot, "plus", "y")
        assert [key[-15:] for key in keys_of(picture) if LOADED in key] == ["0000000003.step"]
        assert "Truncated 1 procedure" in screen_text(pilot.app)


async def test_a_row_for_which_it_is_illegal_says_why_at_once(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await go_to(pilot, FINISHED)
        await press(pilot, "ctrl+k")
        assert isinstance(pilot.app.screen, MainScreen)
        assert f"✗ {FINISHED[:8]}: It is finished already. →" in screen_text(pilot.app)
        await press(pilot, "escape")
        assert "finished already" not in screen_text(pilot.app)


async def test_where_all_are_refused_there_is_nothing_but_close(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "4", "space", "j", "space", "ctrl+k")
        text = screen_text(pilot.app)
        assert "Commit 2 procedures · not possible" in text
        assert text.count("It is finished already.") == 2
        assert not confirm(pilot).apply.display
        await press(pilot, "y", "tab", "enter")
        assert isinstance(pilot.app.screen, MainScreen)


async def test_what_is_refused_stands_beside_what_is_not(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, FINISHED)
        await press(pilot, "space")
        await go_to(pilot, LOADED)
        await press(pilot, "space", "ctrl+k")
        text = screen_text(pilot.app)
        assert "Commit 1 procedure · 1 empty key written · 1 refused" in text
        assert "It is finished already." in text


async def test_a_change_while_the_plan_is_open_must_be_looked_at(
    opened: Opened, press: Press, settle: Settle
) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, LOADED)
        await press(pilot, "ctrl+t")
        picture.step(procedure_id(5), 9, "T", {}, 1)
        await look_at_everything(picture)
        assert not confirm(pilot).apply.disabled
        picture.step(LOADED, 9, "metasrv-procedure::CreateFlow", {}, 1)
        await look_at_everything(picture)
        await settle(pilot)
        assert "≠ Changed since you looked · r plans anew" in screen_text(pilot.app)
        assert confirm(pilot).apply.disabled
        await press(pilot, "y")
        assert confirm(pilot).plan.keys_removed == 3
        await press(pilot, "r")
        assert "Changed since" not in screen_text(pilot.app)
        assert confirm(pilot).plan.keys_removed == 4
        await press(pilot, "y")
        assert "Truncated 1 procedure" in screen_text(pilot.app)


async def test_a_picture_that_only_catches_up_is_no_change(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, LOADED)
        picture.step(LOADED, 9, "metasrv-procedure::CreateFlow", {}, 1)
        await press(pilot, "ctrl+t")
        await look_at_everything(picture)
        await settle(pilot)
        assert "Changed since" not in screen_text(pilot.app)


async def test_a_new_child_of_what_is_deleted_is_a_change(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, PARENT)
        await press(pilot, "ctrl+d")
        picture.step(procedure_id(44), 0, "T", {}, 1, parent_id=PARENT)
        await look_at_everything(picture)
        await settle(pilot)
        assert "Changed since" in screen_text(pilot.app)


async def test_what_cannot_be_planned_is_said(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await go_to(pilot, FINISHED)
        picture.failure = Determinate("no permission to list it")
        await press(pilot, "ctrl+d")
        assert "✗ It cannot be planned: no permission to list it" in screen_text(pilot.app)
        picture.failure = None
        await press(pilot, "ctrl+d")
        picture.failure = Determinate("gone away")
        await press(pilot, "f")
        assert "✗ It cannot be planned: gone away · r tries again" in screen_text(pilot.app)
        assert confirm(pilot).apply.disabled
        picture.failure = None
        await press(pilot, "r", "y")
        assert "Deleted 1 procedure" in screen_text(pilot.app)


async def test_the_detail_screen_acts_on_what_it_shows(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await press(pilot, "space")
        await go_to(pilot, FINISHED)
        await press(pilot, "enter", "ctrl+d")
        assert [target.procedure_id for target in confirm(pilot).plan.targets] == [FINISHED]
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, DetailScreen)
        assert "Deleted 1 procedure" in screen_text(pilot.app)
        await press(pilot, "u", "y")
        assert "Entry 1 is undone" in screen_text(pilot.app)


async def test_the_reason_is_kept(opened: Opened, press: Press, acting: Acting) -> None:
    async with opened(a_busy_store()) as pilot:
        await go_to(pilot, FINISHED)
        await press(pilot, "ctrl+d", "shift+tab", *"yes", "space", *"[b]", "enter", "right", "enter")
        [entry] = await acting.journal.entries()
        assert entry.reason == "yes [b]"


async def test_the_plan_scrolls(opened: Opened, press: Press) -> None:
    async with opened(many(40)) as pilot:
        await press(pilot, "space", "G", "v", "ctrl+d")
        body = confirm(pilot).body
        await press(pilot, "down", "j")
        assert body.scroll_offset.y == 2
        await press(pilot, "up", "k", "pagedown")
        assert body.scroll_offset.y == body.size.height - 1
        await press(pilot, "pageup")
        assert body.scroll_offset.y == 0
