from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from support.fake_picture import FakePicture, a_busy_store, many, procedure_id
from textual.pilot import Pilot

from procdash.insight.verdict import Verdict
from procdash.live.view import Order, RowFilter
from procdash.tui.screens.detail import DetailScreen
from procdash.tui.screens.help import HelpScreen
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def main(pilot: Pilot[None]) -> MainScreen:
    screen = pilot.app.screen_stack[1]
    assert isinstance(screen, MainScreen)
    return screen


@pytest.mark.parametrize(
    ("keys", "position"),
    [
        (["down"], 1),
        (["j", "j"], 2),
        (["j", "j", "k"], 1),
        (["up"], 0),
        (["end"], 99),
        (["G", "up"], 98),
        (["end", "g"], 0),
        (["G", "home"], 0),
        (["pagedown"], 20),
        (["ctrl+f", "ctrl+f"], 40),
        (["ctrl+f", "ctrl+f", "pageup"], 20),
        (["end", "ctrl+b"], 79),
        (["end", "ctrl+u"], 79),
    ],
)
async def test_keys_that_move_the_cursor(opened: Opened, keys: list[str], position: int) -> None:
    async with opened(many(100)) as pilot:
        await pilot.press(*keys)
        rows = main(pilot).rows
        assert rows.cursor == position
        assert rows.cursor_id == main(pilot).view.row(position)
        assert 0 <= position - rows.scroll_offset.y < rows.size.height


@pytest.mark.parametrize(
    ("key", "row_filter", "count"),
    [
        ("1", RowFilter(), 26),
        ("2", RowFilter(Verdict.LOADED), 14),
        ("3", RowFilter(Verdict.ROLLING_BACK), 3),
        ("4", RowFilter(Verdict.FINISHED), 8),
        ("5", RowFilter(Verdict.UNREADABLE), 1),
        ("exclamation_mark", RowFilter(problems_only=True), 4),
    ],
)
async def test_keys_that_filter(opened: Opened, key: str, row_filter: RowFilter, count: int) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("2", key)
        assert main(pilot).view.row_filter == row_filter
        assert len(main(pilot).view) == count


async def test_keys_that_sort(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        view = main(pilot).view
        assert (view.order, view.descending) == (Order.AGE, False)
        await pilot.press("s")
        assert (view.order, view.descending) == (Order.NOTE, False)
        await pilot.press("s", "s", "s", "S")
        assert (view.order, view.descending) == (Order.TYPE, False)
        await pilot.press("S")
        await pilot.press("r")
        assert (view.order, view.descending) == (Order.STATE, True)


async def test_enter_opens_the_detail_and_escape_goes_back(opened: Opened, settle: Settle) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("j", "enter")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, DetailScreen)
        assert screen.panel.shown is not None
        assert screen.panel.shown.procedure_id == main(pilot).rows.cursor_id
        await pilot.press("escape")
        assert pilot.app.screen is main(pilot)


async def test_tab_moves_into_the_detail_and_back(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        assert main(pilot).rows.has_focus
        await pilot.press("tab")
        assert main(pilot).panel.steps.has_focus
        await pilot.press("tab")
        assert main(pilot).rows.has_focus


@pytest.mark.parametrize(("width", "tabs"), [(120, ["Keys", "Steps"]), (80, ["Data", "Keys", "Steps"])])
async def test_brackets_turn_the_views_of_the_detail(opened: Opened, width: int, tabs: list[str]) -> None:
    async with opened(a_busy_store(), (width, 24)) as pilot:
        for tab in tabs:
            await pilot.press("right_square_bracket")
            assert main(pilot).panel.tab == tab
        await pilot.press("left_square_bracket")
        assert main(pilot).panel.tab == "Keys"


async def test_keys_that_scroll_the_detail(opened: Opened, settle: Settle) -> None:
    picture = FakePicture()
    picture.step(procedure_id(1), 1, "T", {"list": [{"n": [number]} for number in range(100)]}, 10)
    async with opened(picture) as pilot:
        await pilot.press("enter")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, DetailScreen)
        await pilot.press("tab")
        data = screen.panel.data
        assert data.has_focus
        for key, moves in [("j", 1), ("down", 1), ("k", -1), ("up", -1)]:
            before = data.scroll_offset.y
            await pilot.press(key)
            assert data.scroll_offset.y - before == moves
        await pilot.press("pagedown")
        assert data.scroll_offset.y > 20
        await pilot.press("ctrl+b")
        assert data.scroll_offset.y == 0
        await pilot.press("G")
        assert data.scroll_offset.y == data.max_scroll_y > 0
        await pilot.press("g")
        assert data.scroll_offset.y == 0


async def test_c_sends_the_id_to_the_clipboard(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("j", "c")
        assert pilot.app.clipboard == main(pilot).rows.cursor_id


async def test_capital_c_sends_the_json_to_the_clipboard(opened: Opened, settle: Settle) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await pilot.press("j")
        await settle(pilot)
        await pilot.press("C")
        record = picture.index.get(main(pilot).rows.cursor_id or "")
        assert record is not None
        assert pilot.app.clipboard == picture.blob.values[record.deciding_key or ""][0].decode()


async def test_what_is_no_json_is_made_harmless_before_it_is_copied(opened: Opened, settle: Settle) -> None:
    picture = FakePicture()
    picture.raw(f"{procedure_id(1)}/0000000001.step", b"\x1b[31mrm -rf /\r", 10)
    async with opened(picture) as pilot:
        await settle(pilot)
        await pilot.press("C")
        assert pilot.app.clipboard == "␛[31mrm -rf /␍"


async def test_what_is_too_large_for_a_clipboard_is_not_sent(opened: Opened, settle: Settle) -> None:
    picture = FakePicture()
    picture.step(procedure_id(1), 1, "T", {"x": "y" * 80_000}, 10)
    async with opened(picture) as pilot:
        await settle(pilot)
        await pilot.press("C")
        assert pilot.app.clipboard == ""


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_keys_that_quit(opened: Opened, key: str) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("enter", key)
        assert not pilot.app.is_running or pilot.app._exit


async def test_d_does_nothing(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        assert "d" not in pilot.app.screen.active_bindings


async def test_help_opens_once_and_closes(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        await pilot.press("question_mark", "question_mark")
        assert [type(screen) for screen in pilot.app.screen_stack[1:]] == [MainScreen, HelpScreen]
        await pilot.press("escape")
        assert pilot.app.screen is main(pilot)


async def test_ctrl_l_draws_everything_again(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        app: Any = pilot.app
        app._frame._rows = [[None]]
        await pilot.press("ctrl+l")
        assert app._frame._rows == []


async def test_clicks_choose_a_filter_a_column_and_a_row(opened: Opened) -> None:
    async with opened(a_busy_store()) as pilot:
        screen = main(pilot)
        await pilot.click(screen.tabs, offset=(16, 0))
        assert screen.view.row_filter == RowFilter(Verdict.LOADED)
        await pilot.click(screen.titles, offset=(20, 0))
        assert screen.view.order is Order.TYPE
        await pilot.click(screen.rows, offset=(5, 3))
        assert screen.rows.cursor == 3
        await pilot.click(screen.panel.title, offset=(117, 0))
        assert screen.panel.tab == "Keys"
        await pilot.click(screen.rows, offset=(5, 3))
        assert isinstance(pilot.app.screen, DetailScreen)
