from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.fake_picture import NOW, FakePicture, a_busy_store, many, procedure_id
from textual.pilot import Pilot

from procdash.store.errors import Determinate, Indeterminate
from procdash.store.records import ProcedureDetail
from procdash.tui.screens.main import MainScreen
from procdash.tui.widgets.detail_panel import DetailPanel

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Settle = Callable[[Pilot[None]], Awaitable[None]]


def panel_of(pilot: Pilot[None]) -> DetailPanel:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return screen.panel


def text_of(panel: DetailPanel) -> str:
    views = (panel.title, panel.steps, panel.data)
    return "\n".join(view.render_line(y).text.rstrip() for view in views for y in range(view.size.height))


async def test_it_follows_the_cursor(opened: Opened, settle: Settle) -> None:
    async with opened(many(5)) as pilot:
        assert procedure_id(0) in text_of(panel_of(pilot))
        await pilot.press("j")
        await settle(pilot)
        assert procedure_id(1) in text_of(panel_of(pilot))
        assert '"data": JSON {"number": 1},' in text_of(panel_of(pilot))


async def test_it_reads_once_the_cursor_rests(opened: Opened, settle: Settle) -> None:
    picture = many(50)
    twentieth = procedure_id(20)
    asked: list[str] = []
    read_detail = picture.read_detail

    async def count(procedure_id: str) -> ProcedureDetail | None:
        asked.append(procedure_id)
        return await read_detail(procedure_id)

    picture.read_detail = count  # type: ignore[method-assign,assignment]
    async with opened(picture) as pilot:
        asked.clear()
        rows = panel_of(pilot).screen.query_one("ProcedureList")
        for _ in range(20):
            rows.action_cursor(1)  # type: ignore[attr-defined]
        await settle(pilot)
        assert asked == [twentieth]


async def test_a_change_shows_without_the_rest_moving(opened: Opened, settle: Settle) -> None:
    picture = many(5)
    async with opened(picture) as pilot:
        picture.step(procedure_id(0), 2, "metasrv-procedure::CreateTable", {"number": "new"}, 20)
        await picture.look_at(procedure_id(0))
        await settle(pilot)
        assert '"number": "new"' in text_of(panel_of(pilot))
        assert "● 2  step" in text_of(panel_of(pilot))


async def test_what_is_gone_stays_readable(opened: Opened, settle: Settle) -> None:
    picture = many(1)
    async with opened(picture) as pilot:
        await pilot.press("enter")
        await settle(pilot)
        panel = pilot.app.screen.query_one(DetailPanel)
        await picture.blob.delete(f"procedure/{procedure_id(0)}/0000000001.step")
        await picture.look_at(procedure_id(0))
        await settle(pilot)
        assert "It is gone from the store" in text_of(panel)
        assert '"number": 0' in text_of(panel)
        muted = panel.data.get_component_rich_style("role--muted")
        assert {segment.style for segment in panel.data.render_line(1)} == {muted}
        picture.step(procedure_id(0), 1, "T", {}, 10)
        await picture.look_at(procedure_id(0))
        await settle(pilot)
        assert "It is gone" not in text_of(panel)


@pytest.mark.parametrize("error", [Determinate("no permission to read 'x'"), Indeterminate.timeout("reading x")])
async def test_what_cannot_be_read_is_said_in_words(
    opened: Opened, settle: Settle, error: Determinate | Indeterminate
) -> None:
    picture = many(3)
    async with opened(picture) as pilot:
        picture.failure = error
        await pilot.press("j")
        await settle(pilot)
        assert f"It could not be read: {error.message}" in text_of(panel_of(pilot))
        assert "▶ loaded" in text_of(panel_of(pilot))
        picture.failure = None
        await pilot.press("k")
        await settle(pilot)
        assert "could not be read" not in text_of(panel_of(pilot))


async def test_a_failure_of_procdash_itself_does_not_end_it(opened: Opened, settle: Settle) -> None:
    picture = many(3)
    async with opened(picture) as pilot:

        async def fail(key: str) -> bytes | None:
            raise ZeroDivisionError(key)

        picture.read_value = fail  # type: ignore[method-assign]
        await pilot.press("j")
        await settle(pilot)
        assert "procdash could not show it" in text_of(panel_of(pilot))


async def test_while_reading_takes_long_what_is_known_is_shown(opened: Opened, settle: Settle) -> None:
    picture = many(3)
    may_go_on = asyncio.Event()
    async with opened(picture) as pilot:
        read_value = picture.read_value

        async def wait(key: str) -> bytes | None:
            await may_go_on.wait()
            return await read_value(key)

        picture.read_value = wait  # type: ignore[method-assign]
        await pilot.press("j")
        panel = panel_of(pilot)
        async with asyncio.timeout(10):
            while "Reading its keys" not in text_of(panel):
                await pilot.pause(0.01)
        assert procedure_id(1) in text_of(panel)
        may_go_on.set()
        await settle(pilot)
        assert '"number": 1' in text_of(panel)


async def test_of_a_finished_procedure_the_last_message_is_shown(opened: Opened) -> None:
    picture = FakePicture()
    picture.step(procedure_id(1), 2, "metasrv-procedure::DropTable", {"state": "End"}, 20)
    picture.commit(procedure_id(1), 3, 10)
    async with opened(picture) as pilot:
        text = text_of(panel_of(pilot))
        assert f"{procedure_id(1)}  DropTable" in text
        assert "A commit holds nothing. This is 0000000002.step" in text
        assert '"state": "End"' in text


async def test_the_family_is_named(opened: Opened, settle: Settle) -> None:
    picture = FakePicture()
    picture.step(procedure_id(1), 1, "P", {}, 10)
    picture.step(procedure_id(2), 1, "C", {}, 5, parent_id=procedure_id(1))
    async with opened(picture) as pilot:
        assert f"Child of {procedure_id(1)}" in text_of(panel_of(pilot))
        await pilot.press("j")
        await settle(pilot)
        assert "Parent of 1 child" in text_of(panel_of(pilot))
        picture.step(procedure_id(3), 1, "C", {}, 4, parent_id=procedure_id(1))
        await picture.look_at(procedure_id(3))
        await settle(pilot)
        assert "Parent of 2 children" in text_of(panel_of(pilot))


async def test_a_raw_keys_view_shows_what_is_stored(opened: Opened, settle: Settle) -> None:
    picture = a_busy_store()
    async with opened(picture, now=lambda: NOW) as pilot:
        await pilot.press("right_square_bracket")
        await settle(pilot)
        keys = panel_of(pilot).keys
        text = "\n".join(keys.render_line(y).text for y in range(keys.size.height))
        shown_id = panel_of(pilot).shown.procedure_id  # type: ignore[union-attr]
        assert f"procedure/{shown_id}/0000000001.step" in text
        assert "UTC" in text
        assert "version" in text
