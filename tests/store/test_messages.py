"""Messages: the exact JSON upstream writes, and exactly what it reads back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.blobs import ID

from procdash.store import MessageError, ProcedureMessage
from procdash.store.keys import MAX_STEP


def _shown(value: object) -> str | None:
    """A test id that fits on a line; None leaves it to pytest."""
    return str(value)[:60] if isinstance(value, str | bytes) else None


PLAIN = ProcedureMessage("T", "d", None, 1)
CHILD = ProcedureMessage("T", "d", ID, 1)

FULL_CONTEXT = {
    "actor": "alice",
    "event_context": {"reason": "manual", "protocol": "mysql", "extensions": {"k": "v"}},
}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            ProcedureMessage("TestMessage", "no parent id", None, 4),
            '{"type_name":"TestMessage","data":"no parent id","parent_id":null,"step":4}',
        ),
        (
            ProcedureMessage("TestMessage", "with parent id", ID, 4),
            f'{{"type_name":"TestMessage","data":"with parent id","parent_id":"{ID}","step":4}}',
        ),
        (
            ProcedureMessage("TestMessage", "d", ID, 4, context={"event_context": {"reason": "auto_rebalance"}}),
            (
                f'{{"type_name":"TestMessage","data":"d","parent_id":"{ID}","step":4,'
                '"context":{"event_context":{"reason":"auto_rebalance"}}}'
            ),
        ),
        (
            ProcedureMessage("TestMessage", "d", None, 4, context=FULL_CONTEXT),
            (
                '{"type_name":"TestMessage","data":"d","parent_id":null,"step":4,"context":{"actor":"alice",'
                '"event_context":{"reason":"manual","protocol":"mysql","extensions":{"k":"v"}}}}'
            ),
        ),
        (
            ProcedureMessage("T", "d", None, 1, error="boom", context={"actor": "a"}),
            '{"type_name":"T","data":"d","parent_id":null,"step":1,"error":"boom","context":{"actor":"a"}}',
        ),
        (
            ProcedureMessage("T", "d", None, 1, error=""),
            '{"type_name":"T","data":"d","parent_id":null,"step":1,"error":""}',
        ),
        (
            ProcedureMessage("T", "d", None, 1, context={}),
            '{"type_name":"T","data":"d","parent_id":null,"step":1}',
        ),
        (
            ProcedureMessage("T", '{"a":"b\\\\"}', None, 1),
            r'{"type_name":"T","data":"{\"a\":\"b\\\\\"}","parent_id":null,"step":1}',
        ),
        (
            ProcedureMessage("é😀/", "\0\x1f\b\f\n\r\t\x7f\u2028", None, 1),
            '{"type_name":"é😀/","data":"\\u0000\\u001f\\b\\f\\n\\r\\t\x7f\u2028","parent_id":null,"step":1}',
        ),
    ],
    ids=_shown,
)
def test_procedure_message(message: ProcedureMessage, text: str) -> None:
    assert message.to_json() == text
    again = ProcedureMessage.from_json(text)
    assert again.to_json() == text
    assert ProcedureMessage.from_json(text.encode()) == again


def test_an_empty_context_equals_none() -> None:
    text = '{"type_name":"T","data":"d","parent_id":null,"step":1,"context":{}}'
    assert ProcedureMessage.from_json(text) == PLAIN


_TEXT = st.text() | st.text(alphabet=[chr(code) for code in range(0x21)] + ['"', "\\", "\x7f", "😀", "\ufffe"])


@given(
    st.builds(
        ProcedureMessage,
        type_name=_TEXT,
        data=_TEXT,
        parent_id=st.none() | st.uuids().map(str),
        step=st.integers(0, MAX_STEP),
        error=st.none() | _TEXT,
        context=st.none() | st.dictionaries(_TEXT, _TEXT | st.dictionaries(_TEXT, _TEXT), min_size=1),
    )
)
def test_every_message_comes_back(message: ProcedureMessage) -> None:
    text = message.to_json()
    assert ProcedureMessage.from_json(text) == message
    assert json.loads(text)["data"] == message.data  # an independent parser reads the same


@given(_TEXT)
def test_text_is_escaped_as_upstream_escapes_it(text: str) -> None:
    """Only quotes, backslashes and control characters, the latter by name or as four lower-case digits."""
    names = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    escaped = "".join(names.get(c, f"\\u{ord(c):04x}" if c < " " else c) for c in text)
    assert f'"data":"{escaped}","parent_id"' in ProcedureMessage("T", text, None, 0).to_json()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type_name":"T","data":"d","step":1}', PLAIN),
        ('{"step":1,"data":"d","type_name":"T"}', PLAIN),
        ('{"type_name":"T","data":"d","parent_id":null,"step":1,"new":[{"step":2,"step":3}]}', PLAIN),
        ('{"type_name":"T","data":"d","parent_id":null,"step":1,"x":1,"x":2}', PLAIN),
        ('{"type_name":"T","data":"d","parent_id":null,"step":1,"error":null}', PLAIN),
        (' \t\r\n{ "type_name" : "T", "data" : "d", "step" : 1 } \n', PLAIN),
        ('{"type_name":"T","data":"d","step":0}', ProcedureMessage("T", "d", None, 0)),
        ('{"type_name":"T","data":"d","step":4294967295}', ProcedureMessage("T", "d", None, MAX_STEP)),
        (f'{{"type_name":"T","data":"d","step":1,"parent_id":"{ID}"}}', CHILD),
        (
            f'{{"type_name":"T","data":"d","step":1,"parent_id":"{ID.replace("-", "").upper()}"}}',
            ProcedureMessage("T", "d", ID, 1),
        ),
        (f'{{"type_name":"T","data":"d","step":1,"parent_id":"{{{ID}}}"}}', CHILD),
        (
            f'{{"type_name":"T","data":"d","step":1,"parent_id":"urn:uuid:{ID}"}}',
            ProcedureMessage("T", "d", ID, 1),
        ),
        ('{"type_n\\u0061me":"T","data":"\\u0064","step":1}', PLAIN),
        ('{"type_name":"T","data":"\\ud83d\\ude00","step":1}', ProcedureMessage("T", "😀", None, 1)),
        ('{"type_name":"T","data":"","step":1}', ProcedureMessage("T", "", None, 1)),
        ('["T","d",null,1]', PLAIN),
        (' [ "T" , "d" , null , 1 ] ', PLAIN),
        ('["T","d",null,1,"e"]', ProcedureMessage("T", "d", None, 1, "e")),
        ('["T","d",null,1,null,{"actor":"a"}]', ProcedureMessage("T", "d", None, 1, context={"actor": "a"})),
        (f'["T","d","{ID.upper()}",1]', ProcedureMessage("T", "d", ID, 1)),
    ],
    ids=_shown,
)
def test_accepted(text: str, expected: ProcedureMessage) -> None:
    assert ProcedureMessage.from_json(text) == expected
    assert ProcedureMessage.from_json(text.encode()) == expected


def _with(**replaced: str) -> bytes:
    """A message in object form, with the JSON text of some fields replaced."""
    fields = {"type_name": '"T"', "data": '"d"', "parent_id": "null", "step": "1", **replaced}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


_BAD_STEPS = [
    "1.0",
    '"1"',
    "-1",
    "4294967296",
    "1e0",
    "-0",
    "0.0",
    "true",
    "null",
    "[]",
    "01",
    "+1",
    "1_0",
    "9" * 5_000,
]


@pytest.mark.parametrize(
    "value",
    [
        *(pytest.param(_with(step=step), id=f"step {step[:12]}") for step in _BAD_STEPS),
        *(pytest.param(f'["T","d",null,{step}]'.encode(), id=f"array, step {step[:12]}") for step in _BAD_STEPS),
        _with(data="null"),
        _with(data="{}"),
        _with(data="1"),
        _with(type_name="null"),
        _with(type_name='"a\nb"'),
        _with(data='"\\ud800"'),
        _with(data='"\\ude00\\ud83d"'),
        _with(data='"\\x41"'),
        _with(parent_id='""'),
        _with(parent_id='"12345"'),
        _with(parent_id=f'"{ID[:4]}-{ID[4:]}"'),
        _with(parent_id="1"),
        _with(error="1"),
        _with(context='"x"'),
        b'{"data":"d","parent_id":null,"step":1}',
        b'{"type_name":"T","parent_id":null,"step":1}',
        b'{"type_name":"T","data":"d","parent_id":null}',
        _with() + b"x",
        _with() + _with(),
        _with() + b"\0",
        _with()[:-1],
        _with()[:-1] + b",}",
        b"\xef\xbb\xbf" + _with(),
        b"\0" * 64,
        b"",
        b" \n",
        b"null",
        b"1",
        b'"text"',
        b"{}",
        b"[]",
        b'["T","d",null]',
        b'["T","d",null,1,null,null,null]',
        b'["T",null,null,1]',
        b'["T","d",null,1]]',
        b"\xff",
        b'{"type_name":"T","data":"\xff","step":1}',
        b'{"type_name":"T","data":"\xed\xa0\x80","step":1}',
        b"{'type_name':'T','data':'d','step':1}",
        _with().decode().encode("utf-16"),
        b'{"type_name":"T","data":"d","step":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
    ],
    ids=_shown,
)
def test_refused(value: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        ProcedureMessage.from_json(value)
    assert str(caught.value)


@pytest.mark.parametrize("name", ["type_name", "data", "parent_id", "step", "error", "context"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_field_given_twice_is_refused(name: str, escaped: bool) -> None:
    values: dict[str, Any] = {
        "type_name": "T",
        "data": "d",
        "parent_id": None,
        "step": 1,
        "error": None,
        "context": {},
    }
    again = f"\\u{ord(name[0]):04x}{name[1:]}" if escaped else name
    text = json.dumps(values)[:-1] + f', "{again}" : {json.dumps(values[name])}}}'
    with pytest.raises(MessageError, match=f"duplicate field `{name}`"):
        ProcedureMessage.from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"type_name":"step","data":"\\"step\\":\\"step\\"","parent_id":null,"step":1}',
        '{"type_name":"T","data":"d","parent_id":null,"step":1,"context":{"step":"x","data":{"step":1,"step":2}}}',
        '{"type_name":"T","data":"d","step":1,"x":{"step":1,"\\u0073tep":2}}',
        '{"type_name":"T","data":"d","step":1,"\\u0078":' + "1" * 5_000 + "}",
    ],
    ids=_shown,
)
def test_a_name_that_only_looks_like_a_duplicate_is_fine(text: str) -> None:
    assert ProcedureMessage.from_json(text).step == 1


def test_text_with_half_a_character_is_refused() -> None:
    with pytest.raises(MessageError, match="not valid UTF-8"):
        ProcedureMessage.from_json('{"type_name":"\ud800","data":"d","step":1}')


@given(st.binary() | st.text().map(str.encode))
def test_no_value_makes_the_parser_fail_otherwise(value: bytes) -> None:
    with pytest.raises(MessageError):
        ProcedureMessage.from_json(value)
