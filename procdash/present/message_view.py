"""A stored value as lines: the message laid out, or the raw text with the reason why it is none."""

from __future__ import annotations

from procdash.present.json_view import json_lines
from procdash.present.sanitise import decode, safe_lines
from procdash.present.spans import Line, Role, Span, span, wrapped
from procdash.present.units import byte_size
from procdash.store.messages import MessageError, ProcedureMessage

SHOWN_BYTES = 256 * 1024
"""Of a larger value only the head is shown."""


def value_lines(value: bytes, width: int) -> list[Line]:
    """Lay out a step's or rollback's value in lines of at most `width` cells."""
    if not value:
        return [(span("The value is empty.", Role.MUTED),)]
    if len(value) > SHOWN_BYTES:
        said = f"The first {byte_size(SHOWN_BYTES)} of {byte_size(len(value))}:"
        return [*wrapped((span(said, Role.MUTED),), width), *_raw_lines(value[:SHOWN_BYTES], width)]
    text = decode(value)
    try:
        ProcedureMessage.from_json(value)
    except MessageError as error:
        reason = wrapped((span("✗ does not decode: ", Role.UNREADABLE), span(str(error))), width, 2)
        return [*reason, (), *(json_lines(text, width) or _raw_lines(value, width))]
    return json_lines(text, width, open_member="data") or _raw_lines(value, width)


def _raw_lines(value: bytes, width: int) -> list[Line]:
    return [broken for shown in safe_lines(decode(value)) for broken in wrapped((Span(shown, Role.PLAIN),), width)]
