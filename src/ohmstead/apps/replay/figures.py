"""What a replay came to, in numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ohmstead.adapters.chain.evm.journal import TxRecord, TxState
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.books import Books
from ohmstead.apps.replay.play import Played
from ohmstead.apps.replay.proofs import Verified
from ohmstead.apps.replay.stage import Stage
from ohmstead.core.onchain import EpochRecord
from ohmstead.core.session import SessionState
from ohmstead.frozen import Frozen
from ohmstead.units import MS_PER_S, MWH_PER_KWH

RECORDS_MAX = 1_000_000
# intents, by what they begin or end with -> what people call it
GAS_OF = {
    "anchor": "anchor an epoch",
    "release_lock": "release a lock",
    "claims": "claim for every payee",
}


class Gas(Frozen):
    """What one kind of transaction used."""

    name: str
    transactions: int
    least: int
    most: int
    total: int


class Figures(Frozen):
    """Amounts in minor units, energy in mWh, times in whole ms of our clock."""

    sources: tuple[tuple[str, int], ...]  # name, sessions
    sessions: int
    stations: tuple[tuple[str, int], ...]  # protocol, stations
    signing_stations: int
    passports: int
    span_ms: int  # of the network's clock
    driving_ms: int
    total_ms: int
    states: tuple[tuple[str, int], ...]
    proven_mwh: int
    unproven_mwh: int
    epochs: int
    receipts: int
    signatures: int
    deposited_minor: int
    locked_minor: int
    paid_minor: tuple[tuple[str, int], ...]  # payee, amount claimed on chain
    returned_minor: int
    held_minor: int  # by the contracts in the end: deposits still to be spent
    disputed_minor: int
    receivable_minor: int
    gas: tuple[Gas, ...]
    gas_per_session: int
    restarts: int

    @property
    def sessions_per_s(self) -> str:
        """Sessions driven in a second, to one decimal."""
        tenths = self.sessions * 10 * MS_PER_S // max(1, self.driving_ms)
        return f"{tenths // 10}.{tenths % 10}"


def gather(stage: Stage, played: Played, verified: Verified, total_ms: int) -> Figures:
    """Count everything once."""
    store, plan = stage.house.store, stage.plan
    books = Books(store, stage.house.config.asset.code)
    epochs = store.find(EpochRecord, RECORDS_MAX)
    sessions = books.sessions()
    gas = _gas(store.find(TxRecord, RECORDS_MAX))
    receipts = sum(epoch.receipt_count for epoch in epochs)
    names = {scenery.address_of(n): n for n in (*stage.fleet.hosts, *scenery.SHARES_BPS)}
    paid: dict[str, int] = defaultdict(int)
    spent_of_locks = 0
    for session in sessions:
        bill = books.bill(session.id)
        if bill is not None and session.state is SessionState.SETTLED:
            for payee, minor in bill.parts:
                paid[names.get(payee, payee)] += minor
            spent_of_locks += bill.covered_minor if session.lock_id else 0
    locked = stage.accounts.locked_minor
    settling = sum(one.total for one in gas)
    return Figures(
        sources=_counted(session.source for session in plan.sessions),
        sessions=len(sessions),
        stations=_counted(station.protocol for station in plan.stations),
        signing_stations=sum(post.signs for post in stage.fleet.posts.values()),
        passports=stage.passports,
        span_ms=stage.clock.now_ms() - plan.start_ms,
        driving_ms=int(played.real_s * MS_PER_S),
        total_ms=total_ms,
        states=_counted(session.state.value for session in sessions),
        proven_mwh=sum(epoch.proven_mwh for epoch in epochs),
        unproven_mwh=sum(epoch.unproven_mwh for epoch in epochs),
        epochs=len(epochs),
        receipts=receipts,
        signatures=stage.house.services.verifier.checked,
        deposited_minor=stage.accounts.deposited_minor,
        locked_minor=locked,
        paid_minor=tuple(sorted(paid.items(), key=lambda item: -item[1])),
        returned_minor=locked - spent_of_locks,
        held_minor=stage.accounts.deposited_minor + spent_of_locks - sum(paid.values()),
        disputed_minor=sum(books.disputed(session.id) for session in sessions),
        receivable_minor=sum(books.receivable(p) for p in {s.payer for s in sessions}),
        gas=gas,
        gas_per_session=settling // max(1, receipts),
        restarts=stage.opened.anvil.restarts if stage.opened.anvil else 0,
    )


def kwh(mwh: int) -> str:
    """Return energy as text, to the Wh."""
    return f"{mwh // MWH_PER_KWH:,}.{mwh % MWH_PER_KWH // 1_000:03d} kWh"


def money(minor: int) -> str:
    """Return an amount as text, all of its decimals."""
    unit = 10**scenery.ASSET.scale
    return f"{minor // unit:,}.{minor % unit:0{scenery.ASSET.scale}d} {scenery.ASSET.code}"


def _gas(records: list[TxRecord]) -> tuple[Gas, ...]:
    used: dict[str, list[int]] = defaultdict(list)
    for record in records:
        head, _, _ = record.intent.partition("/")
        parts = {head, *record.intent.split("/")[1:]}
        for word, name in GAS_OF.items():
            if word in parts and record.state is not TxState.REPLACED and record.gas_used:
                used[name].append(record.gas_used)
    return tuple(
        Gas(name, len(used[name]), min(used[name]), max(used[name]), sum(used[name]))
        for name in GAS_OF.values()
        if used[name]
    )


def _counted(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items()))
