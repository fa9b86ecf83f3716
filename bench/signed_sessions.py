"""Sessions of ten signed records, from frame to split money, in signature checks per CPU-second.

The server is `ohmstead up` with its default configuration. Stations of OCPP 2.0.1 send whole
sessions: Started with a signed begin, eight signed Updated, Ended with a signed end. Each record is
parsed, verified, weighed and kept, the start holds money, the end prices and splits it; every
answer follows its commit. ``ratio`` is signature checks per CPU-second of the server over what one
core does of bare P-256 verifications in the same run. Beside it the same sessions with only begin
and end signed, and what a server reaches that only verifies and writes (:mod:`bench._least`).
Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import subprocess
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench._frames import RECORDS
from bench._network import SMOKE, Measured, cpu_model, loading, opened, prepare, serving, up
from ohmstead.core.session import Session, SessionState

GOAL_RATIO = 0.5
FRAMES = 20 if SMOKE else 500  # of one station
SHOWN_MAX = 100_000


def verifications_per_cpu_s(seconds: float) -> float:
    """What this core does of P-256 verifications and nothing else, the key loaded."""
    key, payload, algorithm = ec.generate_private_key(ec.SECP256R1()), bytes(400), hashes.SHA256()
    signature, public = key.sign(payload, ec.ECDSA(algorithm)), key.public_key()
    count, began_s = 0, time.process_time()
    while time.process_time() - began_s < seconds:
        for _ in range(100):
            public.verify(signature, payload, ec.ECDSA(algorithm))
        count += 100
    return count / (time.process_time() - began_s)


def settled(folder: Path) -> tuple[int, int]:
    """How many sessions were settled as proven, and how many ended any other way."""
    store = opened(folder)
    ended = [session for session in store.find(Session, SHOWN_MAX) if session.ended_ms]
    good = [s for s in ended if s.state is SessionState.SETTLED and s.end_page]
    asyncio.run(store.close())
    return len(good), len(ended) - len(good)


def measured(workload: str, stations: int, seconds: float, rounds: int) -> dict[str, float]:
    """Serve one workload from a fresh directory; raises RuntimeError if a session went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), stations, signed=True)
        with up(Path(folder)) as house, loading(house, workload, stations, FRAMES) as load:
            ours = Measured(house, load)
            for _ in range(rounds):
                ours.one_round(seconds)
        good, other = settled(Path(folder))
        if other or not good:
            raise RuntimeError(f"{good} sessions settled as proven, {other} did not")
    return {**ours.best, "sessions_settled": good}


def least(stations: int, seconds: float, rounds: int) -> dict[str, float]:
    """The same frames at a server that verifies and writes, and does nothing else."""

    def port_of(process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        return int(process.stdout.readline())

    command = ["-m", "bench._least", str(stations)]
    with (
        serving(command, port_of) as server,
        loading(server, "all_signed", stations, FRAMES) as load,
    ):
        measured = Measured(server, load)
        for _ in range(rounds):
            measured.one_round(seconds)
    return measured.best


def main() -> None:
    """Measure, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=5 if SMOKE else 100)
    parser.add_argument("--seconds", type=float, default=0.5 if SMOKE else 3)
    parser.add_argument("--rounds", type=int, default=1 if SMOKE else 2)
    options = parser.parse_args()
    sizes = (options.stations, options.seconds, options.rounds)
    bare = verifications_per_cpu_s(0.1 if SMOKE else 1)
    ours = measured("all_signed", *sizes)
    ends = measured("ends_signed", *sizes)
    floor = least(*sizes)
    bare = max(bare, verifications_per_cpu_s(0.1 if SMOKE else 1))
    ratio = ours["per_cpu_s"] / bare
    checks = ends["per_cpu_s"] * 2 / RECORDS
    line: dict[str, object] = {
        "bench": "signed_sessions",
        "value": round(ours["per_cpu_s"]),
        "unit": "signature checks per server CPU-second, with hold, price and split",
        "peer_value": round(bare),
        "peer": "bare P-256 verifications per CPU-second of this core",
        "ratio": round(ratio, 3),
        "goal": {"ratio": GOAL_RATIO},
        "reached": ratio >= GOAL_RATIO,
        "all_ten_records_signed": {name: round(value, 2) for name, value in ours.items()},
        "only_begin_and_end_signed": {name: round(value, 2) for name, value in ends.items()}
        | {"checks_per_cpu_s": round(checks), "ratio": round(checks / bare, 3)},
        "least_server": {name: round(value, 2) for name, value in floor.items()}
        | {"ratio": round(floor["per_cpu_s"] / bare, 3)},
        "stations": options.stations,
        "notes": "all ten records of a session are signed; OCPP 2.0.1, loopback, no TLS",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
