"""TLS from the station's side: whom it trusts, what it shows, and why a connection failed.

Security profile 2 is a password over TLS, profile 3 a certificate of the station's own (OCPP 1.6
security whitepaper, 2.0.1 part 2 A00).
"""

from __future__ import annotations

import asyncio
import enum
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

HTTPS_PORT = 443
LOOK_TIMEOUT_S = 5.0
ALERT_WAIT_S = 1.0  # TLS 1.3: what the server thinks of our certificate comes after the handshake
FILE_BYTES_MAX = 4 << 20
# OpenSSL's X509_V_ERR_...: not yet valid, expired; and another host name, e-mail, IP address
_DATES, _NAMES = frozenset({9, 10}), frozenset({62, 63, 64})


class Trouble(enum.Enum):
    """What is wrong with TLS, in the order in which it shows."""

    NO_TLS = "the server does not speak TLS at this address"
    DATES = "the server's certificate is not valid now"
    NAME = "the server's certificate is for another name"
    UNTRUSTED = "the server's certificate is not trusted"
    REFUSED = "the server refused the TLS handshake"


class Finding(Frozen):
    """A trouble, and OpenSSL's words for it."""

    trouble: Trouble
    detail: str

    def __str__(self) -> str:
        return f"{self.trouble.value} ({self.detail})" if self.detail else self.trouble.value


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """What a station connects with; without ``ca`` it trusts what this machine trusts.

    Raises OperatorError, which names the option of `ohmstead virtual`.
    """
    if (certificate is None) != (key is None):
        given, missing = ("--cert", "--key") if key is None else ("--key", "--cert")
        raise OperatorError(f"{given} needs {missing} beside it: a certificate and its private key")
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        context = ssl.create_default_context(cadata=_authorities(ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # What was named is trusted, be it a CA or not; Python 3.13 is stricter than chargers are.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    if certificate is not None and key is not None:
        _load_pair(context, certificate, key)
    return context


def _authorities(path: Path) -> str:
    raw = _read(path, "--ca")
    try:
        x509.load_pem_x509_certificates(raw)
        text = raw.decode()
        ssl.create_default_context(cadata=text)
    except (ValueError, ssl.SSLError):
        raise OperatorError(
            f"--ca {path}: not a certificate in PEM; give the certificate of the CA that signed "
            "the server's, or the server's own"
        ) from None
    return text


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        chain = x509.load_pem_x509_certificates(_read(certificate, "--cert"))
    except ValueError:
        raise OperatorError(
            f"--cert {certificate}: not a certificate in PEM; give the station's own first, then "
            "the intermediates"
        ) from None
    try:
        private = load_pem_private_key(_read(key, "--key"), None)
    except TypeError:
        raise OperatorError(
            f"--key {key}: the key is encrypted; write it out with `openssl pkey` first"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorError(f"--key {key}: not a private key in PEM") from None
    if private.public_key() != chain[0].public_key():
        raise OperatorError(
            f"--key {key}: not the key of the first certificate in --cert {certificate}; give the "
            "two that belong together"
        )
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise OperatorError(f"--cert {certificate}: OpenSSL does not take it ({reason})") from None


def _read(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise OperatorError(f"{option} {path}: {error.strerror}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise OperatorError(f"{option} {path}: more than {FILE_BYTES_MAX} bytes")
    return raw


async def look(url: str, context: ssl.SSLContext | None) -> Finding | None:
    """Why a connection with TLS failed, seen with a handshake of its own; None: not for TLS."""
    place = urlsplit(url)
    if place.scheme != "wss" or not place.hostname:
        return None
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                place.hostname, place.port or HTTPS_PORT, ssl=context or True
            )
    except ssl.SSLCertVerificationError as error:
        return Finding(_verdict(error.verify_code), error.verify_message)
    except ssl.SSLError as error:
        return _alert(error)
    except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
        return Finding(Trouble.REFUSED, "it closed the connection")
    except (OSError, TimeoutError, ValueError):
        return None
    try:
        async with asyncio.timeout(ALERT_WAIT_S):
            await reader.read(1)
    except ssl.SSLError as error:
        return _alert(error)
    except TimeoutError:
        return None
    except OSError:
        pass  # reset, which says as much as an end
    finally:
        writer.transport.abort()
    return Finding(Trouble.REFUSED, "it closed the connection after it")


def _verdict(code: int) -> Trouble:
    if code in _DATES:
        return Trouble.DATES
    return Trouble.NAME if code in _NAMES else Trouble.UNTRUSTED


def _alert(error: ssl.SSLError) -> Finding:
    words = (error.reason or "").replace("_", " ").lower()
    plain = words in ("wrong version number", "record layer failure", "packet length too long")
    return Finding(Trouble.NO_TLS if plain else Trouble.REFUSED, words)
