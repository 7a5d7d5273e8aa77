"""`procdash journal`: the list, one entry, resuming, and several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.actions import tree
from support.stores import PlainStore, procedure_id
from support.writing import (
    FINISHED,
    LOADED,
    document,
    interrupted_deletion,
    interrupted_undo,
    run,
    small_store,
)

from procdash.actions.opening import journal_path

ENTRY_FIELDS = [
    "entry",
    "kind",
    "location",
    "written_at",
    "ended_at",
    "author",
    "reason",
    "state",
    "interrupted",
    "resumable",
    "undoable",
    "undoes",
    "undone_by",
    "procedures",
    "keys_removed",
    "bytes_removed",
    "keys_written",
    "kept_bytes",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    small_store(tmp_path / "other")
    return tmp_path / "other"


def test_an_empty_journal_says_so(home: Path) -> None:
    assert document("journal") == {"journal": str(journal_path()), "entries": []}
    result = run("journal", home)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"nothing in the journal about {home}" in result.stderr
    assert not journal_path().exists()


def test_the_newest_entries_come_first(home: Path, other: Path) -> None:
    for place in (home, other, home):
        run("truncate" if place == other else "delete", place, LOADED, "--yes", "--reason", "why not")
        run("undo", place, "--yes")
    found = document("journal", "list", home)["entries"]
    assert [entry["entry"] for entry in found] == [6, 5, 2, 1]
    assert list(found[0]) == ENTRY_FIELDS
    assert (found[0]["undoes"], found[1]["undone_by"], found[1]["reason"]) == (5, 6, "why not")
    assert [entry["entry"] for entry in document("journal", "--limit", 2)["entries"]] == [6, 5]
    assert [entry["entry"] for entry in document("journal", other)["entries"]] == [4, 3]
    lines = run("journal", home).stdout.splitlines()
    assert lines[0].split()[:2] == ["ENTRY", "TIME"]
    assert [line.split()[0] for line in lines[1:]] == ["6", "5", "2", "1"]


def test_the_journal_outlives_the_store(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    home.rename(home.with_name("gone"))
    assert len(document("journal", home)["entries"]) == 1


def test_one_entry_in_full(home: Path) -> None:
    run("delete", home, LOADED, "--yes")
    shown = document("journal", "show", 1)
    assert list(shown) == [*ENTRY_FIELDS, "plan", "ops_done", "results"]
    assert shown["ops_done"] == [0, 1, 2, 3, 4]
    assert shown["kept_bytes"] == shown["bytes_removed"] == shown["plan"]["bytes_removed"] > 0
    assert shown["results"][0]["outcome"] == "done"
    text = run("journal", "show", 1).stdout
    assert LOADED in text
    assert "of removed values, in the journal" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "7"], 1, "there is no entry 7"),
        (["show", "x"], 2, "not a valid integer"),
        (["7"], 2, "procdash journal show 7"),
        (["shw"], 2, "Did you mean 'procdash journal show'?"),
        (["resume", "--yes"], 1, "no entry was interrupted"),
        (["resume", "1", "--yes"], 1, "nothing is left of entry 1: it is done"),
        (["resume", "1"], 2, "Add --yes"),
    ],
)
def test_wrong_words(home: Path, arguments: list[str], code: int, said: str) -> None:
    run("delete", home, FINISHED, "--yes")
    result = run("journal", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_an_interrupted_entry_is_resumed(home: Path) -> None:
    entry = interrupted_deletion(home, FINISHED, LOADED, after=3)
    [listed] = document("journal")["entries"]
    assert (listed["interrupted"], listed["resumable"], listed["undoable"]) == (True, True, True)
    assert document("journal", "show", entry.number)["ops_done"] == [0, 1, 2]
    assert "interrupted" in run("journal", "show", entry.number).stdout
    done = document("journal", "resume", "--yes")
    assert (done["entry"], done["outcome"]) == (entry.number, "done")
    assert not (home / "procedure" / LOADED).exists()
    assert document("journal")["entries"][0]["interrupted"] is False


def test_the_place_says_which_entry_is_resumed(home: Path, other: Path) -> None:
    interrupted_deletion(home, LOADED, after=1)
    interrupted_deletion(other, LOADED, after=1)
    assert document("journal", "resume", home, "--yes")["location"] == str(home)
    assert document("journal", "resume", "--yes")["location"] == str(other)


def test_what_has_changed_since_is_not_resumed(home: Path) -> None:
    interrupted_deletion(home, LOADED, after=2)
    PlainStore(home).step(LOADED, 9)
    before = tree(home)
    refused = document("journal", "resume", "--yes", code=4)
    assert refused["results"][0]["outcome"] == "changed"
    assert [each["what"] for each in refused["results"][0]["differences"]] == ["appeared"]
    assert tree(home) == before


@pytest.mark.parametrize("command", ["delete", "commit", "truncate"])
def test_an_interrupted_entry_is_told_before_anything_else_is_written(home: Path, command: str) -> None:
    interrupted_deletion(home, LOADED, after=2)
    result = run(command, home, FINISHED, "--dry-run")
    assert "Entry 1 of the journal was interrupted: 'procdash journal resume 1'" in result.stderr
    assert "'procdash undo 1' takes it back" in result.stderr


def test_of_several_interrupted_entries_the_newest_is_named(home: Path, other: Path) -> None:
    interrupted_deletion(home, LOADED, after=2)
    interrupted_deletion(home, FINISHED, after=1)
    interrupted_deletion(other, FINISHED, after=1)
    result = run("truncate", home, FINISHED, "--dry-run")
    assert "Entry 2 of the journal (and 1 older one) was interrupted" in result.stderr


def test_an_interrupted_undo_is_resumed(home: Path) -> None:
    before = tree(home)
    run("delete", home, LOADED, "--yes")
    interrupted_undo(home, 1, after=2)
    assert document("journal", "resume", "--yes")["outcome"] == "done"
    assert tree(home) == before


def test_processes_share_the_journal(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("a", "b", "c")]
    ids = [procedure_id(number) for number in range(1, 9)]
    for home in homes:
        for identity in ids:
            PlainStore(home).step(identity, 0)
    commands = [
        [sys.executable, "-m", "procdash", "delete", str(home), *ids, "--yes", "--reason", home.name]
        for home in homes
    ]
    running = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    entries = document("journal")["entries"]
    assert {entry["reason"]: entry["location"] for entry in entries} == {home.name: str(home) for home in homes}
    assert all(entry["state"] == "done" and len(entry["procedures"]) == len(ids) for entry in entries)
    for home in homes:
        assert run("undo", home, "--yes").exit_code == 0
        assert len(document("list", home)["procedures"]) == len(ids)
