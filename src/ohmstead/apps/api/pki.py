"""``/pki``: roots we trust, and what our authority took back; ``/stations/{id}/certificates``."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api.events import CertificateView, certificate_view
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import public, scopes
from ohmstead.apps.api.problems import Problem, bad_request
from ohmstead.apps.api.shapes import Body, View
from ohmstead.apps.api.stations import station_of
from ohmstead.apps.boot import House
from ohmstead.apps.stations.revoking import Revoking
from ohmstead.core.access import Scope
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.revocation import REASONS
from ohmstead.core.station_log import CERTIFICATES_MAX, StationCertificate
from ohmstead.errors import PkiUnavailable
from ohmstead.flows.certificates import Revoke, revoke
from ohmstead.wire.pki.certificate import Certificate, read_certificate
from ohmstead.wire.pki.status import id_of

RUNS = scopes(Scope.HOST)
OCSP_RESPONSE = "application/ocsp-response"


class RevokeBody(Body, frozen=True):
    """Why a certificate counts no more (RFC 5280, 5.3.1)."""

    reason: Annotated[str, msgspec.Meta(max_length=32)] = REASONS[0]


class RootView(View, frozen=True):
    """A root that is trusted; the hashes are those by which stations name it, with SHA-256."""

    name: str
    key: str
    expires: str
    expired: bool
    serial: str
    issuer_name_hash: str
    issuer_key_hash: str


class RootsView(View, frozen=True):
    """The roots; ``own`` is our authority's certificate, ``problem`` why the pool's are missing."""

    items: list[RootView]
    own: RootView | None
    problem: str


@get("/pki/roots", opt=scopes(Scope.HOST, Scope.READ))
async def list_roots(house: TheHouse) -> RootsView:
    """The roots of V2G and of mobility operators by which contracts are checked."""
    contracts, authority = house.services.contracts, house.services.authority
    found: tuple[Certificate, ...] = ()
    problem = ""
    if contracts is not None:
        try:
            found = await contracts.roots()
        except PkiUnavailable as error:
            problem = str(error)
    now_ms = house.clock.now_ms()
    own = read_certificate(authority.certificate) if authority is not None else None
    return RootsView(
        items=[_root(one, now_ms) for one in found],
        own=_root(own, now_ms) if own is not None else None,
        problem=problem,
    )


def _root(one: Certificate, now_ms: int) -> RootView:
    named = id_of(one, one)
    return RootView(
        name=one.common_name,
        key=one.key,
        expires=utc_text(one.not_after_ms),
        expired=one.not_after_ms < now_ms,
        serial=f"{named.serial:x}",
        issuer_name_hash=named.name_hash.hex(),
        issuer_key_hash=named.key_hash.hex(),
    )


@post("/stations/{station_id:str}/certificates/{serial:str}/revoke", opt=RUNS, status_code=200)
async def revoke_certificate(
    house: TheHouse, station_id: FromPath[str], serial: FromPath[str], data: JSONBody[RevokeBody]
) -> CertificateView:
    """Revoke a certificate of our authority; the revocation list is written at once. A connection
    that stands is not ended by it."""
    station_of(house, station_id)
    number = serial.lower().lstrip("0")
    with bad_request():
        await house.store.run(revoke, Revoke(station_id, number, data.reason))
    _revoking(house).write()
    found = house.store.find(StationCertificate, CERTIFICATES_MAX, station_id=station_id)
    return certificate_view(next(one for one in found if one.serial == number))


@get("/pki/ca.crl", opt=public(), media_type="application/pkix-crl")
async def show_list(house: TheHouse) -> bytes:
    """The revocation list of our authority, in DER."""
    return _revoking(house).crl()


@post("/pki/ocsp", opt=public(), status_code=200, media_type=OCSP_RESPONSE)
async def answer_ocsp(house: TheHouse, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Whether a certificate of our authority was revoked (RFC 6960): a request in DER."""
    return Response(_revoking(house).answer(await request.body()), media_type=OCSP_RESPONSE)


def _revoking(house: House) -> Revoking:
    if house.revoking is None:
        detail = "there is no authority here; `ohmstead ca init` makes one"
        raise Problem(404, detail, "not-found")
    return house.revoking


HANDLERS: tuple[Any, ...] = (list_roots, revoke_certificate, show_list, answer_ocsp)
