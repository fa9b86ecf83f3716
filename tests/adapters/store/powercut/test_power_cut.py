"""No answered flow is missing after a power cut; and this test notices when one would be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import ohmstead
from tests.adapters.store.powercut.check import cut_everywhere, is_complete
from tests.adapters.store.powercut.disk import Disk, Event, Kind, read_recording

HERE = Path(__file__).resolve().parent
SRC = Path(ohmstead.__file__).resolve().parent.parent
DEEP = os.environ.get("OHMSTEAD_DEEP") == "1"
MOST = 2_000 if DEEP else 110

COMMIT_FAILS = ("--restart", "--checkpoint-pages", "1000000")
"""No checkpoint before the fault, so that the first sync to fail is certainly a commit's."""


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc: the recorder of power cuts is written in C")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([gcc, *flags, "-o", library, HERE / "shim.c", "-ldl"], check=True)
    return library


@pytest.fixture
def scratch(tmp_path):
    memory = Path("/dev/shm")
    if not memory.is_dir():
        memory = tmp_path
    folder = Path(tempfile.mkdtemp(prefix="ohmstead-powercut-", dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def record(shim, tmp_path):
    """Run the subject with these arguments; return what it did and the folder it left."""

    def run(*arguments, fault=False):
        folder, log = tmp_path / "d", tmp_path / "log"
        folder.mkdir()
        broken = tmp_path / "broken"
        environment = {
            **os.environ,
            "LD_PRELOAD": str(shim),
            "POWERCUT_DIR": str(folder),
            "POWERCUT_LOG": str(log),
            "POWERCUT_FAULT": str(broken),
            "PYTHONPATH": str(SRC),
        }
        if fault:
            arguments = (*arguments, "--fault", str(broken))
        command = [sys.executable, HERE / "subject.py", folder, *arguments]
        subprocess.run(command, env=environment, check=True, timeout=40)
        return read_recording(log), folder

    return run


def answered(events):
    return sum(event.data.count(b"\n") for event in events if event.name == "acks")


def test_with_full_no_answered_flow_is_ever_missing(record, scratch):
    events, folder = record("--synchronous", "FULL")
    assert is_complete(events, folder)
    assert answered(events) == 240
    verdict = cut_everywhere(events, scratch, MOST)
    assert verdict.looked > 300
    assert not verdict.wrong, verdict.examples[:5]


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_weaker_settings_lose_answered_flows_and_are_noticed(record, scratch, synchronous):
    events, folder = record("--synchronous", synchronous)
    assert is_complete(events, folder)
    verdict = cut_everywhere(events, scratch, MOST)
    assert verdict.wrong["lost"] > 10, verdict


@pytest.mark.parametrize(
    "liar, noticed",
    [("x.db-wal", "lost"), ("x.db", "corrupt"), ("", "lost")],
    ids=["the log", "the database", "the folder"],
)
def test_a_disk_that_only_says_it_synced_is_noticed(record, scratch, liar, noticed):
    events, _ = record("--flows", "180")
    verdict = cut_everywhere(events, scratch, 60, honest=lambda name: name != liar)
    assert verdict.wrong[noticed] > 0, verdict


def test_after_syncs_that_failed_no_answered_flow_is_missing(record, scratch):
    events, folder = record(fault=True)
    assert sum(event.kind is Kind.FAILED for event in events) > 2
    assert is_complete(events, folder)
    assert answered(events) == 240
    verdict = cut_everywhere(events, scratch, MOST)
    assert not verdict.wrong, verdict.examples[:5]


def test_after_a_failed_sync_and_a_restart_no_answered_flow_is_missing(record, scratch):
    events, folder = record(*COMMIT_FAILS, fault=True)
    assert any(event.kind is Kind.FAILED for event in events)
    assert is_complete(events, folder)
    assert answered(events) == 240
    verdict = cut_everywhere(events, scratch, MOST)
    assert not verdict.wrong, verdict.examples[:5]


def test_trusting_the_log_after_a_failed_sync_is_noticed(record, scratch):
    events, _ = record(*COMMIT_FAILS, "--trust-the-log", fault=True)
    verdict = cut_everywhere(events, scratch, MOST)
    assert verdict.wrong["lost"] > 0, verdict


def test_the_disk_forgets_what_was_not_synced_and_keeps_what_was():
    def disk_after(*events):
        disk = Disk()
        for kind, name, number, data in events:
            disk.apply(Event(kind, name, number, data))
        return disk

    import random

    made = [(Kind.CREATE, "f", 0, b""), (Kind.SYNC, "", 1, b""), (Kind.SYNCED, "", 1, b"")]
    one = [(Kind.WRITE, "f", 0, b"one"), (Kind.SYNC, "f", 2, b""), (Kind.SYNCED, "f", 2, b"")]
    late = [(Kind.WRITE, "f", 0, b"one"), (Kind.SYNC, "f", 2, b""), (Kind.WRITE, "f", 3, b"two")]
    failed = [(Kind.WRITE, "f", 0, b"one"), (Kind.SYNC, "f", 2, b""), (Kind.FAILED, "f", 2, b"")]
    rng = random.Random(0)
    assert disk_after(*made[:1]).after_cut(rng, "none") == {}
    assert disk_after(*made, *one).after_cut(rng, "none") == {"f": b"one"}
    assert disk_after(*made, *late, one[2]).after_cut(rng, "none") == {"f": b"one"}
    again = disk_after(*made, *failed, *[(k, n, i + 5 if i else 0, d) for k, n, i, d in one[1:]])
    assert again.after_cut(rng, "none") == {"f": b""}
    assert again.files["f"].seen == b"one"
