"""One change in the index and in the rows on screen, at two sizes: it should cost the same."""

from __future__ import annotations

from itertools import count

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from support.stores import procedure_id

from procdash.live.index import ProcedureIndex
from procdash.live.view import Order, RowFilter, View
from procdash.store import KeyType, MessageHeader, ProcedureRecord

SIZES = (1_000, 100_000)
NOW = 2_000_000_000.0


def record(number: int, step: int = 0) -> ProcedureRecord:
    identity = procedure_id(number)
    return ProcedureRecord(
        procedure_id=identity,
        directory=identity,
        file_name=f"{step:010}.step",
        step=step,
        key_type=KeyType.STEP,
        key_count=step + 1,
        modified_at=NOW - number % 5_000,
        version=str(step),
        message=MessageHeader("metasrv-procedure::CreateTable", None, None, step),
    )


def index_of(size: int) -> ProcedureIndex:
    index = ProcedureIndex()
    for number in range(1, size + 1):
        index.apply(procedure_id(number), record(number))
    return index


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.benchmark(group="one change in the index")
def test_apply_one_change(benchmark: BenchmarkFixture, size: int) -> None:
    index = index_of(size)
    steps = count(1)
    events = benchmark(lambda: index.apply(procedure_id(7), record(7, next(steps))))
    assert len(events) == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.benchmark(group="one change in the rows")
def test_place_one_changed_row(benchmark: BenchmarkFixture, size: int) -> None:
    index = index_of(size)
    view = View(index, lambda: NOW)
    steps = count(1)
    benchmark(lambda: view.apply(index.apply(procedure_id(7), record(7, next(steps)))))
    assert len(view) == size


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.benchmark(group="sort 100,000 rows")
def test_sort(benchmark: BenchmarkFixture, order: Order) -> None:
    view = View(index_of(SIZES[-1]), lambda: NOW)
    benchmark.pedantic(lambda: view.set_order(order, descending=True), rounds=3)
    assert len(view) == SIZES[-1]


@pytest.mark.benchmark(group="filter 100,000 rows")
def test_filter(benchmark: BenchmarkFixture) -> None:
    view = View(index_of(SIZES[-1]), lambda: NOW)
    benchmark.pedantic(lambda: view.set_filter(RowFilter(problems_only=True)), rounds=3)
    assert len(view) < SIZES[-1]
