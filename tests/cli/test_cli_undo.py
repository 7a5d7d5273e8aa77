"""`procdash undo`: which entry, what has changed since, and undos that were interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.actions import tree
from support.stores import PlainStore
from support.writing import (
    CHILD,
    FINISHED,
    LOADED,
    PARENT,
    begun_deletion,
    document,
    interrupted_deletion,
    interrupted_undo,
    run,
    small_store,
)

from procdash.actions.entry_lock import EntryLock
from procdash.actions.opening import journal_path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    small_store(tmp_path / "other")
    return tmp_path / "other"


def test_the_newest_entry_is_undone(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    before = tree(home)
    run("delete", home, LOADED, "--yes")
    assert document("undo", "--yes")["undoes"] == 2
    assert tree(home) == before
    assert document("undo", "--yes")["undoes"] == 1


def test_a_location_or_a_number_says_which(home: Path, other: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    run("delete", home, LOADED, "--yes")
    run("delete", other, FINISHED, "--yes")
    assert document("undo", home, "--dry-run")["undoes"] == 2
    assert document("undo", home / "procedure", "--dry-run")["undoes"] == 2
    assert document("undo", 1, "--dry-run")["undoes"] == 1
    assert document("undo", home, 1, "--dry-run")["undoes"] == 1
    assert document("undo", "--dry-run")["location"] == str(other)
    result = run("undo", "--dry-run", "--json", environment={"PROCDASH_LOCATION": str(home)})
    assert f'"location": "{home}"' in result.stdout


def test_an_entry_about_another_place_is_not_applied_here(home: Path, other: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    before = tree(other)
    result = run("undo", other, 1, "--yes")
    assert result.exit_code == 1
    assert f"is about {home}, not about {other}" in result.stderr
    assert tree(other) == before


def test_another_path_to_the_same_place_will_do(home: Path, tmp_path: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    (tmp_path / "link").symlink_to(home)
    assert run("undo", tmp_path / "link", 1, "--yes").exit_code == 0
    assert (home / "procedure" / FINISHED).exists()


def test_an_undo_can_be_undone(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    run("undo", "--yes")
    assert run("undo", 2, "--yes").exit_code == 0
    assert not (home / "procedure" / FINISHED).exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["99"], 1, "there is no entry 99"),
        (["9" * 30], 1, "cannot read the journal"),
        (["1"], 1, "entry 2 has undone it; 'procdash undo 2' would do it again"),
        ([], 1, "there is nothing to undo"),
        (["1", "2"], 2, "at most one LOCATION and one ENTRY"),
        (["0"], 2, "is not in the range"),
        (["/does/not/exist", "1"], 1, "has undone it"),
        (["/does/not/exist"], 1, "there is nothing to undo about /does/not/exist"),
    ],
)
def test_what_cannot_be_undone(home: Path, arguments: list[str], code: int, said: str) -> None:
    run("delete", home, FINISHED, "--yes")
    run("undo", "--yes")
    result = run("undo", *arguments, "--yes")
    assert result.exit_code == code
    assert said in result.stderr


def test_without_a_terminal_it_must_be_told_to_go_on(home: Path) -> None:
    run("delete", home, FINISHED, "--yes")
    result = run("undo")
    assert result.exit_code == 2
    assert "Add --yes" in result.stderr


def test_what_has_changed_since_is_shown_key_by_key(home: Path) -> None:
    run("truncate", home, LOADED, "--keep", 2, "--yes")
    store = PlainStore(home)
    store.step(LOADED, 4)
    (home / "procedure" / LOADED / "0000000002.step").unlink()
    store.put(f"{LOADED}/0000000003.step", "another value")
    before = tree(home)
    refused = document("undo", "--yes", code=4)
    assert (refused["outcome"], refused["results"]) == ("refused", [])
    [refusal] = refused["refusals"]
    assert [(each["key"].rpartition("/")[2], each["what"]) for each in refusal["differences"]] == [
        ("0000000002.step", "gone"),
        ("0000000003.step", "rewritten"),
        ("0000000004.step", "appeared"),
    ]
    assert refusal["differences"][0]["found"] is None
    result = run("undo", 1, "--dry-run")
    assert result.exit_code == 4
    assert "appeared" in result.stdout
    assert tree(home) == before


def test_where_one_family_has_changed_the_rest_is_undone(home: Path) -> None:
    before = tree(home)
    run("delete", home, FINISHED, PARENT, "--yes")
    PlainStore(home).step(CHILD, 7)
    done = document("undo", "--yes", code=4)
    assert [result["id"] for result in done["results"]] == [FINISHED]
    assert {refusal["id"] for refusal in done["refusals"]} == {PARENT, CHILD}
    assert {key for key in tree(home) if FINISHED in key} == {key for key in before if FINISHED in key}
    assert document("undo", 1, "--yes", code=4)["results"] == []
    PlainStore(home).delete(CHILD)
    assert {result["id"] for result in document("undo", 1, "--yes")["results"]} == {PARENT, CHILD}
    assert tree(home) == before
    assert "has undone it" in run("undo", 1, "--yes").stderr


def test_an_interrupted_deletion_is_undone(home: Path) -> None:
    before = tree(home)
    entry = interrupted_deletion(home, FINISHED, LOADED, after=6)
    assert tree(home) != before
    result = run("undo", home, "--yes")
    assert result.exit_code == 0
    assert "was interrupted" not in result.stderr
    assert tree(home) == before
    assert document("journal", "show", entry.number)["undone_by"] == 2


def test_an_interrupted_undo_is_finished(home: Path) -> None:
    before = tree(home)
    run("delete", home, LOADED, "--yes")
    interrupted_undo(home, 1, after=2)
    result = run("undo", 1, "--yes")
    assert result.exit_code == 0
    assert "The undo of entry 1 was not finished" in result.stderr
    assert tree(home) == before
    assert [entry["state"] for entry in document("journal")["entries"]] == ["done", "done"]


def test_an_entry_that_wrote_nothing_before_it_was_interrupted_is_closed(home: Path) -> None:
    before = tree(home)
    number = begun_deletion(home, LOADED)
    assert document("journal", "show", number)["interrupted"] is True
    result = run("undo", number, "--yes")
    assert result.exit_code == 0
    assert "nothing to do" in result.stderr
    assert tree(home) == before
    closed = document("journal", "show", number)
    assert (closed["state"], closed["interrupted"]) == ("nothing_done", False)


def test_an_entry_that_another_process_applies_is_left_alone(home: Path) -> None:
    number = begun_deletion(home, LOADED)
    lock = EntryLock(f"{journal_path()}.entry-{number}.lock")
    assert lock.acquire()
    assert document("journal", "show", number)["interrupted"] is False
    for command in (["undo", number], ["undo"], ["journal", "resume", number]):
        result = run(*command, "--yes")
        assert result.exit_code == 1
        assert "being applied by another procdash" in result.stderr
    lock.release()
