"""A monitor on a real directory, with the real watch."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from support.following import following, wait_until
from support.stores import PlainStore, fresh_index, message_json, picture, procedure_id

from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import RowEventKind
from procdash.live.monitor import Monitor, StoreState
from procdash.live.opening import open_monitor


def is_live(monitor: Monitor) -> bool:
    return monitor.status.state is StoreState.LIVE


def verdict(monitor: Monitor, identity: str) -> Verdict | None:
    record = monitor.index.get(identity)
    return None if record is None else verdict_of(record)


async def wait_until_same_as_fresh(monitor: Monitor, root: Path) -> None:
    """Wait until the followed picture is what a fresh load gives; the store no longer changes."""
    expected = picture(await fresh_index(root))
    await wait_until(monitor, lambda: picture(monitor.index) == expected)


async def test_follows_a_life_from_first_step_to_deletion(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    monitor = open_monitor(str(tmp_path))
    identity = procedure_id(1)
    async with following(monitor) as events:
        await wait_until(monitor, lambda: is_live(monitor))
        store.step(identity, 0)
        await wait_until(monitor, lambda: verdict(monitor, identity) is Verdict.LOADED)
        store.commit(identity, 1)
        await wait_until(monitor, lambda: verdict(monitor, identity) is Verdict.FINISHED)
        store.delete(identity)
        await wait_until(monitor, lambda: identity not in monitor.index)
    assert events[0].kind is RowEventKind.ADDED
    assert events[-1].kind is RowEventKind.REMOVED


async def test_a_burst_of_2000_new_procedures_is_seen_in_full(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        for start in range(1, 2_001, 100):
            for number in range(start, start + 100):
                (store.directory / procedure_id(number)).mkdir()
            for number in range(start, start + 100):
                store.step(procedure_id(number), 0)
            await asyncio.sleep(0)
        await wait_until_same_as_fresh(monitor, tmp_path)
    assert len(monitor.index) == 2_000


async def test_interleaved_creates_commits_and_deletes_are_all_seen(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    monitor = open_monitor(str(tmp_path))
    choose = random.Random(5)  # noqa: S311 - a simulation, not a secret
    unfinished: list[tuple[str, int]] = []
    finished: list[str] = []
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        for number in range(1, 1_501):
            what = choose.random()
            if what < 0.5 or not unfinished:
                identity = procedure_id(number)
                store.step(identity, 0)
                unfinished.append((identity, 0))
            elif what < 0.8 or not finished:
                identity, step = unfinished.pop(choose.randrange(len(unfinished)))
                if choose.random() < 0.5:
                    store.step(identity, step + 1)
                    unfinished.append((identity, step + 1))
                else:
                    store.commit(identity, step + 1)
                    finished.append(identity)
            else:
                store.delete(finished.pop(choose.randrange(len(finished))))
            if number % 50 == 0:
                await asyncio.sleep(0)
        await wait_until_same_as_fresh(monitor, tmp_path)
    assert len(monitor.index) == len(unfinished) + len(finished)


async def test_changes_during_the_first_scan_are_not_missed(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    for number in range(1, 1_001):
        store.step(procedure_id(number), 0)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: len(monitor.index) > 0)
        store.commit(procedure_id(1), 1)
        store.step(procedure_id(2_000), 0)
        store.delete(procedure_id(3))
        await wait_until_same_as_fresh(monitor, tmp_path)


async def test_a_directory_replaced_by_a_file_becomes_an_unknown_key(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    identity = procedure_id(1)
    store.step(identity, 0)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        store.delete(identity)
        store.put(identity, "not a directory")
        await wait_until(monitor, lambda: identity not in monitor.index)
        await wait_until(monitor, lambda: monitor.index.unknown_keys() == [f"procedure/{identity}"])


async def test_a_foreign_file_that_comes_and_goes_is_known_only_meanwhile(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    identity = procedure_id(1)
    store.step(identity, 0)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        foreign = store.put(f"{identity}/notes.txt", "hello")
        await wait_until(monitor, lambda: monitor.index.unknown_keys() == [f"procedure/{identity}/notes.txt"])
        foreign.unlink()
        await wait_until(monitor, lambda: monitor.index.unknown_keys() == [])
        record = monitor.index.get(identity)
        assert record is not None
        assert record.unknown_keys == ()


async def test_a_half_written_step_is_not_called_unreadable(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    identity = procedure_id(1)
    store.step(identity, 0)
    monitor = open_monitor(str(tmp_path))
    whole = message_json(step=1)
    async with following(monitor) as events:
        await wait_until(monitor, lambda: is_live(monitor))
        path = store.put(f"{identity}/0000000001.step", "")
        store.step(procedure_id(2), 0)
        await wait_until(monitor, lambda: procedure_id(2) in monitor.index)
        path.write_text(whole[:20], encoding="utf-8")
        store.step(procedure_id(3), 0)
        await wait_until(monitor, lambda: procedure_id(3) in monitor.index)
        path.write_text(whole, encoding="utf-8")
        await wait_until(monitor, lambda: getattr(monitor.index.get(identity), "step", None) == 1)
    assert all(verdict_of(event.after) is not Verdict.UNREADABLE for event in events if event.after)


async def test_a_step_that_stays_cut_is_called_unreadable_in_the_end(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    identity = procedure_id(1)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        store.put(f"{identity}/0000000000.step", '{"type_name":"T","da')
        await wait_until(monitor, lambda: verdict(monitor, identity) is Verdict.UNREADABLE)


async def test_an_old_corrupt_step_is_unreadable_at_once(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    identity = procedure_id(1)
    store.put(f"{identity}/0000000000.step", "{", modified_at=1_000_000_000)
    monitor = open_monitor(str(tmp_path))
    async with following(monitor) as events:
        await wait_until(monitor, lambda: len(monitor.index) == 1)
    assert [verdict_of(event.after) for event in events if event.after] == [Verdict.UNREADABLE]


async def test_the_last_picture_stays_while_the_store_is_away(tmp_path: Path) -> None:
    store = PlainStore(tmp_path / "home")
    for number in range(1, 6):
        store.step(procedure_id(number), 0)
    monitor = open_monitor(str(store.root))
    async with following(monitor) as events:
        await wait_until(monitor, lambda: is_live(monitor))
        before = picture(monitor.index)
        store.root.rename(tmp_path / "away")
        await wait_until(monitor, lambda: monitor.status.state is StoreState.LOST)
        assert picture(monitor.index) == before
        assert "No such file" in (monitor.status.reason or "")
        assert monitor.status.since is not None
        (tmp_path / "away").rename(store.root)
        await wait_until(monitor, lambda: is_live(monitor))
        assert picture(monitor.index) == before
        store.step(procedure_id(7), 0)
        await wait_until(monitor, lambda: procedure_id(7) in monitor.index)
    assert all(event.kind is RowEventKind.ADDED for event in events)


async def test_another_store_in_the_same_place_replaces_the_picture(tmp_path: Path) -> None:
    store = PlainStore(tmp_path / "home")
    store.step(procedure_id(1), 0)
    store.step(procedure_id(2), 0)
    monitor = open_monitor(str(store.root))
    async with following(monitor):
        await wait_until(monitor, lambda: is_live(monitor))
        store.root.rename(tmp_path / "away")
        other = PlainStore(tmp_path / "home")
        other.commit(procedure_id(2), 5)
        other.step(procedure_id(3), 0)
        await wait_until_same_as_fresh(monitor, store.root)
        other.step(procedure_id(4), 0)
        await wait_until(monitor, lambda: procedure_id(4) in monitor.index)
    assert procedure_id(1) not in monitor.index
