"""Secrets leave a payload before it is written down: a reader of the log is no station by that.

Masked are the values of configuration keys and variables that are passwords or keys, the members
that hold them in network profiles, passwords inside URLs, and the private part of any PEM.
"""

from __future__ import annotations

import contextlib
import re
from decimal import Decimal
from typing import Any

import msgspec

from ohmstead.core.device_model import SECRET_WORDS

MASK = "***"
_OPENS = frozenset('{["')  # what JSON that may hold something begins with
_VALUES = frozenset({"attributeValue", "content", "data", "setting", "value"})
# Beside a secret's name, members that say what it is and not what is in it.
_DESCRIBING = frozenset(
    {
        "attributeStatus",
        "attributeStatusInfo",
        "attributeType",
        "component",
        "key",
        "name",
        "status",
        "type",
        "variable",
        "variableCharacteristics",
        "vendorId",
    }
)
TEXT_CHARACTERS_MAX = 1 << 16  # of one payload in the log

_WORDS = SECRET_WORDS
_NAME = re.compile(rf"{_WORDS}|(?:^|[ _-])pin$|(?-i:[a-z]Pin$)", re.IGNORECASE)
_STRING = r'"(?:[^"\\]|\\.)*(?:"|\Z)'
# Inside a text that is not JSON as a whole: parts that are, and queries of URLs.
_JSON = re.compile(
    rf'("[^"]{{0,40}}(?:{_WORDS})[^"]{{0,40}}"\s*:\s*)(?:{_STRING}|[0-9.eE+-]+)', re.IGNORECASE
)
_QUERY = re.compile(rf"((?:{_WORDS})\w{{0,20}}=)[^&\s\"]+", re.IGNORECASE)
_PEM = re.compile(
    r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(-----END \1PRIVATE KEY-----|\Z)", re.DOTALL
)
_URL = re.compile(r"(\w{2,10}://[^/\s:@]*:)[^/\s@]*@")
_TICKET = re.compile(r"(/files/[0-9a-f]{12}/)[0-9a-f]{32}")  # of a link to a file of ours
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def masked(payload: bytes) -> str:
    """Return the payload as JSON text without its secrets; a JSON string if it cannot be read."""
    try:
        text = _ENCODER.encode(_mask(_DECODER.decode(payload))).decode()
    except (ValueError, RecursionError):
        text = quoted(_text(payload.decode("utf-8", "replace")))
    return text if len(text) <= TEXT_CHARACTERS_MAX else quoted(text[:TEXT_CHARACTERS_MAX] + "...")


def masked_text(text: str) -> str:
    """A text without the passwords in its URLs, the private part of a PEM, and their like."""
    return _text(text)


def quoted(text: str) -> str:
    """A text as JSON."""
    return _ENCODER.encode(text).decode()


def has_secret(payload: bytes) -> bool:
    """Whether anything of this JSON payload is masked."""
    try:
        tree = _DECODER.decode(payload)
        return bool(_mask(tree) != tree)
    except (ValueError, RecursionError):
        return True


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_mask(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _names_a_secret(value):
        return {
            name: _mask(member) if name in _DESCRIBING else _hide(member)
            for name, member in value.items()
        }
    vpn = "server" in value and "user" in value  # 2.0.1 VPNType
    return {
        name: _hide(member) if _NAME.search(name) or (vpn and name == "key") else _mask(member)
        for name, member in value.items()
    }


def _names_a_secret(value: dict[str, Any]) -> bool:
    """Whether a member names what the others hold.

    1.6 {key, value}; 2.x {variable: {name}, attributeValue}; vendors' {name, value}.
    """
    variable = value.get("variable")
    names = [value.get("key"), variable.get("name") if isinstance(variable, dict) else variable]
    if not _VALUES.isdisjoint(value):
        names.append(value.get("name"))
    return any(isinstance(name, str) and _NAME.search(name) for name in names)


def _hide(member: Any) -> Any:
    """Everything of what a secret is in; its shape stays."""
    if isinstance(member, dict):
        return {name: _hide(inner) for name, inner in member.items()}
    if isinstance(member, list):
        return [_hide(inner) for inner in member]
    return member if isinstance(member, bool) or member is None else MASK


def _text(text: str) -> str:
    """A text without its secrets; JSON in it (a vendor's DataTransfer) is looked through."""
    if text.lstrip()[:1] in _OPENS:
        with contextlib.suppress(ValueError, RecursionError):
            tree = _DECODER.decode(text)
            seen = _mask(tree)
            return text if seen == tree else _ENCODER.encode(seen).decode()
    text = _PEM.sub(lambda found: f"{MASK} {found[1]}PRIVATE KEY {MASK}", text)
    text = _JSON.sub(lambda found: f'{found[1]}"{MASK}"', text)
    text = _QUERY.sub(lambda found: f"{found[1]}{MASK}", text)
    text = _TICKET.sub(lambda found: f"{found[1]}{MASK}", text)
    return _URL.sub(lambda found: f"{found[1]}{MASK}@", text)
