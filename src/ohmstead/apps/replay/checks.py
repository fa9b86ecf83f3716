"""Everything that must hold after a replay; each is one line that can fail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ohmstead.adapters.chain.evm.contracts import artifact
from ohmstead.adapters.chain.evm.deploy import ZERO_ADDRESS
from ohmstead.adapters.chain.evm.shapes import CallRequest
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.accounts import LOCK_MINOR
from ohmstead.apps.replay.books import Books
from ohmstead.apps.replay.casting import parts_minor
from ohmstead.apps.replay.driving import Drive
from ohmstead.apps.replay.play import Played
from ohmstead.apps.replay.stage import Stage
from ohmstead.core.bill import Bill
from ohmstead.core.onchain import EpochRecord, EpochState, Lock, LockState
from ohmstead.core.session import OPEN_STATES, SessionState
from ohmstead.core.tariff import Dimension
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.frozen import Frozen
from ohmstead.units import BPS

EPOCHS_MAX = 10_000
SHOWN_MAX = 3  # differences named in one line


class Line(Frozen):
    """One check: what must hold, whether it does, and what was seen."""

    what: str
    holds: bool
    detail: str


@dataclass(slots=True)
class Checks:
    """All lines so far."""

    lines: list[Line] = field(default_factory=list)

    @property
    def hold(self) -> bool:
        """True when there is at least one line and all of them hold."""
        return bool(self.lines) and all(line.holds for line in self.lines)

    def add(self, what: str, differences: Iterable[str], detail: str) -> None:
        """Add a check that holds when there are no differences."""
        found = list(differences)
        if found:
            more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
            detail = "; ".join(found[:SHOWN_MAX]) + more
        self.lines.append(Line(what, not found, detail))


class Demands(Frozen):
    """How much a replay must have been to show anything."""

    sessions: int = 1
    files: int = 0
    stations: int = 1
    payees: int = 3
    epochs: int = 1
    walk_up_bps: int = 0
    misbehaviours: int = 0
    prices: tuple[str, ...] = ()  # see prices_of
    both_protocols: bool = False


def check_size(checks: Checks, stage: Stage, played: Played, demands: Demands) -> None:
    """The replay was as large and as varied as it was meant to be."""
    plan = stage.plan
    walk_ups = len(stage.accounts.walk_ups)
    files = {s.source for s in plan.sessions if s.source != "generated"}
    payees = {*stage.fleet.hosts, *scenery.SHARES_BPS}
    wanted = {
        "sessions": (len(plan.sessions), demands.sessions),
        "data files": (len(files), demands.files),
        "stations": (len(plan.stations), demands.stations),
        "payees": (len(payees), demands.payees),
        "epochs": (len(_epochs(stage)), demands.epochs),
        "walk-up sessions in 10,000": (walk_ups * BPS // len(plan.sessions), demands.walk_up_bps),
        "misbehaviours": (len({case.name for case in played.cases}), demands.misbehaviours),
        "protocols": (len({s.protocol for s in plan.sessions}), 1 + demands.both_protocols),
    }
    differences = [
        f"{found} {what}, at least {least} are asked for"
        for what, (found, least) in wanted.items()
        if found < least
    ]
    detail = ", ".join(f"{found} {what}" for what, (found, least) in wanted.items() if least)
    checks.add("the replay is as large as it should be", differences, detail)


def check_sessions(checks: Checks, stage: Stage, played: Played) -> None:
    """Every planned session ended once; honest ones as they were driven, to the unit."""
    books = _books(stage)
    sessions = books.sessions()
    planned = len(stage.plan.sessions)
    differences = [f"{planned} planned, {len(sessions)} in the store"] * (planned != len(sessions))
    differences += [f"{s.id} is {s.state.value}" for s in sessions if s.state in OPEN_STATES]
    states = Counter(session.state.value for session in sessions)
    detail = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    checks.add("every session came once and has ended", differences, detail)
    honest = [text for drive in played.drives for text in _honest(books, drive)]
    checks.add(
        "honest sessions are settled, split and closed to the unit",
        honest,
        f"{len(played.drives)} sessions without a finding",
    )
    waiting = [
        f"{post.planned.id} still has {post.station.queued} messages"
        for post in stage.fleet.posts.values()
        if post.station.queued
    ]
    waiting += [
        f"{post.planned.id} was refused: {post.station.refused[0].reason}"
        for post in stage.fleet.posts.values()
        if post.station.refused
    ]
    checks.add("stations delivered everything", waiting, "no message is left or was refused")


def check_prices(checks: Checks, stage: Stage, demands: Demands) -> None:
    """Every kind of price that was asked for was charged to somebody."""
    seen: Counter[str] = Counter()
    books = _books(stage)
    for session in books.sessions():
        bill = books.bill(session.id)
        if bill is not None and session.state is SessionState.SETTLED:
            seen.update(_prices_of(bill))
    missing = [f"nobody was charged {kind}" for kind in demands.prices if not seen[kind]]
    detail = ", ".join(f"{kind} {count} times" for kind, count in sorted(seen.items()))
    checks.add("every kind of price was charged", missing, detail)


def _prices_of(bill: Bill) -> set[str]:
    """Return what a bill shows: dimensions, a minimum that applied, two prices for its energy."""
    found = {line.dimension.value for line in bill.lines if line.minor}
    if bill.adjustment_minor > 0:
        found.add("MINIMUM")
    energy = [line for line in bill.lines if line.dimension is Dimension.ENERGY and line.minor]
    if len(energy) > 1:
        found.add("NIGHT AND DAY")
    return found


def check_misbehaviours(checks: Checks, stage: Stage, played: Played) -> None:
    """Each was caught as it should be, and closed as a person decided."""
    books = _books(stage)
    for case in sorted(played.cases, key=lambda case: case.name):
        checks.add(f"caught: {case.title}", case.differences, case.outcome)
    for case, pay in played.resolved:
        wanted = SessionState.SETTLED if pay else SessionState.REFUNDED
        session = books.session(case.session_id)
        bill = books.bill(case.session_id)
        paid = dict(bill.parts) if pay and bill else {}
        differences = []
        if session.state is not wanted:
            differences.append(f"it is {session.state.value}, not {wanted.value}")
        if not books.escrow_is_closed(session.id):
            differences.append("its escrow is not closed")
        if books.disputed(session.id) or books.frozen(session.id):
            differences.append("money of it is still in dispute")
        if books.paid(session.id) != paid:
            differences.append(f"paid {books.paid(session.id)}, not {paid}")
        word = "paid to the parties" if pay else "given back to the driver"
        checks.add(f"decided: {case.title}", differences, f"its money was {word}")


async def check_chain(checks: Checks, stage: Stage) -> None:
    """Epochs are final as anchored, locks ended, payees paid; ledger and chain agree."""
    epochs = _epochs(stage)
    differences = [f"epoch {e.number} is {e.state.value}" for e in epochs]
    differences = [text for text, e in zip(differences, epochs, strict=True) if not _is_final(e)]
    for epoch in epochs:
        seal = "0x" + (await stage.opened.chain.epoch_seal(epoch.number)).hex()
        if seal != epoch.seal_hash:
            differences.append(f"epoch {epoch.number} has another seal on chain")
    head = await stage.opened.chain.epoch_head()
    if head != len(epochs):
        differences.append(f"the chain has {head} epochs, we closed {len(epochs)}")
    detail = f"{len(epochs)} epochs, each anchored once with our content"
    checks.add("every epoch is final", differences, detail)
    checks.add("walk-up locks ended", await _locks(stage), _locks_detail(stage))
    checks.add("payees hold on chain what the bills say", *await _payees(stage))
    await _reconciled(checks, stage)
    status = stage.settler.status
    alarms = [*status.alarms, *([status.frozen] if status.frozen else [])]
    checks.add("the settler raised no alarm", alarms, f"{status.steps} steps")


async def token_balance(stage: Stage, address: str) -> int:
    """Return how much of the stablecoin an address has on chain, in minor units."""
    function = artifact("TestStablecoin").function("balanceOf")
    to = stage.opened.deployment.stablecoin
    data = await stage.opened.rpc.call(CallRequest(ZERO_ADDRESS, to, function.encode(address)))
    return int(function.decode_result(data)[0])


def _honest(books: Books, drive: Drive) -> list[str]:
    """Return what differs of one honest session from how it was driven."""
    session_id = drive.session_id
    session, bill = books.session(session_id), books.bill(session_id)
    if bill is None:
        return [f"{session_id} has no bill"]
    total = bill.total_minor
    parts = parts_minor(total, drive.post.planned.host)
    seen = (session.state, session.findings, bill.tier, bill.energy_mwh)
    tier = "soft" if drive.post.signs else "none"
    wanted = (SessionState.SETTLED, (), tier, drive.end_mwh - drive.begin_mwh)
    money = (bill.covered_minor, books.takes(session_id), books.paid(session_id))
    differences = []
    if seen != wanted:
        differences.append(f"{session_id}: expected {wanted}, found {seen}")
    if money != (total, total, parts):
        differences.append(f"{session_id}: expected {total} as {parts}, found {money}")
    if not books.escrow_is_closed(session_id):
        differences.append(f"{session_id}: its escrow is not closed")
    return differences


async def _locks(stage: Stage) -> list[str]:
    """Return what differs: every lock ended, and each wallet has back what it did not spend."""
    books, store = _books(stage), stage.house.store
    locks = store.find(Lock, len(stage.plan.sessions) + 1)
    differences = [f"lock {lock.id} is still open" for lock in locks if _is_open(lock)]
    if len(locks) != len(stage.accounts.walk_ups):
        differences.append(f"{len(locks)} locks for {len(stage.accounts.walk_ups)} sessions")
    spent: dict[str, int] = defaultdict(int)
    for lock in locks:
        bill = books.bill(lock.session_id)
        spent[lock.wallet] += bill.covered_minor if bill else 0
    for name, minted in stage.accounts.walk_up_minted.items():
        address = stage.accounts.wallets[name].address
        wanted, found = minted - spent[address], await token_balance(stage, address)
        if wanted != found:
            differences.append(f"{name} should have {wanted} and has {found}")
    return differences


def _locks_detail(stage: Stage) -> str:
    count = len(stage.accounts.walk_ups)
    return f"{count} of {LOCK_MINOR // 10**6} tUSD each, remainders back in their wallets"


async def _payees(stage: Stage) -> tuple[list[str], str]:
    """Hold what each payee has on chain against the parts of all bills that settled."""
    books = _books(stage)
    owed: dict[str, int] = defaultdict(int)
    for session in books.sessions():
        bill = books.bill(session.id)
        if session.state is SessionState.SETTLED and bill is not None:
            for payee, minor in bill.parts:
                owed[payee] += minor
    differences = []
    for payee, minor in owed.items():
        found = await token_balance(stage, payee)
        if found != minor:
            differences.append(f"{payee} should have {minor} and has {found}")
    if stage.claims.claimable():
        differences.append(f"unclaimed: {stage.claims.claimable()}")
    return differences, f"{len(owed)} payees, {sum(owed.values())} minor units claimed"


async def _reconciled(checks: Checks, stage: Stage) -> None:
    try:
        found = await stage.settler.reconcile()
    except (ChainUnavailable, OperatorError) as why:
        checks.add("ledger and chain agree to the unit", [str(why)], "")
        return
    detail = f"both say {found.mirror_minor} minor units at block {found.block_number}"
    checks.add("ledger and chain agree to the unit", found.problems, detail)


def _books(stage: Stage) -> Books:
    return Books(stage.house.store, stage.house.config.asset.code)


def _epochs(stage: Stage) -> list[EpochRecord]:
    return stage.house.store.find(EpochRecord, EPOCHS_MAX)


def _is_final(epoch: EpochRecord) -> bool:
    return epoch.state is EpochState.FINAL


def _is_open(lock: Lock) -> bool:
    return lock.state is LockState.OPEN
