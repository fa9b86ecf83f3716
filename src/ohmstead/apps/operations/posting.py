"""One POST to an address of somebody else's choice, and nowhere it must not go.

The name is resolved here, every address it has is judged, and the connection is made to the very
address that was judged: a name that answers differently the next time leads nowhere else. Plain
http, and any address that is not public, only where ``webhooks.allow`` names the network. Redirects
are not followed, proxies not asked, and little is read of the answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import urlsplit

from ohmstead.core.webhooks import URL_LENGTH_MAX
from ohmstead.errors import OhmsteadError
from ohmstead.frozen import Frozen

BODY_BYTES_MAX = 64 << 10
ANSWER_BYTES_MAX = 16 << 10
PORTS = {"https": 443, "http": 80}
_TARGET = re.compile(r"[!-~]*")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r)")
# Addresses that lead to IPv4 ones which ``is_global`` does not look at: NAT64 and 6to4.
_DISGUISED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "2002::/16"))

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotPosted(OhmsteadError):
    """It was not delivered; the message says why in one sentence."""


class Target(Frozen):
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Read an http or https URL; raises NotPosted that says what is wrong with it."""
    if len(url) > URL_LENGTH_MAX or not _TARGET.fullmatch(url):
        raise NotPosted(f"url: at most {URL_LENGTH_MAX} printable ASCII characters, without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotPosted(f"url: {error}") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise NotPosted("url: expected https://HOST/PATH")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise NotPosted("url: without user, password and fragment; the signature is the proof")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or PORTS[parts.scheme], path)


def judge(target: Target, address: Address, allowed: Sequence[Network]) -> None:
    """Raise NotPosted unless this may be posted to."""
    mapped = getattr(address, "ipv4_mapped", None)
    address = address if mapped is None else mapped
    if any(address.version == network.version and address in network for network in allowed):
        return
    disguised = any(address.version == net.version and address in net for net in _DISGUISED)
    if not address.is_global or address.is_multicast or disguised:
        raise NotPosted(
            f"{target.host} is {address}, which is not a public address; put its network into "
            "webhooks.allow of network.toml if this is meant"
        )
    if target.scheme != "https":
        raise NotPosted(f"{target.host} is told over https only; use an https:// URL")


async def resolve(target: Target, allowed: Sequence[Network]) -> Address:
    """Return the address to connect to; raises NotPosted if any address of the name is refused."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise NotPosted(f"the name {target.host} cannot be resolved") from None
    addresses = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found]
    for address in addresses:
        judge(target, address, allowed)
    return addresses[0]


async def post(
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    allowed: Sequence[Network],
    timeout_s: int,
) -> int:
    """POST a JSON body; returns the status, which is 2xx. Raises NotPosted for everything else."""
    if len(body) > BODY_BYTES_MAX:
        raise NotPosted(f"a body of {len(body)} bytes exceeds {BODY_BYTES_MAX}")
    target = target_of(url)
    try:
        async with asyncio.timeout(timeout_s):
            address = await resolve(target, allowed)
            status = await _exchange(target, address, headers, body)
    except TimeoutError:
        raise NotPosted(f"{target.host} did not answer within {timeout_s} s") from None
    except ssl.SSLError as error:
        raise NotPosted(f"{target.host}: TLS failed: {error.reason or error}") from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NotPosted(f"{target.host}: the connection failed: {type(error).__name__}") from None
    if not 200 <= status < 300:
        raise NotPosted(f"{target.host} answered {status}")
    return status


@cache
def trust() -> ssl.SSLContext:
    """The system's authorities; reading them takes some 20 ms, so it is done once."""
    return ssl.create_default_context()


async def _exchange(
    target: Target, address: Address, headers: Mapping[str, str], body: bytes
) -> int:
    async with asked(target, address, headers, body, ANSWER_BYTES_MAX) as reader:
        line = await reader.readuntil(b"\r\n")
    match = STATUS.match(line)
    if match is None:
        raise NotPosted(f"{target.host} did not answer in HTTP")
    return int(match[1])


@asynccontextmanager
async def asked(
    target: Target,
    address: Address,
    headers: Mapping[str, str],
    body: bytes,
    head_bytes_max: int,
) -> AsyncIterator[asyncio.StreamReader]:
    """POST JSON to an address that was looked at; yields what reads the answer, head first."""
    secure = trust() if target.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        str(address),
        target.port,
        ssl=secure,
        server_hostname=target.host if secure else None,
        limit=head_bytes_max,
    )
    try:
        fields = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": "ohmstead",
            "Connection": "close",
            **headers,
        }
        head = [f"POST {target.path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
        writer.write("\r\n".join(head).encode("ascii") + body)
        await writer.drain()
        yield reader
    finally:
        writer.close()  # and nobody waits for a peer that takes its time to say goodbye
