"""Filling a new store: what it holds is decided by a seed, and written as fast as the disk takes it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random

from procdash.demo.cases import ALL_CASES, TROUBLE_CASES, reconcile_family, repartition_family
from procdash.demo.catalogue import Kind, choose_context, choose_kind
from procdash.demo.pictures import Author, Picture, PicturedProcedure
from procdash.demo.scripts import first_states, states_from
from procdash.demo.shapes import to_json
from procdash.store.keys import PROCEDURE_DIRECTORY

_NANOSECONDS = 1_000_000_000
_BATCH = 250
_WRITERS = 4  # while one waits for the disk, the others go on

_TROUBLE_SHARE = 0.02
_FAMILY_SHARE = 0.02
_ROLLING_BACK_SHARE = 0.03
_FINISHED_SHARE = 0.45

_MEAN_AGE_RUNNING = 120.0
_OLDEST_RUNNING = 600.0
_MEAN_AGE_FINISHED = 900.0
_OLDEST_FINISHED = 6 * 3_600.0

_FAMILIES = (repartition_family, reconcile_family)


def seed_store(
    root: Path,
    *,
    procedures: int,
    seed: int,
    now: float,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Make `root/procedure/` hold believable procedures, the same ones for the same arguments.

    Ids, values and modification times all come from `seed` and `now`. Every store of at least 20 procedures holds
    one of each case in `procdash.demo.cases`; a smaller one holds the first of them. Beyond those, most
    procedures run or have finished, some roll back and a few are in trouble. Nothing is synced to disk.

    Args:
        root: a directory for throw-away data; created where it is missing, and better empty.
        procedures: how many procedures (directories) to write.
        seed: decides what they are.
        now: the time in Unix seconds that their ages count back from.
        on_progress: called now and then, and at the end, with how many were written and how many there will be.

    Raises:
        OSError: if a file cannot be written.
    """
    directory = root / PROCEDURE_DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    remaining = pictured_procedures(procedures, seed)
    done = 0
    writing: deque[Future[int]] = deque()
    with ThreadPoolExecutor(_WRITERS) as writers:
        while writing or done < procedures:
            batch = list(islice(remaining, _BATCH))
            if batch:
                writing.append(writers.submit(_write_all, root, batch, now))
            if not batch or len(writing) > _WRITERS:
                done += writing.popleft().result()
                if on_progress is not None:
                    on_progress(done, procedures)
    os.utime(directory, (now, now))


def pictured_procedures(count: int, seed: int) -> Iterator[PicturedProcedure]:
    """The `count` procedures that a store made from `seed` holds."""
    rng = Random(f"procdash demo store {seed}")  # noqa: S311 - a simulation, not a secret
    written = 0
    for picture in _pictures(rng):
        for procedure in picture:
            if written == count:
                return
            yield procedure
            written += 1


def _pictures(rng: Random) -> Iterator[Picture]:
    for case in ALL_CASES:
        yield case(rng)
    while True:
        drawn = rng.random()
        if drawn < _TROUBLE_SHARE:
            yield rng.choice(TROUBLE_CASES)(rng)
        elif drawn < _TROUBLE_SHARE + _FAMILY_SHARE:
            yield rng.choice(_FAMILIES)(rng)
        else:
            yield [_ordinary(rng)]


def _ordinary(rng: Random) -> PicturedProcedure:
    """A healthy procedure without children, or one that rolls back."""
    kind = _lone_kind(rng)
    opening = to_json(kind.open(rng))
    context = choose_context(kind, rng)
    drawn = rng.random()
    if drawn < _FINISHED_SHARE or not kind.states:
        age = min(rng.expovariate(1 / _MEAN_AGE_FINISHED), _OLDEST_FINISHED)
        return Author(kind, rng, age, context=context).finished(list(states_from(kind, opening)))
    age = min(rng.expovariate(1 / _MEAN_AGE_RUNNING), _OLDEST_RUNNING)
    author = Author(kind, rng, age, context=context)
    states = first_states(kind, opening, rng.randint(1, len(kind.states)))
    if drawn < _FINISHED_SHARE + _ROLLING_BACK_SHARE:
        return author.rolling_back(states)
    return author.running(states)


def _lone_kind(rng: Random) -> Kind:
    """A type whose procedures have no children."""
    while (kind := choose_kind(rng)).waits_at is not None:
        pass
    return kind


def _write_all(root: Path, procedures: Sequence[PicturedProcedure], now: float) -> int:
    for procedure in procedures:
        _write(root, procedure, now)
    return len(procedures)


def _write(root: Path, procedure: PicturedProcedure, now: float) -> None:
    directory = f"{root}/{procedure[0].key.rpartition('/')[0]}"
    os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - plain calls: there may be hundreds of thousands
    newest = 0
    for key, value, age in procedure:
        modified = int((now - age) * _NANOSECONDS)
        newest = max(newest, modified)
        descriptor = os.open(f"{root}/{key}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(descriptor, value)
            os.utime(descriptor, ns=(modified, modified))
        finally:
            os.close(descriptor)
    os.utime(directory, ns=(newest, newest))
