"""Secrets leave a payload before it is written down: a reader of the log is no station by that.

Masked are the values of configuration keys and variables that are passwords or keys, the members
that hold them in network profiles, passwords inside URLs, and the private part of any PEM.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from ohmstead.core.device_model import SECRET_WORDS

MASK = "***"
TEXT_CHARACTERS_MAX = 1 << 16  # of one payload in the log

_WORDS = SECRET_WORDS
_NAME = re.compile(_WORDS, re.IGNORECASE)
# Inside a text: JSON of a vendor's DataTransfer, and queries of URLs.
_JSON = re.compile(rf'("[^"]{{0,40}}(?:{_WORDS})[^"]{{0,40}}"\s*:\s*)"[^"]*"', re.IGNORECASE)
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
    beside = _secret_members(value)
    return {
        name: MASK
        if _is_plain(member) and (name in beside or _NAME.search(name))
        else _mask(member)
        for name, member in value.items()
    }


def _is_plain(member: Any) -> bool:
    return isinstance(member, str | int | Decimal) and not isinstance(member, bool)


def _secret_members(value: dict[str, Any]) -> tuple[str, ...]:
    """Members that hold a secret by what stands beside them.

    1.6 {key, value}; 2.0.1 {variable: {name}, attributeValue}; VPNType {server, user, key}.
    """
    if "server" in value and "user" in value:
        return ("key",)
    variable = value.get("variable")
    names = [value.get("key"), variable.get("name") if isinstance(variable, dict) else None]
    if any(isinstance(name, str) and _NAME.search(name) for name in names):
        return ("value", "attributeValue")
    return ()


def _text(text: str) -> str:
    text = _PEM.sub(lambda found: f"{MASK} {found[1]}PRIVATE KEY {MASK}", text)
    text = _JSON.sub(lambda found: f'{found[1]}"{MASK}"', text)
    text = _QUERY.sub(lambda found: f"{found[1]}{MASK}", text)
    text = _TICKET.sub(lambda found: f"{found[1]}{MASK}", text)
    return _URL.sub(lambda found: f"{found[1]}{MASK}@", text)
