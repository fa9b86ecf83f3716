"""eMAIDs: how a contract of Plug & Charge is named, however its separators and check digit are
written.

ISO 15118-2, annex H: country, provider and instance, with or without separators, the check digit
optional; letters count without case. ``*`` separates as well as ``-``, as in OCHP and OCPI.
"""

from __future__ import annotations

import re
from itertools import product

from ohmstead.frozen import Frozen

TYPE = "eMAID"  # of idToken.type in OCPP 2.0.1
LENGTH_MAX = 255  # of OCPP 2.1's idToken
_SHAPE = re.compile(
    r"([A-Za-z]{2})([-*]?)([A-Za-z0-9]{3})\2([A-Za-z0-9]{9})(?:\2([A-Za-z0-9]))?", re.ASCII
)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Each character as two numbers modulo 2 and two modulo 3.
_PARTS = dict(zip(_ALPHABET, product(range(2), range(2), range(3), range(3)), strict=True))
_LETTERS = {parts: letter for letter, parts in _PARTS.items()}


class Emaid(Frozen):
    """An eMAID taken apart; ``check`` is the digit as it was written, "" if it was left out."""

    country: str
    provider: str
    instance: str
    check: str = ""

    @property
    def name(self) -> str:
        """What two spellings of one contract have in common: 14 characters."""
        return self.country + self.provider + self.instance

    @property
    def is_mistyped(self) -> bool:
        """Whether a check digit is there and is not the one that belongs there."""
        return self.check not in ("", check_digit(self.name))


def read_emaid(text: str) -> Emaid | None:
    """Take an eMAID apart, None for a text that is none."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    country, _, provider, instance, check = found.groups()
    return Emaid(country.upper(), provider.upper(), instance.upper(), (check or "").upper())


def check_digit(name: str) -> str:
    """The check digit of the 14 characters of a name (eMI3, check digits of contract ids).

    Places are weighted with the powers of one matrix modulo 2 and of another modulo 3, so that a
    wrong character, and two that were swapped, show.
    """
    q1 = q2 = r1 = r2 = 0
    for letter in reversed(name):
        a, b, c, d = _PARTS[letter]
        q1, q2 = (q2 + b) % 2, (q1 + a + q2 + b) % 2  # (0 1; 1 1)
        r1, r2 = (r2 + d) % 3, (r1 + c + 2 * (r2 + d)) % 3  # (0 1; 1 2)
    return _LETTERS[q1, q2, -r2 % 3, (r2 - r1) % 3]


def spellings(text: str) -> tuple[str, ...]:
    """Under which uids the contract of this eMAID may have been registered, as written first."""
    emaid = read_emaid(text)
    if emaid is None:
        return (text,)
    parts = (emaid.country, emaid.provider, emaid.instance)
    digits = dict.fromkeys((emaid.check or check_digit(emaid.name), check_digit(emaid.name)))
    found = [text]
    for separator in ("", "-", "*"):
        bare = separator.join(parts)
        found += [bare, *(bare + separator + digit for digit in digits)]
    return tuple(dict.fromkeys(found))


def is_same_contract(one: str, other: str) -> bool:
    """Whether two texts name one contract."""
    first, second = read_emaid(one), read_emaid(other)
    if first is None or second is None:
        return one.casefold() == other.casefold()
    return first.name == second.name
