"""What leniency forgives: unknown fields, nulls for absent fields, over-long texts.

Real stations send all three. A repair works on the decoded tree, guided by the struct type: unknown
fields and nulls are dropped, an over-long text is shortened so that the strict decoder takes the
document, and put back whole afterwards. Nothing else is forgiven: a wrong type, a missing field or
a value outside its enum stays an error, except in messages of transactions (see ``forgiving``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from msgspec import inspect

from ohmstead.wire.ocpp.forgiving import (
    EMPTY,
    LEFT_OUT,
    LOST,
    NO_REGISTER,
    UNKNOWN_WORD,
    forgive,
    is_sample,
    may_be_register,
)

TEXT_LENGTH_MAX = 8_192  # an over-long text may be this long, whatever its schema says
REPAIRS_MAX = 256  # of one payload; more is not a habit of firmware but an attack
FORGIVEN_MAX = 4_096  # the same where each of a transaction's thousand samples may have its habit

Step = str | int


@dataclass(slots=True)
class Repairs:
    """What was forgiven in one payload; the paths read like ``$.meterValue[0].extra``."""

    unknown: list[str] = field(default_factory=list)
    nulls: list[str] = field(default_factory=list)
    over_long: list[tuple[tuple[Step, ...], str]] = field(default_factory=list)
    is_forgiving: bool = False
    forgiven: list[tuple[str, str]] = field(default_factory=list)  # a path, and what it was

    def __bool__(self) -> bool:
        return self.count() > 0

    def count(self) -> int:
        """Return how many things were forgiven."""
        plain = len(self.unknown) + len(self.nulls) + len(self.over_long)
        return plain + len(self.forgiven)

    def codes(self) -> tuple[str, ...]:
        """What the session is to know, each once."""
        return tuple(dict.fromkeys(code for _, code in self.forgiven if code != EMPTY))

    def restore(self, message: object) -> None:
        """Put the over-long texts back into the decoded message."""
        for path, text in self.over_long:
            owner = message
            for step in path[:-1]:
                owner = _child(owner, step)
            last = path[-1]
            if isinstance(owner, list) and isinstance(last, int):
                owner[last] = text
            else:
                setattr(owner, str(last), text)


def repair(kind: type, tree: object, *, is_forgiving: bool = False) -> tuple[object, Repairs]:
    """Return the tree as the strict decoder of ``kind`` may take it, and what was changed.

    ``is_forgiving`` for messages of transactions. Raises ValueError when there is more to forgive
    than ``REPAIRS_MAX``, or ``FORGIVEN_MAX`` there.
    """
    repairs = Repairs(is_forgiving=is_forgiving)
    return _repair(_shape(kind), tree, (), repairs), repairs


def _child(owner: object, step: Step) -> object:
    if isinstance(owner, list) and isinstance(step, int):
        return owner[step]
    return getattr(owner, str(step))


@cache
def _shape(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


@cache
def _fields(kind: type) -> dict[str, inspect.Field]:
    shape = _shape(kind)
    assert isinstance(shape, inspect.StructType)
    return {item.encode_name: item for item in shape.fields}


def _repair(shape: inspect.Type, value: object, path: tuple[Step, ...], repairs: Repairs) -> object:
    match shape, value:
        case inspect.StructType(), dict():
            return _repair_object(shape, value, path, repairs)
        case inspect.ListType(), list():
            steps = enumerate(value)
            return [_repair(shape.item_type, item, (*path, i), repairs) for i, item in steps]
        case inspect.StrType(max_length=int(length)), str() if (
            length < len(value) <= max(length, TEXT_LENGTH_MAX)
        ):
            repairs.over_long.append((path, value))
            _bound(repairs)
            return value[:length]
    return value


def _repair_object(
    shape: inspect.StructType, value: dict[str, object], path: tuple[Step, ...], repairs: Repairs
) -> dict[str, object]:
    known = _fields(shape.cls)
    kept: dict[str, object] = {}
    is_aside = False  # a sampled value that nobody may take for the register
    for key, item in value.items():
        found = known.get(key)
        if found is None and not shape.forbid_unknown_fields:
            continue  # a vendor's own fields, where the schema leaves room for them
        if found is None:
            repairs.unknown.append(_spelled((*path, key)))
        elif item is None and not found.required and not isinstance(found.type, inspect.RawType):
            repairs.nulls.append(_spelled((*path, key)))
        else:
            place = (*path, found.name)
            if repairs.is_forgiving:
                item, code = forgive(found, item)
                if code is not None:
                    repairs.forgiven.append((_spelled(place), code))
                is_unknown = item is LEFT_OUT and code == UNKNOWN_WORD
                is_aside = is_aside or (is_unknown and key != "context")
            if item is not LEFT_OUT:
                kept[key] = _repair(found.type, item, place, repairs)
        _bound(repairs)
    if is_aside and is_sample(known):
        kept["measurand"] = NO_REGISTER
        if may_be_register(value):
            repairs.forgiven.append((_spelled(path), LOST))
    return kept


def _bound(repairs: Repairs) -> None:
    most = FORGIVEN_MAX if repairs.is_forgiving else REPAIRS_MAX
    if repairs.count() > most:
        raise ValueError(f"more than {most} departures from the schema")


def _spelled(path: tuple[Step, ...]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in path)
    return "$" + "".join(parts)
