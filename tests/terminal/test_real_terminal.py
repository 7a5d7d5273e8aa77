"""The dashboard in a real pseudo-terminal: what only a terminal shows."""

from __future__ import annotations

import re
import time
from pathlib import Path

from support.stores import PlainStore, procedure_id
from support.terminal import terminal

DAY_SECONDS = 86_400.0
LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


def quiet_store(root: Path, count: int) -> PlainStore:
    """A store whose keys are so old that no age ticks and nothing becomes stuck while a test runs."""
    store = PlainStore(root)
    long_ago = time.time() - 30 * DAY_SECONDS
    for number in range(1, count + 1):
        path = store.step(procedure_id(number), 0)
        store.put(str(path.relative_to(store.directory)), path.read_text(), modified_at=long_ago)
    return store


def test_quitting_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    quiet_store(tmp_path, 3)
    with terminal(str(tmp_path)) as screen:
        screen.wait_for("● live")
        start = len(screen.written)
        screen.type("q")
        assert screen.exit_code() == 0
        screen.read_until_quiet()
        assert LEAVE_ALTERNATE_SCREEN in screen.written[start:]
        assert SHOW_CURSOR in screen.written[start:]


def test_an_idle_screen_writes_nothing(tmp_path: Path) -> None:
    quiet_store(tmp_path, 100)
    with terminal(str(tmp_path)) as screen:
        screen.wait_for("● live")
        screen.read_until_quiet(1.5)
        assert screen.read_for(5.0) == b""


def test_one_changed_row_costs_few_bytes(tmp_path: Path) -> None:
    store = quiet_store(tmp_path, 100)
    with terminal(str(tmp_path)) as screen:
        screen.wait_for("● live")
        screen.type("3")  # an empty list of what is rolling back: the counts change, no row does
        screen.read_until_quiet(1.5)
        start = len(screen.written)
        store.commit(procedure_id(50), 1)
        screen.wait_for("Finished 1 ")
        screen.read_until_quiet()
        assert len(screen.written) - start < 400


def test_a_change_outside_is_painted_and_a_deleted_row_goes(tmp_path: Path) -> None:
    store = quiet_store(tmp_path, 2)
    with terminal(str(tmp_path)) as screen:
        screen.wait_for("● live")
        store.commit(procedure_id(1), 1)
        screen.wait_for(r"✔ finished .* 00010001")
        store.delete(procedure_id(1))
        screen.wait_for("All 1 ")
        assert "Finished 0" in screen.text


def test_the_demo_shows_a_live_store(tmp_path: Path) -> None:
    with terminal("demo", "--rate", "50", environment={"TMPDIR": str(tmp_path)}) as screen:
        screen.wait_for("● live")
        screen.wait_for("All 2[0-9] ")
        screen.type("?")
        screen.wait_for("Turn the order round")
        screen.type("\x1b")
        screen.wait_until_gone("Turn the order round")
        screen.type("q")
        assert screen.exit_code() == 0
    assert not list(tmp_path.glob("procdash-demo-*"))


def test_the_smallest_screen_survives(tmp_path: Path) -> None:
    quiet_store(tmp_path, 30)
    with terminal(str(tmp_path), columns=40, lines=10) as screen:
        screen.wait_for("loaded")
        screen.type("GgjjK\r")
        screen.read_until_quiet()
        screen.type("\x1b")
        screen.read_until_quiet()
        screen.type("q")
        assert screen.exit_code() == 0
        assert b"Traceback" not in screen.written


def test_nothing_hostile_reaches_the_terminal(tmp_path: Path) -> None:
    store = quiet_store(tmp_path, 1)
    payload = "\x1b]52;c;b3duZWQ=\x07\x1b]0;owned\x07\x9b31m\u202e[/oops] [red]x[/red]"
    store.step(procedure_id(2), 0, type_name=payload, data=payload)
    store.put(f"{procedure_id(2)}/\x1b]0;file\x07", "x")
    with terminal(str(tmp_path)) as screen:
        screen.wait_for(re.escape("[/oops]"))
        screen.type("\r")
        screen.read_until_quiet()
        written = bytes(screen.written)
        assert b"\x1b]52" not in written
        assert b"\x1b]0;" not in written
        assert "\u202e".encode() not in written
        assert re.search(rb"\x9b(?<![\xc2-\xf4]\x9b)31m", written) is None
