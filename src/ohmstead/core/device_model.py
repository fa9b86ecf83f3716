"""What a station says of its configuration: variables, each with a name, a value and its limits.

A variable has one name, whatever the version. Of OCPP 1.6 it is the configuration key; of 2.x

    Component[instance]@evse:connector.Variable[instance]#Attribute

of which only component and variable have to be there, as in ``AuthCtrlr.Enabled``,
``DeviceDataCtrlr.ItemsPerMessage[GetReport]`` or ``EVSE@1.Power#MaxSet``; a character that would
divide stands as %XX. Names are the same in any case (1.6 CiString, 2.0.1 part 2: case insensitive).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from ohmstead.frozen import Frozen

VARIABLES_MAX = 5_000  # of one station
CHARACTERS_MAX = 1 << 20  # of all of them together
VALUE_CHARACTERS_MAX = 2_500  # 2.0.1 attributeValue
NUMBER_CHARACTERS_MAX = 40
ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
READ_ONLY, WRITE_ONLY = "ReadOnly", "WriteOnly"
# AuthorizationKey (1.6), BasicAuthPassword, apnPassword, simPin (2.0.1), and what vendors add.
SECRET_WORDS = (
    r"authori[sz]ation[ _-]?key|pass[ _-]?w|pass[ _-]?phrase|pass[ _-]?code|secret|credential"
    r"|(?:private|api|wifi|wpa2?|wep|vpn|ssh|aes|hmac|encryption|signing)[ _-]?key|pre[ _-]?shared"
    r"|(?:access|auth|api|bearer)[ _-]?token|sim[ _-]?pin|pin[ _-]?code"
)

_SECRET = re.compile(SECRET_WORDS, re.IGNORECASE)
_PART = r"[^\[\]@:.#]+"
_NAME = re.compile(
    rf"(?P<component>{_PART})(?:\[(?P<instance>{_PART})\])?"
    r"(?:@(?P<evse>\d{1,9})(?::(?P<connector>\d{1,9}))?)?"
    rf"\.(?P<variable>{_PART})(?:\[(?P<variable_instance>{_PART})\])?(?:\#(?P<attribute>\w+))?"
)
_DIVIDES = re.compile(r"[%\[\]@:.#]")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_WHOLE = re.compile(r"[+-]?[0-9]{1,39}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_TRUTH = ("true", "false")
_LISTS = ("OptionList", "SequenceList", "MemberList")


class VariableName(Frozen):
    """A variable of OCPP 2.x, taken apart; ``evse`` and ``connector`` are None where not named."""

    component: str
    variable: str
    instance: str = ""
    evse: int | None = None
    connector: int | None = None
    variable_instance: str = ""
    attribute: str = "Actual"

    def __str__(self) -> str:
        where = "" if self.evse is None else f"@{self.evse}"
        where += "" if self.evse is None or self.connector is None else f":{self.connector}"
        head = _escape(self.component) + _brackets(self.instance) + where
        tail = _escape(self.variable) + _brackets(self.variable_instance)
        return f"{head}.{tail}" + ("" if self.attribute == "Actual" else f"#{self.attribute}")


def read_name(text: str) -> VariableName | None:
    """Take a name of 2.x apart; None for what is none."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    words = {word.casefold(): word for word in ATTRIBUTES}
    attribute = words.get((found["attribute"] or "Actual").casefold())
    if attribute is None:
        return None
    return VariableName(
        component=_plain(found["component"]),
        variable=_plain(found["variable"]),
        instance=_plain(found["instance"] or ""),
        evse=None if found["evse"] is None else int(found["evse"]),
        connector=None if found["connector"] is None else int(found["connector"]),
        variable_instance=_plain(found["variable_instance"] or ""),
        attribute=attribute,
    )


def _escape(text: str) -> str:
    return _DIVIDES.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _brackets(text: str) -> str:
    return f"[{_escape(text)}]" if text else ""


def is_secret(name: str) -> bool:
    """Whether a value of this name is a password or a key: never kept, never shown, never set."""
    return _SECRET.search(name) is not None


class Variable(Frozen, array_like=True):
    """One variable as its station told it. Of a hidden one the value was not kept."""

    name: str
    value: str | None = None
    mutability: str = ""  # empty: not said, which 2.0.1 reads as ReadWrite
    data_type: str = ""  # as 2.x words it; 1.6 has none
    values: str = ""  # valuesList, divided by commas
    min_limit: str = ""
    max_limit: str = ""
    unit: str = ""
    is_hidden: bool = False


class Inventory(Frozen):
    """All that a station said of its configuration, in order of the names."""

    station_id: str
    protocol: str
    read_ms: int  # when all of it was read
    variables: tuple[Variable, ...] = ()
    dropped: int = 0  # variables for which there was no room

    @property
    def key(self) -> str:
        return self.station_id

    def by_name(self) -> dict[str, Variable]:
        """Its variables, found by their names without case."""
        return {one.name.casefold(): one for one in self.variables}


class EarlierInventory(Frozen):
    """What a station said before something changed."""

    inventory: Inventory

    @property
    def key(self) -> str:
        return self.inventory.station_id


def bounded(variables: Iterable[Variable]) -> tuple[tuple[Variable, ...], int]:
    """In order of their names and each once, secrets hidden; and how many found no room."""
    by_name = {one.name.casefold(): one for one in variables}
    kept: list[Variable] = []
    room = CHARACTERS_MAX
    for _, one in sorted(by_name.items()):
        hidden = one.is_hidden or is_secret(one.name) or one.mutability == WRITE_ONLY
        known = Variable(one.name, mutability=one.mutability, is_hidden=True) if hidden else one
        room -= len(known.name) + len(known.value or "") + len(known.values)
        if len(kept) >= VARIABLES_MAX or room < 0:
            break
        kept.append(known)
    return tuple(kept), len(by_name) - len(kept)


def fault_of(variable: Variable, wanted: str) -> str:
    """Why a variable cannot be given a value, in a few words; "" if nothing speaks against it."""
    if variable.is_hidden or variable.mutability == WRITE_ONLY:
        return "cannot be read back"
    if variable.mutability == READ_ONLY:
        return "is read-only"
    kind = variable.data_type
    known = [one.strip() for one in variable.values.split(",")] if variable.values else []
    if kind in ("integer", "decimal"):
        number = number_of(wanted)
        if number is None or (kind == "integer" and not _WHOLE.fullmatch(wanted.strip())):
            return (
                f"is {'a whole number' if kind == 'integer' else 'a number'}, not {wanted[:60]!r}"
            )
        low, high = number_of(variable.min_limit), number_of(variable.max_limit)
        if (low is not None and number < low) or (high is not None and number > high):
            some = f"at most {high}" if low is None else f"at least {low}"
            span = some if low is None or high is None else f"{low} to {high}"
            return f"is {span}, not {wanted[:60]}"
        return ""
    if kind == "boolean" and wanted.strip().casefold() not in _TRUTH:
        return f"is true or false, not {wanted[:60]!r}"
    if kind == "dateTime" and not _TIME.fullmatch(wanted.strip()):
        return f"is a time as in 2026-11-20T09:30:00Z, not {wanted[:60]!r}"
    longest = number_of(variable.max_limit)
    if kind in ("string", *_LISTS) and longest is not None and len(wanted) > longest:
        return f"has at most {variable.max_limit} characters"
    if kind in _LISTS and known:
        parts = [wanted] if kind == "OptionList" else wanted.split(",")
        wrong = [part for part in parts if part.strip() not in known and wanted.strip()]
        if wrong:
            return f"takes {', '.join(known)[:200]}, not {wrong[0].strip()[:60]!r}"
    return ""


def same_value(found: str | None, wanted: str, data_type: str = "") -> bool:
    """Whether two values mean the same: 07 is 7, TRUE is true, and a member list has no order."""
    if found is None:
        return False
    one, other = found.strip(), wanted.strip()
    if one == other:
        return True
    if one.casefold() in _TRUTH and data_type in ("", "boolean"):
        return one.casefold() == other.casefold()
    if data_type in ("", "integer", "decimal"):
        number = number_of(one)
        if number is not None and number == number_of(other):
            return True
    if data_type in ("", "SequenceList", "MemberList") and "," in one + other:
        parts = [[part.strip() for part in text.split(",")] for text in (one, other)]
        return parts[0] == parts[1] or (
            data_type == "MemberList" and set(parts[0]) == set(parts[1])
        )
    return False


def number_of(text: str) -> Decimal | None:
    """A number written in digits, or None."""
    if not text or len(text) > NUMBER_CHARACTERS_MAX:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return (
        number if number.is_finite() and abs(number.adjusted()) <= NUMBER_CHARACTERS_MAX else None
    )


class Difference(Frozen):
    """A variable whose value is another on the other side; None: it is not there."""

    name: str
    left: Variable | None
    right: Variable | None


def differences(left: Inventory, right: Inventory) -> tuple[Difference, ...]:
    """Where two readings differ, in order of the names; of hidden ones only whether they exist."""
    ours, theirs = left.by_name(), right.by_name()
    found: list[Difference] = []
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            found.append(Difference((one or other or Variable(name)).name, one, other))
        elif one.is_hidden or other.is_hidden or one.value == other.value:
            continue
        elif other.value is None or not same_value(one.value, other.value, one.data_type):
            found.append(Difference(one.name, one, other))
    return tuple(found)
