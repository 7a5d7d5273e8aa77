"""The fixed words and glyphs of the screen."""

from __future__ import annotations

from typing import NamedTuple

from procdash.insight.problems import Problem, ProblemCode
from procdash.insight.verdict import Verdict
from procdash.present.spans import Role

SHORT_ID_LENGTH = 8
"""So many characters of an id stand for it where space is short."""

UNKNOWN = "-"
"""Stands where nothing is known."""


class VerdictWords(NamedTuple):
    """How a verdict is written: always a glyph and a word, so that colour is never needed."""

    glyph: str
    """One cell wide."""
    ascii_glyph: str
    """The same for terminals without the glyph."""
    word: str
    role: Role

    @property
    def label(self) -> str:
        """Glyph and word."""
        return f"{self.glyph} {self.word}"


VERDICT_WORDS = {
    Verdict.LOADED: VerdictWords("▶", ">", "loaded", Role.LOADED),
    Verdict.ROLLING_BACK: VerdictWords("↩", "<", "rolling back", Role.ROLLING_BACK),
    Verdict.FINISHED: VerdictWords("✔", "+", "finished", Role.FINISHED),
    Verdict.UNREADABLE: VerdictWords("✗", "x", "unreadable", Role.UNREADABLE),
}

_PROBLEM_NOTES = {
    ProblemCode.UNREADABLE: "skipped by the loader",
    ProblemCode.AMBIGUOUS_TIE: "tie at the highest step",
    ProblemCode.ORPHAN: "orphan",
    ProblemCode.STUCK: "stuck",
    ProblemCode.STRAY_KEY: "stray key",
    ProblemCode.NON_CANONICAL_ID: "id spelled differently",
}

_PROBLEM_TITLES = {
    ProblemCode.UNREADABLE: "Unreadable",
    ProblemCode.AMBIGUOUS_TIE: "Ambiguous tie",
    ProblemCode.ORPHAN: "Orphan",
    ProblemCode.STUCK: "Stuck",
    ProblemCode.STRAY_KEY: "Stray key",
    ProblemCode.NON_CANONICAL_ID: "Non-canonical id",
}


def problem_note(problem: Problem) -> str:
    """A problem in a few words, for a list."""
    return _PROBLEM_NOTES[problem.code]


def problem_title(problem: Problem) -> str:
    """A problem's name, for a heading."""
    return _PROBLEM_TITLES[problem.code]


def short_type(type_name: str) -> str:
    """A type's name without the module path before it."""
    return type_name.rpartition("::")[2] or type_name


def short_id(procedure_id: str) -> str:
    """The beginning of an id."""
    return procedure_id[:SHORT_ID_LENGTH]
