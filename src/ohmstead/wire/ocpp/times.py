"""RFC 3339 text and whole milliseconds since 1970-01-01 UTC.

The decoder leaves times as text, because a time in a field nobody reads must not refuse a message;
a handler that needs the moment converts it here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ohmstead.errors import RemoteProtocolError
from ohmstead.units import MS_PER_S

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)
_ONE_MINUTE = timedelta(minutes=1)
_TIME_MS_MAX = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, the last RFC 3339 can write
# A day inside the years 1 and 9999: what is kept must be writable in every time zone.
_PARSED_MS_MIN, _PARSED_MS_MAX = -62_135_510_400_000, 253_402_214_400_000
# How nearly every station ends its times: ``SS.mmmZ`` or ``SSZ``, by two look-ups.
_SECONDS_MS = {f"{second:02}": second * MS_PER_S for second in range(60)}
_RESTS_MS = {"Z": 0} | {f".{ms:03}Z": ms for ms in range(MS_PER_S)}
# RFC 3339 section 5.6; [0-9], because \d would take other scripts' digits.
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})(?:\.([0-9]{1,18}))?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))"
)
_NO_ZONE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,18})?)"
)


def parse_time(text: str) -> int:
    """Return the moment an RFC 3339 date-time names, in ms since 1970, cut to whole milliseconds.

    A leap second (``:60``) reads as the first moment of the next minute, and the first and the last
    day of the calendar as their inner end: no clock is right there. Raises
    RemoteProtocolError for anything else, a missing offset included: OCPP 1.6 section 3.13 and
    2.0.1 part 2 ask for UTC, and a local time without its zone is no moment.
    """
    second_ms, rest_ms = _SECONDS_MS.get(text[17:19]), _RESTS_MS.get(text[19:])
    if second_ms is not None and rest_ms is not None:
        minute_ms = _minute_ms(text[:17])
        if minute_ms is not None:
            return minute_ms + second_ms + rest_ms
    return _parse(text)


@lru_cache(maxsize=4_096)
def _minute_ms(start: str) -> int | None:
    """A fleet's messages share their minutes, and reading one is most of the work.

    None for those of the calendar's first and last day.
    """
    minute_ms = _parse(start + "00Z")
    return minute_ms if _PARSED_MS_MIN < minute_ms < _PARSED_MS_MAX else None


def with_zone(text: str) -> str | None:
    """A date-time that names no zone as the same time in UTC; None for anything else."""
    match = _NO_ZONE.fullmatch(text)
    return None if match is None else f"{match[1]}T{match[2]}Z"


def _parse(text: str) -> int:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(f"not an RFC 3339 time: {text[:40]!r}")
    day, minute, second, fraction, zulu, sign, hours, minutes = match.groups()
    leap = second == "60"
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}{'59' if leap else second}+00:00")
    except ValueError:
        raise RemoteProtocolError(f"not a time on any calendar: {text[:40]!r}") from None
    moment_ms = (moment - _EPOCH) // _ONE_MS
    moment_ms += MS_PER_S if leap else int((fraction or "0")[:3].ljust(3, "0"))
    if zulu is None:
        if int(hours) > 23 or int(minutes) > 59:
            raise RemoteProtocolError(f"not an offset: {text[:40]!r}")
        offset_ms = (int(hours) * 60 + int(minutes)) * (_ONE_MINUTE // _ONE_MS)
        moment_ms += offset_ms if sign == "-" else -offset_ms
    return min(max(moment_ms, _PARSED_MS_MIN), _PARSED_MS_MAX)


def format_time(time_ms: int) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS.mmmZ``; raises ValueError outside the years 1970 to 9999."""
    if not 0 <= time_ms <= _TIME_MS_MAX:
        raise ValueError(f"{time_ms} ms is no time between 1970 and 9999")
    moment = _EPOCH + time_ms * _ONE_MS
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
