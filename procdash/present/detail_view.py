"""One procedure in full: the verdict with its reason, what is wrong, the family, and every key as a timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from procdash.insight.problems import Problem, ProblemCode
from procdash.insight.verdict import Verdict, reason_of, verdict_of
from procdash.present.sanitise import fit, fit_right, safe
from procdash.present.spans import Line, Role, Span, line_width, span, wrapped
from procdash.present.units import byte_size, gap, thousands, utc
from procdash.present.words import UNKNOWN, VERDICT_WORDS, problem_title, short_type
from procdash.store.keys import KeyType
from procdash.store.records import ProcedureRecord, StoredKey

_INDENT = 2
_STEP_WIDTH = 10
_KIND_WIDTH = 8
_SIZE_WIDTH = 7
_GAP_WIDTH = 6
_SHORT_TIME = slice(5, None)
"""The date without the year."""


class Family(NamedTuple):
    """A procedure's relatives in the store."""

    parent_is_present: bool = True
    """Whether its parent is there; True for a root."""
    child_count: int = 0
    """How many procedures name it as their parent."""


def title_of(record: ProcedureRecord, type_name: str | None) -> Line:
    """The id and the type, for a heading."""
    id_span = span(record.procedure_id, Role.STRONG)
    return (id_span, span("  "), span(short_type(type_name), Role.PLAIN)) if type_name else (id_span,)


def overview_lines(
    record: ProcedureRecord,
    problems: Sequence[Problem],
    family: Family,
    keys: Sequence[StoredKey] | None,
    width: int,
) -> list[Line]:
    """Everything but the message, in lines of at most `width` cells.

    Args:
        record: the procedure.
        problems: what is wrong with it.
        family: its relatives.
        keys: all its keys in byte order; None while they are being read.
        width: cells there are.
    """
    blocks = [_verdict(record), *_problems(problems), *_family(record, family)]
    lines = [broken for indent, block in blocks for broken in wrapped(block, width, indent)]
    lines.append(())
    if keys is None:
        lines.append((span("Reading its keys …", Role.MUTED),))
    else:
        lines += timeline(record, keys, width)
    return lines


def timeline(record: ProcedureRecord, keys: Sequence[StoredKey], width: int) -> list[Line]:
    """Every key on a line, the newest first: the one that decides, and those it shadows."""
    lines: list[Line] = []
    ranked = sorted(keys, key=lambda key: (key.parsed.step, key.metadata.key == record.deciding_key), reverse=True)
    step_width = max((len(str(key.parsed.step)) for key in keys), default=1)
    for key, older in zip_longest(ranked, ranked[1:]):
        is_deciding = key.metadata.key == record.deciding_key
        lines.append(
            _timeline_line(key, older, is_deciding, key.metadata.key in record.tied_keys, step_width, width)
        )
    return lines


def key_lines(record: ProcedureRecord, keys: Sequence[StoredKey], width: int) -> list[Line]:
    """Every key as it is stored, with its size, its time of writing and its version token."""
    name_width = max((line_width((span(key.metadata.key),)) for key in keys), default=0)
    lines: list[Line] = []
    for key in keys:
        metadata = key.metadata
        role = Role.STRONG if metadata.key == record.deciding_key else Role.PLAIN
        name = span(metadata.key, role)
        facts = (
            Span(fit_right(safe(byte_size(metadata.size_in_bytes)), _SIZE_WIDTH), Role.PLAIN),
            span(f"  {utc(metadata.modified_at)} UTC", Role.MUTED),
            span(f"  {UNKNOWN if metadata.version is None else f'version {metadata.version}'}", Role.MUTED),
        )
        if name_width + 2 + line_width(facts) <= width:
            lines.append((Span(fit(name.text, name_width + 2), role), *facts))
        else:
            lines += wrapped((name,), width, _INDENT)
            lines += wrapped((span("  "), *facts), width, _INDENT)
    if record.unknown_keys:
        lines += [(), (span("No procedure keys:", Role.PROBLEM),)]
        lines += [broken for key in record.unknown_keys for broken in wrapped((span(key),), width, _INDENT)]
    return lines


def value_key(record: ProcedureRecord, keys: Sequence[StoredKey]) -> StoredKey | None:
    """The key whose value says most: the deciding one, or the newest below a commit, which holds nothing."""
    deciding = next((key for key in keys if key.metadata.key == record.deciding_key), None)
    if deciding is None or deciding.parsed.key_type is not KeyType.COMMIT:
        return deciding
    holding = [key for key in keys if key.parsed.key_type is not KeyType.COMMIT]
    return max(holding, key=lambda key: key.parsed.step, default=deciding)


def _verdict(record: ProcedureRecord) -> tuple[int, Line]:
    words = VERDICT_WORDS[verdict_of(record)]
    label = span(words.label, words.role)
    return _INDENT, (label, span("  "), span(reason_of(record), Role.PLAIN))


def _problems(problems: Sequence[Problem]) -> Iterator[tuple[int, Line]]:
    for problem in problems:
        advice = (span("  → ", Role.MUTED), span(problem.next_step, Role.MUTED))
        if problem.code is ProblemCode.UNREADABLE:  # the verdict's reason says it already
            yield 2 * _INDENT, advice
            continue
        title = span(f"! {problem_title(problem)}", Role.PROBLEM)
        yield _INDENT, (title, span("  "), span(problem.sentence))
        yield 2 * _INDENT, advice


def _family(record: ProcedureRecord, family: Family) -> Iterator[tuple[int, Line]]:
    message = record.message
    if message is not None and message.error is not None:
        yield _INDENT, (span("Error", Role.ERROR), span("  "), span(message.error))
    if message is not None and message.parent_id is not None and family.parent_is_present:
        yield _INDENT, (span("Child of ", Role.MUTED), span(message.parent_id))
    if family.child_count:
        noun = "child" if family.child_count == 1 else "children"
        yield _INDENT, (span("Parent of ", Role.MUTED), span(f"{thousands(family.child_count)} {noun}"))


def _timeline_line(
    key: StoredKey, older: StoredKey | None, is_deciding: bool, is_tied: bool, step_width: int, width: int
) -> Line:
    metadata = key.metadata
    when = utc(metadata.modified_at)
    since = ""
    if older is not None and metadata.modified_at is not None and older.metadata.modified_at is not None:
        since = gap((metadata.modified_at - older.metadata.modified_at).total_seconds())
    role = Role.PLAIN if is_deciding else Role.MUTED
    fate = "decides" if is_deciding else "tied" if is_tied else ""
    verdict_role = VERDICT_WORDS[_VERDICT_OF_KIND[key.parsed.key_type]].role
    pieces = [
        span("● " if is_deciding else "○ ", verdict_role if is_deciding else Role.MUTED),
        Span(fit_right(safe(str(key.parsed.step)), step_width), role),
        span(f"  {key.parsed.key_type.value:<{_KIND_WIDTH}}", role),
        Span(fit_right(safe(byte_size(metadata.size_in_bytes)), _SIZE_WIDTH), role),
        span(f"  {when[_SHORT_TIME] if metadata.modified_at else when}", role),
        Span(fit_right(safe(since), _GAP_WIDTH + 2), role),
        span(f"  {fate}", Role.STRONG if is_deciding else Role.PROBLEM),
    ]
    while len(pieces) > 3 and line_width(pieces) > width:  # noqa: PLR2004 - mark, step and kind always stand
        pieces.pop(-2 if fate and len(pieces) > 4 else -1)  # noqa: PLR2004
    return tuple(pieces)


_VERDICT_OF_KIND = {
    KeyType.STEP: Verdict.LOADED,
    KeyType.COMMIT: Verdict.FINISHED,
    KeyType.ROLLBACK: Verdict.ROLLING_BACK,
}
