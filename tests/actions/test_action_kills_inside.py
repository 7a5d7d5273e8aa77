"""A process that is killed inside an op, at its system calls: no value is lost, and what is left is hidden."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from support.actions import bench, steps_of, tree, verdicts_in, write_tree
from support.children import child
from support.stores import procedure_id

from procdash.actions.outcomes import Outcome
from procdash.actions.plans import ActionKind
from procdash.insight.verdict import Verdict
from procdash.store.backends.files import TEMPORARY_SUFFIX

ID = procedure_id(1)
KEYS = steps_of(ID, 3)


def kill_at(function: str, call: int, when: str) -> None:
    """Have this process killed at a call of a function of `os` on a file of the store, counted from 1."""
    original = getattr(os, function)
    calls = count(1)

    def watched(path: str | os.PathLike[str], *arguments: object, **options: object) -> object:
        is_fatal = "procedure" in os.fspath(path) and next(calls) == call
        if is_fatal and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(path, *arguments, **options)
        if is_fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, function, watched)


def apply_and_die(
    connection: Connection, root: Path, journal: Path, kind: ActionKind, arm: Callable[[], None]
) -> None:
    """Apply a plan and be killed by what `arm` puts in its way."""

    async def apply() -> None:
        async with bench(root, journal) as on:
            if kind is ActionKind.UNDO:
                entry = await on.journal.entry(1)
                assert entry is not None
                plan = await on.planner.plan_undo(entry)
            elif kind is ActionKind.COMMIT:
                plan = await on.planner.plan_commit([ID])
            else:
                plan = await on.planner.plan_delete([ID])
            arm()
            await on.executor.apply(plan)

    asyncio.run(apply())
    connection.close()


class Arm:
    """`kill_at` as something that another process can be given."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments

    def __call__(self) -> None:
        kill_at(*self._arguments)  # type: ignore[arg-type] # those of `kill_at`


CALLS = [
    *((ActionKind.DELETE, "rename", call) for call in (1, 3)),
    *((ActionKind.DELETE, "unlink", call) for call in (1, 3)),
    (ActionKind.DELETE, "rmdir", 1),
    *((ActionKind.UNDO, "link", call) for call in (1, 3)),
    *((ActionKind.UNDO, "unlink", call) for call in (1, 3)),
    (ActionKind.COMMIT, "link", 1),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "function", "call"), CALLS)
def test_killed_inside_an_op(tmp_path: Path, kind: ActionKind, function: str, call: int, when: str) -> None:
    root, journal = write_tree(tmp_path / "store", KEYS), tmp_path / "state/journal.db"
    whole = tree(root)

    async def delete() -> None:
        async with bench(root, journal) as on:
            assert (await on.executor.apply(await on.planner.plan_delete([ID]))).outcome is Outcome.DONE

    async def take_up() -> None:
        verdicts = await verdicts_in(root)
        assert set(verdicts.values()) <= {Verdict.FINISHED if kind is ActionKind.COMMIT else Verdict.LOADED}
        async with bench(root, journal) as on:
            number = 2 if kind is ActionKind.UNDO else 1
            report = await (on.resume(number) if kind is ActionKind.UNDO else on.undo(number))
            assert report.outcome is Outcome.DONE, report.results
            left = {name for name in tree(root) if name not in whole}
            assert all(name.endswith(TEMPORARY_SUFFIX) for name in left)
            assert len(left) <= 1
            assert {name: value for name, value in tree(root).items() if name not in left} == whole
            deletion = await on.executor.apply(await on.planner.plan_delete([ID]))
            assert deletion.outcome is Outcome.DONE
            await check_leftovers(root, deletion.results[0].leftovers, kind)

    if kind is ActionKind.UNDO:
        asyncio.run(delete())
    with child(apply_and_die, root, journal, kind, Arm(function, call, when)) as (process, _):
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    if kind is ActionKind.COMMIT and when == "before":
        assert asyncio.run(verdicts_in(root)) == {ID: Verdict.LOADED}
        return
    asyncio.run(take_up())


async def check_leftovers(root: Path, leftovers: tuple[str, ...], kind: ActionKind) -> None:
    """A half-removed file goes with its directory; a half-written one may be another writer's, and is named."""
    if kind is ActionKind.DELETE:
        assert leftovers == ()
        assert tree(root) == {"procedure": None}
    for leftover in leftovers:
        assert TEMPORARY_SUFFIX in leftover
