"""The store's schema changes beside the build before: nothing is lost by either of them."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ohmstead
from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store import sql, versions
from ohmstead.adapters.store.grafting import graft
from ohmstead.adapters.store.migration import Migration, Rewrite, Rewriting
from ohmstead.adapters.store.migrations import MIGRATIONS
from ohmstead.adapters.store.rewriting import rewrite_all, unfinished
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.operations import migrating
from ohmstead.apps.operations.migrating import ALL_TABLES
from ohmstead.errors import OperatorError, StoreUnavailable
from ohmstead.frozen import replace
from tests.adapters.store.builds import (
    FIRST,
    NEW,
    NEW_TABLES,
    OLD,
    SECOND,
    Car,
    Depot,
    Mark,
    NewCar,
    NewMark,
    NewSeat,
    Seat,
    drive,
    keep,
    new_build,
    old_build,
)
from tools import gen_schema

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("schema_*.sql"))
ROOT = Path(__file__).parents[3]


def restored(fixture, folder):
    path = folder / "ohmstead.db"
    db = sqlite3.connect(path)
    db.executescript(fixture.read_text())
    db.close()
    return path


async def with_store(store, work):
    try:
        return await work(store)
    finally:
        await store.close()


async def cars_in(path, build=old_build, count=3):
    """A store with some cars, closed again."""
    cars = [Car(f"{n:03d}", f"{'NE'[n % 2]}-{n}", seats=(Seat("a"),)) for n in range(count)]
    await with_store(build(path), lambda store: store.run(keep, cars))


class TestStoresOfEverySchema:
    def test_this_schema_has_a_fixture(self):
        assert SCHEMAS
        assert SCHEMAS[-1].name == f"schema_{MIGRATIONS[-1].number:04d}.sql", (
            "run tools/gen_store_fixture.py and commit what it writes"
        )

    @pytest.mark.parametrize("fixture", SCHEMAS, ids=lambda one: one.stem)
    async def test_a_store_of_that_schema_is_opened_read_and_rewritten(self, fixture, tmp_path):
        path = restored(fixture, tmp_path)
        db = sqlite3.connect(path)
        names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
        held = {
            table.name: db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
            for table in ALL_TABLES
            if table.name in names
        }
        db.close()
        assert len(held) >= 40
        for _ in range(2):  # the second time nothing is left to do
            store = SqliteStore.open(path, ALL_TABLES, ManualClock(1))
            await rewrite_all(store, MIGRATIONS, rests=False)
            for table in ALL_TABLES:
                found = store.find(table.kind, 100)
                assert len(found) >= held.get(table.name, 0), table.name
                for record in found:
                    assert store.get(table.kind, record.key) == record
            assert unfinished(store, MIGRATIONS) == []
            await store.close()

    async def test_a_store_from_before_schemas_were_counted_is_adopted(self, tmp_path):
        path = tmp_path / "s.db"
        store = SqliteStore.open(path, NEW_TABLES[:2], ManualClock(1), migrations=())
        await store.run(keep, [NewCar("1", "N-1")])
        await store.close()
        db = sqlite3.connect(path)
        db.execute("DROP TABLE schema_migrations")
        db.execute("DROP TABLE schema_state")
        db.commit()
        db.close()
        store = new_build(path)
        assert await rewrite_all(store, NEW, rests=False) == 1
        assert store.find(NewCar, 9, depot="N")[0].id == "1"
        await store.close()


class TestTheList:
    def test_migrations_are_numbered_without_a_gap(self):
        numbers = [one.number for one in MIGRATIONS]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    def test_each_migration_is_a_file_of_its_number_and_name(self):
        folder = ROOT / "src/ohmstead/adapters/store/migrations"
        files = sorted(one.stem for one in folder.glob("m[0-9]*.py"))
        assert files == [f"m{one.number:04d}_{one.name.replace(' ', '_')}" for one in MIGRATIONS]

    def test_what_a_migration_adds_is_there(self):
        tables = {table.name: table.indexes for table in ALL_TABLES}
        dropped = {name for one in MIGRATIONS for name in one.drops}
        for one in MIGRATIONS:
            for name in set(one.adds) - dropped:
                table, _, column = name.partition(".")
                assert table in tables, name
                assert not column or column in tables[table], name

    def test_what_is_dropped_was_not_used_by_the_release_before(self):
        builds = {one.number: one.build for one in MIGRATIONS}
        for one in MIGRATIONS:
            if one.drops:
                assert one.oldest < one.number, one.name
                assert builds.get(one.oldest) != one.build, f"{one.name}: one release later"

    def test_a_migration_does_not_add_and_drop_at_once(self):
        with pytest.raises(ValueError, match="drops and adds"):
            Migration(2, "both", "1.0.0", adds=("a",), drops=("b",))
        with pytest.raises(ValueError, match="oldest"):
            Migration(2, "ahead", "1.0.0", oldest=3)


class TestWhatIsStored:
    def test_no_stored_value_changes_without_a_migration(self):
        old = json.loads(gen_schema.SNAPSHOT.read_text())
        kind, broken = gen_schema.differences(old, gen_schema.snapshot())
        assert not kind + broken, (
            f"{kind + broken}: add a migration and run tools/gen_schema.py, with --unreleased if "
            "no release has the newest migration yet (docs/internals/decisions/0014)"
        )
        assert old["schema"] == MIGRATIONS[-1].number, "run tools/gen_schema.py"

    def test_a_field_at_the_end_with_a_default_is_one_that_the_build_before_can_live_with(self):
        def of(*fields):
            tables = {"cars": {"record": "Car", "indexes": ["plate"]}}
            return {"schema": 1, "tables": tables, "values": {"Car": list(fields)}}

        old = of("id: str", "km: int = 0")
        assert gen_schema.differences(old, of("id: str", "km: int = 0", "a: str = ''")) == (
            ["Car.a: str = '' is new"],
            [],
        )
        for worse in (
            of("id: str", "a: str = ''", "km: int = 0"),
            of("id: str"),
            of("id: int", "km: int = 0"),
            of("id: str", "km: int = 0", "a: str"),
            of("id: str", "km: int = 0", "BLUE = 'blue'"),
        ):
            assert gen_schema.differences(old, worse)[1], worse
        gone = {**old, "tables": {}}
        assert gen_schema.differences(old, gone)[1] == ["cars is gone"]

    def test_a_change_without_a_migration_is_refused_by_its_name(self):
        new = gen_schema.snapshot()
        old = json.loads(json.dumps(new))
        old["values"]["Session"] = old["values"]["Session"][:-1]
        assert any("Session." in why for why in gen_schema.refused(old, new))
        assert gen_schema.refused(new, new) == []


class TestTheBuildBefore:
    async def test_it_goes_on_while_the_new_build_expands_beside_it(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sql, "WAL_SAFE_VERSION", (0,))
        path = tmp_path / "ohmstead.db"
        await cars_in(path)
        old = old_build(path)
        assert migrating.migrate(tmp_path, NEW_TABLES, NEW) is True
        await old.run(keep, [Car("900", "E-900")])
        assert await old.run(drive, (Car, "000", 5)) == 5
        assert old.get(Car, "900").plate == "E-900"
        assert [car.id for car in old.find(Car, 9, plate="E-900")] == ["900"]
        await old.close()
        new = new_build(path)
        assert new.get(NewCar, "000").km == 5
        assert await rewrite_all(new, NEW, rests=False) == 4
        assert [car.id for car in new.find(NewCar, 9, depot="E")] == ["001", "900"]
        await new.close()

    async def test_it_comes_back_and_keeps_what_it_does_not_know(self, tmp_path):
        path = tmp_path / "s.db"
        await cars_in(path, count=2)
        new = new_build(path)
        await rewrite_all(new, NEW, rests=False)
        marks = (NewMark(7, "scratch"), NewMark(9, "dent"))
        full = replace(
            new.get(NewCar, "000"), seats=(NewSeat("a", True), NewSeat("b")), marks=marks
        )
        await new.run(keep, [full])
        await new.close()

        old = old_build(path)
        for _ in range(3):  # also what is still on its way to the disk
            await old.run(drive, (Car, "000", 5))
        car = old.get(Car, "000")
        await old.run(keep, [replace(car, marks=(*car.marks, Mark(11)))])
        await old.run(keep, [Car("002", "E-2"), replace(old.get(Car, "001"), plate="X-1")])
        assert old.get(Car, "000").km == 15
        await old.close()

        new = new_build(path)
        assert new.get(NewCar, "000") == replace(full, km=15, marks=(*marks, NewMark(11)))
        # What the older build wrote is found by the newer one's columns, and rewritten as well.
        assert new.find(NewCar, 9, depot="") == [new.get(NewCar, "002")]
        assert unfinished(new, NEW)
        assert await rewrite_all(new, NEW, rests=False) == 1
        assert [car.id for car in new.find(NewCar, 9, depot="E")] == ["001", "002"]
        assert new.get(NewCar, "001").plate == "X-1"
        assert {car.moves for car in new.find(NewCar, 9)} == {1}
        await new.close()
        await with_store(new_build(path), lambda store: asyncio.sleep(0))

    async def test_it_is_refused_by_a_store_that_it_would_damage(self, tmp_path):
        path = tmp_path / "s.db"
        strict = (FIRST, Migration(2, "depots", "1.1.0"), Migration(3, "hard", "1.2.0", oldest=2))
        await cars_in(path)
        await with_store(new_build(path, strict), lambda store: asyncio.sleep(0))
        with pytest.raises(
            StoreUnavailable, match=r"too new.*schema 3.*start it with ohmstead 1\.2\.0"
        ):
            old_build(path)
        await with_store(new_build(path, NEW), lambda store: asyncio.sleep(0))

    async def test_a_store_that_is_too_old_is_refused_with_the_build_to_use(self, tmp_path):
        path = tmp_path / "s.db"
        await cars_in(path)
        late = (Migration(3, "later", "1.5.0"),)
        with pytest.raises(StoreUnavailable, match=r"too old.*open it once with ohmstead 1\.5\.0"):
            new_build(path, late)
        fresh = tmp_path / "fresh.db"
        await with_store(new_build(fresh, late), lambda store: asyncio.sleep(0))


class TestRewriting:
    async def test_it_may_be_killed_at_any_point_and_goes_on(self, tmp_path):
        path = tmp_path / "s.db"
        await cars_in(path, count=300)
        command = [sys.executable, "-m", "tests.adapters.store.builds", str(path)]
        env = {"PYTHONPATH": f"{Path(ohmstead.__file__).parents[1]}:{ROOT}"}
        seen = []
        for _ in range(2):
            with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE) as process:
                try:
                    assert process.stdout.readline() == b"open\n"
                    process.stdout.readline() if seen else await asyncio.sleep(0.05)
                finally:
                    process.send_signal(signal.SIGKILL)
            with sqlite3.connect(path) as db:
                row = db.execute("SELECT body FROM rewritings").fetchone()
            seen.append(0 if row is None else msgspec.json.decode(row[0], type=Rewriting).seen)
        assert seen[1] == 300
        store = new_build(path)
        assert await rewrite_all(store, NEW, rests=False) == 0
        cars = store.find(NewCar, 999)
        assert len(cars) == 300
        assert {(car.depot, car.moves) for car in cars} == {("N", 1), ("E", 1)}
        await store.close()

    async def test_what_changes_meanwhile_is_not_overwritten(self, tmp_path):
        path = tmp_path / "s.db"
        await cars_in(path, count=200)
        store = new_build(path)
        rewriting = asyncio.create_task(rewrite_all(store, NEW, handful=9))
        driven = 0
        while not rewriting.done():
            await asyncio.gather(
                *(store.run(drive, (NewCar, f"{n:03d}", 1)) for n in range(0, 200, 20))
            )
            driven += 1
        assert await rewriting == 200
        for number in range(200):
            car = store.get(NewCar, f"{number:03d}")
            assert (car.km, car.moves) == (0 if number % 20 else driven, 1)
        await store.close()

    async def test_a_migration_that_changes_a_key_is_a_defect_and_changes_nothing(self, tmp_path):
        path = tmp_path / "s.db"
        await cars_in(path)
        bad = Migration(
            2, "bad", "1.1.0", rewrites=(Rewrite(NewCar, lambda c: replace(c, id="x")),)
        )
        store = new_build(path, (FIRST, bad))
        await migrating.rewrite_in_background(store, (FIRST, bad))  # says so and lets others work
        assert [car.id for car in store.find(NewCar, 9)] == ["000", "001", "002"]
        await store.close()


class TestTheOperator:
    async def test_is_told_what_would_be_done_before_it_is_done(self, tmp_path):
        await cars_in(tmp_path / "ohmstead.db")
        before = migrating.status(tmp_path, NEW_TABLES, NEW)
        assert (before["store"], before["schema"], before["in_use"]) == (1, 2, False)
        assert before["missing_tables"] == ["depots"]
        assert [one["state"] for one in before["migrations"]] == ["expanded", "missing"]
        assert before["problem"] == ""

    def test_is_told_that_there_is_no_store(self, tmp_path):
        with pytest.raises(OperatorError, match="--dir"):
            migrating.status(tmp_path)

    async def test_sees_how_far_it_has_come(self, tmp_path):
        path = tmp_path / "ohmstead.db"
        await cars_in(path)
        await with_store(new_build(path), lambda store: asyncio.sleep(0))
        assert migrating.status(tmp_path, NEW_TABLES, NEW)["migrations"][1]["state"] == "rewriting"
        store = await asyncio.to_thread(migrating.migrate, tmp_path, NEW_TABLES, NEW)
        assert store is False
        after = migrating.status(tmp_path, NEW_TABLES, NEW)["migrations"][1]
        assert (after["state"], after["rewrites"][0]["changed"]) == ("expanded", 3)

    async def test_alone_drops_and_only_from_a_store_that_nobody_uses(self, tmp_path):
        path = tmp_path / "ohmstead.db"
        await cars_in(path)
        third = Migration(3, "no plates", "1.3.0", drops=("depots", "cars.plate"), oldest=2)
        await with_store(new_build(path), lambda store: asyncio.sleep(0))
        later = (*NEW, third)
        store = SqliteStore.open(path, NEW_TABLES, ManualClock(1), migrations=later)
        with pytest.raises(OperatorError, match="stop the house"):
            migrating.contract(tmp_path, later)
        await store.close()
        states = [
            one["state"] for one in migrating.status(tmp_path, NEW_TABLES, later)["migrations"]
        ]
        assert states[2] == "waits for --contract"
        await with_store(old_build(path), lambda store: asyncio.sleep(0))  # still may
        assert migrating.contract(tmp_path, later) == ["depots", "cars.plate"]
        assert migrating.contract(tmp_path, later) == []
        with pytest.raises(StoreUnavailable, match="too new"):
            old_build(path)

    async def test_an_old_sqlite_does_not_write_beside_a_running_house(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sql, "WAL_SAFE_VERSION", (99,))
        await cars_in(tmp_path / "ohmstead.db")
        old = old_build(tmp_path / "ohmstead.db")
        with pytest.raises(OperatorError, match=r"may damage.*ohmstead restart"):
            migrating.migrate(tmp_path, NEW_TABLES, NEW)
        await old.close()

    async def test_expanding_beside_a_running_house_is_written_down_once(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(sql, "WAL_SAFE_VERSION", (0,))
        path = tmp_path / "ohmstead.db"
        await cars_in(path)
        old = old_build(path)
        for _ in range(2):
            migrating.migrate(tmp_path, NEW_TABLES, NEW)
        await old.close()
        with sqlite3.connect(path) as db:
            assert [one.number for one in versions.applied(db)] == [1, 2]


# Grafting: values of an older and a newer build.

MARKS = st.builds(NewMark, st.integers(0, 3), st.text("xy", max_size=2))
SEATS = st.builds(NewSeat, st.sampled_from("abc"), st.booleans())
CARS = st.builds(
    NewCar,
    st.just("1"),
    st.sampled_from(["N", "E"]),
    st.integers(0, 2),
    st.lists(SEATS, max_size=4).map(tuple),
    st.lists(MARKS, max_size=4).map(tuple),
    st.text("dé", max_size=2),
    st.integers(0, 10**30),
)
encode, as_old, as_new = (
    msgspec.json.encode,
    msgspec.json.Decoder(Car).decode,
    msgspec.json.Decoder(NewCar).decode,
)


@given(CARS, CARS)
def test_a_graft_says_to_the_older_build_exactly_what_it_wrote(stored, other):
    body = encode(stored)
    wanted = as_old(encode(other))
    grafted = graft(body, encode(as_old(body)), encode(wanted))
    assert as_old(grafted) == wanted
    newer = as_new(grafted)
    assert (newer.depot, newer.moves) == (stored.depot, stored.moves)
    assert {seat.heated for seat in newer.seats} <= {False, *(s.heated for s in stored.seats)}


@given(CARS)
def test_a_graft_of_nothing_changed_loses_nothing(stored):
    body = encode(stored)
    known = encode(as_old(body))
    assert as_new(graft(body, known, known)) == stored


@given(CARS, st.integers(3, 9))
def test_a_list_that_grew_keeps_what_its_items_had(stored, at_km):
    body = encode(stored)
    old = as_old(body)
    grown = replace(old, marks=(*old.marks, Mark(at_km)))
    newer = as_new(graft(body, encode(old), encode(grown)))
    assert newer.marks[:-1] == stored.marks


def test_the_second_migration_is_pure():
    car = NewCar("1", "N-1")
    [rewrite] = SECOND.rewrites
    assert rewrite.change(rewrite.change(car)) == rewrite.change(car)
    assert OLD == (FIRST,)
    assert Depot("d").key == "d"
