"""A small central system on the ``ocpp`` package: an implementation that is not ours to talk to.

It checks every message against the official schemas, remembers what it was told, and can be told
to close a connection without answering.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from datetime import UTC, datetime

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call_result as result16
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as result201

PASSWORD = b"\x00\xffraw:bytes"
NOW = "2026-11-20T12:00:00.000Z"


class Csms:
    """Holds what stations said; ``async with`` it."""

    def __init__(self, id_status="Accepted", boot_status="Accepted"):
        self.id_status, self.boot_status = id_status, boot_status
        self.said = []  # (action, payload as snake_case dict)
        self.frames = []  # as received
        self.points = []
        self.mute = 0  # how many of the next transaction messages close the connection with 1013
        self.away = 0  # how many of the next connections are answered 503
        self.check = lambda password: True
        self.silent = False  # whether transaction messages get no answer at all
        self.interval = 300  # in the answer to a boot
        self.errors = 0  # how many of the next transaction messages are answered by a CALLERROR
        self.in_flight = self.in_flight_max = 0
        self.passwords = []
        self.connections = 0

    async def __aenter__(self):
        self.server = await websockets.serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=["ocpp1.6", "ocpp2.0.1", "ocpp2.1"],
            process_request=self._check,
        )
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/ocpp"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    @property
    def point(self):
        return self.points[-1]

    def actions(self):
        return [action for action, _ in self.said]

    def all(self, action):
        return [payload for said, payload in self.said if said == action]

    def note(self, action, payload):
        self.said.append((action, payload))

    async def until(self, happened):
        async with asyncio.timeout(20):
            while not happened():
                await asyncio.sleep(0.005)

    def _check(self, connection, request):
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(text).partition(b":")
        self.passwords.append(password)
        if scheme != "Basic" or not request.path.endswith("/" + user.decode()):
            return connection.respond(401, "no")
        if self.away:
            self.away -= 1
            return connection.respond(503, "later")
        if password == b"wrong" or not self.check(password):
            return connection.respond(401, "no")
        return None

    async def _serve(self, connection):
        self.connections += 1
        kind = Point16 if connection.subprotocol == "ocpp1.6" else Point201
        point = kind(connection.request.path.rsplit("/", 1)[1], Tap(connection, self))
        point.csms = self
        self.points.append(point)
        with contextlib.suppress(websockets.ConnectionClosed):
            await point.start()


class Tap:
    """The connection, overheard; the ``ocpp`` package only sends and receives."""

    def __init__(self, connection, csms):
        self.connection, self.csms = connection, csms

    async def recv(self):
        while True:
            frame = await self.connection.recv()
            self.csms.frames.append(frame)
            if frame.startswith("[2"):
                self.csms.in_flight += 1
                self.csms.in_flight_max = max(self.csms.in_flight, self.csms.in_flight_max)
                about = any(word in frame for word in ("Transaction", '"MeterValues"'))
                if about and self.csms.mute:
                    self.csms.mute -= 1
                    self.csms.in_flight -= 1
                    await self.connection.close(1013, "try again later")
                    continue
                if about and self.csms.silent:
                    continue
                if about and self.csms.errors:
                    self.csms.errors -= 1
                    message_id = frame.split('"')[1]
                    await self.send(f'[4,"{message_id}","InternalError","no",{{}}]')
                    continue
            return frame

    async def send(self, text):
        if text.startswith(("[3", "[4")):
            self.csms.in_flight -= 1
        await self.connection.send(text)


class Point16(ChargePoint16):
    @on("BootNotification")
    async def on_boot(self, **payload):
        self.csms.note("BootNotification", payload)
        return result16.BootNotification(
            current_time=NOW, interval=self.csms.interval, status=self.csms.boot_status
        )

    @on("Heartbeat")
    async def on_heartbeat(self, **payload):
        self.csms.note("Heartbeat", payload)
        return result16.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @on("StatusNotification")
    async def on_status(self, **payload):
        self.csms.note("StatusNotification", payload)
        return result16.StatusNotification()

    @on("Authorize")
    async def on_authorize(self, **payload):
        self.csms.note("Authorize", payload)
        return result16.Authorize(id_tag_info=IdTagInfo(status=self.csms.id_status))

    @on("StartTransaction")
    async def on_start(self, **payload):
        self.csms.note("StartTransaction", payload)
        return result16.StartTransaction(
            transaction_id=1000 + len(self.csms.all("StartTransaction")),
            id_tag_info=IdTagInfo(status=self.csms.id_status),
        )

    @on("MeterValues")
    async def on_values(self, **payload):
        self.csms.note("MeterValues", payload)
        return result16.MeterValues()

    @on("StopTransaction")
    async def on_stop(self, **payload):
        self.csms.note("StopTransaction", payload)
        return result16.StopTransaction()


class Point201(ChargePoint201):
    @on("BootNotification")
    async def on_boot(self, **payload):
        self.csms.note("BootNotification", payload)
        return result201.BootNotification(
            current_time=NOW, interval=self.csms.interval, status=self.csms.boot_status
        )

    @on("Heartbeat")
    async def on_heartbeat(self, **payload):
        self.csms.note("Heartbeat", payload)
        return result201.Heartbeat(current_time=NOW)

    @on("StatusNotification")
    async def on_status(self, **payload):
        self.csms.note("StatusNotification", payload)
        return result201.StatusNotification()

    @on("Authorize")
    async def on_authorize(self, **payload):
        self.csms.note("Authorize", payload)
        return result201.Authorize(id_token_info={"status": self.csms.id_status})

    @on("TransactionEvent")
    async def on_event(self, **payload):
        self.csms.note("TransactionEvent", payload)
        info = {"status": self.csms.id_status} if "id_token" in payload else None
        return result201.TransactionEvent(id_token_info=info)

    @on("MeterValues")
    async def on_values(self, **payload):
        self.csms.note("MeterValues", payload)
        return result201.MeterValues()

    @on("NotifyReport")
    async def on_report(self, **payload):
        self.csms.note("NotifyReport", payload)
        return result201.NotifyReport()
