"""GreptimeDB's `ProcedureStore`: what the procedure framework persists and loads, rule for rule.

Behaviour follows `common_procedure` `store.rs`. Where upstream hides something (an unreadable value, a foreign
key), loading hides it here too; `procdash.insight` is what names it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from procdash.store.errors import Determinate
from procdash.store.keys import (
    MAX_STEP,
    PROCEDURE_DIRECTORY,
    KeyType,
    ParsedKey,
    deciding_key,
    parse_procedure_id,
    supersedes,
)
from procdash.store.messages import MessageError, ProcedureMessage, ProcedureMessages
from procdash.store.segments import KeySet
from procdash.store.state_store import StateStore

_log = logging.getLogger(__name__)


class ProcedureStore:
    """Procedures in a `StateStore`.

    Args:
        state_store: where the keys live.
        parent_path: what comes before `procedure/` in every key: empty in real stores, `data/` in upstream's
            tests.
    """

    def __init__(self, state_store: StateStore, parent_path: str = "") -> None:
        self.state_store = state_store
        self.procedure_path = f"{parent_path}{PROCEDURE_DIRECTORY}"
        """What every key begins with, before the id."""

    async def store_procedure(
        self,
        procedure_id: str,
        step: int,
        type_name: str,
        data: str,
        parent_id: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Persist `data` as step `step` of a procedure."""
        context = dict(context) if context else None
        message = ProcedureMessage(type_name, data, parent_id, step, context=context)
        await self._put_message(procedure_id, KeyType.STEP, message)

    async def commit_procedure(self, procedure_id: str, step: int) -> None:
        """Mark a procedure as finished with an empty commit key at `step`."""
        await self._put(procedure_id, step, KeyType.COMMIT, b"")

    async def rollback_procedure(self, procedure_id: str, message: ProcedureMessage) -> None:
        """Mark a procedure as rolling back, with a rollback key at `message.step`."""
        await self._put_message(procedure_id, KeyType.ROLLBACK, message)

    async def delete_procedure(self, procedure_id: str) -> None:
        """Remove every key of a procedure: steps first, then commits and rollbacks, then its directory.

        Whatever the crash, an older step never comes to decide. Keys under another spelling of the id stay, and
        so do unknown ones.

        Raises:
            Determinate: from a local directory that still holds something unknown once the keys are gone.
        """
        path = f"{self.procedure_path}{_canonical(procedure_id)}/"
        steps: list[str] = []
        markers: list[str] = []
        async for key_set, _ in self.state_store.walk_top_down(path):
            key = ParsedKey.parse(self.procedure_path, key_set.key)
            if key is None:
                _log.warning("Unknown key while deleting procedures, key: %r", key_set.key)
            elif key.key_type is KeyType.STEP:
                steps.extend(key_set.keys())
            else:
                markers.extend(key_set.keys())
        await self.state_store.batch_delete(steps)
        await self.state_store.batch_delete(markers)
        await self.state_store.delete(path)

    async def load_messages(self) -> ProcedureMessages:
        """What an engine would find at its next start: to resume, to roll back, to clean up.

        Unknown keys are skipped, and so is a procedure whose deciding value does not decode: it is in none of
        the three sets.

        Raises:
            ExternalError: if the walk itself fails; then nothing is loaded.
        """
        decided: dict[str, tuple[ParsedKey, bytes]] = {}
        async for key_set, value in self.state_store.walk_top_down(self.procedure_path):
            key = ParsedKey.parse(self.procedure_path, key_set.key)
            if key is None:
                _log.warning("Unknown key while loading procedures, key: %r", key_set.key)
                continue
            current = decided.get(key.procedure_id)
            if supersedes(key, current and current[0]):
                decided[key.procedure_id] = (key, value)
        loaded = ProcedureMessages()
        for procedure_id, (key, value) in decided.items():
            if key.key_type is KeyType.COMMIT:
                loaded.finished_ids.append(procedure_id)
                continue
            try:
                message = ProcedureMessage.from_json(value)
            except MessageError as error:
                _log.error("Failed to parse value, key: %s, source: %s", key, error)
                continue
            into = loaded.messages if key.key_type is KeyType.STEP else loaded.rollback_messages
            into[procedure_id] = message
        return loaded

    async def truncate_procedure(self, procedure_id: str, step: int) -> int:
        """Remove the `.step` keys below `step`, with the semantics of `Consensus.truncate`.

        The deciding key never goes, nor do commits and rollbacks. Repeating it removes nothing more.

        Args:
            procedure_id: whose steps to remove.
            step: the lowest step to keep; at most the deciding step.

        Returns:
            How many steps were removed.

        Raises:
            Determinate: if there is no such procedure, or `step` is above the deciding step.
        """
        procedure_id = _canonical(procedure_id)
        keys: list[tuple[ParsedKey, KeySet]] = []
        async for key_set, _ in self.state_store.walk_top_down(f"{self.procedure_path}{procedure_id}/"):
            key = ParsedKey.parse(self.procedure_path, key_set.key)
            if key is not None and key.procedure_id == procedure_id:  # another procedure may stand further down
                keys.append((key, key_set))
        deciding = deciding_key(key for key, _ in keys)
        if deciding is None:
            raise Determinate(f"no procedure {procedure_id} to truncate")
        if step > deciding.step:
            raise Determinate(
                f"upper bound too high for truncate: step {step} is above the deciding step {deciding.step} "
                f"of {procedure_id}"
            )
        below = [
            key_set
            for key, key_set in sorted(keys, key=lambda pair: pair[0].step)
            if key.key_type is KeyType.STEP and key.step < step
        ]
        for key_set in below:
            await self.state_store.batch_delete(key_set.keys())
        return len(below)

    async def _put_message(self, procedure_id: str, key_type: KeyType, message: ProcedureMessage) -> None:
        parent_id = None if message.parent_id is None else _canonical(message.parent_id)
        try:
            value = msgspec.structs.replace(message, parent_id=parent_id).to_json().encode()
        except UnicodeEncodeError as error:
            raise Determinate(f"a message of {procedure_id} cannot be stored as UTF-8: {error}") from error
        await self._put(procedure_id, message.step, key_type, value)

    async def _put(self, procedure_id: str, step: int, key_type: KeyType, value: bytes) -> None:
        if not 0 <= step <= MAX_STEP:
            raise Determinate(f"a step must be within 0 … {MAX_STEP}, got {step}")
        key = ParsedKey(self.procedure_path, _canonical(procedure_id), step, key_type)
        await self.state_store.put(str(key), value)


def _canonical(procedure_id: str) -> str:
    """The canonical spelling of an id that a caller gives; keys under any other one would never be deleted."""
    canonical = parse_procedure_id(str(procedure_id))  # a `uuid.UUID` is welcome
    if canonical is None:
        raise Determinate(f"{procedure_id!r} is no procedure id")
    return canonical
