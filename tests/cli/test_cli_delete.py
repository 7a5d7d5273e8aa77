"""`procdash delete`, and what all writing commands share: plans, confirmation by id, refusals, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.actions import tree
from support.fixtures import write_fixtures
from support.writing import ALL, CHILD, FINISHED, LOADED, PARENT, ROLLING_BACK, document, run, small_store

PLAN_FIELDS = [
    "kind",
    "location",
    "undoes",
    "targets",
    "refusals",
    "keys_removed",
    "bytes_removed",
    "keys_written",
    "must_type",
]
RESULT_FIELDS = [*PLAN_FIELDS, "entry", "outcome", "results", "journal_failure"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small_store(tmp_path / "home")
    return tmp_path / "home"


def test_a_dry_run_prints_the_plan_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    plan = document("delete", home, PARENT[:4], "--dry-run")
    assert list(plan) == PLAN_FIELDS
    assert (plan["kind"], plan["location"], plan["undoes"]) == ("delete", str(home), None)
    assert [target["id"] for target in plan["targets"]] == [CHILD, PARENT]
    child, parent = plan["targets"]
    assert (child["family"], child["requested"], parent["requested"]) == (PARENT, False, True)
    assert (parent["verdict"], parent["result"]) == ("loaded", None)
    assert [op["op"] for target in plan["targets"] for op in target["ops"]] == [0, 1, 2, 3, 4]
    assert [op["kind"] for op in child["ops"]] == ["delete", "remove_directory"]
    assert child["ops"][0]["key"] == f"procedure/{CHILD}/0000000000.step"
    assert child["ops"][0]["version"]
    assert (plan["keys_removed"], plan["keys_written"], plan["must_type"]) == (3, 0, [PARENT])
    assert plan["bytes_removed"] == sum(op["size_in_bytes"] for target in plan["targets"] for op in target["ops"])
    assert "abandons it without rollback" in parent["warnings"][0]
    assert tree(tmp_path) == before


def test_a_dry_run_for_people_names_ids_and_keys_on_standard_output(home: Path) -> None:
    result = run("delete", home, FINISHED, "--dry-run")
    assert result.exit_code == 0
    assert str(home) in result.stdout
    assert "Delete 1 procedure · 3 keys" in result.stdout
    assert FINISHED in result.stdout
    assert "0000000002.commit" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_deletion_removes_the_keys_and_tells_each_result(home: Path) -> None:
    done = document("delete", home, FINISHED[:3], "--yes", "--reason", "cleaning up")
    assert list(done) == RESULT_FIELDS
    assert (done["entry"], done["outcome"], done["journal_failure"]) == (1, "done", None)
    assert done["results"] == [
        {
            "id": FINISHED,
            "outcome": "done",
            "ops_done": 4,
            "ops_total": 4,
            "message": "",
            "verdict": None,
            "differences": [],
            "leftovers": [],
            "verified": True,
        }
    ]
    assert not (home / "procedure" / FINISHED).exists()
    assert document("journal", "show", 1)["reason"] == "cleaning up"


def test_the_result_for_people_is_one_line_a_procedure(home: Path) -> None:
    result = run("delete", home, FINISHED, LOADED, "--yes")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [["✔", "done", FINISHED], ["✔", "done", LOADED]]
    assert "Deleted 2 procedures · entry 1 · 'procdash undo 1' takes it back" in result.stderr


def test_a_family_goes_together_and_an_undo_brings_every_byte_back(home: Path) -> None:
    before = tree(home)
    assert run("delete", home, PARENT, "--yes").exit_code == 0
    assert not (home / "procedure" / CHILD).exists()
    assert run("undo", "--yes").exit_code == 0
    assert tree(home) == before


def test_only_leaves_the_descendants(home: Path) -> None:
    done = document("delete", home, PARENT, "--only", "--yes")
    assert [target["id"] for target in done["targets"]] == [PARENT]
    assert "1 unfinished child stays behind as orphans" in " ".join(done["targets"][0]["warnings"])
    assert (home / "procedure" / CHILD).exists()


def test_a_child_of_an_unfinished_parent_is_refused_unless_it_is_asked_for_only(home: Path) -> None:
    refused = document("delete", home, CHILD, "--yes", code=1)
    assert (refused["outcome"], refused["results"], refused["entry"]) == ("refused", [], None)
    [refusal] = refused["refusals"]
    assert list(refusal) == ["id", "reason", "next_step", "differences"]
    assert PARENT in refusal["reason"]
    assert run("delete", home, CHILD, "--yes", "--only").exit_code == 0


def test_every_kind_of_procedure_goes_and_comes_back(tmp_path: Path) -> None:
    write_fixtures(tmp_path)
    before = tree(tmp_path)
    ids = [found["id"] for found in document("list", tmp_path)["procedures"]]
    done = document("delete", tmp_path, "-", "--yes", stdin="\n".join(ids))
    assert done["outcome"] == "done"
    assert document("list", tmp_path)["procedures"] == []
    [notes] = [result["leftovers"] for result in done["results"] if result["leftovers"]]
    assert [key.rpartition("/")[2] for key in notes] == ["notes.txt"]
    assert document("undo", "--yes")["outcome"] == "done"
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (LOADED, 0),
        (LOADED[:8], 0),
        (LOADED[:8].upper(), 0),
        (LOADED[:7], 1),
        (ROLLING_BACK[:4], 1),
        (FINISHED[:3], 0),
    ],
)
def test_with_yes_eight_characters_are_needed_where_something_is_abandoned(
    home: Path, given: str, code: int
) -> None:
    before = tree(home)
    result = run("delete", home, given, "--yes")
    assert result.exit_code == code
    assert (tree(home) == before) is (code == 1)
    if code:
        assert "at least 8 characters of each id" in result.stderr
        assert next(identity for identity in ALL if identity.startswith(given)) in result.stderr


def test_a_short_id_stops_the_whole_plan_and_says_so_in_json(home: Path) -> None:
    before = tree(home)
    refused = document("delete", home, FINISHED, LOADED[:6], "--yes", code=1)
    assert (refused["outcome"], refused["results"], refused["entry"]) == ("refused", [], None)
    assert LOADED in refused["reason"]
    assert tree(home) == before


def test_what_cannot_be_found_is_refused_and_the_rest_goes_on(home: Path) -> None:
    done = document("delete", home, "nope", FINISHED, "0", "", "--yes", code=1)
    assert done["outcome"] == "done"
    assert [refusal["id"] for refusal in done["refusals"]] == ["nope", "0", "(empty)"]
    assert "begins 6 ids" in done["refusals"][1]["reason"]
    assert [result["id"] for result in done["results"]] == [FINISHED]
    result = run("delete", home, "nope", LOADED, "--yes")
    assert result.exit_code == 1
    assert "✗ nope  No procedure 'nope'" in result.stderr
    assert "Deleted 1 procedure · entry 2 · 1 refused" in result.stderr


def test_where_all_is_refused_a_dry_run_says_so_by_its_exit_code(home: Path) -> None:
    assert run("delete", home, "nope", "--dry-run").exit_code == 1
    assert run("delete", home, "nope", FINISHED, "--dry-run").exit_code == 0


def test_hostile_words_are_shown_harmlessly(home: Path) -> None:
    result = run("delete", home, "\x1b[31mred", "--yes")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\x1b" not in run("delete", home, FINISHED, "--yes", "--reason", "\x1b[2J", "--json").output
    assert "\x1b" not in run("journal").output + run("journal", "show", 1).output


def test_ids_come_from_standard_input(home: Path) -> None:
    text = f"\ufeff# what to delete\n\n  {FINISHED}  # the first\r\n{LOADED}\n"
    done = document("delete", home, "-", "--yes", stdin=text)
    assert [result["id"] for result in done["results"]] == [FINISHED, LOADED]


def test_standard_input_without_any_id_is_nothing_to_do(home: Path) -> None:
    before = tree(home)
    result = run("delete", home, "-", "--yes", stdin="# none today\n\n")
    assert result.exit_code == 0
    assert "nothing to do" in result.stderr
    assert tree(home) == before


def test_bytes_that_are_no_text_are_refused_as_ids(home: Path) -> None:
    result = run("delete", home, "-", "--yes", stdin=b"\xff\xfe\x00\n" + FINISHED.encode())
    assert result.exit_code == 1
    assert not (home / "procedure" / FINISHED).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([FINISHED], "Add --yes"),
        (["-"], "add --yes or --dry-run"),
        ([], "Missing argument 'ID...'"),
        ([FINISHED, "--throttle", "0", "--yes"], "--throttle"),
    ],
)
def test_wrong_usage_writes_nothing(home: Path, arguments: list[str], said: str) -> None:
    before = tree(home)
    result = run("delete", home, *arguments, stdin=FINISHED)
    assert result.exit_code == 2
    assert said in result.stderr
    assert tree(home) == before


def test_consent_cannot_be_given_by_an_environment_variable(home: Path) -> None:
    result = run("delete", home, FINISHED, environment={"PROCDASH_DELETE_YES": "1"})
    assert result.exit_code == 2


def test_json_is_ascii(home: Path) -> None:
    result = run("delete", home, "ä", "--yes", "--json")
    assert result.stdout.isascii()
    assert json.loads(result.stdout)["refusals"][0]["id"] == "ä"


def test_file_names_that_are_no_text_stay_and_are_named(home: Path) -> None:
    odd = bytes(home / "procedure" / FINISHED) + b"/\xff\x1b[2J"
    with open(odd, "wb"):  # noqa: PTH123 - a path of bytes
        pass
    before = tree(home)
    plan = run("delete", home, FINISHED, "--dry-run")
    assert "\x1b" not in plan.stdout
    done = document("delete", home, FINISHED, "--yes")
    assert [key.rpartition("/")[2] for key in done["targets"][0]["kept"]] == ["\ufffd\x1b[2J"]
    assert len(done["results"][0]["leftovers"]) == 1
    assert "\x1b" not in run("journal", "show", 1).stdout
    assert run("undo", "--yes").exit_code == 0
    assert tree(home) == before
