"""Stations' own certificates that our door would refuse: said before a station is locked out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID

from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps.config import Config, TlsConfig
from ohmstead.apps.stations.authority import CERTIFICATE_FILE, FileAuthority
from ohmstead.core.network import Station
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.errors import RemoteProtocolError
from ohmstead.ports import Clock, Store
from ohmstead.wire.pki.certificate import UNREADABLE, read_pem

PAGE = 200
NAMED_MAX = 10  # in one line of the log

log = structlog.get_logger()


def own_certificate(store: Store, station_id: str) -> StationCertificate | None:
    """The certificate of our authority that a station took last and may be using."""
    every = store.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id)
    return max(filter(_is_own, every), key=lambda one: one.number, default=None)


def _is_own(one: StationCertificate) -> bool:
    return one.state == "accepted" and one.is_used and not one.is_v2g


def why_unfit(known: StationCertificate, station: Station, tls: TlsConfig, now_ms: int) -> str:
    """Why the door would refuse this certificate; "" where it would not."""
    if known.not_after_ms <= now_ms:
        return "has expired"
    common = _subject(known.chain, NameOID.COMMON_NAME)
    names = {station.id, station.serial if tls.names == "serial" else ""} - {""}
    if common not in names:
        return f"has the common name (CN) {common[:64]!r}"
    found = organization_of(known.chain)
    if tls.organization and found != tls.organization:
        return f"has the organization (O) {found[:64]!r}, not {tls.organization[:64]!r}"
    return ""


def organization_of(chain: str) -> str:
    """The O of a certificate in PEM; "" for none, or several."""
    return _subject(chain, NameOID.ORGANIZATION_NAME)


def _subject(chain: str, name: x509.ObjectIdentifier) -> str:
    try:
        subject = x509.load_pem_x509_certificate(chain.encode()).subject
        found = [str(one.value) for one in subject.get_attributes_for_oid(name)]
    except UNREADABLE:
        return ""
    return found[0] if len(found) == 1 else ""  # one that says it twice says nothing


async def unfit(store: Store, tls: TlsConfig, now_ms: int) -> list[str]:
    """The stations whose certificate would be refused, and why; at most :data:`NAMED_MAX`."""
    newest: dict[str, StationCertificate] = {}
    after = ""
    while page := store.find(StationCertificate, PAGE, after):
        for one in filter(_is_own, page):
            before = newest.get(one.station_id)
            if before is None or one.number > before.number:
                newest[one.station_id] = one
        after = page[-1].key
        await asyncio.sleep(0)
    found: list[str] = []
    for station_id, known in sorted(newest.items()):
        station = store.get(Station, station_id)
        if station is None or station.retired_ms:
            continue
        if why := why_unfit(known, station, tls, now_ms):
            found.append(f"{station_id} {why}")
            if len(found) == NAMED_MAX:
                break
    return found


class House(Protocol):
    """What is looked at of a house."""

    directory: Path
    config: Config
    store: WatchedStore
    clock: Clock


async def warn_of_unfit(house: House, authority: FileAuthority) -> None:
    """Say in the log which certificates of our own authority would be refused."""
    tls = house.config.ocpp.tls
    if problem := why_untrusted(authority, tls, house.directory):
        log.warning(problem)
    found = await unfit(house.store, tls, house.clock.now_ms())
    if found:
        log.warning(
            "certificates of our own authority would be refused; have these stations ask for new "
            "ones: TriggerMessage SignChargingStationCertificate (1.6: ExtendedTriggerMessage "
            "SignChargePointCertificate)",
            certificates=found,
        )


def why_untrusted(authority: FileAuthority, tls: TlsConfig, directory: Path) -> str:
    """Why no certificate of our authority is let in by this listener; "" where they are."""
    if not tls.bind or not tls.client_ca:
        return ""
    path = directory / tls.client_ca
    try:
        trusted = read_pem(path.read_bytes(), str(path))
    except (OSError, RemoteProtocolError):
        return ""  # what is wrong with the file is said by who needs it
    if any(one.x509 == authority.certificate for one in trusted):
        return ""
    return (
        f"{path} (ocpp.tls.client_ca) does not hold the certificate of our own authority: what it "
        f"issues is refused; add {CERTIFICATE_FILE} to the file"
    )
