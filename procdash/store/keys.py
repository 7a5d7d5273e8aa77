"""Keys of persisted procedures: how they are spelled, parsed and ranked.

The rules are GreptimeDB `common_procedure` `store.rs`'s, to the letter. Python's `uuid.UUID` and `int` accept
more than the parsers upstream uses, so the accepted forms are spelled out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PROCEDURE_DIRECTORY = "procedure/"
"""What every key begins with, below the store's parent path."""

MAX_STEP = 2**32 - 1
"""Steps are unsigned 32-bit numbers."""

_HEX = "[0-9a-fA-F]"
_HYPHENATED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_ID_FORMS = re.compile(
    rf"(?P<simple>{_HEX}{{32}})"
    rf"|(?P<hyphenated>{_HYPHENATED})"
    rf"|\{{(?P<braced>{_HYPHENATED})\}}"
    rf"|urn:uuid:(?P<urn>{_HYPHENATED})"
)
_NUMBER_FORM = re.compile(r"\+?[0-9]+", re.ASCII)


class KeyType(StrEnum):
    """What a key says about its procedure; the value is the key's suffix."""

    STEP = "step"
    COMMIT = "commit"
    ROLLBACK = "rollback"


_KEY_TYPES = {key_type.value: key_type for key_type in KeyType}


def parse_procedure_id(text: str) -> str | None:
    """The canonical id (hyphenated, lower case) that `text` spells, or None.

    Accepts what upstream's UUID parser accepts: hyphenated, 32 digits without hyphens, in braces, or after
    `urn:uuid:`; any case. Odd hyphenation, which `uuid.UUID` would take, is rejected.
    """
    match = _ID_FORMS.fullmatch(text)
    if match is None:
        return None
    digits = match[match.lastgroup or 0].lower()
    if len(digits) == 32:  # noqa: PLR2004 - the form without hyphens
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return digits


def parse_step(text: str) -> int | None:
    """The step number that `text` spells (ASCII digits, optional `+`, at most `MAX_STEP`), or None."""
    return parse_number(text, MAX_STEP)


def parse_number(text: str, maximum: int) -> int | None:
    """The number that `text` spells (ASCII digits, optional `+`), or None where it is none or above `maximum`."""
    if _NUMBER_FORM.fullmatch(text) is None:
        return None
    digits = text.lstrip("+").lstrip("0")
    if len(digits) > len(str(maximum)):
        return None
    number = int(digits or "0")
    return number if number <= maximum else None


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """One key of a procedure.

    `str()` gives the canonical spelling, `{prefix}{procedure_id}/{step:010}.{key_type}`, which may differ from
    the spelling the key was parsed from.
    """

    prefix: str
    """Everything before the id: the store's parent path and `procedure/`."""
    procedure_id: str
    """The canonical id: hyphenated, lower case."""
    step: int
    """The step number in the file name; it ranks."""
    key_type: KeyType
    """What the key says: a step, a commit or a rollback."""

    def __post_init__(self) -> None:
        if type(self.procedure_id) is not str:  # a `uuid.UUID` is welcome
            object.__setattr__(self, "procedure_id", str(self.procedure_id))

    def __str__(self) -> str:
        return f"{self.prefix}{self.procedure_id}/{self.step:010}.{self.key_type.value}"

    @classmethod
    def parse(cls, prefix: str, text: str) -> ParsedKey | None:
        """Parse a stored key, or say None where upstream's loader would call it unknown.

        The id is the last path element before the file name, so nested directories are accepted; in the file
        name, pieces after the second `.` are ignored.
        """
        if not text.startswith(prefix):
            return None
        directory, slash, file_name = text[len(prefix) :].rpartition("/")
        pieces = file_name.split(".")
        if not slash or len(pieces) < 2:  # noqa: PLR2004 - a step and a suffix
            return None
        key_type = _KEY_TYPES.get(pieces[1])
        step = parse_step(pieces[0])
        procedure_id = parse_procedure_id(directory.rpartition("/")[2])
        if key_type is None or step is None or procedure_id is None:
            return None
        return cls(prefix, procedure_id, step, key_type)


def supersedes(candidate: ParsedKey, current: ParsedKey | None) -> bool:
    """Whether `candidate`, listed after `current`, becomes the key that decides.

    Only a strictly higher step does: on a tie the key that was listed first stays.
    """
    return current is None or candidate.step > current.step


def deciding_key(keys: Iterable[ParsedKey]) -> ParsedKey | None:
    """The key that decides over one procedure, of its keys in listing order; None where there are none."""
    deciding: ParsedKey | None = None
    for key in keys:
        if supersedes(key, deciding):
            deciding = key
    return deciding


def listing_order(key: str) -> bytes:
    """Sort key that puts stored keys in byte order, the order in which a key-value store lists them.

    A directory has no order of its own, so there procdash ranks in this order too.
    """
    return key.encode("utf-8", "surrogateescape")
