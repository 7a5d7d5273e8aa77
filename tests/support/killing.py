"""Kills a process at every point of a plan where it writes, and looks at what it leaves. Run as a program.

The program has one thread. For each point it forks a child that applies the plan and is killed there by SIGKILL;
then it looks at the store, and takes up the journal, as a procdash that is started afterwards would.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import procdash
from procdash.actions.entries import Entry, EntryState
from procdash.actions.journal import Journal
from procdash.actions.outcomes import Outcome, Report
from procdash.actions.planning import Cut
from procdash.actions.plans import ActionKind, OpKind, Plan
from procdash.demo.inline import InlineExecutor
from procdash.insight.verdict import Verdict
from procdash.store import Blob, BlobMetadata, tasks
from procdash.store.backends.local import LocalBlob
from support.actions import Bench, bench, mixed_ids, mixed_keys, tree, verdict_after, verdicts_in, write_tree

_Result = TypeVar("_Result")


class Fuse:
    """Counts the points of a process and kills it at one of them.

    Args:
        fatal: at which point; None at none of them.
    """

    def __init__(self, fatal: int | None = None) -> None:
        self.points: list[str] = []
        """Every point so far, by name."""
        self._fatal = fatal

    def at(self, point: str) -> None:
        """The process has come to a point."""
        if len(self.points) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.points.append(point)


class FusedBlob(Blob):
    """A blob with a point right before and right after each write.

    Args:
        inner: what does the work.
        fuse: what is told of each point.
    """

    def __init__(self, inner: Blob, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    async def get(self, key: str) -> bytes | None:
        return await self._inner.get(key)

    def list_keys_and_metadata(self, key_prefix: str) -> AsyncIterator[BlobMetadata]:
        return self._inner.list_keys_and_metadata(key_prefix)

    async def set(self, key: str, value: bytes) -> None:
        raise AssertionError(f"an unguarded write of {len(value)} bytes to {key}")

    async def delete(self, key: str) -> int | None:
        assert key.endswith("/"), f"an unguarded removal of {key}"
        self._fuse.at(f"before removing {key}")
        result = await self._inner.delete(key)
        self._fuse.at(f"after removing {key}")
        return result

    async def restore(self, key: str) -> None:
        raise AssertionError(key)

    async def set_if_absent(self, key: str, value: bytes) -> bool:
        self._fuse.at(f"before writing {key}")
        is_done = await self._inner.set_if_absent(key, value)
        self._fuse.at(f"after writing {key}")
        return is_done

    async def delete_if_unchanged(self, seen: BlobMetadata) -> bool:
        self._fuse.at(f"before deleting {seen.key}")
        is_done = await self._inner.delete_if_unchanged(seen)
        self._fuse.at(f"after deleting {seen.key}")
        return is_done


def fuse_journal(journal: Journal, fuse: Fuse) -> None:
    """Put a point right before and right after the boundaries of a journal."""
    for name in ("prepare", "save_values", "begin", "end"):
        setattr(journal, name, _fused(getattr(journal, name), name, fuse))


def _fused(method: Callable[..., Any], name: str, fuse: Fuse) -> Callable[..., Any]:
    calls = count()

    async def call(*arguments: object, **options: object) -> object:
        if next(calls) > 1:  # values are saved in many calls, all alike
            return await method(*arguments, **options)
        fuse.at(f"before the journal's {name}")
        result = await method(*arguments, **options)
        fuse.at(f"after the journal's {name}")
        return result

    return call


class Scene(NamedTuple):
    """Where a plan is applied."""

    root: Path
    """The directory that holds `procedure/`."""
    journal: Path
    """The file of the journal."""
    ids: list[str]
    """Every procedure."""
    kind: ActionKind
    """What is done; an undo is that of a deletion."""

    async def plan(self, on: Bench) -> Plan:
        """What is applied, and killed half-way."""
        if self.kind is ActionKind.TRUNCATE:
            return await on.planner.plan_truncate(self.ids, Cut(keep=1))
        if self.kind is ActionKind.COMMIT:
            return await on.planner.plan_commit(self.ids)
        if self.kind is ActionKind.UNDO:
            entry = await on.journal.entry(1)
            assert entry is not None
            return await on.planner.plan_undo(entry)
        return await on.planner.plan_delete(self.ids)

    async def apply(self, fuse: Fuse) -> Plan:
        """Plan and apply, with a point at each write."""
        blob = FusedBlob(LocalBlob(self.root, sync=False), fuse)
        async with bench(self.root, self.journal, through=blob) as on:
            plan = await self.plan(on)
            fuse_journal(on.journal, fuse)
            report = await on.executor.apply(plan)
            assert report.outcome is Outcome.DONE, report.results
            return plan


def run_inline(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine without any thread: that is faster, and a process that forks should have none."""
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(InlineExecutor())
        return runner.run(work)


def kill_everywhere(base: Path, kind: ActionKind, procedures: int, part: int, parts: int) -> str:
    """Kill a process at every op of one plan about many procedures, and at the journal's boundaries.

    Of each op, one of the points before and after it is taken: these differ in nothing but what the journal notes.

    Args:
        base: an empty directory, better in memory.
        kind: which plan.
        procedures: how many procedures there are.
        part: which share of the ops, from 0.
        parts: among how many shares the ops are divided; 0 takes every point of every op.

    Returns:
        What was done, in words.
    """
    scene = Scene(base / "store", base / "state/journal.db", mixed_ids(procedures), kind)
    write_tree(scene.root, mixed_keys(procedures))
    whole = tree(scene.root)
    if kind is ActionKind.UNDO:
        run_inline(scene._replace(kind=ActionKind.DELETE).apply(Fuse()))
    start, before = tree(scene.root), run_inline(verdicts_in(scene.root))
    pristine = base / "pristine"
    shutil.copytree(base, pristine, ignore=shutil.ignore_patterns("pristine"))
    fuse = Fuse()
    plan = run_inline(scene.apply(fuse))
    after = tree(scene.root)
    allowed = {target.procedure_id: {before.get(target.procedure_id), target.result} for target in plan.targets}
    points = _chosen(len(fuse.points), part, parts)
    for turn, point in enumerate(points):
        _start_anew(base, pristine)
        assert _is_killed(scene, point), f"nothing was killed at point {point}"
        try:
            run_inline(_take_up(scene, allowed, turn, start=start, after=after, whole=whole))
        except BaseException as error:
            error.add_note(f"killed at point {point}: {fuse.points[point]}")
            raise
    if kind is ActionKind.UNDO:
        assert after == whole
    return f"{len(points)} of {len(fuse.points)} points of {len(plan.ops)} ops on {len(plan.targets)} procedures"


def _chosen(count: int, part: int, parts: int) -> Sequence[int]:
    """Of each pair of points one, so that four in a row differ in which it is and in what is done afterwards."""
    if not parts:
        return range(count)
    chosen = [2 * pair + pair // 2 % 2 for pair in range(count // 2)]
    return chosen[len(chosen) * part // parts : len(chosen) * (part + 1) // parts]


def _start_anew(base: Path, pristine: Path) -> None:
    for name in ("store", "state"):
        shutil.rmtree(base / name, ignore_errors=True)
        if (pristine / name).exists():
            shutil.copytree(pristine / name, base / name)


def _is_killed(scene: Scene, point: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            run_inline(scene.apply(Fuse(point)))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


async def _take_up(
    scene: Scene,
    allowed: Mapping[str, Iterable[Verdict | None]],
    turn: int,
    *,
    start: Mapping[str, bytes | None],
    after: Mapping[str, bytes | None],
    whole: Mapping[str, bytes | None],
) -> None:
    """Look at the store, then undo what was done, or resume it; in turns, so that each is done at every op."""
    verdicts = await verdicts_in(scene.root)
    for procedure_id in scene.ids:
        found = verdicts.get(procedure_id)
        assert found in allowed.get(procedure_id, {found}), f"{procedure_id} has become {found}"
    async with bench(scene.root, scene.journal) as on:
        entry = await _interrupted(on, 2 if scene.kind is ActionKind.UNDO else 1)
        if entry is None:
            assert tree(scene.root) in (start, after)
            if scene.kind is ActionKind.UNDO and tree(scene.root) == start:
                _check_done(await on.undo(1))
                assert tree(scene.root) == whole
            return
        if scene.kind is ActionKind.UNDO or turn % 2:
            report = await on.executor.resume(entry)
            _check_done(report)
            assert tree(scene.root) == after
            now = await verdicts_in(scene.root)
            wanted = verdict_after(entry.plan)
            assert {name: now.get(name) for name in wanted} == wanted
            return
        _check_done(await on.undo(entry.number))
        assert tree(scene.root) == start


async def _interrupted(on: Bench, number: int) -> Entry | None:
    """The entry whose process was killed while it was applied; None where nothing was begun, or all is done."""
    entry = await on.journal.entry(number)
    assert not await on.journal.is_held(number)
    if entry is None or entry.state in (EntryState.PREPARING, EntryState.DONE):
        return None
    assert entry.state is EntryState.APPLYING
    assert entry.is_resumable
    assert entry.is_undoable
    return entry


def _check_done(report: Report) -> None:
    assert report.outcome is Outcome.DONE, [result for result in report.results if result.message]
    assert report.journal_failure is None
    assert all(op.kind is OpKind.REMOVE_DIRECTORY for op in report.plan.ops) or report.is_complete


def run_kills(directory: Path, kind: ActionKind, *, procedures: int = 50, part: int = 0, parts: int = 1) -> str:
    """`kill_everywhere` in a process of its own, which has no other thread."""
    done = subprocess.run(
        [sys.executable, "-m", "support.killing", str(directory), kind, str(procedures), str(part), str(parts)],
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(Path(__file__).parents[1]), str(Path(procdash.__file__).parents[1])]
            ),
        },
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    return done.stdout


if __name__ == "__main__":
    setattr(tasks, "ThreadPoolExecutor", InlineExecutor)  # noqa: B010 - the journal's own thread, too
    _, _directory, _kind, _procedures, _part, _parts = sys.argv
    sys.stdout.write(
        kill_everywhere(Path(_directory), ActionKind(_kind), int(_procedures), int(_part), int(_parts))
    )
