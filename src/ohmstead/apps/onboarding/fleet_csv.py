"""A fleet as a table: one line of CSV is one station, and each mistake is named by its place.

The first line names the columns, in any order: COLUMNS. Only ``id`` must be there; ``owner`` and
``tariff`` may be given once for all. Comma or semicolon separate, whichever the first line has.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping

from ohmstead.apps.wording import did_you_mean
from ohmstead.core.network import Admission, Evse
from ohmstead.core.station_id import STATION_ID_WORDS, is_station_id
from ohmstead.flows.onboarding import EVSES_MAX
from ohmstead.frozen import Frozen

STATIONS_MAX = 5_000  # of one file
CELL_LENGTH_MAX = 4_096
NAME_LENGTH_MAX = 64
PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 16, 64  # the least is OCPP's, of 1.6 and of 2.x
EVSE_ID_MAX, CONNECTORS_MAX, RATED_W_MAX = 1_000, 16, 10_000_000
EVSES_DEFAULT = "1:22000"
COLUMNS = (
    "id",
    "evses",
    "tariff",
    "owner",
    "name",
    "time_zone",
    "location_cell",
    "admission",
    "strictness",
    "password",
    "password_hash",
    "security_profile",
    "weak",
)
ADMISSIONS = tuple(admission.value.lower() for admission in Admission)
STRICTNESSES = ("lenient", "strict")
NO_ID = "the first line names the columns, and one must be id"
_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")  # up to 2 s to check
_HEX_DIGITS = frozenset("0123456789abcdef")


class Wrong(Frozen):
    """A mistake: line and column count from 1, column 0 is the whole line.

    Line 0 is no line: ``name`` was given once for all stations, beside the file.
    """

    line: int
    column: int
    name: str
    detail: str


class Row(Frozen):
    """One station as its line says; empty: not said."""

    line: int
    id: str
    evses: tuple[Evse, ...]
    tariff: str
    owner: str
    name: str
    time_zone: str
    location_cell: str
    admission: Admission
    lenient: bool
    password: str
    password_hash: str
    security_profile: int
    weak: bool  # its password may be shorter than OCPP asks

    @property
    def uses_password(self) -> bool:
        """Whether it logs in with one: OCPP security profiles 1 and 2."""
        return self.security_profile in (1, 2)

    @property
    def needs_password(self) -> bool:
        """Whether one has to be made for it when it is new."""
        return self.uses_password and not self.password and not self.password_hash


class Table(Frozen):
    """What a file says; ``columns`` gives the number of a column that is there."""

    rows: tuple[Row, ...]
    wrong: tuple[Wrong, ...]
    columns: Mapping[str, int]

    given: Mapping[str, str] = {}
    texts: Mapping[int, Mapping[str, str]] = {}  # of every line, right or wrong

    def at(self, line: int, name: str, detail: str) -> Wrong:
        """A mistake in one cell, or in what was given for all because the cell is not there."""
        text = self.texts.get(line, {}).get(name)
        if self.given.get(name) and text == self.given[name]:
            return Wrong(0, 0, name, detail)
        return Wrong(line, self.columns.get(name, 0), name, detail)


class _Cell(Exception):
    """What is wrong with a cell."""


def in_order(wrong: Iterable[Wrong]) -> tuple[Wrong, ...]:
    """Each mistake once, in the order of the file."""
    return tuple(sorted(dict.fromkeys(wrong), key=lambda one: (one.line, one.column, one.name)))


def read_fleet(text: str, owner: str = "", tariff: str = "", weak: bool = False) -> Table:
    """Read a whole file; all that is wrong comes back as a list, in the order of the file."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    lines = _lines(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    given = {"owner": owner.lower(), "tariff": tariff, "weak": "yes" if weak else ""}
    try:
        _, names = next(lines, (1, []))
    except csv.Error as error:
        return Table((), (Wrong(_line_after(error), 0, "", f"not CSV: {error.args[0]}"),), {})
    if not names:
        detail = f"the file is empty: its first line names the columns, of {', '.join(COLUMNS)}"
        return Table((), (Wrong(1, 0, "", detail),), {})
    columns, wrong = _columns([name.strip().casefold() for name in names])
    all_texts: dict[int, Mapping[str, str]] = {}
    rows = _rows(lines, columns, given, len(names), wrong, all_texts)
    return Table(rows, in_order(wrong), columns, given, all_texts)


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each line with its number; blank ones are passed over."""
    begin = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(error.args[0], begin) from None
        at, begin = begin, reader.line_num + 1  # type: ignore[attr-defined]  # of csv.reader
        if any(cell.strip() for cell in cells):
            yield at, cells


def _line_after(error: csv.Error) -> int:
    return int(error.args[1]) if len(error.args) > 1 else 1


def _columns(names: list[str]) -> tuple[dict[str, int], list[Wrong]]:
    wrong = []
    for number, name in enumerate(names, 1):
        if name not in COLUMNS:
            asked = did_you_mean(name, COLUMNS) or f"there are {', '.join(COLUMNS)}"
            detail = f"no column is called {name[:40]!r}; {asked}"
            wrong.append(Wrong(1, number, name[:40], detail))
        elif name in names[: number - 1]:
            wrong.append(Wrong(1, number, name, "this column stands twice"))
    if "id" not in names:
        wrong.append(Wrong(1, len(names) + 1, "id", NO_ID))
    return {name: number for number, name in enumerate(names, 1) if name in COLUMNS}, wrong


def _rows(
    lines: Iterator[tuple[int, list[str]]],
    columns: dict[str, int],
    given: dict[str, str],
    width: int,
    wrong: list[Wrong],
    all_texts: dict[int, Mapping[str, str]],
) -> tuple[Row, ...]:
    """The stations of all lines that are right; what is wrong with the others joins ``wrong``."""
    rows: list[Row] = []
    seen: dict[str, int] = {}
    count = 0
    try:
        for line, cells in lines:
            count += 1
            if count > STATIONS_MAX:
                wrong.append(Wrong(line, 0, "", f"a file has at most {STATIONS_MAX} stations"))
                break
            if len(cells) > width:
                detail = f"{len(cells)} cells under {width} columns; quote text with commas"
                wrong.append(Wrong(line, width + 1, "", detail))
                continue
            texts = {n: cells[at - 1].strip() for n, at in columns.items() if at <= len(cells)}
            texts = {**given, **{name: text for name, text in texts.items() if text}}
            all_texts[line] = texts
            mistakes: list[Wrong] = []
            values = {name: _value(line, columns, width, name, texts, mistakes) for name in COLUMNS}
            station_id = texts.get("id", "")
            if station_id in seen:
                detail = f"station {station_id} stands in line {seen[station_id]} already"
                mistakes.append(Wrong(line, columns["id"], "id", detail))
            elif station_id:
                seen[station_id] = line
            wrong += mistakes
            if not mistakes:
                lenient = values.pop("strictness")
                rows.append(Row(line=line, lenient=lenient, **values))  # type: ignore[arg-type]
    except csv.Error as error:
        wrong.append(Wrong(_line_after(error), 0, "", f"not CSV: {error.args[0]}"))
    if not count and not wrong:
        wrong.append(Wrong(1, 0, "", "there is no station in this file"))
    return tuple(rows)


def _value(
    line: int,
    columns: dict[str, int],
    width: int,
    name: str,
    texts: Mapping[str, str],
    mistakes: list[Wrong],
) -> object:
    try:
        value = READERS[name](texts.get(name, ""))
        if name == "password":
            _check_length(texts.get(name, ""), texts.get("weak", ""))
    except _Cell as error:
        if name in columns:
            mistakes.append(Wrong(line, columns[name], name, str(error)))
        elif texts.get(name):
            mistakes.append(Wrong(0, 0, name, str(error)))
        elif name != "id":  # told of the first line, once for all that lack it
            mistakes.append(Wrong(1, width + 1, name, str(error)))
        else:
            mistakes.append(Wrong(1, width + 1, name, NO_ID))
        return None
    return value


def _check_length(password: str, weak: str) -> None:
    if 0 < len(password) < PASSWORD_LENGTH_MIN and weak.lower() != "yes":
        raise _Cell(
            f"{len(password)} characters where OCPP asks for {PASSWORD_LENGTH_MIN}: `yes` in a "
            "column weak, or --accept-weak for all, lets it in until it is rotated"
        )


def _id(text: str) -> str:
    if not is_station_id(text):
        raise _Cell(f"a station id has {STATION_ID_WORDS}")
    return text


def _needed(what: str) -> str:
    return f"missing: give it in this column, or once for all stations with --{what}"


def _tariff(text: str) -> str:
    if not text:
        raise _Cell(_needed("tariff"))
    return text


def _owner(text: str) -> str:
    address = text.lower()
    if not text:
        raise _Cell(_needed("owner"))
    if len(address) != 42 or not address.startswith("0x") or set(address[2:]) - _HEX_DIGITS:
        raise _Cell("an owner is an address: 0x and 40 hexadecimal digits")
    return address


def _evses(text: str) -> tuple[Evse, ...]:
    """``ID:RATED_W`` or ``ID:RATED_W:CONNECTORS``, with blanks between them."""
    found = []
    for one in (text or EVSES_DEFAULT).split():
        parts = one.split(":")
        if len(parts) not in (2, 3) or not all(p.isascii() and p.isdecimal() for p in parts):
            raise _Cell(f"expected ID:RATED_W, as in 1:22000 2:50000, not {one[:40]!r}")
        number, watts = int(parts[0][:9]), int(parts[1][:9])
        connectors = int(parts[2][:9]) if len(parts) == 3 else 1
        if not (1 <= number <= EVSE_ID_MAX and 1 <= watts <= RATED_W_MAX):
            raise _Cell(f"{one[:40]!r}: ids go to {EVSE_ID_MAX}, powers to {RATED_W_MAX} W")
        if not 1 <= connectors <= CONNECTORS_MAX:
            raise _Cell(f"{one[:40]!r}: an evse has 1 to {CONNECTORS_MAX} connectors")
        found.append(Evse(number, watts, "", connectors))
    if len({evse.id for evse in found}) < len(found):
        raise _Cell("one evse id stands twice")
    if len(found) > EVSES_MAX:
        raise _Cell(f"a station has at most {EVSES_MAX} evses")
    return tuple(found)


def _short(text: str) -> str:
    if len(text) > NAME_LENGTH_MAX:
        raise _Cell(f"at most {NAME_LENGTH_MAX} characters, not {len(text)}")
    return text


def _zone(text: str) -> str:
    return _short(text)


def _admission(text: str) -> Admission:
    if text and text.lower() not in ADMISSIONS:
        raise _Cell(f"one of {', '.join(ADMISSIONS)}, not {text[:40]!r}")
    return Admission(text.capitalize()) if text else Admission.ACCEPTED


def _strictness(text: str) -> bool:
    if text and text.lower() not in STRICTNESSES:
        raise _Cell(f"one of {', '.join(STRICTNESSES)}, not {text[:40]!r}")
    return text.lower() != "strict"


def _password(text: str) -> str:
    if len(text) > PASSWORD_LENGTH_MAX or not text.isascii() or not (text + "x").isprintable():
        raise _Cell(f"a password has at most {PASSWORD_LENGTH_MAX} printable ASCII characters")
    return text


def _hash(text: str) -> str:
    if text and not _BCRYPT.fullmatch(text):
        raise _Cell("a bcrypt hash, as in $2a$10$ and 53 more characters")
    return text


def _profile(text: str) -> int:
    if text not in ("", "0", "1", "2", "3"):
        raise _Cell(f"an OCPP security profile is 0, 1, 2 or 3, not {text[:40]!r}")
    return int(text or 1)


def _weak(text: str) -> bool:
    if text.lower() not in ("", "yes", "no"):
        raise _Cell(f"yes or no, not {text[:40]!r}")
    return text.lower() == "yes"


READERS = {
    "id": _id,
    "evses": _evses,
    "tariff": _tariff,
    "owner": _owner,
    "name": _short,
    "time_zone": _zone,
    "location_cell": _short,
    "admission": _admission,
    "strictness": _strictness,
    "password": _password,
    "password_hash": _hash,
    "security_profile": _profile,
    "weak": _weak,
}
