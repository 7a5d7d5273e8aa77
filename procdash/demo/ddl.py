"""The `data` of the procedures that change tables, databases, flows and views, at their first persisted state.

Fields and their order are those of GreptimeDB's `common_meta::ddl`; a later state differs in the `state` field and
in what `procdash.demo.scripts` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procdash.demo.names import CATALOG, DATANODES, SCHEMA, Database, Table
from procdash.demo.shapes import Document, region_routes, table_info, table_info_value, table_name, to_json
from procdash.demo.wire import create_table_task, create_view_task

_SQL = "SELECT host, date_bin('1 minute'::INTERVAL, ts) AS minute, avg(value) FROM {table} GROUP BY host, minute"


def create_table(table: Table) -> Document:
    """CreateTable, about to create the regions."""
    return {
        "state": "DatanodeCreateRegions",
        "task": create_table_task(table, to_json(table_info(table))),
        "query_context": {
            "current_catalog": table.catalog,
            "current_schema": table.schema,
            "timezone": "UTC",
            "extensions": {},
            "channel": 0,
            "snapshot_seqs": {},
            "sst_min_sequences": {},
        },
        "column_metadatas": [],
        "table_route": {
            "region_routes": region_routes(table),
            "max_region_number": table.region_count - 1,
            "version": 0,
        },
        "region_wal_options": {
            str(number): '{"wal.provider":"raft_engine"}' for number in range(table.region_count)
        },
    }


def create_logical_tables(tables: Sequence[Table], physical: Table) -> Document:
    """CreateLogicalTables, about to create the regions inside those of the `physical` table."""
    return {
        "state": "DatanodeCreateRegions",
        "tasks": [create_table_task(table, to_json(table_info(table))) for table in tables],
        "table_ids_already_exists": [None for _ in tables],
        "physical_table_id": physical.table_id,
        "physical_region_numbers": list(range(physical.region_count)),
        "physical_columns": [],
        "physical_partition_columns": [],
    }


def alter_table(table: Table, task: str, *, is_metadata_only: bool) -> Document:
    """AlterTable, about to alter the regions, or where that is not needed, the metadata.

    Args:
        table: the table.
        task: the encoded `AlterTableTask`.
        is_metadata_only: whether the change leaves the regions alone, as a rename does.
    """
    return {
        "state": "UpdateMetadata" if is_metadata_only else "SubmitAlterRegionRequests",
        "task": task,
        "table_id": table.table_id,
        "column_metadatas": [],
        "table_info_value": table_info_value(table),
        "region_distribution": None,
        "region_locks": [],
    }


def alter_logical_tables(tables: Sequence[Table], tasks: Sequence[str], physical: Table) -> Document:
    """AlterLogicalTables, about to alter the regions; one encoded task for each of `tables`."""
    return {
        "state": "SubmitAlterRegionRequests",
        "tasks": list(tasks),
        "table_info_values": [table_info_value(table) for table in tables],
        "physical_table_id": physical.table_id,
        "logical_table_ids": [table.table_id for table in tables],
        "physical_table_info": table_info_value(physical),
        "physical_columns": [],
        "table_cache_keys_to_invalidate": [{"TableId": table.table_id} for table in tables],
    }


def drop_table(table: Table) -> Document:
    """DropTable, about to move the metadata aside."""
    return {
        "state": "DeleteMetadata",
        "task": {
            "catalog": table.catalog,
            "schema": table.schema,
            "table": table.name,
            "table_id": table.table_id,
            "drop_if_exists": False,
        },
        "physical_region_routes": region_routes(table),
        "physical_table_id": table.table_id,
        "region_wal_options": {
            str(number): {"wal.provider": "raft_engine"} for number in range(table.region_count)
        },
        "allow_rollback": table.engine == "metric",
        "soft_drop_enabled": False,
        "dropped_at": None,
        "retention_expires_at": None,
        "soft_drop_retention_millis": None,
        "drop_generation": None,
    }


def truncate_table(table: Table) -> Document:
    """TruncateTable, about to empty the regions."""
    return {
        "state": "DatanodeTruncateRegions",
        "task": {
            "catalog": table.catalog,
            "schema": table.schema,
            "table": table.name,
            "table_id": table.table_id,
            "time_ranges": [],
        },
        "table_info_value": table_info_value(table),
    }


def truncate_table_of_v0_4(table: Table) -> Document:
    """TruncateTable as release 0.4 wrote it: without time ranges, with the routes."""
    return {
        "state": "DatanodeTruncateRegions",
        "task": {
            "catalog": table.catalog,
            "schema": table.schema,
            "table": table.name,
            "table_id": table.table_id,
        },
        "table_info_value": table_info_value(table),
        "region_routes": region_routes(table),
    }


def create_database(schema: str, creator: str | None) -> Document:
    """CreateDatabase, about to write the metadata."""
    return {
        "state": "CreateMetadata",
        "catalog": CATALOG,
        "schema": schema,
        "create_if_not_exists": True,
        "options": {},
        "creator": creator,
    }


def alter_database(schema: str, ttl_seconds: int) -> Document:
    """AlterDatabase, about to set the time to live."""
    ttl = {"secs": ttl_seconds, "nanos": 0}
    return {
        "state": "UpdateMetadata",
        "kind": {"SetDatabaseOptions": [{"Ttl": {"Duration": ttl}}]},
        "catalog_name": CATALOG,
        "schema_name": schema,
        "schema_value": to_json({"ttl": None, "extra_options": {}}),
    }


def drop_database(database: Database) -> Document:
    """DropDatabase, about to look for its logical tables."""
    return {
        "catalog": CATALOG,
        "schema": database.schema,
        "drop_if_exists": False,
        "state": {"drop_database_state": "DropDatabaseCursor", "target": "Logical"},
    }


def drop_database_executor(table: Table) -> Document:
    """The state of DropDatabase in which it is about to drop one table."""
    return {
        "drop_database_state": "DropDatabaseExecutor",
        "table_id": table.table_id,
        "physical_table_id": table.table_id,
        "table_name": table_name(table),
        "physical_region_routes": region_routes(table),
        "target": "Physical",
    }


def create_flow(flow: str, source: Table, flow_id: int) -> Document:
    """CreateFlow, about to create the flow on the flownodes."""
    sink = {"catalog_name": source.catalog, "schema_name": source.schema, "table_name": flow}
    context: dict[str, Any] = {
        "catalog": source.catalog,
        "schema": source.schema,
        "timezone": "UTC",
        "extensions": {},
        "channel": 0,
        "snapshot_seqs": {},
        "sst_min_sequences": {},
    }
    return {
        "state": "CreateFlows",
        "task": {
            "catalog_name": source.catalog,
            "flow_name": flow,
            "source_table_names": [table_name(source)],
            "sink_table_name": sink,
            "or_replace": False,
            "create_if_not_exists": True,
            "expire_after": None,
            "eval_interval_secs": None,
            "comment": "",
            "sql": _SQL.format(table=source.name),
            "flow_options": {"flow_type": "batching"},
            "eval_schedule": None,
        },
        "flow_id": flow_id,
        "peers": [{"id": 0, "addr": ""}],
        "source_table_ids": [source.table_id],
        "unresolved_source_table_names": [],
        "flow_context": context,
        "prev_flow_info_value": None,
        "did_replace": False,
        "flow_type": "Batching",
    }


def drop_flow(flow: str, source: Table, flow_id: int) -> Document:
    """DropFlow, about to delete the metadata."""
    return {
        "state": "DeleteMetadata",
        "task": {
            "catalog_name": source.catalog,
            "flow_name": flow,
            "flow_id": flow_id,
            "drop_if_exists": False,
        },
        "flow_info_value": {
            "source_table_ids": [source.table_id],
            "sink_table_name": {
                "catalog_name": source.catalog,
                "schema_name": source.schema,
                "table_name": flow,
            },
            "flownode_ids": {"0": 0},
            "catalog_name": source.catalog,
            "flow_name": flow,
            "raw_sql": _SQL.format(table=source.name),
            "expire_after": None,
            "comment": "",
            "options": {"flow_type": "batching"},
        },
        "flow_route_values": [{"peer": DATANODES[0]}],
    }


def create_view(view: str, source: Table) -> Document:
    """CreateView, about to write the metadata."""
    definition = f"CREATE VIEW {view} AS SELECT * FROM {source.name}"  # noqa: S608 - text for show, nobody runs it
    return {
        "state": "CreateMetadata",
        "task": create_view_task(CATALOG, SCHEMA, view, definition),
        "need_update": False,
    }


def drop_view(view: str, view_id: int) -> Document:
    """DropView, about to delete the metadata."""
    task = {"catalog": CATALOG, "schema": SCHEMA, "view": view, "view_id": view_id, "drop_if_exists": False}
    return {"state": "DeleteMetadata", "task": task}


def comment_on(table: Table, comment: str) -> Document:
    """CommentOn, about to write a table's comment into the metadata."""
    return {
        "state": "UpdateMetadata",
        "catalog_name": table.catalog,
        "schema_name": table.schema,
        "object_type": "Table",
        "object_name": table.name,
        "column_name": None,
        "comment": comment,
        "table_id": table.table_id,
        "table_info": table_info(table),
    }
