"""`procdash list`, byte for byte where programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.fixtures import Ids, write_fixtures
from support.stores import PlainStore, procedure_id

from procdash.cli import cli

MODIFIED_AT = "2026-01-21T20:16:00Z"


def row(
    identity: str,
    verdict: str,
    name: str,
    *,
    keys: int,
    type_name: str | None = None,
    problems: tuple[str, ...] = (),
    directory: str | None = None,
    parent_id: str | None = None,
    error: str | None = None,
) -> dict[str, Any]:
    return {
        "id": identity,
        "verdict": verdict,
        "deciding_key": f"procedure/{directory or identity}/{name}",
        "step": int(name[:10]),
        "type_name": type_name and f"metasrv-procedure::{type_name}",
        "parent_id": parent_id,
        "error": error,
        "keys": keys,
        "modified_at": MODIFIED_AT,
        "problems": list(problems),
    }


EXPECTED_ROWS = [
    row(Ids.HEALTHY_DROP_TABLE, "loaded", "0000000002.step", keys=3, type_name="DropTable", problems=("stuck",)),
    row(Ids.FINISHED_NOT_CLEANED, "finished", "0000000004.commit", keys=5),
    row(
        Ids.ROLLING_BACK_MIGRATION,
        "rolling_back",
        "0000000001.rollback",
        keys=2,
        type_name="RegionMigration",
        problems=("stuck",),
        error=f"Procedure retry exceeded max times, procedure_id: {Ids.ROLLING_BACK_MIGRATION}",
    ),
    row(Ids.TIE_AFTER_RECOVERY, "finished", "0000000002.commit", keys=4, problems=("ambiguous_tie",)),
    row(
        Ids.ORPHAN,
        "loaded",
        "0000000000.step",
        keys=1,
        type_name="ReconcileTable",
        problems=("orphan", "stuck"),
        parent_id=Ids.ABSENT_PARENT,
    ),
    row(Ids.FAMILY_PARENT, "loaded", "0000000002.step", keys=3, type_name="Repartition", problems=("stuck",)),
    row(
        Ids.FAMILY_CHILD,
        "loaded",
        "0000000000.step",
        keys=1,
        type_name="RepartitionGroup",
        problems=("stuck",),
        parent_id=Ids.FAMILY_PARENT,
    ),
    row(Ids.FAMILY_COMMITTED_CHILD, "finished", "0000000001.commit", keys=2),
    row(Ids.UNKNOWN_LOADER, "loaded", "0000000000.step", keys=1, type_name="RegionFailover", problems=("stuck",)),
    row(Ids.CORRUPT_TOP_STEP, "unreadable", "0000000001.step", keys=2, problems=("unreadable",)),
    row(
        Ids.LARGE_CREATE, "loaded", "0000000000.step", keys=1, type_name="CreateLogicalTables", problems=("stuck",)
    ),
    row(Ids.MANY_STEPS, "loaded", "0000000499.step", keys=500, type_name="DropDatabase", problems=("stuck",)),
    row(Ids.ALTER_TABLE, "loaded", "0000000000.step", keys=1, type_name="AlterTable", problems=("stuck",)),
    row(Ids.WITH_CONTEXT, "loaded", "0000000000.step", keys=1, type_name="RegionMigration", problems=("stuck",)),
    row(Ids.VERSION_0_4, "loaded", "0000000000.step", keys=1, type_name="CreateTable", problems=("stuck",)),
    row(
        Ids.BACKUP_BESIDE_STEP,
        "loaded",
        "0000000003.step",
        keys=2,
        type_name="CreateTable",
        problems=("ambiguous_tie", "stuck"),
    ),
    row(
        Ids.UPPER_CASE,
        "loaded",
        "0000000000.step",
        keys=1,
        type_name="CreateDatabase",
        problems=("stuck", "non_canonical_id"),
        directory=Ids.UPPER_CASE.upper(),
    ),
    row(
        Ids.NESTED,
        "loaded",
        "0000000000.step",
        keys=1,
        type_name="CreateDatabase",
        problems=("stuck", "non_canonical_id"),
        directory=f"old/copy/{Ids.NESTED}",
    ),
    row(
        Ids.FOREIGN_FILE,
        "loaded",
        "0000000000.step",
        keys=1,
        type_name="CreateDatabase",
        problems=("stuck", "stray_key"),
    ),
]


def list_json(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["list", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_lists_every_state_that_a_directory_can_hold(tmp_path: Path) -> None:
    write_fixtures(tmp_path)
    assert list_json(str(tmp_path)) == {
        "location": str(tmp_path),
        "counts": {"loaded": 14, "rolling_back": 1, "finished": 3, "unreadable": 1},
        "procedures": sorted(EXPECTED_ROWS, key=lambda expected: expected["id"]),
        "unknown_keys": [f"procedure/{Ids.FOREIGN_FILE}/notes.txt", "procedure/readme.txt"],
    }


def test_fields_come_in_the_order_of_the_design(tmp_path: Path) -> None:
    PlainStore(tmp_path).step(procedure_id(1), 0)
    document = list_json(str(tmp_path))
    assert list(document) == ["location", "counts", "procedures", "unknown_keys"]
    assert list(document["procedures"][0]) == list(EXPECTED_ROWS[0])


@pytest.mark.parametrize("given", ["", "procedure", "../home", "../home/procedure/"])
def test_keys_begin_with_procedure_whichever_root_is_given(tmp_path: Path, given: str) -> None:
    store = PlainStore(tmp_path / "home")
    store.step(procedure_id(1), 0)
    [procedure] = list_json(str(store.root / given))["procedures"]
    assert procedure["deciding_key"] == f"procedure/{procedure_id(1)}/0000000000.step"


def test_a_data_home_is_opened(tmp_path: Path) -> None:
    PlainStore(tmp_path / "data").step(procedure_id(1), 0)
    document = list_json(str(tmp_path))
    assert document["location"] == str(tmp_path / "data")
    assert document["procedures"][0]["deciding_key"].startswith("procedure/")


def test_an_empty_store_is_an_empty_list(tmp_path: Path) -> None:
    PlainStore(tmp_path)
    document = list_json(str(tmp_path))
    assert document["procedures"] == []
    assert document["counts"] == {"loaded": 0, "rolling_back": 0, "finished": 0, "unreadable": 0}


def test_only_the_verdicts_asked_for(tmp_path: Path) -> None:
    write_fixtures(tmp_path)
    document = list_json(str(tmp_path), "--verdict", "finished", "--verdict", "unreadable")
    assert {procedure["verdict"] for procedure in document["procedures"]} == {"finished", "unreadable"}
    assert document["counts"]["loaded"] == 14


def test_nothing_in_the_json_can_act_on_a_terminal(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    store.step(procedure_id(1), 0, type_name="\x1b]0;owned\x07\u202e\u009b31m")
    (store.directory / "bad\x1b[31m").mkdir()
    (store.directory / "bad\x1b[31m" / "x").write_text("")
    result = CliRunner().invoke(cli, ["list", str(tmp_path), "--json"], catch_exceptions=False)
    assert all(character == "\n" or " " <= character <= "~" for character in result.stdout)
    assert json.loads(result.stdout)["procedures"][0]["type_name"] == "\x1b]0;owned\x07\u202e\u009b31m"


def test_the_table_has_one_line_for_each_procedure(tmp_path: Path) -> None:
    write_fixtures(tmp_path)
    result = CliRunner().invoke(cli, ["list", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    for expected in EXPECTED_ROWS:
        assert expected["id"] in result.stdout
    assert "14 loaded" in result.stdout
    assert "procedure/readme.txt" in result.stdout
