"""Unsigned OCPP 2.0.1 TransactionEvents: validated, durable, answered, per server CPU-second.

The server is `ohmstead up` with its default configuration. Beside it, in the same run and with the
same frames, a system on the `ocpp` package that validates, answers and stores nothing, once on
asyncio and once on uvloop. Other processes send: each station waits for an answer before its next
CALL, and every event is an Updated of a transaction that is held and charging; its Started was
answered before the clock ran. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from bench._network import SMOKE, Measured, cpu_model, loading, peer, prepare, up

GOAL_PER_CPU_S = 10_000
FRAMES = 50 if SMOKE else 3_000  # of one station


def main() -> None:
    """Measure both, turn by turn, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=10 if SMOKE else 200)
    parser.add_argument("--seconds", type=float, default=0.3 if SMOKE else 4)
    parser.add_argument("--rounds", type=int, default=1 if SMOKE else 2)
    options = parser.parse_args()
    load_of = ("updates", options.stations, FRAMES)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.stations)
        with (
            up(Path(folder)) as house,
            peer() as theirs_up,
            peer("--uvloop") as faster_up,
            loading(house, *load_of) as to_house,
            loading(theirs_up, *load_of) as to_peer,
            loading(faster_up, *load_of) as to_faster,
        ):
            ours, theirs = Measured(house, to_house), Measured(theirs_up, to_peer)
            faster = Measured(faster_up, to_faster)
            for _ in range(options.rounds):
                for one in (ours, theirs, faster):
                    one.one_round(options.seconds)
    ratio = ours.best["per_cpu_s"] / faster.best["per_cpu_s"]
    line: dict[str, object] = {
        "bench": "transaction_event",
        "value": round(ours.best["per_cpu_s"]),
        "unit": "Updated events per server CPU-second: validated, durable, answered",
        "peer_value": round(faster.best["per_cpu_s"]),
        "peer": "a system on the ocpp package and websockets, on uvloop: stores nothing",
        "ratio": round(ratio, 2),
        "goal": {"per_cpu_s": GOAL_PER_CPU_S},
        "reached": ours.best["per_cpu_s"] >= GOAL_PER_CPU_S,
        "ours": ours.rounded(),
        "theirs": faster.rounded(),
        "theirs_on_asyncio": theirs.rounded(),
        "ratio_to_theirs_on_asyncio": round(ours.best["per_cpu_s"] / theirs.best["per_cpu_s"], 2),
        "stations": options.stations,
        "notes": "five sampled values an event, none signed; loopback, no TLS; best round of each",
        "load_average": round(os.getloadavg()[0], 2),
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
