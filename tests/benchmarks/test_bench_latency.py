"""From a write in the store to the line that `procdash watch` prints, and to the cell that is painted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from support.stores import PlainStore, procedure_id
from support.terminal import Terminal, terminal

ROUNDS = 20


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[tuple[PlainStore, subprocess.Popen[str]]]:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0)
    command = [sys.executable, "-m", "procdash", "watch", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["event"] != "status":
            pass
        yield store, process
        process.kill()


@pytest.mark.benchmark(group="write to event")
def test_write_to_watch_event(
    benchmark: BenchmarkFixture, watching: tuple[PlainStore, subprocess.Popen[str]]
) -> None:
    store, process = watching
    assert process.stdout is not None
    lines = process.stdout
    steps = count(1)

    def write_and_wait() -> int:
        step = next(steps)
        store.step(procedure_id(1), step)
        seen: int = json.loads(lines.readline())["procedure"]["step"]
        return seen

    assert benchmark.pedantic(write_and_wait, rounds=ROUNDS) >= 1
    if benchmark.stats is not None:
        assert benchmark.stats.stats.median < 0.2


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[tuple[PlainStore, Terminal]]:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0)
    with terminal(str(tmp_path)) as screen:
        screen.wait_for("● live")
        yield store, screen


@pytest.mark.benchmark(group="write to event")
def test_write_to_painted_cell(benchmark: BenchmarkFixture, dashboard: tuple[PlainStore, Terminal]) -> None:
    store, screen = dashboard
    steps = count(11)

    def write_and_wait() -> None:
        step = next(steps)
        store.step(procedure_id(1), step)
        screen.wait_for(rf"CreateTable +00010001 +{step} ")

    benchmark.pedantic(write_and_wait, rounds=ROUNDS)


@pytest.mark.benchmark(group="start-up")
@pytest.mark.parametrize(
    "arguments", [["-c", "pass"], ["-m", "procdash", "--version"], ["-m", "procdash", "list"]]
)
def test_start_up(benchmark: BenchmarkFixture, tmp_path: Path, arguments: list[str]) -> None:
    PlainStore(tmp_path).step(procedure_id(1), 0)
    location = [str(tmp_path), "--json"] if arguments[-1] == "list" else []

    def start() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments, *location], check=True, capture_output=True)
        return time.perf_counter() - began

    assert benchmark.pedantic(start, rounds=5) > 0
