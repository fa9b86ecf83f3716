"""Certificates and OCSP, whole and byte by byte: judged or a RemoteProtocolError, nothing else."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.testpki import TestAuthorities
from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.pki.certificate import (
    CERTIFICATES_MAX,
    PEM_LENGTH_MAX,
    read_certificate,
    read_der,
    read_pem,
)
from ohmstead.wire.pki.path import CHECKS_MAX, Finding, judge
from ohmstead.wire.pki.status import (
    GOOD,
    RESPONSE_LENGTH_MAX,
    REVOKED,
    UNKNOWN,
    id_of,
    is_named,
    read_answer,
    read_id,
    request_of,
)

NOW = 1_790_000_000_000
DAY = 24 * 3_600_000
PKI = TestAuthorities(NOW, ocsp_url="http://ocsp.example/")
EMAID = "DEABCC12345678"
LEAF = PKI.leaf(EMAID, PKI.mo_2)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MOMENT = EPOCH + datetime.timedelta(milliseconds=NOW)
HOUR = datetime.timedelta(hours=1)


def read(*pairs):
    return tuple(read_certificate(pair.certificate) for pair in pairs)


ROOTS = read(PKI.mo_root, PKI.v2g_root)
CHAIN = read(LEAF, PKI.mo_2, PKI.mo_1)


class TestPaths:
    def test_a_path_goes_from_the_leaf_to_its_root_whatever_the_order(self):
        for rest in ((1, 2), (2, 1)):
            chain = [CHAIN[0], *(CHAIN[place] for place in rest)]
            verdict = judge(chain, ROOTS, NOW)
            assert verdict.finding is Finding.GOOD
            names = [one.common_name for one in verdict.path]
            assert names == [EMAID, "TEST MO Sub 2", "TEST MO Sub 1", "TEST MO Root"]

    def test_a_root_that_comes_along_counts_for_nothing(self):
        chain = (*CHAIN, *read(PKI.mo_root))
        assert judge(chain, ROOTS, NOW).finding is Finding.GOOD
        verdict = judge(chain, read(PKI.v2g_root), NOW)
        assert verdict.finding is Finding.CHAIN and "TEST MO Root" in verdict.reason

    def test_no_chain_and_no_roots_are_no_path(self):
        assert judge((), ROOTS, NOW).finding is Finding.CHAIN
        assert judge(CHAIN, (), NOW).finding is Finding.CHAIN

    def test_times_are_looked_at_last_and_of_the_whole_path(self):
        assert judge(CHAIN, ROOTS, NOW + 731 * DAY).finding is Finding.EXPIRED
        early = judge(CHAIN, ROOTS, NOW - DAY)
        assert early.finding is Finding.CHAIN and "not valid yet" in early.reason
        other = TestAuthorities(NOW)
        strange = (*read(other.leaf(EMAID, other.mo_2)), *CHAIN[1:])
        assert judge(strange, ROOTS, NOW + 731 * DAY).finding is Finding.SIGNATURE

    def test_a_root_that_was_renewed_with_its_key_is_found(self):
        old = made(PKI.mo_root.key, "TEST MO Root", ends_ms=NOW - DAY)
        for roots in ((old, ROOTS[0]), (ROOTS[0], old)):
            assert judge(CHAIN, roots, NOW).finding is Finding.GOOD
        assert judge(CHAIN, (old,), NOW).finding is Finding.EXPIRED

    def test_an_authority_signs_no_more_than_it_may(self):
        short = PKI.authority("TEST short", PKI.mo_root, 0)
        below = PKI.authority("TEST below", short, 0)
        verdict = judge(read(PKI.leaf(EMAID, below), below, short), ROOTS, NOW)
        assert verdict.finding is Finding.CHAIN and "allows 0 authorities" in verdict.reason

    def test_a_contract_signs_nobody(self):
        verdict = judge(read(PKI.leaf(EMAID, LEAF), LEAF, PKI.mo_2, PKI.mo_1), ROOTS, NOW)
        assert verdict.finding is Finding.CHAIN and "may not sign" in verdict.reason

    def test_an_authority_is_no_contract(self):
        verdict = judge(read(PKI.mo_2, PKI.mo_1), ROOTS, NOW)
        assert verdict.finding is Finding.CHAIN and "is an authority" in verdict.reason
        assert judge(read(PKI.mo_2, PKI.mo_1), ROOTS, NOW, is_leaf=False).finding is Finding.GOOD

    def test_what_is_critical_and_unknown_is_refused(self):
        strange = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        for critical in (True, False):
            leaf = made(PKI.mo_2.key, EMAID, "TEST MO Sub 2", more=[(strange, critical)])
            verdict = judge((leaf, *CHAIN[1:]), ROOTS, NOW)
            assert (verdict.finding is Finding.GOOD) != critical
            assert not critical or "1.2.3.4" in verdict.reason

    def test_keys_are_those_of_iso_15118(self):
        for key, good in (
            (ec.generate_private_key(ec.SECP256R1()), True),
            (ec.generate_private_key(ec.SECP521R1()), True),
            (ed448.Ed448PrivateKey.generate(), True),
            (ec.generate_private_key(ec.SECP256K1()), False),
            (rsa.generate_private_key(65_537, 2_048), False),
        ):
            leaf = made(PKI.mo_2.key, EMAID, "TEST MO Sub 2", key=key.public_key())
            verdict = judge((leaf, *CHAIN[1:]), ROOTS, NOW)
            assert (verdict.finding is Finding.GOOD) == good, leaf.key
            assert good or "ISO 15118 does not know" in verdict.reason

    def test_an_issuer_of_another_kind_of_key_is_not_even_tried(self):
        key = rsa.generate_private_key(65_537, 2_048)
        root = made(key, "TEST RSA root")
        leaf = made(key, EMAID, "TEST RSA root", key=LEAF.key.public_key())
        verdict = judge((leaf,), (root,), NOW)
        assert verdict.finding is Finding.CHAIN and "on RSA" in verdict.reason

    def test_many_certificates_of_one_name_cost_no_more_than_so_many_signatures(self):
        others = [made(ec.generate_private_key(ec.SECP256R1()), "TEST MO Sub 2") for _ in range(40)]
        checked = []

        class Counted(type(CHAIN[0])):
            def is_signed_by(self, issuer):
                checked.append(issuer)
                return super().is_signed_by(issuer)

        leaf = Counted(**{name: getattr(CHAIN[0], name) for name in CHAIN[0].__struct_fields__})
        assert judge((leaf, *others, *CHAIN[1:]), ROOTS, NOW).finding is not Finding.GOOD
        assert len(checked) == CHECKS_MAX

    def test_a_loop_of_authorities_comes_to_an_end(self):
        one, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        first = made(other, "A", "B", key=one.public_key(), ca=True)
        second = made(one, "B", "A", key=other.public_key(), ca=True)
        leaf = made(one, EMAID, "A")
        assert judge((leaf, first, second), ROOTS, NOW).finding is Finding.CHAIN


def made(signer, name, issuer=None, key=None, ends_ms=NOW + DAY, more=(), ca=False):
    """A certificate as somebody might write it."""

    def named(text):
        organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ohmstead TEST PKI")
        return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer or name))
        .public_key(key or signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(MOMENT - datetime.timedelta(days=9))
        .not_valid_after(EPOCH + datetime.timedelta(milliseconds=ends_ms))
        .add_extension(x509.BasicConstraints(ca or issuer is None, None), critical=True)
    )
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return read_certificate(builder.sign(signer, hashes.SHA256()))


class TestReading:
    def test_texts_that_are_no_certificates_are_told_so(self):
        for text in ("", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
            with pytest.raises(RemoteProtocolError, match="the chain of a car"):
                read_pem(text, "the chain of a car")
        with pytest.raises(RemoteProtocolError, match="longer than"):
            read_pem("x" * (PEM_LENGTH_MAX + 1))
        with pytest.raises(RemoteProtocolError, match=f"more than {CERTIFICATES_MAX}"):
            read_pem(LEAF.pem * (CERTIFICATES_MAX + 1))

    def test_a_certificate_of_two_names_has_none(self):
        names = [x509.NameAttribute(NameOID.COMMON_NAME, text) for text in ("A", "B")]
        builder = x509.CertificateBuilder().subject_name(x509.Name(names))
        builder = builder.issuer_name(x509.Name(names)).public_key(LEAF.key.public_key())
        builder = builder.serial_number(1).not_valid_before(MOMENT).not_valid_after(MOMENT + HOUR)
        one = read_certificate(builder.sign(LEAF.key, hashes.SHA256()))
        assert one.common_name == "" and one.common_names == ("A", "B")

    @given(st.binary(max_size=300))
    def test_any_bytes_are_refused_by_name(self, raw):
        for parse in (read_der, read_pem):
            with pytest.raises(RemoteProtocolError):
                parse(raw)

    @given(st.data())
    def test_a_certificate_with_any_byte_changed_is_judged_or_refused(self, data):
        der = bytearray(LEAF.certificate.public_bytes(Encoding.DER))
        place = data.draw(st.integers(0, len(der) - 1))
        der[place] ^= data.draw(st.integers(1, 255))
        try:
            one = read_der(bytes(der))
        except RemoteProtocolError:
            return
        assert judge((one, *CHAIN[1:]), ROOTS, NOW).finding is not Finding.GOOD

    @given(st.data())
    def test_a_chain_with_any_letters_changed_is_judged_or_refused(self, data):
        text = bytearray((LEAF.pem + PKI.mo_2.pem + PKI.mo_1.pem).encode())
        for _ in range(data.draw(st.integers(1, 4))):
            text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
        try:
            chain = read_pem(bytes(text))
        except RemoteProtocolError:
            return
        judge(chain, ROOTS, NOW)

    def test_a_certificate_cut_off_anywhere_is_refused(self):
        der = LEAF.certificate.public_bytes(Encoding.DER)
        for length in range(len(der)):
            with pytest.raises(RemoteProtocolError):
                read_der(der[:length])


LEAF_ID = id_of(CHAIN[0], CHAIN[1])


def answer(word=ocsp.OCSPCertStatus.GOOD, signer=PKI.mo_2, along=(), this=-HOUR, until=HOUR):
    gone = word is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=LEAF_ID.name_hash,
        issuer_key_hash=LEAF_ID.key_hash,
        serial_number=LEAF_ID.serial,
        algorithm=hashes.SHA256(),
        cert_status=word,
        this_update=MOMENT + this,
        next_update=None if until is None else MOMENT + until,
        revocation_time=MOMENT - HOUR if gone else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if along:
        builder = builder.certificates([pair.certificate for pair in along])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


REVOKED_DER = answer(ocsp.OCSPCertStatus.REVOKED, PKI.responder, [PKI.responder])


def judged(der, authorities=CHAIN[1:], asked=LEAF_ID):
    return read_answer(der, asked, authorities, ROOTS, NOW)


class TestStatus:
    def test_an_issuer_says_what_became_of_its_certificate(self):
        words = {
            ocsp.OCSPCertStatus.GOOD: GOOD,
            ocsp.OCSPCertStatus.REVOKED: REVOKED,
            ocsp.OCSPCertStatus.UNKNOWN: UNKNOWN,
        }
        for status, word in words.items():
            found = judged(answer(status))
            assert (found.word, found.is_proven, found.until_ms) == (word, True, NOW + 3_600_000)

    def test_a_responder_speaks_for_the_issuer_that_let_it(self):
        assert judged(answer(signer=PKI.responder, along=[PKI.responder])).is_proven
        # Whoever it is proves nothing without the right, or by another authority.
        for liar in (LEAF, PKI.mo_1, PKI.cpo_2, PKI.leaf("x", PKI.cpo_2, is_responder=True)):
            with pytest.raises(RemoteProtocolError, match="neither by the issuer"):
                judged(answer(signer=liar, along=[liar]))
        with pytest.raises(RemoteProtocolError, match="neither by the issuer"):
            judged(answer(signer=PKI.responder))  # and left its certificate at home

    def test_an_issuer_nobody_knows_is_proven_by_what_comes_along(self):
        along = [PKI.responder, PKI.mo_2, PKI.mo_1]
        assert judged(answer(signer=PKI.responder, along=along), ()).is_proven
        assert not judged(answer(signer=PKI.responder, along=along[:2]), ()).is_proven
        assert not judged(answer(), ()).is_proven

    def test_an_answer_is_good_for_its_time(self):
        day = datetime.timedelta(days=1)
        for this, until in ((HOUR, 2 * HOUR), (-2 * HOUR, -HOUR), (-8 * day, None)):
            with pytest.raises(RemoteProtocolError):
                judged(answer(this=this, until=until))
        assert judged(answer(this=-day, until=None)).word == GOOD

    def test_an_answer_about_another_certificate_is_none(self):
        other = PKI.leaf(EMAID, PKI.mo_2)
        asked = id_of(*read(other, PKI.mo_2))
        with pytest.raises(RemoteProtocolError, match="another certificate"):
            judged(answer(), asked=asked)

    def test_a_refusal_is_told_by_its_name(self):
        refused = ocsp.OCSPResponseBuilder.build_unsuccessful
        for status in (ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.UNAUTHORIZED):
            with pytest.raises(RemoteProtocolError, match=status.name.lower()):
                judged(refused(status).public_bytes(Encoding.DER))

    def test_a_request_asks_what_was_asked(self):
        for algorithm in ("SHA256", "SHA384", "SHA512"):
            asked = id_of(CHAIN[0], CHAIN[1], algorithm)
            request = ocsp.load_der_ocsp_request(request_of(asked))
            assert request.serial_number == CHAIN[0].x509.serial_number
            assert request.issuer_key_hash == asked.key_hash
            assert is_named(asked, CHAIN[1]) and not is_named(asked, CHAIN[2])

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"algorithm": "MD5"}, "hashAlgorithm"),
            ({"name_hash": "ab"}, "issuerNameHash"),
            ({"name_hash": "x" * 64}, "issuerNameHash"),
            ({"key_hash": ""}, "issuerKeyHash"),
            ({"serial": ""}, "serialNumber"),
            ({"serial": "g"}, "serialNumber"),
            ({"serial": "-1"}, "serialNumber"),
            ({"serial": "1" * 41}, "serialNumber"),
            ({"serial": "\N{ARABIC-INDIC DIGIT ONE}"}, "serialNumber"),
        ],
    )
    def test_hash_data_that_is_none_is_told_by_its_field(self, change, field):
        good = {"algorithm": "SHA256", "name_hash": "ab" * 32, "key_hash": "CD" * 32, "serial": "1"}
        assert read_id(**good).serial == 1
        with pytest.raises(RemoteProtocolError, match=field):
            read_id(**good | change)

    @given(st.text(max_size=50), st.text(max_size=140), st.text(max_size=140), st.text(max_size=50))
    def test_any_hash_data_is_a_question_or_refused(self, algorithm, name, key, serial):
        for algorithm_said in (algorithm, "SHA256"):
            try:
                request_of(read_id(algorithm_said, name, key, serial))
            except RemoteProtocolError:
                continue

    @given(st.sampled_from(["0", "1", "7f", "ff" * 20, "80" + "00" * 19, "00" * 20]))
    def test_any_serial_number_is_asked_about_or_refused(self, serial):
        try:
            request_of(read_id("SHA256", "ab" * 32, "cd" * 32, serial))
        except RemoteProtocolError as error:
            assert "serialNumber" in str(error)

    @given(st.binary(max_size=300))
    def test_any_bytes_are_no_answer(self, raw):
        with pytest.raises(RemoteProtocolError):
            judged(raw)

    def test_too_long_an_answer_is_not_read(self):
        with pytest.raises(RemoteProtocolError, match="longer than"):
            judged(bytes(RESPONSE_LENGTH_MAX + 1))

    @given(st.data())
    def test_an_answer_with_any_byte_changed_proves_nothing_new(self, data):
        der = bytearray(REVOKED_DER)
        place = data.draw(st.integers(0, len(der) - 1))
        der[place] ^= data.draw(st.integers(1, 255))
        try:
            found = judged(bytes(der))
        except RemoteProtocolError:
            return
        assert found.word == REVOKED and found.is_proven


def test_a_certificate_without_a_usable_serial_number_is_refused_by_name():
    """Such a one cannot be written here, but others write it: its number is changed in its DER."""
    der = bytearray(LEAF.certificate.public_bytes(Encoding.DER))
    raw = LEAF.certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
    place = der.index(raw)
    for first in (0x80, 0xFF):
        changed = bytes(der[:place]) + bytes([first]) + bytes(der[place + 1 :])
        with pytest.raises(RemoteProtocolError):
            request_of(id_of(read_der(changed), CHAIN[1]))
