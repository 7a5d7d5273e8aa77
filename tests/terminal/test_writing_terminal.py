"""Writing from a real terminal on a real directory: only what was confirmed happens, and undo takes it back."""

from __future__ import annotations

import os
import time
from pathlib import Path

from support.stores import PlainStore, procedure_id
from support.terminal import Terminal, terminal

LONG_AGO = time.time() - 30 * 86_400.0
ESCAPE, CTRL_D, CTRL_K, TAB, RIGHT = "\x1b", "\x04", "\x0b", "\t", "\x1b[C"
FINISHED = [procedure_id(number) for number in (1, 2, 3)]
LOADED = procedure_id(4)
OPENING_BUDGET, MARK_BUDGET = 30_000, 400


def a_store(root: Path) -> PlainStore:
    """Three finished procedures and a loaded one, all so old that nothing ticks."""
    store = PlainStore(root)
    for identity in (*FINISHED, LOADED):
        for step in range(3):
            store.step(identity, step)
    for identity in FINISHED:
        store.commit(identity, 3)
    store.put(f"{FINISHED[0]}/notes.txt", "kept by somebody")
    for path in store.directory.rglob("*.*"):
        os.utime(path, (LONG_AGO, LONG_AGO - int(path.parent.name[:4], 16)))
    return store


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, and every directory."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def bytes_of(screen: Terminal, keys: str) -> int:
    start = len(screen.written)
    screen.type(keys)
    screen.read_until_quiet()
    return len(screen.written) - start


def test_mark_delete_undo_and_quit(tmp_path: Path) -> None:
    root = tmp_path / "store"
    a_store(root)
    before = tree(root)
    with terminal(str(root), environment={"XDG_STATE_HOME": str(tmp_path / "state")}) as screen:
        screen.wait_for("● live")
        screen.type("4")
        screen.read_until_quiet()
        assert bytes_of(screen, " ") < MARK_BUDGET
        screen.type("jjv")
        screen.wait_for(r"\* 3 marked")
        screen.read_until_quiet()
        assert bytes_of(screen, CTRL_D) < OPENING_BUDGET
        screen.wait_for("Delete 3 procedures · 12 keys")
        screen.wait_for("1 key of no procedure, which stay")
        assert tree(root) == before

        screen.type(ESCAPE)
        screen.wait_for("All 4 ")
        assert tree(root) == before

        screen.type(CTRL_D)
        screen.wait_for("Delete 3 procedures · 12 keys")
        screen.type("y")
        screen.wait_for("✔ Deleted 3 procedures · entry 1 · u undoes")
        screen.wait_for("All 1 ")
        left = {name for name, value in tree(root).items() if value is not None}
        assert left == {
            f"procedure/{FINISHED[0]}/notes.txt",
            *(f"procedure/{LOADED}/{n:010}.step" for n in range(3)),
        }

        screen.type("u")
        screen.wait_for("Undo entry 1 · 12 keys brought back")
        screen.type("y")
        screen.wait_for("✔ Entry 1 is undone")
        screen.wait_for("All 4 ")
        screen.type("q")
        assert screen.exit_code() == 0
    assert tree(root) == before


def test_abandoning_needs_the_id_and_each_key_is_only_text_there(tmp_path: Path) -> None:
    root = tmp_path / "store"
    a_store(root)
    before = tree(root)
    with terminal(str(root), environment={"XDG_STATE_HOME": str(tmp_path / "state")}) as screen:
        screen.wait_for("● live")
        screen.type("2" + CTRL_K)
        screen.wait_for(f"Type {LOADED[:8]}")
        screen.type("y\r")
        screen.wait_for("All 4 ")
        assert tree(root) == before
        screen.type(CTRL_K)
        screen.wait_for(f"Type {LOADED[:8]}")
        screen.wait_for("q Quit")
        screen.read_for(1.0)  # a key that comes before the screen has its focus does nothing
        screen.type(TAB)
        screen.wait_until_gone("q Quit")  # a letter is text from now on
        screen.type(LOADED[:8])
        screen.wait_for(f"Type {LOADED[:8]} +{LOADED[:8]}")
        screen.type("\r")
        screen.read_for(1.0)  # the cursor blinks, so it is never quiet
        screen.type("stuck since yesterday")
        screen.wait_for("stuck since yesterday")
        screen.type("\r")
        screen.wait_for("q Quit")
        screen.type(RIGHT)
        screen.read_for(1.0)  # the cursor blinks, so it is never quiet
        screen.type("\r")
        screen.wait_for("✔ Committed 1 procedure · entry 1")
        screen.type("L")
        screen.wait_for("stuck since yesterday")
        screen.type("q")
        assert screen.exit_code() == 0
    assert tree(root) == {**before, f"procedure/{LOADED}/0000000003.commit": b""}


def test_read_only_takes_the_keys_away(tmp_path: Path) -> None:
    root = tmp_path / "store"
    a_store(root)
    before = tree(root)
    with terminal("--read-only", str(root), environment={"XDG_STATE_HOME": str(tmp_path / "state")}) as screen:
        screen.wait_for("● live")
        screen.type(CTRL_D)
        screen.wait_for("read-only: --read-only was given")
        screen.type("yuq")
        assert screen.exit_code() == 0
    assert tree(root) == before
    assert not (tmp_path / "state").exists()
