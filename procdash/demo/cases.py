"""Every interesting case a procedure store can hold, one picture each. Pure."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from procdash.demo import ddl, regions
from procdash.demo.catalogue import KINDS_BY_NAME, Kind, choose_context
from procdash.demo.names import (
    BIG_DATABASE,
    DATANODES,
    PHYSICAL_TABLE,
    SCHEMA,
    TABLES,
    asked_by_someone,
    logical_tables,
    new_id,
    new_table,
)
from procdash.demo.pictures import Author, Picture, PicturedKey, opaque_data
from procdash.demo.scripts import children_at, first_states
from procdash.demo.shapes import Document, to_json
from procdash.demo.wire import add_column_task

_MINUTE = 60.0
_HOUR = 3_600.0
_BIG_DROP_STEPS = 40


def running_create_table(rng: Random) -> Picture:
    """CreateTable, about to write the metadata."""
    return _running(rng, "CreateTable", ddl.create_table(new_table(rng)), steps=2, age=3.0)


def running_alter_table(rng: Random) -> Picture:
    """AlterTable, about to alter the regions."""
    table = TABLES[0]
    opening = ddl.alter_table(table, add_column_task(table, "status_code"), is_metadata_only=False)
    return _running(rng, "AlterTable", opening, steps=1, age=8.0)


def running_drop_table(rng: Random) -> Picture:
    """DropTable, about to drop the regions."""
    return _running(rng, "DropTable", ddl.drop_table(new_table(rng)), steps=3, age=15.0)


def running_create_logical_tables(rng: Random) -> Picture:
    """CreateLogicalTables, about to write the metadata of a dozen tables."""
    opening = ddl.create_logical_tables(logical_tables(rng, 12), PHYSICAL_TABLE)
    return _running(rng, "CreateLogicalTables", opening, steps=2, age=22.0)


def running_region_migration(rng: Random) -> Picture:
    """RegionMigration, with the one step it ever persists."""
    opening = regions.region_migration(TABLES[7], [0, 2], DATANODES[0], DATANODES[1], "AutoRebalance")
    return _running(rng, "RegionMigration", opening, steps=1, age=75.0)


def rolling_back_region_migration(rng: Random) -> Picture:
    """RegionMigration that used up its retries."""
    kind = _kind("RegionMigration")
    opening = regions.region_migration(TABLES[9], [1], DATANODES[2], DATANODES[0], "Failover")
    author = Author(kind, rng, 2 * _MINUTE, context=choose_context(kind, rng))
    return [author.rolling_back(first_states(kind, to_json(opening), 1))]


def repartition_family(rng: Random) -> Picture:
    """Repartition that waits for two groups, one of which has committed."""
    parent_kind, group_kind = _kind("Repartition"), _kind("RepartitionGroup")
    parent = Author(parent_kind, rng, 2 * _MINUTE, context=choose_context(parent_kind, rng))
    opening = regions.repartition(TABLES[4], [new_id(rng), new_id(rng)])
    states = first_states(parent_kind, to_json(opening), 3)
    (_, first), (_, second) = children_at(parent_kind.type_name, states[-1], parent.procedure_id, rng)
    done = Author(group_kind, rng, 40.0, parent.procedure_id)
    moving = Author(group_kind, rng, 5.0, parent.procedure_id)
    return [
        parent.running(states),
        done.finished(first_states(group_kind, first, 4)),
        moving.running(first_states(group_kind, second, 2)),
    ]


def running_drop_database(rng: Random) -> Picture:
    """DropDatabase in the middle of a database with many tables: one key for each."""
    return _running(rng, "DropDatabase", ddl.drop_database(BIG_DATABASE), steps=_BIG_DROP_STEPS, age=1.0)


def corrupt_top_step(rng: Random) -> Picture:
    """DropTable whose newest step was cut short, over good ones."""
    kind = _kind("DropTable")
    author = Author(kind, rng, 26 * _MINUTE)
    states = first_states(kind, to_json(ddl.drop_table(new_table(rng))), 3)
    *good, (key, value) = [author.step(step, data) for step, data in enumerate(states)]
    return [author.dated([*good, (key, value[: len(value) * 2 // 3])])]


def orphan(rng: Random) -> Picture:
    """ReconcileTable whose parent is not in the store."""
    kind = _kind("ReconcileTable")
    opening = regions.reconcile_table(TABLES[2], is_subprocedure=True)
    return [Author(kind, rng, 1.5 * _HOUR, new_id(rng)).running(first_states(kind, to_json(opening), 1))]


def orphan_group(rng: Random) -> Picture:
    """RepartitionGroup that a leader change left behind."""
    kind = _kind("RepartitionGroup")
    parent_id = new_id(rng)
    parent = regions.repartition(TABLES[7], [new_id(rng)])
    opening = regions.repartition_group(parent, parent["persistent_ctx"]["plans"][0], parent_id)
    return [
        Author(kind, rng, rng.uniform(_HOUR, 5 * _HOUR), parent_id).running(
            first_states(kind, to_json(opening), 3)
        )
    ]


def unknown_type(rng: Random) -> Picture:
    """RegionFailover: a type that no engine has had a loader for since release 0.9."""
    data = opaque_data(
        failed_region={
            "datanode_id": 2,
            "table_id": TABLES[1].table_id,
            "region_number": 1,
            "engine": "mito",
        },
        state={"region_failover_state": "DeactivateRegion", "candidate": DATANODES[2]},
    )
    author = Author(_kind("RegionMigration"), rng, 5 * _HOUR, type_name="metasrv-procedure::RegionFailover")
    return [author.running([data, data])]


def tie_after_recovery(rng: Random) -> Picture:
    """AlterTable that was resumed at its last step, so that its commit has the same number."""
    kind = _kind("AlterTable")
    table = TABLES[5]
    opening = ddl.alter_table(table, add_column_task(table, "upstream"), is_metadata_only=False)
    author = Author(kind, rng, 12 * _MINUTE, context=asked_by_someone(rng))
    steps = [author.step(step, data) for step, data in enumerate(first_states(kind, to_json(opening), 3))]
    return [author.dated([*steps, author.commit(len(steps) - 1)])]


def stuck(rng: Random) -> Picture:
    """AlterLogicalTables that has not moved for too long."""
    kind = _kind("AlterLogicalTables")
    tables = logical_tables(rng, 2)
    tasks = [add_column_task(table, "pod") for table in tables]
    opening = ddl.alter_logical_tables(tables, tasks, PHYSICAL_TABLE)
    author = Author(kind, rng, rng.uniform(40 * _MINUTE, 50 * _MINUTE), context=choose_context(kind, rng))
    return [author.running(first_states(kind, to_json(opening), 2))]


def stray_file(rng: Random) -> Picture:
    """CreateTable in whose directory an editor left a backup."""
    kind = _kind("CreateTable")
    author = Author(kind, rng, 4 * _MINUTE)
    procedure = author.running(first_states(kind, to_json(ddl.create_table(new_table(rng))), 2))
    last = procedure[-1]
    return [(*procedure, PicturedKey(f"{last.key}~", last.value, last.age + 30.0))]


def non_canonical_id(rng: Random) -> Picture:
    """CreateDatabase whose id is spelled in capitals."""
    kind = _kind("CreateDatabase")
    author = Author(kind, rng, 9 * _MINUTE)
    author.procedure_id = author.procedure_id.upper()
    return [author.running(first_states(kind, to_json(ddl.create_database("analytics", "alice")), 1))]


def with_context(rng: Random) -> Picture:
    """TruncateTable that says who asked for it, and how."""
    kind = _kind("TruncateTable")
    context = {"actor": "alice", "event_context": {"reason": "manual", "protocol": "mysql"}}
    author = Author(kind, rng, 11.0, context=context)
    return [author.running(first_states(kind, to_json(ddl.truncate_table(TABLES[8])), 1))]


def from_v0_4(rng: Random) -> Picture:
    """TruncateTable from release 0.4: a message of four fields, left over from long ago."""
    author = Author(_kind("TruncateTable"), rng, 9 * _HOUR)
    return [author.running([to_json(ddl.truncate_table_of_v0_4(TABLES[3]))])]


def finished_not_cleaned(rng: Random) -> Picture:
    """DropTable that committed, and whose keys are still there."""
    kind = _kind("DropTable")
    author = Author(kind, rng, 18.0, context=asked_by_someone(rng))
    return [author.finished(first_states(kind, to_json(ddl.drop_table(new_table(rng))), 4))]


def reconcile_family(rng: Random) -> Picture:
    """ReconcileDatabase that waits for its tables, one of which has committed."""
    parent_kind, child_kind = _kind("ReconcileDatabase"), _kind("ReconcileTable")
    parent = Author(parent_kind, rng, rng.uniform(_MINUTE, 8 * _MINUTE), context=choose_context(parent_kind, rng))
    opening = regions.reconcile_database(SCHEMA, is_subprocedure=False)
    states = first_states(parent_kind, to_json(opening), 1)
    children = [data for _, data in children_at(parent_kind.type_name, states[0], parent.procedure_id, rng)]
    authors = [Author(child_kind, rng, rng.uniform(1.0, _MINUTE), parent.procedure_id) for _ in children]
    return [
        parent.running(states),
        authors[0].finished(first_states(child_kind, children[0], 3)),
        *(
            author.running(first_states(child_kind, data, rng.randint(1, 3)))
            for author, data in zip(authors[1:], children[1:], strict=True)
        ),
    ]


ALL_CASES: tuple[Callable[[Random], Picture], ...] = (
    running_create_table,
    running_alter_table,
    running_drop_table,
    running_create_logical_tables,
    running_region_migration,
    rolling_back_region_migration,
    repartition_family,
    running_drop_database,
    corrupt_top_step,
    orphan,
    unknown_type,
    tie_after_recovery,
    stuck,
    stray_file,
    non_canonical_id,
    with_context,
    from_v0_4,
    finished_not_cleaned,
)
"""What every seeded store holds, in the order of importance: 20 procedures."""

TROUBLE_CASES: tuple[Callable[[Random], Picture], ...] = (
    corrupt_top_step,
    orphan_group,
    unknown_type,
    tie_after_recovery,
    stuck,
    stray_file,
    non_canonical_id,
    from_v0_4,
)
"""What a few percent of a larger store are."""


def _running(rng: Random, name: str, opening: Document, *, steps: int, age: float) -> Picture:
    kind = _kind(name)
    author = Author(kind, rng, age, context=choose_context(kind, rng))
    return [author.running(first_states(kind, to_json(opening), steps))]


def _kind(name: str) -> Kind:
    return KINDS_BY_NAME[name]
