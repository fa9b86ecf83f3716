"""What a request asks for is read the same way for every request there is."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from ohmstead.apps.gateway.upgrade import (
    UpgradeRefused,
    basic_credentials,
    best_version,
    check_websocket,
    endpoints_of,
    password_of,
    station_id_of,
)
from ohmstead.core.station_id import STATION_ID_LENGTH_MAX

HEADER = st.text(st.characters(max_codepoint=0xDCFF), max_size=80)
NAMES = st.sampled_from(
    [
        "Upgrade",
        "connection",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Protocol",
        "AUTHORIZATION",
    ]
)
WORDS = st.sampled_from(
    ["websocket", "upgrade", "13", "x3JJHMbDL1EzLkh9GBhXDw==", "ocpp1.6", "Basic UzE6eA=="]
)


@given(st.lists(st.tuples(NAMES, HEADER | WORDS), max_size=12))
def test_any_headers_are_read_or_refused(pairs):
    headers = CIMultiDict(pairs)
    try:
        check_websocket(headers)
    except UpgradeRefused as refused:
        assert refused.status in (400, 426)
    best_version(headers)
    basic_credentials(headers)


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"/ocpp/" + rest))
@example(b"/ocpp/%")
@example(b"/ocpp/%zz")
@example(b"/ocpp/S1#fragment")
def test_any_target_names_a_bounded_plain_station_id_or_is_refused(target):
    try:
        station_id = station_id_of(target)
    except UpgradeRefused as refused:
        assert refused.status in (400, 404)
    else:
        assert 0 < len(station_id) <= STATION_ID_LENGTH_MAX
        assert station_id.isascii()
        assert station_id.isprintable()
        assert not set(station_id) & set("/\\?#%'\"<>{}")


USERS = st.text("A:5 ", min_size=1, max_size=5)


def credentials(user, password):
    encoded = base64.b64encode(user.encode() + b":" + password).decode()
    return basic_credentials(CIMultiDict({"Authorization": f"bAsIc  {encoded} "}))


@given(USERS, st.binary(max_size=60))
def test_credentials_come_out_as_they_went_in_colons_and_all(user, password):
    assert password_of(user, credentials(user, password)) == password


@given(USERS, USERS, st.binary(max_size=10))
@example("A:5", "A", b"secret")
@example("A", "A:5", b"secret")
def test_who_is_another_is_taken_for_the_station_only_if_the_very_bytes_are_its_own(
    station_id, user, password
):
    said = password_of(station_id, credentials(user, password))
    is_own = f"{user}:".encode() + password == f"{station_id}:".encode() + (said or b"")
    assert (said is not None) == is_own


@pytest.mark.parametrize(
    ("offered", "best"),
    [
        ("ocpp1.6,ocpp2.0.1", "2.0.1"),
        (" ocpp2.0.1 , ocpp1.6", "2.0.1"),
        ("x,ocpp2.0.1", "2.0.1"),
        ("ocpp1.6,ocpp2.0.1,ocpp2.1", "2.1"),
        ("ocpp2.1,ocpp2.0.1", "2.1"),
    ],
)
def test_the_newest_version_offered_is_taken_wherever_it_stands(offered, best):
    assert best_version(CIMultiDict({"Sec-WebSocket-Protocol": offered})) == best


STEVE = "/steve/websocket/CentralSystemService/{station_id}"


def test_stations_that_keep_their_urls_are_found_under_them():
    endpoints = endpoints_of((STEVE, "/ocpp/old/{station_id}", "/{station_id}"))
    for target in (
        b"/steve/websocket/CentralSystemService/CP%2B1",
        b"/ocpp/old/CP+1",
        b"/ocpp/CP+1",
        b"/CP+1",
    ):
        assert station_id_of(target, endpoints) == "CP+1"
    for target in (b"/steve/websocket/CentralSystemService/", b"/other/CP+1", b"/ocpp/old/"):
        with pytest.raises(UpgradeRefused):
            station_id_of(target, endpoints)
    with pytest.raises(UpgradeRefused):
        station_id_of(b"/steve/websocket/CentralSystemService/CP1")  # nothing is assumed
