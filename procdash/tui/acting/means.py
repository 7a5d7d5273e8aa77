"""What actions are done with."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.executor import Executor
from procdash.actions.journal import Journal
from procdash.actions.planner import Planner


class Means(NamedTuple):
    """What actions are done with; without an executor nothing can be written."""

    planner: Planner
    """Plans; it cannot write."""
    executor: Executor | None = None
    """Applies plans; None where nothing may be written."""
    journal: Journal | None = None
    """What was done before; None where nothing is known of it."""
    why_not: str = "read-only"
    """Why nothing may be written, where there is no executor."""
