"""`procdash commit`."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.actions import tree
from support.writing import FINISHED, LOADED, PARENT, ROLLING_BACK, UNREADABLE, document, run, small_store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


def test_a_commit_is_one_empty_key_above_all_others(home: Path) -> None:
    before = tree(home)
    done = document("commit", home, LOADED, "--yes")
    [target] = done["targets"]
    assert [(op["kind"], op["key"]) for op in target["ops"]] == [("put", f"procedure/{LOADED}/0000000004.commit")]
    assert (target["result"], done["results"][0]["verdict"]) == ("finished", "finished")
    assert (done["keys_written"], done["keys_removed"], done["must_type"]) == (1, 0, [LOADED])
    added = {key: value for key, value in tree(home).items() if key not in before}
    assert added == {f"procedure/{LOADED}/0000000004.commit": b""}


def test_what_is_finished_is_refused_with_a_next_step(home: Path) -> None:
    before = tree(home)
    result = run("commit", home, FINISHED, "--yes")
    assert result.exit_code == 1
    assert "It is finished already." in result.stderr
    assert "delete it now" in result.stderr
    assert "nothing was written" in result.stderr
    assert tree(home) == before


def test_several_are_one_entry_that_is_undone_at_once(home: Path) -> None:
    before = tree(home)
    done = document("commit", home, LOADED, ROLLING_BACK, UNREADABLE, FINISHED, "--yes", code=1)
    assert (done["entry"], len(done["results"]), len(done["refusals"])) == (1, 3, 1)
    assert document("undo", 1, "--yes")["outcome"] == "done"
    assert tree(home) == before


def test_an_abandoned_child_is_warned_of(home: Path) -> None:
    [target] = document("commit", home, PARENT, "--dry-run")["targets"]
    assert any("unfinished child stays" in warning for warning in target["warnings"])


def test_an_unreadable_one_may_be_committed_without_typing_much(home: Path) -> None:
    assert run("commit", home, UNREADABLE[:4], "--yes").exit_code == 0
