"""A table of backends and suites at the end of a test run: what holds where, and why something was not tried.

A test counts in it if it runs on a backend: a parameter whose class is named `…Backend` and has a `name`. Its
suite is named by `@pytest.mark.suite("NAME")`, or else after its module. `@pytest.mark.suite("NAME",
backend="NAME")` puts a test into the table that has no such parameter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

_PROPERTY = "suite on backend"
_Cell = tuple[str, str]
"""A backend's name and a suite's."""


class ConformanceTable:
    """Counts the outcomes of one test run; a pytest plugin."""

    def __init__(self) -> None:
        self.outcomes: dict[_Cell, Counter[str]] = {}
        self.reasons: dict[str, Counter[str]] = {}
        """Of each backend why tests were skipped, and how many."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note on each test which cell it counts in; the note travels with its report, also between processes."""
        for item in items:
            cell = _cell_of(item)
            if cell is not None:
                item.user_properties.append((_PROPERTY, cell))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: when it was called, or when it did not come to that."""
        notes: dict[str, Any] = dict(report.user_properties)
        if _PROPERTY not in notes or (report.when != "call" and report.outcome == "passed"):
            return
        backend, suite = notes[_PROPERTY]
        self.outcomes.setdefault((backend, suite), Counter())[report.outcome] += 1
        if report.skipped and isinstance(report.longrepr, tuple):
            self.reasons.setdefault(backend, Counter())[report.longrepr[2].removeprefix("Skipped: ")] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, if there is anything in it."""
        if self.outcomes and terminalreporter.config.get_verbosity() > -2:
            terminalreporter.section("backends and suites")
            for line in self.lines():
                terminalreporter.line(line)

    def lines(self) -> Iterator[str]:
        """The table as Markdown, then why tests were skipped."""
        suites = sorted({suite for _, suite in self.outcomes})
        backends = list(dict.fromkeys(backend for backend, _ in self.outcomes))
        yield from _markdown(
            ["backend", *suites],
            [
                [backend, *(_mark(self.outcomes.get((backend, suite), {})) for suite in suites)]
                for backend in backends
            ],
        )
        if self.reasons:
            yield ""
        for backend, reasons in self.reasons.items():
            for reason, count in reasons.items():
                yield f"{backend}: {count} skipped: {reason}"


def _cell_of(item: pytest.Item) -> _Cell | None:
    marker = item.get_closest_marker("suite")
    backend = marker.kwargs.get("backend") if marker else None
    for value in getattr(getattr(item, "callspec", None), "params", {}).values():
        if type(value).__name__.endswith("Backend"):
            backend = value.name
    if backend is None:
        return None
    return backend, marker.args[0] if marker else item.path.stem.removeprefix("test_").replace("_", " ")


def _mark(outcomes: Mapping[str, int]) -> str:
    failed, passed, skipped = (outcomes.get(outcome, 0) for outcome in ("failed", "passed", "skipped"))
    if failed:
        return f"✗ {failed} of {failed + passed}"
    if passed:
        return f"✓ {passed}"
    return f"skipped {skipped}" if skipped else ""


def _markdown(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in table]
    padded.insert(1, ["-" * width for width in widths])
    for row in padded:
        yield f"| {' | '.join(row)} |"
