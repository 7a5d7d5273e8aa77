"""How many bytes go to the terminal, at 120x40. Exact counts, so they are asserted; run with `-s` to see them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
from support.stores import PlainStore, procedure_id
from support.terminal import Terminal, terminal

LONG_AGO = 30 * 86_400.0
TYPES = ("CreateTable", "AlterTable", "DropTable", "RegionMigration", "Repartition", "DropDatabase")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PlainStore, Terminal]]:
    root = tmp_path_factory.mktemp("bytes")
    store = PlainStore(root)
    choose = random.Random(3)  # noqa: S311 - a simulation, not a secret
    for number in range(1, 1_001):
        steps = choose.randrange(4)
        for step in range(steps + 1):
            path = store.step(procedure_id(number), step, type_name=f"metasrv-procedure::{choose.choice(TYPES)}")
        store.put(
            str(path.relative_to(store.directory)),
            path.read_text(),
            modified_at=time.time() - LONG_AGO - 7_777 * number,
        )
    with terminal(str(root)) as screen:
        screen.wait_for("● live")
        screen.read_until_quiet(1.5)
        yield store, screen


@pytest.mark.parametrize(
    ("what", "keys", "budget"),
    [
        ("cursor down", "j", 4_000),
        ("page down", "\x1b[6~", 12_000),
        ("go to the end", "G", 12_000),
        ("sort by the next column", "s", 12_000),
        ("show what is finished", "4", 12_000),
        ("show all again", "1", 12_000),
        ("open the help", "?", 30_000),
        ("close the help", "\x1b", 30_000),
    ],
)
def test_bytes_of_a_key(dashboard: tuple[PlainStore, Terminal], what: str, keys: str, budget: int) -> None:
    _, screen = dashboard
    screen.type(keys)
    written = len(screen.read_until_quiet())
    print(f"{what}: {written:,} bytes")  # noqa: T201 - the measurement
    assert 0 < written < budget


def test_bytes_of_ten_idle_seconds(dashboard: tuple[PlainStore, Terminal]) -> None:
    _, screen = dashboard
    screen.read_until_quiet(1.5)
    assert screen.read_for(10.0) == b""
