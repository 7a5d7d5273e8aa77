"""Opening a directory of 2,000 procedures with 5 keys each, beside the floor of the job and a straight port."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import fsspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from support.stores import PlainStore, fresh_index, procedure_id

from procdash.insight.verdict import Verdict
from procdash.store import open_procedure_store

PROCEDURES = 2_000
DATA = json.dumps({"state": "DatanodeCreateRegions", "task": "x" * 700})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PlainStore:
    made = PlainStore(tmp_path_factory.mktemp("scan"))
    for number in range(1, PROCEDURES + 1):
        for step in range(4):
            made.step(procedure_id(number), step, data=DATA)
        if number % 10 < 7:
            made.commit(procedure_id(number), 4)
        else:
            made.step(procedure_id(number), 4, data=DATA)
    return made


@pytest.mark.benchmark(group="open a directory")
def test_floor_list_names_and_read_the_newest_unfinished(benchmark: BenchmarkFixture, store: PlainStore) -> None:
    def floor() -> int:
        unfinished = 0
        for entry in os.listdir(store.directory):  # noqa: PTH208 - names are enough
            newest = max(os.listdir(store.directory / entry))  # noqa: PTH208 - names are enough
            if newest.endswith("step"):
                (store.directory / entry / newest).read_bytes()
                unfinished += 1
        return unfinished

    assert benchmark(floor) == PROCEDURES * 3 // 10


@pytest.mark.benchmark(group="open a directory")
def test_procdash_reads_a_picture(benchmark: BenchmarkFixture, store: PlainStore) -> None:
    index = benchmark(lambda: asyncio.run(fresh_index(store.root)))
    assert index.counts[Verdict.LOADED] == PROCEDURES * 3 // 10


@pytest.mark.benchmark(group="open a directory")
def test_procdash_loads_as_an_engine_does(benchmark: BenchmarkFixture, store: PlainStore) -> None:
    async def load() -> int:
        procedures = await open_procedure_store(str(store.root))
        return len((await procedures.load_messages()).messages)

    assert benchmark.pedantic(lambda: asyncio.run(load()), rounds=1) == PROCEDURES * 3 // 10


@pytest.mark.benchmark(group="open a directory")
def test_straight_port_with_fsspec(benchmark: BenchmarkFixture, store: PlainStore) -> None:
    def port() -> int:
        files = fsspec.filesystem("file")
        newest: dict[str, tuple[str, bytes]] = {}
        for path in files.find(str(store.directory)):
            value = files.cat_file(path)
            entry, name = Path(path).parts[-2:]
            if entry not in newest or newest[entry][0] < name:
                newest[entry] = (name, value)
        return sum(1 for name, value in newest.values() if name.endswith("step") and json.loads(value))

    assert benchmark.pedantic(port, rounds=1) == PROCEDURES * 3 // 10
