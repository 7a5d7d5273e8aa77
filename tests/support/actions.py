"""Acting on procedures in tests: a store with every kind of them, and all that is needed to act on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from procdash.actions.executor import Executor
from procdash.actions.families import Scope
from procdash.actions.journal import Journal
from procdash.actions.outcomes import Report
from procdash.actions.planner import Planner
from procdash.actions.planning import Cut
from procdash.actions.plans import ActionKind, Plan
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex
from procdash.store import Blob, ProcedureDetail, ProcedureReader, ProcedureStore, StateStore
from procdash.store.backends.local import LocalBlob
from procdash.store.backends.local_reader import LocalProcedureReader
from procdash.store.backends.memory import MemoryBlob
from procdash.store.reader import BlobProcedureReader
from support.blobs import message
from support.readers import index_of, verdicts_loaded
from support.stores import procedure_id

NOW = 1_800_000_000.0
"""The time in tests, in Unix seconds: long after every file was written."""


class Bench(NamedTuple):
    """All that is needed to act on one store."""

    reader: ProcedureReader
    procedures: ProcedureIndex
    """As the store was when this was opened."""
    planner: Planner
    executor: Executor
    journal: Journal

    async def undo(self, number: int) -> Report:
        """Plan and apply the undo of an entry."""
        entry = await self.journal.entry(number)
        assert entry is not None
        return await self.executor.apply(await self.planner.plan_undo(entry))

    async def resume(self, number: int) -> Report:
        """Apply what is left of an entry."""
        entry = await self.journal.entry(number)
        assert entry is not None
        return await self.executor.resume(entry)


async def _no_wait(seconds: float) -> None:
    del seconds


@asynccontextmanager
async def bench(
    place: Blob | Path,
    journal: Path,
    *,
    through: Blob | None = None,
    location: str = "a place",
    max_bytes: int = 1 << 30,
    sleep: Callable[[float], Awaitable[None]] = _no_wait,
) -> AsyncIterator[Bench]:
    """Open a store to act on it.

    Args:
        place: the store: a blob, or the directory that holds `procedure/`.
        journal: the file of the journal.
        through: what the executor writes to instead of the store itself.
        location: what the store is called in the journal.
        max_bytes: how many bytes of removed values the journal keeps.
        sleep: waits, to hold the pace.
    """
    is_directory = isinstance(place, Path)
    reader = LocalProcedureReader(place) if isinstance(place, Path) else BlobProcedureReader(place, "")
    blob = LocalBlob(place, sync=False) if isinstance(place, Path) else place
    index = await index_of(reader)
    planner = Planner(reader, index, location=location, has_directories=is_directory, now=lambda: NOW)
    book = Journal(journal, max_bytes=max_bytes)
    executor = Executor(planner, through or blob, book, now=lambda: NOW, author="tester", sleep=sleep)
    try:
        yield Bench(reader, index, planner, executor, book)
    finally:
        await executor.wait_idle()
        await book.close()


async def detail_of(keys: Mapping[str, bytes], identity: str, *, merge_segments: bool = False) -> ProcedureDetail:
    """The detail of one procedure in a store that holds `keys`, which are relative to `procedure/`."""
    reader = BlobProcedureReader(await memory_of(keys), "", merge_segments=merge_segments)
    await index_of(reader)
    detail = await reader.read_detail(identity)
    assert detail is not None
    return detail


async def memory_of(keys: Mapping[str, bytes]) -> MemoryBlob:
    """A store in memory that holds `keys`, which are relative to `procedure/`."""
    blob = MemoryBlob()
    for key, value in keys.items():
        await blob.set(f"procedure/{key}", value)
    return blob


def write_tree(root: Path, keys: Mapping[str, bytes]) -> Path:
    """The same store as files below `root`, which is returned."""
    (root / "procedure").mkdir(parents=True)
    for key, value in keys.items():
        path = root / "procedure" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value)
    return root


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file below a directory with its bytes, and every directory with None."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


async def contents(blob: Blob) -> dict[str, bytes | None]:
    """Every key of a blob with its value."""
    return {metadata.key: await blob.get(metadata.key) async for metadata in blob.list_keys_and_metadata("")}


def mixed_keys(count: int) -> dict[str, bytes]:
    """A store with `count` procedures of every verdict: key, relative to `procedure/`, to value.

    Among them are ties, markers below a step that decides, values that do not decode, families of three
    generations, other spellings of an id, nested ones, and keys that are no procedure's.
    """
    keys: dict[str, bytes] = {}
    for number in range(count):
        keys.update(_SHAPES[number % len(_SHAPES)](number + 1))
    return keys


def mixed_ids(count: int) -> list[str]:
    """The ids of `mixed_keys`."""
    return [procedure_id(number + 1) for number in range(count)]


def steps_of(identity: str, count: int, parent: str | None = None) -> dict[str, bytes]:
    """The keys of the first `count` steps of a procedure."""
    return {
        f"{identity}/{step:010}.step": message(f"{identity[:4]} at {step}", step=step, parent_id=parent)
        for step in range(count)
    }


def _loaded(number: int) -> dict[str, bytes]:
    return steps_of(procedure_id(number), 1 + number % 3)


def _rolling_back(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    rollback = message("back", step=2, error="it failed")
    return {**steps_of(identity, 2), f"{identity}/0000000002.rollback": rollback}


def _finished(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    return {**steps_of(identity, 2), f"{identity}/0000000002.commit": b""}


def _tie(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    return {**steps_of(identity, 2), f"{identity}/0000000001.commit": b""}


def _marker_below(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    return {**steps_of(identity, 3), f"{identity}/0000000001.rollback": message("old", step=1, error="e")}


def _unreadable(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    return {**steps_of(identity, 1), f"{identity}/0000000001.step": b'{"type_name":"T","data":"{'}


def _child(number: int) -> dict[str, bytes]:
    return steps_of(procedure_id(number), 2, procedure_id(number - 1))


def _braced(number: int) -> dict[str, bytes]:
    return steps_of(f"{{{procedure_id(number)}}}", 2)


def _nested(number: int) -> dict[str, bytes]:
    keys = steps_of(procedure_id(number), 1)
    return {f"old/copy{number}/{key}": value for key, value in keys.items()}


def _with_unknown(number: int) -> dict[str, bytes]:
    identity = procedure_id(number)
    return {**steps_of(identity, 2), f"{identity}/notes.txt": b"looked at"}


_SHAPES: tuple[Callable[[int], dict[str, bytes]], ...] = (
    _loaded,
    _child,
    _child,
    _rolling_back,
    _finished,
    _tie,
    _marker_below,
    _unreadable,
    _braced,
    _nested,
    _with_unknown,
)

REPRESENTATIVE = len(_SHAPES)
"""So many procedures of `mixed_keys` are one of each kind."""


async def verdicts_in(place: Blob | Path) -> dict[str, Verdict]:
    """What a fresh look says about every procedure; the loader must agree."""
    blob = LocalBlob(place, sync=False) if isinstance(place, Path) else place
    reader = LocalProcedureReader(place) if isinstance(place, Path) else BlobProcedureReader(place, "")
    index = await index_of(reader)
    found = {record.procedure_id: verdict_of(record) for record in index.records()}
    loaded = verdicts_loaded(await ProcedureStore(StateStore(blob)).load_messages())
    assert loaded == {name: verdict for name, verdict in found.items() if verdict is not Verdict.UNREADABLE}
    return found


def verdict_after(plan: Plan) -> dict[str, Verdict | None]:
    """What a plan says that each of its procedures is, once it is applied."""
    return {target.procedure_id: target.result for target in plan.targets}


async def random_plan(rng: Random, on: Bench, kinds: Iterable[ActionKind] = ActionKind) -> Plan:
    """Some plan about some procedures; for an undo, a plan is applied first."""
    kind = rng.choice([*kinds])
    if kind is ActionKind.UNDO:
        plan = await random_plan(rng, on, [*ActionKind][:3])
        report = await on.executor.apply(plan)
        entry = None if report.entry is None else await on.journal.entry(report.entry)
        return plan if entry is None else await on.planner.plan_undo(entry)
    ids = rng.sample(sorted(on.procedures), rng.randint(1, min(len(on.procedures), 4)))
    if kind is ActionKind.COMMIT:
        return await on.planner.plan_commit(ids)
    if kind is ActionKind.DELETE:
        return await on.planner.plan_delete(ids, rng.choice([*Scope]))
    return await on.planner.plan_truncate(ids, Cut(keep=rng.randint(0, 2)))
