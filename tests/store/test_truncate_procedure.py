"""Truncating one procedure: `Consensus.truncate` semantics on a log of steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.blobs import (
    ID,
    OTHER_ID,
    RecordingBlob,
    fill,
    keys_of,
    loaded_from,
    message,
    store_on,
)

from procdash.store import Blob, Determinate, KeyType, ParsedKey
from procdash.store.backends.memory import MemoryBlob
from procdash.store.keys import deciding_key

HERE = f"procedure/{ID}"


async def _names(blob: Blob) -> list[str]:
    return [key.removeprefix(f"{HERE}/") for key in await keys_of(blob, f"{HERE}/")]


async def _fill_steps(blob: Blob, count: int) -> None:
    await fill(blob, {f"{HERE}/{step:010}.step": message(str(step)) for step in range(count)})


@pytest.mark.parametrize(("step", "removed"), [(0, 0), (1, 1), (3, 3), (4, 4)])
async def test_steps_below_go_and_the_deciding_one_stays(blob: Blob, step: int, removed: int) -> None:
    await _fill_steps(blob, 5)
    store = store_on(blob)
    assert await store.truncate_procedure(ID, step) == removed
    assert await _names(blob) == [f"{kept:010}.step" for kept in range(step, 5)]
    assert await loaded_from(blob) == {ID: "loaded 4"}
    assert await store.truncate_procedure(ID, step) == 0


async def test_above_the_deciding_step_it_is_refused(blob: Blob) -> None:
    await _fill_steps(blob, 3)
    with pytest.raises(Determinate, match=r"upper bound too high .*: step 3 is above the deciding step 2"):
        await store_on(blob).truncate_procedure(ID, 3)
    assert len(await _names(blob)) == 3


@pytest.mark.parametrize("marker", ["commit", "rollback"])
async def test_the_bound_is_the_deciding_step_of_any_kind(blob: Blob, marker: str) -> None:
    await _fill_steps(blob, 3)
    await fill(blob, {f"{HERE}/0000000001.rollback": message(), f"{HERE}/0000000003.{marker}": message()})
    store = store_on(blob)
    with pytest.raises(Determinate, match="above the deciding step 3"):
        await store.truncate_procedure(ID, 4)
    assert await store.truncate_procedure(ID, 3) == 3
    assert await _names(blob) == ["0000000001.rollback", f"0000000003.{marker}"]


async def test_a_step_that_lost_a_tie_stays(blob: Blob) -> None:
    await _fill_steps(blob, 3)
    await fill(blob, {f"{HERE}/0000000002.commit": b""})
    assert await store_on(blob).truncate_procedure(ID, 2) == 2
    assert await _names(blob) == ["0000000002.commit", "0000000002.step"]


async def test_where_nothing_is_there_is_nothing_to_truncate(blob: Blob) -> None:
    await fill(blob, {f"procedure/{OTHER_ID}/0000000000.step": message(), f"{HERE}/notes": b""})
    with pytest.raises(Determinate, match=f"no procedure {ID} to truncate"):
        await store_on(blob).truncate_procedure(ID, 0)


async def test_foreign_keys_and_other_procedures_stay(blob: Blob) -> None:
    others = {
        f"{HERE}/notes": b"n",
        f"{HERE}/{OTHER_ID}/0000000000.step": message(),
        f"{HERE}/{OTHER_ID}/0000000009.step": message(),
        f"procedure/{OTHER_ID}/0000000000.step": message(),
    }
    await fill(blob, others)
    await _fill_steps(blob, 3)
    store = store_on(blob)
    with pytest.raises(Determinate, match="above the deciding step 2"):
        await store.truncate_procedure(ID, 5)
    assert await store.truncate_procedure(ID, 2) == 2
    assert await keys_of(blob) == sorted([*others, f"{HERE}/0000000002.step"])


async def test_lax_file_names_count_as_steps(blob: Blob) -> None:
    await fill(
        blob, {f"{HERE}/{name}": message() for name in ("0.step", "+1.step", "0000000002.step.bak", "3.step")}
    )
    assert await store_on(blob).truncate_procedure(ID, 3) == 3
    assert await _names(blob) == ["3.step"]


async def test_the_lowest_steps_go_first() -> None:
    blob = RecordingBlob()
    await fill(blob, {f"{HERE}/{name}": message() for name in ("10.step", "9.step", "0000000011.step", "+3.step")})
    blob.calls.clear()
    await store_on(blob).truncate_procedure(ID, 11)
    assert blob.calls == [("delete", f"{HERE}/{name}") for name in ("+3.step", "9.step", "10.step")]


@given(
    st.sets(st.tuples(st.integers(0, 6), st.sampled_from(KeyType)), min_size=1),
    st.integers(0, 7),
)
async def test_truncating_never_changes_the_verdict(keys: set[tuple[int, KeyType]], step: int) -> None:
    blob = MemoryBlob()
    parsed = [ParsedKey("procedure/", ID, number, key_type) for number, key_type in keys]
    await fill(blob, {str(key): message(str(key)) for key in parsed})
    before = await loaded_from(blob)
    stored = await keys_of(blob)
    deciding = deciding_key(sorted(parsed, key=str))
    assert deciding is not None
    below = [str(key) for key in parsed if key.step < step and key.key_type is KeyType.STEP]
    if step > deciding.step:
        with pytest.raises(Determinate):
            await store_on(blob).truncate_procedure(ID, step)
        below = []
    else:
        assert await store_on(blob).truncate_procedure(ID, step) == len(below)
    assert await keys_of(blob) == sorted(set(stored) - set(below))
    assert await loaded_from(blob) == before
