"""Bounded HTTP for asking a PKI: one deadline, one size, no redirects, no proxies of the shell.

After :data:`FAILURES_MAX` failures in a row a host is left alone for :data:`OPEN_S`: what waits for
it is refused at once, instead of holding up every station for as long as a timeout.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from ohmstead.errors import PkiUnavailable
from ohmstead.frozen import Frozen

FAILURES_MAX = 5
OPEN_S = 60
HOSTS_MAX = 256  # of which failures are remembered
SERVER_FAULTS = range(500, 600)
TOO_MANY = 429


class Answer(Frozen):
    """A status and a body; the status is below 500, and not 429."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open_until_s: float = 0.0


class Http:
    """Asks over HTTP. ``timeout_s`` is for a whole exchange, ``bytes_max`` for a body."""

    def __init__(self, timeout_s: int, bytes_max: int) -> None:
        self._timeout_s, self._bytes_max = timeout_s, bytes_max
        self._client: httpx.AsyncClient | None = None
        self._circuits: dict[str, _Circuit] = {}

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Return the answer; raises PkiUnavailable where there is none, or none that helps."""
        try:
            host = urlsplit(url).netloc
        except ValueError as error:
            raise PkiUnavailable("PkiUnreachable", f"no URL: {error}", is_final=True) from None
        circuit = self._circuit(host)
        if circuit.failures >= FAILURES_MAX and time.monotonic() < circuit.open_until_s:
            reason = f"{host} failed {circuit.failures} times in a row and is left alone for now"
            raise PkiUnavailable("PkiResting", reason)
        try:
            # In a task of its own: a timeout needs one, and the gateway steps handlers without.
            asking = asyncio.create_task(self._in_time(method, url, headers, body))
            answer = await asking
        except TimeoutError:
            raise self._failed(
                circuit, f"{host} did not answer within {self._timeout_s} s"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = f"{host} cannot be asked: {type(error).__name__}"
            raise self._failed(circuit, reason) from None
        if answer.status in SERVER_FAULTS or answer.status == TOO_MANY:
            raise self._failed(circuit, f"{host} answered {answer.status}")
        circuit.failures = 0
        return answer

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _in_time(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        async with asyncio.timeout(self._timeout_s):
            return await self._exchange(method, url, headers, body)

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if self._client is None:  # its TLS settings take 20 ms to read, so they are read once
            self._client = httpx.AsyncClient(
                follow_redirects=False, trust_env=False, timeout=self._timeout_s
            )
        # Nothing packed: a small body would become a large one after it was measured.
        fields = {"Accept-Encoding": "identity", **headers}
        request = self._client.build_request(method, url, headers=fields, content=body)
        response = await self._client.send(request, stream=True)
        try:
            read = bytearray()
            async for part in response.aiter_raw():
                read += part
                if len(read) > self._bytes_max:
                    raise ValueError("too long")
        finally:
            await response.aclose()
        return Answer(response.status_code, bytes(read))

    def _circuit(self, host: str) -> _Circuit:
        circuit = self._circuits.get(host)
        if circuit is None:
            while len(self._circuits) >= HOSTS_MAX:
                del self._circuits[next(iter(self._circuits))]
            circuit = self._circuits[host] = _Circuit()
        return circuit

    def _failed(self, circuit: _Circuit, reason: str) -> PkiUnavailable:
        circuit.failures += 1
        circuit.open_until_s = time.monotonic() + OPEN_S
        return PkiUnavailable("PkiUnreachable", reason)
