"""How keys become names and versions become the values of slots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procdash.store import Determinate
from procdash.store.backends.slot_records import SlotRecord, decode_slot, encode_slot, key_to_name, name_to_key

RECORD = SlotRecord(slot=7, token="t", seqno=2**63 - 1, newest=7, oldest=3, ordinal=5)  # noqa: S106 - no secret

keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(keys)
def test_a_key_is_one_plain_segment_and_back(key: str) -> None:
    name = key_to_name(key)
    assert name_to_key(name) == key
    assert name.isascii()
    assert not set(name) & set("/\\\0*?:")
    assert not name.startswith(".")


@given(keys, keys)
def test_different_keys_differ_in_more_than_case(one: str, other: str) -> None:
    assert (key_to_name(one).lower() == key_to_name(other).lower()) == (one == other)


@given(st.text(max_size=12) | st.text("%.0123456789ABCDEFabcdef-", max_size=12))
def test_a_name_that_is_understood_is_the_only_one_of_its_key(name: str) -> None:
    key = name_to_key(name)
    assert key is None or key_to_name(key) == name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("s0b5d9d1e-1f6c-4b5e-9d0a-0c2f1e3d4a5b", "s0b5d9d1e-1f6c-4b5e-9d0a-0c2f1e3d4a5b"),
        ("a/b", "a%2Fb"),
        ("..", "%2E."),
        ("A", "%41"),
        ("é", "%C3%A9"),
        ("100%", "100%25"),
    ],
)
def test_names_of_keys(key: str, name: str) -> None:
    assert key_to_name(key) == name


@pytest.mark.parametrize(("key", "length"), [("k" * 256, 256), ("É" * 43, 258), ("." + "k" * 253, 256)])
def test_a_key_whose_name_would_be_too_long(key: str, length: int) -> None:
    with pytest.raises(Determinate, match=f"a key must be at most 255 bytes long.*this one is {length}:"):
        key_to_name(key)
    assert key_to_name(key[:-1] if length == 256 else key[:42])


@given(st.binary(max_size=50))
def test_a_value_is_kept_byte_for_byte(data: bytes) -> None:
    slot = decode_slot("k", 7, encode_slot(RECORD, data))
    assert (slot.record, slot.data) == (RECORD, data)
    assert slot.record.is_version


def test_a_value_begins_with_a_line_that_people_can_read() -> None:
    line, _, data = encode_slot(RECORD, b"\x00data\n").partition(b"\n")
    assert line == (
        b'{"format":"procdash-slot-1","slot":7,"token":"t","seqno":9223372036854775807,'
        b'"newest":7,"oldest":3,"ordinal":5}'
    )
    assert data == b"\x00data\n"


VALUE = encode_slot(RECORD, b"data")


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "not understood"),
        (b"\n", "not understood"),
        (VALUE[:20], "not understood"),
        (VALUE.partition(b"\n")[0], "cut short"),
        (VALUE.replace(b'"slot":7', b'"slot":8'), "belongs to another slot"),
        (VALUE.replace(b"slot-1", b"slot-2"), "not understood"),
        (VALUE.replace(b'"oldest":3', b'"oldest":8'), "contradicts itself"),
        (VALUE.replace(b'"newest":7', b'"newest":9'), "contradicts itself"),
        (VALUE.replace(b'"oldest":3', b'"oldest":-1'), "contradicts itself"),
        (VALUE.replace(b'"ordinal":5', b'"ordinal":"x"'), "not understood"),
        (b"\xff\xfe\n", "not understood"),
        (b"[]\n", "not understood"),
        (b"hello world\n", "not understood"),
    ],
)
def test_a_value_that_somebody_else_wrote(payload: bytes, why: str) -> None:
    with pytest.raises(Determinate, match=rf"the log of 'a/b' is damaged in slot 7: .*{why}"):
        decode_slot("a%2Fb", 7, payload)
