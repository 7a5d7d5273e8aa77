"""How a procedure looks in the store at some moment: its keys, their values and their ages. Pure.

A *picture* is a list of procedures: one, or a parent with its children.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from procdash.demo.catalogue import Kind
from procdash.demo.names import new_id
from procdash.demo.scripts import RETRY_EXCEEDED, data_at_rollback
from procdash.demo.shapes import to_json
from procdash.store.keys import PROCEDURE_DIRECTORY, KeyType, ParsedKey
from procdash.store.messages import ProcedureMessage

_LONGEST_GAP_SECONDS = 12.0
_SHORTEST_GAP_SECONDS = 0.2


class PicturedKey(NamedTuple):
    """One key of a picture."""

    key: str
    """The key as stored, beginning with `procedure/`."""
    value: bytes
    age: float
    """How long ago it was written, in seconds."""


PicturedProcedure = tuple[PicturedKey, ...]
"""The keys of one procedure, in the order in which they were written."""

Picture = list[PicturedProcedure]
"""One procedure, or a parent and its children."""


@dataclass(slots=True)
class Author:
    """Writes down one procedure, key by key.

    Args:
        kind: its type.
        rng: the id and the gaps between keys are drawn from it.
        age: how long ago the last of its keys was written, in seconds.
        parent_id: the id of the procedure that started it.
        context: who started it and why.
        type_name: the stored type name, where it is not that of `kind`.
    """

    kind: Kind
    rng: Random
    age: float
    parent_id: str | None = None
    context: dict[str, Any] | None = None
    type_name: str = ""
    procedure_id: str = field(init=False)
    """Its id."""

    def __post_init__(self) -> None:
        self.procedure_id = new_id(self.rng)
        self.type_name = self.type_name or self.kind.type_name

    def running(self, states: Sequence[str]) -> PicturedProcedure:
        """It persisted `states` so far, which are `data` documents."""
        return self.dated([self.step(step, data) for step, data in enumerate(states)])

    def finished(self, states: Sequence[str]) -> PicturedProcedure:
        """It persisted all of `states` and committed."""
        steps = [self.step(step, data) for step, data in enumerate(states)]
        return self.dated([*steps, self.commit(len(states))])

    def rolling_back(self, states: Sequence[str], error: str = RETRY_EXCEEDED) -> PicturedProcedure:
        """It persisted `states`, failed with `error` and rolls back."""
        steps = [self.step(step, data) for step, data in enumerate(states)]
        data = data_at_rollback(self.type_name, states[-1])
        message = self._message(len(states), data, error.format(self.procedure_id))
        key = self.key(len(states), KeyType.ROLLBACK)
        return self.dated([*steps, (key, message.to_json().encode())])

    def step(self, step: int, data: str) -> tuple[str, bytes]:
        """The key and the value of one step."""
        return self.key(step, KeyType.STEP), self._message(step, data).to_json().encode()

    def commit(self, step: int) -> tuple[str, bytes]:
        """The key and the value of the commit."""
        return self.key(step, KeyType.COMMIT), b""

    def key(self, step: int, key_type: KeyType) -> str:
        """The spelling of one of its keys."""
        return str(ParsedKey(PROCEDURE_DIRECTORY, self.procedure_id, step, key_type))

    def dated(self, keys: Sequence[tuple[str, bytes]]) -> PicturedProcedure:
        """Give `keys` their ages: the last one is as old as the procedure, each one before it a little older."""
        age = self.age
        dated: list[PicturedKey] = []
        for key, value in reversed(keys):
            dated.append(PicturedKey(key, value, age))
            age += self.rng.uniform(_SHORTEST_GAP_SECONDS, _LONGEST_GAP_SECONDS)
        return tuple(reversed(dated))

    def _message(self, step: int, data: str, error: str | None = None) -> ProcedureMessage:
        return ProcedureMessage(self.type_name, data, self.parent_id, step, error, self.context)


def opaque_data(**fields: Any) -> str:
    """The `data` of a type that this demo does not otherwise know."""
    return to_json(fields)
