"""A fleet comes back: every station connects over TLS at the same moment, logs in and boots.

Twice: TLS 1.3 with an ECDSA certificate, and TLS 1.2 with RSA-2048. Each station sends Basic
credentials, a BootNotification and two StatusNotifications, answered as `ohmstead up` answers them,
durable before the answer, with its default configuration. The cost is the server's CPU time beside
that of a server which makes the same handshakes and nothing else, in the same run. Stations that
were connected before go on sending heartbeats. Prints one JSON line.

The fleet comes *back*: it was there before, with the same firmware and the same statuses, and the
server was killed since, so that it knows nothing but what it had stored. The first time is measured
too, when all three messages of every station are new and are written: `first_ratio`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import _tls
from bench._network import (
    ROOT,
    SMOKE,
    Loading,
    Served,
    _environment,
    cpu_model,
    prepare,
    serving,
    up,
)
from ohmstead.apps.cli.client import RUN_FILE
from ohmstead.apps.config import FILE_NAME

GOAL_RATIO = 2.0
GOAL_ANSWER_S = 30
KINDS = (("1.3", "ecdsa"), ("1.2", "rsa"))


@contextlib.contextmanager
def stations(*arguments: str) -> Iterator[Loading]:
    """The process of :mod:`bench._tls` that is all stations; ready when it is yielded."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench._tls", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_environment(),
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the stations could not connect")
        yield Loading(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()


def listen_with_tls(directory: Path, certificate: Path, key: Path) -> None:
    """Have the network's file name a TLS listener."""
    file = directory / FILE_NAME
    before, header, section = file.read_text(encoding="utf-8").partition("[ocpp.tls]\n")
    for name, value in (
        ("bind", "127.0.0.1:0"),
        ("certificate", str(certificate)),
        ("key", str(key)),
    ):
        section = section.replace(f'\n{name} = ""', f'\n{name} = "{value}"', 1)
        if section.startswith(f'{name} = ""'):
            section = f'{name} = "{value}"' + section[len(f'{name} = ""') :]
    file.write_text(before + header + section, encoding="utf-8")


def bare_cost(certificate: Path, key: Path, version: str, count: int) -> float:
    """CPU-s of a server for so many handshakes."""

    def port_of(process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        return int(process.stdout.readline())

    with (
        serving(["-m", "bench._tls", "serve", str(certificate), str(key)], port_of) as server,
        stations("bare", str(server.port), str(certificate), version, str(count)) as load,
    ):
        cpu_s = server.cpu_s()
        load.say("go")
        return server.cpu_s() - cpu_s


def one_kind(
    server: Served, tls_port: int, certificate: Path, version: str, count: int, old: int
) -> tuple[float, dict[str, Any]]:
    """Let the fleet come back once; returns CPU-s and what was seen."""
    arguments = (str(tls_port), str(certificate), version, str(count), str(old))
    with stations("storm", *arguments) as load:
        cpu_s = server.cpu_s()
        seen = load.say("go")
        return server.cpu_s() - cpu_s, seen


def main() -> None:
    """Measure, and print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=20 if SMOKE else 10_000)
    parser.add_argument("--established", type=int, default=3 if SMOKE else 100)
    options = parser.parse_args()
    count, old = options.stations, options.established
    found = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        for version, kind in KINDS:
            home = directory / kind
            prepare(home, count + old)
            certificate, key = _tls.issue(home, kind)
            listen_with_tls(home, certificate, key)
            storms = []
            for _ in ("first", "again"):
                with up(home) as server:
                    run = json.loads((home / RUN_FILE).read_text(encoding="utf-8"))
                    port = int(str(run["ocpp_tls"]).rpartition(":")[2])
                    storms.append(one_kind(server, port, certificate, version, count, old))
                    server.kill()
            (first_s, _), (cpu_s, seen) = storms
            bare_s = bare_cost(certificate, key, version, count)
            found.append(
                {
                    "tls": version,
                    "key": kind,
                    "cpu_s": round(cpu_s, 2),
                    "bare_handshakes_cpu_s": round(bare_s, 2),
                    "ratio": round(cpu_s / bare_s, 2) if bare_s else None,
                    "first_ratio": round(first_s / bare_s, 2) if bare_s else None,
                    "us_each": round(cpu_s / count * 1e6),
                    "bare_us_each": round(bare_s / count * 1e6),
                    **seen,
                }
            )
    worst = max(run["ratio"] or 0.0 for run in found)
    waits = [max(run["real_s"], run["established_longest_answer_s"]) for run in found]
    dropped = sum(run["established_dropped"] for run in found)
    line = {
        "bench": "reconnect",
        "value": worst,
        "unit": "CPU time of `ohmstead up`, per that of bare TLS handshakes",
        "goal": {"ratio": GOAL_RATIO, "answer_s": GOAL_ANSWER_S, "established_dropped": 0},
        "reached": worst <= GOAL_RATIO and max(waits) <= GOAL_ANSWER_S and not dropped,
        "stations": count,
        "runs": found,
        "notes": "all connect at the same moment over loopback, full handshakes; bare: uvloop and "
        "the same SSLContext, one byte and nothing else; real_s: from that moment to the last "
        "answer of the last station, stations and server on the same machine",
        "cpu": cpu_model(),
        "python": platform.python_version(),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
