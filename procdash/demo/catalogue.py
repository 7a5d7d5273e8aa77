"""The types of procedures that the demo runs: how often, how fast, through which states, and on what."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from procdash.demo import ddl, regions
from procdash.demo.names import (
    DATABASES,
    DATANODES,
    FLOWS,
    NEW_SCHEMAS,
    PHYSICAL_TABLE,
    SCHEMA,
    TABLES,
    VIEWS,
    asked_by_someone,
    logical_tables,
    new_id,
    new_table,
    started_by_itself,
)
from procdash.demo.shapes import Document, leader_of
from procdash.demo.wire import add_column_task, drop_column_task, rename_table_task

TYPE_PREFIX = "metasrv-procedure::"
"""What every stored type name begins with."""

_NEW_COLUMNS = ("region", "pod", "status_code", "tenant", "version", "latency_ms")
_TABLES_WITH_REGIONS = tuple(table for table in TABLES if table.region_count > 1)
_CONTEXT_SHARE = 0.7


class Kind(NamedTuple):
    """A type of procedure, as the demo runs it."""

    name: str
    """The type's name without the prefix."""
    states: tuple[str, ...]
    """The states that are persisted, in their order; none where only the commit ever is."""
    open: Callable[[Random], Document]
    """Makes the document of the first persisted state, on something chosen at random."""
    weight: int
    """How often it is submitted, compared to the others; 0 for one that only a parent starts."""
    pace: float
    """How readily it takes its next step, compared to the others."""
    tag: str | None = None
    """Where the state is an object, the field in it that names the state."""
    waits_at: str | None = None
    """The state in which it waits for its children."""
    rolls_back: bool = False
    """Whether its type supports rollback."""
    reasons: tuple[str, ...] = ("manual",)
    """Why it is started: `manual` by someone, everything else by the engine itself."""

    @property
    def type_name(self) -> str:
        """The type's name as stored."""
        return f"{TYPE_PREFIX}{self.name}"


def choose_kind(rng: Random) -> Kind:
    """A type for a new root procedure, by the types' weights."""
    return rng.choices(_ROOT_KINDS, _ROOT_WEIGHTS)[0]


def choose_context(kind: Kind, rng: Random) -> dict[str, Any] | None:
    """Who started a procedure and why; None where the engine was too old to tell."""
    if rng.random() > _CONTEXT_SHARE:
        return None
    reason = rng.choice(kind.reasons)
    return asked_by_someone(rng) if reason == "manual" else started_by_itself(reason)


def kind_of(type_name: str) -> Kind | None:
    """The kind behind a stored type name; None where the demo does not run it."""
    return _KINDS_BY_TYPE_NAME.get(type_name)


def _open_create_table(rng: Random) -> Document:
    return ddl.create_table(new_table(rng))


def _open_create_logical_tables(rng: Random) -> Document:
    return ddl.create_logical_tables(logical_tables(rng, rng.randint(1, 6)), PHYSICAL_TABLE)


def _open_alter_table(rng: Random) -> Document:
    table = rng.choice(TABLES)
    match rng.randrange(3):
        case 0:
            return ddl.alter_table(table, rename_table_task(table, f"{table.name}_v2"), is_metadata_only=True)
        case 1:
            return ddl.alter_table(
                table, drop_column_task(table, rng.choice(_NEW_COLUMNS)), is_metadata_only=False
            )
        case _:
            return ddl.alter_table(table, add_column_task(table, rng.choice(_NEW_COLUMNS)), is_metadata_only=False)


def _open_alter_logical_tables(rng: Random) -> Document:
    tables = logical_tables(rng, rng.randint(1, 4))
    tasks = [add_column_task(table, rng.choice(_NEW_COLUMNS)) for table in tables]
    return ddl.alter_logical_tables(tables, tasks, PHYSICAL_TABLE)


def _open_drop_table(rng: Random) -> Document:
    return ddl.drop_table(new_table(rng))


def _open_truncate_table(rng: Random) -> Document:
    return ddl.truncate_table(rng.choice(TABLES))


def _open_create_database(rng: Random) -> Document:
    return ddl.create_database(rng.choice(NEW_SCHEMAS), None)


def _open_alter_database(rng: Random) -> Document:
    return ddl.alter_database(rng.choice(NEW_SCHEMAS), ttl_seconds=rng.choice((86_400, 604_800, 2_592_000)))


def _open_drop_database(rng: Random) -> Document:
    return ddl.drop_database(rng.choice(DATABASES))


def _open_create_flow(rng: Random) -> Document:
    return ddl.create_flow(rng.choice(FLOWS), rng.choice(TABLES), 1024 + rng.randrange(64))


def _open_drop_flow(rng: Random) -> Document:
    return ddl.drop_flow(rng.choice(FLOWS), rng.choice(TABLES), 1024 + rng.randrange(64))


def _open_create_view(rng: Random) -> Document:
    return ddl.create_view(rng.choice(VIEWS), rng.choice(TABLES))


def _open_drop_view(rng: Random) -> Document:
    return ddl.drop_view(rng.choice(VIEWS), 1024 + rng.randrange(64))


def _open_comment_on(rng: Random) -> Document:
    return ddl.comment_on(rng.choice(TABLES), rng.choice(("owned by payments", "kept for 30 days", "do not drop")))


def _open_region_migration(rng: Random) -> Document:
    table = rng.choice(TABLES)
    number = rng.randrange(table.region_count)
    from_peer = leader_of(table.table_id, number)
    to_peer = rng.choice([peer for peer in DATANODES if peer != from_peer])
    reason = rng.choice(("AutoRebalance", "AutoRebalance", "Manual", "Failover"))
    return regions.region_migration(table, [number], from_peer, to_peer, reason)


def _open_repartition(rng: Random) -> Document:
    table = rng.choice(_TABLES_WITH_REGIONS)
    return regions.repartition(table, [new_id(rng) for _ in range(2)])


def _open_reconcile_table(rng: Random) -> Document:
    return regions.reconcile_table(rng.choice(TABLES), is_subprocedure=False)


def _open_reconcile_database(_: Random) -> Document:
    return regions.reconcile_database(SCHEMA, is_subprocedure=False)


def _open_reconcile_catalog(_: Random) -> Document:
    return regions.reconcile_catalog()


def _open_wal_prune(rng: Random) -> Document:
    topic = f"greptimedb_wal_topic_{rng.randrange(64)}"
    return {"topic": topic, "prunable_entry_id": rng.randrange(1 << 20), "logical_delete": False}


def _open_nothing(_: Random) -> Document:
    return {}


_REGIONS_FIRST = ("SubmitAlterRegionRequests", "UpdateMetadata", "InvalidateTableCache")
_DROP_DATABASE = (
    "DropDatabaseCursor",
    "DropDatabaseExecutor",
    "DropDatabaseRemoveMetadata",
    "DropMetadataBroadcast",
)
_DROP_TABLE = ("DeleteMetadata", "InvalidateTableCache", "DatanodeDropRegions", "DeleteTombstone")
_REPARTITION = ("UpdatePartitionMetadata", "AllocateRegion", "Dispatch", "DeallocateRegion")
_REPARTITION_GROUP = ("UpdateMetadata", "EnterStagingRegion", "RemapManifest", "ApplyStagingManifest")
_CREATE_TABLE = ("DatanodeCreateRegions", "CreateMetadata")
_CREATE_REASONS = ("manual", "auto_create")
_ALTER_REASONS = ("manual", "auto_alter")
_MIGRATION_REASONS = ("manual", "auto_rebalance", "region_failover")
_REPARTITION_REASONS = ("manual", "auto_repartition")

KINDS = (
    Kind("CreateTable", _CREATE_TABLE, _open_create_table, 10, 3.0, reasons=_CREATE_REASONS),
    Kind("CreateLogicalTables", _CREATE_TABLE, _open_create_logical_tables, 6, 3.0, reasons=_CREATE_REASONS),
    Kind("AlterTable", _REGIONS_FIRST, _open_alter_table, 8, 2.0, reasons=_ALTER_REASONS),
    Kind("AlterLogicalTables", _REGIONS_FIRST, _open_alter_logical_tables, 4, 2.0, reasons=_ALTER_REASONS),
    Kind("DropTable", _DROP_TABLE, _open_drop_table, 6, 2.0),
    Kind("TruncateTable", ("DatanodeTruncateRegions",), _open_truncate_table, 3, 1.5),
    Kind("CreateDatabase", ("CreateMetadata",), _open_create_database, 2, 3.0),
    Kind("AlterDatabase", ("UpdateMetadata", "InvalidateSchemaCache"), _open_alter_database, 2, 3.0),
    Kind("DropDatabase", _DROP_DATABASE, _open_drop_database, 2, 1.5, "drop_database_state"),
    Kind("CreateFlow", ("CreateFlows", "CreateMetadata", "InvalidateFlowCache"), _open_create_flow, 2, 2.0),
    Kind("DropFlow", ("DeleteMetadata", "InvalidateFlowCache", "DropFlows"), _open_drop_flow, 1, 2.0),
    Kind("CreateView", ("CreateMetadata",), _open_create_view, 1, 3.0),
    Kind("DropView", ("DeleteMetadata", "InvalidateViewCache"), _open_drop_view, 1, 3.0),
    Kind("CommentOn", ("UpdateMetadata", "InvalidateCache"), _open_comment_on, 1, 3.0),
    Kind(
        "RegionMigration",
        ("OpenCandidateRegion",),
        _open_region_migration,
        9,
        0.5,
        "region_migration_state",
        rolls_back=True,
        reasons=_MIGRATION_REASONS,
    ),
    Kind(
        "Repartition",
        _REPARTITION,
        _open_repartition,
        2,
        2.0,
        "repartition_state",
        waits_at="Dispatch",
        rolls_back=True,
        reasons=_REPARTITION_REASONS,
    ),
    Kind("RepartitionGroup", _REPARTITION_GROUP, _open_nothing, 0, 1.0, "repartition_group_state"),
    Kind(
        "ReconcileTable",
        ("ResolveColumnMetadata", "ReconcileRegions", "UpdateTableInfo"),
        _open_reconcile_table,
        1,
        2.0,
        "reconcile_table_state",
    ),
    Kind(
        "ReconcileDatabase",
        ("ReconcileTables", "ReconcileLogicalTables"),
        _open_reconcile_database,
        1,
        2.0,
        "reconcile_database_state",
        waits_at="ReconcileTables",
    ),
    Kind(
        "ReconcileCatalog",
        ("ReconcileDatabases",),
        _open_reconcile_catalog,
        1,
        2.0,
        "reconcile_catalog_state",
        waits_at="ReconcileDatabases",
    ),
    Kind("WalPrune", (), _open_wal_prune, 1, 1.0),
)
"""Every type that the demo runs."""

KINDS_BY_NAME = {kind.name: kind for kind in KINDS}
"""The kinds by their type's name without the prefix."""

_KINDS_BY_TYPE_NAME = {kind.type_name: kind for kind in KINDS}
_ROOT_KINDS = tuple(kind for kind in KINDS if kind.weight)
_ROOT_WEIGHTS = tuple(kind.weight for kind in _ROOT_KINDS)
