"""Following a store by its changes gives the same picture as reading it afresh, whatever happens to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.blobs import ID, OTHER_ID, THIRD_ID, message
from support.readers import by_id, index_of

from procdash.live.index import ProcedureIndex
from procdash.store import Determinate, ProcedureReader
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.backends.memory import MemoryBlob
from procdash.store.reader import BlobProcedureReader

LONG_AGO = 1_500_000_000
RECENT = 1_700_000_000

entries = st.sampled_from([ID, ID, OTHER_ID, ID.upper(), f"{{{ID}}}", "a", THIRD_ID])
below = st.sampled_from(["", "", "", f"{ID}/", f"b/{OTHER_ID}/"])
names = st.sampled_from(
    [
        "0000000000.step",
        "0000000001.step",
        "0000000001.commit",
        "0000000002.rollback",
        "0000000002.step",
        "3.step",
        "notes",
        "0000000003.step.bak",
    ]
)
keys = st.builds("procedure/{}/{}{}".format, entries, below, names) | st.just("procedure/readme")
values = st.sampled_from([message("a"), message("b", parent_id=OTHER_ID), b"{", b""])
ids = st.sampled_from([ID, OTHER_ID, THIRD_ID])


class FollowedStore(RuleBasedStateMachine):
    """A store in memory that is changed and followed."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.blob: LocalBlob | MemoryBlob = MemoryBlob()
        self.reader = self.new_reader()
        self.index = ProcedureIndex()

    def new_reader(self) -> ProcedureReader:
        assert isinstance(self.blob, MemoryBlob)
        return BlobProcedureReader(self.blob, "")

    def settle(self) -> None:
        """Nothing in memory needs time to settle."""

    @rule(key=keys, value=values)
    def put(self, key: str, value: bytes) -> None:
        try:
            self.loop.run_until_complete(self.blob.set(key, value))
        except Determinate:
            assert isinstance(self.blob, LocalBlob)  # a key below another key

    @rule(entry=entries, name=names, value=values)
    def put_plain(self, entry: str, name: str, value: bytes) -> None:
        self.put(f"procedure/{entry}/{name}", value)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        stored = self.loop.run_until_complete(self._keys())
        if stored:
            self.loop.run_until_complete(self.blob.delete(data.draw(st.sampled_from(stored))))

    @rule(procedure_id=ids)
    def look_at_details(self, procedure_id: str) -> None:
        self.loop.run_until_complete(self.reader.read_detail(procedure_id))

    @rule(hinted=st.lists(entries, max_size=3))
    def follow_hints(self, hinted: list[str]) -> None:
        self.settle()
        self.index.apply_reading(self.loop.run_until_complete(self.reader.read_entries(hinted)))

    @rule()
    def sweep(self) -> None:
        self.settle()
        self.loop.run_until_complete(self._sweep())

    async def _keys(self) -> list[str]:
        return [metadata.key async for metadata in self.blob.list_keys_and_metadata("")]

    async def _sweep(self) -> None:
        changed = await self.reader.find_changed_entries()
        self.index.apply_reading(await self.reader.read_entries(changed))
        fresh = await index_of(self.new_reader())
        assert by_id(self.index) == by_id(fresh)
        assert self.index.unknown_keys() == fresh.unknown_keys()
        assert self.index.counts == fresh.counts

    def teardown(self) -> None:
        self.sweep()
        self.loop.close()


class FollowedDirectory(FollowedStore):
    """A store in a directory that is changed and followed, through the blob and behind its back."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="procdash-following-")
        self.root = Path(self.directory.name)
        (self.root / "procedure").mkdir()
        self.clock = LONG_AGO
        super().__init__()
        self.blob = LocalBlob(self.root, sync=False)

    def new_reader(self) -> ProcedureReader:
        return LocalProcedureReader(self.root)

    def settle(self) -> None:
        """Give whatever changed since the last time a modification time of its own, long ago."""
        for path in sorted(self.root.rglob("*")):
            if path.stat().st_mtime > RECENT:
                self.clock += 1
                os.utime(path, (self.clock, self.clock))

    @rule(entry=entries, name=names.filter(lambda name: "commit" not in name), value=values)
    def write_in_place(self, entry: str, name: str, value: bytes) -> None:
        """As upstream writes; the time of a commit may go unnoticed, since its value says nothing."""
        path = self.root / "procedure" / entry / name
        if path.is_file():
            path.write_bytes(value)

    @rule(entry=entries, sub=below)
    def make_directory(self, entry: str, sub: str) -> None:
        path = self.root / "procedure" / entry / sub
        path.mkdir(parents=True, exist_ok=True)

    @rule(entry=entries)
    def remove_directory(self, entry: str) -> None:
        shutil.rmtree(self.root / "procedure" / entry, ignore_errors=True)

    @rule(old=entries, new=entries)
    def rename(self, old: str, new: str) -> None:
        before, after = self.root / "procedure" / old, self.root / "procedure" / new
        if before.is_dir() and not after.exists():
            before.rename(after)

    def teardown(self) -> None:
        super().teardown()
        self.directory.cleanup()


TestFollowedStore = FollowedStore.TestCase
TestFollowedStore.settings = settings(max_examples=60, stateful_step_count=25)
TestFollowedDirectory = FollowedDirectory.TestCase
TestFollowedDirectory.settings = settings(max_examples=80, stateful_step_count=25)
