"""Where a connection comes from: its address, whether it is encrypted, and whose certificate it
showed. What stands here was proved by the socket itself or said by a trusted proxy.
"""

from __future__ import annotations

import ssl
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from ohmstead.frozen import Frozen, replace
from ohmstead.wire.proxy import Proxied


class Networks:
    """Networks in CIDR notation, and whether an address is in one of them."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # an IPv4 client of a listener for both
        return any(found in network for network in self._networks)


def household(address: str) -> str:
    """Who an address is, for counting: an IPv6 line has 2^64 of them, its /64 is the one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return address


class ClientCertificate(Frozen):
    """The subject of a certificate whose chain was verified."""

    common_name: str
    organization: str = ""
    der: bytes = b""  # empty where only a subject was handed on


class Origin(Frozen):
    """Where a connection comes from."""

    address: str
    is_encrypted: bool = False
    certificate: ClientCertificate | None = None


def origin_of(
    address: str, tls: ssl.SSLObject | ssl.SSLSocket | None, proxied: Proxied | None
) -> Origin:
    """Join what the socket knows of its peer and what a PROXY header says before it."""
    certificate = None
    if tls is not None:
        certificate = _subject_of(tls.getpeercert() or {})
        if certificate is not None:
            certificate = replace(certificate, der=tls.getpeercert(binary_form=True) or b"")
    is_encrypted = tls is not None
    if proxied is not None:
        address = proxied.address or address
        is_encrypted = is_encrypted or proxied.is_encrypted
        if certificate is None and proxied.common_name:
            certificate = ClientCertificate(proxied.common_name)
    return Origin(address, is_encrypted, certificate)


def _subject_of(certificate: Any) -> ClientCertificate | None:
    """Read what ``ssl`` tells of a verified certificate; a subject that says a name twice has
    none, so that nobody chooses the one he likes."""
    if not certificate:
        return None
    fields: dict[str, list[str]] = {}
    for name in certificate.get("subject", ()):
        for key, value in name:
            fields.setdefault(key, []).append(value)
    names, organizations = fields.get("commonName", []), fields.get("organizationName", [])
    return ClientCertificate(
        names[0] if len(names) == 1 else "", organizations[0] if len(organizations) == 1 else ""
    )
