"""Plans: every put and delete of one action, in order, with what it rests on. Plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from procdash.insight.verdict import Verdict


class ActionKind(StrEnum):
    """What an operator may do to procedures."""

    COMMIT = "commit"
    """Mark it as finished with one empty commit key, so that no engine resumes or rolls it back."""
    DELETE = "delete"
    """Remove every key of it."""
    TRUNCATE = "truncate"
    """Remove older steps, which the deciding key has superseded."""
    UNDO = "undo"
    """Bring back what an earlier plan removed, and remove what it wrote."""


class OpKind(StrEnum):
    """One elementary write."""

    PUT = "put"
    """Write a key where there is none."""
    DELETE = "delete"
    """Remove a key that is as it was when it was listed."""
    REMOVE_DIRECTORY = "remove_directory"
    """Remove a directory, if it is empty by then."""


class KeyState(msgspec.Struct, frozen=True):
    """One key, as it was listed."""

    key: str
    """The key as stored, beginning with `procedure/`."""
    size_in_bytes: int
    version: str | None
    """The backend's version token; None where it has none."""


class Op(msgspec.Struct, frozen=True):
    """One write of a plan."""

    kind: OpKind
    key: str
    """The key as stored; that of a directory ends with `/`."""
    size_in_bytes: int = 0
    """Size of the value that is written or removed, in bytes."""
    version: str | None = None
    """The version of the value that is removed, as it was listed."""
    source: int | None = None
    """For a put: the number of the op, in the entry that is undone, whose removed value is written. None writes an
    empty value."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan does to one procedure."""

    procedure_id: str
    """Canonical id."""
    type_name: str | None
    """Its type; None where that is not known."""
    verdict: Verdict | None
    """The loader's verdict now; None where it is not in the store."""
    result: Verdict | None
    """The verdict once the plan is applied; None where it is then gone."""
    before: tuple[KeyState, ...]
    """Every key of it, as listed: what the plan rests on."""
    kept: tuple[str, ...] = ()
    """Keys in its directories that belong to no procedure: named, and never touched."""
    ops: tuple[Op, ...]
    """What is written, in order."""
    family: str
    """The id of the procedure it goes together with: where one cannot be applied, the rest is left alone."""
    is_requested: bool = True
    """Whether the operator named it, rather than a relative of it."""
    warnings: tuple[str, ...] = ()
    """What to know before it is applied, each in a sentence or two."""

    @property
    def after(self) -> dict[str, KeyState | None]:
        """Every key that there is once the plan is applied; None as the state of one that the plan writes."""
        states: dict[str, KeyState | None] = {state.key: state for state in self.before}
        for op in self.ops:
            if op.kind is OpKind.PUT:
                states[op.key] = None
            elif op.kind is OpKind.DELETE:
                states.pop(op.key, None)
        return states


class Difference(msgspec.Struct, frozen=True):
    """One key that is not as a plan had it."""

    key: str
    expected: KeyState | None
    """As the plan had it; None where it should not be there."""
    found: KeyState | None
    """As it is; None where it is not there."""

    @property
    def word(self) -> str:
        """What happened to the key: `appeared`, `gone` or `rewritten`."""
        if self.expected is None:
            return "appeared"
        return "gone" if self.found is None else "rewritten"


class Refusal(msgspec.Struct, frozen=True):
    """Why an action is not possible for one procedure."""

    procedure_id: str
    reason: str
    """In a sentence."""
    next_step: str = ""
    """What to do instead."""
    differences: tuple[Difference, ...] = ()
    """Where the store is no longer as it was, if that is why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One action on one or more procedures: what is previewed, confirmed, applied and journaled."""

    kind: ActionKind
    location: str
    """Where the store is, without secrets."""
    targets: tuple[Target, ...]
    """In the order in which they are applied."""
    refusals: tuple[Refusal, ...] = ()
    """Procedures that were asked for and are left alone."""
    undoes: int | None = None
    """The number of the journal's entry that is undone."""

    @property
    def ops(self) -> tuple[Op, ...]:
        """Every op in order; an op's number is its place in here, from 0."""
        return tuple(op for target in self.targets for op in target.ops)

    @property
    def numbered(self) -> Iterator[tuple[Target, list[tuple[int, Op]]]]:
        """Each target with its ops and their numbers."""
        number = 0
        for target in self.targets:
            yield target, list(enumerate(target.ops, number))
            number += len(target.ops)

    @property
    def bytes_removed(self) -> int:
        """How many bytes of values are removed."""
        return sum(op.size_in_bytes for op in self.ops if op.kind is OpKind.DELETE)

    @property
    def keys_removed(self) -> int:
        """How many keys are removed."""
        return sum(op.kind is OpKind.DELETE for op in self.ops)

    @property
    def keys_written(self) -> int:
        """How many keys are written."""
        return sum(op.kind is OpKind.PUT for op in self.ops)

    def to_json(self) -> str:
        """The plan as JSON in ASCII; a file name's bytes that are no UTF-8 survive as escaped surrogates."""
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan that `to_json` gave.

        Raises:
            ValueError: if it is none.
        """
        return msgspec.convert(json.loads(text), cls)
