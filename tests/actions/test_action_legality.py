"""Which action is legal for which verdict, and what must be typed."""

from __future__ import annotations

import pytest
from support.actions import NOW
from support.records import ID, header, record

from procdash.actions.cautions import cautions
from procdash.actions.families import Scope
from procdash.actions.legality import RULES, ids_to_type, is_typed, refusal_of, refusal_of_detail
from procdash.actions.plans import ActionKind, Plan, Target
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex
from procdash.store import BlobMetadata, KeyType, ParsedKey, ProcedureDetail, ProcedureRecord, StoredKey

RECORDS = {
    Verdict.LOADED: record(KeyType.STEP),
    Verdict.ROLLING_BACK: record(KeyType.ROLLBACK, message=header(error="e")),
    Verdict.FINISHED: record(KeyType.COMMIT),
    Verdict.UNREADABLE: record(KeyType.STEP, message=None, failure="it does not decode"),
}
COMMIT, DELETE, TRUNCATE = ActionKind.COMMIT, ActionKind.DELETE, ActionKind.TRUNCATE
REFUSED = {
    (COMMIT, Verdict.FINISHED): "It is finished already.",
    (TRUNCATE, Verdict.UNREADABLE): "Its deciding value does not decode, so the older steps are all that is left",
}
TYPED = {(kind, verdict) for kind in (COMMIT, DELETE) for verdict in (Verdict.LOADED, Verdict.ROLLING_BACK)}
ALL = [(kind, verdict) for kind in (COMMIT, DELETE, TRUNCATE) for verdict in Verdict]


def test_the_table_is_complete() -> None:
    assert {(kind, verdict) for kind, rules in RULES.items() for verdict in rules} == set(ALL)
    assert all(verdict_of(found) is verdict for verdict, found in RECORDS.items())


@pytest.mark.parametrize(("kind", "verdict"), ALL)
def test_every_action_on_every_verdict(kind: ActionKind, verdict: Verdict) -> None:
    refusal = refusal_of(kind, RECORDS[verdict])
    expected = REFUSED.get((kind, verdict))
    if expected is None:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.reason.startswith(expected)
        assert refusal.next_step
        assert refusal.procedure_id == ID
    plan = Plan(kind=kind, location="", targets=(target(verdict),))
    assert ids_to_type(plan) == ((ID,) if (kind, verdict) in TYPED else ())


def target(verdict: Verdict | None, *, is_requested: bool = True) -> Target:
    return Target(
        procedure_id=ID,
        type_name=None,
        verdict=verdict,
        result=None,
        before=(),
        ops=(),
        family=ID,
        is_requested=is_requested,
    )


@pytest.mark.parametrize("kind", [COMMIT, DELETE, TRUNCATE])
def test_what_cannot_be_read_is_left_alone(kind: ActionKind) -> None:
    refusal = refusal_of(kind, record(KeyType.STEP, is_readable=False, message=None, failure="Permission denied"))
    assert refusal is not None
    assert "(Permission denied), so what is removed could not be kept" in refusal.reason
    assert refusal.next_step == "Give this user permission to read it."


def test_a_commit_that_the_engine_would_undo_is_refused() -> None:
    odd = record(KeyType.STEP, non_canonical_keys=(f"procedure/{ID.upper()}/0000000000.step",))
    refusal = refusal_of(COMMIT, odd)
    assert refusal is not None
    assert "the procedure would be loaded again" in refusal.reason
    assert refusal_of(DELETE, odd) is None
    assert refusal_of(TRUNCATE, odd) is None


@pytest.mark.parametrize(("step", "is_refused"), [(2**32 - 2, False), (2**32 - 1, True)])
def test_no_commit_above_the_last_step(step: int, is_refused: bool) -> None:
    key = ParsedKey("procedure/", ID, step, KeyType.STEP)
    detail = ProcedureDetail(record(KeyType.STEP, step=step), (StoredKey(BlobMetadata(str(key), 1), key),))
    refusal = refusal_of_detail(COMMIT, detail)
    assert (refusal is not None) is is_refused
    assert refusal is None or refusal.next_step == "Delete it instead."


def test_only_the_ids_asked_for_are_typed() -> None:
    child = target(Verdict.LOADED, is_requested=False)
    assert ids_to_type(Plan(kind=DELETE, location="", targets=(child, target(Verdict.LOADED)))) == (ID,)
    assert ids_to_type(Plan(kind=DELETE, location="", targets=(target(None),))) == ()
    assert ids_to_type(Plan(kind=ActionKind.UNDO, location="", targets=(target(Verdict.LOADED),))) == ()


@pytest.mark.parametrize(
    ("text", "is_enough"),
    [
        (ID, True),
        (ID[:8], True),
        (f"  {ID[:9].upper()}\n", True),
        (ID[:7], False),
        ("", False),
        (ID[1:12], False),
        (f"{ID}0", False),
        ("%" * 8, False),
    ],
)
def test_how_much_of_an_id_is_enough(text: str, is_enough: bool) -> None:
    assert is_typed(ID, text) is is_enough


class TestCautions:
    def said(
        self,
        kind: ActionKind,
        about: ProcedureRecord,
        *others: ProcedureRecord,
        scope: Scope = Scope.FAMILY,
        now: float = NOW,
    ) -> str:
        index = ProcedureIndex()
        for each in (about, *others):
            index.apply(each.procedure_id, each)
        return "\n".join(cautions(kind, about, index, scope=scope, now=now))

    @pytest.mark.parametrize("kind", [COMMIT, DELETE])
    def test_abandoning(self, kind: ActionKind) -> None:
        loaded = self.said(kind, RECORDS[Verdict.LOADED])
        assert loaded.startswith("It is loaded: this abandons it without rollback")
        assert "Stop every engine first" in loaded
        assert self.said(kind, RECORDS[Verdict.ROLLING_BACK]).startswith("It is rolling back: this abandons it")
        assert self.said(kind, RECORDS[Verdict.FINISHED]) == ""
        assert self.said(kind, RECORDS[Verdict.UNREADABLE]) == ""

    def test_truncating_says_nothing_but_that_an_engine_is_at_work(self) -> None:
        child = record(KeyType.STEP, procedure_id="c" * 36, message=header(parent_id=ID))
        assert self.said(TRUNCATE, RECORDS[Verdict.LOADED], child) == ""
        assert "an engine is probably running it" in self.said(TRUNCATE, RECORDS[Verdict.LOADED], now=1_001.0)

    @pytest.mark.parametrize(("ago", "is_said"), [(-1.0, False), (0.0, True), (59.0, True), (60.0, False)])
    def test_freshness(self, ago: float, is_said: bool) -> None:
        fresh = f"Its deciding key was written {int(ago)} seconds ago"
        assert (fresh in self.said(DELETE, RECORDS[Verdict.LOADED], now=1_000.0 + ago)) is is_said
        assert "ago" not in self.said(DELETE, record(modified_at=None), now=1_000.0)
        assert "ago" not in self.said(DELETE, RECORDS[Verdict.FINISHED], now=1_000.0)

    def test_poison(self) -> None:
        altering = record(message=header().__class__("metasrv-procedure::AlterTable", None, None, 2))
        assert "/__procedure_poison/table/" in self.said(DELETE, altering)
        assert "/__procedure_poison/table/" not in self.said(TRUNCATE, altering)
        assert "/__procedure_poison/table/" not in self.said(DELETE, RECORDS[Verdict.LOADED])

    def test_families(self) -> None:
        parent = RECORDS[Verdict.LOADED]
        child = record(KeyType.STEP, procedure_id="c" * 36, message=header(parent_id=ID))
        assert "orphans" not in self.said(DELETE, parent, child)
        assert "1 unfinished child stays behind as orphans" in self.said(DELETE, parent, child, scope=Scope.ONLY)
        assert "1 unfinished child stays behind" in self.said(COMMIT, parent, child)
        assert f"Its parent {ID} is unfinished" in self.said(COMMIT, child, parent)
        assert "Its parent" not in self.said(COMMIT, child)
        assert "Its parent" not in self.said(COMMIT, child, RECORDS[Verdict.FINISHED])

    def test_unknown_keys(self) -> None:
        one, two = record(KeyType.COMMIT, unknown_keys=("a",)), record(KeyType.COMMIT, unknown_keys=("a", "b"))
        assert self.said(DELETE, one).startswith("1 key that is none of its stay")
        assert self.said(DELETE, two).startswith("2 keys that are none of its stay")
        assert self.said(COMMIT, one) == ""
