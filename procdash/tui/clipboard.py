"""Copying to the terminal's clipboard, with words that promise no more than can be known."""

from __future__ import annotations

from textual.app import App
from textual.binding import Binding

from procdash.present.json_view import is_json
from procdash.present.sanitise import decode, safe_lines
from procdash.present.units import byte_size
from procdash.tui.widgets.detail_reader import Shown

COPY_BINDINGS = (
    Binding(
        "c",
        "copy_id",
        "Copy id",
        id="copy.id",
        tooltip="Send the procedure's id to the terminal's clipboard",
    ),
    Binding(
        "C",
        "copy_value",
        "Copy JSON",
        show=False,
        id="copy.value",
        tooltip="Send the JSON that is shown to the terminal's clipboard",
    ),
)
"""The keys of every screen that shows a procedure."""

_MOST_BYTES = 74_994
"""What terminals take in one piece: 100,000 bytes of base64."""


def copy_id(app: App[None], procedure_id: str | None) -> None:
    """Send an id to the terminal's clipboard."""
    if procedure_id is not None:
        _send(app, procedure_id, "The id")


def copy_value(app: App[None], shown: Shown | None) -> None:
    """Send the value that is shown to the terminal's clipboard: JSON as it is, anything else made harmless."""
    if shown is None or shown.value is None or shown.value_of is None:
        app.notify("There is no value to copy.", severity="warning", markup=False)
        return
    text = decode(shown.value)
    name = safe_lines(shown.value_of.metadata.key.rpartition("/")[2])[0]
    _send(app, text if is_json(text) else "\n".join(safe_lines(text)), f"The value of {name}")


def _send(app: App[None], text: str, what: str) -> None:
    size = len(text.encode("utf-8", "replace"))
    if size > _MOST_BYTES:
        app.notify(
            f"{what} is too large for a terminal's clipboard: {byte_size(size)}.", severity="warning", markup=False
        )
        return
    app.copy_to_clipboard(text)
    app.notify(f"{what} was sent to the terminal's clipboard.", markup=False)
