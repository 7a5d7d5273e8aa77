"""The configuration file in every shape in which it can be wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.configurations import FILE, parse, write_default
from support.privileges import let_others_in, ordinary_user

from procdash.cli import cli
from procdash.config import (
    LARGEST_FILE,
    Configuration,
    ConfigurationError,
    default_file,
    load_configuration,
    parse_configuration,
)


def run(*arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, env=environment, prog_name="procdash", catch_exceptions=False)


def test_no_test_touches_the_files_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert default_file().is_relative_to(tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("read_only = true\nx", ":2: Expected '='"),
        ("[locations.prod", ":1: Expected ']'"),
        ('a = "\x1b[31m"', ":1:6: Illegal character '\\x1b'"),
        ("stuck_after_minutes = 1\nstuck_after_minutes = 2\n\n", ":2:24: Cannot overwrite a value"),
        ("x = " + "[" * 20_000, ": tables or lists are nested too deeply"),
        ("x = " + "1" * 5_000, ": Exceeds the limit"),
        ("readonly = true", ": unknown key readonly; did you mean 'read_only'?"),
        ("read-only = true", ": unknown key read-only; did you mean 'read_only'?"),
        ("[location.prod]", ": unknown key location; did you mean 'locations'?"),
        ("q = 1", ": unknown key q; known here are read_only, stuck_after_minutes, locations"),
        ("[locations.prod]\nURL = 1", ": unknown key locations.prod.URL; "),
        (
            '[locations."a.b"]\nread_olny = true',
            ": unknown key locations.'a.b'.read_olny; did you mean 'read_only'?",
        ),
        ("[locations.prod]", ": locations.prod has no 'url'"),
        ("locations = 3", ": locations: expected a table for each, such as [locations.NAME]"),
        ("[[locations]]", ": locations: expected a table for each"),
        ('locations.prod = "/srv"', ": locations.prod: expected a table, got text in quotes"),
        ('read_only = "yes"', ": read_only: expected true or false, got text in quotes"),
        ("read_only = 1", ": read_only: expected true or false, got a whole number"),
        ("stuck_after_minutes = '15'", ": stuck_after_minutes: expected a number, got text in quotes"),
        ("stuck_after_minutes = 2026-11-22", ": stuck_after_minutes: expected a number, got a date"),
        ("stuck_after_minutes = 0", ": stuck_after_minutes: expected a number > 0"),
        ("stuck_after_minutes = nan", ": stuck_after_minutes: expected a number > 0"),
        ("[locations.prod]\nurl = 3", ": locations.prod.url: expected text in quotes, got a whole number"),
        ("[locations.prod]\nurl = ''", ": locations.prod.url: must not be empty"),
        ("[locations.prod]\nurl = '/x'\nread_only = []", ": locations.prod.read_only: expected true or false"),
        ("[locations.'a/b']\nurl = '/x'", ": locations.'a/b': a location's name is visible characters"),
        ("[locations.'']\nurl = '/x'", ": locations.'': a location's name"),
        ("[locations.-x]\nurl = '/x'", ": locations.-x: a location's name"),
        ('[locations."a\\u202eb"]\nurl = "/x"', ": locations.'a\\u202eb': a location's name"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(text)
    assert str(raised.value).startswith(f"{FILE}{said}")
    file = write_default(text)
    result = run("list", "/srv/db")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{file}{said}" in result.stderr


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n", b"\xef\xbb\xbfread_only = false\r\n"])
def test_a_file_that_says_nothing_new_is_as_none(content: bytes) -> None:
    configuration = parse_configuration(content, FILE)
    assert (bool(configuration.read_only), configuration.locations) == (False, {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"read_only = true\n\xff\xfe\x00", ":2: this is not text in UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00", ":1:1: Invalid statement"),
        (b"#" * (LARGEST_FILE + 1), "it is larger than 256 KiB"),
    ],
)
def test_a_file_that_is_something_else(content: bytes, said: str) -> None:
    write_default("").write_bytes(content)
    result = run("list", "/srv/db")
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_directory_or_a_pipe_in_its_place() -> None:
    file = write_default("")
    file.unlink()
    file.mkdir()
    assert "cannot read the configuration" in run("list", "/srv/db").stderr
    file.rmdir()
    os.mkfifo(file)
    assert "it is not a regular file" in run("list", "/srv/db").stderr
    with pytest.raises(ConfigurationError, match="it is not a regular file"):
        load_configuration(file)


def test_a_file_that_this_user_may_not_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("read_only = true")
    let_others_in(tmp_path)
    file.chmod(0)
    with ordinary_user(), pytest.raises(ConfigurationError, match=r"Permission denied\. Name another .*--config"):
        load_configuration(file)


def test_a_missing_file_is_an_error_only_where_it_was_meant(tmp_path: Path) -> None:
    assert load_configuration() == Configuration()
    missing = tmp_path / "missing.toml"
    for result in (
        run("--config", str(missing), "list", "/srv/db"),
        run("list", "/srv/db", environment={"PROCDASH_CONFIG": str(missing)}),
    ):
        assert result.exit_code == 2
        assert f"no such configuration file: {missing}" in result.stderr
    file = write_default("")
    file.unlink()
    file.symlink_to(missing)
    with pytest.raises(ConfigurationError, match="no such configuration file"):
        load_configuration()


def test_a_home_of_files_where_a_directory_is_expected() -> None:
    file = write_default("")
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("")
    assert load_configuration() == Configuration()


def test_the_named_file_may_lie_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "own.toml").write_text("read_only = true")
    assert load_configuration(Path("~/own.toml")).read_only is True


def test_the_message_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    result = run("--config", str(tmp_path / "\x1b]0;owned\x07"), "list", "/srv/db")
    assert (result.exit_code, "\x1b" in result.stderr) == (2, False)
