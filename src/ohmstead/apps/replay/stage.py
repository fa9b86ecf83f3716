"""A whole network on this machine, made for one replay: house, chain, settler, stations, payers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ohmstead.adapters.chain.evm.anvil import AnvilEvent, AnvilEventKind
from ohmstead.adapters.chain.evm.sender import SendPolicy
from ohmstead.adapters.clock import ScaledClock
from ohmstead.apps.boot import House, key_file
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.accounts import Accounts, Purse
from ohmstead.apps.replay.conductor import Conductor
from ohmstead.apps.replay.fleet import Fleet
from ohmstead.apps.replay.plan import Plan
from ohmstead.apps.settler import (
    ClaimDesk,
    OpenedChain,
    ReceiptDesk,
    Settler,
    open_chain,
)
from ohmstead.core.onchain import ChainCursor
from ohmstead.errors import ChainUnavailable, OhmsteadError
from ohmstead.flows.receipts import Issuer
from ohmstead.units import MS_PER_S

PSEUDONYM_KEY = "pseudonym"
SETTLER_PAUSE_S = 0.2
POLL_S = 0.1
BEFORE_MS = 600_000  # the clock starts this much before the first session
CLOCK_SPEED = 1  # between moments; the conductor skips what is idle
FINAL_TRIES = 120

Note = Callable[[str], None]


@dataclass(slots=True, eq=False)
class Stage:
    """Everything a replay acts on."""

    plan: Plan
    seed: str
    clock: ScaledClock
    house: House
    opened: OpenedChain
    settler: Settler
    fleet: Fleet
    accounts: Accounts
    conductor: Conductor
    issuer: Issuer
    epoch_lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held: no epoch closes
    passports: int = 0
    notes: list[str] = field(default_factory=list)  # of settler and chain
    anvil_events: list[AnvilEvent] = field(default_factory=list)

    @property
    def claims(self) -> ClaimDesk:
        return ClaimDesk(self.house.store, self.settler.archive)

    @property
    def receipts(self) -> ReceiptDesk:
        return ReceiptDesk(self.house.store, self.settler.archive)

    @property
    def restarts(self) -> int:
        """How often the embedded chain came back."""
        return sum(event.kind is AnvilEventKind.RESTARTED for event in self.anvil_events)

    async def booked(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``, hastening the embedded chain's finality.

        Raises ChainUnavailable when it does not come true.
        """
        for _ in range(FINAL_TRIES):
            if holds():
                return
            with contextlib.suppress(ChainUnavailable):
                await self.opened.make_durable()
                await self.settler.step()
            if not holds():
                await asyncio.sleep(POLL_S)
        raise ChainUnavailable(
            f"the chain does not come to what was expected; the settler says {self.settler.status}"
        )

    async def all_final(self) -> None:
        """Wait until every block there is now is final and booked."""
        head = (await self.opened.chain.head()).number
        ledger = self.house.config.chain.kind

        def is_booked() -> bool:
            cursor = self.house.store.get(ChainCursor, ledger)
            return cursor is not None and cursor.block_number >= head

        await self.booked(is_booked)


@asynccontextmanager
async def set_up(
    plan: Plan,
    seed: str,
    directory: Path,
    purses: tuple[Purse, ...] = (),
    speed: int = 0,
    say: Note = lambda note: None,
) -> AsyncIterator[Stage]:
    """Start the network in ``directory`` and register everybody; ends everything on leaving."""
    config = scenery.configuration()
    clock = ScaledClock(plan.start_ms - BEFORE_MS, CLOCK_SPEED)
    notes: list[str] = []
    events: list[AnvilEvent] = []
    house = await House.open(directory, clock, config)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(house.stop)
        port = await house.start("127.0.0.1:0")
        say("starting the embedded chain and deploying the contracts")
        opened = await open_chain(
            config,
            directory,
            house.store,
            policy=SendPolicy(poll_s=POLL_S),
            on_note=notes.append,
            on_anvil=events.append,
        )
        assert opened is not None  # the configuration asks for one
        stack.push_async_callback(opened.close)
        fleet = Fleet(plan, seed, clock, f"ws://127.0.0.1:{port}/ocpp")
        issuer = Issuer(
            config.network.name,
            opened.ledger,
            key_file(directory, PSEUDONYM_KEY),
            _names(fleet),
        )
        settler = Settler(
            house.store,
            clock,
            opened.chain,
            issuer,
            config.money,
            pause_s=SETTLER_PAUSE_S,
            on_note=notes.append,
        )
        accounts = Accounts(plan, seed, house, opened, purses)
        conductor = Conductor(clock, speed)
        stage = Stage(plan, seed, clock, house, opened, settler, fleet, accounts, conductor, issuer)
        stage.notes, stage.anvil_events = notes, events
        await _furnish(stage, say)
        stack.push_async_callback(fleet.close)
        ending = asyncio.Event()
        running = asyncio.create_task(settler.run(ending), name="settler")
        stack.push_async_callback(_end, running, ending)
        yield stage


async def _furnish(stage: Stage, say: Note) -> None:
    say("registering stations, meters and tariffs; opening wallets")
    stage.passports, _ = await asyncio.gather(
        stage.fleet.register(stage.house, stage.opened.chain), stage.accounts.open()
    )
    await stage.all_final()
    say(f"connecting {len(stage.fleet.posts)} stations")
    await stage.fleet.connect()


async def _end(running: asyncio.Task[None], ending: asyncio.Event) -> None:
    ending.set()
    with contextlib.suppress(OhmsteadError):
        await running


def _names(fleet: Fleet) -> dict[str, str]:
    payees = (*fleet.hosts, scenery.TREASURY, scenery.INSURER)
    return {scenery.address_of(payee): payee for payee in payees}


def network_seconds(ms: int) -> int:
    """Return whole seconds of a span of the network's clock."""
    return ms // MS_PER_S
