"""The journal: on the disk before the first write, for this user alone, and true to what it was given."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from support.actions import NOW, Bench, bench, contents, memory_of, steps_of
from support.blobs import RecordingBlob
from support.journals import a_plan, written
from support.stores import procedure_id

from procdash.actions.entries import EntryState
from procdash.actions.journal import Journal
from procdash.actions.outcomes import Outcome
from procdash.actions.plans import ActionKind, Op, OpKind, Plan, Target
from procdash.store import Blob
from procdash.store.backends.memory import MemoryBlob
from procdash.store.location import without_secrets

ID = procedure_id(1)


class LookingBlob(MemoryBlob):
    """Looks into the journal with another connection at each write."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self._journal = journal
        self.seen: list[tuple[str, int]] = []

    async def delete(self, key: str) -> int | None:
        with sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True) as database:
            [[state]] = database.execute("SELECT state FROM entry")
            [[count]] = database.execute("SELECT count(*) FROM removed_value")
        database.close()
        self.seen.append((state, count))
        return await super().delete(key)


async def test_all_is_in_the_journal_before_the_first_write(tmp_path: Path) -> None:
    path = tmp_path / "state/journal.db"
    blob = LookingBlob(path)
    for key, value in steps_of(ID, 3).items():
        await blob.set(f"procedure/{key}", value)
    async with bench(blob, path) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ID]))
    assert report.outcome is Outcome.DONE
    assert blob.seen == [("applying", 3)] * 3


async def test_the_disk_has_it_before_the_first_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last transaction before the first write waits for the disk, and with it for all that went before."""
    blob = RecordingBlob()
    for key, value in steps_of(ID, 2).items():
        await blob.set(f"procedure/{key}", value)
    blob.calls.clear()
    statements = blob.calls
    connect = sqlite3.connect

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[call-overload] # passed on
        connection.set_trace_callback(lambda text: statements.append(("sql", text)))
        assert isinstance(connection, sqlite3.Connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    async with bench(blob, tmp_path / "state/journal.db") as on:
        await on.executor.apply(await on.planner.plan_delete([ID]))
    first = next(place for place, (what, _) in enumerate(statements) if what == "delete")
    before = [text for what, text in statements[:first] if what == "sql"]
    assert before[-1] == "COMMIT"
    last = max(place for place, text in enumerate(before) if text.startswith("BEGIN"))
    assert before[last - 1] == "PRAGMA synchronous = FULL"
    assert "UPDATE entry SET state = 'applying'" in before[last + 1]
    assert sum(text.startswith("INSERT OR REPLACE INTO removed_value") for text in before[:last]) == 2
    mode = connect(on.journal.path)
    assert mode.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    mode.close()


async def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    """Also in a directory that others may read, and whatever SQLite puts beside it."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    for path in (shared / "journal.db", tmp_path / "new/state/journal.db"):
        journal = Journal(path)
        number = await written(journal, 10, EntryState.APPLYING)
        async with journal.held(number):
            modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
        await journal.close()
        assert len(modes) == 4
        assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "new/state").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "two\nlines\t\x1b[31m",
        "NUL \0 inside",
        "surrogate \udcff",
        "日本 🎉 \u202e",
        "'; DROP TABLE entry",
    ],
)
async def test_any_text_is_taken(journal: Journal, text: str) -> None:
    number = await journal.prepare(a_plan(1, location=text), author=text, reason=text, now=NOW)
    entry = await journal.entry(number)
    assert entry is not None
    shown = text.replace("\udcff", "?")
    assert (entry.reason, entry.author, entry.location) == (shown, shown, text)
    assert [found.number for found in await journal.entries(text)] == [number]
    assert await journal.entries("elsewhere") == []


async def test_secrets_never_come_into_it(tmp_path: Path) -> None:
    url = "s3://user:hunter2@bucket/path?region=eu&secret_key=hunter2"
    path = tmp_path / "state/journal.db"
    async with bench(await memory_of(steps_of(ID, 2)), path, location=without_secrets(url)) as on:
        report = await on.executor.apply(await on.planner.plan_delete([ID]), reason="why")
        [entry] = await on.journal.entries(without_secrets(url))
    assert entry.number == report.entry
    assert (entry.author, entry.reason, entry.kind) == ("tester", "why", ActionKind.DELETE)
    assert all(b"hunter2" not in found.read_bytes() for found in path.parent.iterdir())


async def test_an_entry_says_who_has_undone_it(tmp_path: Path) -> None:
    blob = await memory_of(steps_of(ID, 2))
    before = await contents(blob)
    async with bench(blob, tmp_path / "state/journal.db") as on:
        deletion = (await on.executor.apply(await on.planner.plan_delete([ID]))).entry or 0
        undo = (await on.undo(deletion)).entry or 0
        assert await contents(blob) == before
        entry = await on.journal.entry(deletion)
        assert entry is not None
        assert entry.undone_by == undo
        assert not entry.is_undoable
        assert not entry.is_resumable
        assert await on.journal.value(deletion, 0) == before[entry.plan.ops[0].key]
        assert await redo(on, undo) == {}
        assert [found.number for found in await on.journal.entries(limit=2)] == [3, 2]


async def redo(on: Bench, undo: int) -> dict[str, bytes | None]:
    """Undo an undo; returns what is then in the store."""
    report = await on.undo(undo)
    assert report.outcome is Outcome.DONE
    return await contents(_blob_of(on))


def _blob_of(on: Bench) -> Blob:
    return on.executor._blob


def test_a_plan_survives_its_json() -> None:
    plan = a_plan(1, 2, location="not \udcff UTF-8")
    odd = Op(OpKind.PUT, "procedure/\udc80\u2028\0/0000000000.step", 3, "v", 7)
    plan = Plan(
        kind=plan.kind,
        location=plan.location,
        targets=(
            *plan.targets,
            Target(procedure_id=ID, type_name=None, verdict=None, result=None, before=(), ops=(odd,), family=ID),
        ),
        undoes=3,
    )
    text = plan.to_json()
    assert text.isascii()
    assert Plan.from_json(text) == plan
    assert [number for _, ops in plan.numbered for number, _ in ops] == [0, 1, 2]
    for broken in ("", "{}", "[]", json.dumps({**json.loads(text), "kind": "explode"})):
        with pytest.raises(ValueError, match=r".+"):
            Plan.from_json(broken)
