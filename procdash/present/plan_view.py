"""A plan in lines: what it is about, what to know first, what is refused, and every write in order.

What became of a plan stands in `report_view`, what the journal holds of it in `journal_view`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from procdash.actions.plans import ActionKind, Difference, Op, OpKind, Plan, Refusal, Target
from procdash.present.action_words import ACTION_WORDS, OP_WORDS, counted, verdict_word
from procdash.present.sanitise import blanks, fit, fit_right, safe
from procdash.present.spans import Line, Role, Span, line_width, span, wrapped
from procdash.present.units import byte_size, thousands
from procdash.present.words import UNKNOWN, VERDICT_WORDS, short_id, short_type
from procdash.store.keys import PROCEDURE_DIRECTORY

_GLYPH_WIDTH = 2
_ID_WIDTH = 36
_WORD_WIDTH = 6
_DIFFERENCE_WIDTH = 9
_NARROWEST_TYPE = 8
_WIDEST_TYPE = 28
_NAMED_IDS = 6
"""So many ids are named where something holds for some procedures of a plan."""


def headline(plan: Plan) -> Line:
    """A plan in one line, such as `Delete 3 procedures · 12 keys · 8.4 KB`."""
    words = ACTION_WORDS[plan.kind]
    if not plan.targets:
        what = f"{words.order} {_what(plan.kind, plan)}"
        said = "not possible" if plan.refusals else "there is nothing to do"
        return (span(what, Role.STRONG), span(f" · {said}", Role.PROBLEM if plan.refusals else Role.MUTED))
    pieces = [span(f"{words.order} {_what(plan.kind, plan)}", Role.STRONG)]
    pieces += [span(f" · {fact}", Role.PLAIN) for fact in _facts(plan)]
    if plan.refusals:
        pieces.append(span(f" · {thousands(len(plan.refusals))} refused", Role.PROBLEM))
    return tuple(pieces)


def plan_lines(plan: Plan, width: int) -> list[Line]:
    """A whole plan in lines of at most `width` cells, the headline first."""
    return [*wrapped(headline(plan), width, _GLYPH_WIDTH), (), *plan_body(plan, width)]


def plan_body(plan: Plan, width: int, done: frozenset[int] | None = None) -> list[Line]:
    """A plan without its headline: blocks with a blank line between them; `done` is that of `op_lines`."""
    blocks = [
        target_lines(plan, width),
        warning_lines(plan.targets, width),
        refusal_lines(plan.refusals, width),
        _kept_lines(plan.targets, width),
        op_lines(plan, width, done),
    ]
    lines: list[Line] = []
    for block in filter(None, blocks):
        lines += [(), *block] if lines else block
    return lines


def target_lines(plan: Plan, width: int) -> list[Line]:
    """Each procedure by its full id, with its type, and what becomes of it; relatives stand below theirs."""
    changes = {target.procedure_id: _change(plan.kind, target) for target in plan.targets}
    change_width = max(map(len, changes.values()), default=0)
    type_room = width - _GLYPH_WIDTH - _ID_WIDTH - 2 - 2 - change_width
    types = {
        target.procedure_id: UNKNOWN if target.type_name is None else short_type(target.type_name)
        for target in plan.targets
    }
    longest = min(max(map(len, types.values()), default=0) + _GLYPH_WIDTH, _WIDEST_TYPE)
    type_width = min(longest, type_room)
    lines: list[Line] = []
    for target in _families_together(plan.targets):
        indent = 0 if target.is_requested else _GLYPH_WIDTH
        before = target.verdict or target.result
        words = None if before is None else VERDICT_WORDS[before]
        mark = span("└ ", Role.MUTED) if indent else Span(blanks(0))
        pieces = [
            mark,
            span("○ " if words is None else f"{words.glyph} ", Role.MUTED if words is None else words.role),
            span(target.procedure_id, Role.STRONG),
        ]
        change = span(f"  {changes[target.procedure_id]}", Role.PLAIN if target.ops else Role.MUTED)
        if type_width >= min(longest, _NARROWEST_TYPE):
            pieces += [span("  "), Span(fit(safe(types[target.procedure_id]), type_width - indent)), change]
            lines.append(tuple(pieces))
        else:
            lines.append(tuple(pieces))
            lines += wrapped((Span(blanks(_GLYPH_WIDTH)), span(types[target.procedure_id]), change), width, 4)
    return [broken for line in lines for broken in wrapped(line, width, _GLYPH_WIDTH)]


def warning_lines(targets: Sequence[Target], width: int) -> list[Line]:
    """What to know before a plan is applied; what holds for several procedures is said once."""
    concerned: defaultdict[str, list[str]] = defaultdict(list)
    for target in targets:
        for warning in target.warnings:
            concerned[warning].append(target.procedure_id)
    lines: list[Line] = []
    for warning, ids in concerned.items():
        whom = (span(f" ({_named(ids, len(targets))})", Role.MUTED),) if len(targets) > 1 else ()
        lines += wrapped((span(f"! {warning}", Role.PROBLEM), *whom), width, _GLYPH_WIDTH)
    return lines


def refusal_lines(refusals: Sequence[Refusal], width: int) -> list[Line]:
    """What is refused, why, and what to do instead."""
    lines: list[Line] = []
    for refusal in refusals:
        heading = (span("✗ ", Role.ERROR), span(refusal.procedure_id, Role.STRONG))
        reason = span(refusal.reason)
        if line_width((*heading, reason)) + 2 <= width:
            lines.append((*heading, span("  "), reason))
        else:
            lines += wrapped(heading, width, _GLYPH_WIDTH)
            lines += wrapped((Span(blanks(_GLYPH_WIDTH)), reason), width, _GLYPH_WIDTH)
        if refusal.next_step:
            advice = (Span(blanks(_GLYPH_WIDTH)), span("→ ", Role.MUTED), span(refusal.next_step, Role.MUTED))
            lines += wrapped(advice, width, 2 * _GLYPH_WIDTH)
        lines += difference_lines(refusal.differences, width)
    return lines


def difference_lines(differences: Iterable[Difference], width: int) -> list[Line]:
    """Each key that is not as it was, with its sizes."""
    lines: list[Line] = []
    for difference in differences:
        sizes = [
            byte_size(state.size_in_bytes)
            for state in (difference.expected, difference.found)
            if state is not None
        ]
        pieces = (
            Span(blanks(2 * _GLYPH_WIDTH)),
            Span(fit(safe(difference.word), _DIFFERENCE_WIDTH + 2), Role.PROBLEM),
            span(difference.key.removeprefix(PROCEDURE_DIRECTORY)),
            span(f"  {' → '.join(sizes)}", Role.MUTED),
        )
        lines += wrapped(pieces, width, 3 * _GLYPH_WIDTH)
    return lines


def op_lines(plan: Plan, width: int, done: frozenset[int] | None = None) -> list[Line]:
    """Every write in order, with its number and size.

    Args:
        plan: what to do.
        width: cells there are.
        done: the numbers of the ops that are done, to mark them; None to mark none.
    """
    ops = plan.ops
    if not ops:
        return []
    title = f"{counted(len(ops), 'write')}, in this order; keys below {PROCEDURE_DIRECTORY}"
    lines = _title(title, width)
    number_width = len(str(len(ops) - 1))
    names = [op.key.removeprefix(PROCEDURE_DIRECTORY) for op in ops]
    name_width = max(line_width((span(name),)) for name in names)
    sizes = ["if empty" if op.kind is OpKind.REMOVE_DIRECTORY else byte_size(op.size_in_bytes) for op in ops]
    size_width = max(map(len, sizes))
    for number, (op, name, size) in enumerate(zip(ops, names, sizes, strict=True)):
        is_done = done is not None and number in done
        mark = [] if done is None else [span("✔ " if is_done else "○ ", Role.FINISHED if is_done else Role.MUTED)]
        before = [
            Span(blanks(_GLYPH_WIDTH)),
            *mark,
            Span(fit_right(safe(str(number)), number_width), Role.MUTED),
            span("  "),
            Span(fit(safe(OP_WORDS[op.kind]), _WORD_WIDTH), _op_role(op)),
            span("  "),
        ]
        if line_width(before) + name_width + 2 + size_width <= width:
            right = Span(fit_right(safe(size), size_width), Role.MUTED)
            lines.append((*before, Span(fit(safe(name), name_width)), span("  "), right))
        else:
            lines += wrapped((*before, span(name), span(f"  {size}", Role.MUTED)), width, line_width(before))
    return lines


def _what(kind: ActionKind, plan: Plan) -> str:
    if kind is ActionKind.UNDO:
        return f"entry {plan.undoes}"
    requested = sum(target.is_requested for target in plan.targets)
    relatives = len(plan.targets) - requested
    if not plan.targets:
        return counted(len(plan.refusals), "procedure")
    what = counted(requested, "procedure")
    return f"{what} and {counted(relatives, 'descendant')}" if relatives else what


def _facts(plan: Plan) -> list[str]:
    facts: list[str] = []
    if plan.kind is ActionKind.UNDO:
        if plan.keys_written:
            size = sum(op.size_in_bytes for op in plan.ops if op.kind is OpKind.PUT)
            facts.append(f"{counted(plan.keys_written, 'key')} brought back · {byte_size(size)}")
        if plan.keys_removed:
            facts.append(f"{counted(plan.keys_removed, 'key')} taken away")
    elif plan.kind is ActionKind.COMMIT:
        facts.append(f"{counted(plan.keys_written, 'empty key')} written")
    elif plan.keys_removed:
        facts.append(f"{counted(plan.keys_removed, 'key')} · {byte_size(plan.bytes_removed)}")
    else:
        facts.append("nothing to remove")
    return facts


def _change(kind: ActionKind, target: Target) -> str:
    """What becomes of one procedure, in few words."""
    if not target.ops:
        return "nothing to remove" if kind is ActionKind.TRUNCATE else "nothing to do"
    if target.verdict is target.result:
        before, after = len(target.before), len(target.after)
        return f"{counted(before, 'key')} → {thousands(after)}, {verdict_word(target.result)}"
    return f"{verdict_word(target.verdict)} → {verdict_word(target.result)}"


def _families_together(targets: Sequence[Target]) -> Iterable[Target]:
    """The targets family by family, who was asked for before the relatives."""
    families: defaultdict[str, list[Target]] = defaultdict(list)
    for target in targets:
        families[target.family].append(target)
    for family in families.values():
        yield from sorted(family, key=lambda target: not target.is_requested)


def _kept_lines(targets: Sequence[Target], width: int) -> list[Line]:
    kept = [key for target in targets for key in target.kept]
    if not kept:
        return []
    lines = _title(f"{counted(len(kept), 'key')} of no procedure, which stay", width)
    for key in kept:
        name = span(key.removeprefix(PROCEDURE_DIRECTORY))
        lines += wrapped((Span(blanks(_GLYPH_WIDTH)), name), width, _GLYPH_WIDTH)
    return lines


def _named(ids: Sequence[str], of: int) -> str:
    """Which procedures something holds for."""
    if len(ids) == of:
        return f"all {thousands(of)}"
    named = ", ".join(map(short_id, ids[:_NAMED_IDS]))
    rest = len(ids) - _NAMED_IDS
    return f"{named} and {thousands(rest)} more" if rest > 0 else named


def _title(text: str, width: int) -> list[Line]:
    return wrapped((span(text, Role.TITLE),), width, _GLYPH_WIDTH)


def _op_role(op: Op) -> Role:
    return Role.FINISHED if op.kind is OpKind.PUT else Role.PROBLEM
