"""Where nothing may be written the keys are greyed, say why, and nothing below them could write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from support.acting import Acting, screen_text
from support.fake_picture import a_busy_store
from textual.pilot import Pilot

from procdash.tui import ProcdashApp
from procdash.tui.screens.action_log import ActionLogScreen
from procdash.tui.screens.detail import DetailScreen
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Press = Callable[..., Awaitable[None]]

WHY = "read-only: --read-only was given"


@pytest.mark.parametrize("key", ["ctrl+d", "ctrl+k", "ctrl+t", "u"])
@pytest.mark.parametrize("opening", [[], ["enter"]])
async def test_a_key_that_writes_says_why_it_does_not(
    opened: Opened, press: Press, key: str, opening: list[str]
) -> None:
    picture = a_busy_store()
    before = dict(picture.blob.values)
    async with opened(picture, why_read_only=WHY) as pilot:
        await press(pilot, "4", *opening, key)
        assert isinstance(pilot.app.screen, DetailScreen if opening else MainScreen)
        assert f"○ {WHY}" in screen_text(pilot.app)
        await press(pilot, "y", "enter")
        assert picture.blob.values == before


async def test_the_keys_are_greyed_and_the_badge_stands(opened: Opened) -> None:
    async with opened(a_busy_store(), why_read_only=WHY) as pilot:
        active = pilot.app.screen.active_bindings
        assert {key for key, binding in active.items() if not binding.enabled} == {
            "ctrl+d",
            "ctrl+k",
            "ctrl+t",
            "u",
        }
        assert "read-only" in screen_text(pilot.app).splitlines()[0]


async def test_the_reason_goes_with_escape(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store(), why_read_only=WHY) as pilot:
        await press(pilot, "ctrl+d", "escape")
        assert WHY not in screen_text(pilot.app)


async def test_the_log_can_be_read(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    async with acting.app(picture).run_test(size=(120, 40)) as writing:
        await press(writing, "4", "ctrl+d", "y")
    before = dict(picture.blob.values)
    async with opened(picture, why_read_only=WHY) as pilot:
        await press(pilot, "L")
        assert isinstance(pilot.app.screen, ActionLogScreen)
        assert "Entry 1 · Delete 1 procedure" in screen_text(pilot.app)
        await press(pilot, "u")
        assert f"○ {WHY}" in screen_text(pilot.app)
        assert picture.blob.values == before


def test_without_anything_to_write_with_a_dashboard_cannot_write() -> None:
    app = ProcdashApp(a_busy_store())
    assert not app.flow.can_write
    assert app.flow.means.executor is None
