"""The cursor and the place in the list stay with the procedures while rows come, go and change places."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.fake_picture import NOW, FakePicture, many, procedure_id
from textual.pilot import Pilot

from procdash.live.monitor import Status, StoreState
from procdash.tui.screens.main import MainScreen
from procdash.tui.widgets.procedure_list import ProcedureList

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def rows_of(pilot: Pilot[None]) -> ProcedureList:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return screen.rows


def drawn_cursor(rows: ProcedureList) -> tuple[int, str]:
    """Which line shows the cursor's mark, and the id in it."""
    lines = [(y, rows.render_line(y).text) for y in range(rows.size.height)]
    marked = [(y, text) for y, text in lines if text.startswith("▌")]
    assert len(marked) == 1
    y, text = marked[0]
    return y, text[44:52]


async def add(picture: FakePicture, number: int, ago: float) -> None:
    picture.step(procedure_id(number), 1, "metasrv-procedure::CreateTable", {}, ago)
    await picture.look_at(procedure_id(number))


async def remove(picture: FakePicture, number: int) -> None:
    await picture.blob.delete(f"procedure/{procedure_id(number)}/0000000001.step")
    await picture.look_at(procedure_id(number))


async def test_rows_above_push_the_cursor_down_while_the_top_is_in_sight(opened: Opened, settle: Settle) -> None:
    picture = many(100)
    async with opened(picture) as pilot:
        await pilot.press("j", "j")
        for number in range(200, 203):
            await add(picture, number, 1)
        await settle(pilot)
        rows = rows_of(pilot)
        assert rows.cursor_id == procedure_id(2)
        assert (rows.cursor, rows.scroll_offset.y) == (5, 0)
        assert drawn_cursor(rows) == (5, procedure_id(2)[:8])


async def test_further_down_rows_above_leave_what_is_in_sight_where_it_is(opened: Opened, settle: Settle) -> None:
    picture = many(100)
    async with opened(picture) as pilot:
        await pilot.press("pagedown", "pagedown")
        rows = rows_of(pilot)
        before = drawn_cursor(rows)
        for number in range(200, 210):
            await add(picture, number, 1)
        await remove(picture, 3)
        await settle(pilot)
        assert drawn_cursor(rows) == before
        assert rows.cursor_id == procedure_id(40)


async def test_a_new_order_keeps_the_cursor_on_its_procedure(opened: Opened, settle: Settle) -> None:
    async with opened(many(100)) as pilot:
        await pilot.press("pagedown", *["j"] * 7)
        rows = rows_of(pilot)
        cursor_id = rows.cursor_id
        for key in ("s", "s", "r", "s", "s", "S", "r"):
            await pilot.press(key)
            await settle(pilot)
            assert rows.cursor_id == cursor_id
            assert drawn_cursor(rows)[1] == (cursor_id or "")[:8]


async def test_when_its_procedure_goes_the_next_one_has_the_cursor(opened: Opened, settle: Settle) -> None:
    picture = many(5)
    async with opened(picture) as pilot:
        rows = rows_of(pilot)
        await pilot.press("j", "j")
        await remove(picture, 2)
        await settle(pilot)
        assert (rows.cursor, rows.cursor_id) == (2, procedure_id(3))
        await pilot.press("end")
        await remove(picture, 4)
        await settle(pilot)
        assert (rows.cursor, rows.cursor_id) == (2, procedure_id(3))
        for number in (0, 1, 3):
            await remove(picture, number)
        await settle(pilot)
        assert rows.cursor_id is None
        await add(picture, 9, 1)
        await settle(pilot)
        assert rows.cursor_id == procedure_id(9)


async def test_a_row_that_changes_its_place_takes_the_cursor_along(opened: Opened, settle: Settle) -> None:
    picture = many(10)
    async with opened(picture) as pilot:
        rows = rows_of(pilot)
        await pilot.press("end")
        picture.step(procedure_id(9), 2, "metasrv-procedure::CreateTable", {}, 1)
        await picture.look_at(procedure_id(9))
        await settle(pilot)
        assert (rows.cursor, rows.cursor_id) == (0, procedure_id(9))


async def test_while_opening_the_cursor_stays_at_the_top(opened: Opened, settle: Settle) -> None:
    picture = many(3, status=Status(StoreState.OPENING, progress=(3, 9)))
    async with opened(picture) as pilot:
        rows = rows_of(pilot)
        await add(picture, 50, 1)
        await settle(pilot)
        assert (rows.cursor, rows.cursor_id) == (0, procedure_id(50))
        picture.say(Status(StoreState.LIVE))
        await settle(pilot)
        await add(picture, 51, 0)
        await settle(pilot)
        assert (rows.cursor, rows.cursor_id) == (1, procedure_id(50))


@pytest.mark.parametrize("seed", range(3))
async def test_the_cursor_stays_through_anything(opened: Opened, settle: Settle, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    picture = many(60)
    async with opened(picture, (80, 24)) as pilot:
        rows = rows_of(pilot)
        await pilot.press(*["j"] * 30)
        there = set(range(60))
        for _ in range(40):
            number = chance.randrange(120)
            if number == 30:
                continue
            if number in there and chance.random() < 0.5:
                await remove(picture, number)
                there.discard(number)
            else:
                await add(picture, number, chance.random() * 4000)
                there.add(number)
            if chance.random() < 0.2:
                await pilot.press(chance.choice("sSr"))
            await settle(pilot)
            assert rows.cursor_id == procedure_id(30)
            assert rows.virtual_size.height == len(there)
            drawn_cursor(rows)


async def test_only_the_changed_cells_of_a_row_are_refreshed(opened: Opened, settle: Settle) -> None:
    picture = many(100)
    async with opened(picture) as pilot:
        rows = rows_of(pilot)
        refreshed: list[object] = []
        original = rows.refresh

        def refresh(*regions: object, **options: object) -> object:
            refreshed.extend(regions or ["everything"])
            return original(*regions, **options)  # type: ignore[arg-type]

        rows.refresh = refresh  # type: ignore[assignment, method-assign]
        picture.step(procedure_id(4), 2, "metasrv-procedure::CreateTable", {}, 60.0 * 4 + 30)
        await picture.look_at(procedure_id(4))
        await settle(pilot)
        assert [tuple(region) for region in refreshed] == [(57, 4, 7, 1)]  # type: ignore[arg-type]
        refreshed.clear()
        picture.step(procedure_id(90), 2, "metasrv-procedure::CreateTable", {}, 60.0 * 90 + 30)
        await picture.look_at(procedure_id(90))
        await settle(pilot)
        assert refreshed == []


async def test_ages_tick_when_their_text_changes_and_only_those_cells(opened: Opened) -> None:
    clock = [NOW]
    picture = FakePicture()
    picture.step(procedure_id(1), 1, "T", {}, 58.5)
    picture.step(procedure_id(2), 1, "T", {}, 300)
    async with opened(picture, now=lambda: clock[0]) as pilot:
        rows = rows_of(pilot)
        assert [rows.render_line(y).text[64:72].strip() for y in range(2)] == ["59s", "5m"]
        clock[0] += 2.0
        rows._repaint()
        assert rows.render_line(0).text[64:72].strip() == "1m"
