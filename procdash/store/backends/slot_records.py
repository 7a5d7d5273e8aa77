"""How a `SlotConsensus` spells keys as names, and versions as the values of slots."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from procdash.store.errors import Determinate
from procdash.store.key_rules import check_key, shown

_FORMAT: Final = "procdash-slot-1"
_LONGEST_NAME = 255
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.")
_ESCAPED_NAME = re.compile(r"(?!\.)(?:[a-z0-9_.-]|%[0-9A-F]{2})+", re.ASCII)
_ESCAPE = re.compile(rb"%([0-9A-F]{2})")


class SlotRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="format", tag=_FORMAT):
    """What the newest slot says about a whole log. In a slot, it is one line of JSON; the data follow it.

    A compare-and-set fills a slot with a version. A truncation fills one too, without data of its own, to say from
    where on slots count.
    """

    slot: int
    """The number of the slot it is in."""
    token: str
    """Chosen anew by each attempt to fill a slot, to tell one's own from another's."""
    seqno: int
    """The number of the newest version."""
    newest: int
    """The slot of the newest version: this one, unless this is a truncation."""
    oldest: int
    """The slot of the oldest version that was not truncated; slots below it count for nothing."""
    ordinal: int
    """How many versions have ever been appended, the newest included."""

    @property
    def is_version(self) -> bool:
        """Whether this slot holds a version, not a truncation."""
        return self.newest == self.slot


class Slot(msgspec.Struct, frozen=True):
    """A slot's value, decoded."""

    record: SlotRecord
    data: bytes


_decoder = msgspec.json.Decoder(SlotRecord)


def encode_slot(record: SlotRecord, data: bytes) -> bytes:
    """The value of a slot."""
    return msgspec.json.encode(record) + b"\n" + data


def decode_slot(name: str, number: int, payload: bytes) -> Slot:
    """What `encode_slot` encoded.

    Raises:
        Determinate: if the value is another one than procdash wrote there.
    """
    line, newline, data = payload.partition(b"\n")
    try:
        record = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(name, number, f"its first line is not understood ({error})") from error
    if not newline or record.slot != number:
        raise damaged(name, number, "its value was cut short or belongs to another slot")
    if not 0 <= record.oldest <= record.newest <= number:
        raise damaged(name, number, "its first line contradicts itself")
    return Slot(record, data)


def damaged(name: str, slot: int, why: str) -> Determinate:
    """The error of a log that somebody else has changed."""
    return Determinate(f"the log of {shown(name_to_key(name) or name)} is damaged in slot {slot}: {why}")


def key_to_name(key: str) -> str:
    """A key as one segment of a path.

    Lower-case letters, digits and `-_.` stay, everything else is `%` and two digits per byte of UTF-8: capitals
    too, since there are file systems that take `A` and `a` for one name, and a leading dot, which marks names
    that are no keys.

    Raises:
        Determinate: if it is no key, or its name would be longer than a path segment may be.
    """
    check_key(key)
    name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in key.encode())
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > _LONGEST_NAME:
        raise Determinate(
            f"a key must be at most {_LONGEST_NAME} bytes long, of which each that is not a lower-case letter, a "
            f"digit or one of -_. counts as three; this one is {len(name)}: {shown(key)}"
        )
    return name


def name_to_key(name: str) -> str | None:
    """The key that `name` spells, or None where it is not a name that `key_to_name` gives."""
    if _ESCAPED_NAME.fullmatch(name) is None:
        return None
    try:
        key = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), name.encode()).decode()
        return key if key_to_name(key) == name else None
    except (UnicodeDecodeError, Determinate):
        return None
