"""Every benchmark runs and prints one line: small here, and nothing is said about time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "merkle": ["--leaves", "2000", "--rounds", "1"],
    "idle": ["--stations", "20"],
    "gateway": ["--stations", "3", "--messages", "20", "--rounds", "1"],
    "store": ["200", "20"],
}  # those that do not look at OHMSTEAD_BENCH_SMOKE
BENCHES = sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py"))


def test_the_issues_benchmarks_are_all_there():
    assert {
        "ack_latency",
        "command_round_trip",
        "gas",
        "idle",
        "kill",
        "merkle",
        "meter_values",
        "signed_sessions",
        "soak",
        "transaction_event",
    } <= set(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_a_benchmark_prints_one_line_of_json(name):
    environment = {
        **os.environ,
        "OHMSTEAD_BENCH_SMOKE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *SMALL.get(name, [])],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["bench"] == name
    if name == "kill":
        assert json.loads(line)["value"] == 0
