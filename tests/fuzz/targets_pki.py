"""Decoders of certificates, of what responders say of them, and of uploads in multipart."""

from __future__ import annotations

import base64
import datetime
from functools import cache
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from ohmstead.apps.files.multiparts import FirstFile
from ohmstead.apps.files.receiving import CutShort
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.pki.certificate import ms_of, read_der, read_pem
from ohmstead.wire.pki.path import judge
from ohmstead.wire.pki.status import (
    GOOD,
    REVOKED,
    UNKNOWN,
    id_of,
    read_answer,
    read_id,
    request_of,
)
from tests.fuzz.engine import Contradiction, Target
from tests.fuzz.mutate import TEXTS, mutated, words

BEGINS = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
ENDS = BEGINS + datetime.timedelta(days=36_500)
NOW_MS = ms_of(BEGINS + datetime.timedelta(days=2_000))
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


@cache
def chain() -> tuple[Any, Any, Any]:
    """A leaf, its authority, and the authority's key; the same in every run."""
    keys = [ec.derive_private_key(number, ec.SECP256R1()) for number in (11, 12)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, n)]) for n in ("Root", "EV")]
    made = []
    for number, is_ca in ((0, True), (1, False)):
        info = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(
                    x509.AuthorityInformationAccessOID.OCSP,
                    x509.UniformResourceIdentifier("http://ocsp.test/"),
                )
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(100 + number)
            .not_valid_before(BEGINS)
            .not_valid_after(ENDS)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(info, critical=False)
        )
        made.append(builder.sign(keys[0], hashes.SHA256(), ecdsa_deterministic=True))
    return made[1], made[0], keys[0]


@cache
def certificates() -> list[bytes]:
    leaf, root, _ = chain()
    return [leaf.public_bytes(DER), root.public_bytes(DER)]


def run_certificate(data: bytes) -> None:
    found = read_der(data)
    _, root, _ = chain()
    judge([found], [read_der(root.public_bytes(DER))], NOW_MS)


def make_certificate(rng: Random) -> bytes:
    """DER with one length, tag or byte of a value changed: most stay certificates."""
    data = bytearray(rng.choice(certificates()))
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data))
        data[at] = rng.choice((data[at] ^ 1 << rng.randrange(8), 0x02, 0x30, 0x80, 0xFF, 0))
    return bytes(data)


def raw_certificate(rng: Random) -> bytes:
    return mutated(rng, rng.choice(certificates()), certificates())


def run_pem(data: bytes) -> None:
    found = read_pem(data)
    if not found:
        raise Contradiction("a chain without certificates")


@cache
def pems() -> list[bytes]:
    leaf, root, _ = chain()
    return [leaf.public_bytes(PEM) + root.public_bytes(PEM), root.public_bytes(PEM)]


def make_pem(rng: Random) -> bytes:
    body = base64.encodebytes(make_certificate(rng)).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    return (text * rng.choice((1, 1, 2, 30))).encode()


def raw_pem(rng: Random) -> bytes:
    return mutated(rng, rng.choice(pems()), pems())


@cache
def answers() -> list[bytes]:
    leaf, root, key = chain()
    found = []
    for status, at in (
        (ocsp.OCSPCertStatus.GOOD, None),
        (ocsp.OCSPCertStatus.REVOKED, BEGINS),
        (ocsp.OCSPCertStatus.UNKNOWN, None),
    ):
        now = BEGINS + datetime.timedelta(days=2_000)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=leaf,
            issuer=root,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=now,
            next_update=now + datetime.timedelta(days=1),
            revocation_time=at,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, root)
        found.append(builder.certificates([root]).sign(key, hashes.SHA256()).public_bytes(DER))
    return found


def run_answer(data: bytes) -> None:
    leaf, root = (read_der(one.public_bytes(DER)) for one in chain()[:2])
    answer = read_answer(data, id_of(leaf, root), [root], [root], NOW_MS)
    if answer.word not in (GOOD, REVOKED, UNKNOWN):
        raise Contradiction(f"a status that is none: {answer.word}")


def make_answer(rng: Random) -> bytes:
    data = bytearray(rng.choice(answers()))
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data))
        data[at] = rng.choice((data[at] ^ 1 << rng.randrange(8), 0x0A, 0x30, 0x80, 0xFF, 0))
    return bytes(data)


def raw_answer(rng: Random) -> bytes:
    return mutated(rng, rng.choice(answers()), answers())


HASH_DATA = "\x1e".join(("SHA256", "ab" * 32, "cd" * 32, "0x0f"))


def run_hash_data(data: bytes) -> None:
    parts = data.decode("utf-8", "surrogateescape").split("\x1e")
    request_of(read_id(*(parts + [""] * 4)[:4]))


def make_hash_data(rng: Random) -> bytes:
    parts = HASH_DATA.split("\x1e")
    at = rng.randrange(4)
    parts[at] = rng.choice((*TEXTS, "SHA512", "F" * 40, "8" * 40, "0", "-1", words(rng, parts[at])))
    return "\x1e".join(parts).encode("utf-8", "surrogatepass")


BODY = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="log.gz"\r\n'
    b"Content-Type: application/gzip\r\n\r\n\x1f\x8b\x00\r\n--B--\r\n"
)


def run_multipart(data: bytes) -> None:
    seen = []
    for step in (1 << 20, 5):
        reader, found = FirstFile("B"), b""
        try:
            for at in range(0, len(data), step):
                found += b"".join(reader.feed(data[at : at + step]))
            reader.end()
            seen.append(found)
        except CutShort as error:
            seen.append(type(error))
    # Which of two broken bodies it takes depends on the blocks, and is the library's affair.
    if CutShort in seen:
        raise CutShort("refused")
    if seen[0] != seen[1]:
        raise Contradiction("the blocks in which a body comes decide what it holds")


def make_multipart(rng: Random) -> bytes:
    lines = BODY.decode("latin-1").split("\r\n")
    for _ in range(rng.choice((1, 2, 4))):
        at = rng.randrange(len(lines))
        pick = rng.randrange(4)
        if pick == 0:
            del lines[at]
        elif pick == 1:
            lines.insert(at, rng.choice(lines))
        else:
            lines[at] = words(rng, lines[at])
        lines = lines or [""]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass")


def raw_multipart(rng: Random) -> bytes:
    return mutated(rng, BODY, [BODY])


def targets() -> list[Target]:
    remote = (RemoteProtocolError,)
    hash_data = HASH_DATA.encode()
    return [
        Target("certificate", run_certificate, raw_certificate, make_certificate, remote, 12),
        Target("certificate-pem", run_pem, raw_pem, make_pem, remote, 6),
        Target("ocsp-answer", run_answer, raw_answer, make_answer, remote, 8),
        Target(
            "ocsp-hash-data",
            run_hash_data,
            lambda rng: mutated(rng, hash_data, [hash_data]),
            make_hash_data,
            remote,
            6,
        ),
        Target("multipart", run_multipart, raw_multipart, make_multipart, (CutShort,), 12),
    ]
