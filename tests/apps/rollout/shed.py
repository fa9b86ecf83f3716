"""Stations of another make that take firmware, in each version's words, and fail as they are told.

They speak over real sockets with the ``ocpp`` package, which checks every message of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import ocpp.v16
import ocpp.v21
import ocpp.v201
from ocpp.exceptions import NotImplementedError as NotThere
from ocpp.routing import on

from tests.apps.gateway.pki import Pki
from tests.apps.stations.field import PACKAGES, V16, V21, V201, ChargePoint21

OLD, NEW = "1.0", "2.0"
SIGNED = "1.6 signed"
KINDS_OF_STORY = [V16, SIGNED, V201, V21]
LOCATION = "https://files.example/fw-2.0.bin"
BEFORE = "https://files.example/fw-1.0.bin"
GOOD = ("Downloading", "Downloaded", "Installing", "Installed")
GOOD_SIGNED = ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting")


class Taking:
    """Remembers what it was offered and what it was asked; ``word`` is its answer to an offer."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.offers, self.triggers, self.word = [], [], "Accepted"
        self.came = asyncio.Event()

    def take(self, request_id, location, signature=None):
        self.offers.append((request_id, location, signature))
        self.came.set()

    @on("TriggerMessage")
    def trigger(self, requested_message, **_):
        self.triggers.append(requested_message)
        return self.result.TriggerMessage("Accepted")


class Station16(Taking, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result

    @on("UpdateFirmware")
    def update(self, location, retrieve_date, **_):
        if self.word == "NotImplemented":
            raise NotThere(description="no firmware here")
        self.take(None, location)
        return self.result.UpdateFirmware()

    @on("SignedUpdateFirmware")
    def signed_update(self, request_id, firmware, **_):
        self.take(request_id, firmware["location"], firmware["signature"])
        return self.result.SignedUpdateFirmware(self.word)

    @on("ExtendedTriggerMessage")
    def extended_trigger(self, requested_message, **_):
        self.triggers.append(requested_message)
        return self.result.ExtendedTriggerMessage("Accepted")


class Taking201(Taking):
    @on("UpdateFirmware")
    def update(self, request_id, firmware, **_):
        self.take(request_id, firmware["location"], firmware.get("signature"))
        return self.result.UpdateFirmware(self.word)


class Station201(Taking201, ocpp.v201.ChargePoint):
    result = ocpp.v201.call_result


class Station21(Taking201, ChargePoint21):
    result = ocpp.v21.call_result


POINTS = {V16: Station16, SIGNED: Station16, V201: Station201, V21: Station21}


class Unit:
    """One connected station of a story."""

    def __init__(self, story, station):
        self.story, self.station, self.point = story, station, station.point

    async def boot(self, version):
        call = PACKAGES[self.station.version].call
        if self.station.is_16:
            message = call.BootNotification("M1", "Acme", firmware_version=version)
        else:
            charger = {"model": "M1", "vendorName": "Acme", "firmwareVersion": version}
            message = call.BootNotification(charging_station=charger, reason="FirmwareUpdate")
        return await self.station.say(message)

    async def tell(self, *words, request_id=None):
        """Say how it goes, about the last offer unless told otherwise."""
        number = self.point.offers[-1][0] if request_id is None else request_id
        for word in words:
            if self.story == V16:
                await self.station.send("FirmwareStatusNotification", {"status": word})
            else:
                signed = self.story == SIGNED
                action = f"{'Signed' if signed else ''}FirmwareStatusNotification"
                await self.station.send(action, {"status": word, "requestId": number})

    async def offered(self, count=1):
        """Wait until it was offered firmware so often; the last offer."""
        async with asyncio.timeout(20):
            while len(self.point.offers) < count:
                self.point.came.clear()
                await self.point.came.wait()
        return self.point.offers[-1]

    async def update(self, version=NEW, count=1):
        """Go through a whole update as it should be."""
        await self.offered(count)
        await self.tell(*(GOOD if self.story == V16 else GOOD_SIGNED))
        await self.boot(version)


@contextlib.asynccontextmanager
async def unit(field, story, name="S", version=OLD):
    """A station of a story, connected and booted with a firmware version."""
    protocol = V16 if story == SIGNED else story
    async with field.station(protocol, name, boot=False, kind=POINTS[story]) as station:
        it = Unit(story, station)
        if version is not None:
            await it.boot(version)
        yield it


def body(story=V201, **change):
    """A roll-out to station S, signed where the story is, with nothing to go back to."""
    plan = {"stations": ["S"], "stages": [100], "sample": 1, "retries": 0, "soak_s": 0}
    return plan | {"firmware": firmware(story, NEW, LOCATION)} | change


def firmware(story, version, location):
    """A firmware, signed where the story is."""
    plain = {"version": version, "location": location}
    signed = {"signature": "c2lnbmVk", "certificate": certificate()}
    return plain if story == V16 else plain | signed


@cache
def certificate():
    """The maker's, in PEM."""
    with TemporaryDirectory() as folder:
        return Pki(Path(folder)).issue("maker")[0].read_text()


def before(story=V201):
    """The firmware of before."""
    return firmware(story, OLD, BEFORE)


async def begun(desk, story=V201, **change):
    """Begin one over HTTP; its number."""
    made = await desk.host.post("/api/v1/rollouts", json=body(story, **change))
    assert made.status_code == 201, made.text
    return made.json()["number"]


async def shown(desk, number):
    return (await desk.host.get(f"/api/v1/rollouts/{number}")).json()


async def station_of(desk, number, name="S"):
    items = (await desk.host.get(f"/api/v1/rollouts/{number}/stations?limit=500")).json()["items"]
    return next((one for one in items if one["station"] == name), {"state": "not enrolled"})


async def eventually(question, wanted, what="it"):
    """Ask again until the answer is what is waited for."""
    found = None
    try:
        async with asyncio.timeout(20):
            while not wanted(found := await question()):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} stayed {found}") from None
    return found


async def until(desk, number, state, name="S"):
    """Wait until a station of a roll-out is in a state."""
    return await eventually(
        lambda: station_of(desk, number, name), lambda one: one["state"] == state, name
    )


async def until_rollout(desk, number, state):
    """Wait until a roll-out is in a state."""
    return await eventually(
        lambda: shown(desk, number), lambda one: one["state"] == state, f"roll-out {number}"
    )
