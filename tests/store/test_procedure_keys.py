"""Keys: their canonical text, every spelling that is accepted, and which key decides."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.blobs import ID

from procdash.store.keys import (
    MAX_STEP,
    KeyType,
    ParsedKey,
    deciding_key,
    listing_order,
    parse_procedure_id,
    parse_step,
    supersedes,
)

PREFIX = "procedure/"
PREFIXES = [PREFIX, f"data/{PREFIX}"]
SIMPLE_ID = ID.replace("-", "")


@pytest.mark.parametrize("key_type", list(KeyType))
def test_parsed_key(key_type: KeyType) -> None:
    key = ParsedKey("data/procedure/", ID, 2, key_type)
    assert str(key) == f"data/procedure/{ID}/0000000002.{key_type.value}"
    assert ParsedKey.parse("data/procedure/", str(key)) == key


def test_an_id_may_be_given_as_a_uuid() -> None:
    assert str(ParsedKey(PREFIX, UUID(ID), 0, KeyType.STEP)) == f"{PREFIX}{ID}/0000000000.step"  # type: ignore[arg-type]  # more than the annotation promises


@pytest.mark.parametrize(
    "text",
    [
        "",
        "invalidprefix",
        "procedu/0000000003.step",
        "procedure-0000000003.step",
        f"{PREFIX}{ID}",
        f"{PREFIX}{ID}/",
        f"{PREFIX}{ID}/0000000003",
        f"{PREFIX}{ID}/0000000003.",
        f"{PREFIX}{ID}/0000000003.other",
        "12345/0000000003.step",
        f"{PREFIX}12345/0000000003.step",
        f"{PREFIX}{ID}-0000000003.commit",
        f"{PREFIX}0000000003.commit",
        PREFIX,
        f"{ID}/0000000003.step",
        f"data/{PREFIX}{ID}/0000000003.step",
        f"Procedure/{ID}/0000000003.step",
    ],
)
def test_parse_invalid_key(text: str) -> None:
    assert ParsedKey.parse(PREFIX, text) is None


@pytest.mark.parametrize(
    ("text", "step", "key_type"),
    [
        (f"{ID}/0000000003.step", 3, KeyType.STEP),
        (f"{ID.upper()}/0000000003.step", 3, KeyType.STEP),
        (f"{SIMPLE_ID}/0000000003.step", 3, KeyType.STEP),
        (f"{SIMPLE_ID.upper()}/0000000003.step", 3, KeyType.STEP),
        (f"{{{ID}}}/0000000003.step", 3, KeyType.STEP),
        (f"urn:uuid:{ID}/0000000003.step", 3, KeyType.STEP),
        (f"a/b/{ID}/0000000003.step", 3, KeyType.STEP),
        (f"{ID[:-1]}0/{ID}/0000000003.step", 3, KeyType.STEP),
        (f"//{ID}/0000000003.step", 3, KeyType.STEP),
        (f"{ID}/0000000003.step.bak", 3, KeyType.STEP),
        (f"{ID}/0000000003.commit.step", 3, KeyType.COMMIT),
        (f"{ID}/0000000003.rollback.", 3, KeyType.ROLLBACK),
        (f"{ID}/3.commit", 3, KeyType.COMMIT),
        (f"{ID}/+3.commit", 3, KeyType.COMMIT),
        (f"{ID}/+0000000003.rollback", 3, KeyType.ROLLBACK),
        (f"{ID}/00000000000000000003.step", 3, KeyType.STEP),
        (f"{ID}/4294967295.step", MAX_STEP, KeyType.STEP),
    ],
)
def test_every_accepted_spelling(text: str, step: int, key_type: KeyType) -> None:
    assert ParsedKey.parse(PREFIX, PREFIX + text) == ParsedKey(PREFIX, ID, step, key_type)


@pytest.mark.parametrize(
    "file_name",
    [
        "4294967296.step",
        "99999999999999999999.step",
        pytest.param(f"{'9' * 5_000}.step", id="5000 digits"),
        "0000000003.STEP",
        "0000000003.Commit",
        "0000000003.step~",
        "0000000003.step ",
        "0000000003.step\n",
        ".0000000003.step.swp",
        "0000000003.step/0000000001",
        "-3.step",
        "-0.step",
        "++3.step",
        "+.step",
        ".step",
        " 3.step",
        "3 .step",
        "3_0.step",
        "0x3.step",
        "3e0.step",
        "٣.step",
        "³.step",
        "0000000003..step",
        "",
    ],
)
def test_refused_file_names(file_name: str) -> None:
    assert ParsedKey.parse(PREFIX, f"{PREFIX}{ID}/{file_name}") is None


@pytest.mark.parametrize(
    "text",
    [
        f"{ID[:-1]}",
        f"{ID}0",
        f" {ID}",
        f"{ID}\n",
        f"{SIMPLE_ID[:4]}-{SIMPLE_ID[4:]}",
        f"{SIMPLE_ID[:8]}-{SIMPLE_ID[8:]}",
        "-".join(SIMPLE_ID[i : i + 4] for i in range(0, 32, 4)),
        f"{{{SIMPLE_ID}}}",
        f"{{{ID}",
        f"{ID}}}",
        f"urn:uuid:{SIMPLE_ID}",
        f"URN:UUID:{ID}",
        f"uuid:{ID}",
        f"urn:uuid:{{{ID}}}",
        ID.replace("9", "g", 1),
        ID.replace("9", "\u0669", 1),
        "",
    ],
)
def test_refused_ids(text: str) -> None:
    assert parse_procedure_id(text) is None


@given(st.uuids())
def test_every_form_of_an_id_gives_the_canonical_one(found: UUID) -> None:
    forms = (str(found), found.hex, str(found).upper(), f"{{{found}}}", found.urn)
    assert {parse_procedure_id(form) for form in forms} == {str(found)}


@given(st.integers(0, MAX_STEP), st.sampled_from(["{}", "+{}", "{:010}", "{:020}"]))
def test_every_step_in_range_parses(step: int, spelling: str) -> None:
    assert parse_step(spelling.format(step)) == step


@given(
    st.uuids(), st.integers(0, MAX_STEP), st.sampled_from(KeyType), st.sampled_from(["procedure/", "a/procedure/"])
)
def test_the_canonical_text_parses_back(found: UUID, step: int, key_type: KeyType, prefix: str) -> None:
    key = ParsedKey(prefix, str(found), step, key_type)
    assert ParsedKey.parse(prefix, str(key)) == key


@given(st.text())
def test_no_text_makes_the_parser_fail(text: str) -> None:
    parsed = ParsedKey.parse(PREFIX, PREFIX + text)
    assert parsed is None or ParsedKey.parse(PREFIX, str(parsed)) == parsed


def _key(step: int, key_type: KeyType = KeyType.STEP) -> ParsedKey:
    return ParsedKey(PREFIX, ID, step, key_type)


@pytest.mark.parametrize(
    ("candidate", "current", "wins"),
    [
        (_key(0), None, True),
        (_key(1), _key(0), True),
        (_key(0), _key(1), False),
        (_key(1, KeyType.COMMIT), _key(1), False),
        (_key(6), _key(5, KeyType.COMMIT), True),
    ],
)
def test_only_a_higher_step_supersedes(candidate: ParsedKey, current: ParsedKey | None, wins: bool) -> None:
    assert supersedes(candidate, current) is wins


@given(st.lists(st.builds(_key, st.integers(0, 4), st.sampled_from(KeyType))))
def test_the_first_of_the_highest_decides(keys: list[ParsedKey]) -> None:
    highest = [key for key in keys if key.step == max(key.step for key in keys)]
    assert deciding_key(keys) is (highest[0] if highest else None)


def test_listing_order_is_that_of_bytes() -> None:
    shuffled = ["😀", "b", "a/b", "\uffff", "a", "\x7f", "a0", "é", "a.b"]
    assert sorted(shuffled, key=listing_order) == ["a", "a.b", "a/b", "a0", "b", "\x7f", "é", "\uffff", "😀"]
    assert listing_order("a\udcff") == b"a\xff"
