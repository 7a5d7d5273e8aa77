from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.acting import Acting
from support.fake_picture import NOW, FakePicture
from textual.pilot import Pilot

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


PATIENCE = 10.0


def is_settled(pilot: Pilot[None]) -> bool:
    """Whether everything that is known is on the screen, and nothing is under way."""
    parts = (getattr(pilot.app, "flow", None), *pilot.app.screen_stack)
    return all(getattr(part, "is_settled", True) for part in parts)


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything that is known is on the screen, and nothing is under way."""
    async with asyncio.timeout(PATIENCE):
        await pilot.pause()
        while not is_settled(pilot):
            await pilot.pause(0.01)
        await pilot.app.screen.wait_for_refresh()
        await pilot.pause()


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Acting]:
    """Makes dashboards that can write, with a journal of their own."""
    acting = Acting(tmp_path)
    yield acting
    acting.close()


@pytest.fixture
def opened(acting: Acting) -> Opened:
    """Opens the dashboard on a picture, in a terminal of a given size."""

    @asynccontextmanager
    async def open_on(
        picture: FakePicture,
        size: tuple[int, int] = (120, 40),
        now: Callable[[], float] = lambda: NOW,
        **options: Any,
    ) -> AsyncIterator[Pilot[None]]:
        app = acting.app(picture, now=now, **options)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            yield pilot

    return open_on


Settle = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(name="settle")
def _settle() -> Settle:
    return settle


Press = Callable[..., Awaitable[None]]


@pytest.fixture
def press() -> Press:
    """Presses keys, each once what the one before it began is over."""

    async def press_one_by_one(pilot: Pilot[None], *keys: str) -> None:
        for key in keys:
            await pilot.press(key)
            if not is_settled(pilot):
                await settle(pilot)
        await settle(pilot)

    return press_one_by_one
