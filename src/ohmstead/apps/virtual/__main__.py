"""``python -m ohmstead.apps.virtual``: one virtual station that charges once, to try a CSMS.

It imitates: its meter signs with a key derived from the seed, and the energy is made up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvloop

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.errors import OhmsteadError
from ohmstead.units import MS_PER_S, S_PER_HOUR

POWER_W = 11_000
REPORT_S = 5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ohmstead.apps.virtual", description=__doc__)
    parser.add_argument("station", help="the station's id, as registered")
    parser.add_argument("password", help="its Basic password")
    parser.add_argument("id_token", help="who charges")
    parser.add_argument("--url", default="ws://127.0.0.1:9000/ocpp", help="the CSMS's endpoint")
    parser.add_argument("--protocol", choices=("1.6", "2.0.1"), default="2.0.1")
    parser.add_argument("--seconds", type=int, default=30, help="how long it charges")
    parser.add_argument("--seed", default="try", help="names the meter's key")
    return parser.parse_args()


async def _charge(asked: argparse.Namespace) -> None:
    meter = VirtualMeter.from_seed(asked.seed, f"{asked.station}-M1")
    print(f"meter {meter.serial} signs with {meter.key_hex}")
    station = VirtualStation(
        asked.station, asked.url, asked.password, asked.protocol, {1: meter}, SystemClock()
    )
    try:
        await station.connect()
        print(f"boot: {(await station.boot()).status}")
        tx = await station.start(1, asked.id_token)
        print(f"transaction {tx.transaction_id}: {tx.status or 'waits for its answer'}")
        register_mwh = meter.register_mwh
        for elapsed_s in range(REPORT_S, asked.seconds, REPORT_S):
            await asyncio.sleep(REPORT_S)
            await station.meter_values(tx, register_mwh + _mwh(elapsed_s))
        await asyncio.sleep(asked.seconds % REPORT_S or REPORT_S)
        await station.stop(tx, register_mwh + _mwh(asked.seconds))
        print(f"stopped at {meter.register_mwh} mWh; {station.queued} messages unanswered")
        for refused in station.refused:
            print(f"refused: {refused.action}: {refused.reason}")
    finally:
        await station.close()


def _mwh(elapsed_s: int) -> int:
    return POWER_W * elapsed_s * MS_PER_S // S_PER_HOUR


if __name__ == "__main__":
    try:
        uvloop.run(_charge(_arguments()))
    except OhmsteadError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)
