"""Plans on a store that fails on purpose: what is reported is what the store holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from support.actions import (
    NOW,
    REPRESENTATIVE,
    Bench,
    bench,
    contents,
    memory_of,
    mixed_keys,
    random_plan,
    tree,
    verdicts_in,
    write_tree,
)

from procdash.actions.entries import EntryState
from procdash.actions.executor import Executor
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.planner import Planner
from procdash.actions.plans import OpKind, Plan, Target
from procdash.store import Blob, ExternalError, Unreliable, UnreliableHandle
from procdash.store.backends.local import LocalBlob
from procdash.store.reader import BlobProcedureReader

RATES = [(0.95, 0.05), (0.9, 0.3), (1.0, 0.6), (0.9, 0.9), (0.8, 0.0)]
"""Of what is written, and saved before: how much happens, and how much of it seems to time out."""

READING_RATES = [(1.0, 0.0), (0.97, 0.02), (0.9, 0.0), (1.0, 0.25)]
"""The same of what is looked at."""

KEYS = mixed_keys(REPRESENTATIVE)
IN_PLAIN_PLACES = {key: value for key, value in KEYS.items() if key[0] not in "{o"}
"""Without the procedures that a reader finds only once it has read the whole store."""


def unreliably(on: Bench, blob: Blob, seed: int, *, is_directory: bool = False) -> Executor:
    """What applies plans to a store of which reads and writes fail."""
    reading = Unreliable(blob, UnreliableHandle(seed, *READING_RATES[seed % len(READING_RATES)]))
    writing = Unreliable(blob, UnreliableHandle(-seed, *RATES[seed % len(RATES)]))
    reader = BlobProcedureReader(reading, "")
    planner = Planner(reader, on.procedures, location="a place", has_directories=is_directory, now=lambda: NOW)
    return Executor(planner, writing, on.journal, now=lambda: NOW, author="tester")


async def fill_again(blob: Blob) -> None:
    """Make the store what it was at first."""
    wanted = {f"procedure/{key}": value for key, value in IN_PLAIN_PLACES.items()}
    found = await contents(blob)
    for key in found.keys() - wanted.keys():
        await blob.delete(key)
    for key, value in wanted.items():
        if found.get(key) != value:
            await blob.set(key, value)


async def check_report(report: Report, before: dict[str, bytes | None], blob: Blob, on: Bench) -> None:
    """Compare what is reported with what the store holds."""
    after = await contents(blob)
    verdicts = await verdicts_in(blob)
    ops_done = 0
    for target, result in zip(report.plan.targets, report.results, strict=True):
        assert result.is_verified or result.outcome is not Outcome.DONE
        assert not result.is_verified or result.outcome is not Outcome.UNKNOWN
        wanted = [await state_after(target, done, before, on, report.plan) for done in possible(target, result)]
        found = {key: after.get(key) for key in wanted[0]}
        assert found in wanted, (result.outcome, result.ops_done, result.message)
        ops_done += result.ops_done
        if result.is_verified:
            assert result.verdict in (verdicts.get(target.procedure_id), None)
    touched = {state.key for target in report.plan.targets for state in target.before}
    touched |= {op.key for op in report.plan.ops}
    assert {key: value for key, value in after.items() if key not in touched} == {
        key: value for key, value in before.items() if key not in touched
    }
    assert report.ops_done == ops_done


def possible(target: Target, result: TargetResult) -> list[int]:
    """How many ops may be done; only where the store could not be read is one more in doubt."""
    writes = sum(op.kind is not OpKind.REMOVE_DIRECTORY for op in target.ops)
    at_most = result.ops_done + (result.outcome is Outcome.UNKNOWN)
    return sorted({min(result.ops_done, writes), min(at_most, writes)})


async def state_after(
    target: Target, done: int, before: dict[str, bytes | None], on: Bench, plan: Plan
) -> dict[str, bytes | None]:
    """The keys of a target with their values once so many of its ops are done."""
    states = {key: before.get(key) for key in (*(state.key for state in target.before), *map(_key, target.ops))}
    for op in target.ops[:done]:
        if op.kind is OpKind.DELETE:
            states[op.key] = None
        elif op.kind is OpKind.PUT and op.source is not None and plan.undoes is not None:
            states[op.key] = await on.journal.value(plan.undoes, op.source)
        elif op.kind is OpKind.PUT:
            states[op.key] = b""
    return {key: value for key, value in states.items() if not key.endswith("/")}


def _key(op: object) -> str:
    return op.key  # type: ignore[attr-defined,no-any-return] # an op


async def apply_all(rounds: range, blob: Blob, on: Bench, *, is_directory: bool = False) -> Counter[str]:
    """Make and apply random plans, check what is reported, and then bring the store back."""
    seen: Counter[str] = Counter()
    for seed in rounds:
        await fill_again(blob)
        plan = await random_plan(Random(seed), on)  # noqa: S311 - it must be repeatable
        before = await contents(blob)
        executor = unreliably(on, blob, seed, is_directory=is_directory)
        try:
            report = await executor.apply(plan)
        except ExternalError:
            assert await contents(blob) == before
            seen["not begun"] += 1
            continue
        seen[report.outcome] += 1
        await check_report(report, before, blob, on)
        if report.entry is None:
            assert await contents(blob) == before
            continue
        await bring_back(report, report.entry, before, blob, on, resumes=bool(seed % 2))
    return seen


async def bring_back(
    report: Report, number: int, before: dict[str, bytes | None], blob: Blob, on: Bench, *, resumes: bool
) -> None:
    """Resume the entry, or undo it, now that the store can be relied on."""
    entry = await on.journal.entry(number)
    assert entry is not None
    assert entry.results == report.results
    if entry.state is EntryState.NOTHING_DONE:
        assert await contents(blob) == before
        return
    if resumes and entry.is_resumable:
        again = await on.executor.resume(entry)
        assert again.outcome is Outcome.DONE, again.results
        assert again.is_complete
        for target in again.plan.targets:
            wanted = await state_after(target, len(target.ops), before, on, again.plan)
            now = await contents(blob)
            assert {key: now.get(key) for key in wanted} == wanted
    entry = await on.journal.entry(number)
    assert entry is not None
    assert entry.is_undoable
    undone = await on.undo(number)
    assert undone.outcome is Outcome.DONE, undone.results
    assert not undone.plan.refusals
    assert await contents(blob) == before


@pytest.fixture
async def in_memory(tmp_path: Path) -> AsyncIterator[tuple[Blob, Bench]]:
    blob = await memory_of(IN_PLAIN_PLACES)
    async with bench(blob, tmp_path / "state/journal.db") as on:
        yield blob, on


@pytest.mark.parametrize("start", range(0, 1_000, 250))
async def test_a_thousand_plans_in_memory(in_memory: tuple[Blob, Bench], start: int) -> None:
    blob, on = in_memory
    seen = await apply_all(range(start, start + 250), blob, on)
    assert seen["not begun"] > 10
    assert all(seen[outcome] > 10 for outcome in (Outcome.DONE, Outcome.FAILED)), seen
    assert seen[Outcome.UNKNOWN]


async def test_plans_in_a_directory(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "store", IN_PLAIN_PLACES)
    whole = tree(root)
    async with bench(root, tmp_path / "state/journal.db") as on:
        seen = await apply_all(range(60), LocalBlob(root, sync=False), on, is_directory=True)
        assert seen[Outcome.DONE]
        assert seen[Outcome.FAILED]
    assert whole.items() <= tree(root).items()
