"""One op, and what became of it where the store does not say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from support.blobs import listed

from procdash.actions.op_writer import OpWriter
from procdash.actions.outcomes import Outcome
from procdash.actions.plans import Op, OpKind
from procdash.store import BlobMetadata, Determinate, Indeterminate
from procdash.store.backends.memory import MemoryBlob

KEY = "procedure/a/0000000000.step"
LOST = Indeterminate("the reply is lost")


class Scripted(MemoryBlob):
    """Ends each write as the script says (`fails`, `lost before`, `lost after`), and then in the usual way."""

    def __init__(self, *script: str, can_read: bool = True, meanwhile: bytes | None = None) -> None:
        super().__init__()
        self.script = list(script)
        self.can_read = can_read
        self.meanwhile = meanwhile
        self.attempts = 0

    def _ends(self) -> str:
        self.attempts += 1
        return self.script.pop(0) if self.script else ""

    async def _end(self, end: str, key: str) -> None:
        if self.meanwhile is not None:
            await self.set(key, self.meanwhile)
        if end == "fails":
            raise Determinate("no room")
        if end:
            raise LOST

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        end = self._ends()
        result = await super().set_if_absent(key, value) if end in ("", "lost after") else False
        await self._end(end, key)
        return result

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        end = self._ends()
        result = await super().delete_if_unchanged(seen) if end in ("", "lost after") else False
        await self._end(end, seen.key)
        return result

    async def delete(self, key: str) -> int | None:
        if not key.endswith("/"):
            return await super().delete(key)
        await self._end(self._ends(), key)
        return None

    async def get(self, key: str) -> bytes | None:
        if not self.can_read:
            raise Determinate("cannot be read")
        return await super().get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        if not self.can_read:
            raise Determinate("cannot be read")
        return super().list_keys_and_metadata(key_prefix)


ENDS: list[tuple[Callable[[], Scripted], Outcome, int, str]] = [
    (Scripted, Outcome.DONE, 1, ""),
    (lambda: Scripted("fails"), Outcome.FAILED, 1, "no room"),
    (lambda: Scripted("lost after"), Outcome.DONE, 1, ""),
    (lambda: Scripted("lost before"), Outcome.DONE, 2, ""),
    (lambda: Scripted(*["lost before"] * 3), Outcome.DONE, 4, ""),
    (lambda: Scripted(*["lost before"] * 4), Outcome.FAILED, 4, "has not happened so far"),
    (lambda: Scripted("lost before", "fails"), Outcome.FAILED, 2, "no room"),
    (lambda: Scripted("lost before", can_read=False), Outcome.UNKNOWN, 1, "cannot be read back: cannot be read"),
    (lambda: Scripted("lost after", can_read=False), Outcome.UNKNOWN, 1, "cannot be read back: cannot be read"),
]


@pytest.mark.parametrize(("make", "outcome", "attempts", "words"), ENDS)
@pytest.mark.parametrize("kind", [OpKind.PUT, OpKind.DELETE])
async def test_every_end_of_a_write(
    kind: OpKind, make: Callable[[], Scripted], outcome: Outcome, attempts: int, words: str
) -> None:
    blob = make()
    op = Op(kind, KEY, 1)
    if kind is OpKind.DELETE:
        await blob.set(KEY, b"v")
        found = blob._values[KEY]
        op = Op(kind, KEY, 1, found.version)
    result = await OpWriter(blob).do(op, b"v")
    assert (result.outcome, blob.attempts) == (outcome, attempts)
    assert words in result.message
    blob.can_read = True
    is_there = await blob.get(KEY) is not None
    if outcome is Outcome.DONE:
        assert is_there is (kind is OpKind.PUT)
    elif outcome is Outcome.FAILED:
        assert is_there is (kind is OpKind.DELETE)


@pytest.mark.parametrize("kind", [OpKind.PUT, OpKind.DELETE])
async def test_another_value_that_has_come_is_seen(kind: OpKind) -> None:
    blob = Scripted("lost before", meanwhile=b"another")
    await blob.set("other", b"")
    op = Op(kind, KEY, 1)
    if kind is OpKind.DELETE:
        await blob.set(KEY, b"v")
        op = Op(kind, KEY, 1, (await listed(blob, KEY)).version)
    result = await OpWriter(blob).do(op, b"v")
    assert result.outcome is Outcome.CHANGED
    assert await blob.get(KEY) == b"another"


async def test_what_is_there_already_is_a_change() -> None:
    blob = MemoryBlob()
    await blob.set(KEY, b"v")
    put = await OpWriter(blob).do(Op(OpKind.PUT, KEY, 1), b"v")
    assert (put.outcome, put.message) == (Outcome.CHANGED, f"there is something under {KEY} already")
    for op in (Op(OpKind.DELETE, KEY, 2), Op(OpKind.DELETE, "gone", 1)):
        deletion = await OpWriter(blob).do(op)
        assert (deletion.outcome, deletion.message) == (Outcome.CHANGED, f"{op.key} is gone or was written anew")
    assert await blob.get(KEY) == b"v"


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ((), Outcome.DONE),
        (("fails",), Outcome.FAILED),
        (("lost before",) * 3, Outcome.DONE),
        (("lost before",) * 4, Outcome.UNKNOWN),
    ],
)
async def test_every_end_of_a_removed_directory(script: tuple[str, ...], outcome: Outcome) -> None:
    result = await OpWriter(Scripted(*script)).do(Op(OpKind.REMOVE_DIRECTORY, "procedure/a/"))
    assert result.outcome is outcome
