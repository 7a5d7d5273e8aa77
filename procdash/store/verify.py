"""After an `Indeterminate` result: the one way to find out what is true.

An `Indeterminate` write may have happened, or may still happen while a delayed request is under way, so neither
"it worked" nor "it failed" may be said of it. Read back instead::

    try:
        await blob.set(key, value)
    except Indeterminate:
        if not await was_written(blob, key, value):
            ...  # somebody else's value, or none: say so, and plan anew

What is compared must be this attempt's own: where two writers may write equal bytes, put a token into each value
(`new_token`), else one takes the other's write for its own.
"""

from __future__ import annotations

import secrets

from procdash.store.blob import Blob
from procdash.store.consensus import Consensus, VersionedData


def new_token() -> str:
    """A text that no other attempt has: 32 hexadecimal digits to put into a value before it is written."""
    return secrets.token_hex(16)


async def was_written(blob: Blob, key: str, value: bytes) -> bool:
    """Whether `key` holds `value` now.

    True also where an equal value was there before, or came from somebody else: put a token into the value where
    that matters. False says what is true now, not that a delayed write will never arrive.

    Raises:
        ExternalError: if it cannot be read; the write stays of unknown outcome.
    """
    return await blob.get(key) == value


async def was_deleted(blob: Blob, key: str) -> bool:
    """Whether there is nothing under `key` now.

    Raises:
        ExternalError: if it cannot be read; the deletion stays of unknown outcome.
    """
    return await blob.get(key) is None


async def was_committed(consensus: Consensus, key: str, new: VersionedData) -> bool | None:
    """Whether a compare-and-set of `new` took effect.

    Args:
        consensus: where it was tried.
        key: whose log it was to be appended to.
        new: the version as it was given; its data must hold a token of this attempt where another writer may
            write the same bytes under the same number.

    Returns:
        True where the version is there, False where it is not, None where it cannot be known any more: everything
        up to above its number was truncated.

    Raises:
        ExternalError: if it cannot be read; the attempt stays of unknown outcome.
    """
    at_or_above = await consensus.scan(key, new.seqno, 1)
    if at_or_above and at_or_above[0].seqno == new.seqno:
        return at_or_above[0].data == new.data
    if not at_or_above:
        return False
    # A higher version follows: were there lower ones, this one would have been kept beside them.
    oldest = await consensus.scan(key, 0, 1)
    return False if oldest and oldest[0].seqno < new.seqno else None
