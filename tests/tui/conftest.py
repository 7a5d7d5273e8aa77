from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from support.fake_picture import NOW, FakePicture
from textual.pilot import Pilot

from procdash.tui import ProcdashApp

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


PATIENCE = 10.0


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything that is known is on the screen."""
    async with asyncio.timeout(PATIENCE):
        await pilot.pause()
        while not all(getattr(screen, "is_settled", True) for screen in pilot.app.screen_stack):
            await pilot.pause(0.01)
        await pilot.pause()


@pytest.fixture
def opened() -> Opened:
    """Opens the dashboard on a picture, in a terminal of a given size."""

    @asynccontextmanager
    async def open_on(
        picture: FakePicture, size: tuple[int, int] = (120, 40), now: Callable[[], float] = lambda: NOW
    ) -> AsyncIterator[Pilot[None]]:
        app = ProcdashApp(picture, now=now)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            yield pilot

    return open_on


Settle = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(name="settle")
def _settle() -> Settle:
    return settle
