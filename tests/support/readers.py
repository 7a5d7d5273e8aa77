"""Reading whole stores, and what is the same in two records of one procedure whatever the backend."""

from __future__ import annotations

import msgspec

from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex
from procdash.store import ProcedureMessages, ProcedureReader, ProcedureRecord
from procdash.store.records import EntryReading


async def read_all(reader: ProcedureReader) -> EntryReading:
    return await reader.read_entries(await reader.list_entries())


async def index_of(reader: ProcedureReader) -> ProcedureIndex:
    """A fresh index of everything that a reader finds."""
    index = ProcedureIndex()
    index.apply_reading(await read_all(reader))
    return index


def by_id(index: ProcedureIndex) -> dict[str, ProcedureRecord]:
    return {record.procedure_id: record for record in index.records()}


def without_times(index: ProcedureIndex) -> dict[str, ProcedureRecord]:
    """The records of an index, without what only one backend can say."""
    return {
        found: msgspec.structs.replace(record, modified_at=None, version=None)
        for found, record in by_id(index).items()
    }


def verdicts_of(index: ProcedureIndex) -> dict[str, Verdict]:
    """The verdict of each procedure that the loader does not skip."""
    verdicts = {record.procedure_id: verdict_of(record) for record in index.records()}
    return {found: verdict for found, verdict in verdicts.items() if verdict is not Verdict.UNREADABLE}


def verdicts_loaded(loaded: ProcedureMessages) -> dict[str, Verdict]:
    """What the loader itself decided."""
    return {
        **dict.fromkeys(loaded.messages, Verdict.LOADED),
        **dict.fromkeys(loaded.rollback_messages, Verdict.ROLLING_BACK),
        **dict.fromkeys(loaded.finished_ids, Verdict.FINISHED),
    }
