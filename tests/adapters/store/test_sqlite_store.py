"""What is particular to the SQLite store: its file, its thread, its disk and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import ohmstead
from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store import sql
from ohmstead.adapters.store.drawers import WARM_PAGE
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.adapters.store.tables import Table
from ohmstead.adapters.store.writer import Options
from ohmstead.errors import StoreUnavailable
from ohmstead.ports import Decision, Job
from tests.adapters.store.powercut.check import what_is_wrong

SRC = Path(ohmstead.__file__).resolve().parent.parent
SUBJECT = Path(__file__).resolve().parent / "powercut" / "subject.py"


@dataclass(frozen=True, slots=True)
class Note:
    key: str
    text: str = ""
    shelf: str = ""


NOTES = (Table(Note, "notes", ("shelf",)),)
QUICK = Options(busy_ms=20, probe_ms=5)


def open_store(path, options=QUICK, tables=NOTES):
    return SqliteStore.open(path, tables, ManualClock(1), options)


def keep(state, note, now_ms):
    return Decision(note.key, puts=(note,))


def add(state, note, now_ms):
    return Decision(note.key, appends=(note,), jobs=(Job(note.key, "l", "k", {}),))


def rows(path, query="SELECT key FROM notes ORDER BY key"):
    db = sqlite3.connect(path)
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


async def until(condition):
    """Wait for what another thread does; pytest-timeout ends it if it never comes."""
    while not condition():
        await asyncio.sleep(0.002)


class TestTheFile:
    async def test_what_was_answered_is_there_after_reopening(self, tmp_path):
        path = tmp_path / "s.db"
        store = open_store(path)
        await store.run(add, Note("a", "x" * 9000, "left"))
        await store.close()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["s.db", "s.db.lock"]
        store = open_store(path)
        assert store.get(Note, "a") == Note("a", "x" * 9000, "left")
        assert [note.key for note in store.find(Note, 9, shelf="left")] == ["a"]
        assert [job.id for job in store.due_jobs(0, 9)] == ["a"]
        await store.close()

    async def test_a_table_read_at_the_start_is_not_asked_again(self, tmp_path):
        tables = (Table(Note, "notes", ("shelf",), ("shelf",)),)
        store = open_store(tmp_path / "s.db", tables=tables)
        for name in ("a", "b"):
            await store.run(keep, Note(name, name, "left"))
        await store.close()
        store = open_store(tmp_path / "s.db", tables=tables)
        store.warm(Note)
        assert store.find(Note, 9, shelf="right") == []  # reads which shelves there are
        asked = []
        read, drawer = store._read, store._decisions.drawer(Note)
        store._read = drawer._query = lambda query: asked.append(query) or read(query)
        assert store.get(Note, "a") == Note("a", "a", "left")
        assert store.get(Note, "c") is None
        assert store.find(Note, 9, shelf="right") == []
        assert asked == []
        await store.run(keep, Note("c", "c", "right"))
        assert [note.key for note in store.find(Note, 9, shelf="right")] == ["c"]
        assert store.get(Note, "c").text == "c"
        assert len(asked) == 1
        await store.close()

    async def test_a_damaged_row_does_not_keep_a_table_from_being_read(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        for name in ("a", "b"):
            await store.run(keep, Note(name, name))
        await store.close()
        db = sqlite3.connect(tmp_path / "s.db")
        with db:
            db.execute("UPDATE notes SET body = 'x' WHERE key = 'a'")
        db.close()
        store = open_store(tmp_path / "s.db")
        store.warm(Note)
        assert store.get(Note, "b").text == "b"
        with pytest.raises(StoreUnavailable, match="notes 'a'"):
            store.get(Note, "a")
        await store.close()

    async def test_a_disk_too_slow_to_read_a_table_keeps_no_house_from_starting(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        many = tuple(Note(f"{number:05}") for number in range(WARM_PAGE * 2 + 1))
        await store.run(lambda _state, notes, _now_ms: Decision(None, notes), many)
        await store.close()
        store = open_store(tmp_path / "s.db")
        drawer = store._decisions.drawer(Note)
        read, pages = drawer._query, []

        def slow(query):
            pages.append(query)
            if len(pages) == 2:
                raise StoreUnavailable("interrupted")
            return read(query)

        drawer._query = slow
        store.warm(Note)
        assert len(pages) == 2
        assert [store.get(Note, many[at].key) for at in (0, -1)] == [many[0], many[-1]]
        assert len(pages) == 3  # the last one was asked for; the first was read at the start
        await store.close()

    async def test_the_settings_are_the_durable_ones(self, tmp_path):
        store = SqliteStore.open(tmp_path / "s.db", NOTES, ManualClock(1))
        await store.run(keep, Note("a"))
        pragmas = ("journal_mode", "synchronous", "wal_autocheckpoint")
        seen = [store._writer._db.execute(f"PRAGMA {p}").fetchone()[0] for p in pragmas]
        assert seen == ["wal", 2, 0]
        await store.close()

    async def test_readers_cannot_write(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        assert store.find(Note, 1) == []
        with pytest.raises(StoreUnavailable, match="readonly"):
            store._read(lambda db: db.execute("DELETE FROM notes").fetchall())
        await store.close()

    async def test_a_read_that_takes_too_long_is_ended(self, tmp_path):
        store = open_store(tmp_path / "s.db", Options(read_ms=1))
        endless = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        )
        with pytest.raises(StoreUnavailable, match="interrupted"):
            store._read(lambda db: db.execute(endless).fetchall())
        assert store.get(Note, "a") is None
        await store.close()

    async def test_a_second_process_on_the_same_file_is_refused(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        with pytest.raises(StoreUnavailable, match=r"s\.db is in use by another process"):
            open_store(tmp_path / "s.db")
        await store.close()
        await open_store(tmp_path / "s.db").close()

    def test_a_folder_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(StoreUnavailable, match="absent"):
            open_store(tmp_path / "absent" / "s.db")

    @pytest.mark.parametrize("junk", [b"junk" * 5000, b"SQLite format 3\0" + b"\xff" * 9000])
    def test_a_file_that_is_no_database_is_refused_and_left_alone(self, tmp_path, junk):
        path = tmp_path / "s.db"
        path.write_bytes(junk)
        with pytest.raises(StoreUnavailable, match=r"s\.db"):
            open_store(path)
        assert path.read_bytes() == junk

    def test_a_database_of_another_program_is_refused(self, tmp_path):
        path = tmp_path / "s.db"
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE theirs(x)")
        db.close()
        with pytest.raises(StoreUnavailable, match="another program"):
            open_store(path)

    async def test_a_file_of_a_newer_version_is_refused(self, tmp_path):
        path = tmp_path / "s.db"
        await open_store(path).close()
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA user_version = {sql.LAYOUT_VERSION + 1}")
        db.close()
        with pytest.raises(StoreUnavailable, match="newer"):
            open_store(path)

    async def test_a_damaged_body_names_its_row_and_stops_nobody_else(self, tmp_path):
        path = tmp_path / "s.db"
        store = open_store(path)
        await store.run(keep, Note("a"))
        await store.run(keep, Note("b"))
        await store.close()
        db = sqlite3.connect(path)
        db.execute("UPDATE notes SET body = x'7b' WHERE key = 'a'")
        db.commit()
        db.close()
        store = open_store(path)
        with pytest.raises(StoreUnavailable, match="notes 'a'"):
            store.get(Note, "a")
        with pytest.raises(StoreUnavailable, match="notes 'a'"):
            await store.run(lambda s, c, n: Decision(s.get(Note, "a")), None)
        assert await store.run(lambda s, c, n: Decision(s.get(Note, "b")), None) == Note("b")
        assert store.available
        await store.close()

    async def test_a_damaged_page_makes_the_store_unavailable(self, tmp_path):
        path = tmp_path / "s.db"
        store = open_store(path)
        for n in range(200):
            await store.run(keep, Note(f"{n:03d}", "x" * 500))
        await store.close()
        raw = bytearray(path.read_bytes())
        for page in range(12, len(raw) // 4096):
            raw[page * 4096 : page * 4096 + 40] = b"\xee" * 40
        path.write_bytes(raw)
        store = open_store(path)
        with pytest.raises(StoreUnavailable, match="malformed"):
            for n in range(200):
                await store.run(keep, Note(f"{n:03d}", "y" * 500))
        await store.close()

    async def test_an_index_that_is_new_is_filled_from_what_is_there(self, tmp_path):
        path = tmp_path / "s.db"
        store = open_store(path, tables=(Table(Note, "notes"),))
        await store.run(keep, Note("a", "t", "left"))
        await store.close()
        store = open_store(path, tables=(Table(Note, "notes", ("shelf", "text")),))
        assert store.find(Note, 9, shelf="left", text="t") == [Note("a", "t", "left")]
        await store.close()

    async def test_every_search_uses_an_index(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        plan = store._read(
            lambda db: db.execute(
                "EXPLAIN QUERY PLAN SELECT key, body FROM notes WHERE key > '' AND shelf IS 'x' "
                "ORDER BY key LIMIT 5"
            ).fetchall()
        )
        text = " ".join(row[3] for row in plan)
        assert "SEARCH notes USING INDEX" in text and "TEMP B-TREE" not in text
        await store.close()

    def test_an_old_library_is_warned_of(self, tmp_path, caplog, monkeypatch):
        for version, warned in (((3, 51, 2), True), ((3, 51, 3), False)):
            caplog.clear()
            monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
            with caplog.at_level(logging.WARNING, "ohmstead.store"):
                sql.warn_if_old()
            assert ("3.51.3" in caplog.text or bool(caplog.records)) == warned

    async def test_a_snapshot_is_a_whole_store_of_its_moment(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        await store.run(add, Note("a", shelf="left"))
        (tmp_path / "copy.db").write_bytes(b"old")
        await store.snapshot(tmp_path / "copy.db")
        await store.run(add, Note("b"))
        with pytest.raises(StoreUnavailable, match="absent"):
            await store.snapshot(tmp_path / "absent" / "copy.db")
        await store.close()
        copy = open_store(tmp_path / "copy.db")
        assert copy.find(Note, 9) == [Note("a", shelf="left")]
        assert [job.id for job in copy.due_jobs(0, 9)] == ["a"]
        assert await copy.run(add, Note("c")) == "c"
        await copy.close()


class TestTheWriter:
    async def test_many_flows_share_one_commit(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        await asyncio.gather(*(store.run(add, Note(f"{n:04d}")) for n in range(1000)))
        assert store.commits < 100
        assert len(store.find(Note, 2000)) == 1000
        await store.close()

    async def test_a_record_changed_often_in_a_batch_is_written_once(self, tmp_path):
        writes = []

        def bump(state, command, now_ms):
            old = state.get(Note, "hot") or Note("hot", "0")
            return Decision(1, puts=(Note("hot", str(int(old.text) + 1)),))

        store = open_store(tmp_path / "s.db")
        store._writer._db.set_trace_callback(writes.append)
        await asyncio.gather(*(store.run(bump, None) for _ in range(300)))
        assert store.get(Note, "hot").text == "300"
        inserts = sum("INTO notes" in text for text in writes)
        assert 0 < inserts <= store.commits < 100
        await store.close()

    async def test_a_record_pushed_out_of_the_cache_is_read_again(self, tmp_path):
        def read(state, key, now_ms):
            return Decision(state.get(Note, key))

        store = open_store(tmp_path / "s.db", Options(cache_records=3))
        notes = [Note(f"{n}", f"text {n}") for n in range(20)]
        for note in notes:
            await store.run(keep, note)
        assert [await store.run(read, note.key) for note in notes] == notes
        assert [store.get(Note, note.key) for note in notes] == notes
        await store.close()

    async def test_a_record_moves_between_shelves_even_after_a_search_in_the_same_batch(
        self, tmp_path
    ):
        def move(state, shelf, now_ms):
            found = [note.shelf for note in state.find(Note, 9, shelf="left")]
            return Decision(found, puts=(Note("a", shelf=shelf),))

        store = open_store(tmp_path / "s.db")
        await store.run(keep, Note("a", shelf="left"))
        moves = ["right", "left", "left", "right", "left", "right"] * 5
        found = await asyncio.gather(*(store.run(move, shelf) for shelf in moves))
        before = ["left", *moves[:-1]]
        assert found == [["left"] if shelf == "left" else [] for shelf in before]
        await store.close()
        assert rows(tmp_path / "s.db", "SELECT shelf FROM notes") == [("right",)]

    async def test_the_log_is_folded_into_the_database_as_it_grows(self, tmp_path):
        store = open_store(tmp_path / "s.db", Options(checkpoint_pages=50))
        for n in range(300):
            await store.run(keep, Note(f"{n}", "x" * 3000))
        assert (tmp_path / "s.db-wal").stat().st_size < 700_000
        assert (tmp_path / "s.db").stat().st_size > 700_000
        await store.close()

    async def test_a_defect_in_the_writer_leaves_nobody_waiting(self, tmp_path, monkeypatch):
        store = open_store(tmp_path / "s.db")
        monkeypatch.setattr("ohmstead.adapters.store.decisions.insert_rows", lambda *_: 1 // 0)
        with pytest.raises(StoreUnavailable, match="division"):
            await store.run(keep, Note("a"))
        monkeypatch.undo()
        await until(lambda: store.available)
        assert await store.run(keep, Note("a")) == "a"
        await store.close()

    async def test_a_flow_that_lets_stop_iteration_escape_gets_an_error(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await store.run(lambda s, c, n: next(iter(())), None)
        await store.close()

    def test_plain_asyncio_works_as_well(self, tmp_path):
        async def scenario():
            store = open_store(tmp_path / "s.db")
            await asyncio.gather(*(store.run(add, Note(f"{n}")) for n in range(50)))
            await store.close()

        asyncio.run(scenario())
        assert len(rows(tmp_path / "s.db")) == 50

    async def test_a_flow_sees_what_was_decided_and_a_reader_what_is_durable(
        self, tmp_path, monkeypatch
    ):
        store = open_store(tmp_path / "s.db")
        await store.run(keep, Note("a", "old", "left"))
        gate, commit = threading.Event(), store._writer._commit

        def slow_disk(sealed):
            gate.wait(10)
            commit(sealed)

        def look(state, command, now_ms):
            return Decision((state.get(Note, "a"), state.find(Note, 9, shelf="left")))

        monkeypatch.setattr(store._writer, "_commit", slow_disk)
        moved = asyncio.ensure_future(store.run(keep, Note("a", "new", "right")))
        looked = asyncio.ensure_future(store.run(look, None))
        await asyncio.sleep(0.02)
        assert store.get(Note, "a") == Note("a", "old", "left")
        assert [note.text for note in store.find(Note, 9, shelf="left")] == ["old"]
        assert not moved.done() and not looked.done()  # it knows what is not durable yet
        gate.set()
        assert await looked == (Note("a", "new", "right"), [])
        assert await moved == "a"
        assert store.get(Note, "a") == Note("a", "new", "right")
        await store.close()

    async def test_what_was_looked_for_in_vain_is_found_once_it_is_durable(
        self, tmp_path, monkeypatch
    ):
        store = open_store(tmp_path / "s.db")
        assert store.get(Note, "a") is None
        gate, commit = threading.Event(), store._writer._commit

        def slow_disk(sealed):
            gate.wait(10)
            commit(sealed)

        monkeypatch.setattr(store._writer, "_commit", slow_disk)
        added = asyncio.ensure_future(store.run(add, Note("a")))
        await asyncio.sleep(0.02)
        assert store.get(Note, "a") is None
        gate.set()
        await added
        assert store.get(Note, "a") == Note("a")
        await store.close()

    async def test_who_watches_a_flow_may_look_up_what_is_durable(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        await store.run(keep, Note("a", "old"))

        def look(state, command, now_ms):
            return Decision((store.get(Note, "a"), store.get(Note, "b")))

        assert await store.run(look, None) == (Note("a", "old"), None)
        await store.close()

    async def test_a_commit_that_fails_takes_back_what_was_decided_after_it(
        self, tmp_path, monkeypatch
    ):
        def count(state, command, now_ms):
            old = state.get(Note, "a")
            return Decision(old.text, puts=(Note("a", old.text + "+"),))

        store = open_store(tmp_path / "s.db")
        await store.run(keep, Note("a", "0"))
        gate = threading.Event()

        def broken_disk(sealed):
            gate.wait(10)
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(store._writer, "_commit", broken_disk)
        first = asyncio.ensure_future(store.run(count, None))
        await asyncio.sleep(0.02)
        second = asyncio.ensure_future(store.run(count, None))
        await asyncio.sleep(0.02)
        gate.set()
        for refused in (first, second):
            with pytest.raises(StoreUnavailable, match="disk I/O"):
                await refused
        monkeypatch.undo()
        await until(lambda: store.available)
        assert await store.run(count, None) == "0"
        assert store.get(Note, "a").text == "0+"
        await store.close()


class TestTheDisk:
    async def test_no_thread_sees_what_is_being_forgotten(self, tmp_path):
        store = open_store(tmp_path / "s.db")
        drawer, seen = store._decisions.drawer(Note), []

        class Watched(OrderedDict):
            def clear(self):  # another thread asks before, and after
                seen.append(drawer.committed("a"))
                super().clear()
                seen.append(drawer.committed("a"))

        drawer._latest = Watched()

        def fail(_sealed):
            raise sqlite3.OperationalError("disk I/O error")

        store._writer._commit = fail
        with pytest.raises(StoreUnavailable):
            await store.run(keep, Note("a", "never durable"))
        assert seen[:2] == [None, None]
        del store._writer._commit
        await until(lambda: store.available)
        assert store.get(Note, "a") is None
        await store.close()

    async def test_a_file_locked_by_another_program_refuses_until_it_lets_go(self, tmp_path):
        path = tmp_path / "s.db"
        store = open_store(path)
        await store.run(keep, Note("a"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.run(keep, Note("b"))
        assert not store.available
        with pytest.raises(StoreUnavailable):
            await store.run(keep, Note("c"))
        assert store.get(Note, "a") == Note("a")
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: store.available)
        await store.run(keep, Note("d"))
        assert [note.key for note in store.find(Note, 9)] == ["a", "d"]
        await store.close()

    @pytest.mark.parametrize("full_disk", ["a limit on the file", "a small disk"], indirect=True)
    async def test_a_full_disk_loses_nothing_that_was_answered(self, full_disk):
        store = open_store(full_disk.folder / "s.db")
        await store.run(add, Note("first"))
        full_disk.fill()
        answered, refusals, number = {"first"}, 0, 0
        while refusals < 10:  # folding the log makes some room at first
            number += 1
            notes = [Note(f"{number:06d}/{m}", "x" * 2_000) for m in range(10)]
            results = await asyncio.gather(
                *(store.run(add, note) for note in notes), return_exceptions=True
            )
            answered |= {result for result in results if isinstance(result, str)}
            refused = [result for result in results if not isinstance(result, str)]
            assert all(isinstance(error, StoreUnavailable) for error in refused)
            refusals = refusals + 1 if refused else 0
            await asyncio.sleep(0.01 if refused else 0)
        assert "s.db cannot be written" in str(refused[0])
        assert {note.key for note in store.find(Note, 10**6)} == answered
        full_disk.free()
        await until(lambda: store.available)
        assert await store.run(add, Note("last")) == "last"
        assert {note.key for note in store.find(Note, 10**6)} == answered | {"last"}
        assert len(store.due_jobs(0, 10**6)) == 1
        await store.close()
        assert rows(full_disk.folder / "s.db", "PRAGMA integrity_check") == [("ok",)]
        assert len(rows(full_disk.folder / "s.db", "SELECT id FROM jobs")) == len(answered) + 1

    def test_killed_five_times_under_load_it_misses_nothing_it_answered(self, tmp_path):
        folder, rng, acks = tmp_path / "d", random.Random(5), tmp_path / "d" / "acks"
        folder.mkdir()
        command = [sys.executable, SUBJECT, folder, "--flows", "1000000"]
        environment = {**os.environ, "PYTHONPATH": str(SRC)}
        for life in range(5):
            before = acks.stat().st_size if acks.exists() else 0
            enough = before + rng.randrange(500, 20_000)
            with subprocess.Popen(command, env=environment) as process:
                while process.poll() is None and (
                    not acks.exists() or acks.stat().st_size < enough
                ):
                    time.sleep(rng.random() / 100)
                process.send_signal(signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
            left = tmp_path / f"left-{life}"
            shutil.copytree(folder, left, ignore=shutil.ignore_patterns("*-shm"))
            answers = acks.read_bytes()
            acked = set(answers[: answers.rfind(b"\n")].decode().split())
            assert len(answers) >= enough
            assert what_is_wrong(left / "x.db", acked) == ""


@dataclass
class FullDisk:
    """A folder that has no room once it is filled, until it is freed."""

    folder: Path
    fill: Callable[[], object]
    free: Callable[[], object]


@pytest.fixture
def full_disk(request, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "a limit on the file":
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        limit = lambda most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, old[1]))  # noqa: E731
        yield FullDisk(folder, lambda: limit(1 << 20), lambda: limit(old[0]))
        limit(old[0])
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "ohmstead-test", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    ballast = folder / "ballast"
    yield FullDisk(folder, lambda: ballast.write_bytes(bytes(15 << 20)), ballast.unlink)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
