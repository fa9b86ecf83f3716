"""Where charging sessions come from: three published data sets, any CSV, or a seed.

Times are local and without a zone, as the files have them; the zone stands beside them. Files are
read in place and never copied. Rows that cannot be read stop everything with their line and column;
rows that say nothing to replay (no energy, no end) are counted as skipped, with the reason.

A generic CSV has the columns ``station,user,start,end,energy_kwh`` and may have ``power_kw``,
``session`` and ``site``; times are ``2026-11-20 08:30:00``, local unless they carry an offset.
"""

from __future__ import annotations

import heapq
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import msgspec

from ohmstead.apps.replay.generated import GENERATED, generate
from ohmstead.apps.replay.raw import RawSession
from ohmstead.apps.replay.rows import Row, header_of, read_rows
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

RUN_SESSIONS_MAX = 50_000  # sorted in memory at a time; longer files are merged from sorted runs
MWH_DECIMALS_WH, MWH_DECIMALS_KWH = 3, 6
W_DECIMALS_KW = 3

DATA_FILES = {
    "epfl": "epfl_dc_sessions.csv",
    "acn": "jpl_sessions.csv.gz",
    "norway": "norway_residential_sessions.csv.gz",
}


class Format(Frozen):
    """How one kind of file is read. ``read`` makes a session of a row; None is skipped."""

    name: str
    delimiter: str
    columns: tuple[str, ...]
    zone: str
    read: Callable[[Row, str, ZoneInfo, Counter[str]], RawSession | None]


class Source(Frozen):
    """A file with its format and zone, or the generated workload (``path`` is None)."""

    name: str
    zone: str
    path: Path | None = None
    format: Format | None = None
    seed: str = ""
    count: int = 0

    def sessions(self, skipped: Counter[str]) -> Iterator[RawSession]:
        """Yield the sessions in the order of the file; counts what is skipped by reason.

        Raises OperatorError for what cannot be read.
        """
        if self.path is None or self.format is None:
            yield from generate(self.seed, self.count)
            return
        zone = ZoneInfo(self.zone)
        for row in read_rows(self.path, self.format.delimiter, self.format.columns):
            session = self.format.read(row, self.name, zone, skipped)
            if session is None:
                continue
            if session.energy_mwh == 0:
                skipped["no energy"] += 1
            elif session.end_local <= session.start_local:
                skipped["end not after start"] += 1
            else:
                yield session

    def sorted(self, skipped: Counter[str]) -> Iterator[RawSession]:
        """Yield the sessions by start; the published files are in no order.

        Memory is bounded by :data:`RUN_SESSIONS_MAX` sessions, whatever the file's length.
        """
        yield from sort_by_start(self.sessions(skipped))


def generated(seed: str, count: int) -> Source:
    """Return a made-up workload that follows from its seed, and says that it is made up."""
    return Source(GENERATED, "Etc/UTC", seed=seed, count=count)


def open_source(path: Path, format_name: str = "", zone: str = "") -> Source:
    """Return the source of a file; its header tells the format where none is named.

    Raises OperatorError for a format or zone that does not exist and a file that fits none.
    """
    if format_name and format_name not in FORMATS:
        raise OperatorError(f"no format {format_name!r}; there are {', '.join(FORMATS)}")
    chosen = FORMATS[format_name] if format_name else _recognised(path)
    try:
        ZoneInfo(zone or chosen.zone)
    except (KeyError, ValueError, OSError):
        raise OperatorError(f"no time zone {zone!r}; use a name like Europe/Oslo") from None
    return Source(chosen.name, zone or chosen.zone, path, chosen)


def data_folder() -> Path | None:
    """Return the folder of published data: $OHMSTEAD_SHARED/data, else ../shared/data beside the
    clone; None where there is none."""
    named = os.environ.get("OHMSTEAD_SHARED")
    here = Path(__file__).resolve()
    clone = next((up for up in here.parents if (up / "pyproject.toml").is_file()), Path.cwd())
    folder = (Path(named) if named else clone.parent / "shared") / "data"
    return folder if folder.is_dir() else None


def data_sources() -> list[Source]:
    """Return the published data sets that are present here, in a fixed order."""
    folder = data_folder()
    if folder is None:
        return []
    return [
        open_source(folder / name, format_name)
        for format_name, name in DATA_FILES.items()
        if (folder / name).is_file()
    ]


def sort_by_start(sessions: Iterable[RawSession]) -> Iterator[RawSession]:
    """Sort by start, then by session name; long inputs through temporary files."""
    with ExitStack() as stack:
        runs: list[IO[bytes]] = []
        run: list[RawSession] = []
        for session in sessions:
            run.append(session)
            if len(run) == RUN_SESSIONS_MAX:
                spill = stack.enter_context(tempfile.TemporaryFile())
                spill.writelines(_ENCODER.encode(one) + b"\n" for one in sorted(run, key=_order))
                spill.seek(0)
                runs.append(spill)
                run = []
        yield from heapq.merge(*map(_unspilled, runs), sorted(run, key=_order), key=_order)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(RawSession)


def _unspilled(spill: IO[bytes]) -> Iterator[RawSession]:
    return map(_DECODER.decode, spill)


def _order(session: RawSession) -> tuple[datetime, str, str]:
    return session.start_local, session.source, session.session


def _recognised(path: Path) -> Format:
    header = header_of(path)
    for known in FORMATS.values():
        names = {name.strip().strip('"') for name in header.split(known.delimiter)}
        if names.issuperset(known.columns):
            return known
    raise OperatorError(f"{path.name}: its columns fit none of {', '.join(FORMATS)}")


def _read_epfl(row: Row, source: str, zone: ZoneInfo, skipped: Counter[str]) -> RawSession | None:
    """One fast-charging site with two plugs; nobody is named."""
    del skipped
    return RawSession(
        source=source,
        session=row.text("Session"),
        site="EPFL",
        station_key=row.text("CCS"),
        user="",
        start_local=row.time("Arrival", zone),
        end_local=row.time("Departure", zone),
        energy_mwh=row.mwh("Energy (Wh)", MWH_DECIMALS_WH),
        peak_w=int(row.number("Pmax (W)")),
        zone=zone.key,
    )


def _read_acn(row: Row, source: str, zone: ZoneInfo, skipped: Counter[str]) -> RawSession | None:
    """A workplace; ``Power`` is the mean while charging, which ends before the car leaves."""
    del skipped
    return RawSession(
        source=source,
        session=row.text("Session"),
        site="JPL",
        station_key=row.text("ChargingStation"),
        user=row.text("UserID").lstrip("0") or "0",
        start_local=row.time("ConnectionStartDateTime", zone),
        end_local=row.time("ConnectionEndDateTime", zone),
        energy_mwh=row.mwh("Energy", MWH_DECIMALS_KWH),
        peak_w=int(row.number("Power").scaleb(W_DECIMALS_KW)),
        zone=zone.key,
    )


def _read_norway(row: Row, source: str, zone: ZoneInfo, skipped: Counter[str]) -> RawSession | None:
    """Garages of apartment houses; a user has a place of their own, and power is not known."""
    if not row.has("plugout_time"):
        skipped["no end"] += 1
        return None
    return RawSession(
        source=source,
        session=row.text("session_id"),
        site=row.text("location"),
        station_key=row.text("user_id"),
        user=row.text("user_id"),
        start_local=row.time("plugin_time", zone),
        end_local=row.time("plugout_time", zone),
        energy_mwh=row.mwh("energy_session", MWH_DECIMALS_KWH, point=","),
        peak_w=0,
        zone=zone.key,
    )


def _read_generic(
    row: Row, source: str, zone: ZoneInfo, skipped: Counter[str]
) -> RawSession | None:
    if not row.has("end"):
        skipped["no end"] += 1
        return None
    peak_w = int(row.number("power_kw").scaleb(W_DECIMALS_KW)) if row.has("power_kw") else 0
    return RawSession(
        source=source,
        session=row.text("session") if row.has("session") else str(row.line),
        site=row.text("site") if row.has("site") else "site",
        station_key=row.text("station"),
        user=row.text("user") if row.has("user") else "",
        start_local=row.time("start", zone),
        end_local=row.time("end", zone),
        energy_mwh=row.mwh("energy_kwh", MWH_DECIMALS_KWH),
        peak_w=peak_w,
        zone=zone.key,
    )


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format(
            "epfl",
            ",",
            ("Session", "CCS", "Arrival", "Departure", "Energy (Wh)", "Pmax (W)"),
            "Europe/Zurich",
            _read_epfl,
        ),
        Format(
            "acn",
            ",",
            (
                "Session",
                "ConnectionStartDateTime",
                "ConnectionEndDateTime",
                "Power",
                "Energy",
                "ChargingStation",
                "UserID",
            ),
            "America/Los_Angeles",
            _read_acn,
        ),
        Format(
            "norway",
            ";",
            (
                "location",
                "user_id",
                "session_id",
                "plugin_time",
                "plugout_time",
                "energy_session",
            ),
            "Europe/Oslo",
            _read_norway,
        ),
        Format(
            "generic",
            ",",
            ("station", "user", "start", "end", "energy_kwh"),
            "Etc/UTC",
            _read_generic,
        ),
    )
}
