"""The exact reader: any record that follows the format, and the name of the field in any other.

It knows every shape seen in the wild, and says what is wrong. What nearly every meter writes is
read by ``usual.py`` at a third of the cost, and never differently.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import NoReturn

from ohmstead.frozen import replace
from ohmstead.hashing import sha256
from ohmstead.units import MWH_PER_KWH
from ohmstead.wire.ocmf.chain import entry_fits, payload_fits
from ohmstead.wire.ocmf.record import (
    DEFAULT_ALGORITHM,
    DEFAULT_SIGNATURE_TYPE,
    MWH_MAX,
    NUMBER_MAX,
    READINGS_MAX,
    RECORD_MAX,
    SIGNATURE_MAX,
    TEXT_MAX,
    UNIT_DECIMALS,
    MalformedRecord,
    OcmfReading,
    OcmfRecord,
    UnsupportedFormat,
)

_WHITE = b" \t\r\n"
_PAGE = re.compile(r"([A-Z])([0-9]{1,9})")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[,.][0-9]{3}[+-][0-9]{2}:?[0-9]{2}|"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[,.][0-9]{3}Z)(?: ([A-Z]))?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Number(str):
    """A JSON number as it was written, told apart from a JSON string."""

    __slots__ = ()


def parse_exactly(received: bytes) -> OcmfRecord:
    """Read ``OCMF|payload|signature``; white space around the whole record is tolerated.

    Raises :class:`UnsupportedFormat` where the header is another one and :class:`MalformedRecord`
    for everything else that does not follow the format.
    """
    if len(received) > RECORD_MAX:
        raise MalformedRecord(f"a record has at most {RECORD_MAX} bytes, not {len(received)}")
    body = received.strip(_WHITE)
    if not body.startswith(b"OCMF|"):
        raise UnsupportedFormat("signed data does not begin with OCMF|")
    # "the use of the special pipe character is not allowed within the sections"
    sections = body.split(b"|")
    if len(sections) != 3:
        raise MalformedRecord(f"a record has 3 sections, not {len(sections)}")
    payload = sections[1]
    document = _object(payload, "payload")
    tail = _object(sections[2].strip(_WHITE), "signature section")
    page = _PAGE.fullmatch(_text(document, "PG"))
    if page is None:
        raise MalformedRecord("PG is a letter and a number of at most 9 digits")
    return OcmfRecord(
        raw=received,
        payload=payload,
        payload_sha256=sha256(payload),
        algorithm=_text(tail, "SA") or DEFAULT_ALGORITHM,
        signature_type=_text(tail, "SM") or DEFAULT_SIGNATURE_TYPE,
        signature=_signature(tail),
        context=page[1],
        page=int(page[2]),
        format_version=_text(document, "FV"),
        gateway_serial=_text(document, "GS"),
        meter_serial=_text(document, "MS"),
        id_assigned=document.get("IS") is True,
        id_type=_text(document, "IT"),
        id_data=_text(document, "ID"),
        readings=_readings(document.get("RD"), payload_fits(payload) and _is_flat(document)),
    )


def _is_flat(document: dict[str, object]) -> bool:
    """Whether nothing is nested but flat arrays, and RD of flat objects that are not empty."""
    for name, value in document.items():
        if type(value) is list:
            for item in value:
                if type(item) is list:
                    return False
                if type(item) is dict and (name != "RD" or not item or not _is_bare(item)):
                    return False
        elif type(value) is dict:
            return False
    return True


def _is_bare(entry: dict[str, object]) -> bool:
    return not any(type(value) is list or type(value) is dict for value in entry.values())


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        # Two parsers could read two different values out of the same signed bytes.
        raise MalformedRecord("an object names the same field twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise MalformedRecord(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant
)


def _object(section: bytes, name: str) -> dict[str, object]:
    try:
        found = _DECODER.decode(section.decode("utf-8"))
        if b"\\u" in section:  # a lone surrogate could neither be stored nor hashed again
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as wrong:
        raise MalformedRecord(f"the {name} is not JSON: {type(wrong).__name__}") from None
    if type(found) is not dict:
        raise MalformedRecord(f"the {name} is not a JSON object")
    return found


def _text(document: dict[str, object], name: str) -> str:
    """Return the text of ``name``, "" where it is missing."""
    value = document.get(name, "")
    if type(value) is not str or len(value) > TEXT_MAX:
        raise MalformedRecord(f"{name} is a text of at most {TEXT_MAX} characters")
    return value


def _signature(tail: dict[str, object]) -> bytes:
    encoded = tail.get("SD")
    if type(encoded) is not str or not 0 < len(encoded) <= 2 * SIGNATURE_MAX:
        raise MalformedRecord(f"SD is a text of 1 to {2 * SIGNATURE_MAX} characters")
    encoding = _text(tail, "SE") or "hex"  # table 8: "hex ... (default)"
    try:
        if encoding == "hex":
            return binascii.unhexlify(encoded)
        if encoding == "base64":
            return base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""
    raise MalformedRecord("SE is hex or base64")


def _readings(entries: object, is_flat: bool) -> tuple[OcmfReading, ...]:
    if type(entries) is not list or not 0 < len(entries) <= READINGS_MAX:
        raise MalformedRecord(f"RD is an array of 1 to {READINGS_MAX} objects")
    made: list[OcmfReading] = []
    for entry in entries:
        if type(entry) is not dict:
            raise MalformedRecord("an entry of RD is an object")
        reading = _reading(entry, made[-1] if made else None, len(made))
        made.append(replace(reading, fits_chain=is_flat and entry_fits(reading)))
    return tuple(made)


def _reading(entry: dict[str, object], last: OcmfReading | None, index: int) -> OcmfReading:
    # "The fields RI and RU form a group ... all present together or omitted together."
    if ("RI" in entry) != ("RU" in entry):
        raise MalformedRecord(f"RD[{index}] states one of RI and RU without the other")
    if "TM" in entry:
        at_ms, clock = _time(_text(entry, "TM"), index)
    elif last is not None:
        at_ms, clock = last.at_ms, last.clock
    else:
        raise MalformedRecord(f"RD[{index}] has no TM to inherit")
    status = _text(entry, "ST") if "ST" in entry else last.status if last else ""
    if not status:
        raise MalformedRecord(f"RD[{index}] has no ST")
    unit = _text(entry, "RU") if "RU" in entry else last.unit if last else ""
    value = _value(entry, index)
    mwh, doubt = energy(value, unit)
    return OcmfReading(
        entry=index,
        at_ms=at_ms,
        clock=clock,
        tx=_letter(entry, "TX", index) if "TX" in entry else last.tx if last else "",
        status=status,
        register=_text(entry, "RI") if "RI" in entry else last.register if last else "",
        unit=unit,
        value=value,
        current=_text(entry, "RT") if "RT" in entry else last.current if last else "",
        error_flags=_text(entry, "EF") if "EF" in entry else last.error_flags if last else "",
        mwh=mwh,
        doubt=doubt,
        own_fields=frozenset(entry),
        time=_text(entry, "TM"),
        fits_chain=False,  # judged when the entry is whole
    )


def _letter(entry: dict[str, object], name: str, index: int) -> str:
    letter = _text(entry, name)
    if len(letter) > 1 or not letter.isascii():
        raise MalformedRecord(f"{name} of RD[{index}] is one letter")
    return letter


def _value(entry: dict[str, object], index: int) -> str:
    """Return RV as written. Makers send it as a number and as a text padded with spaces."""
    value = entry.get("RV", "")
    if not isinstance(value, str) or len(value) > 2 * NUMBER_MAX:
        raise MalformedRecord(f"RV of RD[{index}] is a decimal number")
    digits = value.strip(" ")
    if "RV" in entry and (len(digits) > NUMBER_MAX or not _NUMBER.fullmatch(digits)):
        # No exponents: 1e400000 is valid JSON and no register.
        raise MalformedRecord(f"RV of RD[{index}] is not a plain decimal number")
    return value


def energy(value: str, unit: str) -> tuple[int | None, str]:
    """Return (whole mWh, "") or (None, why not); never rounds."""
    if not value:
        return None, "no value"
    decimals = UNIT_DECIMALS.get(unit)
    if decimals is None:
        return None, f"not an energy unit: {unit}"
    whole, _, fraction = value.strip(" ").partition(".")
    if len(fraction) != decimals:
        fraction = fraction.rstrip("0").ljust(decimals, "0")
    if len(fraction) > decimals:
        return None, "finer than 1 mWh"
    mwh = int(whole + fraction)
    if not -MWH_MAX <= mwh <= MWH_MAX:
        raise MalformedRecord(f"RV is beyond {MWH_MAX // MWH_PER_KWH} kWh")
    return mwh, ""


def _time(text: str, index: int) -> tuple[int, str]:
    """Read ``2018-07-24T13:22:04,000+0200 S``: milliseconds since 1970 UTC and the clock state."""
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        since = datetime.fromisoformat(found[1]) - _EPOCH
    except (ValueError, OverflowError):
        raise MalformedRecord(f"TM of RD[{index}] is not a time") from None
    if found[1] < "1970":
        raise MalformedRecord(f"TM of RD[{index}] is before 1970")
    seconds = since.days * 86_400 + since.seconds
    # The contract's parser counts a moment that its zone moves before 1970 as 0: so do we.
    return max(0, seconds * 1_000 + since.microseconds // 1_000), found[2] or ""
