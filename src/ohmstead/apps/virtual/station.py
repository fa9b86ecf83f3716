"""A charging station without a charger: a whole OCPP client, with meters that sign.

It does what a proper station does: one CALL in flight, boots before it reports, keeps what it
could not deliver and delivers it in order with its own times, comes back after a lost connection
and repeats the same words, and answers what the CSMS asks. What it is told to report is up to its
caller, who may therefore also make it lie: see :meth:`VirtualStation.stop_again` and its
neighbours.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from random import Random
from ssl import SSLContext

from ohmstead.apps.virtual.charging import (
    ACCEPTED,
    Boot,
    Cause,
    Dialect,
    Hooks,
    Nameplate,
    Place,
    Transaction,
)
from ohmstead.apps.virtual.link import LinkLost
from ohmstead.apps.virtual.meter import BEGIN, CHARGING, END, Sample, VirtualMeter
from ohmstead.apps.virtual.outbox import Outbox, Owed, Refused
from ohmstead.apps.virtual.panel import Panel
from ohmstead.apps.virtual.settings import Settings
from ohmstead.apps.virtual.uplink import Offline, Uplink
from ohmstead.apps.virtual.v16 import Dialect16
from ohmstead.apps.virtual.v21 import Dialect21
from ohmstead.apps.virtual.v201 import Dialect201
from ohmstead.errors import LocalProtocolError, OhmsteadError
from ohmstead.hashing import sha256
from ohmstead.ports import Clock
from ohmstead.wire.ocpp.base import Message, Side, Version
from ohmstead.wire.ocpp.codec import decode_request, encode
from ohmstead.wire.ocpp.frames import CallReceived

CALL_TIMEOUT_MS = 60_000
ASKED_MAX = 4  # times the same question is sent
_DIALECTS: Mapping[Version, type[Dialect]] = {
    Version.V16: Dialect16,
    Version.V201: Dialect201,
    Version.V21: Dialect21,
}


class VirtualStation:
    """One station with one websocket.

    Args:
        station_id: its identity, appended to ``url``.
        url: the endpoint, as in ``ws://127.0.0.1:9000/ocpp``.
        password: for Basic authentication; raw bytes, or text that is sent as UTF-8. None where
            ``ssl_context`` shows a certificate (security profile 3).
        version: "1.6", "2.0.1" or "2.1".
        meters: evse id (1 and up) -> its meter.
        clock: what the station's times come from where the caller gives none.
        seed: message and transaction ids follow from it and the station id.
        hooks: what remote starts, stops and resets do here.
        signed: whether begin and end carry signed records.
        announces: whether starts and stops are followed by StatusNotifications.
    """

    def __init__(
        self,
        station_id: str,
        url: str,
        password: bytes | str | None,
        version: str,
        meters: Mapping[int, VirtualMeter],
        clock: Clock,
        *,
        seed: str = "",
        hooks: Hooks | None = None,
        signed: bool = True,
        announces: bool = True,
        plate: Nameplate | None = None,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self.id = station_id
        self.version = Version(version)
        self.dialect: Dialect = _DIALECTS[self.version]()
        self.places = {evse: Place(meter) for evse, meter in meters.items()}
        self.clock = clock
        self.hooks = hooks or Hooks()
        self.signed = signed
        self.announces = announces
        self.plate = plate or Nameplate()
        self.settings = Settings(self.version, len(self.places))
        self.boot_status = ""  # "", Accepted, Pending, Rejected
        self.call_timeout_ms = CALL_TIMEOUT_MS
        self._seed = seed
        self._counts: dict[str, int] = {}
        self._outbox = Outbox(self.fresh_id)
        self._panel = Panel(self)
        self.uplink = Uplink(
            station_id,
            url,
            password.encode() if isinstance(password, str) else password,
            self.version,
            self._answer,
            lambda: self.later(self.flush()),
            Random(f"{seed}/{station_id}"),
            ssl_context,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_stop: Owed | None = None

    # The connection.

    @property
    def connected(self) -> bool:
        """Whether the websocket is open."""
        return self.uplink.connected

    @property
    def queued(self) -> int:
        """How many messages about transactions wait for an answer."""
        return len(self._outbox)

    @property
    def refused(self) -> list[Refused]:
        """The messages about transactions that the CSMS would not take, oldest first."""
        return self._outbox.refused

    async def connect(self) -> None:
        """Open the websocket, and deliver what is owed if this station was accepted before.

        Raises UpgradeRefused.
        """
        await self.uplink.connect()
        await self.flush()

    async def close(self) -> None:
        """Close with status 1000 and stay offline; what is owed is kept."""
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()
        await self.uplink.close()

    async def drop(self) -> None:
        """Lose the TCP connection abruptly and stay offline until :meth:`connect`."""
        await self.uplink.drop()

    async def reconnect(self) -> None:
        """Close and come back, as with a new password; raises UpgradeRefused at its end."""
        await self.uplink.close()
        await self.uplink.arrive()
        await self.flush()

    # What a station reports.

    async def boot(self, reason: str = "PowerUp") -> Boot:
        """Send BootNotification. Accepted, it delivers what is owed; Offline without connection."""
        meters = {evse: place.meter for evse, place in self.places.items()}
        payload = await self.ask("BootNotification", self.dialect.boot(self.plate, meters, reason))
        boot = self.dialect.booted(payload)
        self.boot_status = boot.status
        if boot.status == ACCEPTED and boot.interval_s > 0:  # 1.6 6.4, 2.0.1 B01.FR.04
            self.settings.change(self.settings.beat_name, str(boot.interval_s))
        await self.flush()
        return boot

    async def status(self, evse: int, state: str = "Available", at_ms: int | None = None) -> None:
        """Send StatusNotification, in 1.6's words; 2.0.1 says Occupied for all with a car."""
        moment_ms = self.clock.now_ms() if at_ms is None else at_ms
        await self.ask("StatusNotification", self.dialect.status(evse, state, moment_ms))

    async def announce(self, evse: int, state: str, at_ms: int) -> None:
        """Send a StatusNotification, if this station does and may; whatever becomes of it."""
        if self.announces and self.connected and self.boot_status == ACCEPTED:
            with contextlib.suppress(OhmsteadError):
                await self.status(evse, state, at_ms)

    async def authorize(self, id_token: str) -> str:
        """Ask whether an id_token may charge; returns the CSMS's word, as in "Accepted"."""
        answer = await self.ask("Authorize", self.dialect.authorize(id_token))
        return self.dialect.authorized(answer)

    async def heartbeat(self) -> int:
        """Send Heartbeat; returns the CSMS's time in ms."""
        return self.dialect.heartbeat_ms(await self.call("Heartbeat", b"{}"))

    async def start(
        self,
        evse: int,
        id_token: str,
        at_ms: int | None = None,
        *,
        remote_start_id: int | None = None,
        id_data: str = "",
        sample: Sample | None = None,
    ) -> Transaction:
        """Begin a transaction and report it; offline, the report is kept.

        ``id_data`` goes into the signed record (a pseudonym). ``sample`` replaces what the meter
        would say: another register, time or record. Raises LocalProtocolError where a transaction
        goes on already.
        """
        place = self._place(evse)
        if place.charging is not None:
            raise LocalProtocolError(f"evse {evse} of {self.id} is in a transaction already")
        sample = sample or self._sample(place.meter, at_ms, BEGIN, None, self.signed, id_data)
        tx = Transaction(evse, id_token, sample, remote_start_id=remote_start_id)
        if self.version is not Version.V16:
            tx.transaction_id = self._fresh("transaction", 36)
        place.transaction = tx
        await self._owe(self.dialect.start(tx, place.meter, not self.connected))
        await self.announce(evse, "Charging", sample.at_ms)
        return tx

    async def meter_values(
        self,
        tx: Transaction,
        mwh: int | None = None,
        at_ms: int | None = None,
        *,
        signed: bool = False,
        sample: Sample | None = None,
        cause: Cause = Cause.PERIODIC,
    ) -> None:
        """Report the register within a transaction; ``mwh`` is its new absolute value."""
        meter = self._place(tx.evse).meter
        tx.last = sample = sample or self._sample(meter, at_ms, CHARGING, mwh, signed, "")
        await self._owe(self.dialect.update(tx, sample, cause, not self.connected))

    async def stop(
        self,
        tx: Transaction,
        mwh: int | None = None,
        at_ms: int | None = None,
        *,
        reason: str = "Local",
        id_data: str = "",
        sample: Sample | None = None,
    ) -> None:
        """End a transaction and report it; ``mwh`` is the register's last absolute value.

        ``reason`` is a word both versions have: Local, EVDisconnected, Remote, PowerLoss,
        DeAuthorized, Other ...; raises LocalProtocolError for a transaction that has ended.
        """
        if not tx.active:
            raise LocalProtocolError("the transaction has ended; stop_again() misbehaves")
        place = self._place(tx.evse)
        sample = sample or self._sample(place.meter, at_ms, END, mwh, self.signed, id_data)
        owed = self.dialect.stop(tx, sample, reason, not self.connected)
        tx.end, tx.reason = sample, reason
        self._last_stop = owed[-1]
        await self._owe(owed)
        if place.becomes_operative is not None:
            place.operative, place.becomes_operative = place.becomes_operative, None
        await self.announce(tx.evse, "Available", sample.at_ms)
        self._panel.stopped()

    async def flush(self) -> bool:
        """Deliver everything owed; returns whether nothing is left."""
        await self._deliver(None)
        return not self._outbox.owed

    # What no proper station does.

    async def stop_again(self, tx: Transaction, sample: Sample, reason: str = "Local") -> None:
        """Report a second, contradicting end of a transaction that has ended."""
        await self._owe(self.dialect.stop(tx, sample, reason, not self.connected))

    async def resend_last_stop(self) -> bytes:
        """Send the payload of the last stop once more under a new message id; returns the answer.

        Raises as :meth:`call`.
        """
        stop = self._last_stop
        if stop is None or stop.payload is None:
            raise LocalProtocolError(f"{self.id} has not sent a stop yet")
        return await self.call(stop.action, stop.payload)

    async def call(self, action: str, payload: bytes, message_id: str = "") -> bytes:
        """Send any CALL now, past the queue and the checks; returns the answer's payload.

        Raises Offline, CsmsRefused, NoAnswer and LinkLost.
        """
        message_id = message_id or self.fresh_id()
        return await self.uplink.link.call(message_id, action, payload, self.call_timeout_ms)

    def send_text(self, text: bytes) -> None:
        """Write any text frame to the socket, past the protocol."""
        self.uplink.link.send_text(text)

    # Inside.

    def fresh_id(self) -> str:
        """Return a new message id."""
        return self._fresh("message", 32)

    def later(self, work: Coroutine[object, object, object]) -> None:
        """Run a coroutine after the answer that is being written; for the panel.

        It is the station's own doing, so a lost connection or a refusal ends it without a word.
        """
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for what was begun for the CSMS: a stop it asked for, a reset."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _place(self, evse: int) -> Place:
        place = self.places.get(evse)
        if place is None:
            raise LocalProtocolError(f"{self.id} has no evse {evse}")
        return place

    def _sample(
        self,
        meter: VirtualMeter,
        at_ms: int | None,
        tx: str,
        mwh: int | None,
        signed: bool,
        id_data: str,
    ) -> Sample:
        moment_ms = self.clock.now_ms() if at_ms is None else at_ms
        if signed:
            return meter.read_signed(moment_ms, tx, mwh, id_data)
        return meter.read(moment_ms, mwh)

    def _fresh(self, what: str, length: int) -> str:
        """Return an id that follows from the seed, this station and how many went before."""
        number = self._counts[what] = self._counts.get(what, 0) + 1
        return sha256(f"{self._seed}/{self.id}/{what}/{number}".encode()).hex()[:length]

    def owes(self, transaction_id: str) -> bool:
        """Tell whether messages of this transaction wait for an answer."""
        return any(message.about == transaction_id for message in self._outbox.owed)

    async def ask(self, action: str, request: Message) -> bytes:
        """Send a message that is not kept for later, again if the connection ended meanwhile.

        Returns the answer's payload; raises as :meth:`call`.
        """
        message_id, payload = self.fresh_id(), encode(request)
        for _ in range(ASKED_MAX - 1):
            with contextlib.suppress(LinkLost):
                return await self.call(action, payload, message_id)
            await self.uplink.recovered()
        return await self.call(action, payload, message_id)

    async def _owe(self, messages: list[Owed]) -> None:
        for message in messages:
            self._outbox.put(message)
        await self._deliver(messages[-1])

    async def _deliver(self, until: Owed | None) -> None:
        """Deliver what is owed, as far as the connection lasts; comes back where that is allowed.

        1.6 4.2 and 2.0.1 B01: before it is accepted a station sends nothing but its boot.
        """
        while self.boot_status == ACCEPTED and self.connected:
            try:
                await self._outbox.deliver(self._send, until)
                return
            except (LinkLost, Offline):  # Offline: another task's delivery lost it
                if not await self.uplink.recovered():
                    return

    async def _send(self, message_id: str, action: str, payload: bytes) -> bytes:
        return await self.call(action, payload, message_id)

    def _answer(self, call: CallReceived) -> bytes:
        if self.hooks.asked is not None:
            self.hooks.asked(call.action)
        request = decode_request(self.version, call.action, call.payload, sender=Side.CSMS)
        return encode(self.dialect.answer(request, self._panel))


async def _quietly(work: Coroutine[object, object, object]) -> None:
    with contextlib.suppress(OhmsteadError):
        await work
