"""The decisions of the simulated engine, without any store."""

from collections import Counter

import pytest

from procdash.demo.simulation import MAX_RETRIES, FoundProcedure, Simulation, Write
from procdash.store import KeyType, ProcedureMessage


def make_simulation(seed: int = 1, population: int = 20) -> Simulation:
    return Simulation(seed, population=population, linger=3.0)


def advance(simulation: Simulation, writes: int, start: float = 0.0) -> list[Write | list[str]]:
    """Carry out everything the simulation asks for, one write a second; returns what that was."""
    happened: list[Write | list[str]] = []
    for second in range(writes):
        now = start + second
        happened.extend(simulation.take_removals(now))
        write = simulation.next_write(now)
        if write is not None:
            simulation.succeeded(write, now)
            happened.append(write)
    return happened


def writes_of(happened: list[Write | list[str]]) -> list[Write]:
    return [event for event in happened if isinstance(event, Write)]


class TestDecisions:
    def test_the_same_seed_decides_the_same(self) -> None:
        assert advance(make_simulation(), 2_000) == advance(make_simulation(), 2_000)

    def test_another_seed_decides_otherwise(self) -> None:
        assert advance(make_simulation(1), 50) != advance(make_simulation(2), 50)

    def test_everything_happens_sooner_or_later(self) -> None:
        writes = writes_of(advance(make_simulation(), 5_000))
        kinds = Counter(write.key_type for write in writes)
        types = {write.message.type_name for write in writes}
        errors = {(write.message.error or "").partition(" ")[0] for write in writes}

        assert len(types) == 21
        assert kinds[KeyType.STEP] > kinds[KeyType.COMMIT] > kinds[KeyType.ROLLBACK] > 10
        assert errors == {"", "Procedure", "Failed", "Subprocedure"}

    def test_a_step_is_now_and_then_written_again(self) -> None:
        writes = writes_of(advance(make_simulation(), 2_000))
        steps = Counter((write.procedure_id, write.message.step) for write in writes)

        assert 10 < sum(1 for count in steps.values() if count > 1) < 200

    def test_a_procedure_that_finishes_at_once_writes_only_its_commit(self) -> None:
        writes = writes_of(advance(make_simulation(), 2_000))
        pruned = [write for write in writes if write.message.type_name == "metasrv-procedure::WalPrune"]

        assert pruned
        assert {write.message.step for write in pruned} == {0}
        assert KeyType.STEP not in {write.key_type for write in pruned}

    def test_the_population_stays_near_its_size(self) -> None:
        simulation = make_simulation()
        sizes: list[int] = []
        for _ in range(200):
            advance(simulation, 10, start=10.0 * len(sizes))
            sizes.append(len(simulation))

        assert all(12 <= size <= 28 for size in sizes[20:])

    def test_an_ended_procedure_stays_for_a_while(self) -> None:
        simulation = make_simulation()
        ended: dict[str, float] = {}
        stays: list[float] = []
        for second in range(500):
            now = float(second)
            for procedure_ids in simulation.take_removals(now):
                stays.extend(
                    now - ended[procedure_ids[-1]] for _ in procedure_ids[-1:] if procedure_ids[-1] in ended
                )
            write = simulation.next_write(now)
            if write is not None:
                simulation.succeeded(write, now)
                if write.key_type is KeyType.COMMIT:
                    ended[write.procedure_id] = now

        assert min(stays) >= 1.5
        assert max(stays) <= 5.5


class TestFailures:
    def test_a_failed_write_is_tried_again_as_it_was_and_later_each_time(self) -> None:
        simulation = make_simulation(population=1)
        write = simulation.next_write(0.0)
        assert write is not None
        simulation.failed(write, 0.0)

        assert simulation.next_write(0.4) is None
        assert simulation.next_write(0.7) == write
        simulation.failed(write, 0.7)
        assert simulation.next_write(1.5) is None
        assert simulation.next_write(2.0) == write

    def test_when_the_retries_are_used_up_it_rolls_back_and_then_ends(self) -> None:
        simulation = make_simulation(population=1)
        now = 0.0
        tried: list[KeyType] = []
        while not (removals := simulation.take_removals(now)):
            now += 100.0
            write = simulation.next_write(now)
            if write is not None:
                tried.append(write.key_type)
                simulation.failed(write, now)

        attempts = MAX_RETRIES + 1
        assert tried == [KeyType.STEP] * attempts + [KeyType.ROLLBACK] * attempts
        assert [len(procedure_ids) for procedure_ids in removals] == [1]
        assert len(simulation) == 0


class TestAdoption:
    PARENT = FoundProcedure(
        "parent",
        KeyType.STEP,
        0,
        ProcedureMessage(
            "metasrv-procedure::ReconcileCatalog",
            '{"state":{"reconcile_catalog_state":"ReconcileDatabases"}}',
            None,
            0,
        ),
    )
    DATABASE = '{"state":{"reconcile_database_state":"ReconcileLogicalTables"}}'

    def child(self, name: str, key_type: KeyType, parent_id: str = "parent") -> FoundProcedure:
        message = ProcedureMessage("metasrv-procedure::ReconcileDatabase", self.DATABASE, parent_id, 1)
        return FoundProcedure(name, key_type, 2 if key_type is KeyType.COMMIT else 1, message)

    def test_a_child_may_be_found_before_its_parent(self) -> None:
        simulation = make_simulation(population=1)
        simulation.adopt([self.child("child", KeyType.STEP), self.PARENT], 0.0)

        assert len(simulation) == 2

    def test_a_parent_waits_for_the_child_that_runs(self) -> None:
        simulation = make_simulation(population=1)
        found = [self.PARENT, self.child("done", KeyType.COMMIT), self.child("moving", KeyType.STEP)]
        simulation.adopt(found, 0.0)
        happened = advance(simulation, 60)
        writers = [event.procedure_id for event in happened if isinstance(event, Write)]

        assert writers[:2] == ["moving", "parent"]
        assert ["done", "moving", "parent"] in happened

    def test_a_step_goes_on_after_the_last_one(self) -> None:
        simulation = make_simulation(population=1)
        simulation.adopt([self.PARENT, self.child("moving", KeyType.STEP)], 0.0)
        write = simulation.next_write(0.0)

        assert write is not None
        assert (write.procedure_id, write.message.step, write.message.parent_id) == ("moving", 2, "parent")

    def test_a_waiting_parent_without_children_starts_them_anew(self) -> None:
        simulation = make_simulation(population=1)
        simulation.adopt([self.PARENT], 0.0)

        assert len(simulation) == 2

    @pytest.mark.parametrize(
        "found",
        [
            FoundProcedure(
                "x", KeyType.STEP, 0, ProcedureMessage("metasrv-procedure::RegionFailover", "{}", None, 0)
            ),
            FoundProcedure(
                "x", KeyType.STEP, 0, ProcedureMessage("metasrv-procedure::DropTable", '{"state":"?"}', None, 0)
            ),
            FoundProcedure(
                "x",
                KeyType.STEP,
                0,
                ProcedureMessage("metasrv-procedure::ReconcileDatabase", DATABASE, "x", 0),
            ),
        ],
        ids=["unknown type", "unknown state", "own parent"],
    )
    def test_what_cannot_be_gone_on_with_is_left_alone(self, found: FoundProcedure) -> None:
        simulation = make_simulation(population=1)
        simulation.adopt([found], 0.0)

        assert len(simulation) == 0
