"""`procdash truncate`."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.actions import tree
from support.writing import FINISHED, LOADED, UNREADABLE, document, run, small_store


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


def names(home: Path, identity: str) -> list[str]:
    return sorted(path.name.lstrip("0") for path in (home / "procedure" / identity).iterdir())


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], ["3.step"]),
        (["--keep", 1], ["3.step"]),
        (["--keep", 3], ["1.step", "2.step", "3.step"]),
        (["--below", 2], ["2.step", "3.step"]),
        (["--below", 3], ["3.step"]),
    ],
)
def test_older_steps_go(home: Path, options: list[object], left: list[str]) -> None:
    before = tree(home)
    done = document("truncate", home, LOADED[:4], *options, "--yes")
    assert names(home, LOADED) == left
    assert (done["targets"][0]["verdict"], done["targets"][0]["result"]) == ("loaded", "loaded")
    assert done["must_type"] == []
    assert document("undo", "--yes")["outcome"] == "done"
    assert tree(home) == before


@pytest.mark.parametrize("options", [["--keep", 0], ["--below", 4]])
def test_the_deciding_key_never_goes(home: Path, options: list[object]) -> None:
    before = tree(home)
    refused = document("truncate", home, LOADED, *options, "--yes", code=1)
    assert "above its deciding step 3" in refused["refusals"][0]["reason"]
    assert tree(home) == before


def test_a_finished_one_may_lose_every_step(home: Path) -> None:
    assert run("truncate", home, FINISHED, "--keep", 0, "--yes").exit_code == 0
    assert names(home, FINISHED) == ["2.commit"]


def test_the_second_time_there_is_nothing_to_do(home: Path) -> None:
    assert run("truncate", home, LOADED, "--yes").exit_code == 0
    again = run("truncate", home, LOADED, "--yes")
    assert again.exit_code == 0
    assert "nothing to do" in again.stderr
    assert document("truncate", home, LOADED, "--yes")["entry"] is None
    assert run("truncate", home, LOADED).exit_code == 2
    assert [entry["entry"] for entry in document("journal")["entries"]] == [1]


def test_keep_and_below_together_are_wrong_usage(home: Path) -> None:
    result = run("truncate", home, LOADED, "--keep", 1, "--below", 1, "--yes")
    assert result.exit_code == 2
    assert "not both" in result.stderr


@pytest.mark.parametrize("option", ["--keep", "--below"])
def test_negative_bounds_are_wrong_usage(home: Path, option: str) -> None:
    assert run("truncate", home, LOADED, option, -1, "--yes").exit_code == 2


def test_what_does_not_decode_keeps_its_steps(home: Path) -> None:
    result = run("truncate", home, UNREADABLE, "--yes")
    assert result.exit_code == 1
    assert "all that is left of it" in result.stderr
