"""What leniency forgives in a message of a transaction besides: such a message tells of energy that
was delivered, and a station may delete one that is refused.

Unknown words are left out, or read as the word that claims nothing; whole numbers may be written
``1000.0`` or ``"1000"``. A sampled value of which a word is unknown is read as one of no register:
without its ``measurand`` it would be the register that is billed. ``eventType`` stays as strict as
ever, the meaning of the message hangs on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from msgspec import inspect

from ohmstead.wire.ocpp.base import Message, Number, exact_number
from ohmstead.wire.ocpp.times import with_zone

# What was forgiven, as the session's findings name it.
UNKNOWN_WORD = "unknown_word"
MISSPELT = "number_misspelt"
NO_ZONE = "time_without_zone"
LOST = "value_unreadable"  # left out, and it may have been the register
EMPTY = ""  # says nothing, as if it were not there

LEFT_OUT = object()
NO_REGISTER = "Frequency"  # a measurand of every version, and no energy
# What a word is read as that its version does not know: 1.6 7.37 and 2.x ReasonEnumType have
# "Other", which no driver's wish is behind; who looks at a trigger does not act on "Trigger".
_NEUTRAL: Mapping[str, str] = {
    "reason": "Other",
    "stopped_reason": "Other",
    "trigger_reason": "Trigger",
    "type": "Central",  # of an idToken
}
_STRICT = frozenset({"event_type"})
_AS_TEXT = frozenset({"value", "transaction_id"})  # texts that are often written as a number
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,19})(?:\.0{1,18})?\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*([+-]?[0-9]{1,24}(?:\.[0-9]{1,20})?)\s*", re.ASCII)
# A measurand that may be the register under another name, and what says that it is not.
_OF_ENERGY = re.compile(r"energy(?!request)")
_OF_ANOTHER = re.compile("apparent|export|interval|net|reactive")


def forgive(field: inspect.Field, item: object) -> tuple[object, str | None]:
    """What a member is read as, and what was forgiven; None where there was nothing to forgive.

    :data:`LEFT_OUT` stands for a member that is read as absent.
    """
    match field.type, item:
        case inspect.EnumType(), str() if field.name not in _STRICT:
            return _word(field, item)
        case inspect.IntType(), Decimal() if int(item) == item:
            return int(item), MISSPELT
        case inspect.IntType(), str() if found := _WHOLE.fullmatch(item):
            return int(found[1]), MISSPELT
        case inspect.CustomType(), str() if field.type.cls is Number and (
            found := _DECIMAL.fullmatch(item)
        ):
            return exact_number(found[1]), MISSPELT
        case inspect.StrType(), int() | Decimal() if field.name in _AS_TEXT and not isinstance(
            item, bool
        ):
            return str(item), MISSPELT
        case inspect.ListType(min_length=int(least)), [] if least:
            return _empty(field)
    return item, None


def is_sample(fields: Mapping[str, inspect.Field]) -> bool:
    """Whether an object with such members is a sampled value."""
    return "measurand" in fields and "value" in fields


def may_be_register(sample: Mapping[str, object]) -> bool:
    """Whether a sampled value, as it came, may be of the register that is billed."""
    word = sample.get("measurand")  # 1.6 7.43: it defaults to the register
    if not isinstance(word, str):
        return word is None
    said = word.strip().casefold()
    return not said or bool(_OF_ENERGY.match(said) and not _OF_ANOTHER.search(said))


def zone_times(message: Message) -> bool:
    """Take times without a zone as UTC, in the message itself; tell whether there were any.

    OCPP asks for UTC, so a station that leaves out the letter most likely means it.
    """
    owners: list[object] = [message]
    for name in ("meter_value", "transaction_data"):
        owners += getattr(message, name, None) or ()
    changed = False
    for owner in owners:
        text = with_zone(getattr(owner, "timestamp", ""))
        if text is not None:
            setattr(owner, "timestamp", text)  # noqa: B010 - whatever kind it is
            changed = True
    return changed


def _word(field: inspect.Field, item: str) -> tuple[object, str | None]:
    assert isinstance(field.type, inspect.EnumType)
    known = _words(field.type.cls)
    meant = known.get(item.casefold())
    if meant == item:
        return item, None
    if meant is None:
        meant = known.get(_NEUTRAL.get(field.name, "").casefold())
    if meant is None and field.required:
        return item, None
    return LEFT_OUT if meant is None else meant, UNKNOWN_WORD


@cache
def _words(kind: type) -> dict[str, str]:
    return {word.value.casefold(): word.value for word in kind}  # type: ignore[attr-defined]


def _empty(field: inspect.Field) -> tuple[object, str | None]:
    if not field.required:
        return LEFT_OUT, EMPTY
    if field.name != "sampled_value":
        return [], None
    assert isinstance(field.type, inspect.ListType)
    shape = field.type.item_type
    assert isinstance(shape, inspect.StructType)
    is_text = any(
        one.name == "value" and isinstance(one.type, inspect.StrType) for one in shape.fields
    )
    return [{"value": "0" if is_text else 0, "measurand": NO_REGISTER}], EMPTY
