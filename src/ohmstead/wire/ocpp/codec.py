"""Payload bytes to checked structs and back: the one door for every OCPP payload.

Nothing here knows the frame around a payload (``rpc`` does) or what an action means (the handlers
do). A missing entry of the registry is the error ``NotImplemented``; a field that breaks its
schema is the error its version's specification names for it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar

import msgspec

from ohmstead.wire.ocpp import v16, v21, v201
from ohmstead.wire.ocpp.base import (
    Action,
    Actions,
    Message,
    Side,
    Unconfirmed,
    Version,
    exact_number,
    number_hook,
)
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode
from ohmstead.wire.ocpp.lenient import Repairs, repair

ACTIONS: Mapping[Version, Actions] = MappingProxyType(
    {
        Version.V16: MappingProxyType(dict(v16.ACTIONS)),
        Version.V201: MappingProxyType(dict(v201.ACTIONS)),
        Version.V21: MappingProxyType(dict(v21.ACTIONS)),
    }
)
# What is sent without being asked for an answer: the SEND of OCPP 2.1.
UNCONFIRMED: Mapping[Version, Unconfirmed] = MappingProxyType(
    {Version.V16: {}, Version.V201: {}, Version.V21: MappingProxyType(dict(v21.UNCONFIRMED))}
)
# What tells of energy that was delivered, whether we can read it or not.
OF_TRANSACTIONS = frozenset(
    {"MeterValues", "StartTransaction", "StopTransaction", "TransactionEvent"}
)

_FORGIVING = frozenset(
    action.request
    for actions in ACTIONS.values()
    for action in actions.values()
    if action.name in OF_TRANSACTIONS
)

M = TypeVar("M", bound=Message)

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_TREE_DECODER = msgspec.json.Decoder(float_hook=exact_number)


class Strictness(enum.Enum):
    """How a station's payloads are read; a policy of the operator, per station."""

    STRICT = "strict"  # exactly what the schemas accept
    # Also unknown fields, nulls for absence, over-long texts (bounded); in messages of
    # transactions also unknown words and misspelt numbers.
    LENIENT = "lenient"


def action_of(version: Version, name: str, sender: Side) -> Action:
    """Return the registry's entry; raises CallRefused.

    ``NotImplemented`` for an action this version does not have, ``NotSupported`` for one that this
    side may not ask for (a station cannot Reset us).
    """
    action = ACTIONS[version].get(name)
    if action is None:
        raise CallRefused(ErrorCode.NOT_IMPLEMENTED, f"OCPP {version} has no action {name[:60]!r}")
    if sender not in action.senders:
        raise CallRefused(ErrorCode.NOT_SUPPORTED, f"{name} is not for the {sender.value} to ask")
    return action


def decode_request(
    version: Version,
    action: str,
    payload: bytes | msgspec.Raw,
    strictness: Strictness = Strictness.STRICT,
    *,
    sender: Side = Side.STATION,
) -> Message:
    """Return the checked request of an action, or raise CallRefused with the code to answer."""
    return decode_as(action_of(version, action, sender).request, payload, strictness)


def decode_response(
    version: Version,
    action: str,
    payload: bytes | msgspec.Raw,
    strictness: Strictness = Strictness.STRICT,
) -> Message:
    """Return the checked answer to an action of ours.

    Raises CallRefused, whose code then only describes: an answer is never answered.
    """
    entry = ACTIONS[version].get(action)
    if entry is None:
        raise CallRefused(
            ErrorCode.NOT_IMPLEMENTED, f"OCPP {version} has no action {action[:60]!r}"
        )
    return decode_as(entry.response, payload, strictness)


def decode_as(
    kind: type[M], payload: bytes | msgspec.Raw, strictness: Strictness = Strictness.STRICT
) -> M:
    """Return the payload as one struct type; raises CallRefused.

    Lenient reading first tries the strict way, so a station that behaves costs nothing more; see
    :func:`decode_forgiving` for what leniency forgave.
    """
    return decode_forgiving(kind, payload, strictness)[0]


def decode_forgiving(
    kind: type[M], payload: bytes | msgspec.Raw, strictness: Strictness
) -> tuple[M, Repairs | None]:
    """Read as :func:`decode_as` does; with what was forgiven, None if the strict way did."""
    try:
        message: M = _decoder(kind).decode(payload)
    except (ValueError, RecursionError) as error:
        refused = _refused(error)
    else:
        return message, None
    if strictness is Strictness.LENIENT:
        return decode_with_repairs(kind, payload)
    raise refused


def decode_with_repairs(kind: type[M], payload: bytes | msgspec.Raw) -> tuple[M, Repairs]:
    """Read leniently and also say what was forgiven; raises CallRefused for what cannot be.

    The repaired document goes through the strict decoder, so leniency has no rules of its own.
    """
    try:
        is_forgiving = kind in _FORGIVING
        tree, repairs = repair(kind, _TREE_DECODER.decode(payload), is_forgiving=is_forgiving)
        message: M = _decoder(kind).decode(_ENCODER.encode(tree))
    except (ValueError, RecursionError) as error:
        raise _refused(error) from None
    repairs.restore(message)
    return message, repairs


def encode(message: Message) -> bytes:
    """Return the JSON of a message: absent fields left out, Decimals as exact JSON numbers."""
    return _ENCODER.encode(message)


@cache
def _decoder(kind: type[M]) -> msgspec.json.Decoder[M]:
    """One decoder per type, built on first use."""
    return msgspec.json.Decoder(kind, dec_hook=number_hook, float_hook=exact_number)


# How msgspec words its refusals, in the order they are tried, and the code each one means.
_CODES: tuple[tuple[re.Pattern[str], ErrorCode], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Object missing required field", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        (r"Object contains unknown field", ErrorCode.FORMAT_VIOLATION),
        (
            r"Expected `array` of (at (least|most) )?length",
            ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        ),
        (r"Expected `object`, got `\w+`$", ErrorCode.FORMAT_VIOLATION),
        (r"Expected `[^`]+`, got ", ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (r"Expected |Invalid |Integer |Number ", ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
    )
)


def _refused(error: Exception) -> CallRefused:
    """Translate a decoder's refusal into the code OCPP has for it."""
    if isinstance(error, msgspec.ValidationError):
        text = str(error)
        for pattern, code in _CODES:
            if pattern.match(text):
                return CallRefused(code, text)
    # Not JSON, not UTF-8, or nested deeper than the decoder goes.
    return CallRefused(ErrorCode.FORMAT_VIOLATION, f"the payload cannot be read: {error}")
