"""What every backend asks of a key, and how a key is shown in an error."""

from __future__ import annotations

from procdash.store.errors import Determinate

_LONGEST_SHOWN = 120


def shown(key: str) -> str:
    """A key for a message: quoted, escaped, and cut where it is very long."""
    if len(key) <= _LONGEST_SHOWN:
        return ascii(key) if _has_surrogate(key) else repr(key)
    return f"{shown(key[:_LONGEST_SHOWN])}… ({len(key)} characters)"


def check_key(key: str, *, longest: int | None = None) -> None:
    """Refuse a key that no store can hold.

    Args:
        key: what is to be read or written.
        longest: how many bytes of UTF-8 the backend takes; None where it says so itself.

    Raises:
        Determinate: if the key is empty, holds a NUL or half a character, or is too long.
    """
    if not key:
        raise Determinate("a key must not be empty")
    if "\0" in key:
        raise Determinate(f"a key must not hold a NUL: {shown(key)}")
    if _has_surrogate(key):
        raise Determinate(f"a key must be text that UTF-8 can hold: {shown(key)}")
    if longest is not None and len(key.encode()) > longest:
        raise Determinate(f"a key must not be longer than {longest} bytes: {shown(key)}")


def check_path_key(key: str, *, longest: int | None = None) -> None:
    """Refuse a key that is no relative path either: for backends that know folders.

    Such a backend drops or resolves the parts that are refused here, and would write under another key.

    Raises:
        Determinate: as `check_key`, and for an absolute path, an empty part, `.` or `..`.
    """
    check_key(key, longest=longest)
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise Determinate(f"a key must be a relative path without '.', '..' or empty parts: {shown(key)}")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)
