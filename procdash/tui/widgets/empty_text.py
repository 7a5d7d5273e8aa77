"""What the list says where it has no lines."""

from __future__ import annotations

from procdash.live.monitor import Status, StoreState
from procdash.live.view import RowFilter


def empty_text(status: Status, row_filter: RowFilter, procedure_count: int) -> tuple[str, str]:
    """Why there is nothing to see, and what to do next."""
    if procedure_count:
        what = "No procedure has a problem." if row_filter.problems_only else "Nothing matches this filter."
        return what, "Press 1 to see all procedures."
    match status.state:
        case StoreState.OPENING:
            return "Reading the store …", "Procedures appear here as they are read."
        case StoreState.LOST:
            return "The store cannot be read.", "procdash tries again by itself; the reason stands at the top."
        case _:
            return "No procedures here.", "They appear as soon as an engine persists one. Press q to quit."
