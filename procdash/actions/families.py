"""Families: who goes together with whom when procedures are deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Protocol

from procdash.insight.verdict import Verdict, verdict_of
from procdash.store.records import ProcedureRecord

UNFINISHED = frozenset({Verdict.LOADED, Verdict.ROLLING_BACK})


class Scope(StrEnum):
    """How far a deletion reaches."""

    FAMILY = "family"
    """The procedures named and all their descendants."""
    ONLY = "only"
    """The procedures named and no other."""


class Relatives(Protocol):
    """Knows every procedure of a store; `procdash.live.index.ProcedureIndex` is one."""

    def get(self, procedure_id: str) -> ProcedureRecord | None:
        """The record of one procedure, or None."""

    def children_of(self, procedure_id: str) -> Collection[str]:
        """The ids of the procedures that name this one as their parent."""


def with_descendants(procedure_ids: Iterable[str], relatives: Relatives) -> dict[str, str]:
    """Each procedure with all its descendants, children before their parents.

    A crash between two of them leaves a parent without some children, which it starts anew, rather than children
    that nobody owns.

    Returns:
        The ids in that order, each with the id of the procedure among `procedure_ids` that it belongs to.
    """
    wanted = list(dict.fromkeys(procedure_ids))
    family_of: dict[str, str] = {}
    for root in wanted:
        if not _has_ancestor_in(root, frozenset(wanted), relatives):
            for procedure_id in _children_first(root, relatives, set(family_of)):
                family_of[procedure_id] = root
    for procedure_id in wanted:  # what is left is a circle of parents
        family_of.setdefault(procedure_id, procedure_id)
    return family_of


def unfinished_parent(record: ProcedureRecord, relatives: Relatives) -> str | None:
    """The id of the parent, where that is in the store and unfinished."""
    parent_id = None if record.message is None else record.message.parent_id
    parent = None if parent_id is None else relatives.get(parent_id)
    return parent_id if parent is not None and verdict_of(parent) in UNFINISHED else None


def unfinished_children(procedure_id: str, relatives: Relatives) -> list[str]:
    """The ids of the children that are not finished, sorted."""
    children = ((child_id, relatives.get(child_id)) for child_id in relatives.children_of(procedure_id))
    return sorted(
        child_id
        for child_id, child in children
        if child is not None and child_id != procedure_id and verdict_of(child) is not Verdict.FINISHED
    )


def _has_ancestor_in(procedure_id: str, wanted: frozenset[str], relatives: Relatives) -> bool:
    seen = {procedure_id}
    current = procedure_id
    while True:
        record = relatives.get(current)
        parent_id = None if record is None or record.message is None else record.message.parent_id
        if parent_id is None or parent_id in seen:
            return False
        if parent_id in wanted:
            return True
        seen.add(parent_id)
        current = parent_id


def _children_first(root: str, relatives: Relatives, seen: set[str]) -> Iterator[str]:
    """Walk down without recursion: a chain of parents may be as long as the store is large."""
    if root in seen:
        return
    seen.add(root)
    pending = [(root, iter(sorted(relatives.children_of(root))))]
    while pending:
        procedure_id, children = pending[-1]
        child = next((child for child in children if child not in seen), None)
        if child is None:
            pending.pop()
            yield procedure_id
        else:
            seen.add(child)
            pending.append((child, iter(sorted(relatives.children_of(child)))))
