"""Who may move which file: tickets are checked here, on the loop that owns the store.

A right secret is let in whatever came before it; wrong ones are counted by address, so that a fleet
behind one address is not locked out by a neighbour (as with stations' passwords).
"""

from __future__ import annotations

import enum
import time
from hmac import compare_digest
from pathlib import Path
from typing import Protocol as Shape

import structlog

from ohmstead.apps.config import Config
from ohmstead.apps.files.desk import Files, hash_of
from ohmstead.apps.files.folders import UPLOADS, upload_name
from ohmstead.apps.gateway.failures import FAILURES_MAX, Failures
from ohmstead.core.files import Firmware, Protocol, Ticket, Upload, UploadEvent, upload_key
from ohmstead.core.network import Station
from ohmstead.errors import OhmsteadError
from ohmstead.flows.uploads import Happened, Prune, happened, may_begin, prune
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store

NS_PER_MS = 1_000_000
log = structlog.get_logger()

NOBODYS = hash_of("")  # compared with when there is no ticket, so that time tells nothing


class Why(enum.Enum):
    """Why a file is not moved, and the status of HTTP for it."""

    UNKNOWN = 404
    OVER = 410
    BUSY = 409
    TOO_OFTEN = 429
    FROZEN = 503


class Refused(OhmsteadError):
    """A file is not moved; the text is for the station's log, and says what to do."""

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(text)
        self.why = why


class Fetch(Frozen):
    """A file that may be fetched."""

    path: Path
    name: str
    bytes: int
    sha256: str


class Bring(Frozen):
    """A file that may be brought, until ``deadline_ms``."""

    ticket_id: str
    station_id: str
    number: int
    folder: Path
    bytes_max: int
    deadline_ms: int


class House(Shape):
    """What is needed of a house."""

    @property
    def directory(self) -> Path: ...
    @property
    def config(self) -> Config: ...
    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def is_frozen(self) -> bool: ...
    @property
    def files(self) -> Files: ...


class Door:
    """One per house; its methods run on the house's loop."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._failures = Failures()
        self._busy: set[str] = set()  # tickets of uploads that are on their way

    def ticket(self, ticket_id: str, secret: str, address: str, plain: bool) -> Ticket:
        """The ticket of this id and secret; raises Refused.

        ``plain``: the connection is not protected by TLS; a ticket for one that is stays unused.
        """
        house = self._house
        ticket = house.store.get(Ticket, ticket_id)
        kept = ticket.secret_sha256 if ticket is not None else NOBODYS
        fits = compare_digest(hash_of(secret), kept) and ticket is not None
        if not fits or ticket is None:
            count, _ = self._failures.count((address, ""), time.monotonic_ns() // NS_PER_MS)
            if count == FAILURES_MAX:
                log.warning("wrong links to files", address=address)
            if count > FAILURES_MAX:
                raise Refused(Why.TOO_OFTEN, "too many wrong links from this address; wait")
            raise Refused(Why.UNKNOWN, "there is no such file; ask for a new link")
        if plain and ticket.protocol in (Protocol.FTPS,):
            raise Refused(Why.UNKNOWN, "this link is for FTPS: begin with AUTH TLS")
        if house.clock.now_ms() >= ticket.expires_ms:
            raise Refused(Why.OVER, "this link is over; ask for a new one")
        station = house.store.get(Station, ticket.station_id)
        if station is None or station.retired_ms:
            raise Refused(Why.OVER, "this station is out of service")
        if house.is_frozen:
            raise Refused(Why.FROZEN, "this house was restored and is frozen; try again later")
        return ticket

    def fetch(self, ticket: Ticket) -> Fetch:
        """The firmware of a ticket; raises Refused."""
        if ticket.is_upload:
            raise Refused(Why.UNKNOWN, "this link is for an upload: bring the file with PUT")
        firmware = self._house.store.get(Firmware, ticket.target)
        if firmware is None or firmware.removed_ms:
            raise Refused(Why.OVER, "this firmware was withdrawn")
        path = self._house.files.firmware_path(firmware)
        return Fetch(path, firmware.file_name, firmware.bytes, firmware.sha256)

    async def begin(self, ticket: Ticket) -> Bring:
        """Let an upload begin; whoever calls it calls :meth:`end` as well. Raises Refused."""
        if not ticket.is_upload:
            raise Refused(Why.UNKNOWN, "this link is for fetching a file, not for bringing one")
        upload = self._house.store.get(Upload, upload_key(int(ticket.target)))
        if upload is None or not may_begin(upload):
            raise Refused(Why.TOO_OFTEN, "this was tried too often; ask for a new link")
        if ticket.id in self._busy:
            raise Refused(Why.BUSY, "this file is being brought already")
        self._busy.add(ticket.id)
        try:
            await self._house.store.run(happened, Happened(upload.number, UploadEvent.BEGINS))
        except BaseException:
            self._busy.discard(ticket.id)
            raise
        return Bring(
            ticket_id=ticket.id,
            station_id=ticket.station_id,
            number=upload.number,
            folder=self._house.directory / UPLOADS,
            bytes_max=self._house.config.files.upload_bytes_max,
            deadline_ms=ticket.expires_ms,
        )

    async def arrived(self, bring: Bring, bytes_: int, sha256: str, name: str) -> None:
        """Write down that a file is here, and let the oldest of its station go."""
        store = self._house.store
        told = Happened(bring.number, UploadEvent.ARRIVED, name, bytes_, sha256)
        await store.run(happened, told)
        log.info("a log arrived", station=bring.station_id, number=bring.number, bytes=bytes_)
        kept = self._house.config.files.uploads_kept
        for number in await store.run(prune, Prune(bring.station_id, kept)):
            (bring.folder / upload_name(number)).unlink(missing_ok=True)

    def end(self, bring: Bring) -> None:
        """The transfer is over, however it went."""
        self._busy.discard(bring.ticket_id)

    def now_ms(self) -> int:
        """The house's clock."""
        return self._house.clock.now_ms()
