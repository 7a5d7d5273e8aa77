"""Draws the pictures of the README from seeded data: `python screenshots/make_screenshots.py`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

from procdash.actions.journal import Journal
from procdash.actions.opening import open_executor, open_planner
from procdash.demo import seed_store
from procdash.live.monitor import Monitor, Status, StoreState
from procdash.store import open_procedure_reader
from procdash.tui import ProcdashApp

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 21, 20, 16, tzinfo=UTC).timestamp()
"""The moment that the pictures show, in Unix seconds."""

LOCATION = "/var/lib/greptimedb"


class Picture(NamedTuple):
    """One picture: what to press, and how large the terminal is."""

    name: str
    keys: Sequence[str]
    columns: int = 120
    lines: int = 40


PICTURES = (
    Picture("dashboard", ["j", "j"]),
    Picture("problems", ["exclamation_mark"]),
    Picture("rolling-back", ["3"], 80, 24),
    Picture("delete", ["2", "j", "ctrl+d"]),
    Picture("help", ["question_mark"]),
)


class StillMonitor(Monitor):
    """A picture that is read once and then stands still, as if the store were watched."""

    async def run(self) -> None:
        """Read the store once."""
        await self.read_once()
        self._say(Status(StoreState.LIVE))


async def draw(picture: Picture) -> str:
    """One picture as SVG; the same bytes every time."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        seed_store(root, procedures=24, seed=7, now=NOW)
        reader = open_procedure_reader(directory)
        reader.location = LOCATION
        monitor = StillMonitor(reader, now=lambda: NOW)
        journal = Journal(root / "journal.db")
        planner = open_planner(monitor, now=lambda: NOW)
        executor = await open_executor(planner, directory, journal, now=lambda: NOW)
        app = ProcdashApp(monitor, now=lambda: NOW, planner=planner, executor=executor)
        async with app.run_test(size=(picture.columns, picture.lines)) as pilot:
            await _settle(app, pilot)
            for key in picture.keys:
                await pilot.press(key)
                await _settle(app, pilot)
            drawn = app.export_screenshot(title=f"procdash {LOCATION}")
        await journal.close()
        return drawn


async def _settle(app: ProcdashApp, pilot: Pilot[None]) -> None:
    """Wait until everything is on the screen."""
    await pilot.pause()
    while not all(getattr(part, "is_settled", True) for part in (app.flow, *app.screen_stack)):
        await pilot.pause(0.01)
    await app.screen.wait_for_refresh()
    await pilot.pause()


def main() -> None:
    """Write every picture beside this script."""
    for picture in PICTURES:
        (HERE / f"{picture.name}.svg").write_text(asyncio.run(draw(picture)), encoding="utf-8")


if __name__ == "__main__":
    main()
