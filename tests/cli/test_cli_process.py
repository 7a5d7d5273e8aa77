"""The command line as a process: exit codes, no terminal, signals, what gets imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.stores import PlainStore, procedure_id

PROCDASH = [sys.executable, "-m", "procdash"]


def run(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROCDASH, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_the_command_line_never_imports_textual() -> None:
    code = "import procdash.cli, sys; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("package", ["fsspec", "aiofiles", "watchfiles", "rich", "sqlite3", "platformdirs"])
def test_what_one_command_needs_is_not_imported_for_another(package: str) -> None:
    code = f"import procdash.cli, sys; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "procdash, version 0.1.0"),
        (["--help"], 0, "procdash demo"),
        (["list"], 2, "Missing argument 'LOCATION'"),
        (["list", "/does/not/exist"], 3, "procdash: no such directory: /does/not/exist"),
        (["list", "s3://user:secret@bucket/x"], 3, "s3:// locations cannot be opened by this version"),
        (["list", "nonsense://x"], 3, "unknown kind of location nonsense://"),
        (["lst", "."], 2, "Did you mean 'procdash list'?"),
        (["watch", "/does/not/exist"], 3, "no such directory"),
        (["show", "/does/not/exist", "x"], 3, "no such directory"),
        (["completion", "bash"], 0, "_procdash_completion"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.returncode == code
    assert said in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stdout + result.stderr


@pytest.mark.parametrize("arguments", [[], ["demo"]])
def test_without_a_terminal_the_dashboard_says_what_to_do_instead(tmp_path: Path, arguments: list[str]) -> None:
    PlainStore(tmp_path)
    result = run(*(arguments or [str(tmp_path)]))
    assert result.returncode == 2
    assert "needs a terminal" in result.stderr
    assert "ssh -t" in result.stderr
    assert result.stdout == ""


def test_watch_prints_the_picture_and_then_each_change(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0)
    with subprocess.Popen(
        [*PROCDASH, "watch", str(tmp_path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["event"], first["procedure"]["id"]) == ("added", procedure_id(1))
        status = json.loads(process.stdout.readline())
        assert (status["event"], status["state"], status["counts"]["loaded"]) == ("status", "live", 1)
        store.commit(procedure_id(1), 1)
        change = json.loads(process.stdout.readline())
        assert (change["event"], change["procedure"]["verdict"]) == ("changed", "finished")
        store.delete(procedure_id(1))
        events = iter(process.stdout.readline, "")
        assert any(json.loads(line)["event"] == "removed" for line in events)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_a_reader_that_goes_away_ends_watch_quietly(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0)
    with subprocess.Popen(
        [*PROCDASH, "watch", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        store.commit(procedure_id(1), 1)
        assert process.wait(timeout=30) == 1
        assert process.stderr.read() == ""


def test_the_demo_engine_runs_without_a_dashboard(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with subprocess.Popen(
        [*PROCDASH, "demo", "--no-dashboard", "--directory", str(home), "--rate", "200"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(home)
        before = json.loads(run("list", str(home), "--json").stdout)
        assert sum(before["counts"].values()) >= 20
        with subprocess.Popen(
            [*PROCDASH, "watch", str(home)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as watching:
            assert watching.stdout is not None
            assert any(json.loads(line)["event"] == "changed" for line in watching.stdout)
            watching.kill()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) in (0, 130)
    assert os.listdir(home) == ["procedure"]  # noqa: PTH208 - names are enough


def test_the_demo_leaves_a_directory_with_something_in_it_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = run("demo", "--no-dashboard", "--directory", str(tmp_path))
    assert result.returncode == 2
    assert "is not empty" in result.stderr
