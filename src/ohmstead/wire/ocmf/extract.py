"""Taking an OCMF record out of what OCPP carries it in.

OCPP 1.6 puts it in ``SampledValue.value`` with ``format = "SignedData"``; stations send it plain,
in hex (as OCPP says), in base64, or inside a JSON envelope shaped like OCPP 2's signedMeterValue.
OCPP 2 says ``signedMeterData`` is base64; stations send it plain there, too.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json

from ohmstead.frozen import Frozen
from ohmstead.wire.ocmf.record import RECORD_MAX, MalformedRecord, UnsupportedFormat

CARRIER_MAX = 4 * RECORD_MAX  # characters: hex of base64 of a record needs 2.7 times as many
NESTING_MAX = 4  # wrappings around a record; two is the most that was seen
_RECORD_NAMES = ("signedMeterData", "signedMeterValue", "signedData", "ocmf", "OCMF", "value")
_KEY_NAMES = ("publicKey", "public_key", "PublicKey")
_BASE64_OF_OCMF = "T0NNRn"  # no hex, no envelope: whatever begins so can only be base64


class Carried(Frozen):
    """A record as received and the key sent beside it: "only a hint for onboarding", never what
    a record is checked against."""

    received: bytes
    key_hint: str


def extract_ocmf(text: str) -> bytes:
    """Return the record's bytes out of any carrier. Raises :class:`UnsupportedFormat` where there
    is no OCMF inside, :class:`MalformedRecord` where it is too large or wrapped too often."""
    return carried_in_16(text).received


def carried_in_16(value: str) -> Carried:
    """Read the ``value`` of an OCPP 1.6 SampledValue with format SignedData; raises as above."""
    return _carried(value, "")


def carried_in_201(signed_meter_data: str, public_key: str = "") -> Carried:
    """Read a ``signedMeterValue`` of OCPP 2; raises as above.

    Its signingMethod is in the record, and its encodingMethod is not believed: what begins with
    ``OCMF|`` is OCMF.
    """
    return _carried(signed_meter_data, public_key)


def _carried(text: str, key_hint: str) -> Carried:
    if len(text) > CARRIER_MAX:
        raise MalformedRecord(f"signed data has at most {CARRIER_MAX} characters")
    received = _usual(text) if text.startswith(_BASE64_OF_OCMF) else None
    if received is not None:
        return Carried(received, key_hint)
    found = _unwrapped(text, NESTING_MAX, "")
    return found if found.key_hint else Carried(found.received, key_hint)


def _usual(text: str) -> bytes | None:
    """Undo the one layer of base64 that OCPP asks for; None: the long way decides."""
    try:
        found = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    return found if found.isascii() and found.startswith(b"OCMF|") else None


def _unwrapped(text: str, depth: int, key_hint: str) -> Carried:
    if text.lstrip().startswith("OCMF|"):
        try:
            return Carried(text.encode("utf-8"), key_hint)
        except UnicodeEncodeError:
            raise MalformedRecord("signed data is not Unicode text") from None
    if depth == 0:
        raise MalformedRecord(f"signed data is wrapped more than {NESTING_MAX} times")
    stripped = text.strip()
    if stripped.startswith("{"):
        return _from_envelope(stripped, depth, key_hint)
    return _unwrapped(_decoded(stripped), depth - 1, key_hint)


def _decoded(text: str) -> str:
    """Undo one layer of hex or base64."""
    raw = b""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        with contextlib.suppress(ValueError):
            raw = base64.b64decode("".join(text.split()), validate=True)
    try:
        found = raw.decode("utf-8")
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise UnsupportedFormat("signed data is not OCMF")
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedRecord("an envelope names the same field twice")
    return made


def _from_envelope(text: str, depth: int, key_hint: str) -> Carried:
    try:
        envelope = json.loads(text, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise UnsupportedFormat("signed data is neither OCMF nor a JSON envelope") from None
    for _ in range(NESTING_MAX):
        if type(envelope) is not dict:
            break
        hints = [envelope[name] for name in _KEY_NAMES if type(envelope.get(name)) is str]
        key_hint = hints[0] if hints else key_hint
        envelope = next((envelope[name] for name in _RECORD_NAMES if name in envelope), None)
    if type(envelope) is not str:
        raise UnsupportedFormat("the JSON envelope holds no signed data we know")
    return _unwrapped(envelope, depth - 1, key_hint)
