"""The header a proxy writes in front of a connection: PROXY protocol, version 2, the binary one.

Sans-I/O: :attr:`ProxyParser.wanted` says how many bytes may be read without taking any that belong
to the connection itself, :meth:`ProxyParser.receive` takes them. Section numbers are those of
HAProxy's ``proxy-protocol.txt``.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from ohmstead.errors import RemoteProtocolError
from ohmstead.frozen import Frozen

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # 2.2: fixed, and no protocol's first bytes
FIXED_BYTES = 16  # signature, version and command, family, length
REST_BYTES_MAX = 1_024  # 2.2: receivers should accept addresses and all TLVs they know; ours fit

VERSION_2 = 0x20
LOCAL, PROXY = 0x0, 0x1
# 2.2, the byte after the command: family and transport, and the bytes of its addresses.
UNSPEC, TCP4, TCP6 = 0x00, 0x11, 0x21
ADDRESS_BYTES = {UNSPEC: 0, TCP4: 12, TCP6: 36}

TLV_SSL = 0x20
TLV_SSL_CN = 0x22
CLIENT_SSL, CLIENT_CERT_CONN, CLIENT_CERT_SESS = 0x01, 0x02, 0x04  # 2.2.6
SSL_FIXED_BYTES = 5  # flags, and what verifying the certificate came to
CN_LENGTH_MAX = 256


class Proxied(Frozen):
    """What the proxy says of the connection.

    Attributes:
        address: the client's IP address; empty when the proxy speaks for itself (LOCAL, UNSPEC).
        is_encrypted: the client spoke TLS to the proxy.
        common_name: of the certificate that the client showed and the proxy verified, or empty.
    """

    address: str = ""
    is_encrypted: bool = False
    common_name: str = ""


class ProxyParser:
    """Reads one header; whatever is wrong with it raises RemoteProtocolError."""

    def __init__(self) -> None:
        self._buffer = b""
        self._length = FIXED_BYTES

    @property
    def wanted(self) -> int:
        """How many bytes are still to come; more must not be read."""
        return self._length - len(self._buffer)

    def receive(self, data: bytes) -> Proxied | None:
        """Take some bytes; returns the header once it is whole."""
        if len(data) > self.wanted:
            raise RemoteProtocolError("bytes after the PROXY header were taken for a part of it")
        self._buffer += data
        begun = self._buffer[: len(SIGNATURE)]
        if not SIGNATURE.startswith(begun):
            raise RemoteProtocolError("the connection does not begin with a PROXY v2 header")
        if len(self._buffer) == FIXED_BYTES == self._length:
            self._length += self._rest_bytes()
        return self._read() if len(self._buffer) == self._length else None

    def _rest_bytes(self) -> int:
        """The length field, once it and what stands before it can be taken."""
        command, family = self._buffer[12], self._buffer[13]
        if command & 0xF0 != VERSION_2:
            raise RemoteProtocolError("PROXY protocol of another version than 2")
        if command & 0x0F not in (LOCAL, PROXY):
            raise RemoteProtocolError("PROXY command is neither LOCAL nor PROXY")
        if command & 0x0F == PROXY and family not in ADDRESS_BYTES:
            raise RemoteProtocolError("PROXY header of something else than TCP")
        length = int.from_bytes(self._buffer[14:16], "big")
        if length > REST_BYTES_MAX:
            raise RemoteProtocolError(f"PROXY header of more than {REST_BYTES_MAX} bytes")
        return length

    def _read(self) -> Proxied | None:
        if len(self._buffer) < FIXED_BYTES:
            return None
        command, family = self._buffer[12] & 0x0F, self._buffer[13]
        if command == LOCAL:
            # 2.2: "the receiver must accept this connection as valid and must use the real
            # connection endpoints": a health check of the proxy itself.
            return Proxied()
        rest = self._buffer[FIXED_BYTES:]
        size = ADDRESS_BYTES[family]
        if len(rest) < size:
            raise RemoteProtocolError("PROXY header is too short for its addresses")
        is_encrypted, common_name = _tls_of(rest[size:])
        return Proxied(_address_of(family, rest), is_encrypted, common_name)


def _address_of(family: int, rest: bytes) -> str:
    if family == TCP4:
        return str(IPv4Address(rest[:4]))
    if family == TCP6:
        address = IPv6Address(rest[:16])
        return str(address.ipv4_mapped or address)
    return ""


def _tlvs(data: bytes) -> list[tuple[int, bytes]]:
    """Take type-length-value records apart (2.2.1)."""
    found, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        value = data[at + 3 : at + 3 + length]
        if at + 3 > len(data) or len(value) < length:
            raise RemoteProtocolError("a TLV of the PROXY header is cut off")
        found.append((data[at], value))
        at += 3 + length
    return found


def _tls_of(data: bytes) -> tuple[bool, str]:
    """Whether the client spoke TLS, and as whom (2.2.6)."""
    values = [value for kind, value in _tlvs(data) if kind == TLV_SSL]
    if not values:
        return False, ""
    if len(values) > 1 or len(values[0]) < SSL_FIXED_BYTES:
        raise RemoteProtocolError("the PROXY header's TLS record is malformed")
    flags, verified = values[0][0], not any(values[0][1:SSL_FIXED_BYTES])
    names = [value for kind, value in _tlvs(values[0][SSL_FIXED_BYTES:]) if kind == TLV_SSL_CN]
    if not flags & CLIENT_SSL:
        return False, ""
    if not verified or not flags & (CLIENT_CERT_CONN | CLIENT_CERT_SESS) or len(names) != 1:
        return True, ""
    try:
        name = names[0].decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("the PROXY header's common name is not UTF-8") from None
    return True, name if len(name) <= CN_LENGTH_MAX else ""
