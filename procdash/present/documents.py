"""What the read commands print as JSON: plain dicts, in a fixed order of fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from procdash.insight.problems import Problem, Surroundings, problems_of
from procdash.insight.verdict import Verdict, reason_of, verdict_of
from procdash.store.messages import ProcedureMessage
from procdash.store.records import ProcedureDetail, ProcedureRecord


def procedure_document(
    record: ProcedureRecord, surroundings: Surroundings, *, now: float, stuck_after: float
) -> dict[str, Any]:
    """One procedure of a list, or of a row event."""
    message = record.message
    return {
        "id": record.procedure_id,
        "verdict": verdict_of(record).value,
        "deciding_key": _text(record.deciding_key),
        "step": record.step,
        "type_name": message.type_name if message else None,
        "parent_id": message.parent_id if message else None,
        "error": message.error if message else None,
        "keys": record.key_count,
        "modified_at": None if record.modified_at is None else utc_text(record.modified_at),
        "problems": [
            problem.code.value for problem in problems_of(record, surroundings, now=now, stuck_after=stuck_after)
        ],
    }


def counts_document(counts: Mapping[Verdict, int]) -> dict[str, int]:
    """How many procedures there are of each verdict."""
    return {verdict.value: counts.get(verdict, 0) for verdict in Verdict}


def detail_document(
    detail: ProcedureDetail, problems: list[Problem], message: ProcedureMessage | None
) -> dict[str, Any]:
    """One procedure with everything that is known of it.

    Args:
        detail: its keys.
        problems: what is wrong with it.
        message: the deciding message; None where there is none, or it does not decode.
    """
    record = detail.record
    return {
        "id": record.procedure_id,
        "verdict": verdict_of(record).value,
        "reason": reason_of(record),
        "deciding_key": _text(record.deciding_key),
        "step": record.step,
        "problems": [problem._asdict() for problem in problems],
        "keys": [
            {
                "key": _text(key.metadata.key),
                "step": key.parsed.step,
                "type": key.parsed.key_type.value,
                "size_in_bytes": key.metadata.size_in_bytes,
                "modified_at": key.metadata.modified_at and utc_text(key.metadata.modified_at.timestamp()),
                "version": key.metadata.version,
            }
            for key in detail.keys
        ],
        "unknown_keys": [_text(key) for key in record.unknown_keys],
        "message": None if message is None else msgspec.to_builtins(message),
    }


def encode(document: Mapping[str, Any], *, indent: int = 0) -> str:
    """A document as JSON in ASCII, so that nothing in it can act on a terminal.

    Args:
        document: what to print.
        indent: columns per level; 0 puts everything on one line.
    """
    line = json.dumps(document, separators=(",", ":"))
    return msgspec.json.format(line, indent=indent) if indent else line


def utc_text(seconds: float) -> str:
    """A moment in Unix seconds as `2026-11-21T20:16:00Z`, with a fraction where it has one."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def text_of_key(key: str) -> str:
    """A stored key as text; bytes of a file name that are no UTF-8 become U+FFFD."""
    return key.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text(key: str | None) -> str | None:
    return None if key is None else text_of_key(key)
