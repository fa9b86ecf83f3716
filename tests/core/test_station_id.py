"""One rule says what a station may be called."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.apps.gateway.upgrade import station_id_of
from ohmstead.core.station_id import STATION_ID_LENGTH_MAX, is_station_id


@pytest.mark.parametrize(
    "text", ["CP1", "CP:5", "CP 4", "RDAM 123", "*", ":", "a*b-c_d=e+f|g@h.i", "...", "A" * 48]
)
def test_what_fleets_are_called_is_an_id(text):
    assert is_station_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CP ",
        " CP",
        "CP\n",
        "A" * 49,
        "a/b",
        "a%b",
        "a#b",
        "a?b",
        "CPä",
        "CP\t4",
        ".",
        "..",
    ],
)
def test_what_no_path_or_log_in_can_carry_is_none(text):
    assert not is_station_id(text)


@given(st.from_regex(r"\A[A-Za-z0-9*\-_=:+|@. ]{1,48}\Z") | st.text(max_size=50))
def test_whatever_may_be_registered_is_found_again_in_a_url(text):
    if is_station_id(text):
        assert len(text) <= STATION_ID_LENGTH_MAX
        assert text.isascii() and text.isprintable() and text == text.strip()
        path = urljoin("http://h/ocpp/", "./" + quote(text, safe="")).removeprefix("http://h")
        assert station_id_of(path.encode()) == text
        assert station_id_of(b"/ocpp/" + text.encode()) == text  # as lazy clients send it
        assert unquote_to_bytes(path).endswith(text.encode())
