"""A plan that is cut short anywhere: who decides is who decided before, or who decides afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.actions import NOW
from support.blobs import ID, message

from procdash.actions.planning import Circumstances, Cut, plan_commit, plan_delete, plan_truncate, states_of
from procdash.actions.plans import ActionKind, KeyState, OpKind, Plan, Refusal, Target
from procdash.actions.progress import progress_of
from procdash.actions.undoing import plan_undo
from procdash.insight.verdict import verdict_of
from procdash.live.index import ProcedureIndex
from procdash.store import BlobMetadata, KeyType, ParsedKey, ProcedureDetail, StoredKey
from procdash.store.keys import deciding_key, listing_order
from procdash.store.reader import make_record

ABOUT = Circumstances(ProcedureIndex(), NOW, has_directories=True)
SPELLINGS = [ID, ID.upper(), f"{{{ID}}}", f"old/{ID}"]

key_sets = st.dictionaries(
    st.builds(
        lambda spelling, step, kind: f"procedure/{spelling}/{step:010}.{kind}",
        st.sampled_from(SPELLINGS) | st.just(ID),
        st.integers(0, 6),
        st.sampled_from([*KeyType]),
    ),
    st.sampled_from([message(), message(error="e"), b"{", b""]),
    min_size=1,
    max_size=12,
)
cuts = st.builds(Cut, keep=st.integers(0, 4)) | st.builds(Cut, below=st.integers(0, 7))


class Store(NamedTuple):
    """One procedure's keys with their values; a version is a value's number."""

    values: dict[str, tuple[bytes, int]]

    @classmethod
    def of(cls, values: Mapping[str, bytes]) -> Store:
        return cls({key: (value, number) for number, (key, value) in enumerate(values.items())})

    def detail(self) -> ProcedureDetail | None:
        keys = []
        for key in sorted(self.values, key=listing_order):
            parsed = ParsedKey.parse("procedure/", key)
            assert parsed is not None
            value, version = self.values[key]
            keys.append(StoredKey(BlobMetadata(key, len(value), None, str(version)), parsed))
        if not keys:
            return None
        deciding = self.deciding()
        return ProcedureDetail(make_record(keys, self.values[deciding or ""][0]), tuple(keys))

    def deciding(self) -> str | None:
        """The key that decides, as it is spelled."""
        parsed = {key: ParsedKey.parse("procedure/", key) for key in sorted(self.values, key=listing_order)}
        found = deciding_key(filter(None, parsed.values()))
        return next((key for key, each in parsed.items() if each is found), None)

    def after_each_op(self, plan: Plan, removed: Mapping[int, bytes]) -> list[Store]:
        """The store after each op, as it is before the first one in front."""
        states = [self]
        for op in plan.ops:
            values = dict(states[-1].values)
            if op.kind is OpKind.DELETE:
                value, version = values.pop(op.key)
                assert (len(value), str(version)) == (op.size_in_bytes, op.version)
            elif op.kind is OpKind.PUT:
                assert op.key not in values
                value = b"" if op.source is None else removed[op.source]
                assert len(value) == op.size_in_bytes
                values[op.key] = (value, 1_000 + len(states))
            states.append(Store(values))
        return states


def check_order(states: list[Store]) -> None:
    """Whoever decides on the way decided before, or decides at the end."""
    allowed = {states[0].deciding(), states[-1].deciding()}
    assert {state.deciding() for state in states} <= allowed
    changes = [before.deciding() != after.deciding() for before, after in itertools.pairwise(states)]
    assert sum(changes) <= 1, "and it changes once"


def removed_by(plan: Plan, store: Store) -> dict[int, bytes]:
    return {number: store.values[op.key][0] for number, op in enumerate(plan.ops) if op.kind is OpKind.DELETE}


def undo_of(plan: Plan, now: Store, *, written: tuple[KeyState, ...] | None = None) -> Plan:
    """The undo of what is done of a plan about one procedure."""
    [(target, ops)] = plan.numbered
    progress = {ID: progress_of(target, ops, states_of(now.detail()), written)}
    return plan_undo(1, plan, progress, {ID: now.detail()}, has_directories=True)


def plan_of(kind: ActionKind, store: Store, cut: Cut) -> Plan | None:
    detail = store.detail()
    assert detail is not None
    found = {
        ActionKind.COMMIT: lambda: plan_commit(detail, ABOUT),
        ActionKind.DELETE: lambda: plan_delete(detail, ABOUT),
        ActionKind.TRUNCATE: lambda: plan_truncate(detail, ABOUT, cut),
    }[kind]()
    return None if isinstance(found, Refusal) else Plan(kind=kind, location="", targets=(found,))


@pytest.mark.parametrize("kind", [ActionKind.COMMIT, ActionKind.DELETE, ActionKind.TRUNCATE])
@given(values=key_sets, cut=cuts)
def test_no_other_key_ever_decides(kind: ActionKind, values: dict[str, bytes], cut: Cut) -> None:
    """Nor while it is undone, from wherever it was cut short; and then everything is as it was."""
    store = Store.of(values)
    plan = plan_of(kind, store, cut)
    if plan is None:
        return
    removed = removed_by(plan, store)
    states = store.after_each_op(plan, removed)
    check_order(states)
    detail = states[-1].detail()
    assert plan.targets[0].result == (None if detail is None else verdict_of(detail.record))
    if kind is ActionKind.TRUNCATE:
        assert states[-1].deciding() == store.deciding()
    for state in states:
        undo = undo_of(plan, state)
        assert undo.refusals == ()
        undone = state.after_each_op(undo, removed)
        check_order(undone)
        assert {key: value for key, (value, _) in undone[-1].values.items()} == values
        for half in undone:
            check_redo(undo, half)


def check_redo(undo: Plan, half: Store) -> None:
    """An undo that is undone itself, from wherever it was cut short."""
    if undo.targets:
        redo = undo_of(undo, half)
        assert redo.refusals == ()
        deleted_again = {op.source: b"" for op in redo.ops if op.kind is OpKind.PUT and op.source is not None}
        check_order(half.after_each_op(redo, deleted_again))


@given(
    values=key_sets, cut=cuts, kind=st.sampled_from([ActionKind.DELETE, ActionKind.TRUNCATE, ActionKind.COMMIT])
)
def test_the_order_is_that_of_the_ops(values: dict[str, bytes], cut: Cut, kind: ActionKind) -> None:
    """What is done of a plan is read from the store: at each prefix exactly the ops before it."""
    store = Store.of(values)
    plan = plan_of(kind, store, cut)
    if plan is None:
        return
    [(target, ops)] = plan.numbered
    for done, state in enumerate(store.after_each_op(plan, removed_by(plan, store))):
        progress = progress_of(target, ops, states_of(state.detail()))
        writes = {number for number, op in ops if op.kind is not OpKind.REMOVE_DIRECTORY}
        assert progress.done == writes & set(range(done))
        assert progress.differences == ()


VALUES = {f"procedure/{ID}/{step:010}.step": message(step=step) for step in range(3)}
KEYS = list(VALUES)


class TestUndoing:
    def deleted(self) -> tuple[Plan, Store, Store]:
        store = Store.of(VALUES)
        plan = plan_of(ActionKind.DELETE, store, Cut())
        assert plan is not None
        return plan, store, store.after_each_op(plan, {})[-1]

    def test_the_deciding_key_comes_first(self) -> None:
        plan, _, after = self.deleted()
        undo = undo_of(plan, after)
        assert [(op.kind, op.key, op.source) for op in undo.ops] == [
            (OpKind.PUT, KEYS[2], 2),
            (OpKind.PUT, KEYS[1], 1),
            (OpKind.PUT, KEYS[0], 0),
        ]
        [target] = undo.targets
        assert undo.undoes == 1
        assert (target.verdict, target.result) == (None, plan.targets[0].verdict)
        assert target.warnings == ("It is unfinished: the engine goes on with it at its next start.",)

    def test_what_has_come_since_is_not_written_over(self) -> None:
        plan, _, after = self.deleted()
        new = f"procedure/{ID}/0000000003.step"
        undo = undo_of(plan, Store({**after.values, new: (b"new", 9)}))
        assert undo.ops == ()
        [refusal] = undo.refusals
        assert refusal.reason == "It has changed since, so what was there before is not written over it."
        assert [(each.key, each.word) for each in refusal.differences] == [(new, "appeared")]

    def test_every_kind_of_difference_has_a_word(self) -> None:
        store = Store.of(VALUES)
        plan = plan_of(ActionKind.TRUNCATE, store, Cut(keep=1))
        assert plan is not None
        last = KEYS[2]
        for values, word in (
            ({}, "gone"),
            ({last: (b"other", 8)}, "rewritten"),
            ({last: store.values[last]}, None),
        ):
            undo = undo_of(plan, Store(values))
            assert [each.word for refusal in undo.refusals for each in refusal.differences] == [word] * bool(word)
            assert bool(undo.ops) is (word is None)

    def test_a_commit_is_taken_back_unless_it_is_somebody_elses(self) -> None:
        store = Store.of(VALUES)
        plan = plan_of(ActionKind.COMMIT, store, Cut())
        assert plan is not None
        *_, after = store.after_each_op(plan, {})
        key = plan.ops[0].key
        ours = KeyState(key, 0, str(after.values[key][1]))
        known: list[tuple[KeyState, ...] | None] = [None, (ours,)]
        for written in known:
            assert [(op.kind, op.key) for op in undo_of(plan, after, written=written).ops] == [
                (OpKind.DELETE, key)
            ]
        others: list[tuple[KeyState, ...]] = [(), (KeyState(key, 0, "another"),)]
        for others_keys in others:
            undo = undo_of(plan, after, written=others_keys)
            assert undo.ops == ()
            assert [each.key for refusal in undo.refusals for each in refusal.differences] == [key]

    def test_nothing_done_is_nothing_to_undo(self) -> None:
        plan, store, _ = self.deleted()
        undo = undo_of(plan, store)
        assert (undo.targets, undo.refusals) == ((), ())

    @pytest.mark.parametrize("changed", [0, 1])
    def test_a_family_is_brought_back_as_one(self, changed: int) -> None:
        plan, _, _ = self.deleted()
        target = plan.targets[0]
        other = Target(
            procedure_id="other",
            type_name=None,
            verdict=None,
            result=None,
            before=(KeyState("procedure/other/0000000000.step", 1, "1"),),
            ops=plan.ops[:0],
            family=ID,
        )
        both = Plan(kind=plan.kind, location="", targets=(target, other))
        progress = {each.procedure_id: progress_of(each, ops, each.before[:0]) for each, ops in both.numbered}
        if not changed:
            progress["other"] = progress_of(other, [], other.before)
        undo = plan_undo(1, both, progress, {ID: None, "other": None}, has_directories=False)
        assert bool(undo.targets) is not changed
        assert {refusal.procedure_id for refusal in undo.refusals} == ({ID, "other"} if changed else set())
        if changed:
            reasons = {refusal.procedure_id: refusal.reason for refusal in undo.refusals}
            assert reasons[ID] == "A procedure that it goes together with has changed since."
