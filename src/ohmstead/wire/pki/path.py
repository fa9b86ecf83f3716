"""Is a certificate chain good? Path validation for ISO 15118 (RFC 5280, 6, without policies).

ISO 15118-2 signs with ECDSA on secp256r1; 15118-20 with ECDSA on secp521r1, or with Ed448. A chain
has at most two authorities between its leaf and its root; one more is let pass.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from ohmstead.frozen import Frozen
from ohmstead.wire.pki.certificate import Certificate

KEYS = frozenset({"secp256r1", "secp384r1", "secp521r1", "ed448"})
HASHES = frozenset({"sha256", "sha384", "sha512"})
PATH_MAX = 5  # certificates, leaf and root among them
CHECKS_MAX = 32  # signatures looked at for one chain


class Finding(enum.Enum):
    """What became of a chain, in the order in which it is looked at."""

    SIGNATURE = "signature"  # somebody else's signature under the name of an issuer we know
    CHAIN = "chain"
    EXPIRED = "expired"
    GOOD = "good"


class Verdict(Frozen):
    """A finding, why, and the path from the leaf to its root where there is one."""

    finding: Finding
    reason: str = ""
    path: tuple[Certificate, ...] = ()


def judge(
    chain: Sequence[Certificate], roots: Sequence[Certificate], now_ms: int, is_leaf: bool = True
) -> Verdict:
    """Find and check a path from the first of ``chain`` to one of ``roots``.

    The others of the chain may stand in any order, and a root among them counts for nothing: only
    ``roots`` are trusted. ``is_leaf`` asks that the first one is no authority.
    """
    if not chain:
        return Verdict(Finding.CHAIN, "the chain is empty")
    # Of a root that was renewed with its old key, the one that is good now.
    search = _Search(_good_first(chain[1:], now_ms), _good_first(roots, now_ms))
    path = search.from_here((chain[0],))
    if path is None:
        if search.wrong:
            return Verdict(Finding.SIGNATURE, f"{search.wrong} did not sign what names it")
        if search.unfit:
            return Verdict(Finding.CHAIN, f"{search.unfit}, which ISO 15118 does not know")
        last = _name(search.furthest)
        return Verdict(Finding.CHAIN, f"no trusted root or authority is known that issued {last}")
    for problem in _problems(path, is_leaf):
        return Verdict(Finding.CHAIN, problem, path)
    for one in path:
        if now_ms < one.not_before_ms:
            return Verdict(Finding.CHAIN, f"{_name(one)} is not valid yet", path)
    for one in path:
        if now_ms > one.not_after_ms:
            return Verdict(Finding.EXPIRED, f"{_name(one)} has expired", path)
    return Verdict(Finding.GOOD, "", path)


def _good_first(found: Sequence[Certificate], now_ms: int) -> list[Certificate]:
    return sorted(found, key=lambda one: not one.not_before_ms <= now_ms <= one.not_after_ms)


class _Search:
    """Looks for a way up to a root; no more than :data:`CHECKS_MAX` signatures."""

    def __init__(self, pool: Sequence[Certificate], roots: Sequence[Certificate]) -> None:
        self._pool, self._roots = pool, roots
        self._checks = 0
        self.wrong = self.unfit = ""
        self.furthest: Certificate | None = None

    def from_here(self, path: tuple[Certificate, ...]) -> tuple[Certificate, ...] | None:
        last = path[-1]
        self.furthest = last
        for candidates, is_root in ((self._roots, True), (self._pool, False)):
            for one in candidates:
                if one.subject != last.issuer or one in path:
                    continue
                if one.key not in KEYS:  # and is not tried: a key of a stranger can be a slow one
                    self.unfit = f"{_name(one)} has a key on {one.key}"
                    continue
                if len(path) >= PATH_MAX or self._checks >= CHECKS_MAX:
                    return None
                self._checks += 1
                if not last.is_signed_by(one):
                    self.wrong = _name(one)
                    continue
                longer = (*path, one)
                found = longer if is_root else self.from_here(longer)
                if found is not None:
                    return found
        return None


def _problems(path: tuple[Certificate, ...], is_leaf: bool) -> list[str]:
    """What is wrong with a path whose signatures are right; empty for a good one."""
    found = []
    if is_leaf and path[0].is_ca:
        found.append(f"{_name(path[0])} is an authority, and nobody's own certificate")
    if is_leaf and not path[0].signs_digitally:
        found.append(f"the key usage of {_name(path[0])} lets it sign nothing")
    for place, one in enumerate(path):
        algorithm = one.x509.signature_hash_algorithm
        if one.key not in KEYS:
            found.append(f"{_name(one)} has a key on {one.key}, which ISO 15118 does not know")
        if algorithm is not None and algorithm.name not in HASHES:
            found.append(f"{_name(one)} is signed with {algorithm.name}, which is too weak")
        if one.strange:
            found.append(f"{_name(one)} has a critical extension {one.strange} that is unknown")
        if place and not (one.is_ca and one.signs_certificates):
            found.append(f"{_name(one)} may not sign certificates")
        below = sum(not between.is_self_issued for between in path[1:place])
        if place and one.path_length is not None and below > one.path_length:
            found.append(f"{_name(one)} allows {one.path_length} authorities below it, not {below}")
    return found


def _name(one: Certificate | None) -> str:
    return f"the certificate of {one.common_name[:40]!r}" if one is not None else "nobody"
