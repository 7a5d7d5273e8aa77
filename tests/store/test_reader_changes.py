"""Finding what changed: nothing is missed, and reading something else never hides a change."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from itertools import chain, count, repeat
from pathlib import Path

import pytest
from support.blobs import ID, OTHER_ID, THIRD_ID, fill, message
from support.readers import by_id, index_of, read_all

from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.backends.memory import MemoryBlob
from procdash.store.reader import BlobProcedureReader, ListingReader

HERE = f"procedure/{ID}"
TREE = {
    f"{HERE}/0000000000.step": message(),
    f"{HERE}/0000000001.step": message("1"),
    f"procedure/{OTHER_ID}/0000000000.commit": b"",
    f"procedure/{THIRD_ID}/0000000000.step": b"{",
    f"procedure/{THIRD_ID}/notes": b"",
}

LONG_AGO = 1_500_000_000
_moments = count()


def make_old(root: Path) -> None:
    """Give what changed just now a modification time of its own, long ago: only such a one counts as settled."""
    for path in sorted(root.rglob("*")):
        if path.stat().st_mtime > LONG_AGO + 1_000_000:
            moment = LONG_AGO + next(_moments)
            os.utime(path, (moment, moment))


@pytest.fixture
async def local(tmp_path: Path) -> LocalProcedureReader:
    await fill(LocalBlob(tmp_path), TREE)
    make_old(tmp_path)
    reader = LocalProcedureReader(tmp_path)
    await read_all(reader)
    return reader


PLAIN = [OTHER_ID, ID]
UNUSUAL = THIRD_ID  # it holds a foreign file, and is looked at in every sweep


async def test_what_has_settled_and_did_not_change_is_not_read_again(local: LocalProcedureReader) -> None:
    assert await local.find_changed_entries() == [UNUSUAL]


async def test_what_has_not_settled_is_read_again(local: LocalProcedureReader) -> None:
    os.utime(local.root / HERE)
    for _ in range(2):
        changed = await local.find_changed_entries()
        assert changed == sorted([UNUSUAL, ID])
        await local.read_entries(changed)


async def test_what_settled_only_while_it_was_read_is_read_again(
    local: LocalProcedureReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow read must not take a time for settled that the clock still showed when it looked."""
    path = local.root / HERE / "0000000001.step"
    os.utime(path)
    times = chain([time.time_ns()], repeat(time.time_ns() + 10 * 10**9))
    with monkeypatch.context() as patched:
        patched.setattr(time, "time_ns", lambda: next(times))
        await local.read_entries([ID])
    assert ID in await local.find_changed_entries()


def _write(root: Path, key: str, value: bytes = b"") -> None:
    path = root / "procedure" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value)


def _become_a_file(root: Path) -> None:
    shutil.rmtree(root / HERE)
    _write(root, ID)


CHANGES: dict[str, tuple[set[str], Callable[[Path], object]]] = {
    "a new step": ({ID}, lambda root: _write(root, f"{ID}/0000000002.step", message())),
    "the deciding value in place": ({ID}, lambda root: _write(root, f"{ID}/0000000001.step", message())),
    "a step is gone": ({ID}, lambda root: (root / HERE / "0000000000.step").unlink()),
    "a commit": ({ID}, lambda root: _write(root, f"{ID}/0000000002.commit")),
    "a foreign file": ({OTHER_ID}, lambda root: _write(root, f"{OTHER_ID}/notes")),
    "a directory below": ({OTHER_ID}, lambda root: _write(root, f"{OTHER_ID}/{ID}/0000000009.step", message())),
    "a new procedure": ({"a"}, lambda root: _write(root, f"a/{'1' * 32}/0000000000.step", message())),
    "another spelling": ({ID.upper()}, lambda root: _write(root, f"{ID.upper()}/0000000009.step", message())),
    "a foreign file at the top": ({"readme"}, lambda root: _write(root, "readme")),
    "a procedure is gone": ({ID}, lambda root: shutil.rmtree(root / HERE)),
    "an empty directory": ({"new"}, lambda root: (root / "procedure/new").mkdir()),
    "a rename": ({ID, ID.upper()}, lambda root: (root / HERE).rename(root / "procedure" / ID.upper())),
    "it becomes a file": ({ID}, _become_a_file),
    "an unusual value in place": ({THIRD_ID}, lambda root: _write(root, f"{THIRD_ID}/0000000000.step", message())),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_is_found(local: LocalProcedureReader, what: str) -> None:
    index = await index_of(local)
    entries, change = CHANGES[what]
    change(local.root)
    changed = await local.find_changed_entries()
    assert set(changed) == entries | {UNUSUAL}
    assert changed == sorted(changed)
    index.apply_reading(await local.read_entries(changed))
    fresh = await index_of(LocalProcedureReader(local.root))
    assert by_id(index) == by_id(fresh)
    assert index.unknown_keys() == fresh.unknown_keys()


async def test_a_memory_store_tells_what_changed() -> None:
    blob = MemoryBlob()
    await fill(blob, {**TREE, "procedure/readme": b""})
    reader = BlobProcedureReader(blob, "")
    assert await reader.find_changed_entries() == sorted([*PLAIN, UNUSUAL, "readme"])
    await read_all(reader)
    assert await reader.find_changed_entries() == []
    await fill(blob, {f"{HERE}/0000000001.step": message("1")})
    await blob.delete("procedure/readme")
    assert await reader.find_changed_entries() == [ID, "readme"]
    await reader.read_entries([ID, "readme"])
    assert await reader.find_changed_entries() == []


@pytest.fixture(params=["local", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[LocalBlob | MemoryBlob, ListingReader]:
    blob: LocalBlob | MemoryBlob = LocalBlob(tmp_path) if request.param == "local" else MemoryBlob()
    await fill(blob, TREE)
    make_old(tmp_path)
    return blob, BlobProcedureReader(blob, "") if isinstance(blob, MemoryBlob) else LocalProcedureReader(tmp_path)


async def _change_unseen(blob: LocalBlob | MemoryBlob, values: dict[str, bytes]) -> None:
    await fill(blob, values)
    if isinstance(blob, LocalBlob):
        make_old(blob.root)


async def test_looking_at_details_hides_no_change(store: tuple[LocalBlob | MemoryBlob, ListingReader]) -> None:
    blob, reader = store
    await read_all(reader)
    await _change_unseen(blob, {f"{HERE}/0000000002.commit": b""})
    detail = await reader.read_detail(ID)
    assert detail is not None
    assert detail.record.file_name == "0000000002.commit"
    assert ID in await reader.find_changed_entries()


async def test_reading_one_spelling_hides_no_change_of_another(
    store: tuple[LocalBlob | MemoryBlob, ListingReader],
) -> None:
    blob, reader = store
    lax = f"procedure/{ID.upper()}/0000000000.step"
    await fill(blob, {lax: message()})
    await read_all(reader)
    nested = f"{HERE}/{THIRD_ID}/0000000009.commit"
    await _change_unseen(blob, {lax: message("new"), nested: b"", f"{HERE}/notes": b""})
    await reader.read_entries([ID.upper()])
    changed = await reader.find_changed_entries()
    assert ID in changed
    reading = await reader.read_entries(changed)
    assert THIRD_ID in {record.procedure_id for record in reading.records}
    assert dict(reading.unknown_keys)[ID] == (f"{HERE}/notes",)


async def test_another_store_in_the_same_place_has_another_identity(tmp_path: Path) -> None:
    await fill(LocalBlob(tmp_path), TREE)
    reader = LocalProcedureReader(tmp_path)
    identity = await reader.identity()
    await fill(LocalBlob(tmp_path), {f"{HERE}/0000000002.step": b""})
    assert await reader.identity() == identity
    (tmp_path / "procedure").rename(tmp_path / "before")
    (tmp_path / "procedure").mkdir()
    assert await reader.identity() != identity
