"""Keys in every spelling, keys that are none, and verdicts where key and record disagree."""

from __future__ import annotations

import base64
import contextlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.hashing import keccak
from ohmstead.wire.ocmf import (
    CURVES,
    Entry,
    Identity,
    KeyUnreadable,
    Verdict,
    examine,
    load_key,
    low_s,
    p256_signer,
    parse,
    sign_record,
    signature_rs,
    verify,
)
from ohmstead.wire.ocmf.keys import KEY_TEXT_MAX, public_key

PRIVATE = ec.derive_private_key(7, ec.SECP256R1())
KEY = public_key(PRIVATE.public_key())
IDENTITY = Identity("Ohmstead test", "G-1", "1", "M-1")
RECORD = sign_record(p256_signer(PRIVATE), IDENTITY, 1, [Entry(1_000, "B", 5)])


def _der(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "zz",
        "00",
        "${jndi:ldap://x/a}3059",
        _der(rsa.generate_private_key(65_537, 1_024)).hex(),
        _der(ec.derive_private_key(7, ec.SECP521R1())).hex(),
        _der(ec.derive_private_key(7, ec.BrainpoolP384R1())).hex(),
        _der(PRIVATE).hex()[:-2],
        _der(PRIVATE).hex() + "00",
        "01" * 64,  # a point on no curve
        "ff" * 64,
        "00" * 64,
        "0" * (KEY_TEXT_MAX + 1),
        "oca:base16:asn1:",
        base64.b64encode(b"oca:base16:asn1:zz").decode(),
        "\ud800",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_is_no_key_on_our_curves_is_unreadable(text):
    with pytest.raises(KeyUnreadable):
        load_key(text)


def test_a_point_without_a_curve_is_on_the_default_curve_of_its_length():
    assert load_key((KEY.qx + KEY.qy).hex()).key_id == KEY.key_id
    koblitz = public_key(ec.derive_private_key(7, ec.SECP256K1()).public_key())
    with pytest.raises(KeyUnreadable):
        load_key((koblitz.qx + koblitz.qy).hex())
    assert load_key((koblitz.qx + koblitz.qy).hex(), "secp256k1").key_id == koblitz.key_id
    with pytest.raises(KeyUnreadable):
        load_key((KEY.qx + KEY.qy).hex(), "secp384r1")
    with pytest.raises(KeyUnreadable, match="not one we verify"):
        load_key(KEY.der_hex, "secp521r1")


def test_a_key_id_pads_coordinates_to_whole_words():
    for name, curve in CURVES.items():
        key = public_key(ec.derive_private_key(7, curve.make()).public_key())
        width = 64 if name == "secp384r1" else 32
        assert len(key.qx) == curve.size
        packed = curve.number.to_bytes(32, "big") + bytes(width - curve.size) + key.qx
        packed += bytes(width - curve.size) + key.qy
        assert key.key_id == keccak(packed).hex()


def test_curve_numbers_never_change_their_meaning():
    assert {name: curve.number for name, curve in CURVES.items()} == {
        "secp256r1": 1,
        "secp256k1": 2,
        "secp384r1": 3,
        "secp192r1": 4,
        "brainpoolP256r1": 5,
    }


@pytest.mark.parametrize("name", [name for name in CURVES if name != "secp256r1"])
def test_a_key_on_another_curve_did_not_sign_this_record(name):
    other = public_key(ec.derive_private_key(7, CURVES[name].make()).public_key())
    assert verify(parse(RECORD), other) is Verdict.INVALID_SIGNATURE


def test_without_a_registered_key_nothing_is_valid():
    assert verify(parse(RECORD), None) is Verdict.NO_KEY
    assert examine(RECORD, None).verdict is Verdict.NO_KEY
    assert examine(RECORD, KEY.der_hex).verdict is Verdict.VALID


@pytest.mark.parametrize(
    "algorithm",
    ["ECDSA-secp192k1-SHA256", "ECDSA-secp256r1-SHA384", "RSA-2048-SHA256", "none", "\u0130"],
)
def test_an_algorithm_we_do_not_verify_is_never_a_pass_and_never_a_crash(algorithm):
    raw = RECORD.replace(b"ECDSA-secp256r1-SHA256", algorithm.encode())
    assert examine(raw, KEY.der_hex).verdict is Verdict.UNSUPPORTED_ALGORITHM


def test_a_signature_of_another_type_than_der_is_not_verified():
    raw = RECORD.replace(b'{"SA"', b'{"SM":"application/jose","SA"')
    assert examine(raw, KEY.der_hex).verdict is Verdict.UNSUPPORTED_ALGORITHM


def test_formats_and_faults_have_verdicts_of_their_own():
    assert examine(b"EDL|x|y", KEY.der_hex).verdict is Verdict.UNSUPPORTED_FORMAT
    assert examine(b"OCMF|x|y", KEY.der_hex).verdict is Verdict.MALFORMED
    assert examine(RECORD, "zz").verdict is Verdict.KEY_UNREADABLE


def test_a_koblitz_signature_is_as_valid_with_high_s_as_with_low_s():
    # libsecp256k1 takes only low s, meters make both: the stored bytes stay, the verdict too.
    curve = CURVES["secp256k1"]
    private = ec.derive_private_key(7, ec.SECP256K1())
    key = public_key(private.public_key())
    template = parse(RECORD.replace(b"secp256r1", b"secp256k1"))
    r, s = decode_dss_signature(private.sign(template.payload, ec.ECDSA(hashes.SHA256())))
    for either in (s, curve.order - s):
        signature = encode_dss_signature(r, either).hex()
        tail = f'{{"SA":"ECDSA-secp256k1-SHA256","SD":"{signature}"}}'
        record = parse(b"OCMF|" + template.payload + b"|" + tail.encode())
        assert verify(record, key) is Verdict.VALID
        assert low_s(*signature_rs(record), curve) == (r, min(s, curve.order - s))


@given(st.binary(min_size=1, max_size=80), st.sampled_from(sorted(CURVES)))
def test_any_signature_bytes_are_judged_and_never_crash(signature, name):
    key = public_key(ec.derive_private_key(7, CURVES[name].make()).public_key())
    template = parse(RECORD).payload
    tail = f'{{"SA":"ECDSA-{name}-SHA256","SD":"{signature.hex()}"}}'
    examined = examine(b"OCMF|" + template + b"|" + tail.encode(), key.der_hex)
    assert examined.verdict is Verdict.INVALID_SIGNATURE


@given(st.integers(0, 2**260), st.integers(0, 2**260), st.sampled_from(sorted(CURVES)))
def test_any_r_and_s_are_judged_and_never_crash(r, s, name):
    key = public_key(ec.derive_private_key(7, CURVES[name].make()).public_key())
    tail = f'{{"SA":"ECDSA-{name}-SHA256","SD":"{encode_dss_signature(r, s).hex()}"}}'
    record = parse(b"OCMF|" + parse(RECORD).payload + b"|" + tail.encode())
    assert verify(record, key) is Verdict.INVALID_SIGNATURE


@given(st.text(max_size=200), st.sampled_from(["", *sorted(CURVES)]))
def test_any_text_is_a_key_or_unreadable(text, curve):
    for spelling in (text, text.encode("utf-8", "replace").hex(), KEY.der_hex + text):
        with contextlib.suppress(KeyUnreadable):
            load_key(spelling, curve)


def test_every_truncation_and_changed_byte_of_a_key_is_a_key_or_unreadable():
    der = bytes.fromhex(KEY.der_hex)
    for at in range(len(der)):
        for raw in (der[:at], der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :]):
            with pytest.raises(KeyUnreadable):
                load_key(raw.hex())


@pytest.mark.parametrize("name", [name for name in CURVES if name != "secp256r1"])
def test_a_signature_on_another_curve_than_the_record_names_is_invalid(name):
    private = ec.derive_private_key(7, CURVES[name].make())
    template = parse(RECORD).payload
    signature = private.sign(template, ec.ECDSA(hashes.SHA256())).hex()
    for stated, verdict in ((name, Verdict.VALID), ("secp256r1", Verdict.INVALID_SIGNATURE)):
        tail = f'{{"SA":"ECDSA-{stated}-SHA256","SD":"{signature}"}}'
        record = parse(b"OCMF|" + template + b"|" + tail.encode())
        assert verify(record, public_key(private.public_key())) is verdict
