"""What the detail panel's three views say of what was read."""

from __future__ import annotations

from procdash.insight.problems import problems_of
from procdash.present.detail_view import Family, key_lines, overview_lines
from procdash.present.message_view import value_lines
from procdash.present.spans import Line, Role, span, wrapped
from procdash.store.keys import KeyType
from procdash.tui.picture import Picture
from procdash.tui.widgets.detail_reader import Shown


def overview(shown: Shown | None, picture: Picture, now: float, stuck_after: float, width: int) -> list[Line]:
    """The verdict with its reason, problems, family and steps."""
    if shown is None or shown.record is None:
        return []
    record = shown.record
    surroundings = picture.index.surroundings_of(record)
    problems = problems_of(record, surroundings, now=now, stuck_after=stuck_after)
    family = Family(surroundings.parent_is_present, len(picture.index.children_of(record.procedure_id)))
    keys = () if shown.detail is None and shown.failure else shown.detail and shown.detail.keys
    return [*_notices(shown, width), *overview_lines(record, problems, family, keys, width)]


def message(shown: Shown | None, width: int) -> list[Line]:
    """The value that says most."""
    if shown is None or shown.value_of is None:
        return []
    record, key = shown.record, shown.value_of
    lines: list[Line] = []
    if record is not None and key.metadata.key != record.deciding_key:
        said = f"A commit holds nothing. This is {key.metadata.key.rpartition('/')[2]}, which it shadows:"
        lines += [*wrapped((span(said, Role.MUTED),), width), ()]
    elif key.parsed.key_type is KeyType.COMMIT:
        return wrapped((span("A commit holds nothing, and there is no other key.", Role.MUTED),), width)
    if shown.value is None:
        return [*lines, (span("Its value is gone.", Role.MUTED),)]
    return [*lines, *value_lines(shown.value, width)]


def raw_keys(shown: Shown | None, width: int) -> list[Line]:
    """Every key as it is stored."""
    if shown is None or shown.detail is None:
        return []
    return key_lines(shown.detail.record, shown.detail.keys, width)


def _notices(shown: Shown, width: int) -> list[Line]:
    """What there is to say about the showing itself."""
    notices: list[Line] = []
    if shown.is_gone:
        text = span(" It is gone from the store; this is what was last seen of it.")
        notices = wrapped((span("○", Role.ERROR), text), width, 2)
    if shown.failure is not None:
        notices += wrapped((span("✗ ", Role.ERROR), span(f"It could not be read: {shown.failure}")), width, 2)
    return [*notices, ()] if notices else []
