"""OCSP responders over HTTP (RFC 6960, appendix A), and only those the operator names.

The URL of a responder comes from a station or out of a certificate: from a stranger. So the host is
looked up on a list before anything is sent; nothing else on our networks can be reached this way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.x509 import ocsp

from ohmstead.adapters.pki.http import Http
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.wire.pki.certificate import UNREADABLE, ms_of
from ohmstead.wire.pki.status import RESPONSE_LENGTH_MAX, CertificateId, request_of

KEPT_MAX = 2_000  # answers, of 16 kB at most
UNDATED_S = 3_600  # for which an answer is kept that does not say until when it is good
KEPT_S_MAX = 24 * 3_600
FAILED_S = 30  # for which a failure is the answer
URL_LENGTH_MAX = 2_000
PORTS = {"http": 80, "https": 443}
HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


@dataclass(slots=True)
class _Kept:
    until_s: float
    der: bytes = b""
    failure: PkiUnavailable | None = None


class Responders:
    """Asks OCSP responders and keeps their answers.

    Args:
        hosts: ``HOST`` (ports 80 and 443) or ``HOST:PORT``, lower case; nobody else is asked.
        now_ms: the clock by which an answer is good until its next update.
    """

    def __init__(self, hosts: tuple[str, ...], timeout_s: int, now_ms: Callable[[], int]) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._http = Http(timeout_s, RESPONSE_LENGTH_MAX)
        self._now_ms = now_ms
        self._kept: dict[str, _Kept] = {}
        self._asking: dict[str, asyncio.Task[bytes]] = {}

    def may_ask(self, url: str) -> bool:
        """Whether this URL leads to a host of the list."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        host = (parts.hostname or "").lower()
        if parts.scheme not in PORTS or parts.username is not None or len(url) > URL_LENGTH_MAX:
            return False
        if any(not "!" <= letter <= "~" for letter in url):
            return False
        usual = port in (None, PORTS["http"], PORTS["https"])
        return (usual and host in self._hosts) or f"{host}:{port}" in self._hosts

    async def ask(self, asked: CertificateId, url: str) -> bytes:
        """The OCSPResponse in DER; raises PkiUnavailable. One request at a time for each question,
        whoever asks it meanwhile."""
        if not self._hosts:
            reason = "no OCSP responder may be asked: name its host in pki.ocsp_hosts"
            raise PkiUnavailable("NoOcspResponder", reason, is_final=True)
        if not self.may_ask(url):
            host = url[:80].encode("ascii", "replace").decode()
            reason = f"the OCSP responder {host!r} is not in pki.ocsp_hosts"
            raise PkiUnavailable("OcspHostNotAllowed", reason, is_final=True)
        # By the URL too: who asks a wrong responder spoils nothing for those who ask the right one.
        key = f"{asked.text} {url}"
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept.until_s:
            if kept.failure is not None:
                raise PkiUnavailable(kept.failure.code, str(kept.failure))
            return kept.der
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(asked, url, key))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is being asked."""
        for task in list(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._http.close()

    async def _fetch(self, asked: CertificateId, url: str, key: str) -> bytes:
        try:
            try:
                answer = await self._http.ask("POST", url, HEADERS, request_of(asked))
            except RemoteProtocolError as error:
                raise PkiUnavailable("BadHashData", str(error), is_final=True) from None
            if answer.status != 200:
                reason = f"the OCSP responder answered {answer.status}"
                raise PkiUnavailable("NoOcspAnswer", reason)
            until_s = self._good_for(answer.body)
        except PkiUnavailable as failure:
            self._keep(key, _Kept(time.monotonic() + FAILED_S, failure=failure))
            raise
        self._keep(key, _Kept(until_s, answer.body))
        return answer.body

    def _good_for(self, der: bytes) -> float:
        """Until when a response may be kept, by the monotonic clock; refuses what is none."""
        try:
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                word = response.response_status.name.lower()
                raise PkiUnavailable("NoOcspAnswer", f"the OCSP responder answered {word}")
            ends = [one.next_update_utc for one in response.responses]
            dated = [ms_of(end) for end in ends if end is not None]
        except UNREADABLE:
            reason = "the OCSP responder's answer cannot be read"
            raise PkiUnavailable("NoOcspAnswer", reason) from None
        left_s = (min(dated) - self._now_ms()) // 1_000 if dated else UNDATED_S
        return time.monotonic() + min(max(left_s, 0), KEPT_S_MAX)

    def _keep(self, key: str, kept: _Kept) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = kept
