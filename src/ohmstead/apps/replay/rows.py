"""Rows of a session file, one at a time: plain or gzip, bounded, every error with its place."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from ohmstead.errors import OperatorError
from ohmstead.wire.ocpp.base import exact_number

LINE_LENGTH_MAX = 1 << 16
ENERGY_KWH_MAX = 10_000  # of one session; a truck takes one tenth of that
MISSING = frozenset({"", "NA", "NaN", "null", "None"})
GZIP_MAGIC = b"\x1f\x8b"


class Row:
    """One line of a file, read by column name; each error names file, line and column."""

    __slots__ = ("_cells", "_where", "line")

    def __init__(self, where: str, line: int, cells: dict[str, str]) -> None:
        self._where = where
        self.line = line
        self._cells = cells

    def wrong(self, column: str, what: str) -> OperatorError:
        """Return the error to raise for a cell."""
        value = self._cells[column][:40]
        return OperatorError(
            f"{self._where}: line {self.line}, column {column}: {value!r} is {what}"
        )

    def has(self, column: str) -> bool:
        """Tell whether the column is there and says something."""
        return self._cells.get(column, "") not in MISSING

    def text(self, column: str) -> str:
        """Return the cell; raises OperatorError where it is empty."""
        if not self.has(column):
            raise self.wrong(column, "nothing, but needed")
        return self._cells[column]

    def number(self, column: str, point: str = ".") -> Decimal:
        """Return a number of zero or more; raises OperatorError for what is none."""
        text = self.text(column)
        try:
            number = exact_number(text.replace(point, ".") if "." not in text else text)
        except ValueError:
            raise self.wrong(column, "no number") from None
        if number < 0 or not number.is_finite():
            raise self.wrong(column, "below zero")
        return number

    def mwh(self, column: str, decimals: int, point: str = ".") -> int:
        """Return energy in whole mWh, cut below; ``decimals`` is 3 for Wh and 6 for kWh."""
        mwh = int(self.number(column, point).scaleb(decimals))
        if mwh > ENERGY_KWH_MAX * 1_000_000:
            raise self.wrong(column, f"more than {ENERGY_KWH_MAX} kWh")
        return mwh

    def time(self, column: str, zone: ZoneInfo) -> datetime:
        """Return local time without a zone; a time that has one is converted to ``zone``."""
        text = self.text(column)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(column, "no time like 2026-11-20 08:30:00") from None
        if moment.tzinfo is not None:
            try:
                moment = moment.astimezone(zone)
            except OverflowError:
                raise self.wrong(column, "on no calendar") from None
        return moment.replace(tzinfo=None)


def read_rows(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a CSV file that has at least ``columns``; memory is one row's.

    Raises OperatorError for a file that cannot be read, a missing column, a line with another
    number of cells, and lines over :data:`LINE_LENGTH_MAX`.
    """
    where = path.name
    try:
        with _open(path) as stream:
            lines = csv.reader(_lines(stream, where), delimiter=delimiter, strict=True)
            header = next(lines, [])
            missing = [name for name in columns if name not in header]
            if missing:
                raise OperatorError(f"{where}: line 1 has no column {missing[0]}")
            for cells in lines:
                if len(cells) != len(header):
                    raise OperatorError(
                        f"{where}: line {lines.line_num} has {len(cells)} cells, not {len(header)}"
                    )
                yield Row(where, lines.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise OperatorError(f"{where}: line {lines.line_num}: {error}") from None
    except UnicodeDecodeError as error:
        raise OperatorError(f"{where}: not UTF-8 text ({error.reason})") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise OperatorError(f"{where}: the compressed file is damaged or cut short") from None
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}") from None


def header_of(path: Path) -> str:
    """Return the first line of a file, to tell its format; raises OperatorError."""
    try:
        with _open(path) as stream:
            return stream.readline(LINE_LENGTH_MAX)
    except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile):
        raise OperatorError(f"{path.name}: neither text nor gzip of text") from None
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror or error}") from None


def _open(path: Path) -> IO[str]:
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP_MAGIC
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _lines(stream: IO[str], where: str) -> Iterator[str]:
    number = 0
    while line := stream.readline(LINE_LENGTH_MAX):
        number += 1
        if len(line) == LINE_LENGTH_MAX and not line.endswith("\n"):
            raise OperatorError(f"{where}: line {number} is longer than {LINE_LENGTH_MAX}")
        yield line
