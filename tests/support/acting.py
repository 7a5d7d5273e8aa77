"""A dashboard that can write: a real executor and journal over a fake picture's blob."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from textual.app import App

from procdash.actions.executor import Executor
from procdash.actions.journal import Journal
from procdash.actions.opening import open_planner
from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import ExternalError, Indeterminate
from procdash.tui import ProcdashApp
from support.fake_picture import NOW, FakePicture

AUTHOR = "alice@db-1"


class Acting:
    """Makes dashboards that share one journal, and closes that.

    Args:
        directory: where the journal is.
    """

    def __init__(self, directory: Path) -> None:
        self.journal = Journal(directory / "state" / "journal.db")

    def executor(
        self, picture: FakePicture, *, blob: Blob | None = None, now: Callable[[], float] = lambda: NOW
    ) -> Executor:
        """What applies plans to a picture's store."""
        planner = open_planner(picture, now=now)
        return Executor(planner, blob or picture.blob, self.journal, now=now, author=AUTHOR)

    def app(
        self,
        picture: FakePicture,
        *,
        blob: Blob | None = None,
        now: Callable[[], float] = lambda: NOW,
        why_read_only: str = "",
    ) -> ProcdashApp:
        """A dashboard on a picture; `blob` replaces what is written to, to simulate faults."""
        return ProcdashApp(
            picture,
            now=now,
            planner=open_planner(picture, now=now),
            executor=None if why_read_only else self.executor(picture, blob=blob, now=now),
            journal=self.journal,
            read_only=bool(why_read_only),
            read_only_reason=why_read_only,
        )

    def close(self) -> None:
        """Close the journal."""
        asyncio.run(self.journal.close())


class Hindered(Blob):
    """Writes as the blob it wraps, but waits or fails where a test says so.

    Args:
        inner: what is written to.
    """

    def __init__(self, inner: Blob) -> None:
        self.inner = inner
        self.waits_from: int | None = None
        """From which write on, counted from 0, each waits until `gate` is open."""
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()
        """Set once a write waits."""
        self.errors: dict[int, ExternalError] = {}
        """What a write raises, by its number; nothing is written then."""
        self.is_lost = False
        """Whether nothing can be read."""
        self.writes = 0
        """How many writes were asked for."""

    async def get(self, key: str) -> bytes | None:
        self._read()
        return await self.inner.get(key)

    async def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        self._read()
        async for metadata in self.inner.list_keys_and_metadata(key_prefix):
            yield metadata

    async def set(self, key: str, value: bytes) -> None:
        await self._write()
        await self.inner.set(key, value)

    async def delete(self, key: str) -> int | None:
        await self._write()
        return await self.inner.delete(key)

    async def restore(self, key: str) -> None:
        await self.inner.restore(key)

    def _read(self) -> None:
        if self.is_lost:
            raise Indeterminate("the network is gone")

    async def _write(self) -> None:
        number = self.writes
        self.writes += 1
        if self.waits_from is not None and number >= self.waits_from:
            self.waiting.set()
            await self.gate.wait()
        if number in self.errors:
            raise self.errors[number]


def screen_text(app: App[Any]) -> str:
    """What the screen shows, as text."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def look_at_everything(picture: FakePicture) -> None:
    """Take in whatever has happened in the store."""
    await picture.look_at(*picture.index.entries().union(await picture.reader.list_entries()))
