"""The writing commands where something is wrong: read-only, no journal, no permission, no store."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.actions import tree
from support.configurations import write_default
from support.privileges import let_others_in, ordinary_user
from support.writing import FINISHED, LOADED, PARENT, document, interrupted_deletion, process, run, small_store

from procdash.actions.opening import journal_path
from procdash.actions.outcomes import Outcome, Report, TargetResult
from procdash.actions.plans import ActionKind, Difference, Plan, Refusal
from procdash.cli.applying import code_of
from procdash.cli.exit_codes import ExitCode

WRITING = [
    ["commit", "HOME", LOADED],
    ["delete", "HOME", FINISHED],
    ["truncate", "HOME", LOADED],
    ["undo", "HOME"],
    ["journal", "resume", "HOME", "1"],
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


def at(home: Path, words: list[str]) -> list[str]:
    return [word.replace("HOME", str(home)) for word in words]


@pytest.mark.parametrize("words", WRITING)
def test_read_only_takes_every_write_away(home: Path, words: list[str]) -> None:
    interrupted_deletion(home, PARENT, after=1)
    before = tree(home)
    result = run("--read-only", *at(home, words), "--yes")
    assert result.exit_code == 1
    assert "read-only: --read-only was given, so nothing is written" in result.stderr
    assert tree(home) == before


@pytest.mark.parametrize(
    ("environment", "configuration", "who"),
    [
        ({"PROCDASH_READ_ONLY": "1"}, "", "PROCDASH_READ_ONLY is set"),
        ({}, "read_only = true", "the configuration says so for every location"),
        ({}, '[locations.prod]\nurl = "HOME"\nread_only = true', "the configuration says so for 'prod'"),
        ({"PROCDASH_READ_ONLY": "0"}, "read_only = true", None),
    ],
)
def test_who_made_it_read_only_is_said(
    home: Path, environment: dict[str, str], configuration: str, who: str | None
) -> None:
    write_default(configuration.replace("HOME", str(home)))
    result = run("delete", home, FINISHED, "--yes", environment=environment)
    assert result.exit_code == (0 if who is None else 1)
    assert who is None or who in result.stderr
    assert (home / "procedure" / FINISHED).exists() is (who is not None)


def test_a_place_that_is_read_only_stays_so_for_an_undo_by_number(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    write_default(f'[locations.prod]\nurl = "{home}"\nread_only = true')
    result = run("undo", 1, "--yes")
    assert result.exit_code == 1
    assert "for 'prod'" in result.stderr
    assert run("--read-write", "undo", 1, "--yes").exit_code == 0


def test_a_dry_run_works_where_all_is_read_only(home: Path) -> None:
    assert run("--read-only", "delete", home, FINISHED, "--dry-run").exit_code == 0


def test_without_a_journal_nothing_is_written(home: Path) -> None:
    path = journal_path()
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("in the place of the directory")
    before = tree(home)
    result = run("delete", home, FINISHED, "--yes")
    assert result.exit_code == 1
    assert "nothing was written to the store" in result.stderr
    assert tree(home) == before
    assert run("delete", home, FINISHED, "--dry-run").exit_code == 0


def test_a_journal_that_may_not_be_written_stops_all(home: Path, tmp_path: Path) -> None:
    let_others_in(tmp_path)
    for path in (home, *home.rglob("*")):
        path.chmod(0o777)
    state = journal_path().parent.parent
    state.mkdir(parents=True, mode=0o755)
    let_others_in(state)
    state.chmod(0o555)
    before = tree(home)
    with ordinary_user():
        result = run("commit", home, LOADED, "--yes")
    assert result.exit_code == 1
    assert "nothing was written to the store" in result.stderr
    assert tree(home) == before


def test_a_damaged_journal_stops_all_but_a_dry_run(home: Path) -> None:
    path = journal_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"SQLite format 3\0 or not" * 100)
    before = tree(home)
    for words in (["delete", home, FINISHED, "--yes"], ["journal"], ["undo", "--yes"]):
        result = run(*words)
        assert result.exit_code == 1
        assert str(path) in result.stderr
    assert run("delete", home, FINISHED, "--dry-run").exit_code == 0
    assert tree(home) == before


def test_a_store_that_may_not_be_written_fails_whole(home: Path, tmp_path: Path) -> None:
    let_others_in(tmp_path)
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    state = journal_path().parent.parent
    state.mkdir(parents=True)
    let_others_in(state)
    state.chmod(0o777)
    before = tree(home)
    with ordinary_user():
        failed = document("delete", home, FINISHED, PARENT, "--yes", code=1)
        assert {result["outcome"] for result in failed["results"]} == {"failed", "skipped"}
        assert {result["ops_done"] for result in failed["results"]} == {0}
        assert "Permission denied" in failed["results"][0]["message"]
        assert document("journal")["entries"][0]["state"] == "nothing_done"
    assert tree(home) == before


@pytest.mark.parametrize("command", ["commit", "delete", "truncate"])
def test_a_store_that_is_gone_is_unreachable(home: Path, command: str) -> None:
    home.rename(home.with_name("elsewhere"))
    result = process(command, home, FINISHED, "--yes")
    assert result.returncode == 3
    assert "no such directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_undo_of_a_store_that_is_gone_is_unreachable(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    home.rename(home.with_name("elsewhere"))
    result = process("undo", "--yes")
    assert result.returncode == 3
    assert "no such directory" in result.stderr


def plan(*refusals: Refusal) -> Plan:
    return Plan(kind=ActionKind.DELETE, location="", targets=(), refusals=refusals)


def result(outcome: Outcome, *, is_verified: bool = True) -> TargetResult:
    return TargetResult(procedure_id="x", outcome=outcome, ops_done=0, ops_total=1, is_verified=is_verified)


REFUSAL = Refusal("x", "reason")
CHANGED_REFUSAL = Refusal("x", "reason", "", (Difference("k", None, None),))


@pytest.mark.parametrize(
    ("refusals", "results", "code"),
    [
        ([], [], ExitCode.DONE),
        ([], [result(Outcome.DONE)], ExitCode.DONE),
        ([REFUSAL], [result(Outcome.DONE)], ExitCode.REFUSED),
        ([], [result(Outcome.FAILED), result(Outcome.DONE)], ExitCode.REFUSED),
        ([], [result(Outcome.SKIPPED)], ExitCode.REFUSED),
        ([], [result(Outcome.CHANGED), result(Outcome.FAILED)], ExitCode.CHANGED),
        ([CHANGED_REFUSAL, REFUSAL], [], ExitCode.CHANGED),
        ([REFUSAL], [result(Outcome.CHANGED)], ExitCode.CHANGED),
        ([], [result(Outcome.UNKNOWN), result(Outcome.CHANGED)], ExitCode.UNREACHABLE),
        ([], [result(Outcome.FAILED, is_verified=False)], ExitCode.UNREACHABLE),
    ],
)
def test_the_gravest_outcome_is_the_exit_code(
    refusals: list[Refusal], results: list[TargetResult], code: ExitCode
) -> None:
    assert code_of(Report(plan(*refusals), tuple(results))) is code
