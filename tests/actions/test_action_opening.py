"""From a location to the ability to write: where the journal is, who is named in it, and who gets no writer."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Never

import pytest
from support.actions import NOW, bench, memory_of, steps_of, tree, write_tree
from support.stores import procedure_id

from procdash.actions.author import author
from procdash.actions.entries import EntryState, JournalError
from procdash.actions.journal import Journal
from procdash.actions.opening import journal_path, open_executor, open_planner
from procdash.actions.outcomes import Outcome, results_from_json, results_to_json
from procdash.live.opening import open_monitor
from procdash.store import Determinate

ID = procedure_id(1)


def test_the_journal_is_in_the_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert journal_path() == tmp_path / "procdash/journal.db"


class TestAuthor:
    def test_the_user_and_the_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SUDO_USER", raising=False)
        assert author() == f"{getpass.getuser()}@{socket.gethostname()}"

    def test_through_sudo(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUDO_USER", "alice")
        assert author().startswith(f"{getpass.getuser()} (sudo alice)@")
        monkeypatch.setenv("SUDO_USER", getpass.getuser())
        assert "sudo" not in author()

    def test_a_user_without_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> Never:
            raise KeyError

        monkeypatch.delenv("SUDO_USER", raising=False)
        monkeypatch.setattr(getpass, "getuser", fail)
        assert author() == f"uid {os.getuid()}@{socket.gethostname()}"


async def test_from_a_location_to_a_plan_and_back(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "store", steps_of(ID, 3))
    before = tree(root)
    monitor = open_monitor(str(root))
    await monitor.read_once()
    planner = open_planner(monitor, now=lambda: NOW)
    assert planner.location == str(root)
    assert not hasattr(planner, "apply")
    journal = Journal(tmp_path / "state/journal.db")
    executor = await open_executor(planner, str(root), journal, now=lambda: NOW)
    report = await executor.apply(await planner.plan_delete([ID]), reason="because")
    assert report.outcome is Outcome.DONE
    [entry] = await journal.entries(str(root))
    assert (entry.author, entry.reason, entry.written_at, entry.ended_at) == (author(), "because", NOW, NOW)
    assert await journal.ops_done(entry.number) == {0, 1, 2, 3}
    assert (await executor.apply(await planner.plan_undo(entry))).outcome is Outcome.DONE
    assert tree(root) == before
    await journal.close()


async def test_a_place_without_procedures_gets_no_executor(tmp_path: Path) -> None:
    monitor = open_monitor(str(write_tree(tmp_path / "store", {})))
    journal = Journal(tmp_path / "journal.db")
    with pytest.raises(Determinate, match="no such directory"):
        await open_executor(open_planner(monitor), str(tmp_path / "nowhere"), journal)
    await journal.close()


async def test_a_journal_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere/journal.db")
    assert await journal.entries() == []
    assert await journal.entry(1) is None
    assert not await journal.is_held(1)
    with pytest.raises(JournalError, match="cannot lock entry 1"):
        async with journal.held(1):
            pass
    assert not (tmp_path / "nowhere").exists()
    await journal.close()


async def test_resuming_what_has_changed_writes_nothing(tmp_path: Path) -> None:
    """What was done before is still counted."""
    root = write_tree(tmp_path / "store", {**steps_of(ID, 3), **steps_of(procedure_id(2), 2)})
    async with bench(root, tmp_path / "state/journal.db") as on:
        plan = await on.planner.plan_delete([ID, procedure_id(2)])
        assert (await on.executor.apply(plan)).outcome is Outcome.DONE
    async with bench(root, tmp_path / "state/other.db") as on:
        number = await on.journal.prepare(plan, author="a", reason="", now=NOW)
        await on.journal.begin(number)
        (root / "procedure" / ID).mkdir()
        (root / "procedure" / ID / "0000000009.step").write_bytes(b"{}")
        resumed = await on.resume(number)
        assert [result.outcome for result in resumed.results] == [Outcome.CHANGED, Outcome.SKIPPED]
        assert [result.ops_done for result in resumed.results] == [3, 2]
        assert resumed.entry == number
        entry = await on.journal.entry(number)
        assert entry is not None
        assert entry.state is EntryState.APPLYING
        assert results_from_json(results_to_json(resumed.results)) == resumed.results


async def test_a_value_that_the_journal_lost_fails_its_op(tmp_path: Path) -> None:
    blob = await memory_of(steps_of(ID, 2))
    async with bench(blob, tmp_path / "state/journal.db") as on:
        report = await on.executor.apply(await on.planner.plan_delete([ID]))
        working = on.journal.value

        async def value(number: int, op: int) -> bytes:
            if op == 0:
                raise JournalError(f"op {op} of entry {number} is lost")
            return await working(number, op)

        on.journal.value = value  # type: ignore[method-assign] # a damaged journal
        undo = await on.undo(report.entry or 0)
        [result] = undo.results
        assert (result.outcome, result.ops_done, result.message) == (Outcome.FAILED, 1, "op 0 of entry 1 is lost")
