"""Loading where upstream has rules and no tests: ties, corrupt values, foreign keys, other spellings."""

from __future__ import annotations

import itertools

import pytest
from support.blobs import (
    ID,
    OTHER_ID,
    ListedBlob,
    fill,
    keys_of,
    loaded_from,
    message,
    store_on,
)

from procdash.store import Blob, Indeterminate, KeyType
from procdash.store.backends.memory import MemoryBlob

HERE = f"procedure/{ID}"


VERDICTS = {"step": "loaded step", "commit": "finished", "rollback": "rolling back rollback"}
TIES = [tie for size in (1, 2, 3) for tie in itertools.combinations(VERDICTS, size)]


@pytest.mark.parametrize("tied", TIES, ids="-".join)
async def test_on_a_tie_the_first_in_byte_order_decides(blob: Blob, tied: tuple[str, ...]) -> None:
    await fill(blob, {f"{HERE}/0000000001.step": message("older")})
    for suffix in tied:
        await fill(blob, {f"{HERE}/0000000002.{suffix}": b"" if suffix == "commit" else message(suffix)})
    assert await loaded_from(blob) == {ID: VERDICTS[min(tied)]}


@pytest.mark.parametrize("order", list(itertools.permutations(KeyType)), ids="-".join)
async def test_a_tie_does_not_rest_on_the_order_of_the_listing(order: tuple[KeyType, ...]) -> None:
    keys = [f"{HERE}/0000000002.{key_type.value}" for key_type in order]
    blob = ListedBlob(keys)
    await fill(blob, {key: message() for key in keys})
    assert await loaded_from(blob) == {ID: "finished"}


@pytest.mark.parametrize("below", list(KeyType))
@pytest.mark.parametrize("above", list(KeyType))
async def test_the_highest_step_decides_whatever_stands_below(blob: Blob, below: KeyType, above: KeyType) -> None:
    await fill(
        blob,
        {f"{HERE}/0000000005.{below.value}": message("below"), f"{HERE}/0000000006.{above.value}": message(above)},
    )
    assert await loaded_from(blob) == {ID: VERDICTS[above.value]}


async def test_steps_rank_as_numbers(blob: Blob) -> None:
    await fill(blob, {f"{HERE}/9.step": message("nine"), f"{HERE}/0000000010.step": message("ten")})
    assert await loaded_from(blob) == {ID: "loaded ten"}


async def test_the_step_in_the_message_does_not_rank(blob: Blob) -> None:
    await fill(
        blob,
        {
            f"{HERE}/0000000001.step": message("one", step=9),
            f"{HERE}/0000000002.step": message("two", step=0),
        },
    )
    assert (await store_on(blob).load_messages()).messages[ID].step == 0


@pytest.mark.parametrize("value", [b"", b"\0" * 16, b'{"type_name":"T"', b"null"])
@pytest.mark.parametrize("suffix", ["step", "rollback"])
async def test_a_corrupt_deciding_value_hides_the_procedure(blob: Blob, value: bytes, suffix: str) -> None:
    await fill(
        blob,
        {
            f"{HERE}/0000000000.step": message("good"),
            f"{HERE}/0000000001.{suffix}": value,
            f"procedure/{OTHER_ID}/0000000000.step": message("other"),
        },
    )
    assert await loaded_from(blob) == {OTHER_ID: "loaded other"}


async def test_a_corrupt_value_below_the_deciding_one_does_not_matter(blob: Blob) -> None:
    await fill(blob, {f"{HERE}/0000000000.step": b"\xff", f"{HERE}/0000000001.step": message("good")})
    assert await loaded_from(blob) == {ID: "loaded good"}


async def test_the_value_of_a_commit_is_not_looked_at(blob: Blob) -> None:
    await fill(blob, {f"{HERE}/0000000000.commit": b"\xff garbage"})
    assert await loaded_from(blob) == {ID: "finished"}


async def test_unknown_keys_are_skipped(blob: Blob) -> None:
    await fill(
        blob,
        {
            "procedure/readme.txt": b"",
            f"{HERE}/notes": b"",
            f"{HERE}/0000000009.STEP": b"",
            f"{HERE}/0000000009.step~": b"",
            "procedure/lost+found/0000000009.step": b"",
            f"{HERE}/0000000000.step": message("good"),
        },
    )
    assert await loaded_from(blob) == {ID: "loaded good"}


@pytest.mark.parametrize(
    "directory",
    [ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f"a/b/{ID}", f"{OTHER_ID}/{ID}"],
)
async def test_two_spellings_of_one_id_compete_as_one_procedure(blob: Blob, directory: str) -> None:
    await fill(blob, {f"{HERE}/0000000001.step": message("canonical")})
    await fill(blob, {f"procedure/{directory}/0000000000.commit": b""})
    assert await loaded_from(blob) == {ID: "loaded canonical"}
    await fill(blob, {f"procedure/{directory}/0000000002.step": message("odd")})
    assert await loaded_from(blob) == {ID: "loaded odd"}


async def test_a_backup_of_a_step_counts_as_that_step(blob: Blob) -> None:
    await fill(blob, {f"{HERE}/0000000001.step": message("one"), f"{HERE}/0000000002.step.bak": message("backup")})
    assert await loaded_from(blob) == {ID: "loaded backup"}


async def test_loading_changes_nothing(blob: Blob) -> None:
    await fill(blob, {f"{HERE}/0000000000.commit": b"", f"{HERE}/x": b"", f"procedure/{OTHER_ID}/1.step": b""})
    before = await keys_of(blob)
    await loaded_from(blob)
    assert await keys_of(blob) == before


async def test_a_value_that_cannot_be_read_fails_the_whole_load() -> None:
    class Broken(MemoryBlob):
        async def get(self, key: str) -> bytes | None:
            if ID in key:
                raise Indeterminate("lost")
            return await super().get(key)

    blob = Broken()
    await fill(blob, {f"{HERE}/0000000000.step": b"", f"procedure/{OTHER_ID}/0000000000.step": message()})
    with pytest.raises(Indeterminate, match="lost"):
        await loaded_from(blob)
