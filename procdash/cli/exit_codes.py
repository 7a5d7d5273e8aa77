"""What the exit codes mean."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended; scripts go by it."""

    DONE = 0
    REFUSED = 1
    """Refused or failed; the store says for certain that it did not happen."""
    USAGE = 2
    UNREACHABLE = 3
    """The store cannot be reached, or it is not known what became of a write."""
    CHANGED = 4
    """The store was no longer as the plan had it."""
    INTERRUPTED = 130
