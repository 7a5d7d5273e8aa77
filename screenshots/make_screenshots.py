"""Draws the pictures of the README from seeded data: `python screenshots/make_screenshots.py`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

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
        app = ProcdashApp(StillMonitor(reader, now=lambda: NOW), now=lambda: NOW)
        async with app.run_test(size=(picture.columns, picture.lines)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press(*picture.keys)
            await app.workers.wait_for_complete()
            await pilot.pause()
            return app.export_screenshot(title=f"procdash {LOCATION}")


def main() -> None:
    """Write every picture beside this script."""
    for picture in PICTURES:
        (HERE / f"{picture.name}.svg").write_text(asyncio.run(draw(picture)), encoding="utf-8")


if __name__ == "__main__":
    main()
