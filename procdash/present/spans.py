"""Lines of text with meaning: what a widget paints and a report prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from procdash.present.sanitise import (
    SafeText,
    blanks,
    cells_of,
    joined,
    safe,
    shorten,
    split_cells,
    without_leading_blanks,
    words,
)


class Role(StrEnum):
    """What a piece of text means; how that looks is a theme's business."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    TITLE = "title"
    ACTIVE = "active"
    ACTIVE_TAB = "active-tab"
    BADGE = "badge"
    RULE = "rule"
    LOADED = "loaded"
    ROLLING_BACK = "rolling-back"
    FINISHED = "finished"
    UNREADABLE = "unreadable"
    PROBLEM = "problem"
    ERROR = "error"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"


class Span(NamedTuple):
    """A piece of a line."""

    text: SafeText
    role: Role = Role.PLAIN


_FILLED = frozenset({Role.BADGE, Role.ACTIVE_TAB})
"""Roles that have a background of their own, which blanks beside them must not take on."""

Line = tuple[Span, ...]
"""One line, left to right."""


def span(text: str, role: Role = Role.PLAIN) -> Span:
    """Make a piece of a line of any text: it goes through the door here."""
    return Span(safe(text), role)


def line(*parts: Span | str) -> Line:
    """Make a line; plain strings become plain spans."""
    return tuple(span(part) if isinstance(part, str) else part for part in parts)


def line_width(spans: Iterable[Span]) -> int:
    """How many cells a line takes."""
    return sum(cells_of(piece.text) for piece in spans)


def merged(spans: Iterable[Span]) -> Line:
    """The same line in as few spans as possible: blanks join what stands before them."""
    pieces: list[Span] = []
    for piece in spans:
        is_blank = piece.role not in _FILLED and not piece.text.strip(" ")
        if pieces and (piece.role is pieces[-1].role or (is_blank and pieces[-1].role not in _FILLED)):
            pieces[-1] = Span(joined(pieces[-1].text, piece.text), pieces[-1].role)
        elif piece.text:
            pieces.append(piece)
    return tuple(pieces)


def cut(spans: Iterable[Span], width: int) -> Line:
    """A line of at most `width` cells, with an ellipsis where something is missing."""
    pieces: list[Span] = []
    left = width
    for piece in spans:
        cells = cells_of(piece.text)
        if cells > left:
            pieces.append(Span(shorten(piece.text, left), piece.role))
            break
        pieces.append(piece)
        left -= cells
    return tuple(pieces)


def wrapped(spans: Line, width: int, indent: int = 0) -> list[Line]:
    """Break a line between words, and inside words too long for one; `indent` is that of the further lines."""
    if line_width(spans) <= width:
        return [spans]
    if width <= indent + 1:
        return [cut(spans, width)]
    margin = [Span(blanks(indent))] if indent else []
    lines: list[list[Span]] = [[]]
    used = 0
    for word, role in _words(spans):
        rest = word
        while rest:
            cells = cells_of(rest)
            if used + cells <= width:
                lines[-1].append(Span(rest, role))
                used += cells
                break
            is_fresh = used == (indent if len(lines) > 1 else 0)
            stripped = without_leading_blanks(rest)
            if not is_fresh and cells_of(stripped) <= width - indent:
                rest = stripped
            else:
                head, rest = split_cells(rest, width - used)
                if not head and is_fresh:  # one character wider than the line
                    break
                lines[-1].append(Span(head, role))
            lines.append(margin.copy())
            used = indent
    return [merged(pieces) for pieces in lines]


def _words(spans: Line) -> Iterator[tuple[SafeText, Role]]:
    """Each word with the blanks before it."""
    for piece in spans:
        for word in words(piece.text):
            yield word, piece.role
