"""What the log of commands never holds, and ids that sort the newest first."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.stations.commanding.ids import Ids
from ohmstead.apps.stations.commanding.masking import MASK, TEXT_CHARACTERS_MAX, has_secret, masked
from ohmstead.apps.stations.commanding.sealing import Seal, Unreadable
from ohmstead.wire.ocpp.frames import MESSAGE_ID_LENGTH_MAX

SECRET = "s3cr3t-value"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"
PUBLIC = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
VPN = {"server": "v", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"}
HOLDING = [
    {"key": "AuthorizationKey", "value": SECRET},
    {"key": "authorizationkey", "value": SECRET},
    {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]},
    {"key": "VendorWifiPassword", "value": SECRET},
    {"setVariableData": [
        {"variable": {"name": "BasicAuthPassword"}, "component": {"name": "SecurityCtrlr"},
         "attributeValue": SECRET}
    ]},
    {"getVariableResult": [
        {"variable": {"name": "BasicAuthPassword"}, "attributeValue": SECRET}
    ]},
    {"connectionData": {"apn": {"apn": "a", "apnPassword": SECRET, "simPin": 12345678}}},
    {"connectionData": {"vpn": VPN}},
    {"basicAuthPassword": SECRET},
    {"certificateChain": PUBLIC + PEM},
    {"certificateChain": PEM[:60]},
    {"location": f"ftps://user:{SECRET}@host:990/x"},
    {"log": {"remoteLocation": f"https://host/x?password={SECRET}&a=1"}},
    {"data": json.dumps({"wifi": {"passphrase": SECRET}})},
]  # fmt: skip
HOLDING_NOTHING = [
    {},
    {"key": "HeartbeatInterval", "value": "300"},
    {"type": "Soft"},
    {"certificate": PUBLIC},
    {"limit": 16.10, "big": 12345678901234567890, "deep": [None, True, {"a": "b"}]},
    {"location": "https://host/a@b?x=1"},
    {"idToken": {"idToken": "CARD", "type": "Central"}},
]


@pytest.mark.parametrize("payload", HOLDING)
def test_a_secret_is_masked_wherever_ocpp_puts_one(payload):
    raw = json.dumps(payload).encode()
    text = masked(raw)
    assert SECRET not in text and "12345678" not in text
    assert MASK in text
    assert has_secret(raw)
    json.loads(text)


@pytest.mark.parametrize("payload", HOLDING_NOTHING)
def test_everything_else_stays_as_it_was(payload):
    raw = json.dumps(payload).encode()
    assert json.loads(masked(raw)) == payload
    assert not has_secret(raw)


NAMES = st.sampled_from(
    ["AuthorizationKey", "authorisation_key", "BasicAuthPassword", "wifi-passphrase", "simPin",
     "apnPassword", "PIN", "userPin", "client_secret", "private key", "wpa2Key", "accessToken"]
)  # fmt: skip
HARMLESS = st.sampled_from(["data", "vendorId", "customData", "items", "x", "config"])
SECRETS = st.just(SECRET)
# Every way to say a secret: beside its name, under it, alone, in a list or in an object.
ATOMS = st.one_of(
    st.builds(lambda name, secret: {name: secret}, NAMES, SECRETS),
    st.builds(lambda name, secret: {name: [1, secret]}, NAMES, SECRETS),
    st.builds(lambda name, secret: {name: {"value": secret}}, NAMES, SECRETS),
    st.builds(lambda name, secret: {"key": name, "value": secret}, NAMES, SECRETS),
    st.builds(lambda name, secret: {"name": name, "value": {"is": secret}}, NAMES, SECRETS),
    st.builds(
        lambda name, secret: {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": name},
            "variableAttribute": [{"type": "Actual", "value": secret}],
        },
        NAMES,
        SECRETS,
    ),
    st.builds(
        lambda name, secret: {"variable": {"name": name}, "attributeValue": secret}, NAMES, SECRETS
    ),
    st.builds(lambda secret: {"server": "v", "user": "u", "key": secret}, SECRETS),
    st.builds(lambda secret: f"ftp://user:{secret}@host/x", SECRETS),
)


def around(inner):
    """What a secret may be wrapped in."""
    return st.one_of(
        st.builds(lambda name, one: {name: one, "other": 1}, HARMLESS, inner),
        st.builds(lambda one: [None, one], inner),
        st.builds(lambda one: {"customData": {"vendorId": "v", "more": one}}, inner),
        st.builds(lambda one: {"vendorId": "v", "data": json.dumps(one)}, inner),
        st.builds(lambda one: {"data": json.dumps(one, indent=1)}, inner),
    )


@given(st.recursive(ATOMS, around, max_leaves=4))
def test_no_nesting_hides_a_secret_from_the_mask(payload):
    raw = json.dumps(payload).encode()
    assert SECRET not in masked(raw)
    assert has_secret(raw)
    json.loads(masked(raw))


@given(st.recursive(st.text('abc {}[]:"', max_size=8) | st.integers(), around, max_leaves=3))
def test_what_holds_no_secret_is_not_changed(payload):
    raw = json.dumps(payload).encode()
    assert json.loads(masked(raw)) == payload
    assert not has_secret(raw)


def test_a_number_and_an_escaped_text_are_secrets_too():
    inner = '{"simPin": 4711, "secret": "a\\"b-' + SECRET + '", '  # JSON that was cut
    text = masked(json.dumps({"data": inner}).encode())
    assert "4711" not in text and SECRET not in text


@given(st.binary(max_size=200))
def test_whatever_a_station_answers_becomes_json_text(raw):
    json.loads(masked(raw))


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":"' + b"x" * 300_000 + b'"}', b"\xff", b""])
def test_what_is_too_deep_too_long_or_no_json_is_kept_as_a_bounded_text(raw):
    text = masked(raw)
    json.loads(text)
    assert len(text) < 2 * TEXT_CHARACTERS_MAX


def test_ids_sort_the_newest_first_and_fit_an_ocpp_message_id():
    ids = Ids()
    made = [ids.fresh(now_ms) for now_ms in (5, 5, 5, 6, 1_800_000_000_000) for _ in range(3)]
    assert made == sorted(made, reverse=True)
    assert len(set(made)) == len(made)
    assert all(len(one) <= MESSAGE_ID_LENGTH_MAX for one in made)


def test_a_sealed_body_opens_only_for_its_own_command_and_house():
    seal, payload = Seal(b"pepper"), json.dumps(HOLDING[0]).encode()
    body = seal.close("c1", payload)
    assert SECRET not in body
    assert seal.open("c1", body) == payload
    assert seal.open("c2", seal.close("c2", b'{"type":"Soft"}')) == b'{"type":"Soft"}'
    for other, name, text in (
        (Seal(b"other"), "c1", body),
        (seal, "c2", body),
        (seal, "c1", body[:-8]),
        (seal, "c1", "sealed:no base64"),
    ):
        with pytest.raises(Unreadable):
            other.open(name, text)
