"""The door from stored text to a terminal: nothing that could drive the terminal gets through.

Only this module makes a `SafeText`, so a type checker can tell what has been through the door.
"""

from __future__ import annotations

import re
from typing import NewType

from rich.cells import cell_len, set_cell_size

SafeText = NewType("SafeText", str)
"""Text without control, format or invisible characters: it can be drawn as it is."""

ELLIPSIS = "…"

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
_TAB_WIDTH = 4
_WORD = re.compile(" *[^ ]+| +$")
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that Unicode calls printable and that show nothing, or change how wide their neighbour is."""


def safe(text: str) -> SafeText:
    """Replace everything that is not plainly visible by a picture of itself, such as `␛` or `⟨U+202E⟩`."""
    if text.isprintable() and (text.isascii() or not any(map(_is_tricky, text))):
        return SafeText(text)
    return SafeText("".join(map(_visible, text)))


def safe_lines(text: str) -> list[SafeText]:
    """The lines of a text, with tabs expanded; a carriage return before a line's end is kept visible."""
    return [safe(line.expandtabs(_TAB_WIDTH) if "\t" in line else line) for line in text.split("\n")]


def decode(value: bytes) -> str:
    """Bytes as text; what is not UTF-8 becomes U+FFFD."""
    return value.decode("utf-8", "replace")


def cells_of(text: SafeText) -> int:
    """How many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: SafeText, width: int) -> SafeText:
    """Exactly `width` cells: padded at the end, or cut with an ellipsis."""
    missing = width - cells_of(text)
    return SafeText(text + " " * missing) if missing >= 0 else _cut(text, width)


def fit_right(text: SafeText, width: int) -> SafeText:
    """As `fit`, padded at the start, for numbers."""
    missing = width - cells_of(text)
    return SafeText(" " * missing + text) if missing >= 0 else _cut(text, width)


def shorten(text: SafeText, width: int) -> SafeText:
    """At most `width` cells: as it is, or cut with an ellipsis."""
    return text if cells_of(text) <= width else _cut(text, width)


def shorten_middle(text: SafeText, width: int) -> SafeText:
    """At most `width` cells, keeping both ends: the end of a path says most."""
    if cells_of(text) <= width:
        return text
    if width <= len(ELLIPSIS):
        return _cut(text, width)
    head = (width - 1) // 3
    tail = text
    while cells_of(SafeText(tail)) > width - 1 - head:
        tail = SafeText(tail[1:])
    return fit(SafeText(set_cell_size(text, head) + ELLIPSIS + tail), width)


def split_cells(text: SafeText, width: int) -> tuple[SafeText, SafeText]:
    """The longest beginning of at most `width` cells, and the rest."""
    if text.isascii():
        return SafeText(text[:width]), SafeText(text[width:])
    end = min(width, len(text))
    while end > 0 and cell_len(text[:end]) > width:
        end -= 1
    while 0 < end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    return SafeText(text[:end]), SafeText(text[end:])


def joined(*parts: SafeText) -> SafeText:
    """Safe texts one after the other."""
    return SafeText("".join(parts))


def blanks(count: int) -> SafeText:
    """So many blanks."""
    return SafeText(" " * count)


def without_leading_blanks(text: SafeText) -> SafeText:
    """The text from its first visible character on."""
    return SafeText(text.lstrip(" "))


def words(text: SafeText) -> list[SafeText]:
    """The words of a text, each with the blanks before it; blanks at the very end come last."""
    return [SafeText(word) for word in _WORD.findall(text)]


def _cut(text: SafeText, width: int) -> SafeText:
    if width <= 0:
        return SafeText("")
    return SafeText(set_cell_size(text[: width * 4], width - 1) + ELLIPSIS)


def _is_tricky(character: str) -> bool:
    return character in _INVISIBLE or any(ord(character) in selectors for selectors in _VARIATION_SELECTORS)


def _visible(character: str) -> str:
    if character.isprintable() and not _is_tricky(character):
        return character
    code = ord(character)
    return _CONTROL_PICTURES.get(code) or f"⟨U+{code:04X}⟩"
