"""All that is held of a person, as one JSON document for that person (GDPR Art. 15 and 20).

What others' names stand in as well (a command that sent a whole list) is told by excerpt: a copy
"shall not adversely affect the rights and freedoms of others" (Art. 15 (4)).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from ohmstead.apps.persons.scan import Sieve, named, tables
from ohmstead.core.bill import Bill
from ohmstead.core.canonical import decode
from ohmstead.core.ledger import Account, Transfer
from ohmstead.core.local_list import LocalList
from ohmstead.core.meter import SignedReading
from ohmstead.core.network import IdToken
from ohmstead.core.onchain import EpochLeaf, Lock
from ohmstead.core.person import WORD_LENGTH_MIN, Names, excerpts
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.reservation import Reservation
from ohmstead.core.session import Session
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.kept import progress_of, readings_of, signed_of
from ohmstead.flows.persons import balance
from ohmstead.flows.persons.balance import NAMES_OF_MONEY, TOKENS_MAX
from ohmstead.flows.persons.records import concerns, is_named
from ohmstead.flows.persons.standing import is_of
from ohmstead.frozen import Frozen, asdict
from ohmstead.ports import Store
from ohmstead.units import Asset

FORMAT = "ohmstead-person/1"
RECORDS_MAX = 100_000  # of one report
# Of these a person is told whole; of every other kind the part that names the person.
WHOLE = frozenset({"id_tokens", "sessions", "reservations", "attempts", "api_keys"})
SECRET = frozenset({"mac"})
NOT_HELD = (
    "No name, postal address, licence plate or location beyond the stations of the sessions is "
    "held here. The process log of the server and backups are not searched."
)


def readable(value: Any) -> Any:
    """A record as people and programs read it: times are RFC 3339, bytes base64, names in full."""
    if isinstance(value, Frozen):
        return {
            _named(name): _moment(name, one)
            for name, one in asdict(value).items()
            if name not in SECRET
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Asset):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): readable(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [readable(one) for one in value]
    return value


def _named(name: str) -> str:
    return name.removesuffix("_ms")


def _moment(name: str, value: Any) -> Any:
    if name.endswith("_ms") and isinstance(value, int):
        return utc_text(value) if 0 < value < 10**14 else None
    return readable(value)


class Gathering:
    """One report being put together."""

    def __init__(self, store: Store, names: Names) -> None:
        self._store = store
        self._names = names
        self._sieve = Sieve(names)
        self.stations: set[str] = set()  # that may know the person
        self.found: dict[str, list[Any]] = {}
        self.withheld = 0  # sessions with the id_token that another payer paid
        self._count = 0
        tokens = [store.get(IdToken, uid) for uid in names.uids]
        self._payers = {one.payer for one in tokens if one is not None} | {*names.addresses, ""}

    async def whole(self) -> dict[str, list[Any]]:
        """Everything, by table; raises OperatorError for more than one answer can hold."""
        for table in tables():
            async for record in named(self._store, table.kind, self._sieve):
                if table.kind is Session or concerns(record, self._names):
                    self._take(table.name, record)
        self._money()
        return self.found

    def _take(self, table: str, record: Any) -> None:
        if isinstance(record, Session):
            if not is_of(record.id_token, record.payer, self._names):
                return
            if len(self._payers) > 1 and record.payer not in self._payers:
                self.withheld += 1  # whoever had this card before is somebody else
                return
            self._of_session(record)
        self._know(record)
        if isinstance(record, LocalList):
            listed = [one for one in record.entries if one.key in self._names.uids]
            told: Any = {"station_id": record.station_id, "entries": readable(tuple(listed))}
        elif isinstance(record, IdToken) and not is_named(record, self._names):
            told = {"group": record.group, "of": "another's id_token"}
        elif isinstance(record, Reservation) and not is_of(
            record.id_token, record.payer, self._names
        ):
            told = {"group": record.group, "of": "another's reservation"}
        elif table in WHOLE:
            told = readable(record)
        else:
            told = _part(record, self._names)
        self._add(table, told)

    def _add(self, table: str, told: Any) -> None:
        self._count += 1
        if self._count > RECORDS_MAX:
            raise OperatorError(f"more than {RECORDS_MAX} records; ask for one id_token at a time")
        self.found.setdefault(table, []).append(told)

    def _know(self, record: Any) -> None:
        station = getattr(record, "station_id", "")
        if station:
            self.stations.add(station)
        if isinstance(record, IdToken) and is_named(record, self._names):
            self.stations.update(one for one in record.offline_at if one != "*")

    def _of_session(self, session: Session) -> None:
        """What a session brought: its readings, signed records, price and receipt."""
        store = self._store
        bill = store.get(Bill, session.id)
        if bill is not None:
            self._add("bills", readable(bill))
        readings = [[utc_text(at_ms), mwh] for at_ms, mwh in readings_of(store, session)]
        if readings:
            self._add("readings", {"session": session.id, "values_mwh": readings})
        for record in signed_of(store, session, progress_of(store, session), {}):
            self._add("signed_readings", _signed(record))
        for leaf in store.find(EpochLeaf, 10, session_id=session.id):
            place = {"session": session.id, "epoch": leaf.epoch, "index": leaf.index}
            self._add("receipts", {**place, "committed": decode(leaf.document)})

    def _money(self) -> None:
        """The accounts and bookings of payers who are wholly this person."""
        for address in payers_of(self._store, self._names):
            for lock in self._store.find(Lock, TOKENS_MAX):
                if lock.wallet == address:
                    self._add("locks", readable(lock))
            for account in accounts_of(self._store, address):
                self._add("accounts", readable(account))
                for side in ("debit", "credit"):
                    where: dict[str, Any] = {side: account.id}
                    for booking in self._store.find(Transfer, RECORDS_MAX, "", **where):
                        self._add("transfers", readable(booking))


def unknown(subjects: Sequence[str], *told: Any) -> list[str]:
    """Those of the names that stand in nothing of what is told, as they were written."""
    texts = set(_texts(told))

    def stands(word: str) -> bool:
        long = len(word) >= WORD_LENGTH_MIN  # a shorter one may be part of any text
        return word in texts or (long and any(word in text for text in texts))

    return [one for one in subjects if not stands(one.strip().casefold())]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, Mapping):
        for one in (*value.keys(), *value.values()):
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def payers_of(store: Store, names: Names) -> tuple[str, ...]:
    """The addresses named, and those of which every id_token is named."""
    return balance.payers_of(
        names,
        lambda uid: store.get(IdToken, uid),
        lambda payer: store.find(IdToken, TOKENS_MAX, payer=payer),
    )


def accounts_of(store: Store, address: str) -> list[Account]:
    """The accounts of a payer, in every asset."""
    found = []
    for name in NAMES_OF_MONEY:
        first = f"{name}:{address}@"
        for account in store.find(Account, 100, first):
            if not account.id.startswith(first):
                break
            found.append(account)
    return found


def _part(record: Any, names: Names) -> dict[str, Any]:
    plain = msgspec.to_builtins(record)
    body = {
        name: _json(value) if isinstance(value, str) else value
        for name, value in (plain.items() if isinstance(plain, dict) else [])
    }
    times = {
        _named(name): _moment(name, value)
        for name, value in body.items()
        if name.endswith("_ms") and value
    }
    about = {name: body[name] for name in ("id", "station_id", "action", "reason") if name in body}
    named_in = [{"at": path, "value": value} for path, value in excerpts(body, names)]
    return {"key": record.key, **about, **times, "names_you_in": named_in}


def _json(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text


def _signed(record: SignedReading) -> dict[str, Any]:
    text = record.record.decode("utf-8", "replace")
    return {"session": record.session_id, "page": record.key, "record": text}
