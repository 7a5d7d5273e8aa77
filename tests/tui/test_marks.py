"""Marks stay with procedures through sorting, filtering and change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from support.acting import look_at_everything, screen_text
from support.fake_picture import a_busy_store, many, procedure_id
from textual.pilot import Pilot

from procdash.tui import ProcdashApp
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def marks(pilot: Pilot[None]) -> list[str]:
    app = pilot.app
    assert isinstance(app, ProcdashApp)
    return list(app.flow.marks)


def marked_lines(pilot: Pilot[None]) -> list[str]:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    lines = [screen.rows.render_line(y).text for y in range(screen.rows.size.height)]
    return [line[44:52] for line in lines if line[1] == "*"]


async def test_space_marks_and_unmarks_and_the_cursor_stays(opened: Opened) -> None:
    async with opened(many(5)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, MainScreen)
        await pilot.press("j", "space")
        assert marks(pilot) == [procedure_id(1)]
        assert marked_lines(pilot) == [procedure_id(1)[:8]]
        assert screen.rows.cursor == 1
        assert "* 1 marked" in screen_text(pilot.app)
        await pilot.press("space")
        assert marks(pilot) == []
        assert "marked" not in screen_text(pilot.app)


async def test_v_marks_from_the_last_mark_to_the_cursor_in_either_direction(opened: Opened) -> None:
    async with opened(many(9)) as pilot:
        await pilot.press("j", "j", "space", "j", "j", "v")
        assert marks(pilot) == [procedure_id(number) for number in (2, 3, 4)]
        await pilot.press("g", "v")
        assert set(marks(pilot)) == {procedure_id(number) for number in range(5)}


async def test_v_without_a_mark_marks_the_cursor(opened: Opened) -> None:
    async with opened(many(9)) as pilot:
        await pilot.press("j", "v")
        assert marks(pilot) == [procedure_id(1)]


async def test_v_after_the_last_mark_was_taken_away_or_filtered_out_marks_the_cursor(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("space", "space", "j", "j", "v")
        assert len(marks(pilot)) == 1
        await pilot.press("4", "j", "v")
        assert len(marks(pilot)) == 2


async def test_escape_clears_the_marks(opened: Opened) -> None:
    async with opened(many(5)) as pilot:
        await pilot.press("space", "j", "space", "escape")
        assert marks(pilot) == []
        assert marked_lines(pilot) == []


async def test_marks_survive_sorting_and_filtering_and_what_is_hidden_is_said(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("space", "4", "space")
        assert len(marks(pilot)) == 2
        assert "* 2 marked (1 not in this view)" in screen_text(pilot.app)
        await pilot.press("s", "r", "1")
        assert len(marked_lines(pilot)) == 2
        assert "not in this view" not in screen_text(pilot.app)


async def test_marks_survive_change_and_go_with_their_procedure(opened: Opened, settle: Settle) -> None:
    picture = many(5)
    async with opened(picture) as pilot:
        await pilot.press("space", "j", "space")
        picture.step(procedure_id(0), 2, "T", {}, 1)
        await look_at_everything(picture)
        await settle(pilot)
        assert marked_lines(pilot) == [procedure_id(0)[:8], procedure_id(1)[:8]]
        await picture.blob.delete(f"procedure/{procedure_id(1)}/0000000001.step")
        await look_at_everything(picture)
        await settle(pilot)
        assert marks(pilot) == [procedure_id(0)]
        assert "* 1 marked" in screen_text(pilot.app)


async def test_in_the_detail_space_scrolls_and_marks_nothing(opened: Opened) -> None:
    async with opened(many(5)) as pilot:
        await pilot.press("tab", "space")
        assert marks(pilot) == []


async def test_in_an_empty_list_there_is_nothing_to_mark(opened: Opened) -> None:
    async with opened(many(0)) as pilot:
        await pilot.press("space", "v", "ctrl+d")
        assert marks(pilot) == []
        assert isinstance(pilot.app.screen, MainScreen)
