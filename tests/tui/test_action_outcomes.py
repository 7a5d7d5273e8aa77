"""What became of an action is said as it is, and shown in the list only once the store shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from support.acting import Acting, Hindered, look_at_everything, screen_text
from support.fake_picture import NOW, FakePicture, a_busy_store, procedure_id
from textual.pilot import Pilot

from procdash.actions.entries import EntryState
from procdash.actions.opening import open_planner
from procdash.actions.outcomes import Report
from procdash.actions.plans import Plan
from procdash.store.errors import Determinate, Indeterminate
from procdash.store.records import ProcedureDetail
from procdash.tui import ProcdashApp
from procdash.tui.screens.confirm import ConfirmScreen
from procdash.tui.screens.main import MainScreen

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Press = Callable[..., Awaitable[None]]
Settle = Callable[[Pilot[None]], Awaitable[None]]

FINISHED = procedure_id(10)
KEYS = [f"procedure/{FINISHED}/{name}" for name in ("0000000000.step", "0000000001.step", "0000000002.step")]


def rows_text(pilot: Pilot[None]) -> str:
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    return "\n".join(screen.rows.render_line(y).text for y in range(screen.rows.size.height))


def app_of(pilot: Pilot[None]) -> ProcdashApp:
    assert isinstance(pilot.app, ProcdashApp)
    return pilot.app


async def begin(pilot: Pilot[None], press: Press, blob: Hindered) -> None:
    """Delete the first of the finished ones, and wait until a write waits."""
    await press(pilot, "4", "ctrl+d")
    await pilot.press("y")
    async with asyncio.timeout(10):
        await blob.waiting.wait()
    await pilot.pause()


async def test_a_row_is_pending_until_the_store_shows_the_result(
    opened: Opened, press: Press, settle: Settle
) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 2
    async with opened(picture, blob=blob) as pilot:
        await begin(pilot, press, blob)
        assert "… deleting" in rows_text(pilot)
        assert "… deleting · 2 of 4 ops" in screen_text(pilot.app)
        await look_at_everything(picture)
        await pilot.pause()
        assert "… deleting" in rows_text(pilot)
        blob.gate.set()
        await settle(pilot)
        assert "✔ Deleted 1 procedure · entry 1 · u undoes" in screen_text(pilot.app)
        assert "… deleting" in rows_text(pilot)
        await look_at_everything(picture)
        await settle(pilot)
        assert "… deleting" not in rows_text(pilot)
        assert FINISHED[:8] not in rows_text(pilot)


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        (["4", "ctrl+t", "y"], "truncating"),
        (["5", "ctrl+k", "y"], "committing"),
    ],
)
async def test_each_action_has_its_word(
    opened: Opened, press: Press, settle: Settle, keys: list[str], word: str
) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await press(pilot, *keys)
        assert f"… {word}" in rows_text(pilot)
        await look_at_everything(picture)
        await settle(pilot)
        assert f"… {word}" not in rows_text(pilot)


async def test_what_the_store_never_shows_is_not_awaited_forever(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "4", "ctrl+d", "y")
        assert "… deleting" in rows_text(pilot)
        app_of(pilot).flow._stop_waiting()
        await pilot.pause()
        assert "… deleting" not in rows_text(pilot)


async def test_changed_since_writes_nothing_and_can_be_planned_anew(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await press(pilot, "4", "ctrl+d")
        picture.raw(f"{FINISHED}/0000000007.commit", b"", 1)
        before = dict(picture.blob.values)
        await press(pilot, "y")
        assert "≠ Changed since you looked: nothing was written · R plans anew" in screen_text(pilot.app)
        assert picture.blob.values == before
        assert "deleting" not in rows_text(pilot)
        await press(pilot, "R")
        assert "5 keys" in screen_text(pilot.app)
        await press(pilot, "y")
        assert "Deleted 1 procedure" in screen_text(pilot.app)
        assert not any(FINISHED in key for key in picture.blob.values)


async def test_changed_half_way_says_how_far_it_came(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 1
    async with opened(picture, blob=blob) as pilot:
        await begin(pilot, press, blob)
        picture.raw(f"{FINISHED}/0000000002.step", b"another", 1)
        blob.gate.set()
        await settle(pilot)
        text = screen_text(pilot.app)
        assert "≠ Changed since you looked: 2 of 4 ops done · entry 1 · L shows it" in text
        assert picture.blob.values[KEYS[2]][0] == b"another"


async def test_failed_says_why_and_how_far_it_came(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.errors = {1: Determinate("no space left on device")}
    async with opened(picture, blob=blob) as pilot:
        await press(pilot, "4", "ctrl+d", "y")
        text = screen_text(pilot.app)
        assert "✗ Delete failed: no space left on device · 1 of 4 ops done · entry 1 · L shows it" in text
        assert "deleting" not in rows_text(pilot)


async def test_what_may_have_happened_is_said_so(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 1
    blob.errors = {1: Indeterminate("the connection was reset")}
    async with opened(picture, blob=blob) as pilot:
        await begin(pilot, press, blob)
        blob.is_lost = True
        picture.failure = Indeterminate("the network is gone")
        blob.gate.set()
        await settle(pilot)
        text = screen_text(pilot.app)
        assert "? It may have happened, re-reading: the connection was reset" in text
        assert "L shows it" in text


async def test_a_journal_that_cannot_be_written_means_nothing_is_written(
    opened: Opened, press: Press, acting: Acting
) -> None:
    picture = a_busy_store()
    before = dict(picture.blob.values)
    async with opened(picture) as pilot:
        Path(acting.journal.path).parent.write_text("a file where its directory should be", encoding="utf-8")
        await press(pilot, "4", "ctrl+d", "y")
        assert "✗ Not applied, nothing was written: cannot write the journal" in screen_text(pilot.app)
        assert picture.blob.values == before
        await press(pilot, "u", "L", "escape")
        assert app_of(pilot).is_running


async def test_a_damaged_journal_never_ends_the_dashboard(opened: Opened, press: Press, acting: Acting) -> None:
    path = Path(acting.journal.path)
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    said = "✗ cannot open"
    async with opened(a_busy_store()) as pilot:
        assert said in screen_text(pilot.app)
        await press(pilot, "escape", "u")
        assert said in screen_text(pilot.app)
        await press(pilot, "escape", "L")
        assert said in screen_text(pilot.app)


async def test_a_failure_of_procdash_itself_is_said(
    opened: Opened, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(a_busy_store()) as pilot:
        app = app_of(pilot)

        async def fail(plan: Plan, **_: object) -> Report:
            raise ZeroDivisionError(plan.kind)

        monkeypatch.setattr(app.flow.means.executor, "apply", fail)
        await press(pilot, "4", "ctrl+d", "y")
        assert "✗ procdash could not do it: ZeroDivisionError" in screen_text(pilot.app)
        assert "deleting" not in rows_text(pilot)


async def test_one_action_at_a_time(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 0
    async with opened(picture, blob=blob) as pilot:
        await begin(pilot, press, blob)
        for key in ("ctrl+d", "u", "ctrl+t"):
            await pilot.press("j", key)
            assert isinstance(pilot.app.screen, MainScreen)
        await pilot.press("escape")
        assert "… deleting · 0 of 4 ops" in screen_text(pilot.app)
        blob.gate.set()
        await settle(pilot)
        assert "Deleted 1 procedure" in screen_text(pilot.app)


async def test_the_result_goes_with_escape_or_with_the_next_action(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "4", "ctrl+d", "y", "j", "space", "escape")
        assert "Deleted" not in screen_text(pilot.app)
        assert "* 1 marked" in screen_text(pilot.app)
        await press(pilot, "escape")
        assert "marked" not in screen_text(pilot.app)
        await press(pilot, "u", "y", "ctrl+d", "escape")
        assert "is undone" not in screen_text(pilot.app)


async def test_undo_takes_back_the_last_and_then_the_one_before(opened: Opened, press: Press) -> None:
    picture = a_busy_store()
    before = {key: value for key, (value, _, _) in picture.blob.values.items()}
    async with opened(picture) as pilot:
        for key in ("ctrl+t", "ctrl+d"):
            await press(pilot, "4", key, "y", "j")
            await look_at_everything(picture)
        await press(pilot, "u")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        assert "Undo entry 2 · 4 keys brought back" in screen_text(pilot.app)
        await press(pilot, "y")
        assert "✔ Entry 2 is undone · entry 3" in screen_text(pilot.app)
        await press(pilot, "u", "y")
        assert "✔ Entry 1 is undone · entry 4" in screen_text(pilot.app)
        assert {key: value for key, (value, _, _) in picture.blob.values.items()} == before
        await press(pilot, "u")
        assert "○ There is nothing to undo here." in screen_text(pilot.app)


async def test_without_a_journal_there_is_nothing_to_undo(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        await press(pilot, "u")
        assert "○ Nothing was done here yet, so there is nothing to undo." in screen_text(pilot.app)


async def test_an_undo_of_what_has_changed_since_is_refused_with_the_difference(
    opened: Opened, press: Press
) -> None:
    picture = a_busy_store()
    async with opened(picture) as pilot:
        await press(pilot, "4", "ctrl+d", "y")
        picture.raw(f"{FINISHED}/0000000001.step", b"something new", 1)
        await press(pilot, "u")
        text = screen_text(pilot.app)
        assert "Undo entry 1 · not possible" in text
        assert "It has changed since" in text
        assert f"rewritten  {FINISHED}/0000000001.step  241 B → 13 B" in text


async def leave_half_way(acting: Acting, picture: FakePicture, after: int) -> int:
    """Cancel a deletion after some ops, as a process that ends would; returns the number of its entry."""
    blob = Hindered(picture.blob)
    blob.waits_from = after
    executor = acting.executor(picture, blob=blob)
    await look_at_everything(picture)
    plan = await open_planner(picture, now=lambda: NOW).plan_delete([FINISHED])
    applying = asyncio.ensure_future(executor.apply(plan))
    await blob.waiting.wait()
    applying.cancel()
    blob.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await applying
    [entry] = await acting.journal.entries()
    assert entry.state is EntryState.APPLYING
    return entry.number


async def test_at_the_start_an_interrupted_entry_is_named(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    await leave_half_way(acting, picture, 1)
    async with opened(picture) as pilot:
        assert "! Entry 1 was interrupted after 2 of 4 ops · L shows it" in screen_text(pilot.app)
        await press(pilot, "L", "R")
        assert "Resume entry 1 · Delete 1 procedure" in screen_text(pilot.app)
        await press(pilot, "y")
        assert "✔ Deleted 1 procedure" in screen_text(pilot.app)
        assert not any(FINISHED in key for key in picture.blob.values)


async def test_an_interrupted_action_can_be_undone_instead(opened: Opened, press: Press, acting: Acting) -> None:
    picture = a_busy_store()
    before = {key: value for key, (value, _, _) in picture.blob.values.items()}
    await leave_half_way(acting, picture, 1)
    async with opened(picture) as pilot:
        await press(pilot, "u", "y")
        assert "✔ Entry 1 is undone" in screen_text(pilot.app)
        assert {key: value for key, (value, _, _) in picture.blob.values.items()} == before


async def test_quitting_while_applying_asks_once_more_and_leaves_it_resumable(
    opened: Opened, press: Press, acting: Acting
) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 2
    async with opened(picture, blob=blob) as pilot:
        app = app_of(pilot)
        await begin(pilot, press, blob)
        await pilot.press("q")
        said = "! Entry 1 is being applied (2 of 4 ops); press again to leave it, it can be resumed"
        assert said in screen_text(app)
        await pilot.press("ctrl+c")
        assert len([key for key in picture.blob.values if FINISHED in key]) == 2
        blob.gate.set()
        async with asyncio.timeout(10):
            while not app._exit:
                await pilot.pause(0.01)
        assert app.parting_words == "Entry 1 was left after 3 of 4 ops. Resume it: procdash journal resume 1"
    assert len([key for key in picture.blob.values if FINISHED in key]) == 1
    [entry] = await acting.journal.entries()
    assert entry.is_resumable


async def test_quitting_when_nothing_is_applied_asks_nothing(opened: Opened, press: Press) -> None:
    async with opened(a_busy_store()) as pilot:
        app = app_of(pilot)
        await press(pilot, "4", "ctrl+d", "y")
        await pilot.press("q")
        async with asyncio.timeout(10):
            while not app._exit:
                await pilot.pause(0.01)
        assert app.parting_words == ""


async def test_while_it_is_planned_that_is_said(opened: Opened, press: Press, settle: Settle) -> None:
    picture = a_busy_store()
    may_go_on = asyncio.Event()
    async with opened(picture) as pilot:
        await press(pilot, "4")
        read_detail = picture.read_detail

        async def wait(procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
            await may_go_on.wait()
            return await read_detail(procedure_id, entries)

        picture.read_detail = wait  # type: ignore[method-assign]
        await pilot.press("ctrl+d")
        async with asyncio.timeout(10):
            while "… planning" not in screen_text(pilot.app):
                await pilot.pause(0.01)
        may_go_on.set()
        await settle(pilot)
        assert isinstance(pilot.app.screen, ConfirmScreen)


async def test_a_plan_for_which_nobody_waits_any_more_does_not_pop_up(
    opened: Opened, press: Press, settle: Settle
) -> None:
    picture = a_busy_store()
    may_go_on = asyncio.Event()
    async with opened(picture) as pilot:
        await press(pilot, "4")
        read_detail = picture.read_detail

        async def wait(procedure_id: str, entries: Collection[str] = ()) -> ProcedureDetail | None:
            await may_go_on.wait()
            return await read_detail(procedure_id, entries)

        picture.read_detail = wait  # type: ignore[method-assign]
        await pilot.press("ctrl+d", "question_mark")
        may_go_on.set()
        await settle(pilot)
        assert not any(isinstance(screen, ConfirmScreen) for screen in pilot.app.screen_stack)
