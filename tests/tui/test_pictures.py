"""Pictures of the screen in every state that was designed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.acting import Acting
from support.fake_picture import NOW, FakePicture, a_busy_store, a_hostile_store, procedure_id
from textual.pilot import Pilot

from procdash.live.monitor import Status, StoreState

Settle = Callable[[Pilot[None]], Awaitable[None]]
SnapCompare = Callable[..., bool]

LOST = Status(StoreState.LOST, f"cannot list {'/var/lib/greptimedb/metasrv-0/data'}: Stale file handle", NOW - 72)
POLLING = Status(StoreState.POLLING, "NFS does not report changes, so they are looked for every second")
OPENING = Status(StoreState.OPENING, progress=(3120, 10_000))


def unreadable() -> FakePicture:
    picture = FakePicture()
    picture.step(procedure_id(1), 0, "metasrv-procedure::AlterTable", {"state": "Prepare"}, 4000)
    picture.raw(f"{procedure_id(1)}/{1:010}.step", b'{"type_name":"metasrv-procedure::AlterTable","da', 3990)
    return picture


def wide_text() -> FakePicture:
    picture = FakePicture(location="/数据/格瑞普泰姆/元数据服务")
    names = ("创建表", "修改表结构与所有分区", "データベース削除", "테이블 만들기", "Ñandú")
    for number, name in enumerate(names):
        picture.rollback(
            procedure_id(number),
            number,
            f"metasrv-procedure::{name}",
            {"表名": name * 4, "e\u0301": "u\u0308"},
            40 * number,
            error=f"无法访问数据节点: {name}",
        )
    return picture


CASES: dict[str, tuple[Callable[[], FakePicture], tuple[int, int], list[str]]] = {
    "default_120x40": (a_busy_store, (120, 40), []),
    "default_80x24": (a_busy_store, (80, 24), []),
    "default_200x60": (a_busy_store, (200, 60), ["j", "j", "j"]),
    "tiny_40x10": (a_busy_store, (40, 10), []),
    "filter_loaded": (a_busy_store, (120, 40), ["2"]),
    "filter_rolling_back": (a_busy_store, (120, 40), ["3"]),
    "filter_finished": (a_busy_store, (120, 40), ["4", "j"]),
    "filter_unreadable_80x24": (a_busy_store, (80, 24), ["5"]),
    "filter_problems": (a_busy_store, (120, 40), ["exclamation_mark", "end"]),
    "sorted_by_type_descending": (a_busy_store, (120, 40), ["s", "s", "s", "r"]),
    "detail_focused_80x24": (a_busy_store, (80, 24), ["2", "j", "tab"]),
    "detail_data_80x24": (a_busy_store, (80, 24), ["right_square_bracket"]),
    "detail_keys_120x40": (a_busy_store, (120, 40), ["left_square_bracket"]),
    "whole_screen_rollback": (a_busy_store, (120, 40), ["3", "enter"]),
    "whole_screen_unreadable_80x24": (unreadable, (80, 24), ["enter"]),
    "help_120x40": (a_busy_store, (120, 40), ["question_mark"]),
    "empty": (FakePicture, (80, 24), []),
    "nothing_matches": (unreadable, (80, 24), ["2"]),
    "opening_without_rows": (lambda: FakePicture(status=OPENING), (120, 40), []),
    "opening_with_rows": (lambda: a_busy_store(status=OPENING), (120, 40), []),
    "polling_80x24": (lambda: a_busy_store(status=POLLING), (80, 24), []),
    "lost": (lambda: a_busy_store(status=LOST), (120, 40), []),
    "orphan": (a_busy_store, (120, 40), ["exclamation_mark", "j", "j"]),
    "parent": (a_busy_store, (120, 40), ["2", *["j"] * 12]),
    "hostile_text": (a_hostile_store, (120, 40), []),
    "hostile_text_80x24": (a_hostile_store, (80, 24), ["j", "right_square_bracket"]),
    "wide_text_80x24": (wide_text, (80, 24), ["j"]),
}


@pytest.mark.parametrize("name", CASES)
def test_picture(name: str, snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    make, size, keys = CASES[name]

    async def get_ready(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
        await settle(pilot)

    app = acting.app(make())
    assert snap_compare(app, terminal_size=size, run_before=get_ready)


def test_picture_read_only(snap_compare: SnapCompare, settle: Settle, acting: Acting) -> None:
    app = acting.app(a_busy_store(), why_read_only="read-only: --read-only was given")
    assert snap_compare(app, terminal_size=(80, 24), run_before=settle)
