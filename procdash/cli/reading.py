"""The commands that only look: `list`, `show`, `watch`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from procdash.cli.options import ProcedureIdType, json_option, location_argument, stuck_after_option
from procdash.cli.procedures import read_with_progress, resolve_id
from procdash.insight.problems import problems_of
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import RowEvent
from procdash.live.monitor import Monitor, StoreState
from procdash.live.opening import open_monitor
from procdash.present.documents import (
    counts_document,
    detail_document,
    encode,
    procedure_document,
    text_of_key,
    utc_text,
)
from procdash.store.errors import ExternalError
from procdash.store.keys import KeyType
from procdash.store.messages import MessageError, ProcedureMessage
from procdash.store.records import ProcedureDetail

_JSON_INDENT = 2


@click.command("list")
@location_argument
@json_option
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice([verdict.value for verdict in Verdict]),
    help="Only procedures with this verdict; may be given several times.",
)
@stuck_after_option
def list_procedures(location: str, *, as_json: bool, verdicts: tuple[str, ...], stuck_after: float) -> None:
    """List the procedures in LOCATION with the loader's verdict on each."""
    monitor = open_monitor(location)
    asyncio.run(read_with_progress(monitor))
    index = monitor.index
    records = [
        record
        for record in sorted(index.records(), key=lambda record: record.procedure_id)
        if not verdicts or verdict_of(record).value in verdicts
    ]
    now = time.time()
    if not as_json:
        from procdash.cli.report import print_list  # noqa: PLC0415 - rich loads where a table is drawn

        print_list(index, records, now=now, stuck_after=stuck_after)
        return
    document = {
        "location": text_of_key(monitor.reader.location),
        "counts": counts_document(index.counts),
        "procedures": [
            procedure_document(record, index.surroundings_of(record), now=now, stuck_after=stuck_after)
            for record in records
        ],
        "unknown_keys": [text_of_key(key) for key in index.unknown_keys()],
    }
    click.echo(encode(document, indent=_JSON_INDENT))


@click.command()
@location_argument
@click.argument("procedure_id", metavar="ID", type=ProcedureIdType())
@json_option
@stuck_after_option
def show(location: str, procedure_id: str, *, as_json: bool, stuck_after: float) -> None:
    """Show one procedure: the verdict with its reason, its keys, and what the deciding value says.

    ID may be shortened to a unique beginning.
    """
    monitor = open_monitor(location)

    async def read() -> tuple[ProcedureDetail, bytes | None]:
        await read_with_progress(monitor)
        full_id = resolve_id(procedure_id, monitor)
        detail = await monitor.read_detail(full_id)
        if detail is None:
            raise click.ClickException(f"procedure {full_id} has just gone")
        return detail, await _read_deciding_value(monitor, detail)

    detail, value = asyncio.run(read())
    record = detail.record
    surroundings = monitor.index.surroundings_of(record)
    problems = problems_of(record, surroundings, now=time.time(), stuck_after=stuck_after)
    if as_json:
        click.echo(encode(detail_document(detail, problems, _decode(value)), indent=_JSON_INDENT))
        return
    from procdash.cli.report import print_detail  # noqa: PLC0415 - rich loads where a table is drawn
    from procdash.present.detail_view import Family  # noqa: PLC0415 - the same

    children = monitor.index.children_of(record.procedure_id)
    print_detail(detail, problems, Family(surroundings.parent_is_present, len(children)), value)


@click.command()
@location_argument
@json_option
@stuck_after_option
def watch(location: str, *, as_json: bool, stuck_after: float) -> None:
    """Print every change in LOCATION as it happens, one JSON object a line, until interrupted.

    The current picture comes first, as added procedures. A `status` line says once the picture is complete, and
    whenever the store is lost or comes back.
    """
    del as_json  # JSON lines are all that it prints
    monitor = open_monitor(location)
    asyncio.run(
        monitor.reader.identity()
    )  # a store that is not there at all is an error, not something to wait for
    monitor.subscribe(_line_writer(monitor, stuck_after))
    asyncio.run(monitor.run())


def _line_writer(monitor: Monitor, stuck_after: float) -> Callable[[Sequence[RowEvent]], None]:
    told: StoreState = monitor.status.state

    def write(events: Sequence[RowEvent]) -> None:
        nonlocal told
        now = time.time()
        lines = [_event_document(event, monitor, now, stuck_after) for event in events]
        status = monitor.status
        if status.state is not told and status.state is not StoreState.OPENING:
            lines.append(
                {
                    "event": "status",
                    "at": utc_text(now),
                    "state": status.state.value,
                    "reason": status.reason,
                    "counts": counts_document(monitor.index.counts),
                }
            )
        told = status.state
        sys.stdout.write("".join(f"{encode(line)}\n" for line in lines))
        sys.stdout.flush()

    return write


def _event_document(event: RowEvent, monitor: Monitor, now: float, stuck_after: float) -> dict[str, Any]:
    record = event.after or event.before
    assert record is not None  # noqa: S101 - an event is about a record
    surroundings = monitor.index.surroundings_of(record)
    return {
        "event": event.kind.value,
        "at": utc_text(now),
        "procedure": procedure_document(record, surroundings, now=now, stuck_after=stuck_after),
    }


async def _read_deciding_value(monitor: Monitor, detail: ProcedureDetail) -> bytes | None:
    key = detail.record.deciding_key
    if key is None or detail.record.key_type is KeyType.COMMIT:
        return None
    try:
        return await monitor.read_value(key)
    except ExternalError:
        return None  # the record says why, as a problem


def _decode(value: bytes | None) -> ProcedureMessage | None:
    try:
        return None if value is None else ProcedureMessage.from_json(value)
    except MessageError:
        return None
