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
import tempfile
from pathlib import Path

from bench._network import SMOKE, Measured, cpu_model, loading, peer, prepare, up

GOAL_RATIO = 6


FRAMES = 50 if SMOKE else 3_000  # of one station


def main() -> None:
    """Measure both, turn by turn, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=10 if SMOKE else 200)
    parser.add_argument("--seconds", type=float, default=0.3 if SMOKE else 4)
    parser.add_argument("--rounds", type=int, default=1 if SMOKE else 2)
    options = parser.parse_args()
    load_of = ("meter_values", options.stations, FRAMES)
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
    # Judged by the faster peer: the easier comparison is printed, and decides nothing.
    ratio = ours.best["per_cpu_s"] / faster.best["per_cpu_s"]
    line: dict[str, object] = {
        "bench": "meter_values",
        "value": round(ours.best["per_cpu_s"]),
        "unit": "MeterValues per server CPU-second: validated, durable, answered",
        "peer_value": round(faster.best["per_cpu_s"]),
        "peer": "central system on the ocpp package and websockets, on uvloop: stores nothing",
        "ratio": round(ratio, 2),
        "goal": {"ratio": GOAL_RATIO},
        "reached": ratio >= GOAL_RATIO,
        "ours": ours.rounded(),
        "theirs": faster.rounded(),
        "theirs_on_asyncio": theirs.rounded(),
        "ratio_to_theirs_on_asyncio": round(ours.best["per_cpu_s"] / theirs.best["per_cpu_s"], 2),
        "stations": options.stations,
        "notes": "five sampled values a message; loopback, no TLS; best round of each",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
