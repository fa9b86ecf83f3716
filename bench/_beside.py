"""One workload on the house and on the `ocpp` package beside it, turn by turn. Not a benchmark.

The house is `ohmstead up` with its default configuration; the peer validates, answers and stores
nothing, once on asyncio and once on uvloop, and gets the same frames in the same run. Other
processes send: each station waits for an answer before its next CALL.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

from bench._network import SMOKE, Measured, cpu_model, loading, peer, prepare, up

FRAMES = 50 if SMOKE else 3_000  # of one station


def measured(workload: str, description: str | None) -> dict[str, object]:
    """Measure all three and return what is printed of them, but for the goal.

    Judged by the faster peer: the easier comparison is printed, and decides nothing.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stations", type=int, default=10 if SMOKE else 200)
    parser.add_argument("--seconds", type=float, default=0.3 if SMOKE else 4)
    parser.add_argument("--rounds", type=int, default=1 if SMOKE else 2)
    options = parser.parse_args()
    load_of = (workload, options.stations, FRAMES)
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
    per_cpu_s = ours.best["per_cpu_s"]
    return {
        "bench": workload,
        "value": round(per_cpu_s),
        "unit": "messages per server CPU-second: validated, durable, answered",
        "peer_value": round(faster.best["per_cpu_s"]),
        "peer": "a central system on the ocpp package and websockets, on uvloop: stores nothing",
        "ratio": round(per_cpu_s / faster.best["per_cpu_s"], 2),
        "ours": ours.rounded(),
        "theirs": faster.rounded(),
        "theirs_on_asyncio": theirs.rounded(),
        "ratio_to_theirs_on_asyncio": round(per_cpu_s / theirs.best["per_cpu_s"], 2),
        "stations": options.stations,
        "notes": "five sampled values a message, none signed; loopback, no TLS; best round of each",
        "load_average": round(os.getloadavg()[0], 2),
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
