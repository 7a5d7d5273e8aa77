"""One directory with every state of a store that a directory can hold, at fixed ids and times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from procdash.store import ProcedureMessage
from support.stores import PlainStore, message_json, procedure_id

WRITTEN_AT = datetime(2026, 1, 21, 20, 16, tzinfo=UTC).timestamp()
"""When every key of the fixtures was written, in Unix seconds."""

_ALTER_TASK = "CikKCGdyZXB0aW1lEgZwdWJsaWMaB21ldHJpY3MyDAoKbWV0cmljc192Mg"
_CREATE_TASK = "ChsKCGdyZXB0aW1lEgZwdWJsaWMaB21ldHJpY3MaOHsiaWRlbnQiOnsidGFibGVfaWQiOjEwMjQsInZlcnNpb24iOjB9LCJuYW1lIjoibWV0cmljcyJ9"  # noqa: E501 - one text


class Ids:
    """The id of each fixture."""

    HEALTHY_DROP_TABLE = procedure_id(0xA1)
    FINISHED_NOT_CLEANED = procedure_id(0xB1)
    ROLLING_BACK_MIGRATION = procedure_id(0xC1)
    TIE_AFTER_RECOVERY = procedure_id(0xD1)
    ORPHAN = procedure_id(0xE1)
    ABSENT_PARENT = procedure_id(0xE2)
    FAMILY_PARENT = procedure_id(0xF1)
    FAMILY_CHILD = procedure_id(0xF2)
    FAMILY_COMMITTED_CHILD = procedure_id(0xF3)
    UNKNOWN_LOADER = procedure_id(0x11)
    CORRUPT_TOP_STEP = procedure_id(0x12)
    LARGE_CREATE = procedure_id(0x13)
    MANY_STEPS = procedure_id(0x14)
    ALTER_TABLE = procedure_id(0x15)
    WITH_CONTEXT = procedure_id(0x16)
    VERSION_0_4 = procedure_id(0x17)
    BACKUP_BESIDE_STEP = procedure_id(0x18)
    UPPER_CASE = procedure_id(0xAB)
    NESTED = procedure_id(0x19)
    FOREIGN_FILE = procedure_id(0x1A)


def write_fixtures(root: Path) -> PlainStore:
    """Write fixtures A to P of the fact sheet, as far as a directory can hold them, and the odd spellings."""
    store = PlainStore(root)

    def step(identity: str, number: int, type_name: str, data: object, parent_id: str | None = None) -> None:
        text = json.dumps(data, separators=(",", ":"))
        value = message_json(f"metasrv-procedure::{type_name}", text, parent_id, number)
        store.put(f"{identity}/{number:010}.step", value, modified_at=WRITTEN_AT)

    def marker(identity: str, name: str, value: str = "") -> None:
        store.put(f"{identity}/{name}", value, modified_at=WRITTEN_AT)

    drop_task = {"catalog": "greptime", "schema": "public", "table": "metrics", "table_id": 1024}
    for number, state in enumerate(("DeleteMetadata", "InvalidateTableCache", "DatanodeDropRegions")):
        step(Ids.HEALTHY_DROP_TABLE, number, "DropTable", {"state": state, "task": drop_task})
    for number in range(4):
        step(Ids.FINISHED_NOT_CLEANED, number, "DropTable", {"state": "DeleteMetadata", "task": drop_task})
    marker(Ids.FINISHED_NOT_CLEANED, "0000000004.commit")

    migration = {
        "persistent_ctx": {"from_peer": {"id": 1, "addr": ""}, "region_ids": [4398046511105], "timeout": "10s"},
        "state": {"region_migration_state": "OpenCandidateRegion"},
    }
    step(Ids.ROLLING_BACK_MIGRATION, 0, "RegionMigration", migration)
    error = f"Procedure retry exceeded max times, procedure_id: {Ids.ROLLING_BACK_MIGRATION}"
    rollback = message_json("metasrv-procedure::RegionMigration", json.dumps(migration), None, 1, error)
    marker(Ids.ROLLING_BACK_MIGRATION, "0000000001.rollback", rollback)

    for number in range(3):
        step(Ids.TIE_AFTER_RECOVERY, number, "CreateTable", {"state": "CreateMetadata", "task": _CREATE_TASK})
    marker(Ids.TIE_AFTER_RECOVERY, "0000000002.commit")

    step(Ids.ORPHAN, 0, "ReconcileTable", {"state": {"reconcile_table_state": "X"}}, Ids.ABSENT_PARENT)
    for number, state in enumerate(("RepartitionStart", "AllocateRegion", "Dispatch")):
        step(Ids.FAMILY_PARENT, number, "Repartition", {"state": {"repartition_state": state}})
    group = {"state": {"repartition_group_state": "SyncRegion"}}
    step(Ids.FAMILY_CHILD, 0, "RepartitionGroup", group, Ids.FAMILY_PARENT)
    step(Ids.FAMILY_COMMITTED_CHILD, 0, "RepartitionGroup", group, Ids.FAMILY_PARENT)
    marker(Ids.FAMILY_COMMITTED_CHILD, "0000000001.commit")

    step(Ids.UNKNOWN_LOADER, 0, "RegionFailover", {"region_failover_state": "RegionFailoverStart"})
    step(Ids.CORRUPT_TOP_STEP, 0, "CreateTable", {"state": "DatanodeCreateRegions", "task": _CREATE_TASK})
    marker(Ids.CORRUPT_TOP_STEP, "0000000001.step", '{"type_name":"metasrv-procedure::CreateTable","data":"{')
    step(Ids.LARGE_CREATE, 0, "CreateLogicalTables", {"state": "CreateMetadata", "tasks": [_CREATE_TASK] * 14_000})
    for number in range(500):
        executor = {"drop_database_state": "DropDatabaseExecutor", "table_id": 1024 + number}
        step(Ids.MANY_STEPS, number, "DropDatabase", {"schema": "db1", "state": executor})
    step(Ids.ALTER_TABLE, 0, "AlterTable", {"state": "SubmitAlterRegionRequests", "task": _ALTER_TASK})

    context = {"actor": "alice", "event_context": {"reason": "auto_rebalance"}}
    with_context = ProcedureMessage(
        "metasrv-procedure::RegionMigration", json.dumps(migration), None, 0, None, context
    )
    marker(Ids.WITH_CONTEXT, "0000000000.step", with_context.to_json())
    marker(
        Ids.VERSION_0_4,
        "0000000000.step",
        '{"type_name":"metasrv-procedure::CreateTable","data":"{}","parent_id":null,"step":0}',
    )
    step(Ids.BACKUP_BESIDE_STEP, 3, "CreateTable", {"state": "CreateMetadata"})
    marker(Ids.BACKUP_BESIDE_STEP, "0000000003.step.bak", message_json("Older", step=2))

    step(Ids.UPPER_CASE.upper(), 0, "CreateDatabase", {"state": "CreateMetadata", "schema": "db1"})
    step(f"old/copy/{Ids.NESTED}", 0, "CreateDatabase", {"state": "CreateMetadata", "schema": "db2"})
    step(Ids.FOREIGN_FILE, 0, "CreateDatabase", {"state": "CreateMetadata", "schema": "db3"})
    marker(Ids.FOREIGN_FILE, "notes.txt", "somebody looked at this")
    store.put("readme.txt", "do not delete", modified_at=WRITTEN_AT)
    (store.directory / procedure_id(0x1B)).mkdir()
    return store
