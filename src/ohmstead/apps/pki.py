"""The PKI of a house, from its configuration: a pool or nobody, responders, roots from files."""

from __future__ import annotations

from pathlib import Path

from ohmstead.adapters.pki.joined import JoinedPki
from ohmstead.adapters.pki.pool import Pool
from ohmstead.adapters.pki.responders import Responders
from ohmstead.apps.config import PkiConfig
from ohmstead.apps.stations.contracts import Contracts
from ohmstead.errors import ConfigError, RemoteProtocolError
from ohmstead.ports import Clock
from ohmstead.wire.pki.certificate import Certificate, read_pem

TOKEN_FILE = Path("keys") / "pki.token"
TOKEN_LENGTH_MAX = 8_192


def contracts_of(directory: Path, config: PkiConfig, clock: Clock) -> Contracts:
    """Join the parts; raises ConfigError naming the file and the key."""
    roots, authorities = certificates_of(directory, config)
    pool = None
    if config.pool_url:
        token, timeout_s = (lambda: _token(directory)), config.timeout_s
        pool = Pool(config.pool_url, token, timeout_s, config.est_path)
    responders = Responders(config.ocsp_hosts, config.timeout_s, clock.now_ms)
    pki = JoinedPki(pool, responders, [one.der for one in roots])
    return Contracts(pki, config, clock, authorities)


def certificates_of(
    directory: Path, config: PkiConfig
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """The roots, and the authorities below them, from their files; raises ConfigError."""
    roots = _certificates(directory, config.roots, "pki.roots")
    for one in roots:
        if not one.is_ca:
            name = f"the certificate of {one.common_name!r}"
            raise ConfigError(f"pki.roots: {name} in {config.roots} is no authority; take it out")
    return roots, _certificates(directory, config.authorities, "pki.authorities")


def _certificates(directory: Path, name: str, key: str) -> tuple[Certificate, ...]:
    if not name:
        return ()
    path = directory / name
    try:
        return read_pem(path.read_bytes(), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; {key} names it") from None
    except RemoteProtocolError as error:
        raise ConfigError(f"{error}; {key} names it") from None


def _token(directory: Path) -> str:
    """The pool's token, read each time so that it may be renewed; "" where there is none."""
    try:
        return (directory / TOKEN_FILE).read_text(encoding="ascii")[:TOKEN_LENGTH_MAX].strip()
    except (OSError, UnicodeDecodeError):
        return ""
