"""The configuration as the command line goes by it: who wins, and names for locations."""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from support.configurations import parse, write_default
from support.stores import PlainStore, procedure_id
from support.terminal import terminal

from procdash.cli import cli
from procdash.cli.options import location_argument, settings_of, stuck_after_option
from procdash.config import (
    default_file,
)


@click.command()
@location_argument
@stuck_after_option
@click.pass_context
def settled(ctx: click.Context, location: str, stuck_after: float) -> None:
    """Print what holds for a location."""
    settings = settings_of(ctx, location)
    assert stuck_after == pytest.approx(settings.stuck_after_seconds)
    click.echo(json.dumps([location, *settings]))


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    """Run the command line with one command more: `settled`."""
    group = copy.copy(cli)
    group.commands = {**cli.commands, "settled": settled}
    return CliRunner().invoke(group, arguments, env=environment, prog_name="procdash", catch_exceptions=False)


def outcome(*arguments: str, environment: dict[str, str] | None = None) -> tuple[str, bool, float, str | None]:
    """The location, whether it is read-only, seconds until stuck, and the location's name."""
    result = run(*arguments, environment=environment)
    assert result.exit_code == 0, result.output
    location, read_only, stuck_after, name = json.loads(result.stdout)
    return location, read_only, stuck_after, name


def write_procedure(directory: Path, *, minutes_ago: float) -> None:
    """Make a store with one procedure, which last moved that long ago."""
    step = PlainStore(directory).step(procedure_id(1), 0)
    moved_at = time.time() - minutes_ago * 60
    os.utime(step, (moved_at, moved_at))


def offered(arguments: list[str], incomplete: str) -> list[str]:
    completer = ShellComplete(cli, {}, "procdash", "_PROCDASH_COMPLETE")
    return [item.value for item in completer.get_completions(arguments, incomplete) if item.type == "plain"]


@pytest.mark.parametrize(
    ("option", "variable", "in_location", "in_file"), itertools.product([None, True, False], repeat=4)
)
def test_who_wins_on_read_only(
    option: bool | None, variable: bool | None, in_location: bool | None, in_file: bool | None
) -> None:
    def line(says: bool | None) -> str:
        return "" if says is None else f"read_only = {str(says).lower()}\n"

    write_default(line(in_file) + '[locations.prod]\nurl = "/srv/db"\n' + line(in_location))
    options = [] if option is None else ["--read-only" if option else "--read-write"]
    environment = {} if variable is None else {"PROCDASH_READ_ONLY": str(int(variable))}
    said = [says for says in (option, variable, in_location, in_file, False) if says is not None]
    assert outcome(*options, "settled", "prod", environment=environment) == ("/srv/db", said[0], 900.0, "prod")


@pytest.mark.parametrize(
    ("option", "variable", "in_location", "in_file"),
    itertools.product([None, "1"], [None, "2.5"], [None, "3"], [None, "4"]),
)
def test_who_wins_on_when_a_procedure_is_stuck(
    option: str | None, variable: str | None, in_location: str | None, in_file: str | None
) -> None:
    def line(minutes: str | None) -> str:
        return "" if minutes is None else f"stuck_after_minutes = {minutes}\n"

    write_default(line(in_file) + '[locations.prod]\nurl = "/srv/db"\n' + line(in_location))
    options = [] if option is None else ["--stuck-after", option]
    environment = {} if variable is None else {"PROCDASH_SETTLED_STUCK_AFTER": variable}
    said = next(minutes for minutes in (option, variable, in_location, in_file, "15") if minutes)
    for arguments in ([*options, "prod"], ["prod", *options]):
        _, _, seconds, _ = outcome("settled", *arguments, environment=environment)
        assert seconds == pytest.approx(float(said) * 60)


def test_without_a_configuration_the_defaults_hold(tmp_path: Path) -> None:
    assert not default_file().exists()
    assert outcome("settled", str(tmp_path)) == (str(tmp_path), False, 900.0, None)


def test_a_command_goes_by_the_file(tmp_path: Path) -> None:
    write_procedure(tmp_path, minutes_ago=20)

    def problems(*options: str) -> list[str]:
        result = run("list", "prod", "--json", *options)
        [procedure] = json.loads(result.stdout)["procedures"]
        found: list[str] = procedure["problems"]
        return found

    location = f'[locations.prod]\nurl = "{tmp_path}"\n'
    write_default(location)
    assert problems() == ["stuck"]
    write_default(location + "stuck_after_minutes = 30")
    assert problems() == []
    assert problems("--stuck-after", "10") == ["stuck"]


def test_the_dashboard_without_arguments_goes_by_the_environment_and_the_file(tmp_path: Path) -> None:
    write_procedure(tmp_path, minutes_ago=5)
    write_default(f'[locations.prod]\nurl = "{tmp_path}"\nread_only = true')
    with terminal(environment={"PROCDASH_LOCATION": "prod"}) as screen:
        screen.wait_for(r"(?s)read-only.*All 1 .*Problems 0")
        screen.type("q")
        assert screen.exit_code() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "FILE", "settled", "prod"],
        ["--config=FILE", "--read-only", "settled", "prod"],
        ["--read-only", "--config", "FILE", "settled", "prod"],
    ],
)
def test_a_named_file_stands_in_for_the_usual_one(tmp_path: Path, arguments: list[str]) -> None:
    write_default("not even TOML")
    named = tmp_path / "other.toml"
    named.write_text('[locations.prod]\nurl = "db"')
    given = [word.replace("FILE", str(named)) for word in arguments]
    assert outcome(*given)[0] == str(tmp_path / "db")
    assert outcome("settled", "prod", environment={"PROCDASH_CONFIG": str(named)})[3] == "prod"
    assert outcome("--config", os.devnull, "settled", "prod")[3] is None


@pytest.mark.parametrize("options", [["--read-write"], ["--config", os.devnull], ["--config=/dev/null"]])
def test_options_of_the_default_command_may_follow_the_global_ones(tmp_path: Path, options: list[str]) -> None:
    PlainStore(tmp_path)
    result = run(*options, "--stuck-after", "5", str(tmp_path))
    assert (result.exit_code, "needs a terminal" in result.output) == (2, True)


def test_a_name_wins_over_a_directory_and_a_slash_means_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_default('[locations.prod]\nurl = "/srv/db"')
    (tmp_path / "prod").mkdir()
    monkeypatch.chdir(tmp_path)
    assert outcome("settled", "prod")[0] == "/srv/db"
    assert outcome("settled", "./prod")[0] == "./prod"
    assert "no such directory: /srv/db" in run_process("prod").stderr


def run_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "procdash", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [["prdo"], ["list", "prdo"], ["show", "prdo", "00"]])
def test_a_misspelt_name_is_recognised(arguments: list[str]) -> None:
    write_default('[locations.prod]\nurl = "/srv/db"')
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Did you mean" in result.stderr
    assert "prod" in result.stderr.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/srv/db", "/srv/db"),
        ("db", "/etc/procdash/db"),
        ("../db/./x", "/etc/db/x"),
        ("~/db", "/home/alice/db"),
        ("~", "/home/alice"),
        ("file:///srv/db", "file:///srv/db"),
        ("s3://bucket/x", "s3://bucket/x"),
        ("memory://demo", "memory://demo"),
        ("we/ird://x", "/etc/procdash/we/ird:/x"),
    ],
)
def test_paths_start_at_the_directory_of_the_file(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert parse(f'[locations.prod]\nurl = "{url}"').locations["prod"].url == expected


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/srv/db", "prod"),
        ("/srv/db/", "prod"),
        ("/srv/x/../db", "prod"),
        ("file:///srv/db", "prod"),
        ("/srv/db/data/procedure", "prod"),
        ("/srv/db/nested", "nested"),
        ("/srv/db/nested/data", "nested"),
        ("/srv/dbx", None),
        ("/srv", None),
        ("/srv/inner", "inner"),
        ("/srv/twice", "twice-safe"),
        ("memory://demo", "memory"),
        ("memory://demo2", None),
        ("s3://bucket/prefix/", "bucket"),
        ("s3://bucket", None),
        ("", None),
    ],
)
def test_the_settings_of_a_place_hold_however_it_is_spelled(url: str, name: str | None) -> None:
    configuration = parse(
        """
        [locations]
        prod = { url = "/srv/db" }
        nested = { url = "/srv/db/nested" }
        inner = { url = "/srv/inner/data/procedure" }
        twice = { url = "/srv/twice" }
        twice-safe = { url = "/srv/twice/", read_only = true }
        twice-again = { url = "/srv/twice", read_only = false }
        memory = { url = "memory://demo" }
        bucket = { url = "s3://bucket/prefix" }
        """
    )
    assert configuration.name_of(url) == name


def test_a_typed_name_is_not_mistaken_for_another_of_the_same_place() -> None:
    write_default(
        """
        [locations]
        safe = { url = "/srv/db", read_only = true }
        writable = { url = "/srv/db", read_only = false }
        """
    )
    assert outcome("settled", "safe")[1:] == (True, 900.0, "safe")
    assert outcome("settled", "writable")[1:] == (False, 900.0, "writable")
    assert outcome("settled", "/srv/db")[1:] == (True, 900.0, "safe")


def test_a_shell_is_offered_the_names(tmp_path: Path) -> None:
    PlainStore(tmp_path).step(procedure_id(0x11), 0)
    write_default(f'[locations]\nprod = {{ url = "{tmp_path}" }}\nstaging = {{ url = "/srv/db" }}')
    assert offered(["list"], "") == ["prod", "staging"]
    assert offered(["list"], "st") == ["staging"]
    assert offered([], "pr") == ["prod"]
    assert {"list", "prod", "staging"} <= set(offered([], ""))
    assert offered(["show", "prod"], "00") == [procedure_id(0x11)]


@pytest.mark.parametrize("arguments", [[], ["list"], ["show", "prod"], ["prod"], ["lst"]])
def test_a_broken_configuration_does_not_disturb_a_shell(arguments: list[str]) -> None:
    write_default("nonsense")
    assert {"prod", "staging"}.isdisjoint(offered(arguments, ""))


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["--version"], ["completion", "bash"]])
def test_help_is_there_whatever_the_configuration_says(arguments: list[str]) -> None:
    write_default("nonsense")
    assert run(*arguments).exit_code == 0


def test_an_environment_variable_that_is_neither_yes_nor_no() -> None:
    assert run("list", "/srv/db", environment={"PROCDASH_READ_ONLY": "maybe"}).exit_code == 2


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    code = "import procdash.config, sys; sys.exit(bool({'tomllib', 'platformdirs', 'textual'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
