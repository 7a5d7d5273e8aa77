"""Rows are there, and keys answer, while a big store is still being read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.following import PATIENCE_SECONDS
from support.stores import PlainStore, procedure_id
from textual.app import App
from textual.pilot import Pilot

from procdash.live.monitor import Monitor
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.records import EntryReading
from procdash.tui import ProcdashApp

COUNT = 1_000


class GatedReader(LocalProcedureReader):
    """Reads the first batch, and everything else only once the gate is open."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = asyncio.Event()
        self._batches = 0

    async def read_entries(self, entries: Sequence[str]) -> EntryReading:
        self._batches += 1
        if self._batches > 1:
            await self.gate.wait()
        return await super().read_entries(entries)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = PlainStore(tmp_path)
    for number in range(1, COUNT + 1):
        store.step(procedure_id(number), 0)
    return tmp_path


def lines_of(app: App[None]) -> list[str]:
    """The screen as text."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    assert len(strips) == height
    return [strip.text[:width] for strip in strips]


async def until_shown(app: App[None], pilot: Pilot[None], text: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(text in line for line in lines_of(app)):
            await pilot.pause()


async def test_first_rows_come_before_the_scan_is_over_and_keys_answer(root: Path) -> None:
    reader = GatedReader(root)
    app = ProcdashApp(Monitor(reader))
    async with app.run_test(size=(120, 40)) as pilot:
        await until_shown(app, pilot, "opening 64 / 1,000")
        await until_shown(app, pilot, "▶ loaded")
        [cursor] = [line for line in lines_of(app) if line.startswith("▌")]
        await pilot.press("j")
        [moved] = [line for line in lines_of(app) if line.startswith("▌")]
        assert moved != cursor
        reader.gate.set()
        await until_shown(app, pilot, "1 All 1,000")
