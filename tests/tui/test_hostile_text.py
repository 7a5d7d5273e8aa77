"""Nothing that a store holds can drive the terminal, hide itself, or break the dashboard."""

from __future__ import annotations

import ast
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from support.fake_picture import HOSTILE, NOW, FakePicture, a_hostile_store
from textual.pilot import Pilot
from textual.widgets._toast import Toast

import procdash
from procdash.live.monitor import Status, StoreState
from procdash.store.errors import Indeterminate

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Settle = Callable[[Pilot[None]], Awaitable[None]]

PACKAGE = Path(procdash.__file__).parent


def drawn(pilot: Pilot[None]) -> str:
    """Every character on the screen."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def assert_harmless(pilot: Pilot[None]) -> None:
    text = drawn(pilot)
    odd = {character for character in text if not character.isprintable() and character != "\n"}
    assert not odd, odd


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_hostile_text_is_drawn_as_pictures(opened: Opened, settle: Settle, size: tuple[int, int]) -> None:
    async with opened(a_hostile_store(), size) as pilot:
        for _ in range(4):
            for key in ("right_square_bracket", "right_square_bracket", "right_square_bracket", "enter", "escape"):
                await pilot.press(key)
                await settle(pilot)
                assert_harmless(pilot)
            await pilot.press("j")
        await pilot.press("enter", "c")
        await settle(pilot)
        assert_harmless(pilot)


async def test_the_escape_itself_can_be_seen(opened: Opened) -> None:
    async with opened(a_hostile_store()) as pilot:
        assert "␛]52;c;aGFja2Vk␇␛[2J" in drawn(pilot)
        assert "[/oops]" in drawn(pilot)


@pytest.mark.parametrize("state", [StoreState.LOST, StoreState.POLLING])
async def test_a_hostile_reason_is_harmless(opened: Opened, settle: Settle, state: StoreState) -> None:
    picture = a_hostile_store(status=Status(state, HOSTILE, NOW - 5))
    async with opened(picture) as pilot:
        picture.failure = Indeterminate(HOSTILE)
        await pilot.press("j")
        await settle(pilot)
        assert "It could not be read: ␛]52" in drawn(pilot)
        assert_harmless(pilot)


async def test_a_hostile_crash_is_harmless(opened: Opened, settle: Settle) -> None:
    picture = FakePicture()

    async def crash() -> None:
        raise RuntimeError(HOSTILE)

    picture.run = crash  # type: ignore[method-assign]
    async with opened(picture) as pilot:
        await settle(pilot)
        assert pilot.app.is_running
        toasts = list(pilot.app.screen.query(Toast))
        messages = [notification.message for notification in pilot.app._notifications]
        assert toasts or messages
        assert all(message.isprintable() for message in messages)
        assert_harmless(pilot)


def calls_of(name: str, source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def test_only_the_door_makes_safe_text() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file != PACKAGE / "present" / "sanitise.py":
            assert not calls_of("SafeText", file.read_text()), file


def test_widgets_draw_nothing_but_spans() -> None:
    for file in (PACKAGE / "tui").rglob("*.py"):
        source = file.read_text()
        made = calls_of("Segment", source) + calls_of("Text", source) + calls_of("Static", source)
        made += calls_of("Content", source) + calls_of("Label", source)
        assert not made or file.name in ("span_lines.py", "frame.py"), file


def test_no_notification_parses_markup() -> None:
    for file in (PACKAGE / "tui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "notify":
                assert any(keyword.arg == "markup" for keyword in node.keywords), f"{file}:{node.lineno}"


def test_colours_come_from_the_theme() -> None:
    for file in (PACKAGE / "tui").rglob("*"):
        if file.suffix in (".py", ".tcss") and file.name != "theme.py":
            assert not re.search(r"#[0-9a-fA-F]{6}\b", file.read_text()), file
