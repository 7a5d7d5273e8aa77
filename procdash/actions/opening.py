"""From a location that is looked at to the ability to write to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from procdash.actions.executor import Executor
from procdash.actions.families import Relatives
from procdash.actions.journal import Journal
from procdash.actions.planner import Planner, Source
from procdash.store.location import open_procedure_store, without_secrets


class Place(Protocol):
    """Where a picture is taken."""

    location: str
    """The location, to show to a user."""
    directory: str | None
    """The local directory that holds the procedures; None where there is none."""


class Picture(Source, Protocol):
    """The picture of a store; `procdash.live.monitor.Monitor` is one."""

    @property
    def reader(self) -> Place:
        """What the store is read with."""

    @property
    def index(self) -> Relatives:
        """Every procedure."""


def journal_path() -> Path:
    """Where this user's journal is: `procdash/journal.db` in the XDG state directory."""
    from platformdirs import user_state_path  # noqa: PLC0415 - only where something is written

    return user_state_path("procdash") / "journal.db"


def open_planner(picture: Picture, *, now: Callable[[], float] = time.time) -> Planner:
    """A planner for the store of a picture, which is read for each plan; it cannot write."""
    return Planner(
        picture,
        picture.index,
        location=without_secrets(picture.reader.location),
        has_directories=picture.reader.directory is not None,
        now=now,
    )


async def open_executor(
    planner: Planner, location: str, journal: Journal, *, now: Callable[[], float] = time.time
) -> Executor:
    """What applies plans to a store; nobody gets one who may only read.

    Args:
        planner: plans for the same store.
        location: where the store is, with the secrets that are needed.
        journal: where plans are kept.
        now: the wall clock, in Unix seconds.

    Raises:
        Determinate: if there is no procedure store.
    """
    store = await open_procedure_store(location)
    return Executor(planner, store.state_store.blob, journal, now=now)
