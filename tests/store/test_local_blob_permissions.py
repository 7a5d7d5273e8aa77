"""Places that may not be read or written: every refusal is an error of the store's own, before any effect."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.blobs import ID, OTHER_ID, files_below, fill, keys_of, message, store_on
from support.privileges import ordinary_user

from procdash.insight.verdict import Verdict, verdict_of
from procdash.store import Determinate, ProcedureReader
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.location import open_procedure_reader
from procdash.store.reader import BlobProcedureReader


@pytest.fixture
def root() -> Iterator[Path]:
    """A directory that an ordinary user may look into; pytest's own may be closed to others."""
    with tempfile.TemporaryDirectory(prefix="procdash-permissions-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        for directory, _, _ in os.walk(name):
            Path(directory).chmod(0o755)


def _open_to_all(root: Path) -> None:
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


async def _store(root: Path) -> LocalBlob:
    blob = LocalBlob(root)
    await fill(blob, {f"procedure/{name}/0000000000.step": message() for name in (ID, OTHER_ID)})
    _open_to_all(root)
    return blob


async def test_writing_without_permission_is_refused(root: Path) -> None:
    blob = await _store(root)
    before = files_below(root)
    with ordinary_user():
        for key in (f"procedure/{ID}/0000000001.step", f"procedure/{ID}/0000000000.step", "new", "a/b/c"):
            with pytest.raises(Determinate, match=r"cannot write .*: Permission denied"):
                await blob.set(key, b"v")
        with pytest.raises(Determinate, match=r"cannot delete .*: Permission denied"):
            await blob.delete(f"procedure/{ID}/0000000000.step")
        with pytest.raises(Determinate, match="Permission denied"):
            await store_on(blob).delete_procedure(ID)
        assert await blob.get(f"procedure/{ID}/0000000000.step") == message()
    assert files_below(root) == before


async def test_a_value_that_may_not_be_read(root: Path) -> None:
    blob = await _store(root)
    (root / "procedure" / ID / "0000000000.step").chmod(0o000)
    with ordinary_user():
        with pytest.raises(Determinate, match=r"cannot read '.*step': Permission denied"):
            await blob.get(f"procedure/{ID}/0000000000.step")
        assert len(await keys_of(blob)) == 2
        with pytest.raises(Determinate, match="Permission denied"):
            await store_on(blob).load_messages()


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111], ids=oct)
async def test_a_directory_that_may_not_be_looked_into(root: Path, mode: int) -> None:
    """Without `r` its names are unknown; with `r` and without `x` they are, and nothing else is."""
    blob = await _store(root)
    (root / "procedure" / ID).chmod(mode)
    with ordinary_user():
        with pytest.raises(Determinate, match="Permission denied"):
            await keys_of(blob)
        with pytest.raises(Determinate, match="Permission denied"):
            await keys_of(blob, f"procedure/{ID}/")
        with pytest.raises(Determinate, match="Permission denied"):
            await store_on(blob).load_messages()
        for key in ("0000000001.step", "below/0000000001.step"):
            with pytest.raises(Determinate, match="Permission denied"):
                await blob.set(f"procedure/{ID}/{key}", b"")
        assert await keys_of(blob, f"procedure/{OTHER_ID}") == [f"procedure/{OTHER_ID}/0000000000.step"]


async def test_a_root_that_may_not_be_looked_into(root: Path) -> None:
    await _store(root)
    closed = root / "procedure"
    closed.chmod(0o000)
    blob = LocalBlob(closed)
    reader = LocalProcedureReader(root)
    with ordinary_user():
        for operation in (
            keys_of(blob),
            blob.get("k"),
            blob.set("k", b""),
            blob.set("d/k", b""),
            blob.delete("k"),
        ):
            with pytest.raises(Determinate, match="Permission denied"):
                await operation
        for reading in (reader.list_entries(), reader.find_changed_entries()):
            with pytest.raises(Determinate, match="Permission denied"):
                await reading


def _readers(root: Path) -> list[ProcedureReader]:
    return [LocalProcedureReader(root), BlobProcedureReader(LocalBlob(root), str(root))]


async def test_a_reader_shows_one_unreadable_value_and_the_rest(root: Path) -> None:
    await _store(root)
    (root / "procedure" / ID / "0000000000.step").chmod(0o000)
    with ordinary_user():
        for reader in _readers(root):
            reading = await reader.read_entries(await reader.list_entries())
            verdicts = {record.procedure_id: verdict_of(record) for record in reading.records}
            assert verdicts == {ID: Verdict.UNREADABLE, OTHER_ID: Verdict.LOADED}
            [unreadable] = [record for record in reading.records if record.procedure_id == ID]
            assert unreadable.failure == f"cannot read 'procedure/{ID}/0000000000.step': Permission denied"
            assert unreadable.key_count == 1


@pytest.mark.parametrize("mode", [0o000, 0o444], ids=oct)
async def test_a_local_reader_shows_one_unlistable_directory_and_the_rest(root: Path, mode: int) -> None:
    await _store(root)
    reader = LocalProcedureReader(root)
    (root / "procedure" / ID).chmod(mode)
    os.utime(root / "procedure" / ID, (0, 0))  # a permission that is given back changes no time
    with ordinary_user():
        reading = await reader.read_entries(await reader.list_entries())
        records = {record.procedure_id: record for record in reading.records}
        assert verdict_of(records[OTHER_ID]) is Verdict.LOADED
        assert verdict_of(records[ID]) is Verdict.UNREADABLE
        assert records[ID].file_name is None
        assert "Permission denied" in (records[ID].failure or "")
        assert ID in await reader.find_changed_entries()
        detail = await reader.read_detail(ID)
        assert detail is not None
        assert detail.keys == ()
    (root / "procedure" / ID).chmod(0o755)
    with ordinary_user():
        reading = await reader.read_entries(await reader.find_changed_entries())
    assert {record.procedure_id for record in reading.records} >= {ID}
    assert all(verdict_of(record) is Verdict.LOADED for record in reading.records)


async def test_ids_further_down_survive_a_directory_that_is_closed_for_a_while(root: Path) -> None:
    blob = await _store(root)
    nested = "procedure/archive/2026"
    await fill(blob, {f"{nested}/{number:032x}/0000000000.step": message() for number in (1, 2)})
    _open_to_all(root)
    reader = LocalProcedureReader(root)
    with ordinary_user():
        first = await reader.read_entries(await reader.list_entries())
    assert len(first.records) == 4
    archive = root / "procedure/archive"
    archive.chmod(0o000)
    with ordinary_user():
        closed = await reader.read_entries(["archive"])
        assert [verdict_of(record) for record in closed.records] == [Verdict.UNREADABLE] * 2
        assert closed.removed == ()
        again = await reader.read_entries(["archive"])
        assert {record.procedure_id for record in again.records} == {r.procedure_id for r in closed.records}
    archive.chmod(0o755)
    with ordinary_user():
        opened = await reader.read_entries(["archive"])
    assert {verdict_of(record) for record in opened.records} == {Verdict.LOADED}
    await blob.delete(f"{nested}/{1:032x}/0000000000.step")
    await blob.delete(f"{nested}/{2:032x}/0000000000.step")
    with ordinary_user():
        emptied = await reader.read_entries(["archive"])
    assert set(emptied.removed) == {record.procedure_id for record in opened.records}


async def test_opening_what_may_not_be_looked_into(root: Path) -> None:
    await _store(root)
    (root / "inner").mkdir()
    (root / "inner").chmod(0o000)
    with ordinary_user():
        for location in (root / "inner", root / "inner/deeper"):
            with pytest.raises(Determinate, match=r"cannot open .*: Permission denied"):
                open_procedure_reader(str(location))
