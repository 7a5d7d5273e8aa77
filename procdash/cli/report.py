"""What the read commands print for people: the lines of the dashboard, without the dashboard."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence

import click

from procdash.insight.problems import Problem
from procdash.insight.verdict import Verdict
from procdash.live.index import ProcedureIndex
from procdash.present.detail_view import Family, key_lines, overview_lines, title_of
from procdash.present.message_view import value_lines
from procdash.present.rows import Column, cells, layout, titles
from procdash.present.spans import Line, Role, Span, span
from procdash.present.units import thousands
from procdash.present.words import VERDICT_WORDS
from procdash.store.records import ProcedureDetail, ProcedureRecord

_WIDTH_WITHOUT_TERMINAL = 240
_COLOURS = {
    Role.LOADED: "cyan",
    Role.ROLLING_BACK: "yellow",
    Role.FINISHED: "green",
    Role.UNREADABLE: "red",
    Role.PROBLEM: "yellow",
    Role.ERROR: "red",
}
"""Only what means something has a colour, and never alone: a glyph and a word say the same."""


def print_list(
    index: ProcedureIndex, records: Sequence[ProcedureRecord], *, now: float, stuck_after: float
) -> None:
    """Print a table of procedures, the counts, and the keys that belong to none."""
    slots = layout(width_of())
    lines: list[Line] = [titles(slots, Column.ID, descending=False)]
    for record in records:
        line = cells(record, index.surroundings_of(record), slots, now=now, stuck_after=stuck_after)
        lines.append((span("  "), *line))
    counts = ", ".join(f"{thousands(index.counts[verdict])} {VERDICT_WORDS[verdict].word}" for verdict in Verdict)
    lines += [(), (span(f"  {thousands(len(index))} procedures: {counts}"),)]
    unknown_keys = index.unknown_keys()
    if unknown_keys:
        lines += [(), (span("  Keys that belong to no procedure:", Role.PROBLEM),)]
        lines += [(span(f"    {key}"),) for key in unknown_keys]
    print_lines(lines)


def print_detail(
    detail: ProcedureDetail, problems: Sequence[Problem], family: Family, value: bytes | None
) -> None:
    """Print one procedure in full.

    Args:
        detail: its keys.
        problems: what is wrong with it.
        family: its relatives.
        value: the deciding value; None where there is none to show.
    """
    width = width_of()
    record = detail.record
    lines: list[Line] = [
        title_of(record, record.message.type_name if record.message else None),
        (),
        *overview_lines(record, problems, family, detail.keys, width),
        (),
        *key_lines(record, detail.keys, width),
    ]
    if value is not None:
        lines += [(), *value_lines(value, width)]
    print_lines(lines)


def print_lines(lines: Iterable[Line], *, err: bool = False) -> None:
    """Print lines, in colour on a terminal.

    Args:
        lines: what to print.
        err: whether to print to standard error.
    """
    for line in lines:
        click.echo("".join(map(_styled, line)).rstrip(), err=err)


def width_of(*, err: bool = False) -> int:
    """How many cells a line of standard output, or of standard error, has room for."""
    stream = sys.stderr if err else sys.stdout
    return shutil.get_terminal_size().columns if stream.isatty() else _WIDTH_WITHOUT_TERMINAL


def _styled(piece: Span) -> str:
    colour = _COLOURS.get(piece.role)
    return click.style(piece.text, fg=colour) if colour else piece.text
