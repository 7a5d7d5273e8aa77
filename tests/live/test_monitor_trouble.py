"""What a monitor does when the store, or the watch, gives trouble. Time is shortened, never slept."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest
from support.following import following, wait_until
from support.privileges import let_others_in, ordinary_user
from support.stores import PlainStore, procedure_id

from procdash.insight.problems import ProblemCode, problems_of
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.directory_watch import DirectoryWatch
from procdash.live.monitor import Monitor, Pace, StoreState
from procdash.live.opening import open_monitor
from procdash.live.watch import OnHint, Watch, WatchUnavailable
from procdash.store import MessageHeader, ProcedureReader, open_procedure_reader, open_procedure_store
from procdash.store.errors import Determinate
from procdash.store.records import EntryReading, ProcedureDetail, ProcedureRecord

QUICK = Pace(
    sweep_when_watched=60.0,
    sweep_when_polling=0.02,
    sweep_share=1.0,
    second_look=0.02,
    settling=0.2,
    settling_look=0.02,
    presence=0.02,
    retry=(0.01, 0.02),
    watch_retry=60.0,
)


class NoWatch(Watch):
    """A watch that the operating system refuses."""

    async def run(self, on_hint: OnHint) -> None:
        del on_hint
        raise WatchUnavailable("the limit of inotify watches is reached")


class ManualWatch(Watch):
    """A watch whose hints the test gives."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.hint: OnHint = lambda _entries: None

    async def run(self, on_hint: OnHint) -> None:
        self.hint = on_hint
        on_hint(None)
        self.started.set()
        await asyncio.Event().wait()


class FailingReader(ProcedureReader):
    """A store that can be told to fail, and then to work again."""

    location = "somewhere"

    def __init__(self) -> None:
        self.failing = False

    async def list_entries(self) -> list[str]:
        self._maybe_fail()
        return [procedure_id(1)]

    async def read_entries(self, entries: list[str]) -> EntryReading:  # type: ignore[override] # the monitor gives lists
        self._maybe_fail()
        return EntryReading(tuple(map(self._record, entries)))

    async def find_changed_entries(self) -> list[str]:
        self._maybe_fail()
        return []

    async def read_detail(self, procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
        raise NotImplementedError(procedure_id, entries)

    async def read_value(self, key: str) -> bytes | None:
        raise NotImplementedError(key)

    def _maybe_fail(self) -> None:
        if self.failing:
            raise Determinate("the network is unreachable")

    @staticmethod
    def _record(entry: str) -> ProcedureRecord:
        return ProcedureRecord(
            procedure_id=entry,
            directory=entry,
            file_name="0000000000.step",
            step=0,
            key_type=None,
            key_count=1,
            modified_at=None,
            version=None,
            message=MessageHeader("T", None, None, 0),
        )


async def test_polls_and_says_why_where_watching_is_refused(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    monitor = Monitor(open_procedure_reader(str(tmp_path)), NoWatch(), pace=QUICK)
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        assert monitor.status.reason == "the limit of inotify watches is reached"
        store.step(procedure_id(1), 0)
        await wait_until(monitor, lambda: procedure_id(1) in monitor.index)
        store.step(procedure_id(1), 0, data='{"rewritten": "in place, in the same file"}')
        version = monitor.index.get(procedure_id(1))
        await wait_until(monitor, lambda: monitor.index.get(procedure_id(1)) != version)
        store.delete(procedure_id(1))
        await wait_until(monitor, lambda: len(monitor.index) == 0)


async def test_polls_a_store_that_cannot_be_watched() -> None:
    store = await open_procedure_store("memory://polled")
    monitor = Monitor(open_procedure_reader("memory://polled"), pace=QUICK)
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        await store.store_procedure(procedure_id(1), 0, "T", "{}")
        await wait_until(monitor, lambda: procedure_id(1) in monitor.index)
        await store.commit_procedure(procedure_id(1), 1)
        await wait_until(monitor, lambda: monitor.index.counts[Verdict.FINISHED] == 1)
        await store.delete_procedure(procedure_id(1))
        await wait_until(monitor, lambda: len(monitor.index) == 0)


async def test_a_first_file_without_a_hint_is_found_by_the_second_look(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    watch = ManualWatch()
    monitor = Monitor(open_procedure_reader(str(tmp_path)), watch, pace=QUICK)
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.LIVE)
        (store.directory / procedure_id(1)).mkdir()
        watch.hint([procedure_id(1)])
        await asyncio.sleep(0)
        store.step(procedure_id(1), 0)
        await wait_until(monitor, lambda: procedure_id(1) in monitor.index)


async def test_a_lost_hint_is_found_by_a_sweep(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0)
    monitor = Monitor(
        open_procedure_reader(str(tmp_path)), ManualWatch(), pace=QUICK._replace(sweep_when_watched=0.02)
    )
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.LIVE)
        store.commit(procedure_id(1), 1)
        await wait_until(monitor, lambda: monitor.index.counts[Verdict.FINISHED] == 1)


async def test_a_failing_store_keeps_its_picture_and_recovers_by_itself() -> None:
    reader = FailingReader()
    monitor = Monitor(reader, pace=QUICK, now=lambda: 1_000.0)
    async with following(monitor) as events:
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        reader.failing = True
        await wait_until(monitor, lambda: monitor.status.state is StoreState.LOST)
        assert monitor.status.reason == "the network is unreachable"
        assert monitor.status.since == 1_000.0
        assert len(monitor.index) == 1
        reader.failing = False
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
    assert len(events) == 1


async def test_a_directory_without_permission_is_one_unreadable_row(tmp_path: Path) -> None:
    let_others_in(tmp_path)
    store = PlainStore(tmp_path)
    denied, fine = procedure_id(1), procedure_id(2)
    store.step(denied, 0)
    store.step(fine, 0)
    (store.directory / denied).chmod(0o000)
    try:
        with ordinary_user():
            monitor = Monitor(open_procedure_reader(str(tmp_path)), pace=QUICK)
            async with following(monitor):
                await wait_until(monitor, lambda: len(monitor.index) == 2)
                await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
                record = monitor.index.get(denied)
                assert record is not None
                assert verdict_of(record) is Verdict.UNREADABLE
                [problem] = problems_of(record, monitor.index.surroundings_of(record), now=0.0)
                assert problem.code is ProblemCode.UNREADABLE
                assert "Permission denied" in problem.sentence
                assert verdict_of(monitor.index.get(fine) or record) is Verdict.LOADED
    finally:
        (store.directory / denied).chmod(0o755)


async def test_reading_once_waits_for_a_half_written_value(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    path = store.put(f"{procedure_id(1)}/0000000000.step", "")
    monitor = Monitor(open_procedure_reader(str(tmp_path)), pace=QUICK._replace(settling=30.0))
    reading = asyncio.create_task(monitor.read_once())
    await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
    assert len(monitor.index) == 0
    path.write_text('{"type_name":"T","data":"","step":0}', encoding="utf-8")
    await reading
    assert monitor.index.counts[Verdict.LOADED] == 1


async def test_the_watching_process_that_dies_is_polling_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PlainStore(tmp_path)
    monkeypatch.setattr("procdash.live.directory_watch.sys.executable", "/bin/false")
    monitor = Monitor(open_procedure_reader(str(tmp_path)), DirectoryWatch(str(store.directory)), pace=QUICK)
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        assert monitor.status.reason == "the watching process ended"


async def test_a_watching_process_that_cannot_start_is_polling_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PlainStore(tmp_path)
    monkeypatch.setattr("procdash.live.directory_watch.sys.executable", "/does/not/exist")
    monitor = Monitor(open_procedure_reader(str(tmp_path)), DirectoryWatch(str(store.directory)), pace=QUICK)
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        assert monitor.status.reason == "the watching process cannot be started (No such file or directory)"


async def test_forced_polling_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PlainStore(tmp_path)
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: monitor.status.state is StoreState.POLLING)
        assert monitor.status.reason == "WATCHFILES_FORCE_POLLING is set"
