"""What the journal holds: one line an entry, and one entry in full."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from procdash.actions.entries import Entry, EntryState
from procdash.present.action_words import OutcomeWords, counted, entry_words
from procdash.present.plan_view import headline, op_lines, refusal_lines, target_lines
from procdash.present.report_view import results_lines
from procdash.present.sanitise import SafeText, blanks, fit, fit_right, safe
from procdash.present.spans import Line, Role, Span, span, wrapped
from procdash.present.units import byte_size, thousands, utc

_GAP = 2
_INDENT = 2
_SHORT_TIME = slice(5, 16)
"""Month, day, hour and minute."""


class _Column(NamedTuple):
    name: str
    width: int
    is_right_aligned: bool = False


_ENTRY = _Column("ENTRY", 5, is_right_aligned=True)
_TIME = _Column("TIME UTC", 11)
_ACTION = _Column("ACTION", 12)
_PROCEDURES = _Column("PROC", 5, is_right_aligned=True)
_KEYS = _Column("KEYS", 5, is_right_aligned=True)
_STATE = _Column("STATE", 15)
_WHO = _Column("WHO", 20)
_NARROWEST_REASON = 12


def journal_titles(width: int) -> Line:
    """The line above the entries."""
    return _joined([Span(_fitted(safe(column.name), column), Role.TITLE) for column in _columns(width)])


def journal_row(entry: Entry, *, is_held: bool, width: int) -> Line:
    """One entry in one line of at most `width` cells.

    Args:
        entry: which.
        is_held: whether a process is applying it right now.
        width: cells there are.
    """
    words = entry_words(entry, is_held=is_held)
    texts = {
        "ENTRY": (str(entry.number), Role.PLAIN),
        "TIME UTC": (utc(entry.written_at)[_SHORT_TIME], Role.MUTED),
        "ACTION": (action_text(entry), Role.PLAIN),
        "PROC": (thousands(len(entry.plan.targets)), Role.PLAIN),
        "KEYS": (thousands(entry.plan.keys_removed + entry.plan.keys_written), Role.PLAIN),
        "STATE": (words.label, words.role),
        "WHO": (entry.author, Role.MUTED),
        "REASON": (_one_line(entry.reason), Role.PLAIN),
    }
    pieces = []
    for column in _columns(width):
        text, role = texts[column.name]
        pieces.append(Span(_fitted(safe(text), column), role))
    return _joined(pieces)


def entry_title(entry: Entry) -> Line:
    """An entry in one line: its number, and what was planned."""
    return (span(f"Entry {entry.number}", Role.STRONG), span(" · "), *headline(entry.plan))


def entry_lines(entry: Entry, ops_done: Collection[int], *, is_held: bool, width: int) -> list[Line]:
    """One entry in full, its title first; the arguments are those of `entry_body`."""
    title = wrapped(entry_title(entry), width, _INDENT)
    return [*title, *entry_body(entry, ops_done, is_held=is_held, width=width)]


def entry_body(entry: Entry, ops_done: Collection[int], *, is_held: bool, width: int) -> list[Line]:
    """One entry without its title: who did it and why, what became of it, and every op.

    Args:
        entry: which.
        ops_done: the numbers of its ops that were noted as done.
        is_held: whether a process is applying it right now.
        width: cells there are.
    """
    words = entry_words(entry, is_held=is_held)
    facts = [
        (*_fact("state"), span(words.label, words.role), span(_how_far(entry, ops_done, words))),
        (*_fact("when"), span(_times(entry))),
        (*_fact("who"), span(entry.author)),
        (*_fact("where"), span(entry.location)),
    ]
    if entry.reason:
        facts.append((*_fact("why"), span(_one_line(entry.reason))))
    facts.append((*_fact("kept"), span(_kept(entry))))
    lines = [broken for fact in facts for broken in wrapped(fact, width, 9)]
    blocks = [
        results_lines(entry.results, width) or target_lines(entry.plan, width),
        refusal_lines(entry.plan.refusals, width),
        op_lines(entry.plan, width, _done(entry, ops_done)),
    ]
    for block in filter(None, blocks):
        lines += [(), *block]
    return lines


def interrupted_line(entry: Entry, ops_done: int) -> Line:
    """That an entry was interrupted, for a line of its own."""
    total = counted(len(entry.plan.ops), "op")
    return (span(f"! Entry {entry.number} was interrupted after {thousands(ops_done)} of {total}", Role.PROBLEM),)


def action_text(entry: Entry) -> str:
    """What an entry did, such as `delete` or `undo of 12`."""
    return entry.kind.value if entry.undoes is None else f"{entry.kind.value} of {entry.undoes}"


def _how_far(entry: Entry, ops_done: Collection[int], words: OutcomeWords) -> str:
    if entry.state is EntryState.DONE or words.role is Role.MUTED:
        return ""
    text = f" · {thousands(len(ops_done))} of {counted(len(entry.plan.ops), 'op')} noted as done"
    if entry.is_resumable and words.role is Role.PROBLEM:
        text += " · it can be resumed" + (" or undone" if entry.is_undoable else "")
    return text


def _times(entry: Entry) -> str:
    ended = "" if entry.ended_at is None else f" to {utc(entry.ended_at)}"
    return f"{utc(entry.written_at)}{ended} UTC"


def _kept(entry: Entry) -> str:
    removed = entry.plan.bytes_removed
    if not removed:
        return "no value was removed"
    if entry.kept_bytes < removed:
        return "its removed values are no longer in the journal, so it cannot be undone"
    return f"{byte_size(entry.kept_bytes)} of removed values, in the journal"


def _done(entry: Entry, ops_done: Collection[int]) -> frozenset[int]:
    """The ops to mark: those noted, or all of an entry that is done."""
    return frozenset(range(len(entry.plan.ops))) if entry.state is EntryState.DONE else frozenset(ops_done)


@lru_cache(maxsize=16)
def _columns(width: int) -> tuple[_Column, ...]:
    """The columns that fit; the reason takes what is left."""
    columns = [_ENTRY, _TIME, _ACTION, _PROCEDURES, _KEYS, _STATE, _WHO]
    for dropped in (None, _WHO, _KEYS, _TIME, _PROCEDURES, _STATE):
        if dropped is not None:
            columns.remove(dropped)
        left = width - sum(column.width + _GAP for column in columns) - _GAP
        if left >= _NARROWEST_REASON:
            return (*columns, _Column("REASON", left))
    return tuple(columns)


def _joined(pieces: list[Span]) -> Line:
    gap = Span(blanks(_GAP))
    return tuple(part for piece in pieces for part in (gap, piece))[1:]


def _fitted(text: SafeText, column: _Column) -> SafeText:
    return fit_right(text, column.width) if column.is_right_aligned else fit(text, column.width)


def _fact(name: str) -> Line:
    return (Span(fit(safe(name), 7), Role.MUTED), span("  "))


def _one_line(text: str) -> str:
    return " ".join(text.split())
