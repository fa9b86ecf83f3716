"""What a decoder refuses, in words for whoever wrote it: the field, the value, what is allowed.

msgspec says ``Invalid enum value 'Soft' - at `$.type```; people ask which values there are. They
are looked up in the type that was decoded, so nothing here has to be kept in step with a schema.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from msgspec import inspect

SHOWN_MAX = 60  # characters of a value
_NOTHING = object()
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "number": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to put after an error, "" if nothing is like it."""
    by_name = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(word.casefold()[:SHOWN_MAX], by_name, 1, 0.6)
    return f"did you mean {by_name[close[0]]}?" if close else ""


def one_of(value: object, known: Iterable[str]) -> str:
    """Say that a value is none of those there are."""
    names = list(known)
    return f"{quote(value)} is not one of {', '.join(names)}"


def quote(value: object) -> str:
    """A value as it is shown in a sentence."""
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 4] + " ..."


def reworded(kind: Any, refusal: str, tree: Any = _NOTHING) -> str:
    """Return a decoder's refusal as ``field: what is allowed``.

    Args:
        kind: the type that was decoded.
        refusal: the text of its ValidationError; what is not understood comes back as it is.
        tree: what was decoded, without what nobody may see; its values are then shown.
    """
    message, _, place = refusal.partition(" - at `$")
    steps = [name or int(number) for name, number in _STEP.findall(place)]
    if "..." in place or place.startswith("key"):
        return refusal  # inside of a mapping, whose names the decoder does not tell
    within, value = _walk(_info(kind), steps), _value_at(tree, steps)
    if value == "***":  # a secret, masked: nothing is to be learnt of it
        value = _NOTHING
    missing = re.fullmatch(r"Object missing required field `(\w+)`", message)
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL)
    if missing:
        steps.append(missing[1])
        words = f"missing{_needed(_walk(within, [missing[1]]))}"
    elif unknown:
        steps.append(unknown[1][:SHOWN_MAX] or "(no name)")
        names = [field.encode_name for field in getattr(_plain(within), "fields", ())]
        asked = did_you_mean(unknown[1], names)
        words = f"there is no such field; {asked or 'there are ' + ', '.join(names)}"
    else:
        words = _explained(within, message, value)
    field = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in steps)
    return f"{field.removeprefix('.')}: {words}" if field else words


def _explained(within: Any, message: str, value: Any) -> str:
    shown = "" if value is _NOTHING or isinstance(value, dict | list) else quote(value)
    but = f", not {shown}" if shown else ""
    enum = re.fullmatch(r"Invalid enum value (.*)", message, re.DOTALL)
    if enum and (known := _values(within)):
        return f"{enum[1]} is not one of {', '.join(known)}"
    if "matching regex" in message:
        about = _description(within)
        return f"expected {about}{but}" if about else f"{message}{but}"
    size = re.fullmatch(r"Expected `(\w+)` of length (>=|<=) (\d+)", message)
    if size:
        what = "characters" if size[1] == "str" else "items"
        count = f", not {len(value)}" if isinstance(value, str | list) else ""
        return f"must have {_BOUNDS[size[2]]} {size[3]} {what}{count}"
    bound = re.fullmatch(r"Expected `\w+` (>=|<=|>|<) (\S+)", message)
    if bound:
        return f"must be {_BOUNDS[bound[1]]} {bound[2]}{but}"
    other = re.fullmatch(r"Expected `([\w| ]+)`, got `(\w+)`", message)
    if other and (known := _values(within)):
        return f"{shown or 'this'} is not one of {', '.join(known)}"
    if other:
        names = [_KINDS.get(one, one) for one in other[1].split(" | ") if one != "null"]
        said = _KINDS.get(other[2], other[2])
        return f"expected {' or '.join(names)}, not {shown if shown else said}"
    return message


def _needed(within: Any) -> str:
    known = _values(within)
    return f"; it is one of {', '.join(known)}" if known else ""


def _values(within: Any) -> list[str]:
    within = _plain(within)
    if isinstance(within, inspect.EnumType):
        return [str(member.value) for member in within.cls]
    return [str(one) for one in within.values] if isinstance(within, inspect.LiteralType) else []


def _description(within: Any) -> str:
    extra = getattr(within, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


@cache
def _info(kind: Any) -> Any:
    return inspect.type_info(kind)


def _bare(within: Any) -> Any:
    """The type of something optional."""
    while isinstance(within, inspect.UnionType):
        rest = [one for one in within.types if not isinstance(one, inspect.NoneType)]
        if len(rest) != 1:
            return within
        within = rest[0]
    return within


def _plain(within: Any) -> Any:
    """The type itself, without what is said about it."""
    within = _bare(within)
    return _plain(within.type) if isinstance(within, inspect.Metadata) else within


def _walk(within: Any, steps: list[str | int]) -> Any:
    """The type at the end of a path; None where the path leaves what is known."""
    for step in steps:
        within = _plain(within)
        if isinstance(step, int):
            within = getattr(within, "item_type", None)
        else:
            fields = getattr(within, "fields", ())
            within = next((one.type for one in fields if one.encode_name == step), None)
    return _bare(within)


def _value_at(tree: Any, steps: list[str | int]) -> Any:
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return tree
