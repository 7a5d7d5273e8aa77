"""Journals with entries in them, for tests of the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from procdash.actions.entries import EntryState
from procdash.actions.journal import Journal
from procdash.actions.plans import ActionKind, KeyState, Op, OpKind, Plan, Target
from support.actions import NOW
from support.stores import procedure_id

ID = procedure_id(1)


def a_plan(*sizes: int, undoes: int | None = None, location: str = "here") -> Plan:
    """A plan that removes values of these sizes, in bytes."""
    keys = [f"procedure/{ID}/{number:010}.step" for number in range(len(sizes))]
    ops = tuple(Op(OpKind.DELETE, key, size, "v") for key, size in zip(keys, sizes, strict=True))
    before = tuple(KeyState(op.key, op.size_in_bytes, "v") for op in ops)
    target = Target(procedure_id=ID, type_name="T", verdict=None, result=None, before=before, ops=ops, family=ID)
    kind = ActionKind.DELETE if undoes is None else ActionKind.UNDO
    return Plan(kind=kind, location=location, targets=(target,), undoes=undoes)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "state/journal.db", max_bytes=1_000, max_entries=5)
    yield journal
    await journal.close()


async def written(
    journal: Journal,
    size: int,
    state: EntryState | None = EntryState.DONE,
    undoes: int | None = None,
    now: float = NOW,
) -> int:
    """An entry that has removed one value, and ended in a state; None leaves it as it is when it is prepared."""
    number = await journal.prepare(a_plan(size, undoes=undoes), author="a", reason="", now=now)
    await journal.save_values(number, {0: b"x" * size})
    if state is not None:
        await journal.begin(number)
        if state is not EntryState.APPLYING:
            await journal.end(number, state, (), now)
    return number


async def kept(journal: Journal) -> dict[int, int]:
    """How many bytes the journal keeps of each entry; what it says must be what it has."""
    found = {entry.number: entry.kept_bytes for entry in await journal.entries()}
    with sqlite3.connect(journal.path) as database:
        real = dict(database.execute("SELECT entry, sum(length(value)) FROM removed_value GROUP BY entry"))
    database.close()
    assert {number: size for number, size in found.items() if size} == {
        n: size for n, size in real.items() if size
    }
    return found
