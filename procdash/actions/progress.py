"""Comparing a plan with the store: is it as the plan had it, and how much of the plan is done. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from procdash.actions.plans import Difference, KeyState, Op, OpKind, Target


class Progress(NamedTuple):
    """How much of one target is done, as the store shows it."""

    done: frozenset[int]
    """The numbers of the ops that are done."""
    differences: tuple[Difference, ...]
    """What neither the plan nor the state before it explains; with any, nothing may be built on `done`."""


def differences(expected: Iterable[KeyState], found: Iterable[KeyState]) -> tuple[Difference, ...]:
    """Every key that is not as expected, in the order of the keys."""
    before = {state.key: state for state in expected}
    now = {state.key: state for state in found}
    return tuple(
        Difference(key, before.get(key), now.get(key))
        for key in sorted(before.keys() | now.keys())
        if not _is_same(before.get(key), now.get(key))
    )


def unknown_key_differences(expected: Sequence[str], found: Sequence[str]) -> tuple[Difference, ...]:
    """The same for keys of which a listing gives nothing but the name."""
    return differences([KeyState(key, 0, None) for key in expected], [KeyState(key, 0, None) for key in found])


def progress_of(
    target: Target,
    ops: Iterable[tuple[int, Op]],
    found: Iterable[KeyState],
    written: Iterable[KeyState] | None = None,
) -> Progress:
    """Which ops of a target are done, going by what is in the store.

    Args:
        target: what was planned.
        ops: its ops with their numbers.
        found: every key of the procedure, as listed now.
        written: the keys that it wrote, as they were listed afterwards, so that those of others are told from
            them; None where that was not noted: then a key of the right size counts as written by it.
    """
    now = {state.key: state for state in found}
    afterwards = None if written is None else {state.key: state for state in written}
    expected: dict[str, KeyState | None] = {state.key: state for state in target.before}
    done: set[int] = set()
    for number, op in ops:
        state = now.get(op.key)
        if op.kind is OpKind.DELETE and state is None:
            done.add(number)
            expected.pop(op.key, None)
        elif op.kind is OpKind.PUT and state is not None and state.size_in_bytes == op.size_in_bytes:
            ours = state if afterwards is None else afterwards.get(op.key)
            if ours is not None:
                done.add(number)
                expected[op.key] = ours
    return Progress(frozenset(done), differences(filter(None, expected.values()), now.values()))


def _is_same(expected: KeyState | None, found: KeyState | None) -> bool:
    if expected is None or found is None:
        return expected is found
    is_same_version = None in (expected.version, found.version) or expected.version == found.version
    return is_same_version and expected.size_in_bytes == found.size_in_bytes
