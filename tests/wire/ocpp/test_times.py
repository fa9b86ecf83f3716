"""RFC 3339 and milliseconds."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp.times import format_time, parse_time

NOON = 1_795_176_000_000  # 2026-11-20T12:00:00Z


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20t12:00:00z", NOON),
        ("2026-11-20T12:00:00.5Z", NOON + 500),
        ("2026-11-20T12:00:00.1239999Z", NOON + 123),
        ("2026-11-20T14:00:00+02:00", NOON),
        ("2026-11-20T06:30:00-05:30", NOON),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2016-12-31T23:59:60.9Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_a_time_names_its_moment(text, time_ms):
    assert parse_time(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-20",
        "2026-11-20T12:00:00",  # no offset, so no moment
        "2026-11-20 12:00:00Z",
        "2026-11-20T12:00Z",
        "2026-02-30T12:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T12:00:61Z",
        "2026-11-20T12:00:00.Z",
        "2026-11-20T12:00:00+24:00",
        "2026-11-20T12:00:00+02:60",
        "2026-11-20T12:00:00Z\n",
        "0000-01-01T00:00:00Z",
        "\u0662026-11-20T12:00:00Z",
        "2026-11-20T12:00:00." + "1" * 400 + "Z",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(RemoteProtocolError):
        parse_time(text)


@given(st.integers(0, 253_402_214_400_000))
def test_a_time_written_is_the_time_read(time_ms):
    text = format_time(time_ms)
    assert len(text) == len("2026-11-20T12:00:00.000Z")
    assert parse_time(text) == time_ms


@pytest.mark.parametrize("end", ["Z", ".000Z", ".999Z", ".9Z", "+00:00"])
@pytest.mark.parametrize(
    ("day", "time_ms"), [("0001-01-01", -62_135_510_400_000), ("9999-12-31", 253_402_214_400_000)]
)
def test_the_first_and_the_last_day_are_their_inner_end_however_they_are_written(day, time_ms, end):
    assert parse_time(f"{day}T12:34:56{end}") == time_ms


@pytest.mark.parametrize(
    "text", ["60.000Z", "5Z", "0.5Z", "00.0\u0660\u0660Z", "00.-01Z", "00. 12Z"]
)
def test_what_only_looks_like_the_usual_second_is_no_short_cut(text):
    whole = f"2026-11-20T11:59:{text}"
    if text.startswith("60"):
        assert parse_time(whole) == NOON
    else:
        with pytest.raises(RemoteProtocolError):
            parse_time(whole)


INNER = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))  # noqa: DTZ001


@given(INNER, st.integers(-23 * 60, 23 * 60))
def test_every_offset_reads_as_the_calendar_reads_it(naive, minutes):
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(moment.isoformat()) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text):
    with contextlib.suppress(RemoteProtocolError):
        parse_time(text)


@pytest.mark.parametrize("time_ms", [-1, 253_402_300_800_000])
def test_a_moment_that_cannot_be_written_is_our_mistake(time_ms):
    with pytest.raises(ValueError):
        format_time(time_ms)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60-23:59", "9999-12-31T23:59:59Z"],
)
@pytest.mark.parametrize("offset", [-14, 0, 14])
def test_a_time_at_either_end_of_the_calendar_can_be_written_in_every_zone(text, offset):
    """Or one station's clock would break every page that lists its session."""
    zone = timezone(timedelta(hours=offset))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=parse_time(text))
    assert moment.astimezone(zone).isoformat()
