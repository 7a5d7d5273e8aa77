"""The action log: what was done to this location, and how it is taken back or finished."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from support.acting import Acting, Hindered, look_at_everything, screen_text
from support.fake_picture import NOW, FakePicture, a_busy_store, procedure_id
from textual.pilot import Pilot

from procdash.actions.opening import open_planner
from procdash.actions.plans import Plan
from procdash.store.errors import Determinate
from procdash.tui.screens.action_log import ActionLogScreen
from procdash.tui.screens.confirm import ConfirmScreen
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Press = Callable[..., Awaitable[None]]
Settle = Callable[[Pilot[None]], Awaitable[None]]

FINISHED = [procedure_id(number) for number in range(10, 14)]


async def plan_delete(picture: FakePicture, *procedure_ids: str) -> Plan:
    await look_at_everything(picture)
    return await open_planner(picture, now=lambda: NOW).plan_delete(procedure_ids)


async def delete(acting: Acting, picture: FakePicture, *procedure_ids: str, reason: str = "") -> None:
    await acting.executor(picture).apply(await plan_delete(picture, *procedure_ids), reason=reason)


def chosen(pilot: Pilot[None]) -> int:
    """The number of the entry under the cursor."""
    entry = log(pilot).entries.entry
    assert entry is not None
    return entry.number


def log(pilot: Pilot[None]) -> ActionLogScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ActionLogScreen)
    return screen


async def test_it_shows_the_newest_first_with_one_in_full(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    await delete(acting, picture, FINISHED[0], reason="left behind by the migration")
    await delete(acting, picture, FINISHED[1], FINISHED[2])
    async with opened(picture) as pilot:
        await press(pilot, "L")
        lines = screen_text(pilot.app).splitlines()
        assert lines[2].split()[:8] == ["▌", "2", "11-21", "20:16", "delete", "2", "8", "✔"]
        assert "alice@db-1" in lines[3]
        assert "left behind by the migration" in lines[3]
        assert "Entry 2 · Delete 2 procedures · 8 keys · 1.4 KB" in "\n".join(lines)
        await press(pilot, "j")
        text = screen_text(pilot.app)
        assert "why      left behind by the migration" in text
        assert f"✔ done  {FINISHED[0]}  4 of 4 ops, now gone" in text
        assert f"✔ 3  delete  {FINISHED[0]}/0000000003.commit    0 B" in text


async def test_what_another_location_saw_is_not_shown(opened: Opened, press: Press, acting: Acting) -> None:
    other = a_busy_store(location="/another/place")
    await delete(acting, other, FINISHED[0])
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "L")
        assert "Nothing was done to this location yet." in screen_text(pilot.app)
        await press(pilot, "u", "R", "j", "tab", "escape")
        assert isinstance(pilot.app.screen, MainScreen)


async def test_u_takes_back_the_chosen_entry(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    before = {key: value for key, (value, _, _) in picture.blob.values.items()}
    await delete(acting, picture, FINISHED[0])
    await delete(acting, picture, FINISHED[1])
    async with opened(picture) as pilot:
        await press(pilot, "L", "j", "u")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert "Undo entry 1" in screen_text(pilot.app)
        await press(pilot, "y")
        assert "✔ Entry 1 is undone · entry 3" in screen_text(pilot.app)
        assert "undone by 3" in screen_text(pilot.app)
        assert chosen(pilot) == 1
        assert "u Undo" not in screen_text(pilot.app)
        await press(pilot, "g")
        assert "undo of 1" in screen_text(pilot.app)
        gone = {key for key in before if FINISHED[1] in key}
        assert {key: value for key, (value, _, _) in picture.blob.values.items()} == {
            key: value for key, value in before.items() if key not in gone
        }


async def test_r_does_what_is_left_of_an_incomplete_entry(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.errors = {2: Determinate("no space left on device")}
    await acting.executor(picture, blob=blob).apply(await plan_delete(picture, FINISHED[0]))
    async with opened(picture) as pilot:
        await press(pilot, "L")
        text = screen_text(pilot.app)
        assert "! incomplete · 2 of 4 ops noted as done · it can be resumed or undone" in text
        assert "no space left on device" in text
        assert "✔ 1  delete" in text
        assert "○ 2  delete" in text
        await press(pilot, "R")
        assert "Resume entry 1 · Delete 1 procedure" in screen_text(pilot.app)
        await press(pilot, "y")
        assert "✔ Deleted 1 procedure · entry 1" in screen_text(pilot.app)
        assert not any(FINISHED[0] in key for key in picture.blob.values)
        assert "R Resume" not in screen_text(pilot.app)


async def test_an_interrupted_undo_is_resumed(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    before = {key: value for key, (value, _, _) in picture.blob.values.items()}
    await delete(acting, picture, FINISHED[0])
    [entry] = await acting.journal.entries()
    blob = Hindered(picture.blob)
    blob.errors = {2: Determinate("no space left on device")}
    undo = await open_planner(picture, now=lambda: NOW).plan_undo(entry)
    await acting.executor(picture, blob=blob).apply(undo)
    async with opened(picture) as pilot:
        await press(pilot, "u")
        assert "Resume entry 2 · Undo entry 1" in screen_text(pilot.app)
        await press(pilot, "y")
        assert {key: value for key, (value, _, _) in picture.blob.values.items()} == before


async def test_what_another_process_is_applying_is_left_to_it(
    opened: Opened, press: Press, settle: Settle, acting: Acting
) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 1
    plan = await plan_delete(picture, FINISHED[0])
    applying = asyncio.ensure_future(acting.executor(picture, blob=blob).apply(plan))
    await blob.waiting.wait()
    async with opened(picture) as pilot:
        assert "interrupted" not in screen_text(pilot.app)
        await press(pilot, "u")
        assert "○ Entry 1 is being applied." in screen_text(pilot.app)
        await press(pilot, "L")
        text = screen_text(pilot.app)
        assert "… being applied" in text
        assert "u Undo" not in text
        assert "R Resume" not in text
        blob.gate.set()
        await applying
        await settle(pilot)


async def test_the_cursor_moves_and_stays_with_its_entry(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    for procedure in FINISHED:
        await delete(acting, picture, procedure)
    async with opened(picture, (80, 12)) as pilot:
        await press(pilot, "L")
        entries = log(pilot).entries
        for key, number in [("G", 1), ("k", 2), ("up", 3), ("g", 4), ("down", 3), ("pagedown", 1), ("home", 4)]:
            await press(pilot, key)
            assert chosen(pilot) == number
            assert 0 <= entries._cursor - entries.scroll_offset.y < entries.size.height
        await press(pilot, "j", "tab", "j", "tab")
        assert entries.has_focus
        await pilot.click(entries, offset=(5, 0))
        await press(pilot)
        assert chosen(pilot) == 4


async def test_it_shows_what_is_done_meanwhile(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    await delete(acting, picture, FINISHED[0])
    async with opened(picture) as pilot:
        await press(pilot, "L", "u", "y")
        assert "undo of 1" in screen_text(pilot.app)
