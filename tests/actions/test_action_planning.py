"""From what is listed to ordered ops: orders, sizes, versions, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.actions import NOW, detail_of, steps_of
from support.blobs import ID, message

from procdash.actions.planning import Circumstances, Cut, plan_commit, plan_delete, plan_truncate, states_of
from procdash.actions.plans import Op, OpKind, Refusal, Target
from procdash.insight.verdict import Verdict
from procdash.live.index import ProcedureIndex

IN_BLOB = Circumstances(ProcedureIndex(), NOW, has_directories=False)
IN_DIRECTORY = IN_BLOB._replace(has_directories=True)
HERE = f"procedure/{ID}/"
STEPS = steps_of(ID, 4)


def planned(found: Target | Refusal) -> Target:
    assert isinstance(found, Target), found
    return found


def refused(found: Target | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def names(target: Target) -> list[str]:
    """The ops in order, each by its place below the procedure's directory."""
    return [op.key.removeprefix(HERE) for op in target.ops]


def marker(step: int, kind: str) -> dict[str, bytes]:
    value = b"" if kind == "commit" else message("back", step=step, error="e")
    return {f"{ID}/{step:010}.{kind}": value}


async def test_every_op_bears_what_was_listed() -> None:
    detail = await detail_of(STEPS, ID)
    target = planned(plan_delete(detail, IN_DIRECTORY))
    *deletions, last = target.ops
    listed = {state.key: state for state in states_of(detail)}
    assert [(op.key, op.size_in_bytes, op.version) for op in deletions] == [
        (state.key, state.size_in_bytes, state.version) for state in listed.values()
    ]
    assert {op.key: op.size_in_bytes for op in deletions} == {
        f"procedure/{key}": len(value) for key, value in STEPS.items()
    }
    assert last == Op(OpKind.REMOVE_DIRECTORY, HERE)
    assert target.before == states_of(detail)
    assert (target.verdict, target.result, target.type_name) == (Verdict.LOADED, None, "T")


@pytest.mark.parametrize(
    ("markers", "order"),
    [
        ({}, ["0.step", "1.step", "2.step", "3.step"]),
        (marker(4, "commit"), ["0.step", "1.step", "2.step", "3.step", "4.commit"]),
        (marker(3, "commit"), ["0.step", "1.step", "2.step", "3.step", "3.commit"]),
        (marker(3, "rollback"), ["0.step", "1.step", "2.step", "3.step", "3.rollback"]),
        (marker(1, "rollback"), ["0.step", "1.step", "2.step", "1.rollback", "3.step"]),
        (
            {**marker(1, "commit"), **marker(2, "rollback"), **marker(5, "rollback")},
            ["0.step", "1.step", "2.step", "3.step", "1.commit", "2.rollback", "5.rollback"],
        ),
        (
            {**marker(3, "commit"), **marker(3, "rollback")},
            ["0.step", "1.step", "2.step", "3.step", "3.rollback", "3.commit"],
        ),
    ],
    ids=["steps", "finished", "tie", "rolling back at a tie", "marker below", "many", "three at one step"],
)
async def test_steps_then_markers_and_the_deciding_key_last(markers: dict[str, bytes], order: list[str]) -> None:
    target = planned(plan_delete(await detail_of({**STEPS, **markers}, ID), IN_BLOB))
    assert [name.lstrip("0") if name[9] != "0" else name[9:] for name in names(target)] == order


@pytest.mark.parametrize(
    ("keys", "commit"),
    [
        (STEPS, 4),
        ({**STEPS, **marker(7, "rollback")}, 8),
        ({**marker(2, "commit"), **STEPS}, 4),
        ({f"{ID}/9.step": message(), f"{ID}/0000000003.step.old": message()}, 10),
    ],
)
async def test_a_commit_goes_above_every_key(keys: Mapping[str, bytes], commit: int) -> None:
    target = planned(plan_commit(await detail_of(keys, ID), IN_DIRECTORY))
    assert target.ops == (Op(OpKind.PUT, f"{HERE}{commit:010}.commit"),)
    assert target.result is Verdict.FINISHED
    assert target.after[target.ops[0].key] is None


@pytest.mark.parametrize(
    ("cut", "gone"),
    [
        (Cut(keep=0), [0, 1, 2]),
        (Cut(keep=1), [0, 1, 2]),
        (Cut(keep=2), [0, 1]),
        (Cut(keep=4), []),
        (Cut(keep=99), []),
        (Cut(below=0), []),
        (Cut(below=2), [0, 1]),
        (Cut(below=3), [0, 1, 2]),
    ],
)
async def test_truncating_steps(cut: Cut, gone: list[int]) -> None:
    detail = await detail_of(STEPS, ID)
    found = plan_truncate(detail, IN_DIRECTORY, cut)
    if cut.keep == 0:
        assert refused(found).reason == "Step 4 is above its deciding step 3, which must stay."
        return
    target = planned(found)
    assert names(target) == [f"{step:010}.step" for step in gone]
    assert target.result is target.verdict is Verdict.LOADED
    assert len(target.after) == 4 - len(gone)


@pytest.mark.parametrize(
    ("markers", "cut", "gone"),
    [
        (marker(4, "commit"), Cut(keep=0), [0, 1, 2, 3]),
        (marker(4, "commit"), Cut(keep=1), [0, 1, 2]),
        (marker(4, "commit"), Cut(below=4), [0, 1, 2, 3]),
        (marker(3, "commit"), Cut(keep=0), [0, 1, 2]),
        (marker(1, "rollback"), Cut(below=3), [0, 1, 2]),
    ],
)
async def test_markers_are_never_truncated(markers: dict[str, bytes], cut: Cut, gone: list[int]) -> None:
    target = planned(plan_truncate(await detail_of({**STEPS, **markers}, ID), IN_BLOB, cut))
    assert names(target) == [f"{step:010}.step" for step in gone]


@pytest.mark.parametrize("markers", [{}, marker(3, "commit"), marker(3, "rollback"), marker(1, "commit")])
async def test_truncating_above_the_deciding_step_is_refused(markers: dict[str, bytes]) -> None:
    refusal = refused(plan_truncate(await detail_of({**STEPS, **markers}, ID), IN_BLOB, Cut(below=4)))
    assert refusal.reason == "Step 4 is above its deciding step 3, which must stay."
    assert "--below 3" in refusal.next_step


async def test_unknown_keys_are_kept_and_named() -> None:
    detail = await detail_of({**STEPS, f"{ID}/notes.txt": b"x"}, ID)
    target = planned(plan_delete(detail, IN_DIRECTORY))
    assert target.kept == (f"{HERE}notes.txt",)
    assert all(op.kind is OpKind.DELETE for op in target.ops)
    assert not any("notes" in op.key for op in target.ops)
    assert any("1 key that is none of its stay" in warning for warning in target.warnings)


async def test_every_spelling_goes_with_its_directory() -> None:
    keys = {
        f"{{{ID}}}/0000000000.step": message(),
        f"old/copy/{ID}/0000000001.step": message(step=1),
        f"{ID}/+2.step.bak": message(step=2),
        f"{ID}/keep/me": b"",
    }
    target = planned(plan_delete(await detail_of(keys, ID), IN_DIRECTORY))
    assert [(op.kind, op.key) for op in target.ops] == [
        (OpKind.DELETE, f"procedure/{{{ID}}}/0000000000.step"),
        (OpKind.DELETE, f"procedure/old/copy/{ID}/0000000001.step"),
        (OpKind.DELETE, f"{HERE}+2.step.bak"),
        (OpKind.REMOVE_DIRECTORY, f"procedure/old/copy/{ID}/"),
        (OpKind.REMOVE_DIRECTORY, f"procedure/{{{ID}}}/"),
    ]
    assert target.kept == (f"{HERE}keep/me",)


async def test_segments_go_with_their_value_head_first() -> None:
    """A value without its head is ignored by every loader; one without its tail would not decode."""
    value = message("x" * 40)
    long = {f"{ID}/0000000000.step": value[:20]}
    long |= {f"{ID}/0000000000.step/{part:010}": value[20 * part :][:20] for part in (1, 2)}
    detail = await detail_of({**long, **marker(1, "commit")}, ID, merge_segments=True)
    target = planned(plan_delete(detail, IN_BLOB))
    assert names(target) == [
        "0000000000.step",
        "0000000000.step/0000000001",
        "0000000000.step/0000000002",
        "0000000001.commit",
    ]
    assert sum(op.size_in_bytes for op in target.ops) >= 60
    assert names(planned(plan_truncate(detail, IN_BLOB, Cut(keep=0)))) == names(target)[:3]
    unmerged = await detail_of({**long, **marker(1, "commit")}, ID)
    assert planned(plan_delete(unmerged, IN_BLOB)).kept == tuple(f"procedure/{key}" for key in list(long)[1:])
