"""Canonical JSON: one value, one text (RFC 8785), so that a document has one hash.

A restriction of RFC 8785 to what the house writes: strings, whole numbers below 2**53 in
magnitude, true, false, null, lists and objects. "Receipts are RFC 8785 canonical JSON; any other
encoding is refused" (design 3): :func:`decode` takes exactly what :func:`encode` gives.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import NoReturn, TypeAlias, cast

from ohmstead.errors import LocalProtocolError, RemoteProtocolError

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

INTEGER_MAX = 2**53 - 1  # RFC 8785 section 3.2.2.3: beyond it a double is not exact
DEPTH_MAX = 32  # lists and objects inside each other
SIZE_MAX = 4 * 2**20  # bytes of one document
_INTEGER_DIGITS = 17  # a sign and the 16 digits of INTEGER_MAX


def encode(value: JsonValue) -> bytes:
    """Return the canonical UTF-8 text of ``value``.

    Raises LocalProtocolError for any other type (subclasses included), a whole number of 2**53 or
    more, a lone surrogate, more than ``DEPTH_MAX`` levels or more than ``SIZE_MAX`` bytes.
    """
    parts: list[str] = []
    _write(value, parts, DEPTH_MAX)
    try:
        data = "".join(parts).encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError("a lone surrogate is not a character of JSON text") from error
    if len(data) > SIZE_MAX:
        raise LocalProtocolError(f"a document has at most {SIZE_MAX} bytes, not {len(data)}")
    return data


def decode(data: bytes, size_max: int = SIZE_MAX) -> JsonValue:
    """Return the value whose canonical text is ``data``.

    Raises RemoteProtocolError for anything else: a larger document, text that is not UTF-8 or not
    JSON, a name that occurs twice, a number with a fraction or an exponent, other spacing, other
    order, other escapes.
    """
    if len(data) > size_max:
        raise RemoteProtocolError(f"a document has at most {size_max} bytes, not {len(data)}")
    try:
        value = cast(JsonValue, _DECODER.decode(data.decode()))
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise RemoteProtocolError(f"more than {DEPTH_MAX} levels deep") from error
    except json.JSONDecodeError as error:
        raise RemoteProtocolError(f"not JSON: {error}") from error
    try:
        again = encode(value)
    except LocalProtocolError as error:
        raise RemoteProtocolError(str(error)) from error
    if again != data:
        at = next((i for i, (a, b) in enumerate(zip(again, data, strict=False)) if a != b), None)
        place = min(len(again), len(data)) if at is None else at
        raise RemoteProtocolError(f"not canonical (RFC 8785) at byte {place}")
    return value


def _write(value: JsonValue, parts: list[str], depth: int) -> None:
    kind = type(value)
    if kind is str:
        # ECMAScript's QuoteJSONString and this function escape the same characters in the same way
        parts.append(encode_basestring(cast(str, value)))
    elif value is None:
        parts.append("null")
    elif kind is bool:
        parts.append("true" if value else "false")
    elif kind is int:
        number = cast(int, value)
        if not -INTEGER_MAX <= number <= INTEGER_MAX:
            raise LocalProtocolError("a number is below 2**53; write larger amounts as strings")
        parts.append(str(number))
    elif kind is dict or kind is list:
        if depth == 0:
            raise LocalProtocolError(f"more than {DEPTH_MAX} levels deep")
        if kind is dict:
            _write_object(cast("dict[str, JsonValue]", value), parts, depth - 1)
        else:
            _write_list(cast("list[JsonValue]", value), parts, depth - 1)
    else:
        raise LocalProtocolError(f"{kind.__name__} has no canonical JSON here")


def _write_list(items: list[JsonValue], parts: list[str], depth: int) -> None:
    separator = "["
    for item in items:
        parts.append(separator)
        _write(item, parts, depth)
        separator = ","
    parts.append("]" if items else "[]")


def _write_object(fields: dict[str, JsonValue], parts: list[str], depth: int) -> None:
    if set(map(type, fields)) - {str}:
        raise LocalProtocolError("the names of an object are strings")
    is_plain = all(map(str.isascii, fields))  # then the order of code points is the same
    separator = "{"
    for name in sorted(fields) if is_plain else sorted(fields, key=_utf16):
        parts.append(separator)
        parts.append(encode_basestring(name))
        parts.append(":")
        _write(fields[name], parts, depth)
        separator = ","
    parts.append("}" if fields else "{}")


def _utf16(name: str) -> bytes:
    """Section 3.2.3: names are sorted "as arrays of unsigned 16-bit" units of UTF-16."""
    return name.encode("utf-16-be", "surrogatepass")


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS:  # int() of a million digits would take a while
        raise RemoteProtocolError("a number is below 2**53")
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise RemoteProtocolError(f"only whole numbers without exponent, not {text[:40]}")


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RemoteProtocolError("a name occurs twice in one object")
    return fields


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)
