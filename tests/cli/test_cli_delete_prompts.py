"""What the writing commands ask on a terminal, and what happens on ctrl+c."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from support.actions import tree
from support.stores import PlainStore, procedure_id
from support.terminal import Terminal, terminal
from support.writing import (
    FINISHED,
    LOADED,
    PARENT,
    ROLLING_BACK,
    document,
    interrupted_deletion,
    run,
    small_store,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


def answer(screen: Terminal, question: str, text: str) -> int:
    screen.wait_for(question)
    screen.type(f"{text}\n")
    return screen.exit_code()


@pytest.mark.parametrize(("text", "code"), [("y", 0), ("YES", 0), ("n", 1), ("", 1), ("yep", 1), ("\x04", 1)])
def test_a_plain_plan_is_confirmed_with_yes(home: Path, text: str, code: int) -> None:
    before = tree(home)
    with terminal("delete", str(home), FINISHED[:4]) as screen:
        screen.wait_for("0000000002.commit")
        assert answer(screen, r"Delete 1 procedure · 3 keys · \d+ B\? \[y/N\]", text) == code
        said = "Deleted 1 procedure" if code == 0 else "Nothing was written: not confirmed."
        assert said in screen.text
    assert (tree(home) == before) is (code == 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [(LOADED[:8], 0), (f" {LOADED.upper()} ", 0), (LOADED[:7], 1), ("y", 1), (ROLLING_BACK[:8], 1), ("", 1)],
)
def test_what_abandons_one_is_confirmed_by_its_id(home: Path, text: str, code: int) -> None:
    before = tree(home)
    with terminal("commit", str(home), LOADED) as screen:
        assert answer(screen, "type the first 8 characters", text) == code
    assert (tree(home) == before) is (code == 1)


@pytest.mark.parametrize(("text", "code"), [("abandon 2", 0), ("abandon 3", 1), (LOADED[:8], 1), ("y", 1)])
def test_what_abandons_several_is_confirmed_by_their_number(home: Path, text: str, code: int) -> None:
    before = tree(home)
    with terminal("delete", str(home), LOADED, PARENT, FINISHED) as screen:
        assert answer(screen, "type 'abandon 2'", text) == code
    assert (tree(home) == before) is (code == 1)


def test_an_undo_is_confirmed_with_yes(home: Path) -> None:
    before = tree(home)
    run("delete", home, LOADED, "--yes")
    with terminal("undo") as screen:
        assert answer(screen, r"Undo entry 1 · .*\? \[y/N\]", "y") == 0
    assert tree(home) == before


def test_resuming_shows_what_is_left_and_asks(home: Path) -> None:
    interrupted_deletion(home, LOADED, after=3)
    with terminal("journal", "resume") as screen:
        assert answer(screen, r"Do the 2 ops left of entry 1\? \[y/N\]", "n") == 1
    assert (home / "procedure" / LOADED).exists()
    with terminal("journal", "resume") as screen:
        assert answer(screen, "left of entry 1", "y") == 0
    assert not (home / "procedure" / LOADED).exists()


def test_ctrl_c_at_the_question_writes_nothing(home: Path) -> None:
    before = tree(home)
    with terminal("delete", str(home), FINISHED) as screen:
        screen.wait_for(r"\[y/N\]")
        screen.process.send_signal(signal.SIGINT)
        assert screen.exit_code() == 130
    assert tree(home) == before
    assert document("journal")["entries"] == []


def test_ctrl_c_in_the_middle_says_how_to_go_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    identity = procedure_id(7)
    for step in range(200):
        PlainStore(home).step(identity, step)
    before = tree(home)
    with terminal("delete", str(home), identity, "--yes", "--throttle", "40") as screen:
        screen.wait_for(r"Writing .*[1-9]%")
        screen.process.send_signal(signal.SIGINT)
        assert screen.exit_code() == 130
        said = re.sub(r"\s+", " ", screen.text)
    found = re.search(r"Interrupted after (\d+) of 201 ops of entry 1: 'procdash journal resume 1' does", said)
    assert found, said
    assert "'procdash undo 1' takes it back" in said
    done = int(found[1])
    assert len(tree(home)) == len(before) - done
    assert document("journal", "show", 1)["ops_done"] == list(range(done))
    assert document("journal")["entries"][0]["interrupted"] is True
    assert run("undo", "--yes").exit_code == 0
    assert tree(home) == before


def test_a_store_that_vanishes_in_the_middle_is_unreachable_and_the_rest_can_be_resumed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ids = [procedure_id(number) for number in range(1, 6)]
    for identity in ids:
        for step in range(20):
            PlainStore(home).step(identity, step)
    before = tree(home)
    with terminal("delete", str(home), *ids, "--yes", "--throttle", "40", "--json") as screen:
        screen.wait_for(r"Writing .*[1-9]%")
        home.rename(tmp_path / "elsewhere")
        assert screen.exit_code() == 3
        assert '"outcome": "unknown"' in screen.written.decode()
    (tmp_path / "elsewhere").rename(home)
    left = document("journal", "show", 1)
    assert (left["state"], left["resumable"], left["undoable"]) == ("incomplete", True, True)
    assert 0 < len(left["ops_done"]) < 105
    assert run("undo", "--yes").exit_code == 0
    assert tree(home) == before


def test_json_goes_to_standard_output_and_the_question_to_the_terminal(home: Path) -> None:
    with terminal("truncate", str(home), LOADED, "--json") as screen:
        assert answer(screen, r"\[y/N\]", "n") == 1
        assert '"reason": "not confirmed"' in screen.text
