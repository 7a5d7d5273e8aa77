"""Readers: what a record says of one procedure, over a directory and over any blob."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.blobs import ID, OTHER_ID, THIRD_ID, fill, message
from support.readers import by_id, index_of, read_all

from procdash.store import Blob, KeyType, MessageHeader, ProcedureReader, ProcedureRecord
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.backends.memory import MemoryBlob
from procdash.store.reader import BlobProcedureReader, ListingReader

HERE = f"procedure/{ID}"
LAX = f"procedure/{ID.upper()}"


class Place:
    """One store, which can be written through a blob and looked at through any number of readers."""

    def __init__(self, blob: Blob, new_reader: Callable[[], ProcedureReader]) -> None:
        self.blob = blob
        self.new_reader = new_reader

    async def record(self, procedure_id: str = ID) -> ProcedureRecord:
        return by_id(await index_of(self.new_reader()))[procedure_id]


@pytest.fixture(params=["local", "memory", "blob over local"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "memory":
        memory = MemoryBlob()
        return Place(memory, lambda: BlobProcedureReader(memory, "memory://here"))
    (tmp_path / "procedure").mkdir()
    blob = LocalBlob(tmp_path, sync=False)
    if request.param == "local":
        return Place(blob, lambda: LocalProcedureReader(tmp_path))
    return Place(blob, lambda: BlobProcedureReader(blob, str(tmp_path)))


async def test_an_empty_store(place: Place) -> None:
    reader = place.new_reader()
    assert await reader.list_entries() == []
    assert await reader.find_changed_entries() == []
    assert await reader.read_detail(ID) is None
    assert await reader.read_value(f"{HERE}/0000000000.step") is None


async def test_a_plain_procedure(place: Place) -> None:
    value = message("data", step=2, parent_id=OTHER_ID)
    await fill(place.blob, {f"{HERE}/0000000001.step": b"", f"{HERE}/0000000002.step": value})
    record = await place.record()
    [_, deciding] = [metadata async for metadata in place.blob.list_keys_and_metadata(f"{HERE}/")]
    assert deciding.modified_at is not None
    assert record == ProcedureRecord(
        procedure_id=ID,
        directory=ID,
        file_name="0000000002.step",
        step=2,
        key_type=KeyType.STEP,
        key_count=2,
        modified_at=deciding.modified_at.timestamp(),
        version=deciding.version,
        message=MessageHeader("T", OTHER_ID, None, 2),
    )
    assert record.deciding_key == f"{HERE}/0000000002.step"


async def test_a_rollback_says_why(place: Place) -> None:
    await fill(place.blob, {f"{HERE}/0000000001.rollback": message(error="boom")})
    record = await place.record()
    assert (record.key_type, record.message) == (KeyType.ROLLBACK, MessageHeader("T", None, "boom", 0))


async def test_the_value_of_a_commit_is_not_read(place: Place) -> None:
    await fill(place.blob, {f"{HERE}/0000000000.step": message(), f"{HERE}/0000000001.commit": b"garbage"})
    record = await place.record()
    assert (record.key_type, record.message, record.failure) == (KeyType.COMMIT, None, None)


@pytest.mark.parametrize(("value", "failure"), [(b"", "the value is empty"), (b"{", "truncated")])
async def test_a_corrupt_value_says_why(place: Place, value: bytes, failure: str) -> None:
    await fill(place.blob, {f"{HERE}/0000000000.step": message(), f"{HERE}/0000000001.step": value})
    record = await place.record()
    assert record.message is None
    assert failure in (record.failure or "")
    assert record.key_count == 2


async def test_a_tie_names_the_keys_that_lost(place: Place) -> None:
    suffixes = ("step", "rollback", "commit")
    await fill(place.blob, {f"{HERE}/0000000002.{suffix}": message() for suffix in suffixes})
    record = await place.record()
    assert record.file_name == "0000000002.commit"
    assert record.tied_keys == (f"{HERE}/0000000002.rollback", f"{HERE}/0000000002.step")


async def test_other_spellings_are_one_procedure(place: Place) -> None:
    lax = [f"{LAX}/0000000003.step", f"procedure/a/b/{ID}/+0000000003.commit"]
    await fill(place.blob, {f"{HERE}/0000000001.step": message(), lax[0]: message("wins"), lax[1]: b""})
    record = await place.record()
    assert record.deciding_key == lax[0]
    assert record.directory == ID.upper()
    assert record.key_count == 3
    assert record.non_canonical_keys == tuple(lax)
    assert record.tied_keys == (lax[1],)


async def test_unknown_keys_are_told_by_entry_and_by_procedure(place: Place) -> None:
    keys = [f"{HERE}/notes", f"{HERE}/sub/x", "procedure/readme.txt", "procedure/lost/0000000000.step"]
    await fill(place.blob, {**dict.fromkeys(keys, b""), f"{HERE}/0000000000.step": message()})
    index = await index_of(place.new_reader())
    assert by_id(index)[ID].unknown_keys == tuple(keys[:2])
    assert index.unknown_keys() == sorted(keys)
    assert len(index) == 1


async def test_several_ids_in_one_entry(place: Place) -> None:
    nested = {f"{HERE}/{OTHER_ID}/0000000000.step": message(), f"procedure/a/{THIRD_ID}/0.step": message()}
    await fill(place.blob, nested)
    assert set(by_id(await index_of(place.new_reader()))) == {OTHER_ID, THIRD_ID}
    await fill(place.blob, {f"{HERE}/0000000000.step": message()})
    index = await index_of(place.new_reader())
    assert set(by_id(index)) == {ID, OTHER_ID, THIRD_ID}
    assert by_id(index)[OTHER_ID].non_canonical_keys == (f"{HERE}/{OTHER_ID}/0000000000.step",)


async def test_a_reading_has_one_record_of_each_procedure(place: Place) -> None:
    await fill(place.blob, {f"{HERE}/0000000000.step": message(), f"procedure/{{{ID}}}/0000000001.commit": b""})
    reading = await read_all(place.new_reader())
    assert [(record.procedure_id, record.key_type) for record in reading.records] == [(ID, KeyType.COMMIT)]
    assert reading.removed == ()


async def test_what_is_gone_is_removed(place: Place) -> None:
    keys = [f"{HERE}/0000000000.step", f"procedure/a/{OTHER_ID}/0000000000.step", "procedure/readme"]
    await fill(place.blob, dict.fromkeys(keys, message()))
    reader = place.new_reader()
    entries = await reader.list_entries()
    assert len((await reader.read_entries(entries)).records) == 2
    for key in keys:
        await place.blob.delete(key)
    reading = await reader.read_entries(entries)
    assert reading.records == ()
    assert set(reading.removed) == {ID, OTHER_ID}
    assert reading.unknown_keys == (("readme", ()),)
    assert await reader.read_detail(ID) is None


@pytest.mark.parametrize("source", [ID, ID.upper(), "a", f"{{{ID}}}"])
@pytest.mark.parametrize("target", [ID, ID.upper(), "a", f"{{{ID}}}"])
async def test_an_id_that_moves_to_another_entry_is_not_removed(place: Place, source: str, target: str) -> None:
    def key(entry: str) -> str:
        return f"procedure/{entry}/{ID}/0.step" if entry == "a" else f"procedure/{entry}/0000000000.step"

    await fill(place.blob, {key(source): message()})
    reader = place.new_reader()
    index = await index_of(reader)
    await place.blob.delete(key(source))
    await fill(place.blob, {key(target): message()})
    reading = await reader.read_entries(sorted({source, target}))
    index.apply_reading(reading)
    assert by_id(index)[ID].deciding_key == key(target)
    assert reading.removed == ()


async def test_details_have_every_key_in_byte_order(place: Place) -> None:
    keys = [f"{LAX}/0000000003.step", f"{HERE}/+3.step", f"{HERE}/0000000001.step", f"{HERE}/0000000002.rollback"]
    await fill(place.blob, {key: message(key) for key in [*keys, f"{HERE}/notes"]})
    reader = place.new_reader()
    await read_all(reader)
    detail = await reader.read_detail(ID)
    assert detail is not None
    assert [key.metadata.key for key in detail.keys] == sorted(keys)
    assert detail.record == await place.record()
    for key in detail.keys:
        value = await reader.read_value(key.metadata.key)
        assert value == message(key.metadata.key)
        assert key.metadata.size_in_bytes == len(value)


async def test_a_deciding_key_that_vanishes_is_looked_for_again() -> None:
    class Advancing(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            if key.endswith("0000000001.step") and await super().delete(key):
                await self.set(f"{HERE}/0000000002.commit", b"")
                return None
            return await super().get(key)

    blob = Advancing()
    await fill(blob, {f"{HERE}/0000000001.step": message()})
    [record] = (await read_all(BlobProcedureReader(blob, ""))).records
    assert record.file_name == "0000000002.commit"


SHAPES: dict[str, dict[str, bytes]] = {
    "loaded": {"0000000000.step": message(), "0000000001.step": message("x", parent_id=OTHER_ID)},
    "finished": {"0000000000.step": message(), "0000000001.commit": b""},
    "rolling back": {"0000000001.rollback": message(error="e")},
    "tied": {f"0000000001.{suffix}": message() for suffix in ("step", "commit", "rollback")},
    "tied below": {"0000000001.step": message(), "0000000001.commit": b"", "0000000002.step": message()},
    "corrupt": {"0000000001.step": b"{"},
    "highest step": {"3999999999.step": message(), "4294967295.step": message()},
    "step out of range": {"3999999999.step": message(), "4294967296.commit": b""},
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_fast_way_gives_what_the_general_way_gives(tmp_path: Path, shape: str) -> None:
    await fill(LocalBlob(tmp_path), {f"{HERE}/{name}": value for name, value in SHAPES[shape].items()})
    fast = await LocalProcedureReader(tmp_path).read_entries([ID])
    general = await ListingReader.read_entries(LocalProcedureReader(tmp_path), [ID])
    assert fast.records == general.records
    assert len(fast.records) == 1


async def test_links_and_pipes_are_no_procedures(tmp_path: Path) -> None:
    await fill(LocalBlob(tmp_path), {f"{HERE}/0000000000.step": message(), "outside/0000000000.step": message()})
    directory = tmp_path / "procedure"
    (directory / OTHER_ID).symlink_to(tmp_path / "outside")
    (directory / "loop").symlink_to(directory)
    os.mkfifo(directory / "fifo")
    os.mkfifo(directory / ID / "0000000001.step")
    (directory / ID / "0000000002.commit").symlink_to(tmp_path / "outside/0000000000.step")
    (directory / THIRD_ID).mkdir()
    for reader in (LocalProcedureReader(tmp_path), BlobProcedureReader(LocalBlob(tmp_path), "")):
        index = await index_of(reader)
        assert set(by_id(index)) == {ID}
        assert by_id(index)[ID].file_name == "0000000000.step"
        assert by_id(index)[ID].key_count == 1
        assert index.unknown_keys() == []


async def test_a_linked_procedure_directory_is_followed(tmp_path: Path) -> None:
    await fill(LocalBlob(tmp_path / "real"), {f"{HERE}/0000000000.step": message()})
    (tmp_path / "procedure").symlink_to(tmp_path / "real/procedure")
    assert set(by_id(await index_of(LocalProcedureReader(tmp_path)))) == {ID}


async def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe")
    blob = LocalBlob(tmp_path)
    await fill(blob, {f"procedure/{name}/{ID}/0000000000.step": message(), f"procedure/{name}x": b""})
    for reader in (LocalProcedureReader(tmp_path), BlobProcedureReader(blob, "")):
        index = await index_of(reader)
        assert by_id(index)[ID].deciding_key == f"procedure/{name}/{ID}/0000000000.step"
        assert index.unknown_keys() == [f"procedure/{name}x"]
