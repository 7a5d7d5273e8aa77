"""Who goes together with whom, however long the chain of parents and even where it is a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.actions import bench, contents, memory_of, steps_of
from support.records import header, record
from support.stores import procedure_id

from procdash.actions.families import Scope, unfinished_children, unfinished_parent, with_descendants
from procdash.actions.outcomes import Outcome
from procdash.live.index import ProcedureIndex
from procdash.store import KeyType

PARENT, CHILD, GRANDCHILD, OTHER = map(procedure_id, range(1, 5))
FAMILY = {**steps_of(PARENT, 2), **steps_of(CHILD, 2, PARENT), **steps_of(GRANDCHILD, 1, CHILD)}


def index_with(parents: Mapping[str, str | None]) -> ProcedureIndex:
    """Loaded procedures with the parents that they name."""
    index = ProcedureIndex()
    for identity, parent in parents.items():
        index.apply(identity, record(KeyType.STEP, procedure_id=identity, message=header(parent_id=parent)))
    return index


@pytest.mark.parametrize(
    ("parents", "wanted", "expected"),
    [
        ({"a": None}, ["a"], {"a": "a"}),
        ({"a": None, "b": "a", "c": "a", "d": "c"}, ["a"], {"b": "a", "d": "a", "c": "a", "a": "a"}),
        ({"a": None, "b": "a", "c": "b"}, ["b"], {"c": "b", "b": "b"}),
        ({"a": None, "b": "a", "c": "b"}, ["b", "a"], {"c": "a", "b": "a", "a": "a"}),
        ({"a": None, "b": "a", "c": "b"}, ["c", "a"], {"c": "a", "b": "a", "a": "a"}),
        ({"a": "b", "b": "a"}, ["a"], {"b": "a", "a": "a"}),
        ({"a": "b", "b": "a"}, ["a", "b"], {"a": "a", "b": "b"}),
        ({"a": "a"}, ["a"], {"a": "a"}),
        ({"a": "absent", "b": "a"}, ["b", "b", "nobody"], {"b": "b", "nobody": "nobody"}),
    ],
)
def test_families(parents: dict[str, str | None], wanted: list[str], expected: dict[str, str]) -> None:
    found = with_descendants(wanted, index_with(parents))
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize("is_circle", [False, True])
def test_a_chain_of_ten_thousand(is_circle: bool) -> None:
    ids = [f"{number:05}" for number in range(10_000)]
    parents: dict[str, str | None] = dict(zip(ids[1:], ids, strict=False))
    parents[ids[0]] = ids[-1] if is_circle else None
    index = index_with(parents)
    assert list(with_descendants([ids[0]], index)) == ids[::-1]
    assert set(with_descendants([ids[0], ids[5_000]], index)) == set(
        ids if not is_circle else [ids[0], ids[5_000]]
    )
    assert list(with_descendants([ids[-1]], index)) == ([ids[-1]] if not is_circle else [*ids[-2::-1], ids[-1]])


@given(
    parents=st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.sampled_from("abcdefgh")),
    wanted=st.lists(st.sampled_from("abcdefgh")),
)
def test_any_family(parents: dict[str, str | None], wanted: list[str]) -> None:
    found = with_descendants(wanted, index_with(parents))
    assert set(wanted) <= found.keys()
    assert set(found.values()) <= set(wanted)
    places = {identity: place for place, identity in enumerate(found)}
    for identity, root in found.items():
        assert identity == root or parents[identity] is not None
        parent = parents.get(identity)
        if parent in found and not has_circle(identity, parents):
            assert places[identity] < places[parent], "children go first"
            assert found[parent] == root


def has_circle(identity: str, parents: Mapping[str, str | None]) -> bool:
    seen: set[str | None] = set()
    current: str | None = identity
    while current is not None and current not in seen:
        seen.add(current)
        current = parents.get(current)
    return current is not None


def test_unfinished_relatives() -> None:
    index = index_with({"a": None, "b": "a", "c": "a", "x": "gone"})
    index.apply("c", record(KeyType.ROLLBACK, procedure_id="c", message=header(parent_id="a")))
    assert unfinished_children("a", index) == ["b", "c"]
    for identity, parent in {"b": "a", "x": None, "a": None}.items():
        found = index.get(identity)
        assert found is not None
        assert unfinished_parent(found, index) == parent
    own = index_with({"a": "a"})
    assert unfinished_children("a", own) == []


async def test_a_family_is_deleted_as_one(tmp_path: Path) -> None:
    async with bench(blob := await memory_of(FAMILY), tmp_path / "j/journal.db") as on:
        plan = await on.planner.plan_delete([PARENT])
        assert [(target.procedure_id, target.is_requested) for target in plan.targets] == [
            (GRANDCHILD, False),
            (CHILD, False),
            (PARENT, True),
        ]
        assert {target.family for target in plan.targets} == {PARENT}
        assert (await on.executor.apply(plan)).outcome is Outcome.DONE
        assert await contents(blob) == {}


async def test_a_child_goes_alone_only_where_that_is_asked_for(tmp_path: Path) -> None:
    async with bench(await memory_of(FAMILY), tmp_path / "j/journal.db") as on:
        plan = await on.planner.plan_delete([CHILD])
        assert plan.targets == ()
        assert {refusal.procedure_id for refusal in plan.refusals} == {CHILD, GRANDCHILD}
        assert f"It is a child of {PARENT}, which is unfinished" in next(
            refusal.reason for refusal in plan.refusals if refusal.procedure_id == CHILD
        )
        alone = await on.planner.plan_delete([CHILD], Scope.ONLY)
        assert ids(alone.targets) == [CHILD]
        both = await on.planner.plan_delete([CHILD, PARENT])
        assert ids(both.targets) == [GRANDCHILD, CHILD, PARENT]
        assert [target.is_requested for target in both.targets] == [False, True, True]


async def test_never_half_a_family(tmp_path: Path) -> None:
    """Where one of it cannot be deleted, the others stay; other families do not care."""
    root = tmp_path / "store"
    blob = await memory_of({**FAMILY, **steps_of(OTHER, 1)})
    async with bench(blob, tmp_path / "j/journal.db") as on:
        unreadable = record(KeyType.STEP, procedure_id=CHILD, is_readable=False, message=None, failure="EACCES")
        read_detail = on.reader.read_detail

        async def read(identity: str, entries: Iterable[str] = ()) -> object:
            detail = await read_detail(identity, tuple(entries))
            return detail._replace(record=unreadable) if identity == CHILD and detail is not None else detail

        on.reader.read_detail = read  # type: ignore[method-assign,assignment] # a child that cannot be read
        plan = await on.planner.plan_delete([PARENT, OTHER])
    assert ids(plan.targets) == [OTHER]
    assert {refusal.procedure_id: refusal.reason.partition(" (")[0] for refusal in plan.refusals} == {
        GRANDCHILD: "A procedure that it goes together with cannot be deleted.",
        CHILD: "It cannot be read",
        PARENT: "A procedure that it goes together with cannot be deleted.",
    }
    assert not root.exists()


async def test_what_is_gone_is_said(tmp_path: Path) -> None:
    async with bench(await memory_of({}), tmp_path / "j/journal.db") as on:
        for plan in (await on.planner.plan_delete([OTHER]), await on.planner.plan_commit([OTHER, OTHER])):
            assert [refusal.reason for refusal in plan.refusals] == ["It is not in the store."]
            report = await on.executor.apply(plan)
            assert report.outcome is Outcome.DONE
            assert report.entry is None


def ids(targets: Iterable[object]) -> list[str]:
    return [target.procedure_id for target in targets]  # type: ignore[attr-defined] # targets
