"""The procedure store, as upstream tests it: store, commit, roll back, delete, load."""

from __future__ import annotations

from uuid import UUID

import pytest
from support.blobs import ID, OTHER_ID, THIRD_ID, fill, keys_of, store_on, summary

from procdash.store import Blob, Determinate, ProcedureMessage, ProcedureStore
from procdash.store.backends.memory import MemoryBlob
from procdash.store.keys import MAX_STEP


@pytest.fixture
def store(blob: Blob) -> ProcedureStore:
    return store_on(blob, "data/")


async def _store_steps(store: ProcedureStore, procedure_id: str, name: str, steps: range) -> None:
    for step in steps:
        await store.store_procedure(procedure_id, step, "MockProcedure", f"{name}-{step}")


async def test_store_procedure(store: ProcedureStore) -> None:
    await store.store_procedure(ID, 0, "MockProcedure", "test store procedure")
    loaded = await store.load_messages()
    assert loaded.messages == {ID: ProcedureMessage("MockProcedure", "test store procedure", None, 0)}
    assert loaded.rollback_messages == {}
    assert loaded.finished_ids == []


async def test_commit_procedure(store: ProcedureStore) -> None:
    await store.store_procedure(ID, 0, "MockProcedure", "test store procedure")
    await store.commit_procedure(ID, 1)
    loaded = await store.load_messages()
    assert loaded.messages == {}
    assert loaded.rollback_messages == {}
    assert loaded.finished_ids == [ID]


async def test_rollback_procedure(store: ProcedureStore) -> None:
    await store.store_procedure(ID, 0, "MockProcedure", "test store procedure")
    rolled_back = ProcedureMessage("MockProcedure", "test store procedure", None, 1, error="test error")
    await store.rollback_procedure(ID, rolled_back)
    loaded = await store.load_messages()
    assert loaded.messages == {}
    assert loaded.rollback_messages == {ID: rolled_back}
    assert loaded.finished_ids == []


async def test_delete_procedure(store: ProcedureStore, blob: Blob) -> None:
    await _store_steps(store, ID, "id", range(2))
    await store.delete_procedure(ID)
    assert summary(await store.load_messages()) == {}
    assert await keys_of(blob) == []


async def test_delete_committed_procedure(store: ProcedureStore, blob: Blob) -> None:
    await _store_steps(store, ID, "id", range(2))
    await store.commit_procedure(ID, 2)
    await store.delete_procedure(ID)
    assert summary(await store.load_messages()) == {}
    assert await keys_of(blob) == []


async def test_load_messages(store: ProcedureStore) -> None:
    await _store_steps(store, ID, "id0", range(3))
    await _store_steps(store, OTHER_ID, "id1", range(2))
    await store.commit_procedure(OTHER_ID, 2)
    await _store_steps(store, THIRD_ID, "id2", range(1))
    loaded = await store.load_messages()
    assert {found: message.data for found, message in loaded.messages.items()} == {ID: "id0-2", THIRD_ID: "id2-0"}
    assert loaded.rollback_messages == {}
    assert loaded.finished_ids == [OTHER_ID]


async def test_an_empty_store_loads_nothing(store: ProcedureStore) -> None:
    assert summary(await store.load_messages()) == {}


async def test_what_is_stored_where(store: ProcedureStore, blob: Blob) -> None:
    await store.store_procedure(ID, 0, "T", '{"a":1}', OTHER_ID, {"actor": "alice"})
    await store.rollback_procedure(ID, ProcedureMessage("T", "d", None, 1, error="e"))
    await store.commit_procedure(ID, 4_294_967_295)
    values = {key: await blob.get(key) for key in await keys_of(blob)}
    assert values == {
        f"data/procedure/{ID}/0000000000.step": (
            rb'{"type_name":"T","data":"{\"a\":1}","parent_id":"' + OTHER_ID.encode() + b'","step":0,'
            b'"context":{"actor":"alice"}}'
        ),
        f"data/procedure/{ID}/0000000001.rollback": (
            b'{"type_name":"T","data":"d","parent_id":null,"step":1,"error":"e"}'
        ),
        f"data/procedure/{ID}/4294967295.commit": b"",
    }


async def test_the_context_comes_back(store: ProcedureStore) -> None:
    await store.store_procedure(ID, 0, "T", "d", context={"event_context": {"reason": "auto_rebalance"}})
    loaded = await store.load_messages()
    assert loaded.messages[ID].context == {"event_context": {"reason": "auto_rebalance"}}


async def test_a_message_of_an_old_engine_loads(store: ProcedureStore, blob: Blob) -> None:
    await fill(
        blob,
        {f"data/procedure/{ID}/0000000000.step": b'{"type_name":"T","data":"d","parent_id":null,"step":0}'},
    )
    assert (await store.load_messages()).messages == {ID: ProcedureMessage("T", "d", None, 0)}


async def test_keys_outside_the_parent_path_are_not_looked_at(store: ProcedureStore, blob: Blob) -> None:
    await store_on(blob).store_procedure(ID, 0, "T", "d")
    await store_on(blob, "data/procedure/").store_procedure(OTHER_ID, 0, "T", "nested")
    assert summary(await store.load_messages()) == {OTHER_ID: "loaded nested"}


@pytest.mark.parametrize("step", [-1, MAX_STEP + 1])
async def test_a_step_out_of_range_is_refused(store: ProcedureStore, blob: Blob, step: int) -> None:
    with pytest.raises(Determinate, match="a step must be within"):
        await store.store_procedure(ID, step, "T", "d")
    with pytest.raises(Determinate, match="a step must be within"):
        await store.commit_procedure(ID, step)
    with pytest.raises(Determinate, match="a step must be within"):
        await store.rollback_procedure(ID, ProcedureMessage("T", "d", None, step))
    assert await keys_of(blob) == []


SPELLINGS = [ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", UUID(ID)]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
async def test_every_operation_uses_the_canonical_id(store: ProcedureStore, blob: Blob, spelling: str) -> None:
    await store.store_procedure(spelling, 0, "T", "d", spelling)
    await store.store_procedure(spelling, 1, "T", "d", spelling)
    await store.rollback_procedure(spelling, ProcedureMessage("T", "d", None, 1))
    await store.commit_procedure(spelling, 2)
    assert await keys_of(blob) == [
        f"data/procedure/{ID}/{name}"
        for name in ("0000000000.step", "0000000001.rollback", "0000000001.step", "0000000002.commit")
    ]
    value = await blob.get(f"data/procedure/{ID}/0000000000.step")
    assert value is not None
    assert ProcedureMessage.from_json(value).parent_id == ID
    assert await store.truncate_procedure(spelling, 1) == 1
    await store.delete_procedure(spelling)
    assert await keys_of(blob) == []


@pytest.mark.parametrize("text", ["", "..", "12345", f"{OTHER_ID}/../{ID}", f"{ID}/", f"a/{ID}"])
async def test_what_is_no_id_is_refused(store: ProcedureStore, blob: Blob, text: str) -> None:
    await store.store_procedure(ID, 0, "T", "d")
    before = await keys_of(blob)
    message = ProcedureMessage("T", "d", None, 0)
    for operation in (
        store.store_procedure(text, 0, "T", "d"),
        store.store_procedure(OTHER_ID, 0, "T", "d", text),
        store.commit_procedure(text, 0),
        store.rollback_procedure(text, message),
        store.delete_procedure(text),
        store.truncate_procedure(text, 0),
    ):
        with pytest.raises(Determinate, match="no procedure id"):
            await operation
    assert await keys_of(blob) == before


async def test_text_that_no_engine_could_hold_is_refused() -> None:
    blob = MemoryBlob()
    with pytest.raises(Determinate, match="cannot be stored as UTF-8"):
        await store_on(blob).store_procedure(ID, 0, "T", "\ud800")
    assert await keys_of(blob) == []
