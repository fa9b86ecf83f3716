"""What another CSMS leaves behind, as two tables: its id_tokens, and its transactions under way.

The first line of a file names the columns, in any order; comma or semicolon separate, whichever
that line has. A cell is as ``POST /adoption`` takes it, an empty one is not said.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from ohmstead.apps.wording import did_you_mean
from ohmstead.frozen import Frozen

ROWS_MAX = 100_000  # of one file
TOKEN_COLUMNS = ("uid", "payer", "status", "expires", "group")
TRANSACTION_COLUMNS = (
    "station",
    "transaction_id",
    "ocpp",
    "evse",
    "id_token",
    "started",
    "begin_wh",
)
OCPP_WORDS = ("", "1.6", "2.x", "2.0.1", "2.1")


class Row(Frozen):
    """A line of a file and the members it tells of."""

    line: int
    said: dict[str, Any]


class Rows(Frozen):
    """A whole file; with one problem, each as FILE:LINE: sentence, it is not to be used."""

    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()


def read_tokens(name: str, text: str, payer: str) -> Rows:
    """Read id_tokens; ``payer`` is that of lines which name none."""
    found = _read(name, text, TOKEN_COLUMNS, ("uid",))
    problems, seen = list(found.problems), dict[str, int]()
    for row in found.rows:
        uid = row.said.get("uid", "").casefold()
        if uid in seen:
            other = seen[uid]
            problems.append(f"{name}:{row.line}: uid: stands in line {other} already; keep one")
        seen.setdefault(uid, row.line)
        if payer:
            row.said.setdefault("payer", payer)
        if "payer" not in row.said:
            detail = "payer: whose deposit it spends is not said; fill the column or give --payer"
            problems.append(f"{name}:{row.line}: {detail}")
    return Rows(found.rows, tuple(problems))


def read_transactions(name: str, text: str) -> Rows:
    """Read transactions under way: an id of digits is a number of 1.6, unless ``ocpp`` is 2.x."""
    found = _read(name, text, TRANSACTION_COLUMNS, ("station", "transaction_id"))
    problems, seen = list(found.problems), dict[tuple[str, str], int]()
    for row in found.rows:
        said, place = row.said, f"{name}:{row.line}"
        id_, version = said.get("transaction_id", ""), said.pop("ocpp", "")
        if version not in OCPP_WORDS:
            problems.append(f"{place}: ocpp: is 1.6 or 2.x, not {version[:20]!r}")
        if (one := (said.get("station", ""), id_)) in seen:
            problems.append(f"{place}: transaction_id: stands in line {seen[one]} already")
        seen.setdefault(one, row.line)
        is_digits = id_.isascii() and id_.isdigit()
        if version == "1.6" and not is_digits:
            problems.append(f"{place}: transaction_id: of OCPP 1.6 is a number, not {id_[:40]!r}")
        elif is_digits and not version.startswith("2"):
            said["transaction_id"] = int(id_[:20])
        evse = said.get("evse", "")
        if evse.isascii() and evse.isdigit():
            said["evse"] = int(evse[:20])
    return Rows(found.rows, tuple(problems))


def _read(name: str, text: str, columns: tuple[str, ...], needed: tuple[str, ...]) -> Rows:
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    problems: list[str] = []
    try:
        names = [cell.strip().casefold() for cell in next(reader, [])]
        problems += _columns(f"{name}:1", names, columns, needed)
        for cells in () if problems else reader:
            line = reader.line_num
            said = {n: cell.strip() for n, cell in zip(names, cells, strict=False) if cell.strip()}
            if len(cells) > len(names):
                detail = f"{len(cells)} cells under {len(names)} columns; quote text with commas"
                problems.append(f"{name}:{line}: {detail}")
            elif said:
                problems += [f"{name}:{line}: {n}: is empty" for n in needed if n not in said]
                rows.append(Row(line, said))
            if len(rows) > ROWS_MAX:
                problems.append(f"{name}:{line}: a file has at most {ROWS_MAX} lines; split it")
                break
    except csv.Error as error:
        problems.append(f"{name}:{reader.line_num}: not CSV: {error}")
    return Rows(tuple(rows), tuple(problems))


def _columns(
    place: str, names: list[str], columns: tuple[str, ...], needed: tuple[str, ...]
) -> list[str]:
    problems = []
    for number, name in enumerate(names):
        if name not in columns:
            asked = did_you_mean(name, columns) or f"there are {', '.join(columns)}"
            problems.append(f"{place}: no column is called {name[:40]!r}; {asked}")
        elif name in names[:number]:
            problems.append(f"{place}: column {name} stands twice")
    lacking = [name for name in needed if name not in names]
    if lacking:
        detail = f"the first line names the columns, and {' and '.join(lacking)} must be there"
        problems.append(f"{place}: {detail}")
    return problems
