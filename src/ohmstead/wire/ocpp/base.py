"""What the generated message modules stand on: versions, the base struct and checked numbers.

``v16``, ``v201`` and ``v21`` are written by ``tools/gen_ocpp.py``; everything in them that is not a
plain list of fields lives here, once, and is read by people.

The generated modules must not be edited, so their vocabulary is small:

* ``Maybe[T]`` is a field that may be absent. Absence reads as None; a JSON ``null`` is refused, as
  the schemas refuse it.
* ``Number`` is a JSON number kept exact as a Decimal. A JSON string is not a number.
* ``Int`` is a JSON integer that fits 64 bits (the schemas set no bound, every store does).
* ``DateTime`` is text; ``times.parse_time`` reads it where a handler needs the moment.
"""

from __future__ import annotations

import enum
from abc import ABC
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import msgspec

from ohmstead.frozen import Frozen

NUMBER_TEXT_LENGTH_MAX = 48
NUMBER_EXPONENT_MAX = 28
# What a remainder needs of a number so long: Decimal's usual 28 digits refuse some.
_EXACT = Context(prec=2 * NUMBER_TEXT_LENGTH_MAX)
INT_MIN, INT_MAX = -(1 << 63), (1 << 63) - 1


class Version(enum.StrEnum):
    """A protocol version; the value is what follows ``ocpp`` in the WebSocket subprotocol."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The WebSocket subprotocol name, as registered with IANA: ``ocpp1.6``, ``ocpp2.1``."""
        return "ocpp" + self.value


class Side(enum.Enum):
    """Who may send a request."""

    STATION = "station"
    CSMS = "csms"


class Message(
    msgspec.Struct,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
    gc=False,
):
    """The base of every request, response and data type: unknown fields are refused.

    ``gc=False``: messages are trees, they cannot hold a cycle, and a gateway holds many of them.
    """


class OpenMessage(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """The base of the types the schemas leave open (CustomData): unknown fields are let through.

    They are not kept: whoever needs a vendor's own fields reads them from the stored payload.
    """


class Action(Frozen):
    """One action of one version: its name, its two payload types and who may ask for it."""

    name: str
    request: type[Message]
    response: type[Message]
    senders: frozenset[Side]


Actions = Mapping[str, Action]
Unconfirmed = Mapping[str, type[Message]]  # 2.1 part 4, 4.2.4: messages that nobody answers

Int = Annotated[int, msgspec.Meta(ge=INT_MIN, le=INT_MAX)]
DateTime = str

if TYPE_CHECKING:
    _T = TypeVar("_T")
    Maybe: TypeAlias = _T | None
    Number: TypeAlias = Decimal
else:

    class Maybe:
        """``Maybe[T]`` is ``T`` to the decoder (null is refused) and ``T | None`` to the reader."""

        def __class_getitem__(cls, item: object) -> object:
            return item

    class Number(ABC):  # noqa: B024 - nothing is to be implemented, only recognised
        """Any Decimal. A type of its own, because msgspec reads strings into a plain Decimal."""

    Number.register(Decimal)


def exact_number(text: str) -> Decimal:
    """Read a JSON number that has a fraction or an exponent; raises ValueError if it is absurd.

    ``1e400000`` is eight bytes on the wire and a 400,001-digit integer once somebody converts it,
    so digits and exponent are bounded here, before any arithmetic.
    """
    if len(text) <= NUMBER_TEXT_LENGTH_MAX:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError("Number out of range") from None
        if -NUMBER_EXPONENT_MAX <= number.adjusted() <= NUMBER_EXPONENT_MAX:
            return number
    raise ValueError("Number out of range")


def number_hook(kind: type, value: object) -> Decimal:
    """Accept what a :data:`Number` field was given: an exact number or an integer, nothing else."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        if abs(value) >= 10**NUMBER_EXPONENT_MAX:
            raise ValueError("Number out of range")
        return Decimal(value)
    raise ValueError(f"Expected `number`, got `{json_kind(value)}`")


def json_kind(value: object) -> str:
    """Return JSON's own word for a decoded value, for messages to the peer."""
    if value is None:
        return "null"
    names = {bool: "bool", str: "str", int: "int", list: "array", dict: "object", Decimal: "float"}
    return names.get(type(value), "unknown")


def check_number(
    name: str,
    value: Decimal | None,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    multiple_of: str | None = None,
) -> None:
    """Hold a number to its schema's bounds; an absent one is fine. Raises ValueError.

    ``multipleOf`` is exact here: in binary floats 4.1 is not a multiple of 0.1.
    """
    if value is None:
        return
    if minimum is not None and value < minimum:
        raise ValueError(f"Expected `{name}` >= {minimum}")
    if maximum is not None and value > maximum:
        raise ValueError(f"Expected `{name}` <= {maximum}")
    if multiple_of is not None and _EXACT.remainder(value, Decimal(multiple_of)):
        raise ValueError(f"Expected `{name}` that is a multiple of {multiple_of}")
