"""Pictures of every screen from which something is written, and of what is said afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.acting import Acting, Hindered, look_at_everything
from support.fake_picture import NOW, FakePicture, a_busy_store, a_hostile_store, procedure_id
from textual.pilot import Pilot

from procdash.actions.opening import open_planner
from procdash.store.errors import Determinate, Indeterminate

Settle = Callable[[Pilot[None]], Awaitable[None]]
SnapCompare = Callable[..., bool]

WIDE, NARROW = (120, 40), (80, 24)
LOOK = "look"
"""Stands among the keys for: the picture takes in what has happened in the store."""

GO_TO_LOADED = ["j", "j", "j"]
GO_TO_PARENT = ["j"] * 13
MARK_THREE = ["space", "j", "space", "4", "space"]

CASES: dict[str, tuple[tuple[int, int], list[str]]] = {
    "marks": (WIDE, ["space", "j", "j", "v", "4", "space", "1"]),
    "marks_not_in_view_80x24": (NARROW, MARK_THREE),
    "delete_typed": (WIDE, [*GO_TO_LOADED, "ctrl+d", "tab", *"daa66d2c"]),
    "delete_typed_80x24": (NARROW, [*GO_TO_LOADED, "ctrl+d"]),
    "delete_family": (WIDE, [*GO_TO_PARENT, "ctrl+d"]),
    "delete_family_80x24": (NARROW, [*GO_TO_PARENT, "ctrl+d"]),
    "delete_only_this": (WIDE, [*GO_TO_PARENT, "ctrl+d", "f"]),
    "delete_marked": (WIDE, [*MARK_THREE, "ctrl+d"]),
    "delete_finished": (WIDE, ["4", "ctrl+d", "tab"]),
    "commit": (WIDE, [*GO_TO_LOADED, "ctrl+k"]),
    "truncate_80x24": (NARROW, [*GO_TO_LOADED, "ctrl+t"]),
    "refused": (WIDE, ["4", "space", "j", "space", "5", "space", "ctrl+t"]),
    "all_refused_80x24": (NARROW, ["4", "space", "j", "space", "ctrl+k"]),
    "illegal_80x24": (NARROW, ["4", "ctrl+k"]),
    "pending": (WIDE, ["4", "ctrl+d", "y"]),
    "done": (WIDE, ["4", "ctrl+d", "y", LOOK]),
    "done_80x24": (NARROW, ["4", "ctrl+d", "y", LOOK]),
    "undo": (WIDE, ["4", "ctrl+d", "y", LOOK, "u"]),
    "undone": (WIDE, ["4", "ctrl+d", "y", LOOK, "u", "y", LOOK]),
    "nothing_to_undo_80x24": (NARROW, ["u"]),
    "log": (WIDE, ["4", "ctrl+d", "y", LOOK, "u", "y", LOOK, "4", "ctrl+t", "y", LOOK, "escape", "L"]),
    "log_80x24": (
        NARROW,
        ["4", "ctrl+d", "y", LOOK, "u", "y", LOOK, "4", "ctrl+t", "y", LOOK, "escape", "L", "j"],
    ),
    "log_empty_80x24": (NARROW, ["L"]),
    "whole_screen": (WIDE, ["4", "ctrl+d", "y", LOOK, "enter"]),
}


async def press_all(pilot: Pilot[Any], settle: Settle, picture: FakePicture, keys: list[str]) -> None:
    await settle(pilot)
    for key in keys:
        if key == LOOK:
            await look_at_everything(picture)
        else:
            await pilot.press(key)
        await settle(pilot)


@pytest.mark.parametrize("name", CASES)
def test_action_picture(name: str, snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    size, keys = CASES[name]
    picture = a_busy_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, keys)

    assert snap_compare(acting.app(picture), terminal_size=size, run_before=get_ready)


def test_picture_of_keys_that_are_taken_away(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_busy_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["ctrl+d"])

    app = acting.app(picture, why_read_only="read-only: the configuration says so for 'prod'")
    assert snap_compare(app, terminal_size=NARROW, run_before=get_ready)


def test_picture_of_a_change_while_the_plan_is_open(
    snap_compare: SnapCompare, settle: Settle, acting: Acting
) -> None:
    picture = a_busy_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "ctrl+d"])
        picture.raw(f"{procedure_id(10)}/0000000007.commit", b"", 1)
        await press_all(pilot, settle, picture, [LOOK])

    assert snap_compare(acting.app(picture), terminal_size=NARROW, run_before=get_ready)


def test_picture_of_changed_since(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_busy_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "ctrl+d"])
        picture.raw(f"{procedure_id(10)}/0000000007.commit", b"", 1)
        await press_all(pilot, settle, picture, ["y"])

    assert snap_compare(acting.app(picture), terminal_size=NARROW, run_before=get_ready)


def test_picture_of_a_refused_undo(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_busy_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "ctrl+d", "y", LOOK])
        picture.raw(f"{procedure_id(10)}/0000000001.step", b"something new", 1)
        picture.raw(f"{procedure_id(10)}/0000000009.step", b"{}", 1)
        await press_all(pilot, settle, picture, [LOOK, "u"])

    assert snap_compare(acting.app(picture), terminal_size=WIDE, run_before=get_ready)


def test_picture_of_a_failure(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.errors = {2: Determinate("no space left on device")}

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "ctrl+d", "y", LOOK])

    assert snap_compare(acting.app(picture, blob=blob), terminal_size=NARROW, run_before=get_ready)


def test_picture_of_what_may_have_happened(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 1
    blob.errors = {1: Indeterminate("the connection was reset")}

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "ctrl+d"])
        await pilot.press("y")
        await blob.waiting.wait()
        blob.is_lost = True
        picture.failure = Indeterminate("the network is gone")
        blob.gate.set()
        await settle(pilot)

    assert snap_compare(acting.app(picture, blob=blob), terminal_size=WIDE, run_before=get_ready)


@pytest.mark.parametrize("keys", [[], ["q"]], ids=["applying", "leaving"])
def test_picture_of_a_plan_that_is_being_applied(
    snap_compare: SnapCompare, settle: Settle, acting: Acting, keys: list[str]
) -> None:
    picture = a_busy_store()
    blob = Hindered(picture.blob)
    blob.waits_from = 2

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["4", "space", "j", "j", "v", "ctrl+d"])
        await pilot.press("y")
        await blob.waiting.wait()
        await pilot.press(*keys)
        await pilot.app.screen.wait_for_refresh()

    assert snap_compare(acting.app(picture, blob=blob), terminal_size=WIDE, run_before=get_ready)


async def interrupt(acting: Acting, picture: FakePicture) -> None:
    """Cancel a deletion after two ops, as a process that ends would."""
    blob = Hindered(picture.blob)
    blob.waits_from = 1
    await look_at_everything(picture)
    plan = await open_planner(picture, now=lambda: NOW).plan_delete([procedure_id(10)])
    applying = asyncio.ensure_future(acting.executor(picture, blob=blob).apply(plan, reason="left behind"))
    await blob.waiting.wait()
    applying.cancel()
    blob.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await applying


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        (WIDE, []),
        (WIDE, ["L"]),
        (NARROW, ["L", "R"]),
    ],
    ids=["interrupted", "interrupted_log", "resume_80x24"],
)
def test_picture_of_an_interrupted_entry(
    snap_compare: SnapCompare, settle: Settle, acting: Acting, size: tuple[int, int], keys: list[str]
) -> None:
    picture = a_busy_store()
    asyncio.run(interrupt(acting, picture))

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, keys)

    assert snap_compare(acting.app(picture), terminal_size=size, run_before=get_ready)


def test_picture_of_hostile_text_in_a_plan(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    picture = a_hostile_store()

    async def get_ready(pilot: Pilot[Any]) -> None:
        await press_all(pilot, settle, picture, ["ctrl+d"])

    assert snap_compare(acting.app(picture), terminal_size=NARROW, run_before=get_ready)
