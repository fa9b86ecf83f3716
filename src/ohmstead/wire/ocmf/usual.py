"""The quick reader: what nearly every meter writes, and to the exact reader with everything else.

A record is usual when it has no white space, no escape and no field this file does not name, and
when each entry states all that the settlement contract reads. Whatever is said here of such a
record, ``exact.py`` says too; whatever is unusual is not judged here at all.
"""

from __future__ import annotations

import binascii
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

import msgspec

from ohmstead.hashing import sha256
from ohmstead.units import MS_PER_S
from ohmstead.wire.ocmf.chain import PAYLOAD_MAX
from ohmstead.wire.ocmf.exact import energy, parse_exactly
from ohmstead.wire.ocmf.record import (
    DEFAULT_ALGORITHM,
    DEFAULT_SIGNATURE_TYPE,
    NUMBER_MAX,
    SIGNATURE_MAX,
    TEXT_MAX,
    MalformedRecord,
    OcmfReading,
    OcmfRecord,
)

USUAL_MAX = 4 * PAYLOAD_MAX  # bytes of a whole record
_USUAL_TIME = len("YYYY-MM-DDThh:mm:ss,mmm+hhmm S")
# JSON's numbers without sign and exponent.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_MINUTE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:)([+-][0-9]{4})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]


class _Section(
    msgspec.Struct, rename="upper", forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """Fields are OCMF's own, None where omitted. ``null`` is written by nobody: see _is_told."""


class _Entry(_Section):
    tm: Text
    tx: Text
    rv: msgspec.Raw  # "the representation must not be transformed"
    ri: Text
    ru: Text
    st: Text
    rt: Text | None = None
    ef: Text | None = None


class _Payload(_Section):
    pg: Text
    rd: list[_Entry]
    fv: Text | None = None
    gi: str | None = None
    gs: Text | None = None
    gv: str | None = None
    mv: str | None = None
    mm: str | None = None
    ms: Text | None = None
    mf: str | None = None
    is_: bool | None = msgspec.field(default=None, name="IS")
    il: str | None = None
    if_: list[str] | None = msgspec.field(default=None, name="IF")
    it: Text | None = None
    id: Text | None = None
    ct: str | None = None
    ci: str | None = None
    tt: str | None = None


class _Tail(_Section):
    sd: Annotated[str, msgspec.Meta(min_length=1, max_length=2 * SIGNATURE_MAX)]
    sa: Text | None = None
    sm: Text | None = None
    se: Text | None = None


_read_payload = msgspec.json.Decoder(_Payload).decode
_read_tail = msgspec.json.Decoder(_Tail).decode
_write = msgspec.json.Encoder().encode

_STATED = frozenset({"TM", "TX", "RV", "RI", "RU", "ST"})
_OWN_FIELDS = {
    (False, False): _STATED,
    (True, False): _STATED | {"RT"},
    (False, True): _STATED | {"EF"},
    (True, True): _STATED | {"RT", "EF"},
}


def parse(received: bytes) -> OcmfRecord:
    """Read ``OCMF|payload|signature``; white space around the whole record is tolerated.

    Raises :class:`UnsupportedFormat` where the header is another one and :class:`MalformedRecord`
    for everything else that does not follow the format.
    """
    return parse_usual(received) or parse_exactly(received)


def parse_usual(received: bytes) -> OcmfRecord | None:
    """Return what :func:`parse_exactly` returns, or None: it has to be asked."""
    if len(received) > USUAL_MAX or b"\\" in received or not received.isascii():
        return None
    sections = received.split(b"|")
    if len(sections) != 3 or sections[0] != b"OCMF" or len(sections[1]) > PAYLOAD_MAX:
        return None
    payload = sections[1]
    try:
        document = _read_payload(payload)
        tail = _read_tail(sections[2])
        signature = binascii.unhexlify(tail.sd)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not _is_told(document, payload) or not _is_told(tail, sections[2]):
        return None
    page = document.pg
    number = page[1:]
    if not "A" <= page[:1] <= "Z" or len(number) > 9 or not number.isdigit():
        return None
    readings = _readings(document.rd)
    if readings is None or (tail.se or "hex") != "hex":
        return None
    return OcmfRecord(
        raw=received,
        payload=payload,
        payload_sha256=sha256(payload),
        algorithm=tail.sa or DEFAULT_ALGORITHM,
        signature_type=tail.sm or DEFAULT_SIGNATURE_TYPE,
        signature=signature,
        context=page[0],
        page=int(number),
        format_version=document.fv or "",
        gateway_serial=document.gs or "",
        meter_serial=document.ms or "",
        id_assigned=document.is_ is True,
        id_type=document.it or "",
        id_data=document.id or "",
        readings=readings,
    )


def _is_told(section: _Section, text: bytes) -> bool:
    """Whether ``text`` says what was read of it and nothing else.

    Writing it again takes as many bytes only if nothing was said twice, nothing was ``null`` and
    nothing stands between the fields: without escapes, every value takes the bytes it took.
    """
    return len(_write(section)) == len(text)


def _readings(entries: list[_Entry]) -> tuple[OcmfReading, ...] | None:
    made: list[OcmfReading] = []
    current = flags = ""
    for entry in entries:
        value = str(entry.rv, "ascii")
        time = _time(entry.tm)
        if time is None or len(entry.tx) != 1 or len(entry.st) != 1:
            return None
        if len(value) > NUMBER_MAX or not _NUMBER.fullmatch(value):
            return None
        try:
            mwh, doubt = energy(value, entry.ru)
        except MalformedRecord:  # whose words are the exact reader's
            return None
        if mwh is None:
            return None
        current = current if entry.rt is None else entry.rt
        flags = flags if entry.ef is None else entry.ef
        own = _OWN_FIELDS[entry.rt is not None, entry.ef is not None]
        made.append(
            OcmfReading(
                entry=len(made),
                at_ms=time[0],
                clock=time[1],
                tx=entry.tx,
                status=entry.st,
                register=entry.ri,
                unit=entry.ru,
                value=value,
                current=current,
                error_flags=flags,
                mwh=mwh,
                doubt=doubt,
                own_fields=own,
                time=entry.tm,
                fits_chain=True,  # all that chain.py asks for was asked above
            )
        )
    return tuple(made) if made else None


def _time(text: str) -> tuple[int, str] | None:
    """Return milliseconds since 1970 UTC and the clock's state; None for what is not usual."""
    if len(text) != _USUAL_TIME or text[19] != "," or text[28] != " ":
        return None
    seconds, fraction, clock = text[17:19], text[20:23], text[29]
    if not (seconds.isdigit() and seconds < "60" and fraction.isdigit() and "A" <= clock <= "Z"):
        return None
    minute_ms = _minute_ms(text[:17] + text[23:28])
    if minute_ms is None:
        return None
    return minute_ms + int(seconds) * MS_PER_S + int(fraction), clock


@lru_cache(maxsize=4_096)
def _minute_ms(text: str) -> int | None:
    """A fleet's meters share their minutes. None: no minute, or not one after 1970 everywhere."""
    found = _MINUTE.fullmatch(text)
    if found is None or text < "1970":
        return None
    try:
        since = datetime.fromisoformat(f"{found[1]}00{found[2]}") - _EPOCH
    except (ValueError, OverflowError):
        return None
    minute_ms = (since.days * 86_400 + since.seconds) * MS_PER_S
    return minute_ms if minute_ms >= 0 else None
