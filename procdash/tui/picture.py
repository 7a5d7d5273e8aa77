"""What the dashboard needs of the live picture; `procdash.live.monitor.Monitor` is one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from procdash.live.index import ProcedureIndex, RowEvent
from procdash.live.monitor import Status
from procdash.store.records import ProcedureDetail


class Located(Protocol):
    """Something that knows where the store is."""

    location: str
    """The location, to show to a user."""
    directory: str | None
    """The local directory that holds the procedures; None where there is none."""


class Picture(Protocol):
    """The live picture of one store."""

    @property
    def reader(self) -> Located:
        """What the store is read with."""

    @property
    def index(self) -> ProcedureIndex:
        """Every procedure."""

    @property
    def status(self) -> Status:
        """How the picture stands to the store."""

    def subscribe(self, listener: Callable[[Sequence[RowEvent]], None]) -> Callable[[], None]:
        """Tell `listener` of every change; returns what ends that."""

    async def run(self) -> None:
        """Follow the store until cancelled."""

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        """All keys of one procedure, also in `entries`; None where it is gone. Raises `ExternalError`."""

    async def read_value(self, key: str) -> bytes | None:
        """The value of one key; None where it is gone. Raises `ExternalError`."""
