"""Verdicts and their reasons, word for word."""

from __future__ import annotations

from itertools import count

import pytest
from support.records import HERE, ID, header, record

from procdash.insight.verdict import Verdict, reason_of, verdict_of
from procdash.store import KeyType, ProcedureRecord

OTHER_ID = "1b2c3d4e-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (record(KeyType.STEP), Verdict.LOADED),
        (record(KeyType.STEP, message=header(parent_id=OTHER_ID)), Verdict.LOADED),
        (record(KeyType.STEP, message=None, failure="the value is empty"), Verdict.UNREADABLE),
        (record(KeyType.ROLLBACK), Verdict.ROLLING_BACK),
        (record(KeyType.ROLLBACK, message=None, failure="the value is empty"), Verdict.UNREADABLE),
        (record(KeyType.COMMIT), Verdict.FINISHED),
        (record(None, failure="cannot list it"), Verdict.UNREADABLE),
    ],
)
def test_verdict(found: ProcedureRecord, verdict: Verdict) -> None:
    assert verdict_of(found) is verdict


RESUMED = "A step means: the engine resumes it at step 2 when it next starts."
CLEANED = "A commit means finished: the engine deletes the keys when it next starts."
ROLLED_BACK = "A rollback means: the engine rolls it back when it next starts."
TIED = (f"{HERE}/0000000002.rollback", f"procedure/{ID.upper()}/0000000002.commit")


@pytest.mark.parametrize(
    ("found", "what_decided", "what_it_means"),
    [
        (record(key_count=1), "0000000002.step decides: it is the only key.", RESUMED),
        (
            record(key_count=2),
            "0000000002.step decides: it has the highest step and shadows 1 older key.",
            RESUMED,
        ),
        (record(), "0000000002.step decides: it has the highest step and shadows 2 older keys.", RESUMED),
        (
            record(message=header(step=7)),
            "0000000002.step decides: it has the highest step and shadows 2 older keys.",
            "A step means: the engine resumes it at step 7 when it next starts.",
        ),
        (
            record(key_count=1, message=header(parent_id=OTHER_ID)),
            "0000000002.step decides: it is the only key.",
            "A step of a child means: only its parent resumes it, the engine by itself does not.",
        ),
        (
            record(KeyType.COMMIT, 4),
            "0000000004.commit decides: it has the highest step and shadows 4 older keys.",
            CLEANED,
        ),
        (
            record(KeyType.ROLLBACK, 1),
            "0000000001.rollback decides: it has the highest step and shadows 1 older key.",
            ROLLED_BACK,
        ),
        (
            record(KeyType.COMMIT, 2, key_count=2, tied_keys=(f"{HERE}/0000000002.step",)),
            "0000000002.commit decides: it is listed before 0000000002.step at the same, highest step.",
            CLEANED,
        ),
        (
            record(KeyType.COMMIT, 2, key_count=5, tied_keys=TIED),
            (
                f"0000000002.commit decides: it is listed before 0000000002.rollback, {TIED[1]} at the same, "
                "highest step and shadows 2 older keys."
            ),
            CLEANED,
        ),
        (
            record(key_count=1, message=None, failure="the value is empty"),
            "0000000002.step decides: it is the only key.",
            "Its value cannot be used (the value is empty), so the loader skips the procedure.",
        ),
    ],
    ids=count(),
)
def test_reason(found: ProcedureRecord, what_decided: str, what_it_means: str) -> None:
    assert reason_of(found) == f"{what_decided} {what_it_means}"


def test_the_reason_where_nothing_could_be_listed() -> None:
    found = record(None, failure=f"cannot list '{HERE}': Permission denied")
    assert reason_of(found) == f"Its directory could not be listed: cannot list '{HERE}': Permission denied."
