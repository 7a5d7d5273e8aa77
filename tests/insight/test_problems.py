"""Problems: when each one is found, in which order, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.records import HERE, ID, header, record

from procdash.insight.problems import (
    STUCK_AFTER_SECONDS,
    Problem,
    ProblemCode,
    Surroundings,
    problems_of,
    stuck_at,
)
from procdash.store import KeyType, ProcedureRecord

OTHER_ID = "1b2c3d4e-0000-4000-8000-00000000abcd"
ALONE = Surroundings()
PARENTLESS = Surroundings(parent_is_present=False)
NOW = 1_000.0
"""When the records here were written; nothing is stuck yet."""


def _only(found: ProcedureRecord, surroundings: Surroundings = ALONE, now: float = NOW) -> Problem:
    [problem] = problems_of(found, surroundings, now=now)
    return problem


@pytest.mark.parametrize("key_type", [*KeyType])
def test_a_procedure_that_is_fine_has_none(key_type: KeyType) -> None:
    assert problems_of(record(key_type), ALONE, now=NOW) == []
    assert problems_of(record(key_type, message=header(parent_id=OTHER_ID)), ALONE, now=NOW) == []


def test_an_unreadable_value() -> None:
    assert _only(record(message=None, failure="the value is empty")) == Problem(
        ProblemCode.UNREADABLE,
        "The value of 0000000002.step does not decode: the value is empty; the loader skips the procedure.",
        "Look at the raw value; the older steps are still there, but no engine falls back to them.",
    )


def test_an_unlistable_directory() -> None:
    assert _only(record(None, failure="cannot list it: Permission denied")) == Problem(
        ProblemCode.UNREADABLE,
        "Its directory cannot be listed: cannot list it: Permission denied.",
        "Give this user permission to read it; an engine that cannot read it either loads nothing at all.",
    )


def test_a_value_that_may_not_be_read() -> None:
    assert _only(record(message=None, failure="cannot read it: Permission denied", is_readable=False)) == Problem(
        ProblemCode.UNREADABLE,
        "0000000002.step cannot be read: cannot read it: Permission denied.",
        "Give this user permission to read it; an engine that cannot read it either loads nothing at all.",
    )


@pytest.mark.parametrize(
    ("key_type", "tied", "names", "outcome"),
    [
        (KeyType.COMMIT, ["0000000002.step"], "0000000002.step", "what becomes of the procedure"),
        (
            KeyType.COMMIT,
            ["0000000002.rollback", "0000000002.step"],
            "0000000002.rollback, 0000000002.step",
            "what becomes of the procedure",
        ),
        (
            KeyType.STEP,
            ["0000000002.step.bak", "2.step"],
            "0000000002.step.bak, 2.step",
            "which of the values counts",
        ),
    ],
)
def test_an_ambiguous_tie(key_type: KeyType, tied: list[str], names: str, outcome: str) -> None:
    found = record(key_type, tied_keys=tuple(f"{HERE}/{name}" for name in tied))
    assert _only(found) == Problem(
        ProblemCode.AMBIGUOUS_TIE,
        f"{found.file_name} and {names} stand at the same step: the order of listing decides {outcome}, "
        "and a directory has none.",
        "Where the engine lists in byte order the verdict shown holds; else remove the key that should not count.",
    )


def test_a_tie_with_another_spelling_names_the_whole_key() -> None:
    tied = f"procedure/{ID.upper()}/0000000002.step"
    found = record(directory=ID, tied_keys=(tied,))
    assert _only(found).sentence.startswith(f"0000000002.step and {tied} stand at the same step: ")


@pytest.mark.parametrize("key_type", [KeyType.STEP, KeyType.ROLLBACK])
def test_an_orphan(key_type: KeyType) -> None:
    found = record(key_type, message=header(parent_id=OTHER_ID))
    assert _only(found, PARENTLESS) == Problem(
        ProblemCode.ORPHAN,
        f"Its parent {OTHER_ID} is not in the store, so no engine ever resumes or deletes it.",
        "Once no engine is running its parent, delete it.",
    )
    assert problems_of(found, ALONE, now=NOW) == []


def test_what_is_finished_or_unreadable_is_no_orphan() -> None:
    assert problems_of(record(KeyType.COMMIT), PARENTLESS, now=NOW) == []
    assert _only(record(message=None, failure="x"), PARENTLESS).code is ProblemCode.UNREADABLE


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (-10.0, None),
        (0.0, None),
        (899.999, None),
        (900.0, "15 minutes"),
        (959.9, "15 minutes"),
        (960.0, "16 minutes"),
        (7_199.0, "119 minutes"),
        (7_200.0, "2 hours"),
        (172_799.0, "47 hours"),
        (172_800.0, "2 days"),
    ],
)
@pytest.mark.parametrize("key_type", [KeyType.STEP, KeyType.ROLLBACK])
def test_stuck(key_type: KeyType, age: float, words: str | None) -> None:
    problems = problems_of(record(key_type), ALONE, now=NOW + age)
    if words is None:
        assert problems == []
        return
    assert problems == [
        Problem(
            ProblemCode.STUCK,
            f"No new key for {words} (going by modification times).",
            "See in the engine's log whether it still retries; a restart resumes it from the deciding step.",
        )
    ]


@pytest.mark.parametrize(("age", "words"), [(2, "2 seconds"), (119, "119 seconds"), (120, "2 minutes")])
def test_a_short_patience(age: float, words: str) -> None:
    [problem] = problems_of(record(), ALONE, now=NOW + age, stuck_after=1)
    assert problem.sentence.startswith(f"No new key for {words} (")


def test_a_parent_is_not_stuck_while_its_children_move() -> None:
    waiting = Surroundings(newest_child_key_at=NOW + 500)
    assert problems_of(record(), waiting, now=NOW + 1_399.9) == []
    [problem] = problems_of(record(), waiting, now=NOW + 1_400)
    assert problem.sentence.startswith("No new key for 15 minutes")
    long_ago = Surroundings(newest_child_key_at=1.0)
    assert stuck_at(record(), long_ago, 900.0) == NOW + 900


@pytest.mark.parametrize(
    "found",
    [
        record(KeyType.COMMIT),
        record(message=None, failure="x"),
        record(None, failure="x"),
        record(modified_at=None),
    ],
)
def test_what_can_never_be_stuck(found: ProcedureRecord) -> None:
    assert stuck_at(found, ALONE, STUCK_AFTER_SECONDS) is None
    problems = problems_of(found, ALONE, now=NOW + 10**9)
    assert ProblemCode.STUCK not in {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (("notes",), "notes"),
        (("a", "b", "c"), "a, b, c"),
        (("a", "b", "c", "d", "e"), "a, b, c and 2 more"),
        (("sub/0000000001.step/0000000001",), "0000000001"),
    ],
)
@pytest.mark.parametrize("key_type", [KeyType.STEP, KeyType.COMMIT])
def test_a_stray_key(key_type: KeyType, keys: tuple[str, ...], names: str) -> None:
    found = record(key_type, unknown_keys=tuple(f"{HERE}/{key}" for key in keys))
    assert _only(found) == Problem(
        ProblemCode.STRAY_KEY,
        f"Among its keys stands something that is none: {names}.",
        "Move it away: in a directory it keeps the engine from removing the procedure when it ends.",
    )


def test_a_non_canonical_id() -> None:
    found = record(KeyType.COMMIT, non_canonical_keys=(f"procedure/{ID.upper()}/0000000002.commit",))
    assert _only(found) == Problem(
        ProblemCode.NON_CANONICAL_ID,
        f"Its id is spelled procedure/{ID.upper()} instead of procedure/{ID}: loaded, but never deleted.",
        "Once no engine is running, rename the directory to the canonical id.",
    )


def test_the_worst_comes_first() -> None:
    broken = record(
        message=header(parent_id=OTHER_ID),
        tied_keys=(f"{HERE}/2.step",),
        unknown_keys=(f"{HERE}/notes",),
        non_canonical_keys=(f"procedure/{ID.upper()}/1.step",),
    )
    codes = [problem.code for problem in problems_of(broken, PARENTLESS, now=NOW + 10**6)]
    assert codes == [code for code in ProblemCode if code is not ProblemCode.UNREADABLE]


@given(
    st.builds(
        record,
        st.sampled_from([*KeyType, None]),
        message=st.none() | st.just(header(parent_id=OTHER_ID)),
        failure=st.just("x"),
        modified_at=st.none() | st.floats(0, 4_000),
        tied_keys=st.sampled_from([(), (f"{HERE}/2.step",)]),
    ),
    st.builds(Surroundings, st.booleans(), st.none() | st.floats(0, 4_000)),
    st.floats(0, 10_000),
    st.floats(1, 4_000),
)
def test_problems_are_in_order_and_stuck_begins_when_it_says(
    found: ProcedureRecord, surroundings: Surroundings, now: float, stuck_after: float
) -> None:
    codes = [problem.code for problem in problems_of(found, surroundings, now=now, stuck_after=stuck_after)]
    assert codes == sorted(set(codes), key=list(ProblemCode).index)
    begins = stuck_at(found, surroundings, stuck_after)
    assert (ProblemCode.STUCK in codes) == (begins is not None and now >= begins)
