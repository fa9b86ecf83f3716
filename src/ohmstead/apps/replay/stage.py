"""A whole network on this machine, made for one replay: a node, its stations and its payers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ohmstead.adapters.chain.evm.sender import SendPolicy
from ohmstead.adapters.clock import ScaledClock
from ohmstead.apps.api.keys import fresh_key
from ohmstead.apps.boot import DATABASE, House
from ohmstead.apps.node import Node, Ports
from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.accounts import Accounts, Purse
from ohmstead.apps.replay.conductor import Conductor
from ohmstead.apps.replay.fleet import Fleet
from ohmstead.apps.replay.plan import Plan
from ohmstead.apps.settler import ClaimDesk, OpenedChain, ReceiptDesk, Settler
from ohmstead.core.access import Scope
from ohmstead.core.onchain import ChainCursor
from ohmstead.errors import ChainUnavailable, OperatorError
from ohmstead.flows.access import add_key
from ohmstead.frozen import Frozen

POLL_S = 0.1
BEFORE_MS = 600_000  # the clock starts this much before the first session
CLOCK_SPEED = 1  # between moments; the conductor skips what is idle
FINAL_TRIES = 240

Note = Callable[[str], None]


class Show(Frozen):
    """What is to be put on stage, and where."""

    plan: Plan
    seed: str
    directory: Path
    purses: tuple[Purse, ...] = ()
    speed: int = 0
    http: str = "127.0.0.1:0"
    ocpp: str = "127.0.0.1:0"


@dataclass(slots=True, eq=False)
class Stage:
    """Everything a replay acts on."""

    show: Show
    clock: ScaledClock
    node: Node
    ports: Ports
    opened: OpenedChain
    settler: Settler
    fleet: Fleet
    accounts: Accounts
    conductor: Conductor
    admin_key: str
    # Held: no epoch closes. Nobody waits for the network's clock with it: the clock stands while
    # somebody waits for the lock.
    epoch_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    passports: int = 0

    @property
    def plan(self) -> Plan:
        return self.show.plan

    @property
    def house(self) -> House:
        return self.node.house

    @property
    def claims(self) -> ClaimDesk:
        return ClaimDesk(self.house.store, self.settler.archive)

    @property
    def receipts(self) -> ReceiptDesk:
        return ReceiptDesk(self.house.store, self.settler.archive)

    @property
    def url(self) -> str:
        """Where people look."""
        return f"http://127.0.0.1:{self.ports.http}"

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
async def set_up(show: Show, say: Note = lambda note: None) -> AsyncIterator[Stage]:
    """Start the network and register everybody; ends everything on leaving.

    Raises OperatorError, ConfigError for a port in use, and ChainUnavailable.
    """
    if (show.directory / DATABASE).exists():
        raise OperatorError(
            f"{show.directory} holds a network already; a replay begins a new one, so name "
            "another folder with --dir"
        )
    config = scenery.configuration()
    clock = ScaledClock(show.plan.start_ms - BEFORE_MS, CLOCK_SPEED)
    say("Starting the embedded chain and deploying the contracts")
    show.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    policy = SendPolicy(poll_s=POLL_S)
    node = await Node.open(show.directory, clock=clock, config=config, policy=policy)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(node.stop)
        opened, settler = node.opened, node.settler
        if opened is None or settler is None:
            raise ChainUnavailable("the embedded chain does not come up; try again")
        ports = await node.start(show.http, show.ocpp)
        fleet = Fleet(show.plan, show.seed, clock, f"ws://127.0.0.1:{ports.ocpp}/ocpp")
        accounts = Accounts(show.plan, show.seed, node.house, opened, show.purses)
        conductor = Conductor(clock, show.speed)
        key, text = fresh_key(node.house.pepper, (Scope.ADMIN,), "of the demo", clock.now_ms())
        await node.house.store.run(add_key, key)
        stage = Stage(show, clock, node, ports, opened, settler, fleet, accounts, conductor, text)
        say("Registering stations, meters and tariffs; opening wallets")
        stage.passports, _ = await asyncio.gather(
            fleet.register(node.house, opened.chain), accounts.open()
        )
        await stage.all_final()
        stack.push_async_callback(fleet.close)
        await fleet.connect()
        say(f"{len(fleet.posts)} stations are connected")
        yield stage
