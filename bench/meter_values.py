"""Unsigned OCPP 1.6 MeterValues: validated, durable, answered, per CPU-second of the server.

The server is `ohmstead up` with its default configuration. Beside it, in the same run and with the
same frames, a central system on the `ocpp` package that validates, answers and stores nothing.
A third process sends: each station waits for an answer before its next CALL, and every message
belongs to a transaction that is held and charging. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench._network import ROOT, SMOKE, Served, cpu_model, prepare, serving, up

GOAL_RATIO = 6


class Measured:
    """Rounds of one server; the best counts, because others may be using the machine."""

    def __init__(self) -> None:
        self.best: dict[str, float] = {}

    def take(self, answered: int, cpu_s: float, seen: dict[str, float]) -> None:
        per_cpu_s = answered / max(cpu_s, 0.01)
        if per_cpu_s > self.best.get("per_cpu_s", 0):
            self.best = {"per_cpu_s": per_cpu_s, "us_each": cpu_s / answered * 1e6, **seen}


@contextmanager
def loading(
    server: Served, workload: str, stations: int, seconds: float
) -> Iterator[subprocess.Popen[str]]:
    """Stations in a process of their own, connected and in a transaction."""
    load = subprocess.Popen(
        [sys.executable, "-m", "bench._load", str(server.port), workload]
        + [str(stations), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert load.stdout is not None
        if load.stdout.readline() != "ready\n":
            raise RuntimeError("the stations could not connect")
        yield load
    finally:
        if load.stdin is not None:
            load.stdin.close()
        load.wait()


def one_round(server: Served, load: subprocess.Popen[str], measured: Measured) -> None:
    """Let the load run once and note what it cost the server."""
    assert load.stdin is not None and load.stdout is not None
    cpu_s = server.cpu_s()
    load.stdin.write("go\n")
    load.stdin.flush()
    seen = json.loads(load.stdout.readline())
    cpu_s = server.cpu_s() - cpu_s
    answered = seen.pop("answered")
    real_s = seen.pop("real_s")
    measured.take(answered, cpu_s, {"per_s": answered / real_s, **seen})


def main() -> None:
    """Measure both, turn by turn, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=10 if SMOKE else 200)
    parser.add_argument("--seconds", type=float, default=0.3 if SMOKE else 4)
    parser.add_argument("--rounds", type=int, default=1 if SMOKE else 2)
    options = parser.parse_args()
    ours, theirs = Measured(), Measured()
    load_of = (options.stations, options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.stations)
        with (
            up(Path(folder)) as house,
            serving("-m", "bench._peer") as peer,
            loading(house, "meter_values", *load_of) as to_house,
            loading(peer, "meter_values", *load_of) as to_peer,
        ):
            for _ in range(options.rounds):
                one_round(house, to_house, ours)
                one_round(peer, to_peer, theirs)
    ratio = ours.best["per_cpu_s"] / theirs.best["per_cpu_s"]
    line: dict[str, object] = {
        "bench": "meter_values",
        "value": round(ours.best["per_cpu_s"]),
        "unit": "MeterValues per server CPU-second: validated, durable, answered",
        "peer_value": round(theirs.best["per_cpu_s"]),
        "peer": "central system on the ocpp package and websockets: stores nothing",
        "ratio": round(ratio, 2),
        "goal": {"ratio": GOAL_RATIO},
        "reached": ratio >= GOAL_RATIO,
        "ours": {name: round(value, 2) for name, value in ours.best.items()},
        "theirs": {name: round(value, 2) for name, value in theirs.best.items()},
        "stations": options.stations,
        "notes": "five sampled values a message; both on uvloop, loopback, no TLS; best round",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
