"""Reads what the detail panel shows, one procedure at a time."""

from __future__ import annotations

from typing import NamedTuple

from procdash.present.detail_view import value_key
from procdash.store.errors import ExternalError
from procdash.store.reader import decode_header
from procdash.store.records import ProcedureDetail, ProcedureRecord, StoredKey
from procdash.tui.picture import Picture


class Shown(NamedTuple):
    """One procedure as the detail panel shows it."""

    procedure_id: str
    record: ProcedureRecord | None
    """What the list knows of it; None where nothing ever was."""
    detail: ProcedureDetail | None = None
    """All its keys; None while they are not read."""
    value_of: StoredKey | None = None
    """The key whose value is shown."""
    value: bytes | None = None
    """That value."""
    type_name: str | None = None
    """Its type: of a finished procedure, as an older key says."""
    failure: str | None = None
    """Why something could not be read."""
    is_gone: bool = False
    """Whether it is no longer in the store; the rest is then the last that was known."""


def first_shown(picture: Picture, procedure_id: str) -> Shown:
    """What the list knows of a procedure, to be shown until it is read."""
    record = picture.index.get(procedure_id)
    message = record.message if record is not None else None
    return Shown(procedure_id, record, type_name=None if message is None else message.type_name)


async def read_shown(picture: Picture, procedure_id: str, last: Shown | None) -> Shown:
    """Read everything about one procedure.

    Args:
        picture: the live picture.
        procedure_id: whose.
        last: what was shown of the same procedure before; stays where it is gone or cannot be read.
    """
    shown = last or first_shown(picture, procedure_id)
    try:
        detail = await picture.read_detail(procedure_id)
        if detail is None:
            return shown._replace(is_gone=True, failure=None)
        key = value_key(detail.record, detail.keys)
        value = None if key is None else await picture.read_value(key.metadata.key)
    except ExternalError as error:
        return shown._replace(record=picture.index.get(procedure_id) or shown.record, failure=error.message)
    header = None if value is None else decode_header(value)[0]
    return Shown(procedure_id, detail.record, detail, key, value, header.type_name if header else None)
