"""Deleting one procedure: the order, what stays, and what a crash in between leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.blobs import (
    ID,
    OTHER_ID,
    RecordingBlob,
    files_below,
    fill,
    keys_of,
    loaded_from,
    message,
    store_on,
)

from procdash.store import Blob, Determinate, Indeterminate
from procdash.store.backends.local import LocalBlob

HERE = f"procedure/{ID}"


async def test_steps_go_first_then_markers_then_the_directory() -> None:
    blob = RecordingBlob()
    steps = [f"{HERE}/000000000{step}.step" for step in range(4)]
    markers = [f"{HERE}/0000000001.rollback", f"{HERE}/0000000004.commit"]
    await fill(blob, dict.fromkeys([*markers, *steps], message()))
    blob.calls.clear()
    await store_on(blob).delete_procedure(ID)
    deleted = [key for call, key in blob.calls if call == "delete"]
    assert len(deleted) == len(blob.calls)
    assert sorted(deleted[:4]) == steps
    assert sorted(deleted[4:6]) == markers
    assert deleted[6:] == [f"{HERE}/"]


@pytest.mark.parametrize("deletes", range(6))
async def test_a_crash_in_between_leaves_it_finished_or_gone(deletes: int) -> None:
    class Crashing(RecordingBlob):
        async def delete(self, key: str) -> int | None:
            if len(self.calls) == deletes:
                raise Indeterminate("crash")
            return await super().delete(key)

    blob = Crashing()
    await fill(blob, {f"{HERE}/000000000{step}.step": message(str(step)) for step in range(4)})
    await fill(blob, {f"{HERE}/0000000004.commit": b""})
    blob.calls.clear()
    with pytest.raises(Indeterminate, match="crash"):
        await store_on(blob).delete_procedure(ID)
    assert await loaded_from(blob) == ({ID: "finished"} if deletes < 5 else {})


async def test_the_directory_goes_and_its_siblings_stay(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path)
    await fill(blob, {f"{HERE}/0000000000.step": message(), f"procedure/{OTHER_ID}/0000000000.step": message()})
    await store_on(blob).delete_procedure(ID)
    assert files_below(tmp_path) == ["procedure", f"procedure/{OTHER_ID}", f"procedure/{OTHER_ID}/0000000000.step"]


async def test_deleting_what_is_not_there_is_fine(blob: Blob) -> None:
    for _ in range(2):
        await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == []


async def test_a_foreign_file_keeps_a_local_directory_after_the_keys_are_gone(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path)
    await fill(
        blob, {f"{HERE}/0000000000.step": message(), f"{HERE}/0000000001.commit": b"", f"{HERE}/notes": b"n"}
    )
    with pytest.raises(Determinate, match=r"Directory not empty.*'notes'"):
        await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == [f"{HERE}/notes"]
    assert await blob.get(f"{HERE}/notes") == b"n"


async def test_a_foreign_key_in_memory_stays() -> None:
    blob = RecordingBlob()
    await fill(blob, {f"{HERE}/0000000000.step": message(), f"{HERE}/notes": b"n"})
    await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == [f"{HERE}/notes"]


@pytest.mark.parametrize(
    "directory", [ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f"a/b/{ID}", f"{OTHER_ID}/{ID}"]
)
async def test_keys_under_another_spelling_are_loaded_but_never_deleted(blob: Blob, directory: str) -> None:
    odd = f"procedure/{directory}/0000000001.step"
    await fill(blob, {f"{HERE}/0000000000.step": message("canonical"), odd: message("odd")})
    assert await loaded_from(blob) == {ID: "loaded odd"}
    await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == [odd]
    assert await loaded_from(blob) == {ID: "loaded odd"}


@pytest.mark.parametrize("name", ["3.step", "+3.step", "0000000003.step.bak", "00000000000003.rollback"])
async def test_lax_file_names_are_deleted_as_they_are_spelled(blob: Blob, name: str) -> None:
    await fill(blob, {f"{HERE}/{name}": message()})
    await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == []


async def test_a_directory_below_is_walked_as_upstream_walks_it() -> None:
    blob = RecordingBlob()
    await fill(blob, {f"{HERE}/{OTHER_ID}/0000000000.step": message()})
    await store_on(blob).delete_procedure(ID)
    assert await keys_of(blob) == []


async def test_a_delete_that_fails_can_be_repeated(tmp_path: Path) -> None:
    blob = LocalBlob(tmp_path)
    await fill(blob, {f"{HERE}/0000000000.step": message(), f"{HERE}/notes": b""})
    with pytest.raises(Determinate):
        await store_on(blob).delete_procedure(ID)
    await blob.delete(f"{HERE}/notes")
    await store_on(blob).delete_procedure(ID)
    assert files_below(tmp_path) == ["procedure"]
