"""What the rest of the house asks of files: URLs for stations, the shelf of firmware, uploads."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Protocol as Shape

from ohmstead.apps.config import Config
from ohmstead.apps.files.folders import FIRMWARE, UPLOADS, upload_name
from ohmstead.apps.files.offers import Offers
from ohmstead.apps.files.speaking import said_protocols
from ohmstead.apps.stations import commands
from ohmstead.core.files import Firmware, Protocol, Ticket, Upload
from ohmstead.errors import OperatorError
from ohmstead.flows.files import AskUpload, ask_upload, give_ticket
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Store
from ohmstead.units import MS_PER_S

SECRET_BYTES = 16
ID_BYTES = 6
SHELF_MAX = 1_000
KINDS = ("diagnostics", "security")


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
    def gateway(self) -> commands.Links: ...


class Slot(Frozen):
    """An upload that may come, and the URL to bring it to: shown to its station only."""

    upload: Upload
    url: str


class Files:
    """One per house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.offers = Offers(house.config.files)

    def firmware(self, name_or_id: str) -> Firmware:
        """A firmware on the shelf; raises OperatorError for one that is not there."""
        found = self._house.store.get(Firmware, name_or_id)
        if found is None:
            found = next((one for one in self.shelf() if one.name == name_or_id), None)
        if found is None or found.removed_ms:
            raise OperatorError(
                f"there is no firmware {name_or_id[:60]}; `ohmstead firmware list` shows what is"
            )
        return found

    def shelf(self) -> list[Firmware]:
        """Every firmware on the shelf."""
        found = self._house.store.find(Firmware, SHELF_MAX)
        return [one for one in found if not one.removed_ms]

    def firmware_path(self, firmware: Firmware) -> Path:
        """Where its bytes are, if they are there."""
        return self._house.directory / FIRMWARE / firmware.sha256

    def upload_path(self, upload: Upload) -> Path:
        """Where an upload's bytes are, once they are there."""
        return self._house.directory / UPLOADS / upload_name(upload.number)

    async def firmware_url(
        self, name_or_id: str, station_id: str, now_ms: int, protocol: str = ""
    ) -> str:
        """A URL by which this one station can fetch a firmware for ``files.link_s`` seconds.

        The way is the first of https, http, ftps, ftp that we offer and the station says it knows;
        a connected station that has not said is asked. ``protocol`` chooses it by hand. Raises
        OperatorError: NoProtocol, no such firmware or its bytes are missing, no such station.
        """
        found = self.firmware(name_or_id)
        if not self.firmware_path(found).is_file():
            raise OperatorError(
                f"the bytes of firmware {found.id} are not here: add its file again with "
                "`ohmstead firmware add`"
            )
        secret = secrets.token_hex(SECRET_BYTES)
        ticket = Ticket(
            id=secrets.token_hex(ID_BYTES),
            station_id=station_id,
            target=found.id,
            is_upload=False,
            secret_sha256=hash_of(secret),
            protocol=await self._choose(station_id, protocol),
            created_ms=now_ms,
            expires_ms=now_ms + self._house.config.files.link_s * MS_PER_S,
        )
        await self._house.store.run(give_ticket, ticket)
        return self.offers.url(ticket, secret, found.file_name)

    async def upload_url(self, station_id: str, kind: str, now_ms: int, protocol: str = "") -> str:
        """A URL to which this one station can bring a log; see :meth:`open_upload`."""
        action = "GetDiagnostics" if kind == "diagnostics" else "GetLog"
        return (await self.open_upload(station_id, kind, action, now_ms, protocol=protocol)).url

    async def open_upload(
        self,
        station_id: str,
        kind: str,
        action: str,
        now_ms: int,
        *,
        since_ms: int = 0,
        until_ms: int = 0,
        protocol: str = "",
    ) -> Slot:
        """Expect a log of a station for ``files.upload_s`` seconds; raises OperatorError."""
        chosen = await self._choose(station_id, protocol)
        secret, ticket_id = secrets.token_hex(SECRET_BYTES), secrets.token_hex(ID_BYTES)
        command = AskUpload(
            station_id=station_id,
            kind=kind,
            action=action,
            protocol=chosen,
            ticket_id=ticket_id,
            secret_sha256=hash_of(secret),
            deadline_ms=now_ms + self._house.config.files.upload_s * MS_PER_S,
            since_ms=since_ms,
            until_ms=until_ms,
        )
        upload = await self._house.store.run(ask_upload, command)
        ticket = self._house.store.get(Ticket, ticket_id)
        assert ticket is not None  # it was written in the same commit
        return Slot(upload, self.offers.url(ticket, secret))

    async def _choose(self, station_id: str, wanted: str) -> Protocol:
        if wanted or not self.offers.bases:
            return self.offers.choose((), wanted)
        return self.offers.choose(await said_protocols(self._house, station_id))


def hash_of(secret: str) -> str:
    """What is kept of a ticket's secret: it has 128 random bits, so a plain hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()
