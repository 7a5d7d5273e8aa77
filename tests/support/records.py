"""Records of procedures as a reader would give them."""

from __future__ import annotations

from typing import Any

from procdash.store import KeyType, MessageHeader, ProcedureRecord

ID = "9f805a1f-05f7-490c-9f91-bd56e3cc54c1"
HERE = f"procedure/{ID}"


def header(*, parent_id: str | None = None, error: str | None = None, step: int = 0) -> MessageHeader:
    return MessageHeader("T", parent_id, error, step)


def record(key_type: KeyType | None = KeyType.STEP, step: int = 2, **fields: Any) -> ProcedureRecord:
    """A record of a procedure that is fine; `fields` replace what a test is about."""
    procedure_id = fields.pop("procedure_id", ID)
    return ProcedureRecord(
        **{
            "procedure_id": procedure_id,
            "directory": procedure_id,
            "file_name": None if key_type is None else f"{step:010}.{key_type.value}",
            "step": None if key_type is None else step,
            "key_type": key_type,
            "key_count": step + 1,
            "modified_at": 1_000.0,
            "version": "v",
            "is_readable": key_type is not None,
            "message": None if key_type in (None, KeyType.COMMIT) else header(step=step),
            **fields,
        }
    )
