"""Doing one op of a plan, and finding out what became of it."""

from __future__ import annotations

from typing import NamedTuple

from procdash.actions.outcomes import Outcome
from procdash.actions.plans import Op, OpKind
from procdash.store.blob import Blob, BlobMetadata
from procdash.store.errors import Determinate, ExternalError, Indeterminate

_ATTEMPTS = 4
"""An op of which the store says that it may have happened, and shows that it did not, is tried this often."""


class OpResult(NamedTuple):
    """What became of one op."""

    outcome: Outcome
    """Done, changed, failed or unknown."""
    message: str = ""
    """Why; of an op that is done, what the store said all the same."""


_DONE = OpResult(Outcome.DONE)


class OpWriter:
    """Writes to a store, one op at a time, and never more than the op says.

    Args:
        blob: where to write.
    """

    def __init__(self, blob: Blob) -> None:
        self._blob = blob

    async def do(self, op: Op, value: bytes = b"") -> OpResult:
        """Do one op.

        After a write that may have happened, the store is read: what it shows is what counts.

        Args:
            op: what to do.
            value: what a put writes.
        """
        match op.kind:
            case OpKind.PUT:
                return await self._put(op.key, value)
            case OpKind.DELETE:
                return await self._delete(BlobMetadata(op.key, op.size_in_bytes, None, op.version))
            case OpKind.REMOVE_DIRECTORY:
                return await self._remove_directory(op.key)

    async def _put(self, key: str, value: bytes) -> OpResult:
        doubt = ""
        for _ in range(_ATTEMPTS):
            try:
                if await self._blob.set_if_absent(key, value):
                    return _DONE
                if not doubt:
                    return OpResult(Outcome.CHANGED, f"there is something under {key} already")
            except Determinate as error:
                return OpResult(Outcome.FAILED, error.message)
            except Indeterminate as error:
                doubt = error.message
            try:
                found = await self._blob.get(key)
            except ExternalError as error:
                return _unknown(doubt, error)
            if found is not None:
                is_ours = found == value
                return _DONE if is_ours else OpResult(Outcome.CHANGED, f"there is another value under {key}")
        return _not_so_far(doubt)

    async def _delete(self, seen: BlobMetadata) -> OpResult:  # noqa: PLR0911 - each is an end of its own
        doubt = ""
        for _ in range(_ATTEMPTS):
            try:
                if await self._blob.delete_if_unchanged(seen):
                    return _DONE
                if not doubt:
                    return OpResult(Outcome.CHANGED, f"{seen.key} is gone or was written anew")
            except Determinate as error:
                return OpResult(Outcome.FAILED, error.message)
            except Indeterminate as error:
                doubt = error.message
            try:
                found = await self._look_at(seen.key)
            except ExternalError as error:
                return _unknown(doubt, error)
            if found is None:
                return OpResult(Outcome.DONE, doubt)
            if (found.size_in_bytes, found.version) != (seen.size_in_bytes, seen.version):
                return OpResult(Outcome.CHANGED, f"{seen.key} was written anew")
        return _not_so_far(doubt)

    async def _remove_directory(self, key: str) -> OpResult:
        problem = ""
        for _ in range(_ATTEMPTS):
            try:
                await self._blob.delete(key)
            except Determinate as error:
                return OpResult(Outcome.FAILED, error.message)
            except Indeterminate as error:
                problem = error.message
            else:
                return _DONE
        return OpResult(Outcome.UNKNOWN, problem)

    async def _look_at(self, key: str) -> BlobMetadata | None:
        async for metadata in self._blob.list_keys_and_metadata(key):
            if metadata.key == key:
                return metadata
        return None


def _unknown(doubt: str, error: ExternalError) -> OpResult:
    return OpResult(Outcome.UNKNOWN, f"{doubt}; and it cannot be read back: {error.message}")


def _not_so_far(doubt: str) -> OpResult:
    return OpResult(Outcome.FAILED, f"{doubt}; the store shows that it has not happened so far")
