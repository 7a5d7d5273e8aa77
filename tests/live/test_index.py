"""The live index: row events, counts, families and unknown keys, after any sequence of changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.records import header, record

from procdash.insight.problems import Surroundings
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex, RowEvent, RowEventKind
from procdash.store import KeyType, ProcedureRecord
from procdash.store.records import EntryReading

PARENT, CHILD, OTHER = (f"{number:08}-0000-0000-0000-000000000000" for number in range(3))


def _child(procedure_id: str = CHILD, parent_id: str = PARENT, **fields: Any) -> ProcedureRecord:
    return record(procedure_id=procedure_id, message=header(parent_id=parent_id), **fields)


def _root(procedure_id: str = PARENT, key_type: KeyType = KeyType.STEP, **fields: Any) -> ProcedureRecord:
    return record(key_type, procedure_id=procedure_id, **fields)


def _index(*records: ProcedureRecord) -> ProcedureIndex:
    index = ProcedureIndex()
    for found in records:
        index.apply(found.procedure_id, found)
    return index


def _counts(index: ProcedureIndex) -> dict[Verdict, int]:
    return {verdict: count for verdict, count in index.counts.items() if count}


def test_a_row_comes_changes_and_goes() -> None:
    index = ProcedureIndex()
    loaded, finished = _root(), _root(key_type=KeyType.COMMIT)
    assert index.apply(PARENT, loaded) == [RowEvent(RowEventKind.ADDED, PARENT, None, loaded)]
    assert (index.get(PARENT), len(index), PARENT in index, list(index)) == (loaded, 1, True, [PARENT])
    assert index.apply(PARENT, finished) == [RowEvent(RowEventKind.CHANGED, PARENT, loaded, finished)]
    assert _counts(index) == {Verdict.FINISHED: 1}
    assert index.apply(PARENT, None) == [RowEvent(RowEventKind.REMOVED, PARENT, finished, None)]
    assert (index.get(PARENT), len(index), PARENT in index, _counts(index)) == (None, 0, False, {})


def test_what_did_not_change_gives_no_event() -> None:
    index = _index(_root())
    assert index.apply(PARENT, _root()) == []
    assert index.apply(CHILD, None) == []
    assert _counts(index) == {Verdict.LOADED: 1}


@pytest.mark.parametrize("field", ["modified_at", "version", "failure", "key_count", "unknown_keys", "tied_keys"])
def test_any_difference_of_a_record_is_a_change(field: str) -> None:
    value: Any = ("x",) if field.endswith("keys") else 7.0 if field == "modified_at" else 9
    index = _index(_root())
    [event] = index.apply(PARENT, _root(**{field: value}))
    assert event.kind is RowEventKind.CHANGED


def test_counts_by_verdict() -> None:
    records = [
        _root(key_type=KeyType.COMMIT),
        _root(CHILD, KeyType.ROLLBACK),
        _root(OTHER, message=None, failure="x"),
    ]
    assert _counts(_index(*records)) == {Verdict.FINISHED: 1, Verdict.ROLLING_BACK: 1, Verdict.UNREADABLE: 1}


def test_children_hear_when_their_parent_comes_or_goes() -> None:
    child, parent = _child(), _root()
    index = _index(child)
    assert index.surroundings_of(child) == Surroundings(parent_is_present=False)
    came = index.apply(PARENT, parent)
    assert came == [
        RowEvent(RowEventKind.ADDED, PARENT, None, parent),
        RowEvent(RowEventKind.CHANGED, CHILD, child, child),
    ]
    assert index.surroundings_of(child) == Surroundings(parent_is_present=True)
    changed = _root(key_type=KeyType.COMMIT)
    assert index.apply(PARENT, changed) == [RowEvent(RowEventKind.CHANGED, PARENT, parent, changed)]
    went = index.apply(PARENT, None)
    assert went == [
        RowEvent(RowEventKind.REMOVED, PARENT, changed, None),
        RowEvent(RowEventKind.CHANGED, CHILD, child, child),
    ]
    assert index.surroundings_of(child).parent_is_present is False


def test_a_root_has_its_parent() -> None:
    index = _index(_root())
    assert index.surroundings_of(_root()) == Surroundings(parent_is_present=True, newest_child_key_at=None)


def test_the_newest_key_of_any_child() -> None:
    parent = _root()
    index = _index(parent, _child(modified_at=5.0), _child(OTHER, modified_at=None))
    assert index.surroundings_of(parent).newest_child_key_at == 5.0
    index.apply(OTHER, _child(OTHER, modified_at=9.0))
    assert index.surroundings_of(parent).newest_child_key_at == 9.0
    index.apply(OTHER, None)
    index.apply(CHILD, None)
    assert index.surroundings_of(parent).newest_child_key_at is None


def test_a_child_may_change_its_parent() -> None:
    index = _index(_child())
    index.apply(CHILD, _child(parent_id=OTHER))
    assert list(index.children_of(PARENT)) == []
    assert list(index.children_of(OTHER)) == [CHILD]
    index.apply(CHILD, record(KeyType.COMMIT, procedure_id=CHILD))
    assert list(index.children_of(OTHER)) == []


def test_a_procedure_that_names_itself_as_its_parent() -> None:
    own = _child(PARENT, PARENT)
    index = ProcedureIndex()
    assert index.apply(PARENT, own) == [RowEvent(RowEventKind.ADDED, PARENT, None, own)]
    assert index.surroundings_of(own).parent_is_present
    assert index.apply(PARENT, None) == [RowEvent(RowEventKind.REMOVED, PARENT, own, None)]


def test_a_reading_is_taken_in_whole() -> None:
    index = _index(_root(OTHER))
    reading = EntryReading(
        records=(_root(), _child()),
        removed=(OTHER, "never there"),
        unknown_keys=(("readme", ("procedure/readme",)), ("a", ("procedure/a/y", "procedure/a/x"))),
    )
    kinds = [(event.kind, event.procedure_id) for event in index.apply_reading(reading)]
    assert kinds == [(RowEventKind.ADDED, PARENT), (RowEventKind.ADDED, CHILD), (RowEventKind.REMOVED, OTHER)]
    assert index.unknown_keys() == ["procedure/a/x", "procedure/a/y", "procedure/readme"]
    assert index.apply_reading(reading) == []
    index.apply_reading(EntryReading(unknown_keys=(("a", ()), ("gone", ()))))
    assert index.unknown_keys() == ["procedure/readme"]


def test_the_entries_that_something_is_known_of() -> None:
    index = _index(_root(), _root(CHILD, directory=f"a/b/{CHILD}"))
    index.apply_reading(EntryReading(unknown_keys=(("readme", ("procedure/readme",)),)))
    assert index.entries() == {PARENT, "a", "readme"}


IDS = [PARENT, CHILD, OTHER]
records = st.builds(
    lambda procedure_id, key_type, parent_id, modified_at: record(
        key_type,
        procedure_id=procedure_id,
        modified_at=modified_at,
        message=None if key_type is KeyType.COMMIT else header(parent_id=parent_id),
    ),
    st.sampled_from(IDS),
    st.sampled_from(KeyType),
    st.none() | st.sampled_from([*IDS, "ffffffff-0000-0000-0000-000000000000"]),
    st.none() | st.sampled_from([1.0, 2.0]),
)
changes = st.lists(
    records.map(lambda found: (found.procedure_id, found)) | st.tuples(st.sampled_from(IDS), st.none())
)


@given(changes)
def test_any_sequence_of_changes_equals_a_rebuild(
    sequence: list[tuple[str, ProcedureRecord | None]],
) -> None:
    index = ProcedureIndex()
    final: dict[str, ProcedureRecord] = {}
    told: dict[str, ProcedureRecord | None] = {}
    for procedure_id, found in sequence:
        orphans_before = _orphans(index)
        events = index.apply(procedure_id, found)
        if found is None:
            final.pop(procedure_id, None)
        else:
            final[procedure_id] = found
        for event in events:
            assert told.get(event.procedure_id) == event.before
            assert (event.before is None) == (event.kind is RowEventKind.ADDED)
            assert (event.after is None) == (event.kind is RowEventKind.REMOVED)
            told[event.procedure_id] = event.after
        assert len({event.procedure_id for event in events}) == len(events)
        changed_family = (orphans_before ^ _orphans(index)) & set(final)
        assert changed_family <= {event.procedure_id for event in events}
    rebuilt = _index(*final.values())
    assert {found.procedure_id: found for found in index.records()} == final
    assert {procedure_id: found for procedure_id, found in told.items() if found} == final
    assert _counts(index) == _counts(rebuilt)
    assert sum(index.counts.values()) == len(index) == len(final)
    for procedure_id in [*IDS, "ffffffff-0000-0000-0000-000000000000"]:
        assert set(index.children_of(procedure_id)) == set(rebuilt.children_of(procedure_id))
    for found in final.values():
        assert index.surroundings_of(found) == rebuilt.surroundings_of(found)
        assert index.counts[verdict_of(found)] > 0


def _orphans(index: ProcedureIndex) -> set[str]:
    return {found.procedure_id for found in index.records() if not index.surroundings_of(found).parent_is_present}
