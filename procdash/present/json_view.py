"""JSON as it stands, laid out to be read: nothing is rounded, reordered or dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from procdash.present.spans import Line, Role, Span, line_width, span, wrapped

_INDENT = 2
_DEEPEST_HELD_JSON = 2
"""So many levels of JSON held in strings are opened."""


class _Members(NamedTuple):
    """An object's members in their order, those that stand twice included."""

    pairs: list[tuple[str, Any]]


class _Verbatim(NamedTuple):
    """A number or a constant, spelled as in the document."""

    text: str


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Members, parse_float=_Verbatim, parse_int=_Verbatim, parse_constant=_Verbatim
)


def json_lines(text: str, width: int, *, open_member: str | None = None) -> list[Line] | None:
    """Lay out a JSON document in lines of at most `width` cells; None where it is none.

    Args:
        text: the document.
        width: cells there are.
        open_member: the name of the outermost object's member whose string holds JSON, which is laid out too.
    """
    try:
        document = _DECODER.decode(text)
        return [
            broken
            for depth, pieces in _laid_out(document, width, open_member)
            for broken in wrapped((span(" " * depth), *pieces), width, min(depth + 2 * _INDENT, width // 2))
        ]
    except (ValueError, RecursionError):
        return None


def is_json(text: str) -> bool:
    """Whether a text is one JSON document."""
    try:
        _DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _laid_out(document: Any, width: int, open_member: str | None) -> Iterator[tuple[int, Line]]:
    if isinstance(document, _Members) and open_member is not None:
        pairs = [(name, _held(value) if name == open_member else value) for name, value in document.pairs]
        document = _Members(pairs)
    yield from _lines((), document, (), 0, width)


class _Held(NamedTuple):
    """JSON that stands in a string."""

    document: Any


def _held(value: Any, levels: int = _DEEPEST_HELD_JSON) -> Any:
    """What a string holds, where that is a JSON object or array; strings inside it are opened too."""
    if isinstance(value, str) and levels and value[:1] in ("{", "["):
        try:
            document = _DECODER.decode(value)
        except ValueError:
            return value
        return _Held(_held_inside(document, levels - 1))
    return value


def _held_inside(document: Any, levels: int) -> Any:
    if isinstance(document, _Members):
        return _Members([(name, _held(value, levels)) for name, value in document.pairs])
    return document


def _lines(before: Line, value: Any, after: Line, depth: int, width: int) -> Iterator[tuple[int, Line]]:
    if isinstance(value, _Held):
        yield from _lines((*before, span("JSON ", Role.MUTED)), value.document, after, depth, width)
        return
    if isinstance(value, _Verbatim | str | bool | None):
        yield depth, (*before, _scalar(value), *after)
        return
    inline = _inline(value, width - depth - line_width(before) - line_width(after))
    if inline is not None:
        yield depth, (*before, *inline, *after)
        return
    comma = (span(",", Role.MUTED),)
    if isinstance(value, _Members):
        yield depth, (*before, span("{", Role.MUTED))
        for number, (name, member) in enumerate(value.pairs, 1):
            key = (span(json.dumps(name, ensure_ascii=False), Role.NAME), span(": ", Role.MUTED))
            yield from _lines(key, member, comma if number < len(value.pairs) else (), depth + _INDENT, width)
        yield depth, (span("}", Role.MUTED), *after)
    else:
        yield depth, (*before, span("[", Role.MUTED))
        for number, element in enumerate(value, 1):
            yield from _lines((), element, comma if number < len(value) else (), depth + _INDENT, width)
        yield depth, (span("]", Role.MUTED), *after)


def _inline(value: Any, width: int) -> Line | None:
    """A container of few plain values on one line; None where it does not fit."""
    pieces: list[Span] = []
    left = width - 2
    members = value.pairs if isinstance(value, _Members) else [(None, element) for element in value]
    for name, member in members:
        if not isinstance(member, _Verbatim | str | bool | None):
            return None
        if pieces:
            pieces.append(span(", ", Role.MUTED))
        if name is not None:
            pieces += [span(json.dumps(name, ensure_ascii=False), Role.NAME), span(": ", Role.MUTED)]
        pieces.append(_scalar(member))
        left = width - 2 - line_width(pieces)
        if left < 0:
            return None
    opening, closing = "{}" if isinstance(value, _Members) else "[]"
    return (span(opening, Role.MUTED), *pieces, span(closing, Role.MUTED))


def _scalar(value: Any) -> Span:
    if isinstance(value, str):
        return span(json.dumps(value, ensure_ascii=False), Role.STRING)
    if isinstance(value, _Verbatim):
        return span(value.text, Role.NUMBER)
    return span("null" if value is None else "true" if value else "false", Role.NUMBER)
