"""How long a station waits for the answer to a signed record, at 1,000 of them a second.

Open loop: a record counts from the moment it was due, not from when it could be sent, so a server
that falls behind cannot hide it. The server is `ohmstead up` with its default configuration; each
record is verified, weighed and durable before it is answered. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path

from bench._network import CLOCK_TICKS_PER_S, SMOKE, cpu_model, loading, prepare, up

GOAL_P50_MS = 10
PER_S = 50 if SMOKE else 1_000
WARM_UP_S = 0.2 if SMOKE else 3.0  # keys are read and tables filled at first


def main() -> None:
    """Measure, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=20 if SMOKE else 500)
    parser.add_argument("--seconds", type=float, default=0.5 if SMOKE else 8)
    options = parser.parse_args()
    frames = 2 * round((options.seconds + WARM_UP_S) * PER_S) // options.stations
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.stations, signed=True)
        with (
            up(Path(folder)) as house,
            loading(house, "all_signed", options.stations, frames) as load,
        ):
            load.say(f"{WARM_UP_S} {PER_S}")
            cpu_s = house.cpu_s()
            seen = load.say(f"{options.seconds} {PER_S}")
            cpu_s = max(house.cpu_s() - cpu_s, 1 / CLOCK_TICKS_PER_S)
    if seen["refused"]:
        raise RuntimeError(f"{seen['refused']} records were refused")
    line: dict[str, object] = {
        "bench": "ack_latency",
        "value": seen["p50_ms"],
        "unit": f"ms, median wait for the answer to a signed record at {PER_S} a second",
        "p99_ms": seen["p99_ms"],
        "max_ms": seen["max_ms"],
        "goal": {"p50_ms": GOAL_P50_MS},
        "reached": seen["p50_ms"] <= GOAL_P50_MS,
        "answered": seen["answered"],
        "not_sent_because_all_stations_waited": seen["overrun"],
        "server_cpu_of_one_core": round(cpu_s / seen["real_s"], 2),
        "stations": options.stations,
        "notes": "open loop, from the moment a record was due; loopback, no TLS; what could not "
        "be sent because every station waited counts as waiting for the whole run",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
