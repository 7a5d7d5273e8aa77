"""`procdash show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.fixtures import Ids, write_fixtures

from procdash.cli import cli


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("show")
    write_fixtures(root)
    return root


def show(home: Path, identity: str, *options: str) -> Result:
    return CliRunner().invoke(cli, ["show", str(home), identity, *options], catch_exceptions=False)


def shown(home: Path, identity: str) -> dict[str, Any]:
    result = show(home, identity, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_everything_of_one_procedure(home: Path) -> None:
    document = shown(home, Ids.ROLLING_BACK_MIGRATION)
    assert document["verdict"] == "rolling_back"
    assert document["reason"].startswith("0000000001.rollback decides: it has the highest step")
    assert [key["type"] for key in document["keys"]] == ["step", "rollback"]
    assert document["keys"][1]["key"] == document["deciding_key"]
    assert document["message"]["error"].startswith("Procedure retry exceeded max times")
    assert [problem["code"] for problem in document["problems"]] == ["stuck"]


def test_a_finished_procedure_has_no_message(home: Path) -> None:
    assert shown(home, Ids.FINISHED_NOT_CLEANED)["message"] is None


def test_a_corrupt_value_is_a_problem_and_not_a_failure(home: Path) -> None:
    document = shown(home, Ids.CORRUPT_TOP_STEP)
    assert document["message"] is None
    assert [problem["code"] for problem in document["problems"]] == ["unreadable"]


def test_a_unique_beginning_of_an_id_is_enough(home: Path) -> None:
    assert shown(home, Ids.ORPHAN[:4])["id"] == Ids.ORPHAN
    assert shown(home, Ids.ORPHAN[:4].upper())["id"] == Ids.ORPHAN


def test_an_ambiguous_beginning_names_some_that_begin_so(home: Path) -> None:
    result = show(home, "00f")
    assert result.exit_code == 1
    assert f"begins 3 ids: {Ids.FAMILY_PARENT}" in result.stderr


def test_an_unknown_id_says_so(home: Path) -> None:
    result = show(home, "ffff")
    assert result.exit_code == 1
    assert "no procedure 'ffff'" in result.stderr


@pytest.mark.parametrize("identity", [Ids.CORRUPT_TOP_STEP, Ids.MANY_STEPS, Ids.LARGE_CREATE, Ids.NESTED])
def test_the_report_for_people_has_verdict_keys_and_value(home: Path, identity: str) -> None:
    result = show(home, identity)
    assert result.exit_code == 0
    assert identity in result.stdout
    assert "decides" in result.stdout
    assert "\x1b" not in result.stdout
