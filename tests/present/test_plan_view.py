"""Plans, reports and journal entries in words and cells."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procdash.actions.entries import Entry, EntryState
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.plans import ActionKind, Difference, KeyState, Op, OpKind, Plan, Refusal, Target
from procdash.insight.verdict import Verdict
from procdash.present.action_words import ACTION_WORDS, OP_WORDS, OUTCOME_WORDS, entry_words
from procdash.present.journal_view import entry_lines, interrupted_line, journal_row, journal_titles
from procdash.present.plan_view import headline, plan_lines, refusal_lines
from procdash.present.report_view import report_lines, result_line
from procdash.present.spans import Line, line_width

ONE = "9f805a1f-05f7-490c-9f91-bd56e3cc54c1"
TWO = "1b2c3d4e-0000-4000-8000-00000000abcd"
HERE = f"procedure/{ONE}"
HOSTILE = "\x1b]52;c;aGFja2Vk\x07\u202e\n\t[/oops]"


def text(lines: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in line).rstrip() for line in lines]


def said(line: Line) -> str:
    return "".join(piece.text for piece in line)


def target(procedure_id: str = ONE, keys: int = 2, **fields: object) -> Target:
    names = [f"procedure/{procedure_id}/{number:010}.step" for number in range(keys)]
    target = Target(
        procedure_id=procedure_id,
        type_name="metasrv-procedure::CreateTable",
        verdict=Verdict.LOADED,
        result=None,
        before=tuple(KeyState(name, 1024, "1") for name in names),
        ops=tuple(Op(OpKind.DELETE, name, 1024, "1") for name in names),
        family=procedure_id,
    )
    return msgspec.structs.replace(target, **fields)


def plan(*targets: Target, kind: ActionKind = ActionKind.DELETE, **fields: object) -> Plan:
    return msgspec.structs.replace(Plan(kind=kind, location="/here", targets=targets), **fields)


def result(outcome: Outcome = Outcome.DONE, done: int = 2, **fields: object) -> TargetResult:
    made = TargetResult(procedure_id=ONE, outcome=outcome, ops_done=done, ops_total=2)
    return msgspec.structs.replace(made, **fields)


def entry(state: EntryState = EntryState.DONE, **fields: object) -> Entry:
    made = Entry(
        number=12,
        written_at=1_795_292_160.0,
        ended_at=1_795_292_161.0,
        author="alice@db-1",
        location="/here",
        kind=ActionKind.DELETE,
        reason="",
        state=state,
        plan=plan(target()),
        results=(),
        undoes=None,
        kept_bytes=2048,
        undone_by=None,
    )
    return made._replace(**fields)  # type: ignore[arg-type]


def test_there_are_words_for_everything() -> None:
    assert ACTION_WORDS.keys() == set(ActionKind)
    assert OP_WORDS.keys() == set(OpKind)
    assert OUTCOME_WORDS.keys() == set(Outcome)
    assert len({words.glyph for words in OUTCOME_WORDS.values()}) == len(Outcome)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (plan(target()), "Delete 1 procedure · 2 keys · 2.0 KB"),
        (
            plan(target(), target(TWO, 1, is_requested=False)),
            "Delete 1 procedure and 1 descendant · 3 keys · 3.0 KB",
        ),
        (plan(target(), refusals=(Refusal(TWO, "No."),)), "Delete 1 procedure · 2 keys · 2.0 KB · 1 refused"),
        (plan(refusals=(Refusal(TWO, "No."),)), "Delete 1 procedure · not possible"),
        (plan(kind=ActionKind.COMMIT), "Commit 0 procedures · there is nothing to do"),
        (
            plan(target(ops=(Op(OpKind.PUT, f"{HERE}/0000000002.commit"),)), kind=ActionKind.COMMIT),
            "Commit 1 procedure · 1 empty key written",
        ),
        (plan(target(ops=()), kind=ActionKind.TRUNCATE), "Truncate 1 procedure · nothing to remove"),
        (
            plan(
                target(
                    ops=(Op(OpKind.PUT, f"{HERE}/1.step", 512, source=0), Op(OpKind.DELETE, f"{HERE}/2.commit"))
                ),
                kind=ActionKind.UNDO,
                undoes=7,
            ),
            "Undo entry 7 · 1 key brought back · 512 B · 1 key taken away",
        ),
    ],
)
def test_a_plan_in_one_line(shown: Plan, expected: str) -> None:
    assert said(headline(shown)) == expected


def test_a_plan_in_full() -> None:
    one = target(
        ops=(*target().ops, Op(OpKind.REMOVE_DIRECTORY, f"{HERE}/")),
        warnings=("It is loaded.",),
        kept=(f"{HERE}/notes.txt",),
    )
    child = target(TWO, 1, family=ONE, is_requested=False, verdict=Verdict.FINISHED, type_name=None)
    assert text(plan_lines(plan(child, one, refusals=(Refusal("x", "No.", "Wait."),)), 90)) == [
        "Delete 1 procedure and 1 descendant · 3 keys · 3.0 KB · 1 refused",
        "",
        f"▶ {ONE}  CreateTable    loaded → gone",
        f"└ ✔ {TWO}  -            finished → gone",
        "",
        "! It is loaded. (9f805a1f)",
        "",
        "✗ x  No.",
        "  → Wait.",
        "",
        "1 key of no procedure, which stay",
        f"  {ONE}/notes.txt",
        "",
        "4 writes, in this order; keys below procedure/",
        f"  0  delete  {TWO}/0000000000.step    1.0 KB",
        f"  1  delete  {ONE}/0000000000.step    1.0 KB",
        f"  2  delete  {ONE}/0000000001.step    1.0 KB",
        f"  3  remove  {ONE}/                 if empty",
    ]


def test_what_holds_for_many_is_said_once() -> None:
    many = [target(f"{number:08}-0000", warnings=("Beware.",)) for number in range(9)]
    assert "! Beware. (all 9)" in text(plan_lines(plan(*many), 100))
    other = target(TWO)
    assert "! Beware. (00000000, 00000001, 00000002, 00000003, 00000004, 00000005 and 3 more)" in text(
        plan_lines(plan(*many, other), 100)
    )


@pytest.mark.parametrize(
    ("shown", "change"),
    [
        (target(kept=()), "loaded → gone"),
        (target(result=Verdict.FINISHED), "loaded → finished"),
        (target(verdict=None, result=Verdict.ROLLING_BACK), "gone → rolling back"),
        (target(keys=5, ops=target().ops, result=Verdict.LOADED), "5 keys → 3, loaded"),
        (target(ops=()), "nothing to do"),
    ],
)
def test_what_becomes_of_a_procedure(shown: Target, change: str) -> None:
    assert text(plan_lines(plan(shown), 100))[2].endswith(f"  {change}")


def test_a_refusal_shows_what_is_different() -> None:
    differences = (
        Difference(f"{HERE}/1.step", KeyState(f"{HERE}/1.step", 3, "1"), None),
        Difference(f"{HERE}/2.step", None, KeyState(f"{HERE}/2.step", 2048, "2")),
    )
    assert text(refusal_lines([Refusal(ONE, "It has changed since.", "Look.", differences)], 80)) == [
        f"✗ {ONE}  It has changed since.",
        "  → Look.",
        f"    gone       {ONE}/1.step  3 B",
        f"    appeared   {ONE}/2.step  2.0 KB",
    ]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (Report(plan(target()), (result(),), 3), "✔ Deleted 1 procedure · entry 3"),
        (Report(plan(target(ops=())), (result(done=0, ops_total=0),)), "✔ There was nothing to do"),
        (Report(plan(target(), kind=ActionKind.UNDO, undoes=2), (result(),), 3), "✔ Entry 2 is undone · entry 3"),
        (
            Report(plan(target()), (result(Outcome.CHANGED, 0),)),
            "≠ Changed since you looked: nothing was written",
        ),
        (
            Report(plan(target()), (result(Outcome.FAILED, 1, message="disk full"),), 3),
            "✗ Delete failed: disk full · 1 of 2 ops done · entry 3",
        ),
        (
            Report(plan(target()), (result(Outcome.UNKNOWN, 1, message="reset"),), 3, "no space"),
            (
                "? It may have happened, re-reading: reset · 1 of 2 ops done for certain · entry 3"
                " · the journal could not note it: no space"
            ),
        ),
    ],
)
def test_a_result_says_no_more_than_is_known(report: Report, expected: str) -> None:
    assert said(result_line(report)) == expected


def test_a_report_in_full() -> None:
    results = (
        result(is_verified=True),
        result(Outcome.FAILED, 1, message="disk full", leftovers=("procedure/x/notes.txt",)),
    )
    assert text(report_lines(Report(plan(target()), results, 3), 90)) == [
        f"✔ done    {ONE}  2 of 2 ops, now gone",
        f"✗ failed  {ONE}  1 of 2 ops",
        "  disk full",
        "    stays  procedure/x/notes.txt",
    ]


@pytest.mark.parametrize(
    ("shown", "is_held", "label"),
    [
        (entry(), False, "✔ done"),
        (entry(undone_by=13), False, "○ undone by 13"),
        (entry(EntryState.APPLYING), True, "… being applied"),
        (entry(EntryState.APPLYING), False, "! interrupted"),
        (entry(EntryState.PREPARING), True, "… being applied"),
        (entry(EntryState.PREPARING), False, "○ nothing written"),
        (entry(EntryState.INCOMPLETE), False, "! incomplete"),
        (entry(EntryState.NOTHING_DONE), False, "○ nothing written"),
    ],
)
def test_how_far_an_entry_has_come(shown: Entry, is_held: bool, label: str) -> None:
    assert entry_words(shown, is_held=is_held).label == label


def test_an_entry_in_one_line() -> None:
    row = said(journal_row(entry(reason="clean\nup"), is_held=False, width=120))
    assert row.split() == ["12", "11-21", "20:16", "delete", "1", "2", "✔", "done", "alice@db-1", "clean", "up"]
    assert "undo of 7" in said(journal_row(entry(kind=ActionKind.UNDO, undoes=7), is_held=False, width=120))


def test_an_entry_in_full() -> None:
    shown = entry(EntryState.APPLYING, reason="why not", ended_at=None)
    lines = text(entry_lines(shown, {0}, is_held=False, width=100))
    assert lines[:7] == [
        "Entry 12 · Delete 1 procedure · 2 keys · 2.0 KB",
        "state    ! interrupted · 1 of 2 ops noted as done · it can be resumed or undone",
        "when     2026-11-21 20:16:00 UTC",
        "who      alice@db-1",
        "where    /here",
        "why      why not",
        "kept     2.0 KB of removed values, in the journal",
    ]
    assert lines[-2:] == [
        f"  ✔ 0  delete  {ONE}/0000000000.step  1.0 KB",
        f"  ○ 1  delete  {ONE}/0000000001.step  1.0 KB",
    ]
    assert said(interrupted_line(shown, 1)) == "! Entry 12 was interrupted after 1 of 2 ops"


def test_an_entry_without_its_values_says_that_it_cannot_be_undone() -> None:
    lines = text(entry_lines(entry(kept_bytes=0), (), is_held=False, width=100))
    assert "kept     its removed values are no longer in the journal, so it cannot be undone" in lines


@given(st.integers(20, 200), st.text(max_size=80), st.sampled_from(list(ActionKind)))
def test_nothing_is_wider_than_it_may_be_and_nothing_hostile_gets_through(
    width: int, stored: str, kind: ActionKind
) -> None:
    stored += HOSTILE
    key = f"{HERE}/{stored}"
    difference = Difference(key, None, KeyState(key, 1, None))
    one = target(type_name=stored, kept=(key,), warnings=(stored,), ops=(Op(OpKind.DELETE, key, 1),))
    refusal = Refusal(ONE, stored, stored, (difference,))
    shown = plan(one, kind=kind, refusals=(refusal,), undoes=1)
    found = result(Outcome.FAILED, message=stored, differences=(difference,), leftovers=(key,))
    written = entry(reason=stored, author=stored, location=stored, plan=shown, results=(found,))
    lines = [
        *plan_lines(shown, width),
        *report_lines(Report(shown, (found,), 1), width),
        *entry_lines(written, {0}, is_held=False, width=width),
    ]
    if width >= 40:
        lines += [journal_titles(width), journal_row(written, is_held=False, width=width)]
    for line in lines:
        assert line_width(line) <= width
        assert said(line).isprintable()
