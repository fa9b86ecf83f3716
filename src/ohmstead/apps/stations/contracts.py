"""Contracts of Plug & Charge: is the certificate a car shows good, and whose contract is it?

2.0.1 C07, with the answers of the errata of 2023-12 (C07.FR.13 to C07.FR.17). ``certificate`` is a
chain that the station could not check itself, and we do; ``iso15118CertificateHashData`` names the
certificates of a chain that it did check, and we ask whether one was revoked.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from itertools import pairwise

import structlog

from ohmstead.apps.config import PkiConfig
from ohmstead.core.emaid import TYPE, is_same_contract, spellings
from ohmstead.core.network import IdToken, TokenStatus
from ohmstead.errors import PkiUnavailable, RemoteProtocolError
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock, Pki, Store
from ohmstead.wire.pki.certificate import Certificate, read_der, read_pem
from ohmstead.wire.pki.path import Finding, judge
from ohmstead.wire.pki.status import GOOD, REVOKED, Answer, CertificateId, id_of, read_answer

HARD, OFF = "hard", "off"
URLS_MAX = 5  # of one certificate
log = structlog.get_logger()


class Contract(enum.Enum):
    """What became of a certificate, in the order in which it counts; 2.0.1's words."""

    REVOKED = "CertificateRevoked"
    EXPIRED = "CertificateExpired"
    CHAIN = "CertChainError"
    ACCEPTED = "Accepted"


class Checked(Frozen):
    """A contract's certificate, looked at; ``reason`` is for the operator."""

    contract: Contract
    reason: str = ""


ACCEPTED = Checked(Contract.ACCEPTED)
_OF_FINDING = {
    Finding.SIGNATURE: Contract.CHAIN,
    Finding.CHAIN: Contract.CHAIN,
    Finding.EXPIRED: Contract.EXPIRED,
}


class Named(Frozen):
    """A certificate by its hashes, and where its responder is said to be."""

    id: CertificateId
    url: str


class Contracts:
    """Checks contracts against the PKI.

    Args:
        pki: who is asked.
        config: the section ``[pki]``.
        authorities: that the operator knows to be genuine, beside the roots.
    """

    def __init__(
        self, pki: Pki, config: PkiConfig, clock: Clock, authorities: Sequence[Certificate] = ()
    ) -> None:
        self.pki = pki
        self._config, self._clock = config, clock
        self._authorities = tuple(authorities)
        self._read: tuple[Sequence[bytes], tuple[Certificate, ...]] = ((), ())

    @property
    def has_pool(self) -> bool:
        """Whether anybody can be asked to sign, or for a car's certificate."""
        return bool(self._config.pool_url)

    async def by_chain(self, pem: str, id_token: str) -> Checked:
        """C07.FR.06: validate a chain in PEM, leaf first, and that it is this id_token's."""
        if not self._config.central_validation:
            return Checked(Contract.CHAIN, "pki.central_validation is off")
        try:
            chain = read_pem(pem, "certificate")
            roots = await self.roots()
        except (RemoteProtocolError, PkiUnavailable) as error:
            return Checked(Contract.CHAIN, str(error))
        verdict = judge((*chain, *self._authorities), roots, self._clock.now_ms())
        if verdict.finding is not Finding.GOOD:
            return Checked(_OF_FINDING[verdict.finding], verdict.reason)
        if not is_same_contract(chain[0].common_name, id_token):
            name = chain[0].common_name[:40]
            return Checked(Contract.CHAIN, f"the certificate is of contract {name!r}, not of this")
        try:
            return await self._unrevoked(verdict.path, roots)
        except RemoteProtocolError as error:
            return Checked(Contract.CHAIN, str(error))

    async def by_hashes(self, named: Sequence[Named]) -> Checked:
        """C07.FR.05: ask whether a certificate of a chain that the station checked is revoked."""
        if self._config.revocation == OFF:
            return ACCEPTED
        try:
            roots = await self.roots()
        except PkiUnavailable as error:
            log.warning("roots are not known", reason=str(error))
            roots = ()
        asked = [self._status(one.id, (one.url,), (), roots) for one in named]
        return _worst(await asyncio.gather(*asked))

    async def roots(self) -> tuple[Certificate, ...]:
        """The trusted roots; raises PkiUnavailable. One that cannot be read is left out."""
        found = await self.pki.roots()
        if found is not self._read[0]:
            readable = []
            for der in found:
                try:
                    one = read_der(der, "a root")
                    id_of(one, one)  # that it can be named is needed of it
                    readable.append(one)
                except RemoteProtocolError as error:
                    log.warning("a root is left out", reason=str(error))
            self._read = (found, tuple(readable))
        return self._read[1]

    async def _unrevoked(
        self, path: tuple[Certificate, ...], roots: Sequence[Certificate]
    ) -> Checked:
        """Ask about every certificate of a path but its root; the leaf has to name a responder."""
        if self._config.revocation == OFF:
            return ACCEPTED
        asked = []
        for place, (one, issuer) in enumerate(pairwise(path)):
            if one.ocsp_urls or not place:
                named = id_of(one, issuer)
                asked.append(self._status(named, one.ocsp_urls, path[1:], roots))
        return _worst(await asyncio.gather(*asked))

    async def _status(
        self,
        named: CertificateId,
        urls: Sequence[str],
        issuers: Sequence[Certificate],
        roots: Sequence[Certificate],
    ) -> Checked:
        answer, problem = await self._ask(named, urls, issuers, roots)
        if answer is not None and answer.word == REVOKED:
            # Believed of anybody: at worst somebody has to pay by card.
            return Checked(Contract.REVOKED, f"certificate {named.serial:x} was revoked")
        if answer is not None and answer.word == GOOD and answer.is_proven:
            return ACCEPTED
        if self._config.revocation == HARD:
            return Checked(Contract.CHAIN, problem)
        log.warning("a contract was let pass unchecked", reason=problem)
        return ACCEPTED

    async def look(self, named: CertificateId, urls: Sequence[str]) -> Answer | None:
        """What responders say of a certificate, None where nobody says anything that is proven."""
        try:
            roots = await self.roots()
        except PkiUnavailable:
            roots = ()
        answer, _ = await self._ask(named, urls, (), roots)
        return answer if answer is not None and answer.is_proven else None

    async def _ask(
        self,
        named: CertificateId,
        urls: Sequence[str],
        issuers: Sequence[Certificate],
        roots: Sequence[Certificate],
    ) -> tuple[Answer | None, str]:
        """The first word that settles it, and why a contract may not count on what there is."""
        authorities = (*issuers, *self._authorities)
        found, problem = None, "the certificate names no OCSP responder"
        for url in urls[:URLS_MAX]:
            try:
                der = await self.pki.certificate_status(
                    named.algorithm, named.name_hash, named.key_hash, named.serial, url
                )
                answer = read_answer(der, named, authorities, roots, self._clock.now_ms())
            except (PkiUnavailable, RemoteProtocolError) as error:
                problem = str(error)
                continue
            if answer.word == REVOKED or (answer.word == GOOD and answer.is_proven):
                return answer, ""
            found, problem = answer, f"the responder does not know certificate {named.serial:x}"
            if answer.word == GOOD:
                problem = "the responder's word is not proven: its issuer is not in pki.authorities"
        return found, problem


def _worst(found: Sequence[Checked]) -> Checked:
    order = list(Contract)
    return min(found, key=lambda one: order.index(one.contract), default=ACCEPTED)


def uid_of(store: Store, id_token: str, kind: str) -> str:
    """The uid under which the contract of an eMAID is registered; other id_tokens as they are.

    Of several spellings one that may not charge counts. An id_token of another type is never meant:
    the number of a card may look like an eMAID.
    """
    if kind.casefold() != TYPE.casefold():
        return id_token
    found = [store.get(IdToken, text.casefold()) for text in spellings(id_token)]
    named = [one for one in found if one is not None and one.type.casefold() == kind.casefold()]
    if named:
        return min(named, key=lambda one: one.status is TokenStatus.ACCEPTED).uid
    return f"{id_token} (eMAID)" if any(found) else id_token
