from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from procdash.insight.problems import ProblemCode, problems_of
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex
from procdash.live.view import Order, RowFilter, View
from procdash.store.keys import KeyType
from procdash.store.records import MessageHeader, ProcedureRecord

STUCK_AFTER = 900.0
IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(8)]


def record(
    procedure_id: str,
    key_type: KeyType | None = KeyType.STEP,
    modified_at: float | None = 0.0,
    *,
    step: int = 0,
    type_name: str = "T",
    parent_id: str | None = None,
    error: str | None = None,
    failure: str | None = None,
) -> ProcedureRecord:
    has_message = key_type not in (KeyType.COMMIT, None) and failure is None
    return ProcedureRecord(
        procedure_id=procedure_id,
        directory=procedure_id,
        file_name=None if key_type is None else f"{step:010}.{key_type.value}",
        step=None if key_type is None else step,
        key_type=key_type,
        key_count=step + 1,
        modified_at=modified_at,
        version=None,
        message=MessageHeader(type_name, parent_id, error, step) if has_message else None,
        failure=failure,
    )


RECORDS = st.builds(
    record,
    st.sampled_from(IDS),
    st.sampled_from([*KeyType, None]),
    st.none() | st.sampled_from([0.0, 10.0, 500.0, 1000.0]),
    step=st.integers(0, 3),
    type_name=st.sampled_from(["T", "a::B", "c::A"]),
    parent_id=st.none() | st.sampled_from(IDS),
    error=st.none() | st.just("no"),
    failure=st.none() | st.just("bad"),
)
FILTERS = st.builds(RowFilter, st.none() | st.sampled_from(list(Verdict)), st.booleans())
ACTIONS = st.one_of(
    st.tuples(st.just("put"), RECORDS),
    st.tuples(st.just("remove"), st.sampled_from(IDS)),
    st.tuples(st.just("order"), st.tuples(st.sampled_from(list(Order)), st.booleans())),
    st.tuples(st.just("filter"), FILTERS),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 400.0, 900.0])),
)


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def worst_problem(index: ProcedureIndex, shown: ProcedureRecord, now: float) -> ProblemCode | None:
    found = problems_of(shown, index.surroundings_of(shown), now=now, stuck_after=STUCK_AFTER)
    return found[0].code if found else None


def expected_rows(
    index: ProcedureIndex, now: float, order: Order, descending: bool, row_filter: RowFilter
) -> list[str]:
    """What a view has to show, worked out from nothing."""

    def value(shown: ProcedureRecord) -> float | str | None:
        problem = worst_problem(index, shown, now)
        by_order: dict[Order, Callable[[], float | str | None]] = {
            Order.STATE: lambda: list(Verdict).index(verdict_of(shown)),
            Order.TYPE: lambda: None if shown.message is None else shown.message.type_name.split("::")[-1],
            Order.ID: lambda: 0,
            Order.STEP: lambda: shown.step,
            Order.KEYS: lambda: shown.key_count,
            Order.AGE: lambda: None if shown.modified_at is None else now - shown.modified_at,
            Order.NOTE: lambda: (
                list(ProblemCode).index(problem)
                if problem is not None
                else len(ProblemCode) + (shown.message is None or shown.message.error is None)
            ),
        }
        return by_order[order]()

    passing = [
        shown
        for shown in index.records()
        if row_filter.verdict in (None, verdict_of(shown))
        and not (row_filter.problems_only and worst_problem(index, shown, now) is None)
    ]
    known = [(value(shown), shown.procedure_id) for shown in passing if value(shown) is not None]
    unknown = sorted((shown.procedure_id for shown in passing if value(shown) is None), reverse=descending)
    return [*(procedure_id for _, procedure_id in sorted(known, reverse=descending)), *unknown]


@settings(max_examples=200, deadline=None)
@given(st.lists(ACTIONS, max_size=25))
def test_a_view_always_equals_sorting_everything_anew(actions: list[tuple[str, object]]) -> None:
    index, clock = ProcedureIndex(), Clock()
    view = View(index, clock, STUCK_AFTER)
    for action, argument in actions:
        match action, argument:
            case "put", ProcedureRecord() as shown:
                view.apply(index.apply(shown.procedure_id, shown))
            case "remove", str(procedure_id):
                view.apply(index.apply(procedure_id, None))
            case "order", (Order() as order, bool(descending)):
                view.set_order(order, descending=descending)
            case "filter", RowFilter() as row_filter:
                view.set_filter(row_filter)
            case "wait", float(seconds):
                clock.now += seconds
        view.advance()
        rows = expected_rows(index, clock.now, view.order, view.descending, view.row_filter)
        assert list(view) == rows
        assert len(view) == len(rows)
        assert [view.row(position) for position in range(len(rows))] == rows
        assert [view.position_of(procedure_id) for procedure_id in rows] == list(range(len(rows)))
        assert view.rows(1, 4) == rows[1:4]
        problems = {shown.procedure_id: worst_problem(index, shown, clock.now) for shown in index.records()}
        assert view.problem_count == sum(code is not None for code in problems.values())
        assert all(view.worst_problem(procedure_id) == code for procedure_id, code in problems.items())


def a_view(*records: ProcedureRecord, now: float = 1000.0) -> tuple[View, ProcedureIndex, Clock]:
    index, clock = ProcedureIndex(), Clock(now)
    for shown in records:
        index.apply(shown.procedure_id, shown)
    return View(index, clock, STUCK_AFTER), index, clock


def test_the_newest_change_comes_first() -> None:
    view, _, _ = a_view(
        record(IDS[0], modified_at=5.0), record(IDS[1], modified_at=9.0), record(IDS[2], modified_at=None)
    )
    assert list(view) == [IDS[1], IDS[0], IDS[2]]


def test_a_procedure_becomes_stuck_by_time_alone() -> None:
    view, _, clock = a_view(record(IDS[0], modified_at=1000.0), record(IDS[1], KeyType.COMMIT, 1000.0))
    view.set_filter(RowFilter(problems_only=True))
    assert (view.next_stuck_at, view.problem_count, list(view)) == (1900.0, 0, [])
    clock.now = 1899.9
    assert not view.advance()
    clock.now = 1900.0
    assert view.advance()
    assert (view.next_stuck_at, view.problem_count, list(view)) == (None, 1, [IDS[0]])


def test_a_moving_child_keeps_its_parent_from_being_stuck() -> None:
    view, index, clock = a_view(record(IDS[0], modified_at=100.0), now=900.0)
    assert view.problem_count == 0
    clock.now = 1000.0
    view.apply(index.apply(IDS[1], record(IDS[1], modified_at=950.0, parent_id=IDS[0])))
    view.advance()
    assert view.problem_count == 0
    assert view.next_stuck_at == 1850.0


def test_a_parent_that_goes_makes_orphans() -> None:
    view, index, _ = a_view(record(IDS[0], modified_at=999.0), record(IDS[1], modified_at=999.0, parent_id=IDS[0]))
    assert view.problem_count == 0
    view.apply(index.apply(IDS[0], None))
    assert view.worst_problem(IDS[1]) is ProblemCode.ORPHAN


def test_the_schedule_does_not_grow_with_the_number_of_changes() -> None:
    view, index, _ = a_view()
    for number in range(5000):
        shown = record(IDS[0], modified_at=1000.0 + number / 100)
        view.apply(index.apply(IDS[0], shown))
    assert len(view._schedule) < 2000
