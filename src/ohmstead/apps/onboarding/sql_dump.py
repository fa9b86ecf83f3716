"""Rows of a few tables out of a database's export: mysqldump's text, or one CSV file a table.

A dump is read line by line and only the wanted tables are looked at, because the others (meter
values) may be a thousand times larger. Nothing is executed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

ROWS_MAX = 5_000_000  # of all wanted tables
STATEMENT_CHARACTERS_MAX = 64 << 20  # one INSERT; mysqldump writes about 1 MB
Row = dict[str, str | None]

_CREATE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`?\s*\(", re.IGNORECASE)
_COLUMN = re.compile(r"\s*`(\w+)`\s")
_INSERT = re.compile(
    r"(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+`?(\w+)`?\s*(\([^()]*\))?\s*VALUES\s*",
    re.IGNORECASE,
)
_ZONE = re.compile(r"SET TIME_ZONE\s*=\s*'([^']*)'", re.IGNORECASE)
# A value, then what follows it; strings escape with a backslash or by doubling the quote.
_VALUE = re.compile(
    r"\s*(?:(?:_\w+\s*)?'((?:[^'\\]|\\.|'')*)'|(NULL)|(0x[0-9A-Fa-f]+)|([-+.\w]+))\s*([,)])",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"\s*,?\s*")
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
UTC = frozenset({"+00:00", "UTC"})
NULLS = frozenset({"\\N", "NULL"})  # as exports to CSV write it


class Export(Frozen):
    """The wanted tables, each a list of rows by column; a table that is not there is missing."""

    tables: Mapping[str, list[Row]]
    is_utc: bool  # whether its times are said to be UTC


def read_export(path: Path, wanted: frozenset[str]) -> Export:
    """Read a dump, or a folder of CSV files; raises OperatorError naming file and line."""
    try:
        if path.is_dir():
            return _read_folder(path, wanted)
        with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            return _Dump(str(path), wanted).read(lines)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None


class _Dump:
    """One dump being read."""

    def __init__(self, name: str, wanted: frozenset[str]) -> None:
        self._name = name
        self._wanted = wanted
        self._columns: dict[str, list[str]] = {}
        self._tables: dict[str, list[Row]] = {}
        self._rows = 0
        self._is_utc = False

    def read(self, lines: Iterator[str]) -> Export:
        numbered = enumerate(lines, 1)
        for number, line in numbered:
            if line.startswith(("/*!", "SET ")):
                zone = _ZONE.search(line)
                self._is_utc = self._is_utc or (zone is not None and zone[1] in UTC)
                continue
            create = _CREATE.match(line)
            if create is not None and create[1] in self._wanted:
                self._columns[create[1]] = _columns_of(numbered)
                self._tables.setdefault(create[1], [])
            elif line[:7].upper() in ("INSERT ", "REPLACE"):
                self._insert(number, line, numbered)
        return Export(self._tables, self._is_utc)

    def _insert(self, begin: int, line: str, numbered: Iterator[tuple[int, str]]) -> None:
        table = re.match(r"\w+\s+(?:IGNORE\s+)?INTO\s+`?(\w+)`?", line, re.IGNORECASE)
        parts, size = [line], len(line)
        is_wanted = table is not None and table[1] in self._wanted
        while not line.rstrip().endswith(";"):
            _, line = next(numbered, (0, ""))
            if not line:
                raise self._broken(begin, "the file ends inside of a statement")
            if is_wanted:
                parts.append(line)
                size += len(line)
                if size > STATEMENT_CHARACTERS_MAX:
                    raise self._broken(begin, "a statement is longer than any mysqldump writes")
        if is_wanted:
            self._take(begin, "".join(parts))

    def _take(self, begin: int, text: str) -> None:
        head = _INSERT.match(text)
        if head is None:
            raise self._broken(begin, "expected INSERT INTO ... VALUES as mysqldump writes it")
        names = re.findall(r"`?(\w+)`?", head[2] or "") or self._columns.get(head[1])
        if not names:
            raise self._broken(begin, f"no columns are known of {head[1]}: dump with its schema")
        rows = self._tables.setdefault(head[1], [])
        at = head.end()
        while text[at : at + 1] == "(":
            values: list[str | None] = []
            at += 1
            end = ","
            while end == ",":
                found = _VALUE.match(text, at)
                if found is None:
                    raise self._broken(begin, f"row {len(rows) + 1} of {head[1]} cannot be read")
                values.append(_value(found))
                at, end = found.end(), found[5]
            if len(values) != len(names):
                what = f"{len(values)} values for {len(names)} columns of {head[1]}"
                raise self._broken(begin, what)
            self._rows += 1
            if self._rows > ROWS_MAX:
                raise self._broken(begin, f"more than {ROWS_MAX} rows")
            rows.append(dict(zip(names, values, strict=True)))
            between = _BETWEEN.match(text, at)
            at = between.end() if between is not None else at
        if text[at:].strip() not in (";", ""):
            raise self._broken(begin, f"after row {len(rows)} of {head[1]} comes something else")

    def _broken(self, line: int, what: str) -> OperatorError:
        return OperatorError(f"{self._name}:{line}: {what}; make the dump anew with mysqldump")


def _columns_of(numbered: Iterator[tuple[int, str]]) -> list[str]:
    """The columns of a CREATE TABLE, whose first line was read."""
    names = []
    for _, line in numbered:
        column = _COLUMN.match(line)
        if column is not None:
            names.append(column[1])
        if line.lstrip().startswith(")"):
            break
    return names


def _value(found: re.Match[str]) -> str | None:
    text, null, binary, word, _ = found.groups()
    if null is not None:
        return None
    if binary is not None:
        digits = binary[2:]
        return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).decode("utf-8", "replace")
    if word is not None:
        return word
    return _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]) if one[1] else "'", text)


def _read_folder(path: Path, wanted: frozenset[str]) -> Export:
    """``charge_box.csv`` and the like, whose first lines name the columns."""
    tables: dict[str, list[Row]] = {}
    for table in sorted(wanted):
        file = path / f"{table}.csv"
        if not file.exists():
            continue
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            try:
                rows = [_csv_row(row, f"{file}:{reader.line_num}") for row in reader]
            except csv.Error as error:
                raise OperatorError(f"{file}:{reader.line_num}: not CSV: {error}") from None
        if len(rows) > ROWS_MAX:
            raise OperatorError(f"{file}: more than {ROWS_MAX} rows")
        tables[table] = rows
    return Export(tables, True)


def _csv_row(row: dict[str | None, str | None], where: str) -> Row:
    if None in row or None in row.values():
        raise OperatorError(f"{where}: as many cells are needed as the first line names columns")
    return {
        name: None if value in NULLS else value for name, value in row.items() if name is not None
    }
