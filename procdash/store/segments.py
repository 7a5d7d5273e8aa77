"""Values too large for one key of a key-value store: split on write, merged on read.

The rules are those of GreptimeDB `common_procedure` `store/util.rs` and the metasrv state store: the first chunk
stands under the bare key, the others under `<key>/0000000001`, `<key>/0000000002`, …
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from procdash.store.errors import Determinate
from procdash.store.keys import parse_number

_MAX_INDEX = 2**64 - 1
_SEGMENT_DIGITS = re.compile(r"[0-9]{10,}", re.ASCII)


@dataclass(frozen=True, slots=True, order=False)
class KeySet:
    """A key and how many further segments its value is split into. Ordering looks at the key alone."""

    key: str
    """The bare key, which holds the first chunk."""
    segments: int = 0
    """How many segment keys follow it."""

    def keys(self) -> list[str]:
        """The bare key, then every segment key; segment numbers start at 1."""
        return [self.key, *(segment_key(self.key, index) for index in range(1, self.segments + 1))]

    def __lt__(self, other: KeySet) -> bool:
        return self.key < other.key


def segment_key(key: str, index: int) -> str:
    """The key of segment `index` (1, 2, …) of `key`."""
    return f"{key}/{index:010}"


def is_segment(key: str, text: str) -> bool:
    """Whether `text` spells a segment of `key` canonically."""
    head, slash, digits = text.rpartition("/")
    return bool(slash) and head == key and _SEGMENT_DIGITS.fullmatch(digits) is not None


def split_value(key: str, value: bytes, limit: int | None) -> list[tuple[str, bytes]]:
    """Split `value` into chunks of `limit` bytes, each with the key it belongs under.

    The split is bytewise and may cut a character in two; None or a value that fits gives one pair.
    """
    if limit is None or len(value) <= limit:
        return [(key, value)]
    chunks = [value[start : start + limit] for start in range(0, len(value), limit)]
    keys = KeySet(key, len(chunks) - 1).keys()
    return list(zip(keys, chunks, strict=True))


async def merge_segments(pairs: AsyncIterator[tuple[str, bytes]]) -> AsyncIterator[tuple[KeySet, bytes]]:
    """Merge a listing's adjacent segments into whole values.

    A key's segments are the keys that follow it and merely **start with** it, whether or not a `/` comes next;
    they may come in any order.

    Raises:
        Determinate: where what follows the key is no number, or a segment is missing. A missing **last** segment
            cannot be noticed: the value then comes out short, as upstream's does.
    """
    collected: list[tuple[str, bytes]] = []
    async for key, value in pairs:
        if collected and not key.startswith(collected[0][0]):
            yield _merged(collected)
            collected = []
        collected.append((key, value))
    if collected:
        yield _merged(collected)


def _merged(pairs: list[tuple[str, bytes]]) -> tuple[KeySet, bytes]:
    (key, head), *rest = pairs
    if not rest:
        return KeySet(key), head
    segments = sorted((_segment_index(key, segment), value) for segment, value in rest)
    indexes = [index for index, _ in segments]
    if len(indexes) != indexes[-1]:
        raise Determinate(f"Corrupted segment keys of {key!r}, parsed segment indexes: {indexes}")
    return KeySet(key, indexes[-1]), b"".join([head, *(value for _, value in segments)])


def _segment_index(key: str, segment: str) -> int:
    suffix = segment
    prefix = f"{key}/"
    while suffix.startswith(prefix):
        suffix = suffix[len(prefix) :]
    index = parse_number(suffix, _MAX_INDEX)
    if index is None:
        raise Determinate(f"Failed to parse segment key {segment!r}: it starts with {key!r} but is no segment")
    return index
