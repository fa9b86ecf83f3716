"""Which certificates of the house itself expire, and when: read from their files each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from cryptography import x509

from ohmstead.apps.config import Config, files
from ohmstead.apps.stations.authority import CERTIFICATE_FILE
from ohmstead.core.alerts import Expiry
from ohmstead.units import MS_PER_S

FILE_LENGTH_MAX = 1 << 20


def of_house(directory: Path, config: Config) -> Iterator[Expiry]:
    """Our authority's, the listener's and the authorities it trusts; what cannot be read is left.

    Whoever needs such a file says what is wrong with it; here only the time counts.
    """
    tls = config.ocpp.tls
    trusted = (tls.client_ca, config.pki.roots, config.pki.authorities)
    for name in dict.fromkeys((CERTIFICATE_FILE, *files(tls.certificate), *trusted)):
        path = directory / name
        try:
            if not name or path.stat().st_size > FILE_LENGTH_MAX:
                continue
            chain = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            continue
        first = min(one.not_valid_after_utc for one in chain)
        at_ms = int(first.astimezone(UTC).timestamp()) * MS_PER_S
        yield Expiry(f"house/{name}", f"a certificate in {name}", at_ms)
