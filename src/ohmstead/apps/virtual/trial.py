"""One virtual station that charges once, to try a network by hand.

It imitates: its meter signs with a key derived from a seed, and the energy is made up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from ohmstead.adapters.clock import SystemClock
from ohmstead.apps.virtual.charging import Transaction
from ohmstead.apps.virtual.link import UpgradeRefused
from ohmstead.apps.virtual.meter import VirtualMeter, key_from_seed
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.units import MS_PER_S, S_PER_HOUR

POWER_W = 11_000
REPORT_S = 5
ACCEPTED = "Accepted"
UNAUTHORISED, NOT_FOUND = 401, 404
_POOR = "its payer has no final deposit as large as the hold, see `ohmstead faucet`"
_UNKNOWN = "it is not known, see `ohmstead id-token put`"
_WHY = {
    "NoCredit": _POOR,
    "Blocked": f"it is blocked, or {_POOR}",  # 1.6 has one word for both
    "Invalid": _UNKNOWN,
    "Unknown": _UNKNOWN,
}


class Trial(Frozen):
    """What is tried; ``memory`` is the file that keeps what the meter has counted."""

    station_id: str
    password: str
    id_token: str
    url: str
    protocol: str
    seconds: int
    seed: str
    memory: Path


def serial_of(station_id: str) -> str:
    """The serial number of a station's virtual meter."""
    return f"{station_id}-M1"


def meter_of(station_id: str, seed: str, register_mwh: int = 0, page: int = 0) -> VirtualMeter:
    """The virtual meter of a station, as it was left."""
    serial = serial_of(station_id)
    key = key_from_seed(f"{seed}/{serial}")
    return VirtualMeter(key, serial, register_mwh, page)


def sign_binding(station_id: str, seed: str, digest: bytes) -> tuple[int, int]:
    """Sign 32 bytes as they are with the key of a station's virtual meter; (r, s)."""
    key = key_from_seed(f"{seed}/{serial_of(station_id)}")
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    return decode_dss_signature(key.sign(digest, algorithm))


async def charge_once(trial: Trial, say: Callable[[str], None]) -> bool:
    """Connect, charge, stop; whether the network accepted all of it. SIGINT unplugs earlier.

    Raises OhmsteadError when the connection is refused or lost.
    """
    unplugged = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, unplugged.set)
    meter = _remembered(trial)
    station = VirtualStation(
        trial.station_id,
        trial.url,
        trial.password,
        trial.protocol,
        {1: meter},
        SystemClock(),
        seed=secrets.token_hex(8),  # another run is another transaction
    )
    try:
        await _connect(trial, station)
        say(f"{trial.station_id} is connected to {trial.url}")
        boot = await station.boot()
        if boot.status != ACCEPTED:
            say(f"the network answers its boot with {boot.status}")
            return False
        return await _charge(trial, station, meter, unplugged, say)
    finally:
        _remember(trial, meter)
        await station.close()


async def _connect(trial: Trial, station: VirtualStation) -> None:
    name = trial.station_id
    try:
        await station.connect()
    except UpgradeRefused as refused:
        text = {
            UNAUTHORISED: f"this is not the password of {name}; make a new one with "
            f"`ohmstead station set {name} --rotate-password`",
            NOT_FOUND: f"{trial.url} knows no station {name}; see `ohmstead station add`",
        }.get(refused.status, f"{refused}; give the house's address with --url")
        raise OperatorError(text) from None


async def _charge(
    trial: Trial,
    station: VirtualStation,
    meter: VirtualMeter,
    unplugged: asyncio.Event,
    say: Callable[[str], None],
) -> bool:
    begin_mwh = meter.register_mwh
    tx = await station.start(1, trial.id_token)
    accepted = tx.status == ACCEPTED
    if accepted:
        say(f"{trial.id_token} charges for {trial.seconds} s at {POWER_W // 1_000} kW ...")
        elapsed_s = await _report(trial, station, tx, begin_mwh, unplugged)
        await station.stop(tx, begin_mwh + _mwh(elapsed_s))
    else:
        why = _WHY.get(tx.status, "see `ohmstead id-token show`")
        say(f"{trial.id_token} may not charge ({tx.status or 'no answer'}): {why}")
        await station.stop(tx, reason="DeAuthorized")
    for refused in station.refused:
        say(f"refused: {refused.action}: {refused.reason}")
    delivered = meter.register_mwh - begin_mwh
    say(f"stopped after {delivered // 1_000} Wh; {station.queued} messages unanswered")
    return accepted and not station.refused and not station.queued


async def _report(
    trial: Trial,
    station: VirtualStation,
    tx: Transaction,
    begin_mwh: int,
    unplugged: asyncio.Event,
) -> int:
    """Report the register every few seconds until the end; returns the seconds it took."""
    loop = asyncio.get_running_loop()
    began_s, elapsed_s = loop.time(), 0
    while elapsed_s < trial.seconds and not unplugged.is_set() and tx.active:
        pause_s = min(REPORT_S, trial.seconds - elapsed_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(unplugged.wait(), pause_s)
        elapsed_s = min(int(loop.time() - began_s), trial.seconds)
        if elapsed_s < trial.seconds and not unplugged.is_set():
            await station.meter_values(tx, begin_mwh + _mwh(elapsed_s))
    return elapsed_s


def _mwh(elapsed_s: int) -> int:
    return POWER_W * elapsed_s * MS_PER_S // S_PER_HOUR


def _remembered(trial: Trial) -> VirtualMeter:
    try:
        kept = json.loads(trial.memory.read_bytes())
        register_mwh, page = int(kept["register_mwh"]), int(kept["page"])
    except FileNotFoundError:
        register_mwh = page = 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{trial.memory} cannot be read: {error}; restore it") from None
    return meter_of(trial.station_id, trial.seed, register_mwh, page)


def _remember(trial: Trial, meter: VirtualMeter) -> None:
    trial.memory.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"register_mwh": meter.register_mwh, "page": meter.page()})
    trial.memory.write_text(text + "\n")
