"""The JSON message a step or rollback key holds, byte-exact as GreptimeDB `common_procedure` writes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from procdash.store.keys import MAX_STEP, parse_procedure_id


class MessageError(ValueError):
    """A value is not a procedure message; the text says what is wrong with it."""


class ProcedureMessage(msgspec.Struct, frozen=True):
    """What one `.step` or `.rollback` key says of its procedure."""

    type_name: str
    """The procedure's type; a loader is looked up by it."""
    data: str
    """The procedure's own state, usually a JSON document held in this string."""
    parent_id: str | None
    """Canonical id of the procedure that started this one; None for a root."""
    step: int
    """The step to resume at. It does not rank: the number in the key does."""
    error: str | None = None
    """Why it rolls back; only in rollback messages."""
    context: dict[str, Any] | None = None
    """Who started it and why (newer engines only); None and empty are the same."""

    def to_json(self) -> str:
        """The message as upstream writes it: compact, its field order, `parent_id` always, empty ones left out."""
        fields: dict[str, Any] = {
            "type_name": self.type_name,
            "data": self.data,
            "parent_id": self.parent_id,
            "step": self.step,
        }
        if self.error is not None:
            fields["error"] = self.error
        if self.context:
            fields["context"] = self.context
        return msgspec.json.encode(fields).decode()

    @classmethod
    def from_json(cls, value: str | bytes) -> ProcedureMessage:
        """Parse a stored value as strictly, and as laxly, as upstream does.

        Accepted beside the plain form: a missing `parent_id`, unknown fields, the array form
        `["type", "data", null, 1]`. Refused: a field given twice, a step that is not a whole number in range,
        anything after the document.

        Raises:
            MessageError: if upstream's loader would not accept it.
        """
        try:
            raw = value.encode() if isinstance(value, str) else value
            is_array = raw.lstrip(b" \t\r\n").startswith(b"[")
            message = _from_array(raw) if is_array else _from_object(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise MessageError(_explain(value, error)) from error
        parent_id = message.parent_id
        if parent_id is None:
            return message
        canonical = parse_procedure_id(parent_id)
        if canonical is None:
            raise MessageError(f"parent_id is no procedure id: {parent_id!r}")
        return message if canonical == parent_id else msgspec.structs.replace(message, parent_id=canonical)


@dataclass(slots=True)
class ProcedureMessages:
    """What the loader makes of a whole store."""

    messages: dict[str, ProcedureMessage] = field(default_factory=dict)
    """By id, the procedures to resume."""
    rollback_messages: dict[str, ProcedureMessage] = field(default_factory=dict)
    """By id, the procedures to roll back."""
    finished_ids: list[str] = field(default_factory=list)
    """The procedures to clean up."""


class _ObjectForm(msgspec.Struct):
    """The object form as stored, in which `parent_id` may be missing."""

    type_name: str
    data: str
    step: msgspec.Raw
    parent_id: str | None = None
    error: str | None = None
    context: dict[str, Any] | None = None


class _ArrayForm(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The array form as stored: the fields in the order in which they are written."""

    type_name: str
    data: str
    parent_id: str | None
    step: msgspec.Raw
    error: str | None = None
    context: dict[str, Any] | None = None


_OBJECT_DECODER = msgspec.json.Decoder(_ObjectForm)
_ARRAY_DECODER = msgspec.json.Decoder(_ArrayForm)
_FIELD_TOKENS = tuple(f'"{name}"'.encode() for name in _ObjectForm.__struct_fields__)
_STEP_TOKEN = re.compile(rb"[0-9]{1,10}")
_SHOWN_CHARACTERS = 20


def _from_object(raw: bytes) -> ProcedureMessage:
    form = _OBJECT_DECODER.decode(raw)
    _refuse_duplicate_fields(raw)
    return _message(form)


def _from_array(raw: bytes) -> ProcedureMessage:
    return _message(_ARRAY_DECODER.decode(raw))


def _message(form: _ObjectForm | _ArrayForm) -> ProcedureMessage:
    step = _parse_step(bytes(form.step))
    return ProcedureMessage(form.type_name, form.data, form.parent_id, step, form.error, form.context or None)


def _parse_step(token: bytes) -> int:
    """The step as it stands in the text: upstream takes `-0` and `1.0` for fractions, and refuses them."""
    step = int(token) if _STEP_TOKEN.fullmatch(token) else -1
    if not 0 <= step <= MAX_STEP:
        raise MessageError(f"step must be a whole number from 0 to {MAX_STEP}, not {_shortened(token)}")
    return step


def _shortened(token: bytes) -> str:
    text = token.decode(errors="replace")
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _refuse_duplicate_fields(raw: bytes) -> None:
    """Upstream refuses a field given twice where msgspec takes the last.

    Only a text in which a field's name stands twice, or in which a name may be spelled with escapes, can hold a
    duplicate; those few are parsed a second time, with every pair in sight. Numbers are not converted: Python
    refuses very long ones, upstream does not.
    """
    if b"\\u" not in raw and all(raw.count(token) < 2 for token in _FIELD_TOKENS):  # noqa: PLR2004 - twice
        return
    levels: list[list[str]] = []

    def remember(pairs: list[tuple[str, Any]]) -> None:
        levels.append([name for name, _ in pairs])

    json.loads(raw.decode(errors="replace"), object_pairs_hook=remember, parse_int=len)
    names = levels[-1]  # the outermost object ends last
    for name in _ObjectForm.__struct_fields__:
        if names.count(name) > 1:
            raise MessageError(f"duplicate field `{name}`")


def _explain(value: str | bytes, error: Exception) -> str:
    if not value.strip():
        return "the value is empty"
    if isinstance(error, RecursionError):
        return "the value is nested too deeply"
    if isinstance(error, UnicodeError):
        return "the value is not valid UTF-8"
    return str(error)
