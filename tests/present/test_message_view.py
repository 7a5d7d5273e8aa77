from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from procdash.present.json_view import is_json, json_lines
from procdash.present.message_view import SHOWN_BYTES, value_lines
from procdash.present.spans import Line, line_width


def text_of(lines: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in pieces) for pieces in lines]


def message(data: str, **more: object) -> bytes:
    return json.dumps({"type_name": "T", "data": data, "parent_id": None, "step": 3, **more}).encode()


def test_data_is_opened() -> None:
    shown = text_of(value_lines(message('{"state":"Prepare","ids":[1,2]}'), 40))
    assert shown == [
        "{",
        '  "type_name": "T",',
        '  "data": JSON {',
        '    "state": "Prepare",',
        '    "ids": [1, 2]',
        "  },",
        '  "parent_id": null,',
        '  "step": 3',
        "}",
    ]


def test_data_that_is_no_json_stays_a_string() -> None:
    assert '  "data": "{broken",' in text_of(value_lines(message("{broken"), 40))


def test_json_in_strings_inside_data_is_opened_too() -> None:
    data = json.dumps({"inner": json.dumps({"deep": True})})
    assert '    "inner": JSON {"deep": true}' in text_of(value_lines(message(data), 60))


def test_numbers_and_repeated_members_stand_as_stored() -> None:
    assert text_of(json_lines('{"a":1.10,"a":1E400,"b":12345678901234567890}', 60) or []) == [
        '{"a": 1.10, "a": 1E400, "b": 12345678901234567890}'
    ]


def test_what_does_not_decode_is_shown_raw_with_the_reason() -> None:
    shown = text_of(value_lines(b'{"type_name":"T","da\x1b\xff', 60))
    assert shown[0].startswith("✗ does not decode: ")
    assert shown[-1] == '{"type_name":"T","da␛�'


def test_json_that_is_no_message_is_laid_out_with_the_reason() -> None:
    shown = text_of(value_lines(b'{"a": [1]}', 60))
    assert shown[0].startswith("✗ does not decode: ")
    assert shown[2:] == ["{", '  "a": [1]', "}"]


def test_an_empty_value_is_called_that() -> None:
    assert text_of(value_lines(b"", 60)) == ["The value is empty."]


def test_of_a_large_value_the_head_is_shown() -> None:
    shown = text_of(value_lines(b"x" * (SHOWN_BYTES + 1), 1000))
    assert shown[0] == "The first 256 KB of 256 KB:"
    assert sum(map(len, shown[1:])) == SHOWN_BYTES


def test_deep_nesting_does_not_break_it() -> None:
    value = b"[" * 100_000
    assert text_of(value_lines(value, 80))[0].startswith("✗ does not decode")
    deep = "[" * 3000 + "]" * 3000
    assert value_lines(message(deep), 80)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.integers(12, 100),
)
def test_json_is_never_wider_than_there_is_room(value: object, width: int) -> None:
    text = json.dumps(value)
    assert is_json(text)
    lines = json_lines(text, width) or []
    assert all(line_width(pieces) <= width for pieces in lines)
    assert all(piece.text.isprintable() for pieces in lines for piece in pieces)
