"""Finding the procedures of an existing store that the simulated engine can go on with."""

from __future__ import annotations

from procdash.demo.catalogue import kind_of
from procdash.demo.simulation import MAX_RUNNING, FoundProcedure
from procdash.insight.problems import problems_of
from procdash.live.index import ProcedureIndex
from procdash.store.keys import KeyType, ParsedKey, supersedes
from procdash.store.location import open_procedure_reader
from procdash.store.messages import MessageError, ProcedureMessage
from procdash.store.procedure_store import ProcedureStore
from procdash.store.records import ProcedureRecord

_ENTRIES_LOOKED_AT = 512


async def find_procedure(store: ProcedureStore, procedure_id: str) -> FoundProcedure | None:
    """What the store says of one procedure; None where nothing is there that could be gone on with.

    Raises:
        ExternalError: if it cannot be read.
    """
    deciding: ParsedKey | None = None
    newest: tuple[int, bytes] | None = None
    async for key_set, value in store.state_store.walk_top_down(f"{store.procedure_path}{procedure_id}/"):
        key = ParsedKey.parse(store.procedure_path, key_set.key)
        if key is None:
            continue
        if supersedes(key, deciding):
            deciding = key
        if key.key_type is KeyType.STEP and (newest is None or key.step > newest[0]):
            newest = (key.step, value)
    if deciding is None or newest is None:
        return None
    try:
        message = ProcedureMessage.from_json(newest[1])
    except MessageError:
        return None
    return FoundProcedure(procedure_id, deciding.key_type, deciding.step, message)


async def adoptable_ids(location: str, *, now: float) -> list[str]:
    """The procedures at a location that a healthy engine would be running: those without any problem.

    Where there are too many of them, or more than 512 entries to look at, only unfinished procedures that neither
    are children nor can have any are chosen, so that no family is torn apart.

    Args:
        location: a directory, as `open_procedure_reader` takes it.
        now: the time in Unix seconds; what has not moved for too long by then is not healthy.

    Returns:
        At most 128 ids, sorted.

    Raises:
        ExternalError: if there is no procedure store at the location, or it cannot be read.
    """
    reader = open_procedure_reader(location)
    entries = await reader.list_entries()
    index = ProcedureIndex()
    index.apply_reading(await reader.read_entries(entries[:_ENTRIES_LOOKED_AT]))
    healthy = [
        record for record in index.records() if not problems_of(record, index.surroundings_of(record), now=now)
    ]
    if len(entries) > _ENTRIES_LOOKED_AT or len(healthy) > MAX_RUNNING:
        healthy = [record for record in healthy if _stands_alone(record)]
    return sorted(record.procedure_id for record in healthy)[:MAX_RUNNING]


def _stands_alone(record: ProcedureRecord) -> bool:
    """Whether a procedure is unfinished, no child, and of a type that has no children."""
    if record.key_type is not KeyType.STEP or record.message is None or record.message.parent_id is not None:
        return False
    kind = kind_of(record.message.type_name)
    return kind is not None and kind.waits_at is None
