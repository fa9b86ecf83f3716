"""What SteVe's database says, in our words: stations, id_tokens, and transactions under way.

Read are the tables of SteVe 3.7 and later (its schema 1.0.5 to 1.1.6; from 1.1.4 on ``connector``
is called ``evse``). A charge box's password is
kept there as a bcrypt hash: it is taken along, and the station says the password itself.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from ohmstead.apps.onboarding.sql_dump import Export, Row
from ohmstead.core.network import Admission
from ohmstead.core.station_id import STATION_ID_WORDS, is_station_id
from ohmstead.errors import OperatorError
from ohmstead.flows.onboarding import EVSES_MAX, UID_LENGTH_MAX
from ohmstead.frozen import Frozen

NEEDED = ("charge_box", "ocpp_tag", "transaction_start", "transaction_stop")
TABLES = frozenset({*NEEDED, "connector", "evse", "evse_connector"})
ADMISSIONS = {admission.value: admission.value.lower() for admission in Admission}
NAME_LENGTH_MAX = 64
FLEET_COLUMNS = (
    "id",
    "evses",
    "name",
    "admission",
    "password",
    "password_hash",
    "security_profile",
    "weak",
)


class Choices(Frozen):
    """What SteVe does not know, or means otherwise."""

    payer: str  # whose deposit the id_tokens spend
    power_w: int  # of each connector
    is_open: bool  # stations without a password stay so: security profile 0
    passwords: Mapping[str, str]  # those that somebody knows, by station


class Place(Frozen):
    """A connector of OCPP 1.6, which is an evse here."""

    station_id: str
    number: int  # 0: the charge box as a whole
    power_w: int


class Box(Frozen):
    """One charge box."""

    id: str
    evses: tuple[Place, ...]
    name: str
    admission: str
    profile: int
    password: str
    password_hash: str  # when no password is known
    notes: tuple[str, ...]


class Plan(Frozen):
    """What would be brought in; ``problems`` are sentences about rows that cannot be."""

    boxes: tuple[Box, ...]
    tokens: tuple[dict[str, str], ...]  # bodies of POST /adoption
    transactions: tuple[dict[str, str | int], ...]
    highest: int  # transaction id in use
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def fleet_csv(self) -> str:
        """The boxes as ``ohmstead station import`` reads them."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(FLEET_COLUMNS)
        for box in self.boxes:
            evses = " ".join(f"{place.number}:{place.power_w}" for place in box.evses)
            secret = (box.password, box.password_hash, box.profile, "yes")  # until rotated
            writer.writerow((box.id, evses, box.name, box.admission, *secret))
        return out.getvalue()


def plan_from(export: Export, choices: Choices) -> Plan:
    """Read SteVe's tables; raises OperatorError when they are no SteVe's."""
    places = _places(export, choices)
    missing = [name for name in NEEDED if name not in export.tables]
    if missing or places is None:
        raise OperatorError(
            f"there is no table {missing[0] if missing else 'connector or evse'} in it: export "
            f"{', '.join(NEEDED)} and connector (or evse) of SteVe 3.7 or later, with mysqldump "
            "or as CSV files of these names"
        )
    problems: list[str] = []
    notes = [] if export.is_utc else ["times are taken for UTC: the dump does not say"]
    tables = export.tables
    soap = _soap(tables["charge_box"])
    notes += [f"{named} is not brought in: it spoke SOAP there" for named in soap.values()]
    boxes = _boxes(tables["charge_box"], places, choices, problems)
    tokens = _tokens(tables["ocpp_tag"], choices.payer, problems)
    known = {box.id for box in boxes}
    stopped = {_text(row, "transaction_pk") for row in tables["transaction_stop"]}
    transactions, highest = [], 0
    for row in tables["transaction_start"]:
        number = _number(row, "transaction_pk")
        highest = max(highest, number)
        if str(number) in stopped:
            continue
        place = places.get(row.get("evse_pk") or row.get("connector_pk") or "")
        if place is not None and place.station_id in known:
            transactions.append(_transaction(row, place, number, problems))
        elif place is not None and place.station_id in soap:
            notes.append(f"transaction {number} is under way at {soap[place.station_id]}")
        else:
            what = "a connector that is in no table"
            if place is not None:
                what = f"charge box {place.station_id[:60]!r}, which is not brought in"
            problems.append(f"transaction_start {number}: it is under way at {what}")
    return Plan(
        boxes=tuple(boxes),
        tokens=tuple(tokens),
        transactions=tuple(one for one in transactions if one),
        highest=highest,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _places(export: Export, choices: Choices) -> dict[str, Place] | None:
    """Connectors by their primary key, under either name; None when there is no such table."""
    name = "evse" if "evse" in export.tables else "connector"
    if name not in export.tables:
        return None
    powers: dict[str, int] = {}
    for row in export.tables.get("evse_connector", ()):
        if row.get("max_electric_power"):
            pk, power_w = _text(row, "evse_pk"), _number(row, "max_electric_power")
            powers[pk] = max(powers.get(pk, 1), power_w)
    return {
        (pk := _text(row, f"{name}_pk")): Place(
            _text(row, "charge_box_id"),
            _number(row, f"{name}_id"),
            powers.get(pk, choices.power_w),
        )
        for row in export.tables[name]
    }


def _soap(rows: list[Row]) -> dict[str, str]:
    """Charge boxes that last spoke OCPP-S, by id: there is no door for them here."""
    return {
        (box_id := _text(row, "charge_box_id")): f"charge box {box_id} ({row['ocpp_protocol']})"
        for row in rows
        if (row.get("ocpp_protocol") or "").endswith("S")
    }


def _boxes(
    rows: list[Row], places: Mapping[str, Place], choices: Choices, problems: list[str]
) -> list[Box]:
    evses: defaultdict[str, dict[int, Place]] = defaultdict(dict)
    for place in places.values():
        if place.number > 0:
            evses[place.station_id][place.number] = place
    boxes, soap = [], _soap(rows)
    for row in rows:
        box_id = _text(row, "charge_box_id")
        if box_id in soap:
            continue
        if not is_station_id(box_id):
            problems.append(f"charge box {box_id[:60]!r}: a station id has {STATION_ID_WORDS}")
            continue
        found = sorted(evses[box_id].values(), key=lambda place: place.number)
        if len(found) > EVSES_MAX:
            problems.append(f"charge box {box_id}: at most {EVSES_MAX} connectors are served")
            continue
        notes = [] if found else ["no connector known: one is assumed"]
        protocol = row.get("ocpp_protocol") or ""
        if protocol and not protocol.startswith("ocpp1.6J"):
            notes.append(f"spoke {protocol} there: only OCPP-J 1.6 and later is served here")
        boxes.append(
            Box(
                id=box_id,
                evses=tuple(found) or (Place(box_id, 1, choices.power_w),),
                name=" ".join((row.get("description") or "").split())[:NAME_LENGTH_MAX],
                admission=ADMISSIONS.get(row.get("registration_status") or "", "accepted"),
                profile=_profile(row, box_id, choices),
                password=choices.passwords.get(box_id, ""),
                password_hash="" if box_id in choices.passwords else _hash_of(row),
                notes=tuple(notes),
            )
        )
    strange = sorted(set(choices.passwords) - {box.id for box in boxes} - set(soap))
    if strange:
        problems.append(f"there is a password for {strange[0]}, and no such charge box")
    return boxes


def _hash_of(row: Row) -> str:
    return (row.get("auth_password") or "").removeprefix("{bcrypt}")


def _profile(row: Row, box_id: str, choices: Choices) -> int:
    """SteVe lets a charge box in without a password when it has none of it."""
    stated = row.get("security_profile") or "0"
    profile = int(stated) if stated in ("1", "2", "3") else 0
    if profile:
        return profile
    has_password = bool(row.get("auth_password")) or box_id in choices.passwords
    return 0 if choices.is_open and not has_password else 1


def _tokens(rows: list[Row], payer: str, problems: list[str]) -> list[dict[str, str]]:
    tokens = []
    seen: set[str] = set()
    for row in rows:
        uid = _text(row, "id_tag")
        parent = row.get("parent_id_tag") or ""
        if not (1 <= len(uid) <= UID_LENGTH_MAX and uid.isascii() and len(parent) <= 36):
            problems.append(f"ocpp_tag {uid[:60]!r}: 1 to {UID_LENGTH_MAX} ASCII characters")
            continue
        if uid.casefold() in seen:
            problems.append(f"ocpp_tag {uid!r} stands twice: ids are compared without case")
            continue
        seen.add(uid.casefold())
        # SteVe blocks a tag by allowing it no transaction at a time.
        is_blocked = row.get("max_active_transaction_count") == "0"
        token = {"uid": uid, "payer": payer, "status": "blocked" if is_blocked else "accepted"}
        if parent:
            token["group"] = parent
        if row.get("expiry_date"):
            expires = _moment(row, "expiry_date")
            if expires is None:
                problems.append(f"ocpp_tag {uid}: expiry_date {row['expiry_date']!r} is no time")
                continue
            token["expires"] = expires
        tokens.append(token)
    return tokens


def _transaction(row: Row, place: Place, number: int, problems: list[str]) -> dict[str, str | int]:
    started = _moment(row, "start_timestamp") or _moment(row, "event_timestamp")
    if started is None:
        problems.append(f"transaction_start {number}: it has no time of its start")
        return {}
    return {
        "station": place.station_id,
        "transaction_id": number,
        "evse": place.number,
        "id_token": _text(row, "id_tag")[:NAME_LENGTH_MAX],
        "started": started,
        "begin_wh": (row.get("start_value") or "")[:NAME_LENGTH_MAX],
    }


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        raise OperatorError(f"a row has no {name}: this is no export of SteVe's tables")
    return value


def _number(row: Row, name: str) -> int:
    text = _text(row, name)
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise OperatorError(f"{name} {text[:40]!r} is no number: this is no export of SteVe's")
    return int(text)


def _moment(row: Row, name: str) -> str | None:
    """MySQL's ``2026-11-20 09:30:00.123456``, in UTC, as RFC 3339."""
    try:
        at = datetime.fromisoformat(row.get(name) or "")
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return at.isoformat(timespec="milliseconds")
