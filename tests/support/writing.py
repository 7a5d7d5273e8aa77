"""The writing commands in tests: a small store, the commands, and plans that were interrupted."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from procdash.actions.entries import Entry
from procdash.actions.executor import Executor
from procdash.actions.journal import Journal
from procdash.actions.opening import journal_path, open_planner
from procdash.actions.planner import Planner
from procdash.actions.plans import OpKind, Plan
from procdash.actions.target_writer import Pace
from procdash.cli import cli
from procdash.live.opening import open_monitor
from procdash.store import open_procedure_store
from support.stores import PlainStore, procedure_id

FINISHED, LOADED, PARENT, CHILD, ROLLING_BACK, UNREADABLE = (
    procedure_id(0x10 * number) for number in (0xA, 0xB, 0xC, 0xD, 0xE, 0xF)
)
ALL = (FINISHED, LOADED, PARENT, CHILD, ROLLING_BACK, UNREADABLE)


def small_store(root: Path) -> PlainStore:
    """One procedure of each verdict, and a family; every step is old."""
    store = PlainStore(root)
    for identity, steps in ((FINISHED, 2), (LOADED, 4), (PARENT, 2), (ROLLING_BACK, 1), (UNREADABLE, 1)):
        for step in range(steps):
            store.step(identity, step)
    store.step(CHILD, 0, parent_id=PARENT)
    store.commit(FINISHED, 2)
    store.put(f"{ROLLING_BACK}/0000000001.rollback", '{"type_name":"T","data":"{}","step":0,"error":"e"}')
    store.put(f"{UNREADABLE}/0000000001.step", "not JSON")
    for path in store.directory.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return store


def run(*arguments: object, stdin: str | bytes = "", environment: dict[str, str] | None = None) -> Result:
    """Run the command line in this process, without a terminal."""
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(
        cli, words, input=stdin, env=environment, prog_name="procdash", catch_exceptions=False
    )


def document(*arguments: object, stdin: str = "", code: int = 0) -> dict[str, Any]:
    """The JSON that the command line prints; it must end with this exit code."""
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "procdash", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def interrupted(root: Path, make_plan: Callable[[Planner, Journal], Awaitable[Plan]], *, after: int) -> Entry:
    """Apply a plan to a store and be interrupted after some ops; returns its entry."""

    async def interrupt() -> Entry:
        monitor = open_monitor(str(root))
        await monitor.read_once()
        planner = open_planner(monitor)
        journal = Journal(journal_path())
        done = 0

        async def stop(_seconds: float) -> None:
            nonlocal done
            done += 1
            if done == after:
                raise asyncio.CancelledError

        blob = (await open_procedure_store(str(root))).state_store.blob
        executor = Executor(planner, blob, journal, sleep=stop)
        plan = await make_plan(planner, journal)
        with pytest.raises(asyncio.CancelledError):
            await executor.apply(plan, reason="cut short", pace=Pace(ops_per_second=1))
        [entry] = await journal.entries(limit=1)
        await journal.close()
        return entry

    return asyncio.run(interrupt())


def interrupted_deletion(root: Path, *identities: str, after: int) -> Entry:
    """The deletion of some procedures, interrupted after some ops."""
    return interrupted(root, lambda planner, _journal: planner.plan_delete(identities), after=after)


def begun_deletion(root: Path, *identities: str) -> int:
    """The number of a deletion that was begun and interrupted before anything was written."""

    async def begin() -> int:
        monitor = open_monitor(str(root))
        await monitor.read_once()
        journal = Journal(journal_path())
        plan = await open_planner(monitor).plan_delete(identities)
        number = await journal.prepare(plan, author="tester", reason="", now=0.0)
        removed = {op: root / each.key for op, each in enumerate(plan.ops) if each.kind is OpKind.DELETE}
        await journal.save_values(number, {op: path.read_bytes() for op, path in removed.items()})
        await journal.begin(number)
        await journal.close()
        return number

    return asyncio.run(begin())


def interrupted_undo(root: Path, number: int, *, after: int) -> Entry:
    """The undo of an entry, interrupted after some ops."""

    async def plan(planner: Planner, journal: Journal) -> Plan:
        entry = await journal.entry(number)
        assert entry is not None
        return await planner.plan_undo(entry)

    return interrupted(root, plan, after=after)
