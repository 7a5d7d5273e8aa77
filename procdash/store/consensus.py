"""The `Consensus` contract: a log of versions under each key, after Materialize `persist` `location.rs`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from enum import Enum
from typing import Final, NamedTuple, Self

from procdash.store.errors import Indeterminate

SCAN_ALL: Final = 2**63 - 1
"""As the limit of a scan: every version."""

_MAX_SEQNO: Final = 2**63 - 1
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


class SeqNo(int):
    """The number of a version. `str()` is `v5`, `repr()` is `SeqNo(5)`."""

    def __str__(self) -> str:
        return f"v{int(self)}"

    def __repr__(self) -> str:
        return f"SeqNo({int(self)})"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number that `v5` spells.

        Raises:
            ValueError: if the text does not begin with `v`, or no number follows.
        """
        if not text.startswith("v"):
            raise ValueError(f"invalid SeqNo {text}: incorrect prefix")
        digits = text[1:]
        if _DIGITS.fullmatch(digits) is None:
            raise ValueError(f"invalid SeqNo {digits}: invalid digit found in string")
        return cls(digits)

    @classmethod
    def minimum(cls) -> Self:
        """The lowest number: 0."""
        return cls(0)

    def next(self) -> Self:
        """The number after this one."""
        return type(self)(int(self) + 1)


class VersionedData(NamedTuple):
    """One version under a key."""

    seqno: SeqNo
    data: bytes
    """The value; empty is a value too."""


class CaSResult(Enum):
    """How a compare-and-set ended."""

    COMMITTED = "committed"
    """The new version is the head."""
    EXPECTATION_MISMATCH = "expectation_mismatch"
    """The head was another one than expected; nothing was written. A value, not an error."""


class Consensus(ABC):
    """A log of versions under each key, shared by every handle and process that opened the same place.

    Linearizable: of N racing compare-and-sets on one expectation exactly one commits. Each method raises
    `Determinate` where nothing happened and `Indeterminate` where it may have, or where upstream says so. A key
    is any text without a NUL that is not empty; a backend may refuse very long ones, as `Determinate`.
    """

    @abstractmethod
    def list_keys(self) -> AsyncIterator[str]:
        """Every key that has a version, once, in no promised order."""

    @abstractmethod
    async def head(self, key: str) -> VersionedData | None:
        """The newest version under `key`, or None where there is none."""

    @abstractmethod
    async def compare_and_set(self, key: str, expected: int | None, new: VersionedData) -> CaSResult:
        """Append `new` if the head is `expected`.

        Args:
            key: whose log to append to.
            expected: the head's number; None where there must be no version yet.
            new: its number must be above `expected`; gaps are allowed.

        Returns:
            Whether it was appended, or the head was another one.

        Raises:
            Indeterminate: if `new.seqno` is not above `expected`, or not within 0 … 2^63-1: before any I/O, with
                upstream's text and class.
        """

    @abstractmethod
    async def scan(self, key: str, from_seqno: int, limit: int = SCAN_ALL) -> list[VersionedData]:
        """The versions from `from_seqno` on, ascending, at most `limit`; empty where there are none.

        Any number may be asked for: nothing lies below 0 or above 2^63-1. A `limit` of 0 or less gives nothing.
        """

    @abstractmethod
    async def truncate(self, key: str, seqno: int) -> int:
        """Remove the versions below `seqno`; the head always stays. Repeating it removes nothing more.

        Returns:
            How many were removed.

        Raises:
            Indeterminate: if there is no version, or the head is below `seqno`; upstream's text and class.
        """

    async def close(self) -> None:  # noqa: B027 - many a backend holds nothing
        """Give back what this handle holds (files, connections); it is not used afterwards. The data stays."""


def check_new_version(expected: int | None, new: VersionedData) -> None:
    """Refuse what no store may take, before any I/O, with upstream's texts."""
    if expected is not None and new.seqno <= expected:
        raise Indeterminate(
            "new seqno must be strictly greater than expected. "
            f"Got new: {SeqNo(new.seqno)!r} expected: {SeqNo(expected)!r}"
        )
    check_seqno(new.seqno)


def check_seqno(seqno: int) -> None:
    """Refuse a number that no store can hold."""
    if not 0 <= seqno <= _MAX_SEQNO:
        raise Indeterminate(f"sequence numbers must fit within [0, i64::MAX], received: {SeqNo(seqno)!r}")


def truncate_too_high(seqno: int) -> Indeterminate:
    """The error of a truncation above the head, or of a key without versions."""
    return Indeterminate(f"upper bound too high for truncate: {SeqNo(seqno)!r}")
