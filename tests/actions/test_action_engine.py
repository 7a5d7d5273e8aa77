"""Plans on procedures that an engine is writing to at the same moment: none removes what it did not show."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from support.actions import bench, random_plan

from procdash.actions.journal import Journal
from procdash.actions.outcomes import Outcome, Report
from procdash.actions.plans import ActionKind, OpKind, Plan
from procdash.demo import Engine
from procdash.store import BlobMetadata, ProcedureStore, StateStore, Tasked
from procdash.store.backends.files import version_of
from procdash.store.backends.local import LocalBlob

PLANS = 50
"""So many of each kind."""


class Ledger:
    """Who wrote and removed which version of a key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.values: dict[tuple[str, str], bytes] = {}
        """What the engine wrote, by key and version."""
        self.last: dict[str, str | None] = {}
        """The version of each key that the engine wrote last; None where it removed the key."""
        self.removed: list[tuple[str, str | None]] = []
        """What plans removed."""
        self.written: list[str] = []
        """What plans wrote."""


class EngineBlob(LocalBlob):
    """What the engine writes through."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.root, sync=False)
        self._ledger = ledger

    def _write(self, key: str, path: Path, value: bytes) -> None:
        super()._write(key, path, value)
        with contextlib.suppress(FileNotFoundError):  # a plan may be quicker
            self._ledger.last[key] = version_of(os.lstat(path))
            self._ledger.values[key, self._ledger.last[key] or ""] = value

    async def delete(self, key: str) -> int | None:
        self._ledger.last[key] = None
        return await super().delete(key)


class PlanBlob(LocalBlob):
    """What plans are applied through."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.root, sync=False)
        self._ledger = ledger

    async def set(self, key: str, value: bytes) -> None:
        raise AssertionError(f"an unguarded write of {len(value)} bytes to {key}")

    async def delete(self, key: str) -> int | None:
        assert key.endswith("/"), f"an unguarded removal of {key}"
        return await super().delete(key)

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        is_done = await super().set_if_absent(key, value)
        if is_done:
            self._ledger.written.append(key)
        return is_done

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        is_done = await super().delete_if_unchanged(seen)
        if is_done:
            self._ledger.removed.append((seen.key, seen.version))
        return is_done


@contextlib.asynccontextmanager
async def engine_at_work(ledger: Ledger) -> AsyncIterator[None]:
    """An engine that writes as fast as it can."""
    store = Tasked(EngineBlob(ledger))
    engine = Engine(ProcedureStore(StateStore(store)), rate=5_000.0, seed=1, population=12)
    running = asyncio.create_task(engine.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await store.wait_idle()


def check_against_plan(
    plan: Plan, report: Report, ledger: Ledger, removed_before: int, written_before: int
) -> None:
    """Everything that was removed and written is in the plan, and the report counts it."""
    shown = {(op.key, op.version) for op in plan.ops if op.kind is OpKind.DELETE}
    removed = ledger.removed[removed_before:]
    assert set(removed) <= shown
    assert len(removed) == len(set(removed))
    written = ledger.written[written_before:]
    assert set(written) <= {op.key for op in plan.ops if op.kind is OpKind.PUT}
    for target, result in zip(plan.targets, report.results, strict=True):
        assert result.outcome in (Outcome.DONE, Outcome.CHANGED, Outcome.FAILED, Outcome.SKIPPED)
        assert result.outcome is Outcome.DONE or result.message
        if result.outcome is Outcome.DONE:
            done = set(removed) | {(key, None) for key in written}
            gone = {key for key, version in ledger.last.items() if version is None}  # the engine may be quicker
            for op in target.ops:
                is_ours = (op.key, op.version) in done
                assert (
                    is_ours or op.kind is OpKind.REMOVE_DIRECTORY or (op.kind is OpKind.DELETE and op.key in gone)
                )


async def check_journal(
    journal: Journal, report: Report, ledger: Ledger, removed: list[tuple[str, str | None]]
) -> None:
    """The journal holds, of each version that was removed, the very bytes."""
    for number, op in enumerate(report.plan.ops):
        if (op.key, op.version) in removed and (op.key, op.version or "") in ledger.values:
            assert report.entry is not None
            kept = await journal.value(report.entry, number)
            assert kept == ledger.values[op.key, op.version or ""]


def check_nothing_lost(ledger: Ledger) -> None:
    """What the engine wrote last is there, unless a plan that showed this very version removed it."""
    removed = set(ledger.removed)
    for key, version in ledger.last.items():
        if version is not None and (key, version) not in removed:
            path = ledger.root / key
            assert path.exists(), f"{key} is lost"
            assert path.read_bytes() == ledger.values[key, version]


@pytest.mark.parametrize("kind", ActionKind)
async def test_plans_while_an_engine_writes(
    tmp_path: Path, kind: ActionKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    ledger = Ledger(tmp_path / "store")
    (ledger.root / "procedure").mkdir(parents=True)
    rng = Random(kind)  # noqa: S311 - it must be repeatable
    outcomes: Counter[Outcome] = Counter()
    plans = 0
    async with engine_at_work(ledger):
        while plans < PLANS:
            await asyncio.sleep(0.005)
            async with bench(ledger.root, tmp_path / "state/journal.db", through=PlanBlob(ledger)) as on:
                if not len(on.procedures):
                    continue
                plan = await random_plan(rng, on, [kind])
                if plan.kind is not kind or not plan.ops:
                    continue
                plans += 1
                for _ in range(rng.choice((0, 0, 0, 3, 20))):
                    await asyncio.sleep(0)
                marks = len(ledger.removed), len(ledger.written)
                report = await on.executor.apply(plan)
                check_against_plan(plan, report, ledger, *marks)
                await check_journal(on.journal, report, ledger, ledger.removed[marks[0] :])
                outcomes.update(result.outcome for result in report.results)
    check_nothing_lost(ledger)
    # How often the two meet is up to the machine; that they do is what makes this a test.
    assert outcomes[Outcome.DONE], outcomes
    assert outcomes[Outcome.CHANGED], outcomes
