"""A contract certificate pool over HTTP, worded as Hubject's Open Plug&Charge interface (OPCP).

    POST {base}/v1/ccp/signedContractData        a car's request -> its certificate (JSON, base64)
    GET  {base}/v1/root/rootCerts                the trusted roots (JSON, base64 of DER)
    POST {base}/.well-known/cpo/simpleenroll     a CSR (base64 of DER) -> PKCS#7 or certificate
    GET  {base}/.well-known/cpo/cacerts          the authorities above it (PKCS#7)

Where EST (RFC 7030) is differs between pools, and may be told: with some the paths end in
``/ISO15118-2`` or ``/ISO15118-20``. None of it was tried against a live pool.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ohmstead.adapters.pki.http import Answer, Http
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.wire.pki.certificate import UNREADABLE, Certificate, read_certificate

BYTES_MAX = 4 << 20  # all roots there are
ROOTS_MAX = 1_000
ROOTS_S = 6 * 3_600  # for which the roots are kept
ROOTS_AGAIN_S = 300  # until they are asked for again when that failed
TRIES = 3
PAUSE_S = 0.5
EXI_LENGTH_MAX = 17_000  # of OCPP 2.1
GENERATIONS = {2: "ISO15118-2", 20: "ISO15118-20"}
CONTRACT_PATH, ROOTS_PATH = "/v1/ccp/signedContractData", "/v1/root/rootCerts"
EST_PATH = "/.well-known/cpo/{request}"
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403
OF_CARS = "oem"  # in the type of a root by which provisioning certificates are signed

T = TypeVar("T")


class _MessageDef(msgspec.Struct):
    certificate: str = msgspec.field(name="certificateInstallationRes", default="")
    update: str = msgspec.field(name="certificateUpdateRes", default="")


class _Content(msgspec.Struct):
    message: _MessageDef = msgspec.field(name="messageDef", default_factory=_MessageDef)


class _Contracts(msgspec.Struct):
    contents: list[_Content] = msgspec.field(name="emaidContent", default_factory=list)


class _SignedContractData(msgspec.Struct):
    response: _Contracts = msgspec.field(name="CCPResponse")


class _Root(msgspec.Struct):
    der: str = msgspec.field(name="caCertificate")
    kind: str = msgspec.field(name="rootType", default="")


class _Collection(msgspec.Struct):
    found: list[_Root] = msgspec.field(name="rootCertificates")


class _Roots(msgspec.Struct):
    collection: _Collection = msgspec.field(name="RootCertificateCollection")


class Pool:
    """One pool. ``token`` is asked before each request, so that it may be renewed in its file; in
    ``est_path`` stands ``{request}``, and perhaps ``{generation}``."""

    def __init__(
        self, base: str, token: Callable[[], str], timeout_s: int, est_path: str = EST_PATH
    ) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._est_path = est_path
        self._timeout_s = timeout_s
        self._http = Http(timeout_s, BYTES_MAX)
        self._roots: tuple[bytes, ...] = ()
        self._reading = asyncio.Lock()
        self._roots_until_s = 0.0

    async def get_ev_certificate(self, exi_request: str, action: str, schema: str) -> str:
        """Hand a car's request on; raises PkiUnavailable."""
        asked = {f"certificate{_word(action)}Req": exi_request, "xsdMsgDefNamespace": schema}
        body = msgspec.json.encode(asked)
        answer = await self._ask("POST", CONTRACT_PATH, "application/json", body)
        told = _json(answer, _SignedContractData)
        for content in told.response.contents:
            exi = content.message.update if action == "Update" else content.message.certificate
            if exi:
                return _base64(exi)
        raise PkiUnavailable("NoContract", "the pool has no contract for this car", is_final=True)

    async def roots(self) -> Sequence[bytes]:
        """The pool's roots in DER, asked for every six hours; those of before while it does not
        answer. Raises PkiUnavailable where there are none."""
        async with self._reading:  # whoever else wants them meanwhile waits for the same answer
            if time.monotonic() >= self._roots_until_s:
                try:
                    self._roots = await self._fetch_roots()
                    self._roots_until_s = time.monotonic() + ROOTS_S
                except PkiUnavailable:
                    if not self._roots:
                        raise
                    self._roots_until_s = time.monotonic() + ROOTS_AGAIN_S
        return self._roots

    async def _fetch_roots(self) -> tuple[bytes, ...]:
        answer = await self._ask("GET", ROOTS_PATH, "application/json")
        found = _json(answer, _Roots).collection.found
        if len(found) > ROOTS_MAX:
            raise PkiUnavailable("BadPkiAnswer", f"the pool has more than {ROOTS_MAX} roots")
        try:
            # A maker's root proves which car it is, and never whose contract.
            trusted = [one.der for one in found if OF_CARS not in one.kind.casefold()]
            return tuple(base64.b64decode(der, validate=False) for der in trusted)
        except (binascii.Error, ValueError):
            raise PkiUnavailable("BadPkiAnswer", "a root of the pool is no base64") from None

    async def sign_v2g(self, csr: str, generation: int) -> str:
        """Have a CSR signed (EST simple enrolment, RFC 7030); raises PkiUnavailable."""
        try:
            request = x509.load_pem_x509_csr(csr.encode())
            raw = base64.b64encode(request.public_bytes(Encoding.DER))
        except UNREADABLE:
            raise PkiUnavailable("CsrUnreadable", "the CSR cannot be read", is_final=True) from None
        kind, generation_name = "application/pkcs10", GENERATIONS[generation]
        path = self._est_path.replace("{generation}", generation_name)
        enrol = path.replace("{request}", "simpleenroll")
        authorities = path.replace("{request}", "cacerts")
        found = _certificates(await self._ask("POST", enrol, kind, raw))
        # PKCS#7 holds a set: the station's own stands anywhere in it.
        key = request.public_key()
        leaf = next((one for one in found if one.x509.public_key() == key), None)
        if leaf is None:
            raise PkiUnavailable("BadPkiAnswer", "the pool signed another key than the station's")
        rest = [one for one in found if one is not leaf]
        if not rest:
            rest = _certificates(await self._ask("GET", authorities, kind))
        chain, last = [leaf], leaf
        while len(chain) <= len(rest):
            above = next((one for one in rest if last.is_signed_by(one) and one != last), None)
            if above is None or above.is_self_issued:
                break
            chain.append(above)
            last = above
        return "".join(one.x509.public_bytes(Encoding.PEM).decode() for one in chain)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _ask(self, method: str, path: str, kind: str, body: bytes | None = None) -> Answer:
        """Ask the pool, thrice if it does not answer, and no longer than twice the timeout; raises
        PkiUnavailable."""
        token = self._token()
        headers = {"Accept": "application/json, application/pkcs7-mime, */*"}
        if token:
            headers |= {"Authorization": f"Bearer {token}", "X-API-Key": token}
        if body is not None:
            headers["Content-Type"] = kind
        began_s = time.monotonic()
        for again in range(TRIES):
            try:
                answer = await self._http.ask(method, self._base + path, headers, body)
                break
            except PkiUnavailable as error:
                # A station waits: nothing is begun anew after half of its patience.
                late = time.monotonic() - began_s > self._timeout_s
                if again == TRIES - 1 or late or error.code == "PkiResting":
                    raise
            await asyncio.sleep(PAUSE_S * (again + 1))
        if answer.status in (UNAUTHORIZED, FORBIDDEN):
            reason = f"the pool refuses our token ({answer.status}): renew keys/pki.token"
            raise PkiUnavailable("PkiTokenRefused", reason)
        if answer.status != OK:
            reason = f"the pool answered {answer.status}"
            raise PkiUnavailable("PkiRefused", reason, is_final=True)
        return answer


def _json(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        reason = f"the pool's answer is not what was expected: {str(error)[:120]}"
        raise PkiUnavailable("BadPkiAnswer", reason) from None


def _word(action: str) -> str:
    return "Update" if action == "Update" else "Installation"


def _base64(text: str) -> str:
    """Check a car's answer, which is handed on as it came."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PkiUnavailable("BadPkiAnswer", "the pool's EXI answer is no base64") from None
    if len(text) > EXI_LENGTH_MAX:
        raise PkiUnavailable("BadPkiAnswer", "the pool's EXI answer is too long for a station")
    return text


def _certificates(answer: Answer) -> list[Certificate]:
    """Read what EST answers: PKCS#7 or certificates, in base64, DER or PEM."""
    raw = answer.body
    try:
        if b"-----BEGIN CERT" in raw:
            found = x509.load_pem_x509_certificates(raw)
        elif b"-----BEGIN PKCS7" in raw:
            found = pkcs7.load_pem_pkcs7_certificates(raw)
        else:
            der = raw if raw[:1] == b"\x30" else base64.b64decode(raw, validate=False)
            found = _der(der)
        if not found:
            raise ValueError("nothing in it")
        return [read_certificate(one, "the pool's certificate") for one in found]
    except RemoteProtocolError as error:
        raise PkiUnavailable("BadPkiAnswer", str(error)) from None
    except (binascii.Error, *UNREADABLE):
        reason = "the pool's answer holds no certificates"
        raise PkiUnavailable("BadPkiAnswer", reason) from None


def _der(der: bytes) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(der)
    except UNREADABLE:
        return [x509.load_der_x509_certificate(der)]
