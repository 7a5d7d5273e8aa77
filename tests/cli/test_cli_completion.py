"""What a shell is offered when tab is pressed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from support.stores import PlainStore, procedure_id

from procdash.cli import cli


def offered(arguments: list[str], incomplete: str) -> list[str]:
    completer = ShellComplete(cli, {}, "procdash", "_PROCDASH_COMPLETE")
    return [item.value for item in completer.get_completions(arguments, incomplete)]


def test_commands_are_offered() -> None:
    assert offered([], "wa") == ["watch"]
    assert {"list", "show", "watch", "demo", "open", "completion"} <= set(offered([], ""))


def test_ids_of_the_location_are_offered(tmp_path: Path) -> None:
    store = PlainStore(tmp_path)
    for number in (0x11, 0x12, 0x21):
        store.step(procedure_id(number), 0)
    assert offered(["show", str(tmp_path)], "0011") == [procedure_id(0x11)]
    assert offered(["show", str(tmp_path)], "00") == [procedure_id(number) for number in (0x11, 0x12, 0x21)]


@pytest.mark.parametrize("location", ["/does/not/exist", "nonsense://"])
def test_a_location_that_cannot_be_read_offers_nothing(location: str) -> None:
    assert offered(["show", location], "") == []


def test_verdicts_are_offered(tmp_path: Path) -> None:
    assert offered(["list", str(tmp_path), "--verdict"], "r") == ["rolling_back"]
