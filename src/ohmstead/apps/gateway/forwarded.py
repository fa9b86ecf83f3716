"""What a trusted proxy writes into the request: pure readings of its headers.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` are the custom of every proxy; ``Client-Cert`` is RFC
9440: the certificate a client showed to a proxy that ends TLS, which has verified its chain. Nobody
but an address in ``trusted_proxies`` is believed; from others these headers mean nothing.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from http import HTTPStatus
from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import NameOID

from ohmstead.apps.gateway.origin import ClientCertificate, Networks, Origin
from ohmstead.apps.gateway.upgrade import Headers, UpgradeRefused
from ohmstead.frozen import replace

HOPS_MAX = 16
CERTIFICATE_LENGTH_MAX = 8 << 10  # of the header; a station's certificate has about 1 kB
ENCRYPTED = frozenset({"https", "wss"})


def forwarded(origin: Origin, headers: Headers, trusted: Networks) -> Origin:
    """Return where the request comes from, seen through trusted proxies.

    Raises UpgradeRefused for a header of theirs that cannot be read: guessing would put a station
    under a wrong address or name.
    """
    if origin.address not in trusted:
        return origin
    protocol = _last(headers, "X-Forwarded-Proto").lower()
    certificate = _certificate(headers)
    # What the proxy said counts before what the connection is, which is the proxy's own: it may
    # take plain connections and speak TLS to us, with a certificate that is no station's.
    is_encrypted = protocol in ENCRYPTED if protocol else origin.is_encrypted
    return replace(
        origin,
        address=_client_address(origin.address, headers, trusted),
        is_encrypted=is_encrypted or certificate is not None,
        certificate=certificate,
    )


def _client_address(peer: str, headers: Headers, trusted: Networks) -> str:
    """The nearest address that is no proxy of ours; what stands before it anybody may have said."""
    hops = [
        hop.strip()
        for value in headers.getall("X-Forwarded-For", [])
        for hop in value.split(",", HOPS_MAX)
    ]
    address = peer
    for hop in reversed(hops[-HOPS_MAX:]):
        if address not in trusted:
            break
        try:
            address = str(ip_address(hop.strip("[]")))
        except ValueError:
            raise _unreadable("X-Forwarded-For has something else than IP addresses") from None
    return address


def _certificate(headers: Headers) -> ClientCertificate | None:
    """RFC 9440, 2.2: a byte sequence of RFC 8941, the DER certificate in base64 between colons."""
    values = headers.getall("Client-Cert", [])
    if not values:
        return None
    text = values[0].strip()
    if len(values) > 1 or len(text) > CERTIFICATE_LENGTH_MAX:
        raise _unreadable("Client-Cert stands twice or is too long")
    if len(text) < 2 or text[0] != ":" or text[-1] != ":":
        raise _unreadable("Client-Cert is no byte sequence as in :MIIB...:")
    try:
        der = base64.b64decode(text[1:-1].encode("ascii"), validate=True)
        certificate = x509.load_der_x509_certificate(der)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        owners = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (binascii.Error, ValueError, x509.InvalidVersion):
        raise _unreadable("Client-Cert holds no X.509 certificate") from None
    if not begins <= datetime.datetime.now(datetime.UTC) < ends:
        raise UpgradeRefused(HTTPStatus.FORBIDDEN, "the station's certificate is not valid now")
    return ClientCertificate(
        str(names[0].value) if len(names) == 1 else "",
        str(owners[0].value) if len(owners) == 1 else "",
        der,
    )


def _last(headers: Headers, name: str) -> str:
    """The value the nearest proxy wrote."""
    values = headers.getall(name, [])
    return values[-1].rpartition(",")[2].strip() if values else ""


def _unreadable(what: str) -> UpgradeRefused:
    return UpgradeRefused(HTTPStatus.BAD_REQUEST, f"{what}; look at the proxy's configuration")
