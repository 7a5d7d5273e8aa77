"""A procedure's life as a sequence of persisted states. Pure functions on the `data` of its messages.

A life needs no memory of its own: as in the real runner, the `data` of one step says what the next one is, so a
procedure can be taken up at any step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

import msgspec

from procdash.demo import ddl, regions
from procdash.demo.catalogue import TYPE_PREFIX, Kind, kind_of
from procdash.demo.names import DATABASES, NEW_SCHEMAS, SCHEMA, TABLES, Database, Table
from procdash.demo.shapes import Document, leader_of, to_json

RETRY_EXCEEDED = "Procedure retry exceeded max times, procedure_id: {}"
"""Why a procedure rolls back whose retries are used up."""

EXTERNAL_ERROR = "Failed to execute procedure due to external error, clean poisons: false"
"""Why a procedure rolls back that met an error which no retry helps against."""

SUBPROCEDURE_FAILED = "Subprocedure {} failed"
"""Why a parent rolls back."""

_TABLES_RECONCILED = 2


def states_from(kind: Kind, opening: str) -> Iterator[str]:
    """The `data` at every step of a procedure that begins with `opening`, the first at step 0."""
    data = first_data(kind.type_name, opening)
    while data is not None:
        yield data
        data = following(kind.type_name, data)


def first_states(kind: Kind, opening: str, count: int) -> list[str]:
    """The `data` at the first `count` steps, or at all of them where there are fewer."""
    return list(islice(states_from(kind, opening), count))


def first_data(type_name: str, opening: str) -> str | None:
    """The `data` at step 0; None where the procedure is done after its first execute and persists no step."""
    kind = kind_of(type_name)
    return opening if kind is not None and kind.states else None


def following(type_name: str, data: str) -> str | None:
    """The `data` at the step after the one that holds `data`; None where the procedure is done.

    Raises:
        ValueError: if the demo does not run such a procedure, or not in such a state; `can_continue` tells.
    """
    kind, document, state = _parse(type_name, data)
    if kind.name == "DropDatabase":
        next_state = _next_state_of_drop_database(document)
        if next_state is None:
            return None
        document["state"] = next_state
        return to_json(document)
    position = kind.states.index(state) + 1
    if position == len(kind.states):
        return None
    next_name = kind.states[position]
    document["state"] = next_name if kind.tag is None else {kind.tag: next_name}
    complete = _COMPLETIONS.get((kind.name, next_name))
    if complete is not None:
        complete(document)
    return to_json(document)


def can_continue(type_name: str, data: str) -> bool:
    """Whether `following` knows what comes after `data`."""
    try:
        _parse(type_name, data)
    except ValueError:
        return False
    return True


def waits_for_children(type_name: str, data: str) -> bool:
    """Whether a procedure at `data` does nothing until its children have ended."""
    kind, _, state = _parse(type_name, data)
    return kind.waits_at == state


def children_at(type_name: str, data: str, procedure_id: str, rng: Random) -> list[tuple[str, str]]:
    """The procedures that one at `data` starts: their type names and their `data` at step 0.

    Args:
        type_name: the type of the parent.
        data: the parent's data.
        procedure_id: the parent's id.
        rng: what is left to chance is drawn from it.
    """
    kind, document, _ = _parse(type_name, data)
    match kind.name:
        case "Repartition":
            plans = document["persistent_ctx"]["plans"]
            started = [regions.repartition_group(document, plan, procedure_id) for plan in plans]
            child_type = "RepartitionGroup"
        case "ReconcileDatabase":
            tables = rng.sample(TABLES, _TABLES_RECONCILED)
            started = [regions.reconcile_table(table, is_subprocedure=True) for table in tables]
            child_type = "ReconcileTable"
        case "ReconcileCatalog":
            schema = rng.choice((SCHEMA, *NEW_SCHEMAS))
            started = [regions.reconcile_database(schema, is_subprocedure=True)]
            child_type = "ReconcileDatabase"
        case _:
            return []
    return [(f"{TYPE_PREFIX}{child_type}", to_json(child)) for child in started]


def data_at_rollback(type_name: str, data: str) -> str:
    """The `data` that a rollback key holds of a procedure whose last step held `data`.

    A region migration moves on without persisting, so that its rollback is where its progress comes to light.
    """
    kind = kind_of(type_name)
    if kind is None or kind.name != "RegionMigration":
        return data
    document: Document = msgspec.json.decode(data)
    document["state"] = {
        "region_migration_state": "UpgradeCandidateRegion",
        "optimistic_retry": 3,
        "retry_initial_interval": {"secs": 0, "nanos": 500_000_000},
        "require_ready": True,
    }
    return to_json(document)


def _parse(type_name: str, data: str) -> tuple[Kind, Document, str]:
    kind = kind_of(type_name)
    if kind is None:
        raise ValueError(f"the demo does not run {type_name}")
    try:
        document: Document = msgspec.json.decode(data)
        state = document["state"] if kind.tag is None else document["state"][kind.tag]
    except (msgspec.MsgspecError, LookupError, TypeError) as error:
        raise ValueError(f"this is no data of {type_name}") from error
    if state not in kind.states:
        raise ValueError(f"the demo does not know the state {state!r} of {type_name}")
    return kind, document, state


def _next_state_of_drop_database(document: Document) -> Document | None:
    """First all tables are looked for and dropped one by one, then the metadata of the database go."""
    state: Document = document["state"]
    match state["drop_database_state"]:
        case "DropDatabaseCursor" if state["target"] == "Logical":
            return {"drop_database_state": "DropDatabaseCursor", "target": "Physical"}
        case "DropDatabaseCursor":
            dropped = 0
        case "DropDatabaseExecutor":
            dropped = state["table_id"] - _database(document).first_table_id + 1
        case "DropDatabaseRemoveMetadata":
            return {"drop_database_state": "DropMetadataBroadcast"}
        case _:
            return None
    database = _database(document)
    if dropped >= database.table_count:
        return {"drop_database_state": "DropDatabaseRemoveMetadata"}
    return ddl.drop_database_executor(
        Table(
            f"{database.table_prefix}{dropped:03}",
            database.first_table_id + dropped,
            schema=database.schema,
        )
    )


def _database(document: Document) -> Database:
    unknown = Database(document["schema"], "", 0, 0)
    return next((database for database in DATABASES if database.schema == document["schema"]), unknown)


def _complete_alter_table(document: Document) -> None:
    leader = leader_of(document["table_id"], 0)
    document["region_distribution"] = {str(leader["id"]): {"leader_regions": [0], "follower_regions": []}}


def _complete_repartition(document: Document) -> None:
    for plan in document["persistent_ctx"]["plans"]:
        plan["allocated_region_ids"] = [plan["target_regions"][-1]["region_id"]]


def _complete_repartition_group(document: Document) -> None:
    context = document["persistent_ctx"]
    context["staging_manifest_paths"] = {
        str(target["region_id"]): f"staging/blob/{context['group_id']}" for target in context["targets"]
    }


_COMPLETIONS: dict[tuple[str, str], Callable[[Document], None]] = {
    ("AlterTable", "UpdateMetadata"): _complete_alter_table,
    ("Repartition", "Dispatch"): _complete_repartition,
    ("RepartitionGroup", "ApplyStagingManifest"): _complete_repartition_group,
}
"""What else changes in the document when a state is reached."""
