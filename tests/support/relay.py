"""A relay between a client and a server's Unix socket, which loses replies when it is told to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self


class Relay:
    """Listens on a socket and passes everything on to another one, and back.

    Args:
        listens_at: the socket to make.
        server: the server's socket.
    """

    def __init__(self, listens_at: Path, server: Path) -> None:
        self.lose_reply_with: bytes | None = None
        """A reply that holds this is not passed on: the connection ends instead. Once."""
        self.keep_reply_with: bytes | None = None
        """A reply that holds this is never passed on, and the connection stays. Once."""
        self.lost = asyncio.Event()
        self._listens_at = listens_at
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_unix_server(self._connected, self._listens_at)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        for writer in self._writers:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        self._writers += [writer, server_writer]
        for copying in (self._pass_on(reader, server_writer), self._pass_back(server_reader, writer)):
            task = asyncio.create_task(copying)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if self.keep_reply_with and self.keep_reply_with in data:
                self.keep_reply_with = None
                self.lost.set()
                continue
            if self.lose_reply_with and self.lose_reply_with in data:
                self.lose_reply_with = None
                self.lost.set()
                break
            writer.write(data)
        writer.close()
