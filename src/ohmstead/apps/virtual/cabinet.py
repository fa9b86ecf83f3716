"""What a virtual station was given to keep: reservations, lists, profiles, certificates, messages.

Both dialects answer from it; an answer is the word both versions have for it. All of it is lost
with the station, and none of it changes how the station charges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from ohmstead.frozen import Frozen
from ohmstead.wire.pki.certificate import read_certificate
from ohmstead.wire.pki.status import id_of

KEPT_MAX = 100  # of each kind
LIST_MAX = 500  # entries of the local list
DEFAULT_LIMIT_A = Decimal(32)
DEFAULT_LIMIT_W = Decimal(22_080)
ACCEPTED, REJECTED, UNKNOWN, NOT_FOUND = "Accepted", "Rejected", "Unknown", "NotFound"


class CertificateHash(Frozen):
    """How OCPP names a certificate: SHA-256 of its issuer, and its serial number in hex."""

    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class Profile(Frozen):
    """A charging profile; ``raw`` is the message's own type."""

    evse: int
    purpose: str
    stack_level: int
    raw: Any


@dataclass(slots=True)
class Cabinet:
    """The things one station keeps, by their ids."""

    reservations: dict[int, int] = field(default_factory=dict)  # id -> evse, 0 for any
    list_version: int = 0
    local_list: dict[str, Any] = field(default_factory=dict)
    profiles: dict[int, Profile] = field(default_factory=dict)
    certificates: dict[CertificateHash, str] = field(default_factory=dict)  # -> its use
    messages: dict[int, Any] = field(default_factory=dict)
    monitors: dict[int, Any] = field(default_factory=dict)
    networks: dict[int, Any] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)  # checksums
    signing_key: ec.EllipticCurvePrivateKey | None = None  # of a CSR that waits for its answer

    def reserve(self, reservation_id: int, evse: int) -> str:
        """Keep a reservation; the same id replaces itself, an evse has one at most."""
        taken = [one for one, where in self.reservations.items() if where == evse]
        if evse and any(one != reservation_id for one in taken):
            return "Occupied"
        if len(self.reservations) >= KEPT_MAX:
            return REJECTED
        self.reservations[reservation_id] = evse
        return ACCEPTED

    def cancel(self, reservation_id: int) -> str:
        """Forget a reservation."""
        known = self.reservations.pop(reservation_id, None)
        return REJECTED if known is None else ACCEPTED

    def update_list(self, version: int, full: bool, entries: dict[str, Any]) -> str:
        """Take a local list, whole or in part; an entry that is None goes (1.6 5.15)."""
        if not full and version <= self.list_version:
            return "VersionMismatch"
        found = {} if full else dict(self.local_list)
        found |= entries
        found = {name: entry for name, entry in found.items() if entry is not None}
        if version <= 0 or len(found) > LIST_MAX:
            return "Failed"
        self.local_list, self.list_version = found, version
        return ACCEPTED

    def set_profile(self, number: int, profile: Profile, charging: bool) -> str:
        """Keep a profile; one of the same purpose and stack level at an evse gives way."""
        if profile.purpose == "TxProfile" and not charging:
            return REJECTED  # 1.6 3.13.1, 2.0.1 K01.FR.09: there is no transaction it is for
        place = (profile.evse, profile.purpose, profile.stack_level)
        self.profiles = {
            one: other
            for one, other in self.profiles.items()
            if (other.evse, other.purpose, other.stack_level) != place
        }
        if len(self.profiles) >= KEPT_MAX:
            return REJECTED
        self.profiles[number] = profile
        return ACCEPTED

    def find_profiles(
        self,
        number: int | None = None,
        evse: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> dict[int, Profile]:
        """The profiles that fit everything that was given."""
        return {
            one: other
            for one, other in self.profiles.items()
            if number in (None, one)
            and evse in (None, other.evse)
            and purpose in (None, other.purpose)
            and stack_level in (None, other.stack_level)
        }

    def clear_profiles(self, **which: Any) -> str:
        """Forget the profiles that fit."""
        found = self.find_profiles(**which)
        for number in found:
            del self.profiles[number]
        return ACCEPTED if found else UNKNOWN

    def schedule_of(self, evse: int) -> Profile | None:
        """The profile that counts for an evse: the highest stack level of the closest purpose."""
        fits = [one for one in self.profiles.values() if one.evse in (0, evse)]
        order = {"TxProfile": 2, "TxDefaultProfile": 1}
        return max(fits, key=lambda one: (order.get(one.purpose, 0), one.stack_level), default=None)

    def install(self, pem: str, use: str) -> str:
        """Keep a root certificate."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            return REJECTED  # 2.0.1 M05.FR.07: the certificate is invalid
        if len(self.certificates) >= KEPT_MAX:
            return "Failed"
        self.certificates[hash_of(certificate)] = use
        return ACCEPTED

    def delete(self, what: CertificateHash) -> str:
        """Forget a certificate."""
        return ACCEPTED if self.certificates.pop(what, None) else NOT_FOUND

    def signing_request(self, name: str) -> str:
        """Make a key and the PEM of its certificate signing request."""
        self.signing_key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ohmstead"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(subject)
        signed = request.sign(self.signing_key, SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def take_signed(self, chain: str) -> str:
        """Take the certificate for the key that was asked for, and no other."""
        try:
            leaf = x509.load_pem_x509_certificates(chain.encode())[0]
        except (ValueError, IndexError):
            return REJECTED
        if self.signing_key is None or leaf.public_key() != self.signing_key.public_key():
            return REJECTED
        self.signing_key = None
        return ACCEPTED


def hash_of(certificate: x509.Certificate) -> CertificateHash:
    """Name a self-signed certificate as OCSP would (RFC 6960, 4.1.1: CertID)."""
    one = read_certificate(certificate)
    named = id_of(one, one)
    return CertificateHash(named.name_hash.hex(), named.key_hash.hex(), f"{named.serial:x}")
