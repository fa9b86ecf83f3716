"""The TLS settings of the listener: from files to an SSLContext, and again when a file changes.

OCPP 1.6 security whitepaper and 2.0.1 part 2, A00: TLS 1.2 or newer, with AES-GCM suites; ECDHE is
"RECOMMENDED", and the two TLS_RSA suites are there for stations that know nothing better. A server
certificate has an RSA key of 2048 bits or an elliptic curve of 224 at least, which is OpenSSL's
security level 2.
"""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ohmstead.apps.config import TlsConfig, files
from ohmstead.errors import ConfigError

FILE_LENGTH_MAX = 4 << 20  # a revocation list of 100,000 certificates
FORWARD_SECRET = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
)
SUITES = {
    "forward-secret": FORWARD_SECRET,
    "whitepaper": f"{FORWARD_SECRET}:AES128-GCM-SHA256:AES256-GCM-SHA384",
}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

T = TypeVar("T")

_log = structlog.get_logger("ohmstead.gateway")


class Certificates:
    """What the TLS listener shows and trusts now.

    A new context is for new connections; those that are open keep theirs, and no session of the
    old one is resumed in it, so a revocation holds from the next handshake on.

    Args:
        config: the section ``[ocpp.tls]``.
        directory: what its file names are relative to.

    Raises ConfigError naming the file, what is wrong with it and what to do.
    """

    def __init__(self, config: TlsConfig, directory: Path) -> None:
        self._config = config
        self._directory = directory
        names = (*files(config.certificate), *files(config.key), config.client_ca, config.revoked)
        self._paths = [directory / name for name in names if name]
        self._seen = self._used = self._stamp()
        self.context = build_context(config, directory)

    @property
    def are_stale(self) -> bool:
        """Whether a file is another than the one that is used, even if it was refused before."""
        return self._stamp() != self._used

    def adopt(self, newer: Certificates) -> None:
        """Use what was read anew, by another configuration or from other files."""
        self._config, self._paths = newer._config, newer._paths
        self._seen, self._used = newer._seen, newer._used
        self.context = newer.context

    def refresh(self) -> bool:
        """Read the files anew if one changed; a bad one is logged and the old context stays."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self.context = build_context(self._config, self._directory)
        except ConfigError as error:
            _log.error("changed TLS files are not used", reason=str(error))
            return False
        self._used = stamp
        _log.info("TLS files read anew")
        return True

    def _stamp(self) -> list[tuple[int, int, int] | None]:
        found: list[tuple[int, int, int] | None] = []
        for path in self._paths:
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return found


def build_context(config: TlsConfig, directory: Path) -> ssl.SSLContext:
    """Make the context of a listener; raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[config.min_version]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(f"{SUITES[config.policy]}:@SECLEVEL=2")
    context.num_tickets = 1  # a station opens one connection, so it needs no second ticket
    pairs = zip(files(config.certificate), files(config.key), strict=True)
    for certificate, key in pairs:
        _load_pair(context, directory / certificate, directory / key)
    if config.client_ca:
        _trust(context, directory / config.client_ca, config.revoked and directory / config.revoked)
    elif config.revoked:
        raise ConfigError("ocpp.tls.revoked is of use with ocpp.tls.client_ca only; set both")
    return context


def _load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    raw = _read(certificate, "ocpp.tls.certificate")
    chain = _parse(x509.load_pem_x509_certificates, raw, certificate, "a PEM certificate chain")
    raw = _read(key, "ocpp.tls.key")
    try:
        private = load_pem_private_key(raw, None)
    except TypeError:
        raise ConfigError(
            f"{key}: the key is encrypted and nobody is there to type its password; write it out "
            "with `openssl pkey` and let only this user read it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{key}: not a private key in PEM; ocpp.tls.key names it") from None
    if private.public_key() != chain[0].public_key():
        raise ConfigError(
            f"{key}: not the key of the first certificate in {certificate}; name the pair that "
            "belongs together, the server's own certificate first in its file"
        )
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"{certificate}: OpenSSL does not take it ({_reason(error)}); an RSA key needs 2048 "
            "bits, a certificate SHA-256"
        ) from None
    if chain[0].not_valid_after_utc <= _now():
        _log.error("our certificate has expired; renew it, no station will connect", file=str(key))


def _trust(context: ssl.SSLContext, client_ca: Path, revoked: Path | str) -> None:
    """Ask for a client certificate, and check it if one comes: stations of profile 2 send none."""
    raw = _read(client_ca, "ocpp.tls.client_ca")
    authorities = _parse(x509.load_pem_x509_certificates, raw, client_ca, "PEM CA certificates")
    try:
        context.load_verify_locations(cafile=client_ca)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"{client_ca}: OpenSSL does not take it ({_reason(error)})") from None
    context.verify_mode = ssl.CERT_OPTIONAL
    if isinstance(revoked, Path):
        _check_revoked(revoked, authorities)
        context.load_verify_locations(cafile=revoked)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _check_revoked(path: Path, authorities: Sequence[x509.Certificate]) -> None:
    """A list that OpenSSL would not find or believe would shut every station out: say it now."""
    raw = _read(path, "ocpp.tls.revoked")
    parts = raw.split(b"-----END X509 CRL-----")[:-1]
    lists = [
        _parse(
            x509.load_pem_x509_crl,
            part + b"-----END X509 CRL-----\n",
            path,
            "revocation lists in PEM",
        )
        for part in parts
    ]
    if not lists:
        raise ConfigError(f"{path}: no revocation list in PEM; `openssl crl` converts from DER")
    for one in lists:
        keys = [ca.public_key() for ca in authorities if ca.subject == one.issuer]
        if not any(one.is_signature_valid(key) for key in keys):  # type: ignore[arg-type]
            raise ConfigError(
                f"{path}: a list of {one.issuer.rfc4514_string()} is not signed by a CA in "
                "ocpp.tls.client_ca"
            )
        if one.next_update_utc is not None and one.next_update_utc <= _now():
            raise ConfigError(
                f"{path}: the list was good until {one.next_update_utc:%Y-%m-%d %H:%M} UTC; by an "
                "old list OpenSSL refuses every certificate, so fetch a new one"
            )


def _read(path: Path, key: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_LENGTH_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; {key} names it") from None
    if len(raw) > FILE_LENGTH_MAX:
        raise ConfigError(f"{path}: more than {FILE_LENGTH_MAX} bytes; {key} names it")
    return raw


def _parse(parse: Callable[[bytes], T], raw: bytes, path: Path, what: str) -> T:
    try:
        return parse(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{path}: expected {what}") from None


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
