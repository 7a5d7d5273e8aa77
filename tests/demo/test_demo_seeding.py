"""The seeded store: reproducible, and with every promised case, as the reader and the loader see it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from procdash.demo import seed_store
from procdash.insight.problems import ProblemCode, problems_of
from procdash.insight.verdict import Verdict, verdict_of
from procdash.live.index import ProcedureIndex
from procdash.store import (
    KeyType,
    MessageError,
    ProcedureDetail,
    ProcedureMessage,
    ProcedureMessages,
    open_procedure_reader,
    open_procedure_store,
)
from procdash.store.records import ProcedureRecord

NOW = 1_795_292_160.0
PREFIX = "metasrv-procedure::"


class SeededStore:
    """Everything that reading a seeded store gives."""

    def __init__(
        self, index: ProcedureIndex, details: dict[str, ProcedureDetail], values: dict[str, bytes]
    ) -> None:
        self.index = index
        self.details = details
        self.values = values

    @classmethod
    async def read(cls, root: Path) -> "SeededStore":
        reader = open_procedure_reader(str(root))
        index = ProcedureIndex()
        index.apply_reading(await reader.read_entries(await reader.list_entries()))
        details: dict[str, ProcedureDetail] = {}
        values: dict[str, bytes] = {}
        for procedure_id in index:
            detail = await reader.read_detail(procedure_id)
            assert detail is not None
            details[procedure_id] = detail
            for key in detail.keys:
                value = await reader.read_value(key.metadata.key)
                assert value is not None
                values[key.metadata.key] = value
        return cls(index, details, values)

    def problems(self, record: ProcedureRecord) -> list[ProblemCode]:
        return [problem.code for problem in problems_of(record, self.index.surroundings_of(record), now=NOW)]

    def with_problem(self, code: ProblemCode) -> list[ProcedureRecord]:
        return [record for record in self.index.records() if code in self.problems(record)]

    def of_type(self, name: str, verdict: Verdict) -> list[ProcedureRecord]:
        return [
            record
            for record in self.index.records()
            if verdict_of(record) is verdict and record.message and record.message.type_name == f"{PREFIX}{name}"
        ]

    def message(self, record: ProcedureRecord) -> ProcedureMessage:
        assert record.deciding_key is not None
        return ProcedureMessage.from_json(self.values[record.deciding_key])

    def state(self, record: ProcedureRecord) -> object:
        return json.loads(self.message(record).data)["state"]


@pytest.fixture
async def default_store(tmp_path: Path) -> SeededStore:
    seed_store(tmp_path, procedures=24, seed=0, now=NOW)
    return await SeededStore.read(tmp_path)


def tree(root: Path) -> dict[str, tuple[bytes | None, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
        for path in root.rglob("*")
    }


async def load(root: Path) -> ProcedureMessages:
    store = await open_procedure_store(str(root))
    return await store.load_messages()


class TestReproducible:
    @pytest.mark.parametrize("procedures", [24, 700])
    def test_the_same_seed_gives_the_same_tree(self, tmp_path: Path, procedures: int) -> None:
        for name in ("one", "two"):
            seed_store(tmp_path / name, procedures=procedures, seed=7, now=NOW)

        assert tree(tmp_path / "one") == tree(tmp_path / "two")

    def test_another_seed_gives_other_procedures(self, tmp_path: Path) -> None:
        for seed in (1, 2):
            seed_store(tmp_path / str(seed), procedures=30, seed=seed, now=NOW)

        assert not tree(tmp_path / "1").keys() & tree(tmp_path / "2").keys() - {"procedure"}

    def test_every_time_counts_back_from_now(self, tmp_path: Path) -> None:
        for now in (NOW, NOW + 1_000):
            seed_store(tmp_path / str(now), procedures=24, seed=7, now=now)
        early, late = tree(tmp_path / str(NOW)), tree(tmp_path / str(NOW + 1_000))

        assert {path: time - early[path][1] for path, (_, time) in late.items()} == dict.fromkeys(
            early, 1_000_000_000_000
        )
        assert all(time <= NOW * 1e9 for _, time in early.values())

    @pytest.mark.parametrize("procedures", [0, 1, 7, 20, 600])
    def test_it_holds_as_many_procedures_as_asked_for(self, tmp_path: Path, procedures: int) -> None:
        seed_store(tmp_path, procedures=procedures, seed=3, now=NOW)

        assert len(list((tmp_path / "procedure").iterdir())) == procedures

    def test_progress_ends_at_the_total(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []
        seed_store(tmp_path, procedures=600, seed=3, now=NOW, on_progress=lambda *progress: seen.append(progress))

        assert seen == sorted(seen)
        assert seen[-1] == (600, 600)
        assert len(seen) > 1

    def test_nothing_temporary_is_left(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=24, seed=3, now=NOW)

        assert [path.name for path in tmp_path.iterdir()] == ["procedure"]


class TestPromisedCases:
    @pytest.mark.parametrize(
        ("name", "state"),
        [
            ("CreateTable", "CreateMetadata"),
            ("AlterTable", "SubmitAlterRegionRequests"),
            ("DropTable", "DatanodeDropRegions"),
            ("CreateLogicalTables", "CreateMetadata"),
            ("RegionMigration", {"region_migration_state": "OpenCandidateRegion"}),
        ],
    )
    async def test_running(self, default_store: SeededStore, name: str, state: object) -> None:
        healthy = [
            record for record in default_store.of_type(name, Verdict.LOADED) if not default_store.problems(record)
        ]

        assert state in [default_store.state(record) for record in healthy]

    async def test_a_region_migration_that_rolls_back(self, default_store: SeededStore) -> None:
        (record,) = default_store.of_type("RegionMigration", Verdict.ROLLING_BACK)
        keys = [key.metadata.key.rpartition("/")[2] for key in default_store.details[record.procedure_id].keys]

        assert keys == ["0000000000.step", "0000000001.rollback"]
        assert default_store.message(record).error == (
            f"Procedure retry exceeded max times, procedure_id: {record.procedure_id}"
        )

    async def test_a_family_with_one_group_committed(self, default_store: SeededStore) -> None:
        (parent,) = default_store.of_type("Repartition", Verdict.LOADED)
        children = {
            procedure_id: default_store.index.get(procedure_id)
            for procedure_id, detail in default_store.details.items()
            if ProcedureMessage.from_json(default_store.values[detail.keys[0].metadata.key]).parent_id
            == parent.procedure_id
        }

        assert default_store.state(parent) == {"repartition_state": "Dispatch"}
        verdicts = [verdict_of(record) for record in children.values() if record is not None]
        assert sorted(verdicts) == [Verdict.FINISHED, Verdict.LOADED]
        assert not default_store.problems(parent)

    async def test_a_drop_database_with_many_keys(self, default_store: SeededStore) -> None:
        (record,) = default_store.of_type("DropDatabase", Verdict.LOADED)

        assert record.key_count == 40

    async def test_a_corrupt_top_step_over_good_ones(self, default_store: SeededStore) -> None:
        (record,) = default_store.with_problem(ProblemCode.UNREADABLE)
        *good, (_, corrupt) = [
            (key, default_store.values[key.metadata.key])
            for key in default_store.details[record.procedure_id].keys
        ]

        assert all(ProcedureMessage.from_json(value) for _, value in good)
        assert good
        with pytest.raises(MessageError):
            ProcedureMessage.from_json(corrupt)
        assert corrupt.startswith(b'{"type_name"')

    async def test_an_orphan(self, default_store: SeededStore) -> None:
        (record,) = default_store.with_problem(ProblemCode.ORPHAN)

        assert record.message
        assert record.message.type_name == f"{PREFIX}ReconcileTable"

    async def test_an_unknown_type(self, default_store: SeededStore) -> None:
        assert len(default_store.of_type("RegionFailover", Verdict.LOADED)) == 1

    async def test_a_tie(self, default_store: SeededStore) -> None:
        (record,) = default_store.with_problem(ProblemCode.AMBIGUOUS_TIE)

        assert verdict_of(record) is Verdict.FINISHED
        assert record.file_name == "0000000002.commit"
        assert [key.rpartition("/")[2] for key in record.tied_keys] == ["0000000002.step"]

    async def test_a_stuck_one(self, default_store: SeededStore) -> None:
        stuck = default_store.with_problem(ProblemCode.STUCK)

        assert [ProblemCode.STUCK] in [
            default_store.problems(record)
            for record in stuck
            if record.message and record.message.type_name == f"{PREFIX}AlterLogicalTables"
        ]

    async def test_a_stray_file(self, default_store: SeededStore) -> None:
        (record,) = default_store.with_problem(ProblemCode.STRAY_KEY)

        assert verdict_of(record) is Verdict.LOADED

    async def test_a_non_canonical_id(self, default_store: SeededStore) -> None:
        (record,) = default_store.with_problem(ProblemCode.NON_CANONICAL_ID)

        assert record.directory == record.procedure_id.upper() != record.procedure_id

    async def test_a_message_with_context(self, default_store: SeededStore) -> None:
        contexts = [
            default_store.message(record).context
            for record in default_store.of_type("TruncateTable", Verdict.LOADED)
        ]

        assert {"actor": "alice", "event_context": {"reason": "manual", "protocol": "mysql"}} in contexts

    async def test_a_message_from_v0_4(self, default_store: SeededStore) -> None:
        raw = [
            json.loads(default_store.values[str(record.deciding_key)])
            for record in default_store.of_type("TruncateTable", Verdict.LOADED)
        ]
        old = [message for message in raw if "region_routes" in json.loads(message["data"])]

        assert [list(message) for message in old] == [["type_name", "data", "parent_id", "step"]]

    async def test_a_finished_one_that_nobody_cleaned(self, default_store: SeededStore) -> None:
        healthy = [record for record in default_store.index.records() if not default_store.problems(record)]

        assert Verdict.FINISHED in [verdict_of(record) for record in healthy]

    async def test_ages_from_seconds_to_hours(self, default_store: SeededStore) -> None:
        ages = sorted(NOW - (record.modified_at or 0.0) for record in default_store.index.records())

        assert ages[0] < 5.0
        assert 30.0 < ages[len(ages) // 2] < 900.0
        assert 3_600.0 < ages[-1] < 86_400.0

    @pytest.mark.parametrize("seed", range(5))
    async def test_every_seed_has_every_problem(self, tmp_path: Path, seed: int) -> None:
        seed_store(tmp_path, procedures=24, seed=seed, now=NOW)
        store = await SeededStore.read(tmp_path)

        assert {code for record in store.index.records() for code in store.problems(record)} == set(ProblemCode)


class TestTheLoader:
    @pytest.mark.parametrize("procedures", [24, 700])
    async def test_it_accepts_every_message_but_the_corrupt_ones(self, tmp_path: Path, procedures: int) -> None:
        seed_store(tmp_path, procedures=procedures, seed=5, now=NOW)
        store = await SeededStore.read(tmp_path)
        loaded = await load(tmp_path)
        unreadable = store.with_problem(ProblemCode.UNREADABLE)

        assert len(loaded.messages) == store.index.counts[Verdict.LOADED]
        assert len(loaded.rollback_messages) == store.index.counts[Verdict.ROLLING_BACK]
        assert len(loaded.finished_ids) == store.index.counts[Verdict.FINISHED]
        everything = len(loaded.messages) + len(loaded.rollback_messages) + len(loaded.finished_ids)
        assert everything + len(unreadable) == procedures

    async def test_every_message_is_byte_exact_and_its_data_is_json(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=700, seed=5, now=NOW)
        store = await SeededStore.read(tmp_path)
        corrupt = {record.deciding_key for record in store.with_problem(ProblemCode.UNREADABLE)}
        for detail in store.details.values():
            for key in detail.keys:
                value = store.values[key.metadata.key]
                if key.parsed.key_type is KeyType.COMMIT:
                    assert value == b""
                elif key.metadata.key not in corrupt:
                    message = ProcedureMessage.from_json(value)
                    assert message.to_json().encode() == value
                    assert message.step == key.parsed.step
                    assert isinstance(json.loads(message.data), dict)

    async def test_a_large_store_is_mostly_healthy(self, tmp_path: Path) -> None:
        seed_store(tmp_path, procedures=1_500, seed=5, now=NOW)
        store = await SeededStore.read(tmp_path)
        shares = {verdict: count / 1_500 for verdict, count in store.index.counts.items()}
        troubled = sum(1 for record in store.index.records() if store.problems(record)) / 1_500
        types = Counter(record.message.type_name for record in store.index.records() if record.message)

        assert 0.3 < shares[Verdict.FINISHED] < 0.6
        assert 0.3 < shares[Verdict.LOADED] < 0.6
        assert 0.005 < shares[Verdict.ROLLING_BACK] < 0.06
        assert 0.005 < troubled < 0.06
        assert len(types) > 15
