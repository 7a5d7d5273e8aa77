"""Whatever stands in a store: both readers and the loader come to the same verdicts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.blobs import ID, OTHER_ID, message, store_on
from support.readers import index_of, verdicts_loaded, verdicts_of, without_times

from procdash.store import Determinate
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.backends.memory import MemoryBlob
from procdash.store.reader import BlobProcedureReader, ListingReader

IDS = [ID, OTHER_ID]
SPELLINGS = ["{}", "{}", "{}", "{{{}}}", "urn:uuid:{}", "a/{}", "a/b/{}", f"{ID}/{{}}", "{}-x"]

directories = st.builds(str.format, st.sampled_from(SPELLINGS), st.sampled_from(IDS)) | st.sampled_from(
    [ID.upper(), ID.replace("-", ""), OTHER_ID.upper(), "lost+found", "a", "é", "."]
)
canonical_names = st.builds(
    "{:010}.{}".format, st.integers(0, 3), st.sampled_from(["step", "step", "commit", "rollback"])
)
odd_names = st.sampled_from(
    [
        "3.step",
        "+2.commit",
        "0000000002.step.bak",
        "0000000003.STEP",
        "0000000001.step/0000000001",
        "0000000002.commit/0000000001",
        "4294967296.step",
        "notes",
        ".0000000003.step.swp",
    ]
)
keys = st.builds(lambda directory, name: f"procedure/{directory}/{name}".replace("/./", "/"), directories,
                 canonical_names | odd_names)  # fmt: skip
values = st.sampled_from([message("a"), message("b", parent_id=OTHER_ID), b"", b"{", b"\xff", message(error="e")])
trees = st.dictionaries(keys, values, max_size=10)


@given(trees, st.lists(directories, max_size=2))
@example({f"procedure/{ID}/0000000001.step": message(), f"procedure/{ID}/0000000001.commit": b""}, [])
@example({f"procedure/{ID}/0000000001.step/0000000001": b"", f"procedure/{ID}/0000000000.step": b""}, [ID])
@settings(max_examples=200)
async def test_both_readers_and_the_loader_agree(tree: dict[str, bytes], empty_directories: list[str]) -> None:
    memory = MemoryBlob()
    with tempfile.TemporaryDirectory(prefix="procdash-agreement-") as name:
        root = Path(name)
        (root / "procedure").mkdir()
        local = LocalBlob(root, sync=False)
        for key, value in tree.items():
            try:
                await local.set(key, value)
            except Determinate:
                continue  # no directory can hold a key below another key
            await memory.set(key, value)
        for directory in empty_directories:
            if not (root / "procedure" / directory).is_file():
                (root / "procedure" / directory).mkdir(parents=True, exist_ok=True)

        index = await index_of(LocalProcedureReader(root))
        general = LocalProcedureReader(root)
        general_reading = await ListingReader.read_entries(general, await general.list_entries())
        index_over_memory = await index_of(BlobProcedureReader(memory, ""))
        index_over_blob = await index_of(BlobProcedureReader(local, ""))

        loaded = verdicts_loaded(await store_on(memory).load_messages())
        assert verdicts_loaded(await store_on(local).load_messages()) == loaded
        assert verdicts_of(index) == loaded
        assert verdicts_of(index_over_memory) == loaded
        assert without_times(index) == without_times(index_over_memory)
        assert {record.procedure_id: record for record in general_reading.records} == {
            record.procedure_id: record for record in index.records()
        }
        assert list(index_over_blob.records()) != [] or not len(index)
        assert without_times(index_over_blob) == without_times(index)
        assert index.unknown_keys() == index_over_memory.unknown_keys() == index_over_blob.unknown_keys()
        assert index.counts == index_over_memory.counts
        stored = [metadata.key async for metadata in memory.list_keys_and_metadata("procedure/")]
        assert sum(record.key_count for record in index.records()) == len(stored) - len(index.unknown_keys())
