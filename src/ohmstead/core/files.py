"""Files between stations and us: firmware on the shelf, tickets for one file, uploads asked for.

    ASKED ──begins──▶ UPLOADING ──arrived──▶ RECEIVED
      └──────────────────┴── failed ──▶ FAILED, its time over ──▶ TIMED_OUT
    what had failed and arrives after all (stations try again) is RECEIVED

A pair that is not in :data:`TRANSITIONS` changes nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.frozen import Frozen

TICKETS_MAX = 32  # of one station; the oldest goes
ATTEMPTS_MAX = 10  # transfers of one upload; stations try again
NUMBER_MAX = 2**31 - 1  # OCPP requestId; stations keep 32 bits
OPEN_MAX = 4  # uploads of one station that are waited for
TEXT_MAX = 500


class Protocol(enum.Enum):
    """How a file travels, in the order in which we prefer it; the words of both OCPP versions."""

    HTTPS = "https"
    HTTP = "http"
    FTPS = "ftps"  # FTP that begins with AUTH TLS
    FTP = "ftp"


class Firmware(Frozen):
    """A firmware image on the shelf; its bytes are the file ``firmware/{sha256}``.

    ``signature`` and ``signing_certificate`` are base64 and PEM, as SignedUpdateFirmware (1.6) and
    UpdateFirmware (2.x) carry them; empty for an image that nobody signed.
    """

    id: str  # fw- and the first digits of its SHA-256
    name: str  # how people call it; unique among those on the shelf
    version: str
    vendor: str
    model: str
    file_name: str  # the last part of its URL: some stations look at the extension
    bytes: int
    sha256: str  # hex
    added_ms: int
    signature: str = ""
    signing_certificate: str = ""
    removed_ms: int = 0

    @property
    def key(self) -> str:
        return self.id


class Ticket(Frozen):
    """What lets one station move one file until a moment; of its secret a hash is kept."""

    id: str
    station_id: str
    target: str  # a firmware's id; of an upload its number in digits
    is_upload: bool
    secret_sha256: str  # hex
    protocol: Protocol
    created_ms: int
    expires_ms: int

    @property
    def key(self) -> str:
        return self.id


class UploadState(enum.Enum):
    """Where an upload stands."""

    ASKED = "asked"
    UPLOADING = "uploading"
    RECEIVED = "received"
    FAILED = "failed"
    TIMED_OUT = "timed out"


class UploadEvent(enum.Enum):
    """What moves an upload."""

    BEGINS = "begins"
    ARRIVED = "arrived"
    FAILED = "failed"
    TIME_OVER = "time_over"


_S, _E = UploadState, UploadEvent
OPEN = (_S.ASKED, _S.UPLOADING)
TRANSITIONS: Mapping[tuple[UploadState, UploadEvent], UploadState] = MappingProxyType(
    {
        (_S.ASKED, _E.BEGINS): _S.UPLOADING,
        (_S.FAILED, _E.ARRIVED): _S.RECEIVED,
        (_S.TIMED_OUT, _E.ARRIVED): _S.RECEIVED,
        (_S.RECEIVED, _E.ARRIVED): _S.RECEIVED,
    }
    | {(state, _E.ARRIVED): _S.RECEIVED for state in OPEN}
    | {(state, _E.FAILED): _S.FAILED for state in OPEN}
    | {(state, _E.TIME_OVER): _S.TIMED_OUT for state in OPEN}
)


class Upload(Frozen):
    """A log that a station was asked for; its bytes are the file ``uploads/{number}``."""

    number: int  # OCPP's requestId
    station_id: str
    kind: str  # diagnostics or security
    action: str  # the message that asks for it
    state: UploadState
    protocol: Protocol
    asked_ms: int
    deadline_ms: int
    since_ms: int = 0
    until_ms: int = 0
    ended_ms: int = 0
    attempts: int = 0
    file_name: str = ""  # as the station calls it
    bytes: int = 0
    sha256: str = ""
    reason: str = ""  # why it failed
    said: str = ""  # the station's last word on it
    said_ms: int = 0
    removed_ms: int = 0  # when its file went

    @property
    def key(self) -> str:
        return upload_key(self.number)


class FileProtocols(Frozen):
    """What a station says it can move files with; empty: it does not say."""

    station_id: str
    protocols: tuple[Protocol, ...]
    at_ms: int

    @property
    def key(self) -> str:
        return self.station_id


def upload_key(number: int) -> str:
    """The key of an upload: the newest first."""
    return f"{NUMBER_MAX - number:010d}"


def read_protocols(text: str) -> tuple[Protocol, ...]:
    """Those of a station's list that we know, as in "FTP,HTTPS"; SFTP is nothing of ours."""
    words = {word.strip().casefold() for word in text.split(",")}
    return tuple(one for one in Protocol if one.value in words)


def choose(offered: tuple[Protocol, ...], said: tuple[Protocol, ...]) -> Protocol | None:
    """The one we prefer of those we offer and the station knows; of a silent one, of all."""
    fits = [one for one in Protocol if one in offered and (not said or one in said)]
    return fits[0] if fits else None
