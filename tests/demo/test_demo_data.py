"""The `data` of simulated procedures: names, encodings and sequences of states."""

import json
from random import Random

import pytest

from procdash.demo import regions
from procdash.demo.catalogue import KINDS, Kind
from procdash.demo.names import BIG_DATABASE, DATANODES, TABLES, Table
from procdash.demo.scripts import can_continue, children_at, following, states_from, waits_for_children
from procdash.demo.shapes import region_id, to_json
from procdash.demo.wire import field, rename_table_task

SEEDS = range(20)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - a simulation, not a secret


def opened(kind: Kind, seed: int) -> str:
    return to_json(kind.open(chance(seed)))


def state_name(kind: Kind, data: str) -> str:
    state = json.loads(data)["state"]
    name = state if kind.tag is None else state[kind.tag]
    assert isinstance(name, str)
    return name


class TestTasks:
    def test_a_rename_is_encoded_as_a_stored_one(self) -> None:
        task = rename_table_task(Table("metrics", 1024), "metrics_v2")

        assert task == "CikKCGdyZXB0aW1lEgZwdWJsaWMaB21ldHJpY3MyDAoKbWV0cmljc192Mg"

    def test_lengths_above_127_take_two_bytes(self) -> None:
        assert field(3, "x" * 300) == b"\x1a\xac\x02" + b"x" * 300


class TestShapes:
    def test_a_region_id_is_table_and_number(self) -> None:
        assert region_id(1024, 1) == 4398046511105

    def test_a_region_migration_is_spelled_as_upstream_pins_it(self) -> None:
        peers = ({"id": 1, "addr": ""}, {"id": 2, "addr": ""})
        data = to_json(regions.region_migration(Table("t", 1024, 2), [1], *peers, "Unknown"))

        assert data == (
            '{"persistent_ctx":{"catalog_and_schema":[["greptime","public"]],"from_peer":{"id":1,"addr":""},'
            '"to_peer":{"id":2,"addr":""},"region_ids":[4398046511105],"timeout":"10s",'
            '"trigger_reason":"Unknown"},"state":{"region_migration_state":"OpenCandidateRegion"}}'
        )

    def test_there_are_a_dozen_tables_on_three_datanodes(self) -> None:
        assert len(TABLES) == 12
        assert [peer["id"] for peer in DATANODES] == [1, 2, 3]


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.weight and kind.states], ids=lambda kind: kind.name
)
class TestEachType:
    def test_every_state_is_compact_json_in_the_order_of_the_catalogue(self, kind: Kind) -> None:
        for seed in SEEDS:
            states = list(states_from(kind, opened(kind, seed)))
            names = [state_name(kind, data) for data in states]

            assert all(json.dumps(json.loads(data), separators=(",", ":")) == data for data in states)
            assert names == sorted(names, key=kind.states.index)
            assert names[-1] == kind.states[-1]

    def test_the_fields_keep_their_order_from_step_to_step(self, kind: Kind) -> None:
        first, *others = [list(json.loads(data)) for data in states_from(kind, opened(kind, 0))]

        assert all(fields == first for fields in others)

    def test_the_same_chance_gives_the_same_procedure(self, kind: Kind) -> None:
        assert opened(kind, 3) == opened(kind, 3)


class TestLives:
    def test_drop_database_takes_one_step_for_each_table(self) -> None:
        kind = next(kind for kind in KINDS if kind.name == "DropDatabase")
        opening = {
            "catalog": "greptime",
            "schema": BIG_DATABASE.schema,
            "drop_if_exists": False,
            "state": {"drop_database_state": "DropDatabaseCursor", "target": "Logical"},
        }
        executors = [
            json.loads(data)["state"]
            for data in states_from(kind, to_json(opening))
            if state_name(kind, data) == "DropDatabaseExecutor"
        ]

        assert len(executors) == BIG_DATABASE.table_count
        assert len({state["table_id"] for state in executors}) == BIG_DATABASE.table_count
        assert executors[1]["table_name"]["table_name"] == "orders_001"

    def test_a_repartition_starts_one_group_for_each_plan(self) -> None:
        kind = next(kind for kind in KINDS if kind.name == "Repartition")
        states = list(states_from(kind, opened(kind, 1)))
        waiting = [data for data in states if waits_for_children(kind.type_name, data)]
        children = children_at(kind.type_name, waiting[0], "the-parent", chance(1))

        assert waiting == [states[2]]
        assert [type_name for type_name, _ in children] == ["metasrv-procedure::RepartitionGroup"] * 2
        contexts = [json.loads(data)["persistent_ctx"] for _, data in children]
        plans = json.loads(waiting[0])["persistent_ctx"]["plans"]
        assert [context["group_id"] for context in contexts] == [plan["group_id"] for plan in plans]
        assert {context["parent_procedure_id"] for context in contexts} == {"the-parent"}

    def test_a_catalogue_is_reconciled_down_to_its_tables(self) -> None:
        kind = next(kind for kind in KINDS if kind.name == "ReconcileCatalog")
        databases = children_at(kind.type_name, opened(kind, 1), "catalogue", chance(1))
        tables = children_at(*databases[0], "database", chance(1))

        assert {type_name for type_name, _ in databases} == {"metasrv-procedure::ReconcileDatabase"}
        assert {type_name for type_name, _ in tables} == {"metasrv-procedure::ReconcileTable"}

    @pytest.mark.parametrize(
        ("type_name", "data"),
        [
            ("metasrv-procedure::RegionFailover", "{}"),
            ("metasrv-procedure::DropTable", '{"state":"Prepare"}'),
            ("metasrv-procedure::DropTable", "[]"),
            ("metasrv-procedure::RegionMigration", '{"state":"OpenCandidateRegion"}'),
            ("metasrv-procedure::CreateTable", "no JSON"),
        ],
    )
    def test_what_the_demo_does_not_know_is_not_gone_on_with(self, type_name: str, data: str) -> None:
        assert not can_continue(type_name, data)
        with pytest.raises(ValueError, match=r"demo|data"):
            following(type_name, data)
