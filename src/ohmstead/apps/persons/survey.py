"""What forgetting a person would do: what goes, what is changed, what stays and why, who must be
told, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ohmstead.apps.persons.report import accounts_of, payers_of
from ohmstead.apps.persons.scan import Sieve, named, tables
from ohmstead.core.bill import Bill
from ohmstead.core.network import IdToken
from ohmstead.core.onchain import EpochLeaf, Lock
from ohmstead.core.person import Names
from ohmstead.core.reservation import Reservation
from ohmstead.core.session import Session
from ohmstead.flows.charging.kept import progress_of, signed_of
from ohmstead.flows.persons.balance import money_of
from ohmstead.flows.persons.kinds import ACCOUNTING, ANCHORED, CALIBRATION
from ohmstead.flows.persons.records import rewritten
from ohmstead.flows.persons.standing import blocker_of, is_of, lock_blocker
from ohmstead.ports import Store

LEAVES_MAX = 10  # of one session
BLOCKERS_SHOWN = 50


@dataclass(slots=True)
class Survey:
    """Counts of records by table, and sentences."""

    erased: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    stations: set[str] = field(default_factory=set)
    blockers: list[str] = field(default_factory=list)
    unknown: dict[str, Names] = field(default_factory=dict)  # names that stand in no record

    def why_kept(self) -> list[dict[str, Any]]:
        """What stays, and by what right (Art. 17 (3))."""
        return [{"what": what, "count": self.kept.get(what, 0), "why": WHY[what]} for what in WHY]


WHY = {
    "sessions": ACCOUNTING + "; the id_token in them becomes a pseudonym",
    "bills": ACCOUNTING,
    "bookings": ACCOUNTING + ", under the payer's address, which the ledger outside names too",
    "signed readings": CALIBRATION,
    "signed readings that name the id_token": CALIBRATION + "; the card stands inside the "
    "signed text, which only the driver's and the host's copies show",
    "receipts": ANCHORED,
}


async def survey(
    store: Store,
    names: Names,
    *,
    leave_balance: bool = False,
    alone: Mapping[str, Names] = MappingProxyType({}),
) -> Survey:
    """Look through everything; changes nothing. ``alone``: each name by itself, to find those that
    nobody is known by."""
    found = Survey(unknown=dict(alone))
    sieve = Sieve(names)
    for table in tables():
        async for record in named(store, table.kind, sieve):
            _look(store, found, names, table.name, record)
    _money(store, found, names, leave_balance)
    return found


def _look(store: Store, found: Survey, names: Names, table: str, record: Any) -> None:
    after = rewritten(record, names)
    for word, one in list(found.unknown.items()):
        is_theirs = isinstance(record, Session | Reservation) and is_of(
            record.id_token, record.payer, one
        )
        if is_theirs or rewritten(record, one) != record:
            del found.unknown[word]
    if isinstance(record, Session) and is_of(record.id_token, record.payer, names):
        _session(store, found, names, record)
    elif after == record:
        return
    if after is None:
        found.erased[table] = found.erased.get(table, 0) + 1
    elif after != record:
        found.changed[table] = found.changed.get(table, 0) + 1
    blocker = blocker_of(record, names)
    if blocker and len(found.blockers) < BLOCKERS_SHOWN:
        found.blockers.append(blocker)
    station = getattr(record, "station_id", "")
    if station:
        found.stations.add(station)
    if isinstance(record, IdToken):
        found.stations.update(one for one in record.offline_at if one != "*")
    if isinstance(record, IdToken) and after is None:  # else only its group is the person's
        lock = store.get(Lock, record.lock_id) if record.lock_id else None
        if sentence := lock_blocker(lock):
            found.blockers.append(sentence)


def _session(store: Store, found: Survey, names: Names, session: Session) -> None:
    count = found.kept
    count["sessions"] = count.get("sessions", 0) + 1
    count["bills"] = count.get("bills", 0) + (store.get(Bill, session.id) is not None)
    leaves = store.find(EpochLeaf, LEAVES_MAX, session_id=session.id)
    count["receipts"] = count.get("receipts", 0) + len(leaves)
    for record in signed_of(store, session, progress_of(store, session), {}):
        count["signed readings"] = count.get("signed readings", 0) + 1
        text = record.record.decode("utf-8", "replace").casefold()
        if any(uid in text for uid in names.uids):
            key = "signed readings that name the id_token"
            count[key] = count.get(key, 0) + 1


def _money(store: Store, found: Survey, names: Names, leave_balance: bool) -> None:
    for address in payers_of(store, names):
        accounts = accounts_of(store, address)
        if accounts:
            for word in [word for word, one in found.unknown.items() if address in one.addresses]:
                del found.unknown[word]
        balances, debts = money_of(accounts)
        found.kept["bookings"] = found.kept.get("bookings", 0) + len(accounts)
        found.blockers += [*debts, *(() if leave_balance else balances)]
