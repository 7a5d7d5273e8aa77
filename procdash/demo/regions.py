"""The `data` of the procedures that move, split and reconcile regions, at their first persisted state."""

from __future__ import annotations

from collections.abc import Sequence

from procdash.demo.names import CATALOG, Table
from procdash.demo.shapes import Document, leader_of, region_id, region_ids, region_routes, table_info, table_name

_GROUP_TIMEOUT = "2m"


def region_migration(
    table: Table, region_numbers: Sequence[int], from_peer: Document, to_peer: Document, reason: str
) -> Document:
    """RegionMigration, about to open the candidate region: the only state that it ever persists.

    Args:
        table: whose regions move.
        region_numbers: which of them.
        from_peer: the datanode that leads them now.
        to_peer: the datanode that they move to.
        reason: `Manual`, `AutoRebalance`, `Failover` or `Unknown`.
    """
    return {
        "persistent_ctx": {
            "catalog_and_schema": [[table.catalog, table.schema]],
            "from_peer": from_peer,
            "to_peer": to_peer,
            "region_ids": [region_id(table.table_id, number) for number in region_numbers],
            "timeout": "10s",
            "trigger_reason": reason,
        },
        "state": {"region_migration_state": "OpenCandidateRegion"},
    }


def repartition(table: Table, group_ids: Sequence[str]) -> Document:
    """Repartition, about to write the new partitions into the metadata.

    Args:
        table: the table that is split.
        group_ids: one for each group; a group splits one source region in two.
    """
    return {
        "state": {"repartition_state": "UpdatePartitionMetadata"},
        "persistent_ctx": {
            "catalog_name": table.catalog,
            "schema_name": table.schema,
            "table_name": table.name,
            "table_id": table.table_id,
            "plans": [_plan(table, index, group_id) for index, group_id in enumerate(group_ids)],
            "failed_procedures": [],
            "unknown_procedures": [],
            "timeout": _GROUP_TIMEOUT,
            "partition_metadata_update": None,
        },
    }


def repartition_group(parent: Document, plan: Document, parent_id: str) -> Document:
    """RepartitionGroup, about to update the metadata of its regions.

    Args:
        parent: the document of the Repartition that dispatches it.
        plan: the one of that document's plans that this group carries out.
        parent_id: the id of that Repartition.
    """
    context = parent["persistent_ctx"]
    table = Table(context["table_name"], context["table_id"])
    source = plan["source_regions"][0]["Partitioned"]["region_id"]
    targets = [region["region_id"] for region in plan["target_regions"]]
    return {
        "persistent_ctx": {
            "group_id": plan["group_id"],
            "parent_procedure_id": parent_id,
            "table_id": table.table_id,
            "catalog_name": context["catalog_name"],
            "schema_name": context["schema_name"],
            "table_name": table.name,
            "sources": plan["source_regions"],
            "targets": plan["target_regions"],
            "region_mapping": {str(source): targets},
            "group_prepare_result": {
                "source_routes": region_routes(table),
                "target_routes": [],
                "central_region": source,
                "central_region_datanode": leader_of(table.table_id, 0),
            },
            "staging_manifest_paths": {},
            "sync_region": False,
            "allocated_region_ids": plan["allocated_region_ids"],
            "pending_deallocate_region_ids": [],
            "timeout": _GROUP_TIMEOUT,
        },
        "state": {"repartition_group_state": "UpdateMetadata", "UpdateMetadata": "ApplyStaging"},
    }


def reconcile_table(table: Table, *, is_subprocedure: bool) -> Document:
    """ReconcileTable, about to resolve the differences between the regions' columns."""
    return {
        "state": {"reconcile_table_state": "ResolveColumnMetadata", "strategy": "UseLatest"},
        "persistent_ctx": {
            "table_id": table.table_id,
            "table_name": table_name(table),
            "resolve_strategy": "UseLatest",
            "table_info_value": {"table_info": table_info(table), "version": 0},
            "physical_table_route": {
                "region_routes": region_routes(table),
                "max_region_number": table.region_count - 1,
                "version": 0,
            },
            "is_subprocedure": is_subprocedure,
        },
    }


def reconcile_database(schema: str, *, is_subprocedure: bool) -> Document:
    """ReconcileDatabase, about to reconcile its tables one by one."""
    return {
        "state": {"reconcile_database_state": "ReconcileTables"},
        "persistent_ctx": {
            "catalog": CATALOG,
            "schema": schema,
            "fail_fast": False,
            "parallelism": 64,
            "resolve_strategy": "UseLatest",
            "is_subprocedure": is_subprocedure,
        },
    }


def reconcile_catalog() -> Document:
    """ReconcileCatalog, about to reconcile its databases one by one."""
    return {
        "state": {"reconcile_catalog_state": "ReconcileDatabases"},
        "persistent_ctx": {
            "catalog": CATALOG,
            "fast_fail": False,
            "resolve_strategy": "UseLatest",
            "parallelism": 64,
        },
    }


def _plan(table: Table, index: int, group_id: str) -> Document:
    source = region_ids(table)[index]
    allocated = region_id(table.table_id, table.region_count + index)
    low, middle = f"host_{index * 100:03}", f"host_{index * 100 + 50:03}"
    return {
        "group_id": group_id,
        "source_regions": [{"Partitioned": {"region_id": source, "partition_expr": _at_least(low)}}],
        "target_regions": [
            {"region_id": source, "partition_expr": _at_least(low)},
            {"region_id": allocated, "partition_expr": _at_least(middle)},
        ],
        "allocated_region_ids": [],
        "pending_deallocate_region_ids": [],
        "transition_map": [[0, 1]],
        "original_target_routes": [],
    }


def _at_least(host: str) -> Document:
    return {"lhs": {"Column": "host"}, "op": "GtEq", "rhs": {"Value": {"String": host}}}
