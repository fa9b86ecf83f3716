"""The port ``Pki`` from its parts: a pool or nobody, the responders, and roots in files."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.adapters.pki.pool import Pool
from ohmstead.adapters.pki.responders import Responders
from ohmstead.errors import PkiUnavailable
from ohmstead.wire.pki.status import CertificateId

NO_POOL = "no certificate pool is configured: set pki.pool_url"


class JoinedPki:
    """Implements :class:`ohmstead.ports.Pki`; ``roots`` are those the operator trusts by file."""

    def __init__(
        self, pool: Pool | None, responders: Responders, roots: Sequence[bytes] = ()
    ) -> None:
        self._pool, self._responders, self._given = pool, responders, tuple(roots)

    async def get_ev_certificate(self, exi_request: str, action: str, schema: str) -> str:
        """See the port."""
        if self._pool is None:
            raise PkiUnavailable("NoPkiConfigured", NO_POOL, is_final=True)
        return await self._pool.get_ev_certificate(exi_request, action, schema)

    async def certificate_status(
        self, algorithm: str, name_hash: bytes, key_hash: bytes, serial: int, url: str
    ) -> bytes:
        """See the port."""
        asked = CertificateId(algorithm, name_hash, key_hash, serial)
        return await self._responders.ask(asked, url)

    async def sign_v2g(self, csr: str, generation: int) -> str:
        """See the port."""
        if self._pool is None:
            raise PkiUnavailable("NoV2gAuthority", NO_POOL, is_final=True)
        return await self._pool.sign_v2g(csr, generation)

    async def roots(self) -> Sequence[bytes]:
        """See the port; the files' alone while the pool cannot be asked, if there are any."""
        if self._pool is None:
            return self._given
        try:
            found = await self._pool.roots()
        except PkiUnavailable:
            if not self._given:
                raise
            return self._given
        return tuple(dict.fromkeys((*self._given, *found)))

    async def close(self) -> None:
        """Close what is open."""
        await self._responders.close()
        if self._pool is not None:
            await self._pool.close()
